// SPDX-License-Identifier: GPL-2.0-only
/*
 * Colours: framebuffers in all formats of the primary plane, and gamma, by
 * GAMMA_LUT and by the legacy ioctl. How formats are shown is said here once more.
 *
 * usage: qxl_color
 *        qxl_color --reference FORMAT TABLE DRAWN FILE
 */
#include <drm_fourcc.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <spice/enums.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xf86drm.h>

#include "card.h"
#include "counters.h"
#include "dumb.h"
#include "host.h"
#include "ktap.h"
#include "object.h"

#define WIDTH 800
#define HEIGHT 600
/* The framebuffers are larger; this part of them is shown. */
#define FB_WIDTH 821
#define FB_HEIGHT 607
#define FB_X 7
#define FB_Y 3
#define SEED 41
#define ENTRIES 256

/* Formats ----------------------------------------------------------------------- */

struct format {
	const char *name;
	uint32_t fourcc;
	uint32_t bits;       /* of a pixel */
	uint32_t depth;      /* as dumb buffers are asked for */
	uint32_t channel[3]; /* bits of red, green, blue */
};

static const struct format formats[] = {
	{ "XRGB8888", DRM_FORMAT_XRGB8888, 32, 32, { 8, 8, 8 } },
	{ "ARGB8888", DRM_FORMAT_ARGB8888, 32, 32, { 8, 8, 8 } },
	{ "RGB565", DRM_FORMAT_RGB565, 16, 16, { 5, 6, 5 } },
	{ "XRGB1555", DRM_FORMAT_XRGB1555, 16, 15, { 5, 5, 5 } },
	{ "XRGB2101010", DRM_FORMAT_XRGB2101010, 32, 30, { 10, 10, 10 } },
};

enum { XRGB8888, ARGB8888, RGB565, XRGB1555, XRGB2101010 };

/*
 * A pixel of the pattern in the format. What there is no place for is cut off, and
 * what else there is place for has the noise of the pattern's unused byte.
 */
static uint32_t encode(const struct format *format, uint32_t pixel)
{
	uint32_t word = pixel >> 24;

	for (int i = 0; i < 3; i++) {
		uint32_t value = pixel >> (16 - 8 * i) & 0xff;
		uint32_t bits = format->channel[i];

		if (bits > 8)
			value = value << (bits - 8) | (pixel >> 24 & 3);
		else
			value >>= 8 - bits;
		word = word << bits | value;
	}
	return word;
}

static uint32_t widen(uint32_t value, uint32_t bits)
{
	switch (bits) {
	case 5:
		return value * 0x21 / 4;
	case 6:
		return value * 0x41 / 16;
	case 10:
		return value / 4;
	default:
		return value;
	}
}

/* What is seen of the pixel. */
static uint32_t decode(const struct format *format, uint32_t word)
{
	uint32_t pixel = 0, shift = 0;

	for (int i = 2; i >= 0; i--) {
		uint32_t bits = format->channel[i];

		pixel |= widen(word >> shift & ((1u << bits) - 1), bits)
			 << (16 - 8 * i);
		shift += bits;
	}
	return pixel;
}

/* Tables ------------------------------------------------------------------------- */

struct table {
	uint16_t red[ENTRIES];
	uint16_t green[ENTRIES];
	uint16_t blue[ENTRIES];
};

/* No two channels are alike, and values lie between those that can be shown. */
static bool fill_table(struct table *table, const char *name)
{
	for (uint32_t i = 0; i < ENTRIES; i++) {
		table->red[i] = table->green[i] = table->blue[i] = i * 0x101;
		if (!strcmp(name, "warm")) {
			table->green[i] = i * 211;
			table->blue[i] = i * i * 3 / 4;
		} else if (!strcmp(name, "negative")) {
			table->red[i] = 0xffff - i * 0x101;
			table->green[i] = 0xffff - i * i;
			table->blue[i] = i < 100 ? 0xffff : 0x1234;
		} else if (!strcmp(name, "shifted")) {
			table->red[i] = table->green[i] = table->blue[i] = i
									   << 8;
		} else if (strcmp(name, "none")) {
			return false;
		}
	}
	return true;
}

