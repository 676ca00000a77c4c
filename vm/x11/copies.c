// SPDX-License-Identifier: GPL-2.0-only
/* CopyArea and CopyPlane: within the window, and to and from pixmaps. */
#include "steps.h"

static void copy_area(const struct canvas *canvas, Drawable source,
		      Drawable target, XRectangle area, int x, int y)
{
	XCopyArea(canvas->display, source, target, canvas->gc, area.x, area.y,
		  area.width, area.height, x, y);
}

static void copy_window(const struct canvas *canvas)
{
	put_noise(canvas, canvas->window, 200, 150, 19);
	for (int i = 1; i < 12; i++) {
		XRectangle area = { 0, 0, 201 - 13 * i, 151 - 7 * i };

		copy_area(canvas, canvas->window, canvas->window, area,
			  i % 4 * 205, i / 4 * 155);
	}
}

/* Source and target overlap in every direction, by much and by little. */
static void copy_scroll(const struct canvas *canvas)
{
	static const struct {
		int x, y;
	} moves[] = { { 0, -1 },  { 0, 1 }, { -1, 0 }, { 1, 0 },
		      { -1, -1 }, { 1, 1 }, { -1, 1 }, { 1, -1 } };
	static const int distances[] = { 1, 7, 40 };

	put_noise(canvas, canvas->window, canvas->width, canvas->height, 23);
	for (unsigned int i = 0; i < ARRAY_SIZE(moves); i++) {
		XRectangle area = cell(canvas, 4, 2, i);

		area.x += 40;
		area.y += 40;
		area.width -= 80;
		area.height -= 80;
		for (unsigned int j = 0; j < ARRAY_SIZE(distances); j++)
			copy_area(canvas, canvas->window, canvas->window, area,
				  area.x + moves[i].x * distances[j],
				  area.y + moves[i].y * distances[j]);
	}
}

/* The whole screen, as a terminal does it: the lines at the edge are left. */
static void copy_scroll_screen(const struct canvas *canvas)
{
	XRectangle area = { 0, 0, canvas->width, canvas->height };

	put_noise(canvas, canvas->window, canvas->width, canvas->height, 29);
	copy_area(canvas, canvas->window, canvas->window, area, 0, -100);
	copy_area(canvas, canvas->window, canvas->window, area, 0, 13);
	copy_area(canvas, canvas->window, canvas->window, area, -64, 0);
	copy_area(canvas, canvas->window, canvas->window, area, 3, 0);
}

/* Many small scrolls in a row with something new drawn between them. */
static void copy_terminal(const struct canvas *canvas)
{
	uint32_t state = 31;

	for (int line = 0; line < 80; line++) {
		XCopyArea(canvas->display, canvas->window, canvas->window,
			  canvas->gc, 10, 23, 600, 387, 10, 10);
		slab(canvas, noise(&state) & 0xffffff, 10, 397, 600, 13);
		slab(canvas, noise(&state) & 0xffffff,
		     10 + noise_below(&state, 500), 399, 90, 9);
	}
}

static void copy_functions(const struct canvas *canvas)
{
	put_noise(canvas, canvas->window, 200, 150, 37);
	for (int function = GXclear; function <= GXset; function++) {
		XRectangle area = { function, 3, 100, 60 };
		XRectangle to = cell(canvas, 4, 6, function + 8);

		XSetFunction(canvas->display, canvas->gc, function);
		copy_area(canvas, canvas->window, canvas->window, area, to.x,
			  to.y);
	}
}

/* Parts of the source are outside of the window or under a child of it. */
static void copy_hidden(const struct canvas *canvas)
{
	XRectangle area = { -50, -40, 300, 200 };
	Window child;

	put_noise(canvas, canvas->window, canvas->width, canvas->height, 41);
	child = XCreateSimpleWindow(canvas->display, canvas->window, 100, 80,
				    90, 70, 3, 0xffffff, 0x800000);
	XMapWindow(canvas->display, child);
	copy_area(canvas, canvas->window, canvas->window, area, 300, 250);
	copy_area(canvas, canvas->window, canvas->window, area, 20, 10);
	XSetSubwindowMode(canvas->display, canvas->gc, IncludeInferiors);
	copy_area(canvas, canvas->window, canvas->window, area, 500, 30);
}

