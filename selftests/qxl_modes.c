// SPDX-License-Identifier: GPL-2.0-only
/*
 * Timings of user space's own making: what makes no sense is refused and changes
 * nothing, and vblank comes at the mode's pace, fast or slow.
 */
#include <errno.h>
#include <stdio.h>

#include "card.h"
#include "dumb.h"
#include "host.h"
#include "ktap.h"
#include "mode.h"

#define WIDTH 640
#define HEIGHT 480
#define SEED 90
#define LEAST_CLOCK_KHZ 250

struct bad_mode {
	const char *name;
	void (*spoil)(drmModeModeInfo *mode);
};

static struct card card;
static struct dumb frame;

static void setup(void)
{
	struct picture picture;
	int ret;

	card_open(&card);
	ret = dumb_frame(&frame, card.fd, WIDTH, HEIGHT);
	if (ret)
		ktap_bail("framebuffer: %d", ret);
	picture = dumb_picture(&frame);
	pattern_draw(&picture, SEED);
}

static void no_clock(drmModeModeInfo *mode)
{
	mode->clock = 0;
}

static void clock_beyond_int(drmModeModeInfo *mode)
{
	mode->clock = 0x80000000u;
}

static void no_width(drmModeModeInfo *mode)
{
	mode->hdisplay = 0;
}

static void no_height(drmModeModeInfo *mode)
{
	mode->vdisplay = 0;
}

static void no_totals(drmModeModeInfo *mode)
{
	mode->htotal = 0;
	mode->vtotal = 0;
}

static void sync_in_the_picture(drmModeModeInfo *mode)
{
	mode->hsync_start = mode->hdisplay - 1;
}

static void interlaced(drmModeModeInfo *mode)
{
	mode->flags |= DRM_MODE_FLAG_INTERLACE;
}

static void doublescan(drmModeModeInfo *mode)
{
	mode->flags |= DRM_MODE_FLAG_DBLSCAN;
}

static void lines_repeated(drmModeModeInfo *mode)
{
	mode->vscan = 2;
}

static void stereo(drmModeModeInfo *mode)
{
	mode->flags |= DRM_MODE_FLAG_3D_FRAME_PACKING;
}

static void unknown_flags(drmModeModeInfo *mode)
{
	mode->flags |= 1u << 31;
}

/* A frame every 0.2 us, which a timer could not follow. */
static void storm(drmModeModeInfo *mode)
{
	mode->clock = 0x7fffffff;
}

static void just_too_fast(drmModeModeInfo *mode)
{
	mode->clock = mode->htotal * mode->vtotal / 1000 * 1003;
}

/* A frame takes 400 s: more nanoseconds than an int holds. */
static void standstill(drmModeModeInfo *mode)
{
	mode->clock = 1;
}

/* 2^32 pixels in all, of which an int shows none. */
static void totals_beyond_int(drmModeModeInfo *mode)
{
	mode->htotal = 0xffff;
	mode->vtotal = 0xffff;
	mode->clock = 0x7fffffff;
}

static const struct bad_mode bad_modes[] = {
	{ "no clock", no_clock },
	{ "a clock beyond an int", clock_beyond_int },
	{ "no width", no_width },
	{ "no height", no_height },
	{ "no totals", no_totals },
	{ "sync inside of the picture", sync_in_the_picture },
	{ "interlaced", interlaced },
	{ "doublescan", doublescan },
	{ "lines repeated", lines_repeated },
	{ "stereo", stereo },
	{ "unknown flags", unknown_flags },
	{ "millions of frames a second", storm },
	{ "1003 frames a second", just_too_fast },
	{ "a frame in minutes", standstill },
	{ "totals beyond an int", totals_beyond_int },
};

static int light(uint32_t refresh)
{
	drmModeModeInfo mode;
	int ret;

	mode_make(&mode, WIDTH, HEIGHT, refresh);
	ret = card_show(&card, &mode, frame.fb, 0, 0, 0);
	check(!ret, "%u Hz: %d", refresh, ret);
	return ret;
}

/* -ENOSPC: DRM found before that stereo needs a larger framebuffer. */
static bool is_refusal(int ret)
{
	return ret == -EINVAL || ret == -ERANGE || ret == -ENOSPC;
}

