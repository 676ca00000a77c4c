// SPDX-License-Identifier: GPL-2.0-only
/*
 * Monitors say who they are: the EDID of each connector, the modes that go with
 * it, and an administrator's EDID instead.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "card.h"
#include "edid.h"
#include "ktap.h"

#define HEADS_MAX 16

static struct card card;
static int heads;
static uint32_t connectors[HEADS_MAX];

static void setup(void)
{
	drmModeRes *resources;

	card_open(&card);
	resources = drmModeGetResources(card.fd);
	if (!resources)
		ktap_bail("no resources: errno %d", errno);
	while (heads < resources->count_connectors && heads < HEADS_MAX) {
		connectors[heads] = resources->connectors[heads];
		heads++;
	}
	drmModeFreeResources(resources);
}

/* 0 or a negative errno. */
static int write_file(const char *path, const void *data, size_t bytes)
{
	int file = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t written;

	if (file < 0)
		return -errno;
	written = write(file, data, bytes);
	if (written >= 0)
		written = (size_t)written == bytes ? 0 : -EIO;
	else
		written = -errno;
	close(file);
	return (int)written;
}

/* At 96 to the inch. */
static uint32_t in_mm(uint32_t pixels)
{
	return (pixels * 254 + 480) / 960;
}

/* What the card's files call a connector, as in "Virtual-1". */
static uint32_t type_number(uint32_t id)
{
	drmModeConnector *connector = drmModeGetConnectorCurrent(card.fd, id);
	uint32_t number = connector ? connector->connector_type_id : 0;

	drmModeFreeConnector(connector);
	return number;
}

static void whole_and_preferred(void)
{
	drmModeConnector *connector = drmModeGetConnector(card.fd, connectors[0]);
	const drmModeModeInfo *mode;
	struct edid edid;

	if (!check(connector, "no connector: errno %d", errno))
		return;
	mode = preferred_mode(connector);
	if (check(mode, "not one preferred mode of %d", connector->count_modes) &&
	    edid_read(&card, connectors[0], &edid)) {
		check(edid_prefers(&edid, mode),
		      "the EDID prefers %ux%u, the list %s", edid_width(&edid),
		      edid_height(&edid), mode->name);
		check(connector->mmWidth == in_mm(mode->hdisplay) &&
			      connector->mmHeight == in_mm(mode->vdisplay),
		      "%s is %ux%u mm", mode->name, connector->mmWidth,
		      connector->mmHeight);
	}
	drmModeFreeConnector(connector);
}

static bool has_mode(const drmModeConnector *connector, uint32_t width,
		     uint32_t height)
{
	for (int i = 0; i < connector->count_modes; i++)
		if (connector->modes[i].hdisplay == width &&
		    connector->modes[i].vdisplay == height)
			return true;
	return false;
}

