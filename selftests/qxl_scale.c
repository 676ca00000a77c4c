// SPDX-License-Identifier: GPL-2.0-only
/*
 * What much of everything costs: the host is woken once for a commit, a rectangle
 * costs the same among 4,096, an object among 50,000, and four heads of 4K show
 * frame after frame.
 *
 * usage: qxl_scale [heads]	the four heads only, for machines with the memory
 */
#include <errno.h>
#include <inttypes.h>
#include <qxl_drm.h>
#include <spice/enums.h>
#include <stdlib.h>
#include <string.h>
#include <xf86drm.h>

#include "card.h"
#include "clock.h"
#include "counters.h"
#include "dumb.h"
#include "heads.h"
#include "host.h"
#include "ktap.h"
#include "pattern.h"

#define WIDTH 1920
#define HEIGHT 1080
#define SEED 21
#define SQUARE_BYTES (PATTERN_SQUARE * PATTERN_SQUARE * 4)
#define ROUNDS 5
/* A machine that others use, too, may take so much longer at times. */
#define SLACK 4
#define FEW 10
#define MANY 50000
#define SURFACES 900
#define TIMED 200
#define HEADS 4
#define FOUR_4K (128ull << 20) /* what they are rounded up to */
#define FRAMES 4
#define FRAME_US 10000000
/* More than one call of the driver's core takes, fewer than a ring. */
#define SOME 24

static struct card card;
static struct dumb screen, pointers[2];

static void setup(void)
{
	drmModeModeInfo mode;

	card_open(&card);
	card_mode(&card, WIDTH, HEIGHT, &mode);
	if (dumb_frame(&screen, card.fd, WIDTH, HEIGHT) ||
	    card_show(&card, &mode, screen.fb, 0, 0, 0))
		ktap_bail("no screen: errno %d", errno);
}

static uint64_t counter(const char *name)
{
	uint64_t value = 0;

	check(counter_read(card.path, name, &value), "no counter %s", name);
	return value;
}

/* What it takes when the host has nothing else to do just then. */
static int64_t fastest(const int64_t *times, unsigned int count)
{
	int64_t least = times[0];

	for (unsigned int i = 1; i < count; i++)
		if (times[i] < least)
			least = times[i];
	return least;
}

/* Rectangles ------------------------------------------------------------------ */

static int64_t update(const struct drm_mode_rect *rects, uint32_t count)
{
	int64_t start = now_ns();
	int ret = card_update(&card, screen.fb, rects, count, 0, 0);

	check(!ret, "%u rectangles: %d", count, ret);
	return now_ns() - start;
}

static void rectangles(void)
{
	static struct drm_mode_rect rects[PATTERN_SQUARES];
	static const uint32_t counts[] = { 1, 16, 256, PATTERN_SQUARES };
	struct picture picture = dumb_picture(&screen);
	int64_t each[ARRAY_SIZE(counts)];

	pattern_draw(&picture, SEED);
	update(NULL, 0);
	for (unsigned int c = 0; c < ARRAY_SIZE(counts); c++) {
		uint64_t bytes = counter("presented_bytes");
		uint64_t commands = counter("commands");
		int64_t times[ROUNDS];

		for (uint32_t round = 0; round < ROUNDS; round++) {
			pattern_squares(&picture, rects, counts[c],
					10 * c + round);
			times[round] = update(rects, counts[c]) / counts[c];
		}
		bytes = counter("presented_bytes") - bytes;
		commands = counter("commands") - commands;
		each[c] = fastest(times, ROUNDS);
		ktap_note("%u rectangles: %" PRId64 " ns each", counts[c],
			  each[c]);
		check(bytes == ROUNDS * counts[c] * SQUARE_BYTES,
		      "%u rectangles: %" PRIu64 " bytes", counts[c], bytes);
		check(commands == ROUNDS * counts[c],
		      "%u rectangles: %" PRIu64 " commands", counts[c],
		      commands);
	}
	check(each[3] <= SLACK * each[2],
	      "one of 4,096 rectangles costs %" PRId64
	      " ns, one of 256 %" PRId64,
	      each[3], each[2]);
	host_check_picture("scale-rectangles", WIDTH, HEIGHT,
			   "qxl_pattern %d %d %d %d", WIDTH, HEIGHT, SEED,
			   10 * 3 + ROUNDS - 1);
}