static uint32_t look_up(const uint16_t *entries, uint32_t value)
{
	return (entries[value & 0xff] * 2u + 257) / (2 * 257);
}

static uint32_t through(const struct table *table, uint32_t pixel)
{
	return look_up(table->red, pixel >> 16) << 16 |
	       look_up(table->green, pixel >> 8) << 8 |
	       look_up(table->blue, pixel);
}

/* Drawing ------------------------------------------------------------------------ */

static const struct drm_mode_rect damage[] = {
	{ FB_X, FB_Y, FB_X + 1, FB_Y + 1 },
	{ 301, 17, 366, 19 },
	{ 40, 100, 523, 401 },
	{ FB_X + WIDTH - 3, FB_Y + HEIGHT - 5, FB_X + WIDTH, FB_Y + HEIGHT },
};

/* What a frame has, in the pattern's pixels: drawn once, or in parts once more. */
static struct picture drawing(int drawn)
{
	struct picture picture = picture_new(FB_WIDTH, FB_HEIGHT);

	pattern_draw(&picture, SEED);
	for (uint32_t i = 0; drawn > 1 && i < ARRAY_SIZE(damage); i++)
		pattern_fill(&picture, &damage[i], SEED + 1);
	return picture;
}

static void put_rows(uint8_t *to, uint32_t pitch, const struct format *format,
		     const struct picture *picture)
{
	for (uint32_t y = 0; y < picture->height; y++, to += pitch)
		for (uint32_t x = 0; x < picture->width; x++) {
			uint32_t pixel = picture->pixels[y * picture->pitch + x];
			uint32_t word = encode(format, pixel);

			memcpy(to + x * format->bits / 8, &word,
			       format->bits / 8);
		}
}

static struct picture shown(const struct format *format,
			    const struct table *table, int drawn)
{
	struct picture from = drawing(drawn);
	struct picture picture = picture_new(WIDTH, HEIGHT);

	for (uint32_t y = 0; y < HEIGHT; y++)
		for (uint32_t x = 0; x < WIDTH; x++) {
			uint32_t pixel =
				from.pixels[(y + FB_Y) * from.pitch + x + FB_X];

			pixel = decode(format, encode(format, pixel));
			picture.pixels[y * picture.pitch + x] = through(table,
									pixel);
		}
	picture_free(&from);
	return picture;
}

static int write_reference(char **arguments)
{
	const struct format *format = NULL;
	struct picture picture;
	struct table table;
	int ret;

	for (uint32_t i = 0; i < ARRAY_SIZE(formats); i++)
		if (!strcmp(arguments[0], formats[i].name))
			format = &formats[i];
	if (!format || !fill_table(&table, arguments[1])) {
		fprintf(stderr, "no format or table like this\n");
		return 2;
	}
	picture = shown(format, &table, atoi(arguments[2]));
	ret = picture_save_reference(&picture, arguments[3]);
	picture_free(&picture);
	return ret;
}

/* Frames ------------------------------------------------------------------------- */

static struct card card;
static drmModeModeInfo mode;
static uint32_t gamma_lut; /* property */
static struct dumb frames[ARRAY_SIZE(formats)];

static void draw(uint32_t which, int drawn)
{
	struct picture picture = drawing(drawn);

	put_rows(frames[which].map, frames[which].pitch, &formats[which],
		 &picture);
	picture_free(&picture);
}

static bool show_at(uint32_t fb, uint32_t x, uint32_t y)
{
	int ret = card_show(&card, &mode, fb, x, y, 0);

	return check(!ret, "framebuffer %u: %d", fb, ret);
}

static bool show(uint32_t fb)
{
	return show_at(fb, FB_X, FB_Y);
}

static void check_picture(uint32_t which, const char *table, int drawn)
{
	char name[64];

	snprintf(name, sizeof(name), "color-%s-%s-%d", formats[which].name,
		 table, drawn);
	host_check_picture(name, WIDTH, HEIGHT, "qxl_color --reference %s %s %d",
			   formats[which].name, table, drawn);
}

static uint64_t counter(const char *name)
{
	uint64_t value = 0;

	check(counter_read(card.path, name, &value), "no counter %s", name);
	return value;
}

/* Gamma -------------------------------------------------------------------------- */