static bool has_usual_modes(const drmModeConnector *connector)
{
	static const uint16_t usual[][2] = {
		{ 640, 480 },   { 800, 600 },  { 1024, 768 },  { 1280, 720 },
		{ 1280, 1024 }, { 1366, 768 }, { 1600, 1200 }, { 1920, 1080 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(usual); i++)
		if (!check(has_mode(connector, usual[i][0], usual[i][1]),
			   "no mode of %ux%u", usual[i][0], usual[i][1]))
			return false;
	return true;
}

/* No two of a list are the same. */
static void check_no_twins(const drmModeConnector *connector)
{
	for (int i = 0; i < connector->count_modes; i++)
		for (int j = 0; j < i; j++) {
			const drmModeModeInfo *a = &connector->modes[i];
			const drmModeModeInfo *b = &connector->modes[j];

			check(a->clock != b->clock || a->htotal != b->htotal ||
				      a->hdisplay != b->hdisplay ||
				      a->vtotal != b->vtotal ||
				      a->vdisplay != b->vdisplay,
			      "%s is there twice", a->name);
		}
}

static void usual_modes(void)
{
	drmModeConnector *connector = drmModeGetConnector(card.fd, connectors[0]);

	if (!check(connector, "no connector: errno %d", errno))
		return;
	has_usual_modes(connector);
	check_no_twins(connector);
	drmModeFreeConnector(connector);
}

static int set_status(uint32_t id, const char *status)
{
	char path[96];

	snprintf(path, sizeof(path), "/sys/class/drm/%s-Virtual-%u/status",
		 strrchr(card.path, '/') + 1, type_number(id));
	return write_file(path, status, strlen(status));
}

/* Name and serial number of a head that is plugged in. */
static void who_is(int head, char name[EDID_TEXT], char serial[EDID_TEXT])
{
	struct edid edid;

	name[0] = serial[0] = '\0';
	drmModeFreeConnector(drmModeGetConnector(card.fd, connectors[head]));
	if (!edid_read(&card, connectors[head], &edid))
		return;
	edid_text(&edid, EDID_NAME, name);
	edid_text(&edid, EDID_SERIAL, serial);
	check(edid.bytes[12] == head + 1 && edid.bytes[8] == 0x49 &&
		      edid.bytes[9] == 0x14,
	      "head %d is made by %02x%02x, serial %u", head, edid.bytes[8],
	      edid.bytes[9], edid.bytes[12]);
}

static void each_another(void)
{
	char names[HEADS_MAX][EDID_TEXT], serials[HEADS_MAX][EDID_TEXT];
	char wanted[32];
	int ret;

	for (int i = 0; i < heads; i++) {
		ret = set_status(connectors[i], "on");
		if (!check(!ret, "head %d can't be plugged in: %d", i, ret))
			return;
		who_is(i, names[i], serials[i]);
		snprintf(wanted, sizeof(wanted), "SPICE %d", i + 1);
		check(!strcmp(names[i], wanted), "head %d is '%s'", i, names[i]);
		for (int j = 0; j < i; j++)
			check(strcmp(serials[i], serials[j]),
			      "heads %d and %d are both '%s'", i, j, serials[i]);
		ret = set_status(connectors[i], "detect");
		check(!ret, "head %d can't be left alone: %d", i, ret);
	}
	ktap_note("%d head(s), the first is '%s', serial '%s'", heads, names[0],
		  serials[0]);
}

static void nothing_plugged_in(void)
{
	uint64_t blob = 0;
	int last = heads - 1;

	if (!last) {
		ktap_skip("one head only");
		return;
	}
	drmModeFreeConnector(drmModeGetConnector(card.fd, connectors[last]));
	card_find_property(&card, connectors[last], DRM_MODE_OBJECT_CONNECTOR,
			   "EDID", &blob);
	check(!blob, "head %d, which is off, has an EDID", last);
}

/* Another's: 800x600 as VESA has it, and what says who it is. */
static void make_other(struct edid *edid)
{
	static const uint8_t timing[] = { 0xa0, 0x0f, 0x20, 0x00, 0x31, 0x58,
					  0x1c, 0x20, 0x28, 0x80, 0x14, 0x00 };

	memcpy(edid->bytes + 54, timing, sizeof(timing));
	edid->bytes[12] = 99;
	edid_seal(edid);
}

static void check_follows(const struct edid *wanted, uint32_t width)
{
	drmModeConnector *connector = drmModeGetConnector(card.fd, connectors[0]);
	const drmModeModeInfo *mode;
	struct edid edid;

	if (!check(connector, "no connector: errno %d", errno))
		return;
	mode = preferred_mode(connector);
	check(mode && mode->hdisplay == width, "%s is preferred",
	      mode ? mode->name : "nothing, or more than one,");
	if (edid_read(&card, connectors[0], &edid))
		check(!memcmp(&edid, wanted, sizeof(edid)),
		      "the EDID has serial %u, not %u", edid.bytes[12],
		      wanted->bytes[12]);
	has_usual_modes(connector);
	drmModeFreeConnector(connector);
}

static void administrators(void)
{
	struct edid own, other;
	char path[128];
	int ret;

	if (!edid_read(&card, connectors[0], &own))
		return;
	snprintf(path, sizeof(path),
		 "/sys/kernel/debug/dri/%s/Virtual-%u/edid_override",
		 strpbrk(card.path, "0123456789"), type_number(connectors[0]));
	other = own;
	make_other(&other);
	ret = write_file(path, other.bytes, EDID_BYTES);
	if (ret == -ENOENT) {
		ktap_skip("no %s: debugfs is not mounted", path);
		return;
	}
	if (!check(!ret, "%s: %d", path, ret))
		return;
	check_follows(&other, 800);
	ret = write_file(path, "reset", strlen("reset"));
	check(!ret, "%s: %d", path, ret);
	check_follows(&own, edid_width(&own));
}

static const struct ktap_case cases[] = {
	{ .name = "it is whole and prefers what the list prefers",
	  .run = whole_and_preferred },
	{ .name = "the usual modes are there, once", .run = usual_modes },
	{ .name = "each head is another monitor", .run = each_another },
	{ .name = "none where nothing is plugged in", .run = nothing_plugged_in },
	{ .name = "an administrator's goes first", .run = administrators },
};

int main(void)
{
	int status = ktap_run(cases, ARRAY_SIZE(cases), setup);

	card_close(&card);
	return status;
}
