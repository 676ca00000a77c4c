/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The card under test: its first connected connector with a CRTC and planes,
 * and atomic commits on them. Another head of the same card is a struct card of
 * its own, with the same file. Functions return 0 or a negative errno.
 *
 * It is the first card whose DRM driver is "qxl"; QXL_CARD=/dev/dri/cardN names
 * another one, for work on the tests themselves.
 */
#ifndef CARD_H
#define CARD_H

#include <drm.h>
#include <drm_mode.h>
#include <stdbool.h>
#include <stdint.h>
#include <xf86drmMode.h>

/* A plane and the ids of its properties; an id is 0 where there's none. */
struct plane {
	uint32_t id;
	uint32_t fb_id;
	uint32_t crtc_id;
	uint32_t src_x;
	uint32_t src_y;
	uint32_t src_w;
	uint32_t src_h;
	uint32_t crtc_x;
	uint32_t crtc_y;
	uint32_t crtc_w;
	uint32_t crtc_h;
	uint32_t damage;
	uint32_t in_fence;
	uint32_t hotspot_x;
	uint32_t hotspot_y;
};

struct card {
	int fd;
	char path[32];
	drmModeConnector *connector;
	uint32_t connector_crtc_id; /* property */
	uint32_t crtc;
	uint32_t crtc_index;
	uint32_t crtc_active;    /* property */
	uint32_t crtc_mode_id;   /* property */
	uint32_t crtc_out_fence; /* property */
	struct plane primary;
	struct plane cursor; /* id 0 where there's none */
};

struct card_event {
	uint32_t type; /* DRM_EVENT_* */
	uint32_t sequence;
	uint32_t crtc;
	uint64_t user_data;
	int64_t time_us; /* CLOCK_MONOTONIC */
};

/* What card_flip() puts on the primary plane, and what comes with it. */
struct card_flip {
	uint32_t fb;
	int in_fence; /* waited for before the pixels are read; -1: none */
	int32_t *out_fence; /* where the commit's own goes, or NULL */
	uint32_t flags;     /* DRM_MODE_ATOMIC_*, DRM_MODE_PAGE_FLIP_EVENT */
	uint64_t user_data; /* of the event */
};

/* -ENODEV: no such card; -ENXIO: a card that lacks what struct card needs. */
int card_try_open(struct card *card);

/* The same for one of several cards, counted from 0; QXL_CARD does not matter. */
int card_try_open_number(struct card *card, unsigned int number);

/*
 * Opens it or ends the program: skipped where the machine has no QXL device,
 * failed where it has one that no driver made a card of.
 */
void card_open(struct card *card);
void card_close(struct card *card);

/*
 * Opens the card of a DRM driver, number 0 its first; fills @path. Its file or
 * -ENODEV.
 */
int card_open_driver(const char *driver, uint32_t number, char *path,
		     size_t size);

/* "0000:00:02.0", the device of an open card; false when it is on no PCI. */
bool card_pci_address(const struct card *card, char *address, size_t size);

/* Bytes of BAR 0, of which at most half can be shown; 0 where there is none. */
uint64_t card_memory(const struct card *card);

/*
 * Fills @head with the connector, CRTC and planes of head @number of an open
 * card, connected or not. To be given back with card_close_head() before the card
 * is closed. -ENXIO: it has no such head.
 */
int card_open_head(const struct card *card, unsigned int number,
		   struct card *head);
void card_close_head(struct card *head);

/*
 * The id of an object's property, 0 if it has none of that name, and its value
 * unless @value is NULL. @type: DRM_MODE_OBJECT_*.
 */
uint32_t card_find_property(const struct card *card, uint32_t object,
			    uint32_t type, const char *name, uint64_t *value);

/* From the connector's list, else made; 60 Hz. */
void card_mode(const struct card *card, uint32_t width, uint32_t height,
	       drmModeModeInfo *mode);

/*
 * Lights the CRTC with the part of @fb at @x, @y that is as large as @mode.
 * @flags: DRM_MODE_ATOMIC_*; a modeset is allowed anyhow.
 */
int card_show(struct card *card, const drmModeModeInfo *mode, uint32_t fb,
	      uint32_t x, uint32_t y, uint32_t flags);

/* Everything off: connector, CRTC, planes. */
int card_off(struct card *card);

/*
 * Puts @fb, which may be the one already there, on the primary plane with
 * damage; @count 0 claims nothing, so all of it. @flags: DRM_MODE_ATOMIC_*,
 * DRM_MODE_PAGE_FLIP_EVENT.
 */
int card_update(struct card *card, uint32_t fb,
		const struct drm_mode_rect *clips, uint32_t count,
		uint32_t flags, uint64_t user_data);

/* Puts another framebuffer on the primary plane, all of it changed. */
int card_flip(struct card *card, const struct card_flip *flip);

/*
 * Adds to a request what lights the CRTC with the part of @fb at @x, @y that is
 * as large as @mode. @blob, the mode's, is to be destroyed after the commit.
 */
int card_add_show(struct card *card, drmModeAtomicReq *request,
		  const drmModeModeInfo *mode, uint32_t fb, uint32_t x,
		  uint32_t y, uint32_t *blob);

/* Adds to a request that connector, CRTC and planes go off. */
void card_add_off(struct card *card, drmModeAtomicReq *request);

/* Adds a whole framebuffer at a place on the CRTC to a request; @fb 0: hidden. */
void card_add_plane(struct card *card, drmModeAtomicReq *request,
		    const struct plane *plane, uint32_t fb, int32_t x,
		    int32_t y, uint32_t width, uint32_t height);

int card_commit(struct card *card, drmModeAtomicReq *request, uint32_t flags,
		uint64_t user_data);

/* Waits for the next event and takes one. -ETIMEDOUT. */
int card_wait_event(struct card *card, struct card_event *event, int timeout_ms);

/* True when the CRTC is lit with @width x @height; fills *@fb unless NULL. */
bool card_is_showing(struct card *card, uint32_t width, uint32_t height,
		     uint32_t *fb);

#endif