static int set_blob(uint32_t blob)
{
	drmModeAtomicReq *request = drmModeAtomicAlloc();
	int ret;

	drmModeAtomicAddProperty(request, card.crtc, gamma_lut, blob);
	ret = card_commit(&card, request, 0, 0);
	drmModeAtomicFree(request);
	return ret;
}

/* By GAMMA_LUT, with the table's first so many entries, more being black. */
static int set_entries(const char *name, uint32_t count)
{
	struct drm_color_lut entries[2 * ENTRIES] = {};
	struct table table;
	uint32_t blob;
	int ret;

	fill_table(&table, name);
	for (uint32_t i = 0; i < count && i < ENTRIES; i++)
		entries[i] = (struct drm_color_lut){
			.red = table.red[i],
			.green = table.green[i],
			.blue = table.blue[i],
		};
	ret = drmModeCreatePropertyBlob(card.fd, entries,
					count * sizeof(entries[0]), &blob);
	if (ret)
		return ret;
	ret = set_blob(blob);
	drmModeDestroyPropertyBlob(card.fd, blob);
	return ret;
}

static void set_table(const char *name)
{
	int ret = set_entries(name, ENTRIES);

	check(!ret, "GAMMA_LUT '%s': %d", name, ret);
}

static void reset_table(void)
{
	int ret = set_blob(0);

	check(!ret, "no GAMMA_LUT: %d", ret);
}

static int set_legacy(const char *name, uint32_t size)
{
	struct table table;

	fill_table(&table, name);
	return drmModeCrtcSetGamma(card.fd, card.crtc, size, table.red,
				   table.green, table.blue);
}

static uint64_t current_blob(void)
{
	uint64_t blob = 0;

	card_find_property(&card, card.crtc, DRM_MODE_OBJECT_CRTC, "GAMMA_LUT",
			   &blob);
	return blob;
}

/* Cases -------------------------------------------------------------------------- */

static void setup(void)
{
	card_open(&card);
	card_mode(&card, WIDTH, HEIGHT, &mode);
	gamma_lut = card_find_property(&card, card.crtc, DRM_MODE_OBJECT_CRTC,
				       "GAMMA_LUT", NULL);
	for (uint32_t i = 0; i < ARRAY_SIZE(formats); i++) {
		int ret = dumb_frame_deep(&frames[i], card.fd, FB_WIDTH,
					  FB_HEIGHT, formats[i].depth,
					  formats[i].fourcc);

		if (ret)
			ktap_bail("frame of %s: %d", formats[i].name, ret);
	}
}

static void in_format(const void *arg)
{
	const struct format *format = arg;
	uint32_t which = format - formats;
	uint64_t before;
	int ret;

	draw(which, 1);
	if (!show(frames[which].fb))
		return;
	check_picture(which, "none", 1);
	before = counter("commands");
	ret = card_update(&card, frames[which].fb, NULL, 0, 0, 0);
	check(!ret, "flip: %d", ret);
	check(counter("commands") == before, "unchanged: %" PRIu64 " commands",
	      counter("commands") - before);
	draw(which, 2);
	ret = card_update(&card, frames[which].fb, damage, ARRAY_SIZE(damage),
			  0, 0);
	check(!ret, "damage: %d", ret);
	check_picture(which, "none", 2);
}

static bool has_modifier(const struct drm_format_modifier_blob *blob,
			 uint64_t modifier)
{
	const struct drm_format_modifier *all =
		(const void *)((const char *)blob + blob->modifiers_offset);

	for (uint32_t i = 0; i < blob->count_modifiers; i++)
		if (all[i].modifier == modifier)
			return true;
	return false;
}

