// SPDX-License-Identifier: GPL-2.0-only
/*
 * What compositors do: modes, flips, damage, the pointer. Damaged pixels have
 * really changed, each time.
 */
#include <drm_fourcc.h>
#include <errno.h>
#include <string.h>

#include "bench.h"
#include "ktap.h"
#include "mode.h"

#define CURSOR_SIDE 64
#define SCROLL_ROWS 16
#define SMALL_WIDTH 1024
#define SMALL_HEIGHT 768

static drmModeModeInfo small_mode;
static struct dumb small_frame;
static struct dumb cursors[2];

static void change(const struct dumb *frame, const struct drm_mode_rect *clip,
		   uint32_t i)
{
	struct picture picture = dumb_picture(frame);

	for (int32_t y = clip->y1; y < clip->y2; y++)
		for (int32_t x = clip->x1; x < clip->x2; x++)
			picture.pixels[y * picture.pitch + x] =
				(x * 5 + y * 3 + i * 7) & 0xffffff;
}

static const struct drm_mode_rect whole = { 0, 0, BENCH_WIDTH, BENCH_HEIGHT };

/* Modes and flips ------------------------------------------------------------- */

static int begin_modeset(struct bench *bench)
{
	card_mode(&bench->card, SMALL_WIDTH, SMALL_HEIGHT, &small_mode);
	return dumb_frame(&small_frame, bench->card.fd, SMALL_WIDTH,
			  SMALL_HEIGHT);
}

static void end_modeset(struct bench *bench)
{
	(void)bench;
	dumb_destroy(&small_frame);
}

static void show_small(struct bench *bench, uint32_t i)
{
	(void)i;
	card_show(&bench->card, &small_mode, small_frame.fb, 0, 0, 0);
}

static int run_modeset(struct bench *bench, uint32_t i)
{
	(void)i;
	return card_show(&bench->card, &bench->mode, bench->frames[0].fb, 0, 0,
			 0);
}

static void change_back(struct bench *bench, uint32_t i)
{
	change(&bench->frames[!(i & 1)], &whole, i);
}

/* Without an event: what is measured is work, not the wait for blanking. */
static int run_flip(struct bench *bench, uint32_t i)
{
	return card_update(&bench->card, bench->frames[!(i & 1)].fb, NULL, 0, 0,
			   0);
}

static void show_front(struct bench *bench)
{
	card_update(&bench->card, bench->frames[0].fb, NULL, 0, 0, 0);
}

/* Damage ---------------------------------------------------------------------- */

static int dirty(struct bench *bench, const struct drm_mode_rect *clips,
		 uint32_t count)
{
	drmModeClip legacy[256];

	for (uint32_t i = 0; i < count; i++)
		legacy[i] = (drmModeClip){ clips[i].x1, clips[i].y1,
					   clips[i].x2, clips[i].y2 };
	return drmModeDirtyFB(bench->card.fd, bench->frames[0].fb, legacy, count);
}

static void change_all(struct bench *bench, uint32_t i)
{
	change(&bench->frames[0], &whole, i);
}

static int run_dirty_all(struct bench *bench, uint32_t i)
{
	(void)i;
	return dirty(bench, &whole, 1);
}

static void scroll(struct bench *bench, uint32_t i)
{
	const struct drm_mode_rect fresh = { 0, BENCH_HEIGHT - SCROLL_ROWS,
					     BENCH_WIDTH, BENCH_HEIGHT };
	struct dumb *frame = &bench->frames[0];
	size_t rows = (size_t)frame->pitch * SCROLL_ROWS;

	memmove(frame->map, (uint8_t *)frame->map + rows,
		(size_t)frame->pitch * BENCH_HEIGHT - rows);
	change(frame, &fresh, i);
}

/* Scattered squares, @columns in each of as many rows. */
static uint32_t squares(struct drm_mode_rect *clips, uint32_t columns,
			uint32_t rows, uint32_t side)
{
	uint32_t count = 0;

	for (uint32_t y = 0; y < rows; y++) {
		for (uint32_t x = 0; x < columns; x++) {
			uint32_t left = 7 + x * (BENCH_WIDTH / columns);
			uint32_t top = 5 + y * (BENCH_HEIGHT / rows);

			clips[count++] = (struct drm_mode_rect){ left, top,
								 left + side,
								 top + side };
		}
	}
	return count;
}