/* Waking the host --------------------------------------------------------------- */

static void check_wakes(const char *what, uint64_t before)
{
	uint64_t wakes = counter("notifies") - before;

	check(wakes <= 1, "%s: the host was woken %" PRIu64 " times", what,
	      wakes);
}

static void one_wake_up(void)
{
	struct drm_mode_rect rects[SOME];
	struct picture picture = dumb_picture(&screen);
	size_t rows = (size_t)screen.pitch * 16;

	for (uint32_t round = 0; round < ROUNDS; round++) {
		uint64_t before;

		/* in several calls of the core */
		pattern_squares(&picture, rects, SOME, round);
		before = counter("notifies");
		update(rects, SOME);
		check_wakes("scattered rectangles", before);
		/* what has moved, and what is new */
		pattern_draw(&picture, 40 + round);
		update(NULL, 0);
		memmove(screen.map, (uint8_t *)screen.map + rows,
			(size_t)screen.pitch * HEIGHT - rows);
		before = counter("notifies");
		update(NULL, 0);
		check_wakes("scrolling", before);
	}
}

static void pointer(void)
{
	for (int i = 0; i < 2; i++) {
		if (dumb_create(&pointers[i], card.fd, 64, 64) ||
		    dumb_map(&pointers[i]))
			ktap_bail("no pointer: errno %d", errno);
		memset(pointers[i].map, 0x40 + i, pointers[i].size);
	}
	for (uint32_t round = 0; round < 2 * ROUNDS; round++) {
		uint64_t before = counter("notifies");

		check(!drmModeSetCursor(card.fd, card.crtc,
					pointers[round % 2].handle, 64, 64),
		      "set: errno %d", errno);
		check_wakes("a pointer", before);
		before = counter("notifies");
		drmModeMoveCursor(card.fd, card.crtc, 5 + round, 7);
		check_wakes("a move", before);
	}
	drmModeSetCursor(card.fd, card.crtc, 0, 0, 0);
	dumb_destroy(&pointers[0]);
	dumb_destroy(&pointers[1]);
}

/* Objects ----------------------------------------------------------------------- */

static int alloc_memory(uint32_t *handle)
{
	struct drm_qxl_alloc args = { .size = 4096 };
	int ret = drmIoctl(card.fd, DRM_IOCTL_QXL_ALLOC, &args) ? -errno : 0;

	*handle = args.handle;
	return ret;
}

/* One that the host has, too. */
static int alloc_surface(uint32_t *handle)
{
	struct drm_qxl_alloc_surf args = { .format = SPICE_SURFACE_FMT_32_xRGB,
					   .width = 16,
					   .height = 16,
					   .stride = 64 };
	struct drm_qxl_update_area area = { .right = 16, .bottom = 16 };

	if (drmIoctl(card.fd, DRM_IOCTL_QXL_ALLOC_SURF, &args))
		return -errno;
	*handle = area.handle = args.handle;
	return drmIoctl(card.fd, DRM_IOCTL_QXL_UPDATE_AREA, &area) ? -errno : 0;
}

static void free_handle(uint32_t handle)
{
	struct drm_gem_close args = { .handle = handle };

	drmIoctl(card.fd, DRM_IOCTL_GEM_CLOSE, &args);
}