static void linear_only(void)
{
	uint32_t handles[4] = { frames[RGB565].handle };
	uint32_t pitches[4] = { frames[RGB565].pitch };
	uint64_t modifiers[4] = { I915_FORMAT_MOD_X_TILED };
	uint32_t offsets[4] = {}, fb = 0;
	drmModePropertyBlobRes *blob;
	uint64_t id = 0;
	int ret;

	ret = drmModeAddFB2WithModifiers(card.fd, FB_WIDTH, FB_HEIGHT,
					 DRM_FORMAT_RGB565, handles, pitches,
					 offsets, modifiers, &fb,
					 DRM_MODE_FB_MODIFIERS);
	if (!ret) { /* old kernels look when it is shown */
		ret = card_show(&card, &mode, fb, FB_X, FB_Y, 0);
		drmModeRmFB(card.fd, fb);
	}
	check(ret == -EINVAL, "a tiled framebuffer: %d", ret);
	card_find_property(&card, card.primary.id, DRM_MODE_OBJECT_PLANE,
			   "IN_FORMATS", &id);
	blob = drmModeGetPropertyBlob(card.fd, id);
	if (!check(blob, "no IN_FORMATS"))
		return;
	const struct drm_format_modifier_blob *in = blob->data;

	check(in->count_formats == ARRAY_SIZE(formats), "%u formats",
	      in->count_formats);
	check(in->count_modifiers == 1 && has_modifier(in, DRM_FORMAT_MOD_LINEAR),
	      "%u modifiers", in->count_modifiers);
	drmModeFreePropertyBlob(blob);
}

/* By the time it is shown, or before. */
static void check_refused(uint32_t bits, uint32_t fourcc, const char *what)
{
	struct dumb dumb;
	int ret = dumb_create_deep(&dumb, card.fd, FB_WIDTH, FB_HEIGHT, bits);

	if (!check(!ret, "%s: buffer: %d", what, ret))
		return;
	ret = dumb_add_fb(&dumb, fourcc);
	if (!ret)
		ret = card_show(&card, &mode, dumb.fb, FB_X, FB_Y, 0);
	check(ret == -EINVAL, "%s: %d", what, ret);
	dumb_destroy(&dumb);
}

static void other_formats(void)
{
	check_refused(32, DRM_FORMAT_XBGR8888, "XBGR8888");
	check_refused(32, DRM_FORMAT_RGBX8888, "RGBX8888");
	check_refused(32, DRM_FORMAT_ARGB2101010, "ARGB2101010");
	check_refused(32, DRM_FORMAT_XBGR2101010, "XBGR2101010");
	check_refused(24, DRM_FORMAT_RGB888, "RGB888");
	check_refused(16, DRM_FORMAT_BGR565, "BGR565");
	check_refused(16, DRM_FORMAT_ARGB1555, "ARGB1555");
	check_refused(16, DRM_FORMAT_YUYV, "YUYV");
	check_refused(8, DRM_FORMAT_C8, "C8");
}

static int add_with_pitch(uint32_t which, uint32_t pitch)
{
	struct dumb copy = frames[which];
	int ret;

	copy.pitch = pitch;
	ret = dumb_add_fb(&copy, formats[which].fourcc);
	if (!ret)
		drmModeRmFB(card.fd, copy.fb);
	return ret;
}

static void pitches(void)
{
	for (uint32_t i = 0; i < ARRAY_SIZE(formats); i++) {
		uint32_t row = FB_WIDTH * formats[i].bits / 8;
		int ret;

		check(frames[i].pitch >= row && frames[i].pitch < row + 4,
		      "%s: a pitch of %u", formats[i].name, frames[i].pitch);
		ret = add_with_pitch(i, row - 1);
		check(ret == -EINVAL, "%s, short rows: %d", formats[i].name, ret);
		ret = add_with_pitch(i, 2 * frames[i].pitch);
		check(ret == -EINVAL, "%s, long rows: %d", formats[i].name, ret);
	}
}

static void check_surface_refused(uint32_t surface_format, uint32_t which)
{
	struct surface surface;
	struct dumb as_dumb = { .fd = card.fd,
				.width = FB_WIDTH,
				.height = FB_HEIGHT };
	int ret = surface_alloc(&surface, card.fd, surface_format, FB_WIDTH,
				FB_HEIGHT, false);

	if (!check(!ret, "%s: surface: %d", formats[which].name, ret))
		return;
	as_dumb.handle = surface.object.handle;
	as_dumb.pitch = surface.stride;
	ret = dumb_add_fb(&as_dumb, formats[which].fourcc);
	check(!ret, "%s: ADDFB: %d", formats[which].name, ret);
	ret = card_show(&card, &mode, as_dumb.fb, FB_X, FB_Y, 0);
	check(ret == -EINVAL, "%s: %d", formats[which].name, ret);
	drmModeRmFB(card.fd, as_dumb.fb);
	object_destroy(&surface.object);
}

