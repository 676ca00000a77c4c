// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device that reports a guest bug is reset, and the picture comes back. `slow`:
 * one that says nothing, and one that needs too many resets.
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <spice/enums.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "canvas.h"
#include "card.h"
#include "clock.h"
#include "counters.h"
#include "dumb.h"
#include "guest_bug.h"
#include "host.h"
#include "klog.h"
#include "ktap.h"
#include "trace.h"

#define WIDTH 1024
#define HEIGHT 768
#define SHOWN_US 5000000
#define SIDE 512
#define BATCH 64
#define BUSY_US 500000       /* the server is busy by then */
#define LATE_US 100000       /* it looks at the rings again after 10 ms */
#define PATIENCE_US 38000000 /* a host that does nothing for 40 s is gone */
#define RESETS_MAX 6         /* of two minutes */
#define MINUTE_TRIES 6       /* counter_await() takes 10 s */

static struct card card;
static struct dumb frame, pointer;
static struct picture picture;
static bool client_stops;

static void setup(void)
{
	drmModeModeInfo mode;
	int ret;

	card_open(&card);
	card_mode(&card, WIDTH, HEIGHT, &mode);
	ret = dumb_frame(&frame, card.fd, WIDTH, HEIGHT);
	if (ret)
		ktap_bail("dumb buffer: %d", ret);
	picture = dumb_picture(&frame);
	pattern_draw(&picture, 5);
	ret = card_show(&card, &mode, frame.fb, 0, 0,
			DRM_MODE_ATOMIC_ALLOW_MODESET);
	if (ret)
		ktap_bail("show: %d", ret);
}

static bool shows_again(void)
{
	int64_t start = now_us();

	while (!card_is_showing(&card, WIDTH, HEIGHT, NULL)) {
		if (now_us() - start > SHOWN_US)
			return false;
		usleep(10000);
	}
	return true;
}

/* The device has been reset once since there were @before. */
static void check_reset(uint64_t before)
{
	uint64_t last = 0;
	bool back = counter_await(card.path, "resets", before + 1, &last);

	check(back, "%" PRIu64 " resets, not %" PRIu64, last, before + 1);
	check(counter_await(card.path, "lost", 0, &last), "still lost");
	check(shows_again(), "the mode is gone");
}

static void comes_back(void)
{
	uint64_t resets = 0;
	bool traced;
	int ret;

	if (!check(counter_read(card.path, "resets", &resets), "no counters"))
		return;
	traced = trace_start();
	if (!guest_bug_provoke(&card))
		return;
	check_reset(resets);
	check(!traced || trace_count("qxl_lost", NULL) == 1, "not traced");
	host_check_picture("after-reset", WIDTH, HEIGHT,
			   "qxl_pattern 1024 768 5");
	pattern_draw(&picture, 6);
	ret = card_update(&card, frame.fb, NULL, 0, 0, 0);
	check(!ret, "update: %d", ret);
	host_check_picture("drawn-after-reset", WIDTH, HEIGHT,
			   "qxl_pattern 1024 768 6");
}

/* Draws that keep the server busier than the client, more than a ring has room for. */
static int draw(const struct canvas *canvas)
{
	static const struct drm_mode_rect moved = { 1, 1, SIDE, SIDE };
	struct exec_draw draws[BATCH];

	for (uint32_t i = 0; i < BATCH; i++)
		exec_copy_bits(&draws[i], &canvas->surface, &moved, 0, 0);
	return exec_send(card.fd, draws, BATCH);
}

static void *draw_until_lost(void *arg)
{
	while (!__atomic_load_n(&client_stops, __ATOMIC_RELAXED) && !draw(arg))
		;
	return NULL;
}

/*
 * A server whose device has commands, but hands out none, looks for them without
 * end and does nothing else: the reset waits for it, and QEMU for the reset.
 */
static void commands_left_on_the_ring(void)
{
	static const struct drm_mode_rect all = { 0, 0, SIDE, SIDE };
	uint64_t resets = 0;
	struct canvas canvas;
	pthread_t client;

	if (!check(counter_read(card.path, "resets", &resets), "no counters") ||
	    !canvas_create(&canvas, card.fd, SPICE_SURFACE_FMT_32_xRGB, SIDE,
			   SIDE, false, 1))
		return;
	if (pthread_create(&client, NULL, draw_until_lost, &canvas))
		ktap_bail("no thread");
	usleep(BUSY_US);
	if (guest_bug_hold_interrupts(&card, true))
		guest_bug_provoke(&card);
	usleep(LATE_US);
	guest_bug_hold_interrupts(&card, false);
	check_reset(resets);
	__atomic_store_n(&client_stops, true, __ATOMIC_RELAXED);
	pthread_join(client, NULL);
	host_check_picture("after-reset-with-commands", WIDTH, HEIGHT,
			   "qxl_pattern 1024 768 6");
	canvas_fill(&canvas, &all, 4);
	canvas_check(&canvas, "drawn after the reset");
	canvas_destroy(&canvas);
}

/* What user space asks for, as fast as it can, whatever the answer. */

static void flip(unsigned int round)
{
	static const struct drm_mode_rect damage = { 0, 0, 64, 64 };

	(void)round;
	card_update(&card, frame.fb, &damage, 1, DRM_MODE_ATOMIC_NONBLOCK, 0);
}

