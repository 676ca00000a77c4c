/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CRCs of what a CRTC shows, from debugfs, and what they should be. Functions
 * return a negative errno for errors.
 */
#ifndef CRC_H
#define CRC_H

#include "card.h"
#include "pattern.h"

struct crc_entry {
	bool has_frame;
	uint32_t frame;
	uint32_t crc;
};

/* Opens the file of CRCs of a CRTC by index, to be closed; or an error. */
int crc_open(const struct card *card, uint32_t crtc_index);

/* Writes the name of a source; 0 or an error. */
int crc_choose(const struct card *card, uint32_t crtc_index, const char *source);

/* Takes the next entry; 0 or an error. -ETIMEDOUT. */
int crc_read(int file, struct crc_entry *entry, int timeout_ms);

/* The CRC of what the CRTC shows from now on; 0 or an error. */
int crc_shown(const struct card *card, uint32_t crtc_index, uint32_t *crc);

/* What the driver is to say of a part of a picture. */
uint32_t crc_of(const struct picture *picture, const struct drm_mode_rect *part);

#endif