/* Commands may draw on a surface, and nobody says so: it is shown as it is. */
static void surface_in_other_formats(void)
{
	check_surface_refused(SPICE_SURFACE_FMT_16_555, XRGB1555);
	check_surface_refused(SPICE_SURFACE_FMT_32_xRGB, ARGB8888);
	check_surface_refused(SPICE_SURFACE_FMT_32_xRGB, XRGB2101010);
}

static void gamma_properties(void)
{
	drmModeCrtc *crtc = drmModeGetCrtc(card.fd, card.crtc);
	uint64_t size = 0;

	if (check(crtc, "GETCRTC: errno %d", errno))
		check(crtc->gamma_size == ENTRIES, "gamma_size is %d",
		      crtc->gamma_size);
	drmModeFreeCrtc(crtc);
	card_find_property(&card, card.crtc, DRM_MODE_OBJECT_CRTC,
			   "GAMMA_LUT_SIZE", &size);
	check(size == ENTRIES, "GAMMA_LUT_SIZE is %" PRIu64, size);
	check(!card_find_property(&card, card.crtc, DRM_MODE_OBJECT_CRTC, "CTM",
				  NULL),
	      "a CTM that does nothing");
	check(!card_find_property(&card, card.crtc, DRM_MODE_OBJECT_CRTC,
				  "DEGAMMA_LUT", NULL),
	      "a DEGAMMA_LUT that does nothing");
	check(!current_blob(), "GAMMA_LUT is set at first");
}

/* Nothing but the table changes; the picture does. */
static void gamma_changes(void)
{
	draw(XRGB8888, 1);
	show(frames[XRGB8888].fb);
	set_table("warm");
	check_picture(XRGB8888, "warm", 1);
	set_table("negative");
	check_picture(XRGB8888, "negative", 1);
	reset_table();
	check_picture(XRGB8888, "none", 1);
}

/* Frames, damage and modes come and go; the table stays. */
static void gamma_stays(void)
{
	int ret;

	draw(RGB565, 1);
	draw(XRGB2101010, 1);
	set_table("warm");
	show(frames[RGB565].fb);
	check_picture(RGB565, "warm", 1);
	ret = card_update(&card, frames[XRGB2101010].fb, NULL, 0, 0, 0);
	check(!ret, "flip: %d", ret);
	check_picture(XRGB2101010, "warm", 1);
	draw(XRGB2101010, 2);
	ret = card_update(&card, frames[XRGB2101010].fb, damage,
			  ARRAY_SIZE(damage), 0, 0);
	check(!ret, "damage: %d", ret);
	check_picture(XRGB2101010, "warm", 2);
	ret = card_off(&card);
	check(!ret, "off: %d", ret);
	show(frames[RGB565].fb);
	check_picture(RGB565, "warm", 1);
	reset_table();
}

/* A table for a head that is off is there when it is lit; so is none. */
static void gamma_while_off(void)
{
	card_off(&card);
	set_table("negative");
	draw(XRGB8888, 1);
	show(frames[XRGB8888].fb);
	check_picture(XRGB8888, "negative", 1);
	card_off(&card);
	reset_table();
	show(frames[XRGB8888].fb);
	check_picture(XRGB8888, "none", 1);
}

/* In one commit with a small damage all of the head changes. */
static void gamma_with_damage(void)
{
	drmModeAtomicReq *request = drmModeAtomicAlloc();
	struct drm_color_lut entries[ENTRIES];
	struct table table;
	uint32_t lut, clips;
	int ret;

	draw(XRGB8888, 1);
	show(frames[XRGB8888].fb);
	fill_table(&table, "warm");
	for (uint32_t i = 0; i < ENTRIES; i++)
		entries[i] = (struct drm_color_lut){ table.red[i],
						     table.green[i],
						     table.blue[i], 0 };
	ret = drmModeCreatePropertyBlob(card.fd, entries, sizeof(entries), &lut);
	check(!ret, "blob: %d", ret);
	ret = drmModeCreatePropertyBlob(card.fd, damage, sizeof(damage[0]),
					&clips);
	check(!ret, "blob: %d", ret);
	drmModeAtomicAddProperty(request, card.crtc, gamma_lut, lut);
	drmModeAtomicAddProperty(request, card.primary.id, card.primary.fb_id,
				 frames[XRGB8888].fb);
	drmModeAtomicAddProperty(request, card.primary.id, card.primary.damage,
				 clips);
	ret = card_commit(&card, request, 0, 0);
	check(!ret, "commit: %d", ret);
	drmModeAtomicFree(request);
	drmModeDestroyPropertyBlob(card.fd, lut);
	drmModeDestroyPropertyBlob(card.fd, clips);
	check_picture(XRGB8888, "warm", 1);
	reset_table();
}

