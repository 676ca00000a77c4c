// SPDX-License-Identifier: GPL-2.0-only
/* Modes on and off, atomic and legacy, and what must be refused. */
#include <errno.h>
#include <stdio.h>
#include <xf86drm.h>

#include "card.h"
#include "clock.h"
#include "dumb.h"
#include "host.h"
#include "ktap.h"
#include "mode.h"

struct size {
	uint32_t width;
	uint32_t height;
};

static struct card card;

static void setup(void)
{
	card_open(&card);
}

/* A framebuffer with the pattern of @seed. */
static int make_frame(struct dumb *dumb, uint32_t width, uint32_t height,
		      uint32_t seed)
{
	struct picture picture;
	int ret = dumb_frame(dumb, card.fd, width, height);

	if (!check(!ret, "framebuffer %ux%u: %d", width, height, ret))
		return ret;
	picture = dumb_picture(dumb);
	pattern_draw(&picture, seed);
	return 0;
}

static int show_legacy(const drmModeModeInfo *mode, uint32_t fb, uint32_t x,
		       uint32_t y)
{
	drmModeModeInfo copy = *mode;

	return drmModeSetCrtc(card.fd, card.crtc, fb, x, y,
			      &card.connector->connector_id, 1, &copy);
}

static void check_showing(uint32_t width, uint32_t height, uint32_t fb)
{
	uint32_t shown;

	check(card_is_showing(&card, width, height, &shown),
	      "the CRTC's state is not %ux%u", width, height);
	check(shown == fb, "framebuffer %u is shown, not %u", shown, fb);
}

static void check_off(void)
{
	drmModeCrtc *crtc = drmModeGetCrtc(card.fd, card.crtc);

	if (!check(crtc, "GETCRTC: errno %d", errno))
		return;
	check(!crtc->mode_valid, "the CRTC still has mode %s", crtc->mode.name);
	check(!crtc->buffer_id, "the CRTC still has framebuffer %u",
	      crtc->buffer_id);
	drmModeFreeCrtc(crtc);
}

static void check_picture(const char *how, uint32_t width, uint32_t height,
			  uint32_t seed)
{
	char name[64];

	snprintf(name, sizeof(name), "modeset-%s-%ux%u", how, width, height);
	host_check_picture(name, width, height, "qxl_pattern %u %u %u", width,
			   height, seed);
}

static void atomic_on_off(const void *arg)
{
	const struct size *size = arg;
	drmModeModeInfo mode;
	struct dumb dumb;
	int64_t start;
	int ret;

	card_mode(&card, size->width, size->height, &mode);
	if (make_frame(&dumb, size->width, size->height, 1))
		return;
	start = now_us();
	ret = card_show(&card, &mode, dumb.fb, 0, 0, 0);
	if (check(!ret, "modeset %s, clock %u: %d", mode.name, mode.clock, ret)) {
		ktap_note("modeset %s: %lld us", mode.name,
			  (long long)(now_us() - start));
		check_showing(size->width, size->height, dumb.fb);
		check_picture("atomic", size->width, size->height, 1);
	}
	ret = card_off(&card);
	check(!ret, "off: %d", ret);
	check_off();
	dumb_destroy(&dumb);
}

static void legacy_on_off(const void *arg)
{
	const struct size *size = arg;
	drmModeModeInfo mode;
	struct dumb dumb;
	int ret;

	card_mode(&card, size->width, size->height, &mode);
	if (make_frame(&dumb, size->width, size->height, 2))
		return;
	ret = show_legacy(&mode, dumb.fb, 0, 0);
	if (check(!ret, "SETCRTC %s: %d", mode.name, ret)) {
		check_showing(size->width, size->height, dumb.fb);
		check_picture("legacy", size->width, size->height, 2);
	}
	ret = drmModeSetCrtc(card.fd, card.crtc, 0, 0, 0, NULL, 0, NULL);
	check(!ret, "SETCRTC off: %d", ret);
	check_off();
	dumb_destroy(&dumb);
}

