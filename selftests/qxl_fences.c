// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fences of commits. One head has a blanking every two seconds only, so that the
 * fence of a commit on it is a fence that can be seen waiting.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xf86drm.h>

#include "card.h"
#include "clock.h"
#include "dumb.h"
#include "fence.h"
#include "host.h"
#include "ktap.h"
#include "mode.h"

#define WIDTH 640
#define HEIGHT 480
#define EVENT_MS 10000
/* A fence and an event of one commit have one time, in different units. */
#define SAME_US 1000
#define CHAIN 20

#define NONBLOCK (DRM_MODE_ATOMIC_NONBLOCK | DRM_MODE_PAGE_FLIP_EVENT)

enum { SLOW, FAST, HEADS };

static struct card card;
static struct card heads[HEADS];
static struct dumb screens[HEADS];

static void setup(void)
{
	drmModeModeInfo mode;

	card_open(&card);
	for (unsigned int i = 0; i < HEADS; i++) {
		int ret = card_open_head(&card, i, &heads[i]);

		if (ret)
			ktap_skip_all("head %u: %d; num_heads=%u is for this",
				      i, ret, HEADS);
		ret = dumb_frame(&screens[i], card.fd, WIDTH, HEIGHT);
		if (i == SLOW)
			mode_make_slow(&mode, WIDTH, HEIGHT);
		else
			mode_make(&mode, WIDTH, HEIGHT, 60);
		if (!ret)
			ret = card_show(&heads[i], &mode, screens[i].fb, 0, 0, 0);
		if (ret)
			ktap_bail("head %u: %d", i, ret);
	}
}

static int flip(unsigned int i, int in_fence, int32_t *out_fence,
		uint32_t flags, uint64_t user_data)
{
	struct card_flip what = {
		.fb = screens[i].fb,
		.in_fence = in_fence,
		.out_fence = out_fence,
		.flags = flags,
		.user_data = user_data,
	};

	return card_flip(&heads[i], &what);
}

static bool await_event(uint64_t user_data, struct card_event *event)
{
	int ret = card_wait_event(&card, event, EVENT_MS);

	return check(!ret && event->user_data == user_data,
		     "event of %" PRIu64 ": %d, of %" PRIu64, user_data, ret,
		     event->user_data);
}

static void check_signals(int fence, const char *what)
{
	int state = fence_state(fence, EVENT_MS);

	check(state == 1, "%s: %d", what, state);
}

/*
 * A fence that signals in nearly two seconds. Its event, of @user_data, is to be
 * taken by the caller.
 */
static int slow_fence(uint64_t user_data)
{
	struct card_event event;
	int32_t fence = -1;
	int ret;

	/* from one blanking to the next */
	ret = flip(SLOW, -1, NULL, NONBLOCK, user_data);
	check(!ret, "flip: %d", ret);
	await_event(user_data, &event);
	ret = flip(SLOW, -1, &fence, NONBLOCK, user_data);
	check(!ret, "flip with a fence: %d", ret);
	check(fence >= 0, "its fence: %d", fence);
	check(!fence_state(fence, 0), "it is not pending: %d",
	      fence_state(fence, 0));
	return fence;
}

static void out_fence(void)
{
	struct sync_fence_info info;
	struct card_event event;
	int32_t fence = slow_fence(1);

	if (fence_info(fence, &info)) {
		check(info.status == 0, "status %d before blanking", info.status);
		check(!strcmp(info.driver_name, "qxl"), "driver \"%s\"",
		      info.driver_name);
	}
	check_signals(fence, "out-fence");
	await_event(1, &event);
	if (fence_info(fence, &info)) {
		int64_t time_us = info.timestamp_ns / 1000;

		check(info.status == 1, "status %d after blanking", info.status);
		check(llabs(time_us - event.time_us) <= SAME_US,
		      "the fence's time is %" PRId64 ", the event's %" PRId64,
		      time_us, event.time_us);
	}
	close(fence);
}

static void out_fence_of_a_blocking_commit(void)
{
	struct card_event event;
	int32_t fence = -1;
	int ret = flip(FAST, -1, &fence, 0, 0);

	check(!ret && fence >= 0, "commit: %d, fence %d", ret, fence);
	check_signals(fence, "out-fence");
	ret = card_wait_event(&card, &event, 0);
	check(ret == -ETIMEDOUT, "an event that nobody asked for: %d", ret);
	close(fence);
}

static void no_out_fence(void)
{
	struct card_flip what = { .fb = 0xdead, .in_fence = -1 };
	int32_t fence = 1234;
	int ret;

	ret = flip(FAST, -1, &fence, DRM_MODE_ATOMIC_TEST_ONLY, 0);
	check(!ret && fence == -1, "test: %d, fence %d", ret, fence);
	fence = 1234;
	ret = flip(FAST, 0xdead, &fence, 0, 0);
	check(ret == -EINVAL, "bad in-fence: %d", ret);
	fence = 1234;
	what.out_fence = &fence;
	ret = card_flip(&heads[FAST], &what);
	check(ret == -EINVAL && (fence == 1234 || fence == -1),
	      "no such framebuffer: %d, fence %d", ret, fence);
	ret = flip(FAST, -1, (int32_t *)8, 0, 0);
	check(ret == -EFAULT, "an address that is none: %d", ret);
}

static void bad_in_fences(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int ret;

	ret = flip(FAST, null, NULL, 0, 0);
	check(ret == -EINVAL, "/dev/null: %d", ret);
	ret = flip(FAST, card.fd, NULL, 0, 0);
	check(ret == -EINVAL, "the card: %d", ret);
	close(null);
	ret = flip(FAST, null, NULL, 0, 0);
	check(ret == -EINVAL, "closed: %d", ret);
}