static void gamma_legacy(void)
{
	struct table wanted, table = {};
	int ret;

	draw(XRGB8888, 1);
	show(frames[XRGB8888].fb);
	ret = set_legacy("warm", ENTRIES);
	check(!ret, "SETGAMMA: %d", ret);
	check_picture(XRGB8888, "warm", 1);
	ret = drmModeCrtcGetGamma(card.fd, card.crtc, ENTRIES, table.red,
				  table.green, table.blue);
	fill_table(&wanted, "warm");
	check(!ret && !memcmp(&table, &wanted, sizeof(table)), "GETGAMMA: %d",
	      ret);
	ret = set_legacy("none", ENTRIES);
	check(!ret, "SETGAMMA: %d", ret);
	check_picture(XRGB8888, "none", 1);
	reset_table();
}

/* As programs set it that want no gamma. */
static void gamma_none(void)
{
	uint64_t before;

	draw(RGB565, 1);
	show(frames[RGB565].fb);
	before = counter("commands");
	set_table("none");
	set_table("shifted");
	check(!set_legacy("none", ENTRIES), "SETGAMMA: errno %d", errno);
	check(counter("commands") == before, "%" PRIu64 " commands",
	      counter("commands") - before);
	check_picture(RGB565, "none", 1);
	reset_table();
}

static void gamma_sizes(void)
{
	static const uint32_t sizes[] = { 1, 2, 128, 255, 257, 512 };
	uint32_t blob;
	int ret;

	draw(XRGB8888, 1);
	show(frames[XRGB8888].fb);
	for (uint32_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		ret = set_entries("warm", sizes[i]);
		check(ret == -EINVAL, "%u entries: %d", sizes[i], ret);
	}
	ret = drmModeCreatePropertyBlob(card.fd, &card, 9, &blob);
	check(!ret, "blob: %d", ret);
	ret = set_blob(blob);
	check(ret == -EINVAL, "9 bytes: %d", ret);
	drmModeDestroyPropertyBlob(card.fd, blob);
	ret = set_legacy("warm", 128);
	check(ret && errno == EINVAL, "SETGAMMA of 128: %d", ret);
	check(!current_blob(), "one of them is set");
	check_picture(XRGB8888, "none", 1);
}

static int show_pointer(const struct dumb *pointer)
{
	return drmModeSetCursor(card.fd, card.crtc, pointer->handle, 64, 64);
}

/* The host has the image, so it must get another. */
static void gamma_of_the_pointer(void)
{
	struct dumb pointer;
	uint64_t before;
	int ret = dumb_create(&pointer, card.fd, 64, 64);

	show(frames[XRGB8888].fb);
	if (!ret)
		ret = dumb_map(&pointer);
	if (!check(!ret, "pointer: %d", ret))
		return;
	memset(pointer.map, 0x80, pointer.size);
	ret = show_pointer(&pointer);
	check(!ret, "SETCURSOR: %d", ret);
	host_check_cursor("shown 64 64 0 0");
	before = counter("cursor_commands");
	set_table("warm");
	check(counter("cursor_commands") == before + 1, "%" PRIu64 " commands",
	      counter("cursor_commands") - before);
	host_check_cursor("shown 64 64 0 0");
	reset_table();
	check(counter("cursor_commands") == before + 2, "%" PRIu64 " commands",
	      counter("cursor_commands") - before);
	drmModeSetCursor(card.fd, card.crtc, 0, 0, 0);
	dumb_destroy(&pointer);
}

