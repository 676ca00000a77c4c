// SPDX-License-Identifier: GPL-2.0-only
#include "edid.h"

#include <string.h>

#include "ktap.h"

#define TIMING 54
#define DESCRIPTOR_BYTES 18

static uint8_t sum(const struct edid *edid)
{
	uint8_t total = 0;

	for (int i = 0; i < EDID_BYTES; i++)
		total += edid->bytes[i];
	return total;
}

bool edid_read(const struct card *card, uint32_t connector, struct edid *edid)
{
	static const uint8_t header[] = { 0,    0xff, 0xff, 0xff,
					  0xff, 0xff, 0xff, 0 };
	drmModePropertyBlobRes *blob;
	uint64_t id = 0;

	card_find_property(card, connector, DRM_MODE_OBJECT_CONNECTOR, "EDID",
			   &id);
	blob = id ? drmModeGetPropertyBlob(card->fd, id) : NULL;
	if (!check(blob && blob->length == EDID_BYTES,
		   "connector %u: %u bytes of EDID", connector,
		   blob ? blob->length : 0)) {
		drmModeFreePropertyBlob(blob);
		return false;
	}
	memcpy(edid->bytes, blob->data, EDID_BYTES);
	drmModeFreePropertyBlob(blob);
	return check(!memcmp(edid->bytes, header, sizeof(header)),
		     "connector %u: not an EDID", connector) &&
	       check(!sum(edid), "connector %u: bytes sum up to %u", connector,
		     sum(edid));
}

void edid_seal(struct edid *edid)
{
	edid->bytes[EDID_BYTES - 1] -= sum(edid);
}

/* The low byte at one offset, four bits more in half of another. */
static uint32_t field(const struct edid *edid, int low, int high, int shift)
{
	const uint8_t *timing = edid->bytes + TIMING;

	return timing[low] | (timing[high] >> shift & 15u) << 8;
}

uint32_t edid_width(const struct edid *edid)
{
	return field(edid, 2, 4, 4);
}

uint32_t edid_height(const struct edid *edid)
{
	return field(edid, 5, 7, 4);
}

bool edid_prefers(const struct edid *edid, const drmModeModeInfo *mode)
{
	const uint8_t *timing = edid->bytes + TIMING;

	return edid_width(edid) == mode->hdisplay &&
	       edid_height(edid) == mode->vdisplay &&
	       field(edid, 3, 4, 0) == (uint32_t)mode->htotal - mode->hdisplay &&
	       field(edid, 6, 7, 0) == (uint32_t)mode->vtotal - mode->vdisplay &&
	       (timing[0] | timing[1] << 8) * 10u == mode->clock;
}

const char *edid_text(const struct edid *edid, uint8_t kind, char text[EDID_TEXT])
{
	const uint8_t *at = edid->bytes + TIMING;

	text[0] = '\0';
	for (int i = 0; i < 4; i++, at += DESCRIPTOR_BYTES) {
		if (at[0] || at[1] || at[3] != kind)
			continue;
		memcpy(text, at + 5, EDID_TEXT - 1);
		text[EDID_TEXT - 1] = '\0';
		text[strcspn(text, "\n")] = '\0';
	}
	return text;
}

const drmModeModeInfo *preferred_mode(const drmModeConnector *connector)
{
	const drmModeModeInfo *preferred = NULL;

	for (int i = 0; i < connector->count_modes; i++) {
		if (!(connector->modes[i].type & DRM_MODE_TYPE_PREFERRED))
			continue;
		if (preferred)
			return NULL;
		preferred = &connector->modes[i];
	}
	return preferred;
}
