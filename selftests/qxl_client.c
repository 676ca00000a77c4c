// SPDX-License-Identifier: GPL-2.0-only
/*
 * The SPICE client asks for heads: connectors come and go, prefer its sizes, and
 * say where it has them. A guest agent's port must be there (nothing talks on it).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <xf86drm.h>

#include "card.h"
#include "clock.h"
#include "dumb.h"
#include "edid.h"
#include "host.h"
#include "klog.h"
#include "ktap.h"

#define AGENT_PORT "/dev/vport0p1"
#define HEADS_MAX 4
#define WAIT_US 10000000
#define BURST 20

struct wanted {
	uint32_t width; /* 0: nothing plugged in */
	uint32_t height;
	uint32_t x;
	uint32_t y;
};

static struct card card;
static int agent;
static int uevents;

static void setup(void)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = 1 };

	card_open(&card);
	agent = open(AGENT_PORT, O_RDWR | O_CLOEXEC);
	if (agent < 0)
		ktap_skip_all("no guest agent's port (%s)", AGENT_PORT);
	uevents = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
			 NETLINK_KOBJECT_UEVENT);
	if (uevents < 0 ||
	    bind(uevents, (struct sockaddr *)&address, sizeof(address)))
		ktap_bail("no uevents: errno %d", errno);
}

/* Whether an event, strings one behind the other, has this one. */
static bool event_has(const char *text, size_t length, const char *string)
{
	for (const char *at = text; at < text + length; at += strlen(at) + 1)
		if (!strcmp(at, string))
			return true;
	return false;
}

/* Hotplug events since the last call. */
static unsigned int hotplugs(void)
{
	unsigned int count = 0;
	char text[4096];
	ssize_t length;

	while ((length = recv(uevents, text, sizeof(text) - 1, 0)) > 0) {
		text[length] = 0;
		count += event_has(text, length, "HOTPLUG=1");
	}
	return count;
}

/* All ones: there is no such property. */
static uint64_t property(uint32_t connector, const char *name)
{
	uint64_t value = ~0ull;

	card_find_property(&card, connector, DRM_MODE_OBJECT_CONNECTOR, name,
			   &value);
	return value;
}

static bool head_is(uint32_t id, const struct wanted *wanted)
{
	drmModeConnector *connector = drmModeGetConnector(card.fd, id);
	const drmModeModeInfo *mode;
	bool same = false;

	if (!connector)
		return false;
	mode = preferred_mode(connector);
	if (!wanted->width)
		same = connector->connection == DRM_MODE_DISCONNECTED;
	else if (connector->connection == DRM_MODE_CONNECTED && mode)
		same = mode->hdisplay == wanted->width &&
		       mode->vdisplay == wanted->height &&
		       property(id, "suggested X") == wanted->x &&
		       property(id, "suggested Y") == wanted->y;
	drmModeFreeConnector(connector);
	return same;
}

static bool all_are(const struct wanted wanted[HEADS_MAX])
{
	drmModeRes *resources = drmModeGetResources(card.fd);
	bool same = resources && resources->count_connectors == HEADS_MAX;

	for (int i = 0; same && i < HEADS_MAX; i++)
		same = head_is(resources->connectors[i], &wanted[i]);
	drmModeFreeResources(resources);
	return same;
}

static bool become(const struct wanted wanted[HEADS_MAX])
{
	int64_t end = now_us() + WAIT_US;

	while (!all_are(wanted)) {
		if (now_us() > end)
			return false;
		usleep(50 * 1000);
	}
	return true;
}

/* Monitors of the sizes that are wanted, each another one. */
static void check_edids(const struct wanted wanted[HEADS_MAX])
{
	drmModeRes *resources = drmModeGetResources(card.fd);
	char serials[HEADS_MAX][EDID_TEXT] = {};
	struct edid edid;

	for (int i = 0; resources && i < HEADS_MAX; i++) {
		if (!wanted[i].width ||
		    !edid_read(&card, resources->connectors[i], &edid))
			continue;
		check(edid_width(&edid) == wanted[i].width &&
			      edid_height(&edid) == wanted[i].height,
		      "head %d has an EDID of %ux%u", i, edid_width(&edid),
		      edid_height(&edid));
		edid_text(&edid, EDID_SERIAL, serials[i]);
		for (int j = 0; j < i; j++)
			check(strcmp(serials[i], serials[j]),
			      "heads %d and %d are both '%s'", i, j, serials[i]);
	}
	drmModeFreeResources(resources);
}

static void ask_and_check(const char *layout,
			  const struct wanted wanted[HEADS_MAX])
{
	hotplugs();
	if (!host_ask_for_monitors(layout))
		return;
	check(become(wanted), "connectors are not %s", layout);
	check(hotplugs() > 0, "no hotplug event for %s", layout);
	check_edids(wanted);
}