/*
 * On a surface that the host draws on there is none: it is refused, and one that
 * was there before must not keep the surface from being seen.
 */
static void gamma_of_a_surface(void)
{
	struct table none;
	struct surface surface;
	struct picture picture;
	uint32_t fb = 0;
	int ret = surface_alloc(&surface, card.fd, SPICE_SURFACE_FMT_32_xRGB,
				WIDTH, HEIGHT, false);

	if (!ret)
		ret = drmModeAddFB(card.fd, WIDTH, HEIGHT, 24, 32,
				   surface.stride, surface.object.handle, &fb);
	if (!check(!ret, "surface: %d", ret))
		return;
	fill_table(&none, "none");
	picture = shown(&formats[XRGB8888], &none, 1);
	put_rows(surface.object.map, surface.stride, &formats[XRGB8888],
		 &picture);
	picture_free(&picture);
	show_at(fb, 0, 0);
	ret = set_entries("warm", ENTRIES);
	check(ret == -EINVAL, "GAMMA_LUT: %d", ret);
	ret = set_legacy("warm", ENTRIES);
	check(ret && errno == EINVAL, "SETGAMMA: %d", ret);
	ret = set_legacy("none", ENTRIES);
	check(!ret, "SETGAMMA that changes nothing: %d", ret);
	check_picture(XRGB8888, "none", 1);

	draw(RGB565, 1);
	show(frames[RGB565].fb);
	set_table("warm");
	show_at(fb, 0, 0);
	check_picture(XRGB8888, "none", 1);
	show(frames[RGB565].fb);
	check_picture(RGB565, "warm", 1);
	reset_table();
	drmModeRmFB(card.fd, fb);
	object_destroy(&surface.object);
}

static void destroy_frames(void)
{
	for (uint32_t i = 0; i < ARRAY_SIZE(frames); i++)
		dumb_destroy(&frames[i]);
}

/* Whoever dies leaves the console's colours alone. */
static void gamma_and_the_console(void)
{
	if (access("/dev/fb0", F_OK)) {
		ktap_skip("this kernel has no console on the card");
		return;
	}
	show(frames[XRGB8888].fb);
	set_table("negative");
	check(current_blob(), "GAMMA_LUT is not set");
	destroy_frames();
	card_close(&card);
	card_open(&card);
	check(!current_blob(), "the console has GAMMA_LUT");
}

static const struct ktap_case cases[] = {
	{ .name = "XRGB8888", .run_with = in_format, .arg = &formats[XRGB8888] },
	{ .name = "ARGB8888", .run_with = in_format, .arg = &formats[ARGB8888] },
	{ .name = "RGB565", .run_with = in_format, .arg = &formats[RGB565] },
	{ .name = "XRGB1555", .run_with = in_format, .arg = &formats[XRGB1555] },
	{ .name = "XRGB2101010",
	  .run_with = in_format,
	  .arg = &formats[XRGB2101010] },
	{ .name = "linear only", .run = linear_only },
	{ .name = "other formats are refused", .run = other_formats },
	{ .name = "pitches", .run = pitches },
	{ .name = "a surface in another format is refused",
	  .run = surface_in_other_formats },
	{ .name = "properties", .run = gamma_properties },
	{ .name = "gamma changes what is shown", .run = gamma_changes },
	{ .name = "gamma stays", .run = gamma_stays },
	{ .name = "gamma while off", .run = gamma_while_off },
	{ .name = "gamma with damage", .run = gamma_with_damage },
	{ .name = "gamma by ioctl", .run = gamma_legacy },
	{ .name = "gamma that changes nothing", .run = gamma_none },
	{ .name = "gamma of other sizes is refused", .run = gamma_sizes },
	{ .name = "gamma of the pointer", .run = gamma_of_the_pointer },
	{ .name = "gamma of a surface", .run = gamma_of_a_surface },
	{ .name = "gamma and the console", .run = gamma_and_the_console },
};

int main(int argc, char **argv)
{
	int status;

	if (argc == 6 && !strcmp(argv[1], "--reference"))
		return write_reference(argv + 2);
	status = ktap_run(cases, ARRAY_SIZE(cases), setup);
	card_off(&card);
	destroy_frames();
	card_close(&card);
	return status;
}
