// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page flips and vblanks are paced at the mode's refresh. On a busy emulated
 * machine a flip may miss vblanks; what may not happen is that an event's
 * time does not belong to its sequence number.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <xf86drm.h>

#include "card.h"
#include "clock.h"
#include "dumb.h"
#include "ktap.h"
#include "mode.h"

#define FLIPS 120
#define VBLANKS 60
#define EVENT_MS 3000
/* Tries at waiting without a miss, since the machine has other work. */
#define IDLE_TRIES 4
/* Slower than this per flip is not a busy machine but a fault. */
#define FLIP_PERIODS_MAX 30

static struct card card;
static struct dumb dumbs[2];
static int64_t period_ns;

struct flip_kind {
	const char *name;
	int (*flip)(uint32_t fb, uint64_t user_data);
};

static void setup(void)
{
	drmModeModeInfo mode;
	int ret = 0;

	card_open(&card);
	card_mode(&card, 1024, 768, &mode);
	period_ns = mode_period_ns(&mode);
	for (uint32_t i = 0; i < ARRAY_SIZE(dumbs) && !ret; i++)
		ret = dumb_frame(&dumbs[i], card.fd, 1024, 768);
	if (!ret)
		ret = card_show(&card, &mode, dumbs[0].fb, 0, 0, 0);
	if (ret)
		ktap_bail("modeset 1024x768: %d", ret);
	ktap_note("%s, period %" PRId64 " ns", mode.name, period_ns);
}

static int flip_legacy(uint32_t fb, uint64_t user_data)
{
	return drmModePageFlip(card.fd, card.crtc, fb, DRM_MODE_PAGE_FLIP_EVENT,
			       (void *)(uintptr_t)user_data);
}

static int flip_atomic(uint32_t fb, uint64_t user_data)
{
	return card_update(&card, fb, NULL, 0,
			   DRM_MODE_ATOMIC_NONBLOCK | DRM_MODE_PAGE_FLIP_EVENT,
			   user_data);
}

/* How far the event is from the grid through @first, in microseconds. */
static int64_t off_grid_us(const struct card_event *first,
			   const struct card_event *event)
{
	int64_t steps = (int32_t)(event->sequence - first->sequence);

	return event->time_us - first->time_us - steps * period_ns / 1000;
}

static bool flip_and_wait(const struct flip_kind *kind, uint32_t number,
			  struct card_event *event)
{
	int64_t start;
	int ret = kind->flip(dumbs[number % 2].fb, number);

	if (!check(!ret, "flip %u: %d", number, ret))
		return false;
	start = now_us();
	ret = card_wait_event(&card, event, EVENT_MS);
	if (!check(!ret, "flip %u: no event: %d", number, ret))
		return false;
	check(event->type == DRM_EVENT_FLIP_COMPLETE, "flip %u: event type %u",
	      number, event->type);
	check(event->user_data == number, "flip %u: event is of %" PRIu64,
	      number, event->user_data);
	check(event->crtc == card.crtc, "flip %u: event is of CRTC %u", number,
	      event->crtc);
	check(event->time_us <= now_us() && event->time_us >= start - 1000000,
	      "flip %u: event time %" PRId64 ", now %" PRId64, number,
	      event->time_us, now_us());
	return true;
}

static void check_pair(const struct card_event *first,
		       const struct card_event *previous,
		       const struct card_event *event, uint32_t number)
{
	int64_t off = off_grid_us(first, event);

	check((int32_t)(event->sequence - previous->sequence) > 0,
	      "flip %u: sequence %u after %u", number, event->sequence,
	      previous->sequence);
	check(event->time_us > previous->time_us,
	      "flip %u: time %" PRId64 " after %" PRId64, number,
	      event->time_us, previous->time_us);
	check(llabs(off) <= period_ns / 1000,
	      "flip %u: sequence %u is %" PRId64 " us off the grid", number,
	      event->sequence, off);
}

static void flips(const void *arg)
{
	const struct flip_kind *kind = arg;
	struct card_event first, previous, event;
	int64_t worst = 0, took, periods;

	if (!flip_and_wait(kind, 1, &first))
		return;
	previous = first;
	for (uint32_t i = 2; i <= FLIPS; i++) {
		if (!flip_and_wait(kind, i, &event))
			return;
		check_pair(&first, &previous, &event, i);
		if (llabs(off_grid_us(&first, &event)) > llabs(worst))
			worst = off_grid_us(&first, &event);
		previous = event;
	}
	took = previous.time_us - first.time_us;
	periods = (int32_t)(previous.sequence - first.sequence);
	ktap_note("%s: %d intervals in %" PRId64 " us, %" PRId64
		  " periods, mean %" PRId64 " us, worst %" PRId64 " us off",
		  kind->name, FLIPS - 1, took, periods, took / (FLIPS - 1),
		  worst);
	check(took >= (FLIPS - 2) * period_ns / 1000,
	      "%d intervals took only %" PRId64 " us", FLIPS - 1, took);
	check(took <= FLIPS * FLIP_PERIODS_MAX * period_ns / 1000,
	      "%d intervals took %" PRId64 " us", FLIPS - 1, took);
}

