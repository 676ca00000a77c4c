// SPDX-License-Identifier: GPL-2.0-only
/* The pointer: through its plane and through the legacy ioctls. */
#include <drm_fourcc.h>
#include <errno.h>
#include <stdio.h>
#include <xf86drm.h>

#include "card.h"
#include "clock.h"
#include "dumb.h"
#include "host.h"
#include "ktap.h"

#define WIDTH 1024
#define HEIGHT 768
#define SEED 11
#define MOVES 500

static struct card card;
static struct dumb screen;

struct size {
	uint32_t width;
	uint32_t height;
};

struct place {
	int32_t x;
	int32_t y;
};

/* On, across and beyond every edge and corner of the screen. */
static const struct place places[] = {
	{ 0, 0 },
	{ 100, 100 },
	{ -1, -1 },
	{ -63, 200 },
	{ 200, -63 },
	{ -64, -64 },
	{ -500, 300 },
	{ 300, -500 },
	{ WIDTH - 1, HEIGHT - 1 },
	{ WIDTH - 32, 300 },
	{ 300, HEIGHT - 32 },
	{ WIDTH, HEIGHT },
	{ WIDTH + 500, 10 },
	{ 10, HEIGHT + 500 },
	{ -32768, -32768 },
	{ 32767, 32767 },
	{ 512, 384 },
};

static void setup(void)
{
	struct picture picture;
	drmModeModeInfo mode;
	int ret;

	card_open(&card);
	card_mode(&card, WIDTH, HEIGHT, &mode);
	ret = dumb_frame(&screen, card.fd, WIDTH, HEIGHT);
	if (ret)
		ktap_bail("framebuffer: %d", ret);
	picture = dumb_picture(&screen);
	pattern_draw(&picture, SEED);
	ret = card_show(&card, &mode, screen.fb, 0, 0, 0);
	if (ret)
		ktap_bail("modeset %ux%u: %d", WIDTH, HEIGHT, ret);
}

/* A disc that is half transparent, premultiplied. */
static void draw_pointer(const struct dumb *dumb, uint32_t colour)
{
	int32_t width = dumb->width, height = dumb->height;

	for (int32_t y = 0; y < height; y++) {
		uint32_t *line = (uint32_t *)dumb->map + y * dumb->pitch / 4;

		for (int32_t x = 0; x < width; x++) {
			int32_t dx = 2 * x - width, dy = 2 * y - height;

			line[x] = dx * dx + dy * dy > width * height ?
					  0 :
					  0x80000000 | (colour & 0x7f7f7f);
		}
	}
}

static int make_pointer(struct dumb *dumb, uint32_t width, uint32_t height,
			uint32_t format)
{
	int ret = dumb_create(dumb, card.fd, width, height);

	if (!ret)
		ret = dumb_map(dumb);
	if (!ret)
		ret = dumb_add_fb(dumb, format);
	if (!check(!ret, "cursor buffer %ux%u: %d", width, height, ret)) {
		dumb_destroy(dumb);
		return ret;
	}
	draw_pointer(dumb, 0x40ff20);
	return 0;
}

static bool has_plane(void)
{
	return check(card.cursor.id, "no cursor plane");
}

/* @fb 0 hides it. */
static int plane_set(uint32_t fb, uint32_t width, uint32_t height,
		     const struct place *place, uint32_t hot_x, uint32_t hot_y)
{
	drmModeAtomicReq *request = drmModeAtomicAlloc();
	int ret;

	card_add_plane(&card, request, &card.cursor, fb, place->x, place->y,
		       width, height);
	if (card.cursor.hotspot_x) {
		drmModeAtomicAddProperty(request, card.cursor.id,
					 card.cursor.hotspot_x, hot_x);
		drmModeAtomicAddProperty(request, card.cursor.id,
					 card.cursor.hotspot_y, hot_y);
	}
	ret = card_commit(&card, request, 0, 0);
	drmModeAtomicFree(request);
	return ret;
}

static int plane_hide(void)
{
	return plane_set(0, 0, 0, &places[0], 0, 0);
}

static void check_plane_shows(uint32_t fb)
{
	drmModePlane *plane = drmModeGetPlane(card.fd, card.cursor.id);

	if (!check(plane, "GETPLANE: errno %d", errno))
		return;
	check(plane->fb_id == fb, "the plane has framebuffer %u, not %u",
	      plane->fb_id, fb);
	drmModeFreePlane(plane);
}

static void plane_everywhere(const void *arg)
{
	const struct size *size = arg;
	struct dumb dumb;
	char name[32];
	int ret;

	if (!has_plane() ||
	    make_pointer(&dumb, size->width, size->height, DRM_FORMAT_ARGB8888))
		return;
	for (uint32_t i = 0; i < ARRAY_SIZE(places); i++) {
		ret = plane_set(dumb.fb, size->width, size->height, &places[i],
				0, 0);
		check(!ret, "at %d,%d: %d", places[i].x, places[i].y, ret);
	}
	check_plane_shows(dumb.fb);
	host_check_cursor("shown %u %u 0 0", size->width, size->height);
	snprintf(name, sizeof(name), "cursor-%ux%u", size->width, size->height);
	host_shot(name);
	ret = plane_hide();
	check(!ret, "hide: %d", ret);
	check_plane_shows(0);
	host_check_cursor("hidden");
	dumb_destroy(&dumb);
}

