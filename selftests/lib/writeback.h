/* SPDX-License-Identifier: GPL-2.0-only */
/* Writeback connectors, for clients that have asked for them. */
#ifndef WRITEBACK_H
#define WRITEBACK_H

#include "card.h"

#ifndef DRM_CLIENT_CAP_WRITEBACK_CONNECTORS
#define DRM_CLIENT_CAP_WRITEBACK_CONNECTORS 5
#endif

/* One and its properties; an id is 0 where there's none. */
struct writeback {
	uint32_t id;
	uint32_t crtc_id;
	uint32_t fb_id;
	uint32_t out_fence;
};

/* How many there are; the one for a CRTC by index is filled in. */
unsigned int writeback_find(const struct card *card, uint32_t crtc_index,
			    struct writeback *found);

#endif