/* A second flip while one is pending is refused, or takes a later vblank. */
static void flip_while_pending(const void *arg)
{
	const struct flip_kind *kind = arg;
	struct card_event first, second;
	int ret, second_ret;

	ret = kind->flip(dumbs[0].fb, 1);
	second_ret = kind->flip(dumbs[1].fb, 2);
	check(!ret, "first flip: %d", ret);
	check(!second_ret || second_ret == -EBUSY, "second flip: %d", second_ret);
	if (ret || !check(!card_wait_event(&card, &first, EVENT_MS), "no event"))
		return;
	check(first.user_data == 1, "first event is of %" PRIu64,
	      first.user_data);
	if (second_ret)
		return;
	ret = card_wait_event(&card, &second, EVENT_MS);
	if (check(!ret, "no second event: %d", ret))
		check((int32_t)(second.sequence - first.sequence) > 0,
		      "sequence %u after %u", second.sequence, first.sequence);
}

/* Waits for the next vblank; its number and time, as an event has them. */
static int wait_vblank(struct card_event *event)
{
	drmVBlank vblank = {
		.request.type = DRM_VBLANK_RELATIVE,
		.request.sequence = 1,
	};

	if (card.crtc_index)
		vblank.request.type |= card.crtc_index
				       << DRM_VBLANK_HIGH_CRTC_SHIFT;
	if (drmWaitVBlank(card.fd, &vblank))
		return -errno;
	event->sequence = vblank.reply.sequence;
	event->time_us = vblank.reply.tval_sec * 1000000ll +
			 vblank.reply.tval_usec;
	return 0;
}

/*
 * Waits VBLANKS times; returns the periods that passed, or a negative errno.
 * @took: time in microseconds, by our own clock.
 */
static int count_vblanks(int64_t *took)
{
	struct card_event first, previous, event;
	int64_t start;
	int ret = wait_vblank(&first);

	start = now_us();
	previous = first;
	for (int i = 0; i < VBLANKS && !ret; i++) {
		ret = wait_vblank(&event);
		if (ret)
			break;
		check((int32_t)(event.sequence - previous.sequence) > 0,
		      "wait %d: sequence %u after %u", i, event.sequence,
		      previous.sequence);
		check(llabs(off_grid_us(&first, &event)) <= period_ns / 1000,
		      "wait %d: sequence %u is %" PRId64 " us off the grid", i,
		      event.sequence, off_grid_us(&first, &event));
		previous = event;
	}
	*took = now_us() - start;
	return ret ? ret : (int32_t)(previous.sequence - first.sequence);
}

static void idle_vblanks(void)
{
	int64_t ideal = VBLANKS * period_ns / 1000;
	int64_t took = 0;

	for (int try = 0; try < IDLE_TRIES; try++) {
		int periods = count_vblanks(&took);

		if (!check(periods > 0, "vblank waits: %d", periods))
			return;
		ktap_note("%d waits: %" PRId64 " us, ideal %" PRId64
			  " us, %d periods",
			  VBLANKS, took, ideal, periods);
		if (took >= ideal * 9 / 10 && took <= ideal * 11 / 10)
			return;
	}
	check(false,
	      "%d waits took %" PRId64 " us, not %" PRId64
	      " us within 10 %%, in %d tries",
	      VBLANKS, took, ideal, IDLE_TRIES);
}

/* Off and on again: vblanks go on, and nothing waits for ever. */
static void vblanks_after_off(void)
{
	struct card_event event;
	drmModeModeInfo mode;
	int ret;

	ret = card_off(&card);
	check(!ret, "off: %d", ret);
	ret = wait_vblank(&event);
	check(ret == -EINVAL, "wait while off: %d", ret);
	card_mode(&card, 1024, 768, &mode);
	ret = card_show(&card, &mode, dumbs[0].fb, 0, 0, 0);
	check(!ret, "modeset: %d", ret);
	ret = wait_vblank(&event);
	check(!ret, "wait after on: %d", ret);
}

/* What no timer can keep: far too fast, far too slow, no clock at all. */
static void paces_that_there_are_not(void)
{
	static const uint32_t clocks[] = { 0, 1, 300, 2000000, 2000000000 };
	drmModeModeInfo mode;
	int ret;

	for (uint32_t i = 0; i < ARRAY_SIZE(clocks); i++) {
		mode_make(&mode, 1024, 768, 60);
		mode.clock = clocks[i];
		ret = card_show(&card, &mode, dumbs[0].fb, 0, 0, 0);
		check(ret == -EINVAL, "clock of %u kHz: %d", clocks[i], ret);
	}
	check(card_is_showing(&card, 1024, 768, NULL), "the screen is off");
}

static const struct flip_kind legacy = { "legacy", flip_legacy };
static const struct flip_kind atomic = { "atomic", flip_atomic };

static const struct ktap_case cases[] = {
	{ .name = "legacy flips are paced", .run_with = flips, .arg = &legacy },
	{ .name = "atomic flips are paced", .run_with = flips, .arg = &atomic },
	{ .name = "legacy flip while one is pending",
	  .run_with = flip_while_pending,
	  .arg = &legacy },
	{ .name = "atomic flip while one is pending",
	  .run_with = flip_while_pending,
	  .arg = &atomic },
	{ .name = "idle vblanks take their time", .run = idle_vblanks },
	{ .name = "vblanks after off and on", .run = vblanks_after_off },
	{ .name = "paces that there are not", .run = paces_that_there_are_not },
};

int main(void)
{
	int status = ktap_run(cases, ARRAY_SIZE(cases), setup);

	card_off(&card);
	for (uint32_t i = 0; i < ARRAY_SIZE(dumbs); i++)
		dumb_destroy(&dumbs[i]);
	card_close(&card);
	return status;
}