static void plane_hotspot(void)
{
	static const struct place hotspots[] = {
		{ 0, 0 },
		{ 5, 7 },
		{ 63, 63 },
		{ 32, 0 },
	};
	struct dumb dumb;

	if (!has_plane() || make_pointer(&dumb, 64, 64, DRM_FORMAT_ARGB8888))
		return;
	if (!card.cursor.hotspot_x)
		ktap_note(
			"no HOTSPOT_X: this kernel has hotspots in CURSOR2 only");
	for (uint32_t i = 0; i < ARRAY_SIZE(hotspots); i++) {
		int ret = plane_set(dumb.fb, 64, 64, &places[1], hotspots[i].x,
				    hotspots[i].y);

		check(!ret, "hotspot %d,%d: %d", hotspots[i].x, hotspots[i].y,
		      ret);
		if (card.cursor.hotspot_x)
			host_check_cursor("shown 64 64 %d %d", hotspots[i].x,
					  hotspots[i].y);
	}
	plane_hide();
	dumb_destroy(&dumb);
}

/* A new image in the same place, and a new framebuffer with the same image. */
static void plane_image_changes(void)
{
	struct dumb dumbs[2] = { 0 };
	int ret;

	if (!has_plane() || make_pointer(&dumbs[0], 64, 64, DRM_FORMAT_ARGB8888))
		return;
	if (!make_pointer(&dumbs[1], 64, 64, DRM_FORMAT_ARGB8888)) {
		for (uint32_t i = 0; i < 20; i++) {
			draw_pointer(&dumbs[i % 2], i * 0x0c0a08);
			ret = plane_set(dumbs[i % 2].fb, 64, 64, &places[1], 0,
					0);
			check(!ret, "image %u: %d", i, ret);
		}
	}
	plane_hide();
	dumb_destroy(&dumbs[1]);
	dumb_destroy(&dumbs[0]);
}

static void check_plane_refuses(uint32_t width, uint32_t height,
				uint32_t format, const char *what)
{
	struct dumb dumb;
	int ret;

	if (make_pointer(&dumb, width, height, format))
		return;
	ret = plane_set(dumb.fb, width, height, &places[1], 0, 0);
	check(ret == -EINVAL || ret == -ERANGE || ret == -ENOSPC, "%s: %d",
	      what, ret);
	plane_hide();
	dumb_destroy(&dumb);
}

static void plane_refusals(void)
{
	if (!has_plane())
		return;
	check_plane_refuses(128, 128, DRM_FORMAT_ARGB8888, "128x128");
	check_plane_refuses(65, 64, DRM_FORMAT_ARGB8888, "65x64");
	check_plane_refuses(64, 65, DRM_FORMAT_ARGB8888, "64x65");
	check_plane_refuses(64, 64, DRM_FORMAT_XRGB8888, "XRGB8888");
}

static void plane_moves(void)
{
	struct dumb dumb;
	int64_t start;

	if (!has_plane() || make_pointer(&dumb, 64, 64, DRM_FORMAT_ARGB8888))
		return;
	start = now_us();
	for (int i = 0; i < MOVES / 10; i++) {
		struct place place = { i * 10 % WIDTH, i * 7 % HEIGHT };
		int ret = plane_set(dumb.fb, 64, 64, &place, 0, 0);

		check(!ret, "move %d: %d", i, ret);
	}
	ktap_note("%d moves by atomic commit: %lld us", MOVES / 10,
		  (long long)(now_us() - start));
	plane_hide();
	dumb_destroy(&dumb);
}

static int legacy_set(const struct dumb *dumb, int32_t hot_x, int32_t hot_y)
{
	return drmModeSetCursor2(card.fd, card.crtc, dumb->handle, dumb->width,
				 dumb->height, hot_x, hot_y);
}

static int legacy_hide(void)
{
	return drmModeSetCursor(card.fd, card.crtc, 0, 0, 0);
}

static void legacy_everywhere(const void *arg)
{
	const struct size *size = arg;
	struct dumb dumb;
	int ret;

	if (make_pointer(&dumb, size->width, size->height, DRM_FORMAT_ARGB8888))
		return;
	ret = legacy_set(&dumb, 3, 4);
	check(!ret, "set: %d", ret);
	for (uint32_t i = 0; i < ARRAY_SIZE(places); i++) {
		ret = drmModeMoveCursor(card.fd, card.crtc, places[i].x,
					places[i].y);
		check(!ret, "move to %d,%d: %d", places[i].x, places[i].y, ret);
	}
	ret = legacy_hide();
	check(!ret, "hide: %d", ret);
	ret = legacy_hide();
	check(!ret, "hide what is hidden: %d", ret);
	dumb_destroy(&dumb);
}