static void at_first(void)
{
	static const struct wanted one[HEADS_MAX] = { { 1024, 768, 0, 0 } };

	check(all_are(one), "not one monitor of 1024x768");
}

/* A mode of the client's size shows all of it, odd or not. */
static void show_odd_size(void)
{
	drmModeModeInfo mode;
	struct picture picture;
	struct dumb frame;
	int ret = dumb_frame(&frame, card.fd, 1023, 767);

	if (!check(!ret, "dumb buffer: %d", ret))
		return;
	picture = dumb_picture(&frame);
	pattern_draw(&picture, 80);
	card_mode(&card, 1023, 767, &mode);
	ret = card_show(&card, &mode, frame.fb, 0, 0, 0);
	check(!ret, "1023x767: %d", ret);
	host_check_picture("client-size", 1023, 767, "qxl_pattern 1023 767 80");
	dumb_destroy(&frame);
}

static void one_four_two(void)
{
	static const struct wanted one[HEADS_MAX] = { { 1023, 767, 0, 0 } };
	static const struct wanted four[HEADS_MAX] = { { 801, 601, 0, 0 },
						       { 640, 480, 801, 0 },
						       { 800, 600, 0, 601 },
						       { 1000, 700, 801, 601 } };
	static const struct wanted two[HEADS_MAX] = { { 1280, 800, 0, 0 },
						      { 1000, 702, 1280, 40 } };

	ask_and_check("1023x767+0+0", one);
	show_odd_size();
	ask_and_check("801x601+0+0 640x480+801+0 800x600+0+601 1000x700+801+601",
		      four);
	ask_and_check("1280x800+0+0 1000x702+1280+40", two);
}

/* As when somebody drags the window's corner. */
static void burst(void)
{
	static const struct wanted last[HEADS_MAX] = { { 700 + BURST,
							 500 + BURST, 0, 0 } };
	char layout[64];

	hotplugs();
	for (unsigned int i = 1; i <= BURST; i++) {
		snprintf(layout, sizeof(layout), "%ux%u+0+0", 700 + i, 500 + i);
		if (!host_ask_for_monitors(layout))
			return;
	}
	check(become(last), "connectors are not %s", layout);
	ktap_note("%u requests, %u hotplug events", BURST, hotplugs());
}

/* It would be a screen that memory does not hold: the standard modes stay. */
static void too_large(void)
{
	static const struct wanted small[HEADS_MAX] = { { 800, 600, 0, 0 } };
	drmModeConnector *connector;
	int log = klog_open();

	if (!check(log >= 0, "kmsg: errno %d", errno) ||
	    !host_ask_for_monitors("8000x6000+0+0"))
		return;
	usleep(500 * 1000);
	connector = drmModeGetConnector(card.fd, card.connector->connector_id);
	check(connector && connector->connection == DRM_MODE_CONNECTED &&
		      connector->count_modes > 0,
	      "no modes are left");
	check(klog_has(log, "a screen of 8000x6000 needs 184 MiB, vgamem is 16"),
	      "no word about what to do");
	close(log);
	drmModeFreeConnector(connector);
	ask_and_check("800x600+0+0", small);
}

/* Each could be, side by side they cannot: that is not for want of memory. */
static void too_long(void)
{
	static const struct wanted all[HEADS_MAX] = { { 5000, 200, 0, 0 },
						      { 5000, 200, 5000, 0 },
						      { 5000, 200, 10000, 0 },
						      { 5000, 200, 15000, 0 } };
	static const struct wanted small[HEADS_MAX] = { { 800, 600, 0, 0 } };
	int log = klog_open();

	if (!check(log >= 0, "kmsg: errno %d", errno) ||
	    !host_ask_for_monitors(
		    "5000x200+0+0 5000x200+5000+0 5000x200+10000+0 5000x200+15000+0"))
		return;
	check(become(all), "the connectors are others");
	check(klog_has(log, "a screen of 20000x200 is too long"),
	      "no word about what is wrong");
	close(log);
	ask_and_check("800x600+0+0", small);
}

/* Nothing is that small; it is a head all the same, of one pixel. */
static void tiny(void)
{
	static const struct wanted one[HEADS_MAX] = { { 1, 1, 0, 0 } };
	static const struct wanted small[HEADS_MAX] = { { 800, 600, 0, 0 } };

	ask_and_check("1x1+0+0", one);
	ask_and_check("800x600+0+0", small);
}

static const struct ktap_case cases[] = {
	{ .name = "one monitor at first", .run = at_first },
	{ .name = "one, four, two", .run = one_four_two },
	{ .name = "a burst settles on the last", .run = burst },
	{ .name = "too large a window", .run = too_large },
	{ .name = "too long together", .run = too_long },
	{ .name = "a window of a pixel", .run = tiny },
};

int main(void)
{
	return ktap_run(cases, ARRAY_SIZE(cases), setup);
}