static void change_squares(struct bench *bench, uint32_t columns, uint32_t rows,
			   uint32_t side, uint32_t i)
{
	struct drm_mode_rect clips[256];
	uint32_t count = squares(clips, columns, rows, side);

	for (uint32_t n = 0; n < count; n++)
		change(&bench->frames[0], &clips[n], i);
}

static int dirty_squares(struct bench *bench, uint32_t columns, uint32_t rows,
			 uint32_t side)
{
	struct drm_mode_rect clips[256];
	uint32_t count = squares(clips, columns, rows, side);

	return dirty(bench, clips, count);
}

static void change_one(struct bench *bench, uint32_t i)
{
	change_squares(bench, 1, 1, 64, i);
}

static int run_dirty_one(struct bench *bench, uint32_t i)
{
	(void)i;
	return dirty_squares(bench, 1, 1, 64);
}

static void change_eight(struct bench *bench, uint32_t i)
{
	change_squares(bench, 4, 2, 16, i);
}

static int run_dirty_eight(struct bench *bench, uint32_t i)
{
	(void)i;
	return dirty_squares(bench, 4, 2, 16);
}

static void change_many(struct bench *bench, uint32_t i)
{
	change_squares(bench, 16, 16, 8, i);
}

static int run_dirty_many(struct bench *bench, uint32_t i)
{
	(void)i;
	return dirty_squares(bench, 16, 16, 8);
}

/* The pointer ----------------------------------------------------------------- */

static int set_cursor(struct bench *bench, uint32_t i)
{
	return drmModeSetCursor2(bench->card.fd, bench->card.crtc,
				 cursors[i & 1].handle, CURSOR_SIDE,
				 CURSOR_SIDE, 1, 1) ?
		       -errno :
		       0;
}

static int begin_cursor(struct bench *bench)
{
	int ret = 0;

	for (int n = 0; !ret && n < 2; n++) {
		ret = dumb_create(&cursors[n], bench->card.fd, CURSOR_SIDE,
				  CURSOR_SIDE);
		if (!ret)
			ret = dumb_map(&cursors[n]);
		if (!ret)
			memset(cursors[n].map, 0x80 + n, cursors[n].size);
	}
	return ret ? ret : set_cursor(bench, 0);
}

static void end_cursor(struct bench *bench)
{
	drmModeSetCursor(bench->card.fd, bench->card.crtc, 0, 0, 0);
	dumb_destroy(&cursors[0]);
	dumb_destroy(&cursors[1]);
}

static int run_cursor_move(struct bench *bench, uint32_t i)
{
	return drmModeMoveCursor(bench->card.fd, bench->card.crtc, 10 + i % 500,
				 20 + i % 300) ?
		       -errno :
		       0;
}

const struct operation display_operations[] = {
	{ .name = "modeset",
	  .begin = begin_modeset,
	  .prepare = show_small,
	  .run = run_modeset,
	  .end = end_modeset,
	  .runs = 10 },
	{ .name = "flip, full screen",
	  .prepare = change_back,
	  .run = run_flip,
	  .end = show_front,
	  .runs = 20 },
	{ .name = "dirty, full screen",
	  .prepare = change_all,
	  .run = run_dirty_all,
	  .runs = 20 },
	{ .name = "dirty, one 64x64",
	  .prepare = change_one,
	  .run = run_dirty_one,
	  .runs = 50 },
	{ .name = "dirty, eight scattered 16x16",
	  .prepare = change_eight,
	  .run = run_dirty_eight,
	  .runs = 50 },
	{ .name = "dirty, 256 scattered 8x8",
	  .prepare = change_many,
	  .run = run_dirty_many,
	  .runs = 20 },
	{ .name = "scroll by 16 rows",
	  .prepare = scroll,
	  .run = run_dirty_all,
	  .runs = 20 },
	{ .name = "cursor move",
	  .begin = begin_cursor,
	  .run = run_cursor_move,
	  .end = end_cursor,
	  .runs = 100 },
	{ .name = "cursor set",
	  .begin = begin_cursor,
	  .run = set_cursor,
	  .end = end_cursor,
	  .runs = 50 },
};
const uint32_t display_operation_count = ARRAY_SIZE(display_operations);