static void legacy_moves(void)
{
	struct dumb dumb;
	int64_t start;
	int ret;

	if (make_pointer(&dumb, 64, 64, DRM_FORMAT_ARGB8888))
		return;
	ret = legacy_set(&dumb, 0, 0);
	check(!ret, "set: %d", ret);
	start = now_us();
	for (int i = 0; i < MOVES; i++) {
		ret = drmModeMoveCursor(card.fd, card.crtc, i * 5 % WIDTH,
					i * 3 % HEIGHT);
		check(!ret, "move %d: %d", i, ret);
	}
	ktap_note("%d moves by ioctl: %lld us", MOVES,
		  (long long)(now_us() - start));
	legacy_hide();
	dumb_destroy(&dumb);
}

static void legacy_refusals(void)
{
	struct dumb dumb;
	int ret;

	if (make_pointer(&dumb, 128, 128, DRM_FORMAT_ARGB8888))
		return;
	ret = legacy_set(&dumb, 0, 0);
	check(ret < 0, "128x128: %d", ret);
	dumb_destroy(&dumb);
	ret = drmModeSetCursor(card.fd, card.crtc, 0xdead, 64, 64);
	check(ret == -ENOENT, "no such handle: %d", ret);
	legacy_hide();
}

/* A new primary makes the host forget the pointer: it must be told again. */
static void pointer_survives_modeset(void)
{
	struct dumb pointer, smaller;
	drmModeModeInfo mode;
	int ret;

	if (!has_plane() || make_pointer(&pointer, 64, 64, DRM_FORMAT_ARGB8888))
		return;
	ret = plane_set(pointer.fb, 64, 64, &places[1], 0, 0);
	check(!ret, "set: %d", ret);
	host_check_cursor("shown 64 64 0 0");
	card_mode(&card, 640, 480, &mode);
	if (check(!dumb_frame(&smaller, card.fd, 640, 480), "framebuffer")) {
		ret = card_show(&card, &mode, smaller.fb, 0, 0, 0);
		check(!ret, "modeset 640x480: %d", ret);
		host_check_cursor("shown 64 64 0 0");
	}
	card_mode(&card, WIDTH, HEIGHT, &mode);
	ret = card_show(&card, &mode, screen.fb, 0, 0, 0);
	check(!ret, "modeset %ux%u: %d", WIDTH, HEIGHT, ret);
	host_check_cursor("shown 64 64 0 0");
	plane_hide();
	dumb_destroy(&smaller);
	dumb_destroy(&pointer);
}

/* The cursor's image is gone while it shows; closing must put it away. */
static void image_is_removed(void)
{
	struct dumb dumb;
	int ret;

	if (!has_plane() || make_pointer(&dumb, 64, 64, DRM_FORMAT_ARGB8888))
		return;
	ret = plane_set(dumb.fb, 64, 64, &places[1], 0, 0);
	check(!ret, "set: %d", ret);
	dumb_destroy(&dumb);
	check_plane_shows(0);
	check(card_is_showing(&card, WIDTH, HEIGHT, NULL),
	      "the CRTC went dark with its cursor");
}

static void screen_is_untouched(void)
{
	host_check_picture("cursor", WIDTH, HEIGHT, "qxl_pattern %u %u %u",
			   WIDTH, HEIGHT, SEED);
}

static const struct size full = { 64, 64 };
static const struct size small = { 24, 24 };
static const struct size narrow = { 32, 64 };

static const struct ktap_case cases[] = {
	{ .name = "plane 64x64", .run_with = plane_everywhere, .arg = &full },
	{ .name = "plane 24x24", .run_with = plane_everywhere, .arg = &small },
	{ .name = "plane 32x64", .run_with = plane_everywhere, .arg = &narrow },
	{ .name = "plane hotspot", .run = plane_hotspot },
	{ .name = "plane image changes", .run = plane_image_changes },
	{ .name = "plane refusals", .run = plane_refusals },
	{ .name = "plane moves", .run = plane_moves },
	{ .name = "legacy 64x64", .run_with = legacy_everywhere, .arg = &full },
	{ .name = "legacy 24x24", .run_with = legacy_everywhere, .arg = &small },
	{ .name = "legacy 32x64", .run_with = legacy_everywhere, .arg = &narrow },
	{ .name = "legacy moves", .run = legacy_moves },
	{ .name = "legacy refusals", .run = legacy_refusals },
	{ .name = "pointer survives a modeset", .run = pointer_survives_modeset },
	{ .name = "image is removed while shown", .run = image_is_removed },
	{ .name = "screen is untouched", .run = screen_is_untouched },
};

int main(void)
{
	int status = ktap_run(cases, ARRAY_SIZE(cases), setup);

	card_off(&card);
	dumb_destroy(&screen);
	card_close(&card);
	return status;
}
