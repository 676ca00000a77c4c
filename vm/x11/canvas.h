/* SPDX-License-Identifier: GPL-2.0-only */
/* What a step draws on: a window that covers the whole screen, and helpers. */
#ifndef CANVAS_H
#define CANVAS_H

#include <stdint.h>

#include <X11/Xlib.h>
#include <X11/Xutil.h>

#include "ktap.h"

struct canvas {
	Display *display;
	int screen;
	Window root;
	Window window;
	Visual *visual;
	int depth;
	int width;
	int height;
	GC gc;
};

/* Connects; ends the program when there is no server or no 24-bit screen. */
void canvas_open(struct canvas *canvas);
void canvas_close(struct canvas *canvas);

/*
 * A new window with nothing on it, a new GC, and the root's size as it is now:
 * no step sees what another one has left.
 */
void canvas_reset(struct canvas *canvas);

/* The root window as the server says it is; ends the program on failure. */
XImage *canvas_grab(const struct canvas *canvas);

/* A number that depends on nothing but the ones before it. */
uint32_t noise(uint32_t *state);
/* Less than @limit, which must not be 0. */
int noise_below(uint32_t *state, int limit);

/* Sets the foreground. */
void ink(const struct canvas *canvas, uint32_t rgb);

/* Fills a rectangle of the window with GXcopy, whatever the GC says. */
void slab(const struct canvas *canvas, uint32_t rgb, int x, int y, int width,
	  int height);

/* Covers the window with tiles of many colours. */
void backdrop(const struct canvas *canvas);

/* An image of noise for a drawable of @depth; destroy it with XDestroyImage. */
XImage *noise_image(const struct canvas *canvas, int depth, int width,
		    int height, uint32_t seed);

/* Puts noise on the whole drawable, of the screen's depth, whatever the GC says. */
void put_noise(const struct canvas *canvas, Drawable drawable, int width,
	       int height, uint32_t seed);

/* A pixmap of the screen's depth with noise on it. */
Pixmap noise_pixmap(const struct canvas *canvas, int width, int height,
		    uint32_t seed);

/* A bitmap, one bit deep, with a pattern that has no symmetry. */
Pixmap pattern_bitmap(const struct canvas *canvas, int width, int height);

/* Cell @index of a grid of @columns x @rows over the window, with a margin. */
XRectangle cell(const struct canvas *canvas, int columns, int rows, int index);

#endif
