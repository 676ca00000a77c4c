// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pointers of several heads. Each head has a cursor plane, the host has one
 * pointer: that of the head it was moved to last. Heads' images differ in size,
 * by which the host tells whose is shown.
 */
#include <drm_fourcc.h>
#include <errno.h>
#include <string.h>
#include <xf86drm.h>

#include "card.h"
#include "clock.h"
#include "dumb.h"
#include "host.h"
#include "ktap.h"
#include "mode.h"

#define HEADS 2
#define WIDTH 640
#define HEIGHT 480
#define MOVES 40

static struct card card;
static struct card heads[HEADS];
static struct dumb screens[HEADS];
static struct dumb images[HEADS];
static const uint32_t sides[HEADS] = { 64, 32 };

static void make_image(unsigned int i)
{
	int ret = dumb_create(&images[i], card.fd, sides[i], sides[i]);

	if (!ret)
		ret = dumb_map(&images[i]);
	if (!ret)
		ret = dumb_add_fb(&images[i], DRM_FORMAT_ARGB8888);
	if (ret)
		ktap_bail("image of %u: %d", sides[i], ret);
	memset(images[i].map, 0x80 + i, images[i].size);
}

static void light(unsigned int i)
{
	drmModeModeInfo mode;
	int ret;

	mode_make(&mode, WIDTH, HEIGHT, 60);
	ret = card_show(&heads[i], &mode, screens[i].fb, 0, 0, 0);
	if (ret)
		ktap_bail("head %u: %d", i, ret);
}

static void setup(void)
{
	card_open(&card);
	for (unsigned int i = 0; i < HEADS; i++) {
		int ret = card_open_head(&card, i, &heads[i]);

		if (ret)
			ktap_skip_all("head %u: %d; num_heads=%u is for this",
				      i, ret, HEADS);
		if (!heads[i].cursor.id)
			ktap_bail("head %u has no cursor plane", i);
		ret = dumb_frame(&screens[i], card.fd, WIDTH, HEIGHT);
		if (ret)
			ktap_bail("framebuffer: %d", ret);
		make_image(i);
		light(i);
	}
}

static int put(unsigned int i, bool on, int32_t x, int32_t y)
{
	drmModeAtomicReq *request = drmModeAtomicAlloc();
	int ret;

	card_add_plane(&heads[i], request, &heads[i].cursor,
		       on ? images[i].fb : 0, x, y, on ? sides[i] : 0,
		       on ? sides[i] : 0);
	ret = card_commit(&card, request, 0, 0);
	drmModeAtomicFree(request);
	return ret;
}

static void atomic_show(unsigned int i, int32_t x, int32_t y)
{
	int ret = put(i, true, x, y);

	check(!ret, "head %u: show at %d,%d: %d", i, x, y, ret);
}

static void atomic_hide(unsigned int i)
{
	int ret = put(i, false, 0, 0);

	check(!ret, "head %u: hide: %d", i, ret);
}

static void legacy_show(unsigned int i, int32_t x, int32_t y)
{
	int ret = drmModeMoveCursor(card.fd, heads[i].crtc, x, y);

	if (!ret)
		ret = drmModeSetCursor(card.fd, heads[i].crtc, images[i].handle,
				       sides[i], sides[i]);
	check(!ret, "head %u: set at %d,%d: %d", i, x, y, ret);
}

static void legacy_hide(unsigned int i)
{
	int ret = drmModeSetCursor(card.fd, heads[i].crtc, 0, 0, 0);

	check(!ret, "head %u: unset: %d", i, ret);
}

struct way {
	void (*show)(unsigned int i, int32_t x, int32_t y);
	void (*hide)(unsigned int i);
};

static const struct way atomic = { atomic_show, atomic_hide };
static const struct way legacy = { legacy_show, legacy_hide };

static void check_shown(unsigned int i)
{
	host_check_cursor("shown %u %u 0 0", sides[i], sides[i]);
}

/* From head to head, in both orders of the two commits that it takes. */
static void change_heads(const void *arg)
{
	const struct way *way = arg;

	way->show(0, 100, 100);
	check_shown(0);
	way->hide(0);
	way->show(1, 100, 100);
	check_shown(1);
	way->show(0, 100, 100);
	way->hide(1);
	check_shown(0);
	way->show(1, 100, 100);
	way->hide(0);
	check_shown(1);
	way->hide(1);
	host_check_cursor("hidden");
}

