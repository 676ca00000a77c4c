/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A surface and what should be on it: each draw goes to the device and to the
 * reference. What goes wrong is a failed check of the running case.
 */
#ifndef CANVAS_H
#define CANVAS_H

#include "exec.h"

struct canvas {
	struct surface surface;
	struct raster want; /* owned */
};

/* Random pixels, written by the processor. False: not there. */
bool canvas_create(struct canvas *canvas, int fd, uint32_t format,
		   uint32_t width, uint32_t height, bool bottom_up,
		   uint32_t seed);
void canvas_destroy(struct canvas *canvas);

/* Gives the surface's handle back; the reference stays. */
void canvas_close(struct canvas *canvas);

/* Reads the surface back; @what is for the message. */
bool canvas_check(const struct canvas *canvas, const char *what);

void canvas_fill(struct canvas *canvas, const struct drm_mode_rect *area,
		 uint32_t pixel);

/* @memory is for the image, which is needed until the call returns. */
void canvas_copy(struct canvas *to, const struct drm_mode_rect *area,
		 const struct canvas *from, int32_t x, int32_t y,
		 struct exec_memory *memory);

void canvas_copy_bits(struct canvas *canvas, const struct drm_mode_rect *area,
		      int32_t x, int32_t y);

#endif