/* What creating and closing one takes, in ns. */
static int64_t time_one(int (*alloc)(uint32_t *))
{
	int64_t times[TIMED];

	for (unsigned int i = 0; i < TIMED; i++) {
		int64_t start = now_ns();
		uint32_t handle;
		int ret = alloc(&handle);

		if (!check(!ret, "one more: %d", ret))
			return 0;
		free_handle(handle);
		times[i] = now_ns() - start;
	}
	return fastest(times, TIMED);
}

static void among_many(const char *what, int (*alloc)(uint32_t *), uint32_t many)
{
	uint32_t *handles = calloc(many, sizeof(*handles));
	int64_t among_few = 0, among_all = 0;
	uint32_t count = 0;

	while (count < many) {
		int ret = alloc(&handles[count]);

		if (!check(!ret, "%s %u: %d", what, count, ret))
			break;
		if (++count == FEW)
			among_few = time_one(alloc);
	}
	if (count == many)
		among_all = time_one(alloc);
	ktap_note("%s: %" PRId64 " ns among %d, %" PRId64 " ns among %u", what,
		  among_few, FEW, among_all, count);
	check(among_all <= SLACK * among_few,
	      "%s: %" PRId64 " ns, then %" PRId64, what, among_few, among_all);
	while (count)
		free_handle(handles[--count]);
	free(handles);
}

static void objects(void)
{
	among_many("objects", alloc_memory, MANY);
}

static void surfaces(void)
{
	among_many("surfaces", alloc_surface, SURFACES);
	counter_check(card.path, "surfaces", 0);
}

/* Four heads -------------------------------------------------------------------- */

static void four_heads(void)
{
	struct head heads[HEADS];
	struct picture picture;
	struct dumb frame;
	int64_t worst = 0;
	int ret;

	if (card_memory(&card) < 2 * FOUR_4K ||
	    heads_find(&card, heads, HEADS) < HEADS) {
		ktap_skip("no memory for four heads of 4K, or fewer heads");
		return;
	}
	card_off(&card);
	ret = dumb_frame(&frame, card.fd, HEADS * 3840, 2160);
	if (!check(!ret, "framebuffer: %d", ret))
		return;
	for (uint32_t i = 0; !ret && i < HEADS; i++)
		ret = head_show(&card, &heads[i], frame.fb, i * 3840, 3840, 2160);
	picture = dumb_picture(&frame);
	for (uint32_t i = 0; check(!ret, "heads: %d", ret) && i < FRAMES; i++) {
		int64_t start;

		pattern_draw(&picture, i);
		start = now_us();
		ret = drmModeDirtyFB(card.fd, frame.fb, NULL, 0);
		if (now_us() - start > worst)
			worst = now_us() - start;
	}
	ktap_note("133 MB took %" PRId64 " ms at most", worst / 1000);
	check(worst < FRAME_US, "a frame took %" PRId64 " us", worst);
	check(counter("stalls") == 0, "the host was given up");
	host_check_picture("scale-heads", HEADS * 3840, 2160,
			   "qxl_pattern %d 2160 %d", HEADS * 3840, FRAMES - 1);
	for (unsigned int i = 0; i < HEADS; i++)
		head_off(&card, &heads[i]);
	dumb_destroy(&frame);
}

static const struct ktap_case cases[] = {
	{ .name = "4,096 rectangles", .run = rectangles },
	{ .name = "one wake-up for a commit", .run = one_wake_up },
	{ .name = "one wake-up for a pointer", .run = pointer },
	{ .name = "50,000 objects", .run = objects },
	{ .name = "900 surfaces", .run = surfaces },
};
static const struct ktap_case heads_cases[] = {
	{ .name = "four heads of 4K", .run = four_heads },
};

int main(int argc, char **argv)
{
	bool heads = argc > 1 && !strcmp(argv[1], "heads");
	int status = heads ? ktap_run(heads_cases, ARRAY_SIZE(heads_cases),
				      setup) :
			     ktap_run(cases, ARRAY_SIZE(cases), setup);

	card_off(&card);
	dumb_destroy(&screen);
	card_close(&card);
	return status;
}
