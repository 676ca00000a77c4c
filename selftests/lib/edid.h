/* SPDX-License-Identifier: GPL-2.0-only */
/* A connector's EDID as user space sees it: one block of version 1.4. */
#ifndef EDID_H
#define EDID_H

#include <stdbool.h>
#include <stdint.h>

#include "card.h"

#define EDID_BYTES 128
#define EDID_TEXT 14

struct edid {
	uint8_t bytes[EDID_BYTES];
};

/* From the connector's property. A check: that it is there, whole, and sums up. */
bool edid_read(const struct card *card, uint32_t connector, struct edid *edid);

/* Makes the bytes sum up again. */
void edid_seal(struct edid *edid);

/* The active pixels of its first timing. */
uint32_t edid_width(const struct edid *edid);
uint32_t edid_height(const struct edid *edid);

/* Whether the first timing is @mode's, in all that it says of sizes and clock. */
bool edid_prefers(const struct edid *edid, const drmModeModeInfo *mode);

#define EDID_NAME 0xfc
#define EDID_SERIAL 0xff
/* The text of the descriptor of this kind, empty where there is none. */
const char *edid_text(const struct edid *edid, uint8_t kind,
		      char text[EDID_TEXT]);

/* The one preferred mode of a connector, NULL when there is none or another. */
const drmModeModeInfo *preferred_mode(const drmModeConnector *connector);

#endif