/* From size to size with the CRTC lit, ending at the last one. */
static void change_while_on(void)
{
	static const struct size sizes[] = {
		{ 1024, 768 },
		{ 1920, 1080 },
		{ 640, 480 },
		{ 800, 600 },
	};
	const struct size *last = &sizes[ARRAY_SIZE(sizes) - 1];
	struct dumb dumbs[ARRAY_SIZE(sizes)] = { 0 };

	for (uint32_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		drmModeModeInfo mode;
		int ret;

		card_mode(&card, sizes[i].width, sizes[i].height, &mode);
		if (make_frame(&dumbs[i], sizes[i].width, sizes[i].height, 3))
			break;
		ret = i % 2 ? show_legacy(&mode, dumbs[i].fb, 0, 0) :
			      card_show(&card, &mode, dumbs[i].fb, 0, 0, 0);
		check(!ret, "modeset %s: %d", mode.name, ret);
		check_showing(sizes[i].width, sizes[i].height, dumbs[i].fb);
	}
	check_picture("change", last->width, last->height, 3);
	card_off(&card);
	for (uint32_t i = 0; i < ARRAY_SIZE(dumbs); i++)
		dumb_destroy(&dumbs[i]);
}

/* Shows a part of a larger framebuffer; damage is in framebuffer coordinates. */
static void part_of_a_framebuffer(void)
{
	const uint32_t x = 123, y = 45, width = 640, height = 480;
	drmModeClip clip = { x, y, x + width, y + height };
	struct picture part;
	drmModeModeInfo mode;
	struct dumb dumb;
	int ret;

	card_mode(&card, width, height, &mode);
	if (make_frame(&dumb, 1024, 768, 9))
		return;
	part = (struct picture){
		.pixels = (uint32_t *)dumb.map + y * dumb.pitch / 4 + x,
		.pitch = dumb.pitch / 4,
		.width = width,
		.height = height,
	};
	pattern_draw(&part, 4);
	ret = card_show(&card, &mode, dumb.fb, x, y, 0);
	if (check(!ret, "modeset at %u,%u: %d", x, y, ret)) {
		check_picture("part", width, height, 4);
		pattern_draw(&part, 5);
		ret = drmModeDirtyFB(card.fd, dumb.fb, &clip, 1);
		check(!ret, "DIRTYFB: %d", ret);
		check_picture("part-damaged", width, height, 5);
	}
	card_off(&card);
	dumb_destroy(&dumb);
}

/* Runs @attempt with 640x480 lit; afterwards that must still be so. */
static void with_old_state(void (*attempt)(const struct dumb *shown))
{
	drmModeModeInfo mode;
	struct dumb dumb;
	int ret;

	card_mode(&card, 640, 480, &mode);
	if (make_frame(&dumb, 640, 480, 6))
		return;
	ret = card_show(&card, &mode, dumb.fb, 0, 0, 0);
	if (check(!ret, "modeset 640x480: %d", ret)) {
		attempt(&dumb);
		check_showing(640, 480, dumb.fb);
	}
	card_off(&card);
	dumb_destroy(&dumb);
}

static bool is_refusal(int ret)
{
	return ret == -EINVAL || ret == -ERANGE || ret == -ENOSPC;
}

/* The plane stays as it is, so what is refused is the mode. */
static void try_huge_timing(const struct dumb *shown)
{
	static const uint32_t sides[] = { 16384, 32767 };

	for (uint32_t i = 0; i < ARRAY_SIZE(sides); i++) {
		drmModeModeInfo mode;
		int ret;

		mode_make(&mode, sides[i], sides[i], 30);
		ret = card_show(&card, &mode, shown->fb, 0, 0, 0);
		check(is_refusal(ret), "atomic %s: %d", mode.name, ret);
		ret = show_legacy(&mode, shown->fb, 0, 0);
		check(is_refusal(ret), "legacy %s: %d", mode.name, ret);
	}
}

