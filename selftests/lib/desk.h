/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A desktop's worth of state, and whether it is still what it was: two heads, a
 * pointer, buffer objects of each kind with draws that nobody has asked for yet,
 * and a client that flips and draws all the time. For tests that take the
 * machine away under it. What goes wrong is a failed check.
 */
#ifndef DESK_H
#define DESK_H

#include <pthread.h>

#include "canvas.h"
#include "card.h"
#include "dumb.h"

#define DESK_HEADS 2
#define DESK_HEAD_WIDTH 640
#define DESK_WIDTH (DESK_HEADS * DESK_HEAD_WIDTH)
#define DESK_HEIGHT 480
#define DESK_OBJECTS 3
#define DESK_CANVASES 6

/* A framebuffer as wide as all heads: pattern @seed, then @steps draws. */
struct desk_screen {
	struct dumb dumb;       /* one of both */
	struct surface surface; /* drawn on by the host */
	uint32_t fb;
	uint32_t seed;
	uint32_t steps;
};

/* Which screens, two of each, so that there is something to flip to. */
enum desk_kind { DESK_DUMB, DESK_SURFACE, DESK_KINDS };

struct desk {
	struct card card;
	uint32_t crtcs[DESK_HEADS];
	uint32_t connectors[DESK_HEADS];
	struct desk_screen screens[DESK_KINDS][2];
	enum desk_kind shown;
	struct object objects[DESK_OBJECTS];
	struct canvas canvases[DESK_CANVASES];
	struct exec_memory memory;
	struct dumb pointer;
	uint64_t bos_before;

	pthread_t client;
	struct canvas client_canvas;
	bool client_stops;    /* atomic */
	uint32_t client_done; /* atomic: rounds */
};

/* Opens the card, or ends the program: skipped where it has one head only. */
void desk_open(struct desk *desk);

/* Everything there and drawn on. */
void desk_fill(struct desk *desk);

/* Lights both heads with the first screen of @kind, and shows the pointer. */
void desk_show(struct desk *desk, enum desk_kind kind);

/* Draws a bit more on all that the host draws on, and on what is shown. */
void desk_draw(struct desk *desk);

/* What the SPICE client sees: screen and pointer. Needs the host. */
void desk_check_picture(struct desk *desk, const char *name);

/* What is in memory, of all objects; @when is for the message. */
void desk_check_contents(struct desk *desk, const char *when);

/*
 * A client that flips between both screens of what is shown, on the first head,
 * the only one that is lit then, and draws.
 */
void desk_start_client(struct desk *desk);
/* Waits until it has done some rounds more. */
void desk_await_client(struct desk *desk);
/* All is as after desk_show() again. */
void desk_stop_client(struct desk *desk);

/* Gives all back, and checks that the driver holds nothing of it any more. */
void desk_close(struct desk *desk);

/* What the picture should be: see qxl_desk. 0 or a negative errno. */
int desk_reference(uint32_t seed, uint32_t steps, const char *path);

#endif
