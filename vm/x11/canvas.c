// SPDX-License-Identifier: GPL-2.0-only
#include "canvas.h"

#include <stdlib.h>

#define BACKGROUND 0x203040
#define TILE 32

void canvas_open(struct canvas *canvas)
{
	canvas->display = XOpenDisplay(NULL);
	if (!canvas->display)
		ktap_bail("no X server at '%s'", XDisplayName(NULL));
	canvas->screen = DefaultScreen(canvas->display);
	canvas->root = RootWindow(canvas->display, canvas->screen);
	canvas->visual = DefaultVisual(canvas->display, canvas->screen);
	canvas->depth = DefaultDepth(canvas->display, canvas->screen);
	canvas->window = None;
	canvas->gc = NULL;
	if (canvas->depth != 24)
		ktap_bail("the screen is %d bits deep", canvas->depth);
}

static void drop_window(struct canvas *canvas)
{
	if (canvas->gc)
		XFreeGC(canvas->display, canvas->gc);
	if (canvas->window)
		XDestroyWindow(canvas->display, canvas->window);
	canvas->gc = NULL;
	canvas->window = None;
}

void canvas_close(struct canvas *canvas)
{
	drop_window(canvas);
	XCloseDisplay(canvas->display);
}

void canvas_reset(struct canvas *canvas)
{
	XSetWindowAttributes attributes = {
		.background_pixel = BACKGROUND,
		.override_redirect = True,
		.event_mask = ExposureMask,
	};
	XGCValues values = { .graphics_exposures = False };
	XWindowAttributes root;

	drop_window(canvas);
	XGetWindowAttributes(canvas->display, canvas->root, &root);
	canvas->width = root.width;
	canvas->height = root.height;
	canvas->window = XCreateWindow(
		canvas->display, canvas->root, 0, 0, root.width, root.height, 0,
		canvas->depth, InputOutput, canvas->visual,
		CWBackPixel | CWOverrideRedirect | CWEventMask, &attributes);
	canvas->gc = XCreateGC(canvas->display, canvas->window,
			       GCGraphicsExposures, &values);
	XMapRaised(canvas->display, canvas->window);
	XSync(canvas->display, False);
}

XImage *canvas_grab(const struct canvas *canvas)
{
	XImage *image;

	image = XGetImage(canvas->display, canvas->root, 0, 0, canvas->width,
			  canvas->height, AllPlanes, ZPixmap);
	if (!image || image->bits_per_pixel != 32)
		ktap_bail("the server gives no picture with 32 bits per pixel");
	return image;
}

uint32_t noise(uint32_t *state)
{
	uint32_t value = *state ? *state : 1;

	value ^= value << 13;
	value ^= value >> 17;
	value ^= value << 5;
	*state = value;
	return value * 2654435761u;
}

int noise_below(uint32_t *state, int limit)
{
	return (noise(state) >> 8) % (uint32_t)limit;
}

void ink(const struct canvas *canvas, uint32_t rgb)
{
	XSetForeground(canvas->display, canvas->gc, rgb);
}

void slab(const struct canvas *canvas, uint32_t rgb, int x, int y, int width,
	  int height)
{
	XGCValues values = { .foreground = rgb };
	GC gc;

	gc = XCreateGC(canvas->display, canvas->window, GCForeground, &values);
	XFillRectangle(canvas->display, canvas->window, gc, x, y, width, height);
	XFreeGC(canvas->display, gc);
}

void backdrop(const struct canvas *canvas)
{
	uint32_t state = 7;

	for (int y = 0; y < canvas->height; y += TILE) {
		for (int x = 0; x < canvas->width; x += TILE) {
			ink(canvas, noise(&state) & 0xffffff);
			XFillRectangle(canvas->display, canvas->window,
				       canvas->gc, x, y, TILE, TILE);
		}
	}
}

XImage *noise_image(const struct canvas *canvas, int depth, int width,
		    int height, uint32_t seed)
{
	XImage *image;
	uint32_t state = seed;
	size_t size;

	image = XCreateImage(canvas->display, canvas->visual, depth, ZPixmap, 0,
			     NULL, width, height, 32, 0);
	if (!image)
		ktap_bail("no image of %dx%d, depth %d", width, height, depth);
	size = (size_t)image->bytes_per_line * height;
	image->data = malloc(size + 3);
	if (!image->data)
		ktap_bail("no memory for an image of %dx%d", width, height);
	for (size_t at = 0; at < size; at += 4) {
		uint32_t value = noise(&state);

		for (int i = 0; i < 4; i++)
			image->data[at + i] = (char)(value >> 8 * i);
	}
	return image;
}

void put_noise(const struct canvas *canvas, Drawable drawable, int width,
	       int height, uint32_t seed)
{
	XImage *image = noise_image(canvas, canvas->depth, width, height, seed);
	GC gc = XCreateGC(canvas->display, drawable, 0, NULL);

	XPutImage(canvas->display, drawable, gc, image, 0, 0, 0, 0, width,
		  height);
	XFreeGC(canvas->display, gc);
	XDestroyImage(image);
}

Pixmap noise_pixmap(const struct canvas *canvas, int width, int height,
		    uint32_t seed)
{
	Pixmap pixmap;

	pixmap = XCreatePixmap(canvas->display, canvas->window, width, height,
			       canvas->depth);
	put_noise(canvas, pixmap, width, height, seed);
	return pixmap;
}

Pixmap pattern_bitmap(const struct canvas *canvas, int width, int height)
{
	Pixmap bitmap;
	GC gc;

	bitmap = XCreatePixmap(canvas->display, canvas->window, width, height, 1);
	gc = XCreateGC(canvas->display, bitmap, 0, NULL);
	XSetForeground(canvas->display, gc, 0);
	XFillRectangle(canvas->display, bitmap, gc, 0, 0, width, height);
	XSetForeground(canvas->display, gc, 1);
	for (int y = 0; y < height; y++) {
		for (int x = 0; x < width; x++) {
			if ((x * x + 3 * y + x * y) % 5 < 2)
				XDrawPoint(canvas->display, bitmap, gc, x, y);
		}
	}
	XFreeGC(canvas->display, gc);
	return bitmap;
}

XRectangle cell(const struct canvas *canvas, int columns, int rows, int index)
{
	int width = canvas->width / columns;
	int height = canvas->height / rows;

	return (XRectangle){
		.x = index % columns * width + 2,
		.y = index / columns * height + 2,
		.width = width - 4,
		.height = height - 4,
	};
}