/* The one that stays comes back with its image. */
static void both_show(const void *arg)
{
	const struct way *way = arg;

	way->show(0, 100, 100);
	way->show(1, 100, 100);
	check_shown(1);
	way->hide(1);
	check_shown(0);
	way->hide(0);
	host_check_cursor("hidden");
}

/* Across the border both have a part of it: the one with the hotspot has it. */
static void across_the_border(const void *arg)
{
	const struct way *way = arg;

	way->show(0, WIDTH - 10, 100);
	way->show(1, -10, 100);
	check_shown(0);
	way->show(0, WIDTH + 10, 100);
	way->show(1, 10, 100);
	check_shown(1);
	way->hide(0);
	check_shown(1);
	way->hide(1);
	host_check_cursor("hidden");
}

/* A head that goes off takes its own pointer with it, and no other. */
static void head_goes_off(void)
{
	int ret;

	atomic_show(1, 100, 100);
	ret = card_off(&heads[0]);
	check(!ret, "head 0 off: %d", ret);
	check_shown(1);
	light(0);
	check_shown(1);
	ret = card_off(&heads[1]);
	check(!ret, "head 1 off: %d", ret);
	host_check_cursor("hidden");
	light(1);
}

/* Whoever moves the pointer must not be stopped by the picture's pace. */
static int64_t move_while_flipping(void)
{
	struct card_flip flip = { .fb = screens[0].fb,
				  .in_fence = -1,
				  .flags = DRM_MODE_ATOMIC_NONBLOCK |
					   DRM_MODE_PAGE_FLIP_EVENT };
	struct card_event event;
	int64_t worst = 0, took;
	int ret;

	ret = card_flip(&heads[0], &flip);
	check(!ret, "flip: %d", ret);
	for (int i = 0; i < MOVES; i++) {
		took = now_us();
		ret = drmModeMoveCursor(card.fd, heads[0].crtc, i, i);
		took = now_us() - took;
		check(!ret, "move %d: %d", i, ret);
		if (took > worst)
			worst = took;
	}
	/* the flip has not happened meanwhile: no move has waited for it */
	ret = card_wait_event(&card, &event, 0);
	check(ret == -ETIMEDOUT, "the flip's event came during the moves: %d",
	      ret);
	ret = card_wait_event(&card, &event, 5000);
	check(!ret, "no event: %d", ret);
	return worst;
}

/* With one blanking in two seconds, what waits for it is easy to tell. */
static void moves_wait_for_nothing(void)
{
	drmModeModeInfo mode;
	int64_t start, worst;
	int ret;

	mode_make_slow(&mode, WIDTH, HEIGHT);
	ret = card_show(&heads[0], &mode, screens[0].fb, 0, 0, 0);
	if (!check(!ret, "a slow mode: %d", ret))
		return;
	legacy_show(0, 5, 5);
	worst = move_while_flipping();
	ktap_note("%d moves while a flip is pending: the slowest took %lld us",
		  MOVES, (long long)worst);
	/* another image, too */
	memset(images[0].map, 0x90, images[0].size);
	start = now_us();
	legacy_show(0, 7, 7);
	ktap_note("a new image: %lld us", (long long)(now_us() - start));
	check_shown(0);
	legacy_hide(0);
	light(0);
}

static const struct ktap_case cases[] = {
	{ .name = "atomic: from head to head",
	  .run_with = change_heads,
	  .arg = &atomic },
	{ .name = "atomic: both show one", .run_with = both_show, .arg = &atomic },
	{ .name = "atomic: across the border",
	  .run_with = across_the_border,
	  .arg = &atomic },
	{ .name = "legacy: from head to head",
	  .run_with = change_heads,
	  .arg = &legacy },
	{ .name = "legacy: both show one", .run_with = both_show, .arg = &legacy },
	{ .name = "legacy: across the border",
	  .run_with = across_the_border,
	  .arg = &legacy },
	{ .name = "a head goes off", .run = head_goes_off },
	{ .name = "moves wait for no flip", .run = moves_wait_for_nothing },
};

int main(void)
{
	int status = ktap_run(cases, ARRAY_SIZE(cases), setup);

	for (unsigned int i = 0; i < HEADS; i++) {
		card_off(&heads[i]);
		dumb_destroy(&images[i]);
		dumb_destroy(&screens[i]);
		card_close_head(&heads[i]);
	}
	card_close(&card);
	return status;
}