static void set_mode(unsigned int round)
{
	drmModeModeInfo mode;

	card_mode(&card, round % 2 ? WIDTH : 800, round % 2 ? HEIGHT : 600,
		  &mode);
	card_show(&card, &mode, frame.fb, 0, 0, 0);
}

static void move_pointer(unsigned int round)
{
	if (round % 8 == 0)
		drmModeSetCursor(card.fd, card.crtc, pointer.handle, 64, 64);
	drmModeMoveCursor(card.fd, card.crtc, round % WIDTH, round % HEIGHT);
}

static void *ask(void *arg)
{
	void (*const *what)(unsigned int round) = arg;

	for (unsigned int round = 0;
	     !__atomic_load_n(&client_stops, __ATOMIC_RELAXED); round++)
		(*what)(round);
	return NULL;
}

/* The heads' state is the driver's alone while the device is reset. */
static void clients_ask_on(void)
{
	static void (*const whats[])(unsigned int round) = { flip, set_mode,
							     move_pointer };
	pthread_t clients[ARRAY_SIZE(whats)];
	uint64_t resets = 0, last = 0;
	drmModeModeInfo mode;
	int ret;

	if (!check(counter_read(card.path, "resets", &resets), "no counters") ||
	    !check(!dumb_frame(&pointer, card.fd, 64, 64), "no pointer"))
		return;
	__atomic_store_n(&client_stops, false, __ATOMIC_RELAXED);
	for (unsigned int i = 0; i < ARRAY_SIZE(whats); i++)
		if (pthread_create(&clients[i], NULL, ask, (void *)&whats[i]))
			ktap_bail("no thread");
	usleep(BUSY_US);
	guest_bug_provoke(&card);
	check(counter_await(card.path, "resets", resets + 1, &last), "no reset");
	usleep(BUSY_US);
	__atomic_store_n(&client_stops, true, __ATOMIC_RELAXED);
	for (unsigned int i = 0; i < ARRAY_SIZE(whats); i++)
		pthread_join(clients[i], NULL);
	check(counter_await(card.path, "lost", 0, &last), "still lost");
	drmModeSetCursor(card.fd, card.crtc, 0, 0, 0);
	card_mode(&card, WIDTH, HEIGHT, &mode);
	ret = card_show(&card, &mode, frame.fb, 0, 0, 0);
	check(!ret, "show: %d", ret);
	host_check_picture("after-reset-under-clients", WIDTH, HEIGHT,
			   "qxl_pattern 1024 768 6");
	dumb_destroy(&pointer);
}

/* Nothing tells of it but a client's draws, which nobody takes. */
static void silent_host(void)
{
	static const struct drm_mode_rect all = { 0, 0, SIDE, SIDE };
	uint64_t resets = 0;
	struct canvas canvas;
	int64_t start;
	int ret;

	if (!check(counter_read(card.path, "resets", &resets), "no counters") ||
	    !canvas_create(&canvas, card.fd, SPICE_SURFACE_FMT_32_xRGB, SIDE,
			   SIDE, false, 1))
		return;
	start = now_us();
	if (guest_bug_hold_interrupts(&card, true) && guest_bug_provoke(&card)) {
		ret = draw(&canvas);
		check(ret == -EIO, "draws: %d", ret);
		check(now_us() - start > PATIENCE_US, "after %" PRId64 " us",
		      now_us() - start);
	}
	guest_bug_hold_interrupts(&card, false);
	check_reset(resets);
	host_check_picture("after-a-silent-host", WIDTH, HEIGHT,
			   "qxl_pattern 1024 768 5");
	canvas_fill(&canvas, &all, 4);
	canvas_check(&canvas, "drawn after the reset");
	canvas_destroy(&canvas);
}

/* What is refused for no other reason than that fills no log. */
static void modes_are_set_in_silence(void)
{
	int log = klog_open();

	if (!check(log >= 0, "/dev/kmsg: errno %d", errno))
		return;
	set_mode(0);
	set_mode(1);
	check(!klog_has(log, "qxl"), "something is logged");
	close(log);
}

/* Nobody asks for a reset while the device is left alone. */
static void too_many_resets(void)
{
	uint64_t resets = 0, lost = 0, last;
	unsigned int i, tries;

	if (!check(counter_read(card.path, "resets", &resets), "no counters"))
		return;
	for (i = 0; i < RESETS_MAX; i++, resets++)
		if (!guest_bug_provoke(&card) ||
		    !counter_await(card.path, "resets", resets + 1, &last))
			break;
	check(i && i < RESETS_MAX, "%u resets", i);
	check(counter_read(card.path, "lost", &lost) && lost, "it is not lost");
	modes_are_set_in_silence();
	for (tries = 0; tries < MINUTE_TRIES; tries++)
		if (counter_await(card.path, "resets", resets + 1, &last))
			break;
	check_reset(resets);
	host_check_picture("after-too-many-resets", WIDTH, HEIGHT,
			   "qxl_pattern 1024 768 5");
}

static const struct ktap_case cases[] = {
	{ .name = "comes back with its picture", .run = comes_back },
	{ .name = "with commands left on the ring",
	  .run = commands_left_on_the_ring },
	{ .name = "while clients ask on", .run = clients_ask_on },
};

static const struct ktap_case slow_cases[] = {
	{ .name = "a host that is silent", .run = silent_host },
	{ .name = "more resets than are good", .run = too_many_resets },
};

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "slow"))
		return ktap_run(slow_cases, ARRAY_SIZE(slow_cases), setup);
	return ktap_run(cases, ARRAY_SIZE(cases), setup);
}