static void refused(const struct bad_mode *bad)
{
	drmModeModeInfo mode;
	int ret;

	mode_make(&mode, WIDTH, HEIGHT, 75);
	bad->spoil(&mode);
	ret = card_show(&card, &mode, frame.fb, 0, 0, DRM_MODE_ATOMIC_TEST_ONLY);
	check(is_refusal(ret), "test-only, %s: %d", bad->name, ret);
	ret = card_show(&card, &mode, frame.fb, 0, 0, 0);
	check(is_refusal(ret), "%s: %d", bad->name, ret);
	ret = drmModeSetCrtc(card.fd, card.crtc, frame.fb, 0, 0,
			     &card.connector->connector_id, 1, &mode);
	check(is_refusal(ret), "legacy, %s: %d", bad->name, ret);
}

static void all_refused(void)
{
	drmModeCrtc *crtc;

	if (light(60))
		return;
	for (unsigned int i = 0; i < ARRAY_SIZE(bad_modes); i++)
		refused(&bad_modes[i]);
	crtc = drmModeGetCrtc(card.fd, card.crtc);
	check(crtc && crtc->mode_valid && crtc->mode.vrefresh < 65,
	      "the mode of 60 Hz is gone");
	drmModeFreeCrtc(crtc);
	host_check_picture("modes", WIDTH, HEIGHT, "qxl_pattern %u %u %u",
			   WIDTH, HEIGHT, SEED);
}

/* Odd, even, narrow, low. */
static void any_size(void)
{
	static const uint16_t sizes[][2] = { { 1, 1 },     { 2, 3 },
					     { 63, 200 },  { 1501, 7 },
					     { 801, 601 }, { 1502, 1126 } };

	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
		uint32_t width = sizes[i][0], height = sizes[i][1];
		struct picture picture;
		drmModeModeInfo mode;
		struct dumb dumb;
		char name[64];
		int ret = dumb_frame(&dumb, card.fd, width, height);

		if (!check(!ret, "dumb buffer %ux%u: %d", width, height, ret))
			return;
		picture = dumb_picture(&dumb);
		pattern_draw(&picture, SEED + i);
		mode_make(&mode, width, height, 60);
		if (!mode.clock)
			mode.clock = LEAST_CLOCK_KHZ;
		snprintf(name, sizeof(name), "modes-%s", mode.name);
		ret = card_show(&card, &mode, dumb.fb, 0, 0, 0);
		if (check(!ret, "%s: %d", mode.name, ret))
			host_check_picture(name, width, height,
					   "qxl_pattern %u %u %u", width,
					   height, SEED + i);
		card_off(&card);
		dumb_destroy(&dumb);
	}
}

/* Microseconds between the first of @flips and the last, negative on failure. */
static int64_t flip(unsigned int flips)
{
	struct card_event event = {};
	int64_t first = 0;
	int ret;

	for (unsigned int i = 0; i < flips; i++) {
		ret = card_update(
			&card, frame.fb, NULL, 0,
			DRM_MODE_PAGE_FLIP_EVENT | DRM_MODE_ATOMIC_NONBLOCK, i);
		if (!check(!ret, "flip %u: %d", i, ret))
			return -1;
		ret = card_wait_event(&card, &event, 5000);
		if (!check(!ret, "flip %u has no event: %d", i, ret))
			return -1;
		first = i ? first : event.time_us;
	}
	return event.time_us - first;
}

/* Never faster than the mode; a busy machine may be slower. */
static void paced(uint32_t refresh, unsigned int flips)
{
	int64_t least = (flips - 1) * 1000000ll / refresh, took;

	if (light(refresh))
		return;
	took = flip(flips);
	if (took < 0)
		return;
	ktap_note("%u Hz: %u flips in %lld us", refresh, flips, (long long)took);
	check(took >= least - least / 50, "%u flips took %lld us of %lld",
	      flips, (long long)took, (long long)least);
}

static void slow(void)
{
	paced(1, 3);
	check(flip(1) >= 0, "no flip after that");
}

static void fast(void)
{
	paced(1000, 200);
	paced(240, 50);
}

static const struct ktap_case cases[] = {
	{ .name = "nonsense is refused", .run = all_refused },
	{ .name = "sizes of any kind are shown", .run = any_size },
	{ .name = "1 Hz", .run = slow },
	{ .name = "1000 Hz and 240 Hz", .run = fast },
};

int main(void)
{
	int status = ktap_run(cases, ARRAY_SIZE(cases), setup);

	card_off(&card);
	dumb_destroy(&frame);
	card_close(&card);
	return status;
}