static void huge_mode_is_refused(void)
{
	with_old_state(try_huge_timing);
}

/* More than any vgamem: a framebuffer in it may exist, a primary can not. */
static void try_mode_beyond_memory(const struct dumb *shown)
{
	drmModeModeInfo mode;
	struct dumb dumb;
	int ret = dumb_frame(&dumb, card.fd, 5120, 4096);

	(void)shown;
	if (ret) {
		ktap_note("framebuffer 5120x4096: %d", ret);
		return;
	}
	mode_make(&mode, 5120, 4096, 30);
	ret = card_show(&card, &mode, dumb.fb, 0, 0, DRM_MODE_ATOMIC_TEST_ONLY);
	check(is_refusal(ret), "test-only 5120x4096: %d", ret);
	ret = card_show(&card, &mode, dumb.fb, 0, 0, 0);
	check(is_refusal(ret), "atomic 5120x4096: %d", ret);
	ret = show_legacy(&mode, dumb.fb, 0, 0);
	check(is_refusal(ret), "legacy 5120x4096: %d", ret);
	dumb_destroy(&dumb);
}

static void mode_beyond_memory_is_refused(void)
{
	with_old_state(try_mode_beyond_memory);
}

static void try_small_framebuffer(const struct dumb *shown)
{
	drmModeModeInfo mode;
	int ret;

	card_mode(&card, 1024, 768, &mode);
	ret = card_show(&card, &mode, shown->fb, 0, 0, 0);
	check(is_refusal(ret), "atomic 1024x768 of 640x480: %d", ret);
	ret = show_legacy(&mode, shown->fb, 0, 0);
	check(is_refusal(ret), "legacy 1024x768 of 640x480: %d", ret);
	card_mode(&card, 640, 480, &mode);
	ret = show_legacy(&mode, shown->fb, 1, 0);
	check(is_refusal(ret), "legacy 640x480 at 1,0 of 640x480: %d", ret);
}

static void small_framebuffer_is_refused(void)
{
	with_old_state(try_small_framebuffer);
}

static void try_test_only(const struct dumb *shown)
{
	drmModeModeInfo mode;
	struct dumb dumb;
	int ret;

	(void)shown;
	card_mode(&card, 800, 600, &mode);
	if (make_frame(&dumb, 800, 600, 7))
		return;
	ret = card_show(&card, &mode, dumb.fb, 0, 0, DRM_MODE_ATOMIC_TEST_ONLY);
	check(!ret, "test-only 800x600: %d", ret);
	check_picture("test-only", 640, 480, 6);
	dumb_destroy(&dumb);
}

static void test_only_changes_nothing(void)
{
	with_old_state(try_test_only);
}

#define SIZE_CASE(title, function, w, h)             \
	{                                            \
		.name = title " " #w "x" #h,         \
		.run_with = function,                \
		.arg = &(const struct size){ w, h }, \
	}

static const struct ktap_case cases[] = {
	SIZE_CASE("atomic", atomic_on_off, 640, 480),
	SIZE_CASE("atomic", atomic_on_off, 1024, 768),
	SIZE_CASE("atomic", atomic_on_off, 1366, 768),
	SIZE_CASE("atomic", atomic_on_off, 1920, 1080),
	SIZE_CASE("atomic", atomic_on_off, 2560, 1440),
	SIZE_CASE("legacy", legacy_on_off, 1024, 768),
	{ .name = "change while on", .run = change_while_on },
	{ .name = "part of a framebuffer", .run = part_of_a_framebuffer },
	{ .name = "huge mode is refused", .run = huge_mode_is_refused },
	{ .name = "mode beyond memory is refused",
	  .run = mode_beyond_memory_is_refused },
	{ .name = "small framebuffer is refused",
	  .run = small_framebuffer_is_refused },
	{ .name = "test-only changes nothing", .run = test_only_changes_nothing },
};

int main(void)
{
	int status = ktap_run(cases, ARRAY_SIZE(cases), setup);

	card_close(&card);
	return status;
}
