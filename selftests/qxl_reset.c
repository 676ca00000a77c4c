// SPDX-License-Identifier: GPL-2.0-only
/* A device that reports a guest bug is reset, and the picture comes back. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/io.h>

#include "card.h"
#include "counters.h"
#include "dumb.h"
#include "host.h"
#include "ktap.h"
#include "trace.h"

/* An I/O port of the device that no protocol version has. */
#define UNKNOWN_PORT 31
#define BAR_IO 3

static struct card card;

static void setup(void)
{
	card_open(&card);
}

/* The first I/O port of the QXL device, from PCI's resource file; 0: unknown. */
static unsigned long io_base(void)
{
	char address[32], path[96];
	unsigned long start = 0;
	FILE *resource;

	if (!card_pci_address(&card, address, sizeof(address)))
		return 0;
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource", address);
	resource = fopen(path, "r");
	if (!resource)
		return 0;
	for (int bar = 0; bar <= BAR_IO; bar++)
		if (fscanf(resource, "%lx %*x %*x", &start) != 1)
			start = 0;
	fclose(resource);
	return start;
}

static bool provoke_guest_bug(void)
{
	unsigned long base = io_base();

	if (!check(base, "the I/O ports are unknown") ||
	    !check(!iopl(3), "iopl: errno %d", errno))
		return false;
	outb(0, base + UNKNOWN_PORT);
	return true;
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
	if (!provoke_guest_bug())
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