static void paint(uint32_t seed)
{
	struct picture picture = dumb_picture(&screens[FAST]);

	pattern_draw(&picture, seed);
}

/* What is on screen is what was in memory when the fence signalled. */
static void in_fence(void)
{
	struct card_event first, second;
	int32_t fence, out = -1;
	int64_t start;
	int ret;

	paint(130);
	ret = flip(FAST, -1, NULL, 0, 0);
	check(!ret, "first picture: %d", ret);
	fence = slow_fence(1);
	start = now_us();
	ret = flip(FAST, fence, &out, NONBLOCK, 2);
	check(!ret, "flip with an in-fence: %d", ret);
	close(fence);
	ktap_note("the commit took %lld us", (long long)(now_us() - start));
	check(!fence_state(out, 0), "its fence is signalled before the other's");
	paint(131);
	check(!fence_state(out, 0), "painting took too long: nothing was tested");
	ret = flip(FAST, -1, NULL, NONBLOCK, 3);
	check(ret == -EBUSY, "a flip meanwhile: %d", ret);
	await_event(1, &first);
	await_event(2, &second);
	check_signals(out, "out-fence");
	check(second.time_us > first.time_us,
	      "shown at %" PRId64 ", its fence signalled at %" PRId64,
	      second.time_us, first.time_us);
	close(out);
	/* the other half is what the first head shows: black */
	host_check_picture("fences", 2 * WIDTH, HEIGHT,
			   "qxl_fences --reference 131");
}

static void blocking_in_fence(void)
{
	struct card_event event;
	int32_t fence = slow_fence(1);
	int ret = flip(FAST, fence, NULL, 0, 0);

	check(!ret, "blocking commit with an in-fence: %d", ret);
	check(fence_state(fence, 0) == 1, "it did not wait: %d",
	      fence_state(fence, 0));
	await_event(1, &event);
	/* one that has signalled long ago */
	ret = flip(FAST, fence, NULL, NONBLOCK, 2);
	check(!ret, "with a signalled one: %d", ret);
	await_event(2, &event);
	close(fence);
}

/* Each commit waits for the one before, on the other head. */
static void chain(void)
{
	struct card_event event;
	int32_t fence = -1, next;
	int ret = 0;

	for (int i = 0; !ret && i < CHAIN; i++) {
		next = -1;
		ret = flip(FAST, fence, &next, NONBLOCK, i);
		check(!ret, "commit %d: %d", i, ret);
		if (fence >= 0)
			close(fence);
		fence = next;
		if (!await_event(i, &event))
			break;
	}
	check_signals(fence, "the last fence");
	close(fence);
}

/* A head that goes off owes nothing any more. */
static void off_while_pending(void)
{
	struct card_event event;
	int32_t fence = slow_fence(1);
	drmModeModeInfo mode;
	int ret = card_off(&heads[SLOW]);

	check(!ret, "off: %d", ret);
	check_signals(fence, "the fence of a head that is off");
	await_event(1, &event);
	close(fence);
	mode_make_slow(&mode, WIDTH, HEIGHT);
	ret = card_show(&heads[SLOW], &mode, screens[SLOW].fb, 0, 0, 0);
	check(!ret, "on: %d", ret);
}

/* The framebuffer goes while a commit waits to show it. */
static void framebuffer_goes(void)
{
	struct card_event event;
	struct dumb screen;
	struct card_flip what = { .flags = NONBLOCK, .user_data = 2 };
	int ret = dumb_frame(&screen, card.fd, WIDTH, HEIGHT);

	if (!check(!ret, "framebuffer: %d", ret))
		return;
	what.in_fence = slow_fence(1);
	what.fb = screen.fb;
	ret = card_flip(&heads[FAST], &what);
	check(!ret, "flip: %d", ret);
	close(what.in_fence);
	dumb_destroy(&screen);
	await_event(1, &event);
	await_event(2, &event);
	card_is_showing(&heads[FAST], WIDTH, HEIGHT, &what.fb);
	check(!what.fb, "the head shows framebuffer %u, which is gone", what.fb);
}

static const struct ktap_case cases[] = {
	{ .name = "out-fence", .run = out_fence },
	{ .name = "out-fence of a blocking commit",
	  .run = out_fence_of_a_blocking_commit },
	{ .name = "no out-fence", .run = no_out_fence },
	{ .name = "bad in-fences", .run = bad_in_fences },
	{ .name = "in-fence", .run = in_fence },
	{ .name = "in-fence of a blocking commit", .run = blocking_in_fence },
	{ .name = "a chain of fences", .run = chain },
	{ .name = "a head goes off with a fence pending",
	  .run = off_while_pending },
	{ .name = "a framebuffer goes while a commit waits",
	  .run = framebuffer_goes },
};

/* Black and, beside it, the pattern. */
static int write_reference(uint32_t seed, const char *path)
{
	struct picture picture = picture_new(2 * WIDTH, HEIGHT), right = picture;
	int ret;

	right.pixels += WIDTH;
	right.width = WIDTH;
	pattern_draw(&right, seed);
	ret = picture_save_reference(&picture, path);
	picture_free(&picture);
	return ret;
}

int main(int argc, char **argv)
{
	int status;

	if (argc == 4 && !strcmp(argv[1], "--reference"))
		return write_reference(strtoul(argv[2], NULL, 10), argv[3]);
	status = ktap_run(cases, ARRAY_SIZE(cases), setup);
	for (unsigned int i = 0; i < HEADS; i++) {
		card_off(&heads[i]);
		dumb_destroy(&screens[i]);
		card_close_head(&heads[i]);
	}
	card_close(&card);
	return status;
}