static void copy_from_pixmap(const struct canvas *canvas)
{
	Pixmap pixmap = noise_pixmap(canvas, 333, 217, 43);
	uint32_t state = 47;

	for (int i = 0; i < 40; i++) {
		XRectangle area = {
			.x = noise_below(&state, 300),
			.y = noise_below(&state, 200),
			.width = 1 + noise_below(&state, 333),
			.height = 1 + noise_below(&state, 217),
		};

		copy_area(canvas, pixmap, canvas->window, area,
			  noise_below(&state, canvas->width),
			  noise_below(&state, canvas->height));
	}
	XFreePixmap(canvas->display, pixmap);
}

static void copy_through_pixmap(const struct canvas *canvas)
{
	XRectangle area = { 30, 20, 301, 199 };
	XRectangle small = { 5, 7, 290, 180 };
	Pixmap pixmap;

	put_noise(canvas, canvas->window, 400, 300, 53);
	pixmap = XCreatePixmap(canvas->display, canvas->window, 301, 199,
			       canvas->depth);
	copy_area(canvas, canvas->window, pixmap, area, 0, 0);
	slab(canvas, 0x00ff00, 40, 40, 100, 100);
	copy_area(canvas, pixmap, canvas->window, small, 410, 300);
	copy_area(canvas, canvas->window, pixmap, area, 20, 10);
	copy_area(canvas, pixmap, canvas->window, small, 100, 400);
	XFreePixmap(canvas->display, pixmap);
}

static void copy_between_pixmaps(const struct canvas *canvas)
{
	Pixmap from = noise_pixmap(canvas, 257, 129, 59);
	Pixmap to = noise_pixmap(canvas, 301, 201, 61);
	XRectangle all = { 0, 0, 301, 201 };
	XRectangle part = { 11, 13, 200, 100 };

	copy_area(canvas, from, to, part, 50, 60);
	copy_area(canvas, to, to, part, 20, 19);
	copy_area(canvas, to, canvas->window, all, 100, 100);
	XFreePixmap(canvas->display, from);
	XFreePixmap(canvas->display, to);
}

static void copy_plane(const struct canvas *canvas)
{
	Pixmap bitmap = pattern_bitmap(canvas, 199, 101);
	Pixmap pixmap = noise_pixmap(canvas, 199, 101, 67);

	ink(canvas, 0xff8000);
	XSetBackground(canvas->display, canvas->gc, 0x0040ff);
	XCopyPlane(canvas->display, bitmap, canvas->window, canvas->gc, 0, 0,
		   199, 101, 30, 30, 1);
	XCopyPlane(canvas->display, bitmap, canvas->window, canvas->gc, 33, 5,
		   100, 90, 301, 33, 1);
	XCopyPlane(canvas->display, pixmap, canvas->window, canvas->gc, 0, 0,
		   199, 101, 30, 200, 1 << 13);
	XSetFunction(canvas->display, canvas->gc, GXxor);
	XCopyPlane(canvas->display, bitmap, canvas->window, canvas->gc, 0, 0,
		   199, 101, 60, 60, 1);
	XCopyPlane(canvas->display, canvas->window, canvas->window, canvas->gc,
		   0, 0, 300, 300, 350, 250, 1 << 6);
	XFreePixmap(canvas->display, bitmap);
	XFreePixmap(canvas->display, pixmap);
}

const struct step copy_steps[] = {
	{ "copy-window", copy_window },
	{ "copy-scroll", copy_scroll },
	{ "copy-scroll-screen", copy_scroll_screen },
	{ "copy-terminal", copy_terminal },
	{ "copy-functions", copy_functions },
	{ "copy-hidden", copy_hidden },
	{ "copy-from-pixmap", copy_from_pixmap },
	{ "copy-through-pixmap", copy_through_pixmap },
	{ "copy-between-pixmaps", copy_between_pixmaps },
	{ "copy-plane", copy_plane },
	{ NULL, NULL },
};
