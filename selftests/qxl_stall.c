// SPDX-License-Identifier: GPL-2.0-only
/*
 * A SPICE client that reads nothing for a while: the server fills up and takes no
 * commands. The desktop goes on at its pace, memory in flight stays within its
 * bounds, and what the client sees in the end is right.
 *
 * usage: qxl_stall [SECONDS]	for so long
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "card.h"
#include "clock.h"
#include "counters.h"
#include "dumb.h"
#include "host.h"
#include "ktap.h"
#include "pattern.h"

#define WIDTH 640
#define HEIGHT 480
#define SEED 120
#define SQUARE 64
#define EVENT_MS 20000
/* The driver gives the host two seconds; the machine may take some more. */
#define STALL_US 5000000
/* What a stalled host may cost: a blanking and what the machine is busy with. */
#define QUICK_US 1000000
#define FLIPS 200
/* A server that fills up takes a command now and then, and gets its time again. */
#define SLOW_MOST 3
#define MOVES 200
#define POINTER 16
#define NONBLOCK (DRM_MODE_ATOMIC_NONBLOCK | DRM_MODE_PAGE_FLIP_EVENT)

static unsigned int pause_s = 8;
static struct card card;
static struct dumb frames[2], image;

static void setup(void)
{
	drmModeModeInfo mode;

	card_open(&card);
	card_mode(&card, WIDTH, HEIGHT, &mode);
	if (dumb_frame(&frames[0], card.fd, WIDTH, HEIGHT) ||
	    dumb_frame(&frames[1], card.fd, WIDTH, HEIGHT) ||
	    dumb_create(&image, card.fd, POINTER, POINTER) ||
	    dumb_map(&image) || card_show(&card, &mode, frames[0].fb, 0, 0, 0))
		ktap_bail("no screen: errno %d", errno);
	memset(image.map, 0xc0, image.size);
}

static uint64_t counter(const char *name)
{
	uint64_t value = 0;

	check(counter_read(card.path, name, &value), "no counter %s", name);
	return value;
}

/* The picture changes completely, so that nothing is spared. */
static void repaint(const struct dumb *dumb, uint32_t seed)
{
	struct picture picture = dumb_picture(dumb);

	pattern_draw(&picture, seed);
}

/*
 * Every other square of a chessboard, those of the one colour for even frames:
 * the server can neither join them nor drop the last frame's.
 */
static uint32_t make_squares(struct drm_mode_rect *squares, uint32_t frame)
{
	uint32_t made = 0;

	for (int32_t y = 0; y < HEIGHT; y += SQUARE)
		for (int32_t x = 0; x < WIDTH; x += SQUARE)
			if ((x / SQUARE + y / SQUARE + frame) % 2)
				squares[made++] = (struct drm_mode_rect){
					x, y, x + SQUARE / 2, y + SQUARE / 2
				};
	return made;
}

/* How long a flip and its event take, in us; @submitted: the flip alone. */
static int64_t flip(uint32_t number, int64_t *submitted)
{
	struct drm_mode_rect squares[(WIDTH / SQUARE + 1) * (HEIGHT / SQUARE + 1)];
	const struct dumb *frame = &frames[number % 2];
	struct card_event event = { 0 };
	uint32_t made = make_squares(squares, number);
	int64_t start;
	int ret;

	repaint(frame, number);
	start = now_us();
	ret = card_update(&card, frame->fb, squares, made, NONBLOCK, number);
	*submitted = now_us() - start;
	if (check(!ret, "flip %u: %d", number, ret)) {
		ret = card_wait_event(&card, &event, EVENT_MS);
		check(!ret && event.user_data == number,
		      "the event of flip %u: %d, of %" PRIu64, number, ret,
		      event.user_data);
	}
	return now_us() - start;
}

static int64_t larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* Flips until the host is given up. False: it takes everything. */
static bool stall(int64_t deadline)
{
	uint64_t before = counter("stalls");
	int64_t worst = 0, blocked = 0, submitted;

	for (uint32_t i = 0; now_us() < deadline; i++) {
		worst = larger(worst, flip(i, &submitted));
		blocked = larger(blocked, submitted);
		if (counter("stalls") == before)
			continue;
		ktap_note("given up in flip %u, after %" PRId64 " ms", i,
			  worst / 1000);
		check(worst < STALL_US, "that took %" PRId64 " us", worst);
		check(blocked < QUICK_US,
		      "a commit that must not block took %" PRId64 " us",
		      blocked);
		return true;
	}
	return false;
}

static void flips_go_on(void)
{
	uint64_t resets = counter("resets"), bound = counter("upload_bytes");
	int64_t worst = 0, submitted;
	unsigned int slow = 0;

	for (uint32_t i = 1000; i < 1000 + FLIPS; i++) {
		int64_t took = flip(i, &submitted);

		worst = larger(worst, took);
		slow += took > QUICK_US;
	}
	ktap_note("%d flips on the stalled device: %" PRId64
		  " ms at most, %u of them slow",
		  FLIPS, worst / 1000, slow);
	check(worst < STALL_US, "a flip took %" PRId64 " us", worst);
	check(slow <= SLOW_MOST, "%u flips were slow", slow);
	check(card_update(&card, frames[0].fb, NULL, 0,
			  DRM_MODE_ATOMIC_TEST_ONLY, 0) == 0,
	      "a test");
	check(counter("in_flight_bytes") <= bound,
	      "%" PRIu64 " bytes in flight", counter("in_flight_bytes"));
	check(counter("resets") == resets && !counter("lost"),
	      "the device was lost");
}

/* More than a cursor ring holds. */
static void pointer_goes_on(void)
{
	int64_t start = now_us(), took;

	check(!drmModeSetCursor(card.fd, card.crtc, image.handle, POINTER,
				POINTER),
	      "pointer: errno %d", errno);
	for (int i = 0; i < MOVES; i++)
		drmModeMoveCursor(card.fd, card.crtc, i, 2 * i);
	took = now_us() - start;
	ktap_note("%d moves of the pointer: %" PRId64 " ms", MOVES, took / 1000);
	check(took < 2 * STALL_US, "moves took %" PRId64 " us", took);
}

/* What is shown last, with nobody to show it again but the driver. */
static void goes_on(void)
{
	int64_t back = now_us() + pause_s * INT64_C(1000000);
	int64_t submitted;

	if (!host_pause_client(pause_s))
		return;
	if (!stall(back)) {
		ktap_skip("the device takes all while its client reads nothing");
		return;
	}
	flips_go_on();
	pointer_goes_on();
	flip(0, &submitted);
	repaint(&frames[0], SEED);
	check(!card_update(&card, frames[0].fb, NULL, 0, 0, 0), "the last frame");
	if (now_us() < back)
		usleep((useconds_t)(back - now_us()));
	host_check_picture("stalled", WIDTH, HEIGHT, "qxl_pattern %d %d %d",
			   WIDTH, HEIGHT, SEED);
	host_check_cursor("shown %d %d 0 0", POINTER, POINTER);
	check(!drmModeSetCursor(card.fd, card.crtc, 0, 0, 0), "no pointer");
}

static const struct ktap_case cases[] = {
	{ .name = "a client that reads nothing", .run = goes_on },
};

int main(int argc, char **argv)
{
	int status;

	if (argc > 1)
		pause_s = (unsigned int)atoi(argv[1]);
	status = ktap_run(cases, ARRAY_SIZE(cases), setup);
	card_off(&card);
	dumb_destroy(&image);
	dumb_destroy(&frames[0]);
	dumb_destroy(&frames[1]);
	card_close(&card);
	return status;
}
