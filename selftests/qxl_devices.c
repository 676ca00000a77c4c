// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two devices in one machine, a head each: pictures, damage, flips and pointers
 * of one are not seen on the other.
 */
#include <drm_fourcc.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <xf86drm.h>

#include "card.h"
#include "counters.h"
#include "dumb.h"
#include "host.h"
#include "ktap.h"
#include "mode.h"

#define DEVICES 2
#define EVENT_MS 3000

static const struct {
	uint32_t width;
	uint32_t height;
	uint32_t seed;
	uint32_t side; /* of the pointer */
} devices[DEVICES] = {
	{ 800, 600, 110, 64 },
	{ 640, 480, 111, 32 },
};

static struct card cards[DEVICES];
static struct dumb screens[DEVICES];
static struct dumb images[DEVICES];

static void make_device(unsigned int i)
{
	struct picture picture;
	int ret = dumb_frame(&screens[i], cards[i].fd, devices[i].width,
			     devices[i].height);

	if (!ret)
		ret = dumb_create(&images[i], cards[i].fd, devices[i].side,
				  devices[i].side);
	if (!ret)
		ret = dumb_map(&images[i]);
	if (!ret)
		ret = dumb_add_fb(&images[i], DRM_FORMAT_ARGB8888);
	if (ret)
		ktap_bail("buffers of device %u: %d", i, ret);
	memset(images[i].map, 0xa0, images[i].size);
	picture = dumb_picture(&screens[i]);
	pattern_draw(&picture, devices[i].seed);
}

static void setup(void)
{
	card_open(&cards[0]);
	card_close(&cards[0]);
	for (unsigned int i = 0; i < DEVICES; i++) {
		int ret = card_try_open_number(&cards[i], i);

		if (ret == -ENODEV && i)
			ktap_skip_all("one QXL device; this is about %u",
				      DEVICES);
		if (ret)
			ktap_bail("device %u: %d", i, ret);
		make_device(i);
	}
}

static void check_picture(unsigned int i, const char *name, uint32_t seed)
{
	host_select_display(i);
	host_check_picture(name, devices[i].width, devices[i].height,
			   "qxl_pattern %u %u %u", devices[i].width,
			   devices[i].height, seed);
}

static void check_pointer(unsigned int i, bool is_shown)
{
	host_select_display(i);
	if (is_shown)
		host_check_cursor("shown %u %u 0 0", devices[i].side,
				  devices[i].side);
	else
		host_check_cursor("hidden");
}

static void show(unsigned int i)
{
	drmModeModeInfo mode;
	int ret;

	mode_make(&mode, devices[i].width, devices[i].height, 60);
	ret = card_show(&cards[i], &mode, screens[i].fb, 0, 0, 0);
	check(!ret, "device %u on: %d", i, ret);
}

static void both_show(void)
{
	show(0);
	show(1);
	check_picture(0, "device0", devices[0].seed);
	check_picture(1, "device1", devices[1].seed);
}

/* Damage of one: nothing is sent to the other. */
static void damage(void)
{
	struct picture picture = dumb_picture(&screens[1]);
	uint64_t before = 0, after = 0;
	int ret;

	counter_read(cards[0].path, "commands", &before);
	pattern_draw(&picture, 112);
	ret = card_update(&cards[1], screens[1].fb, NULL, 0, 0, 0);
	check(!ret, "damage: %d", ret);
	check_picture(1, "device1-damage", 112);
	check_picture(0, "device0-untouched", devices[0].seed);
	counter_read(cards[0].path, "commands", &after);
	check(before && before == after,
	      "device 0 was sent commands: %" PRIu64 ", then %" PRIu64, before,
	      after);
}

/* Flips on both at once; events come from each of its own. */
static void flips(void)
{
	for (uint64_t number = 1; number <= 20; number++) {
		for (unsigned int i = 0; i < DEVICES; i++) {
			struct card_flip flip = {
				.fb = screens[i].fb,
				.in_fence = -1,
				.flags = DRM_MODE_ATOMIC_NONBLOCK |
					 DRM_MODE_PAGE_FLIP_EVENT,
				.user_data = 10 * number + i,
			};
			int ret = card_flip(&cards[i], &flip);

			check(!ret, "device %u, flip %" PRIu64 ": %d", i,
			      number, ret);
		}
		for (unsigned int i = 0; i < DEVICES; i++) {
			struct card_event event = {};
			int ret = card_wait_event(&cards[i], &event, EVENT_MS);

			check(!ret && event.user_data == 10 * number + i &&
				      event.crtc == cards[i].crtc,
			      "device %u, flip %" PRIu64
			      ": %d, event of %" PRIu64,
			      i, number, ret, event.user_data);
		}
	}
}

static void put_pointer(unsigned int i, bool on)
{
	uint32_t side = on ? devices[i].side : 0;
	drmModeAtomicReq *request = drmModeAtomicAlloc();
	int ret;

	card_add_plane(&cards[i], request, &cards[i].cursor,
		       on ? images[i].fb : 0, 50, 50, side, side);
	ret = card_commit(&cards[i], request, 0, 0);
	check(!ret, "pointer of device %u: %d", i, ret);
	drmModeAtomicFree(request);
}

static void pointers(void)
{
	put_pointer(0, true);
	check_pointer(0, true);
	check_pointer(1, false);
	put_pointer(1, true);
	put_pointer(0, false);
	check_pointer(0, false);
	check_pointer(1, true);
	put_pointer(1, false);
	check_pointer(1, false);
}

static void one_goes_off(void)
{
	int ret = card_off(&cards[0]);

	check(!ret, "device 0 off: %d", ret);
	check(card_is_showing(&cards[1], devices[1].width, devices[1].height,
			      NULL),
	      "device 1 is off, too");
	check_picture(1, "device1-alone", 112);
	show(0);
	check_picture(0, "device0-back", devices[0].seed);
}

static const struct ktap_case cases[] = {
	{ .name = "a picture on each", .run = both_show },
	{ .name = "damage", .run = damage },
	{ .name = "flips", .run = flips },
	{ .name = "pointers", .run = pointers },
	{ .name = "one goes off", .run = one_goes_off },
};

int main(void)
{
	int status = ktap_run(cases, ARRAY_SIZE(cases), setup);

	for (unsigned int i = 0; i < DEVICES; i++) {
		card_off(&cards[i]);
		dumb_destroy(&images[i]);
		dumb_destroy(&screens[i]);
		card_close(&cards[i]);
	}
	return status;
}
