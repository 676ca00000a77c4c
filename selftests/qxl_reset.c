// SPDX-License-Identifier: GPL-2.0-only
/* A device that reports a guest bug is reset, and the picture comes back. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "card.h"
#include "counters.h"
#include "dumb.h"
#include "guest_bug.h"
#include "host.h"
#include "ktap.h"
#include "trace.h"

static struct card card;

static void setup(void)
{
	card_open(&card);
}

static void comes_back(void)
{
	uint64_t resets = 0, last = 0;
	struct picture picture;
	drmModeModeInfo mode;
	struct dumb frame;
	bool back, traced;
	int ret;

	if (!check(counter_read(card.path, "resets", &resets), "no counters"))
		return;
	card_mode(&card, 1024, 768, &mode);
	ret = dumb_frame(&frame, card.fd, 1024, 768);
	if (!check(!ret, "dumb buffer: %d", ret))
		return;
	picture = dumb_picture(&frame);
	pattern_draw(&picture, 5);
	ret = card_show(&card, &mode, frame.fb, 0, 0,
			DRM_MODE_ATOMIC_ALLOW_MODESET);
	check(!ret, "show: %d", ret);
	traced = trace_start();
	if (!guest_bug_provoke(&card))
		return;
	back = counter_await(card.path, "resets", resets + 1, &last);
	check(back, "%" PRIu64 " resets, not %" PRIu64, last, resets + 1);
	check(counter_await(card.path, "lost", 0, &last), "still lost");
	check(!traced || trace_count("qxl_lost", NULL) == 1, "not traced");
	check(card_is_showing(&card, 1024, 768, NULL), "the mode is gone");
	host_check_picture("after-reset", 1024, 768, "qxl_pattern 1024 768 5");
	pattern_draw(&picture, 6);
	ret = card_update(&card, frame.fb, NULL, 0, 0, 0);
	check(!ret, "update: %d", ret);
	host_check_picture("drawn-after-reset", 1024, 768,
			   "qxl_pattern 1024 768 6");
	dumb_destroy(&frame);
}

static const struct ktap_case cases[] = {
	{ .name = "comes back with its picture", .run = comes_back },
};

int main(void)
{
	return ktap_run(cases, ARRAY_SIZE(cases), setup);
}
