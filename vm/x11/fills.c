// SPDX-License-Identifier: GPL-2.0-only
/* Rectangles: the operation that the device has a command for, and those that it has none for. */
#include "steps.h"

#define MANY 1500

static void fill_copy(const struct canvas *canvas)
{
	uint32_t state = 11;

	for (int i = 0; i < 300; i++) {
		ink(canvas, noise(&state) & 0xffffff);
		XFillRectangle(canvas->display, canvas->window, canvas->gc,
			       noise_below(&state, canvas->width),
			       noise_below(&state, canvas->height),
			       1 + noise_below(&state, 300),
			       1 + noise_below(&state, 200));
	}
}

static void fill_edges(const struct canvas *canvas)
{
	XRectangle rectangles[] = {
		{ -20, -20, 50, 50 },
		{ canvas->width - 30, -5, 100, 40 },
		{ -100, canvas->height - 10, 200, 300 },
		{ canvas->width - 1, canvas->height - 1, 1, 1 },
		{ 200, 200, 0, 0 },
		{ 300, 200, 0, 40 },
		{ 100, 100, 1, 200 },
		{ 100, 320, 200, 1 },
		{ -32000, 400, 65000, 3 },
		{ 500, 300, 65535, 65535 },
	};

	ink(canvas, 0xffcc00);
	XFillRectangles(canvas->display, canvas->window, canvas->gc, rectangles,
			ARRAY_SIZE(rectangles));
}

static void fill_many(const struct canvas *canvas)
{
	static XRectangle rectangles[MANY];
	uint32_t state = 13;

	for (int i = 0; i < MANY; i++) {
		rectangles[i] = (XRectangle){
			.x = noise_below(&state, canvas->width),
			.y = noise_below(&state, canvas->height),
			.width = 1 + noise_below(&state, 5),
			.height = 1 + noise_below(&state, 5),
		};
	}
	ink(canvas, 0x40ff80);
	XFillRectangles(canvas->display, canvas->window, canvas->gc, rectangles,
			MANY);
}

static void fill_functions(const struct canvas *canvas)
{
	backdrop(canvas);
	ink(canvas, 0x5a33c7);
	for (int function = GXclear; function <= GXset; function++) {
		XRectangle area = cell(canvas, 4, 4, function);

		XSetFunction(canvas->display, canvas->gc, function);
		XFillRectangles(canvas->display, canvas->window, canvas->gc,
				&area, 1);
	}
}

static void fill_planes(const struct canvas *canvas)
{
	static const unsigned long masks[] = { 0xff0000, 0x00ff00, 0x0000ff,
					       0x010101, 0xfefefe, 0,
					       0xf0f0f0, ~0ul };

	backdrop(canvas);
	ink(canvas, 0xffffff);
	for (unsigned int i = 0; i < ARRAY_SIZE(masks); i++) {
		XRectangle area = cell(canvas, 4, 2, i);

		XSetPlaneMask(canvas->display, canvas->gc, masks[i]);
		XFillRectangles(canvas->display, canvas->window, canvas->gc,
				&area, 1);
	}
}

/* Inverting twice gives back what was there, but for where it was done once. */
static void fill_invert(const struct canvas *canvas)
{
	put_noise(canvas, canvas->window, canvas->width, canvas->height, 17);
	XSetFunction(canvas->display, canvas->gc, GXinvert);
	XFillRectangle(canvas->display, canvas->window, canvas->gc, 10, 10, 400,
		       300);
	XFillRectangle(canvas->display, canvas->window, canvas->gc, 60, 50, 500,
		       100);
}

static void fill_clear_area(const struct canvas *canvas)
{
	backdrop(canvas);
	XClearArea(canvas->display, canvas->window, 50, 60, 201, 101, False);
	XSetWindowBackground(canvas->display, canvas->window, 0x804020);
	XClearArea(canvas->display, canvas->window, 300, 60, 99, 0, False);
	XClearArea(canvas->display, canvas->window, -5, 400, 77, 33, False);
}

const struct step fill_steps[] = {
	{ "fill-copy", fill_copy },
	{ "fill-edges", fill_edges },
	{ "fill-many", fill_many },
	{ "fill-functions", fill_functions },
	{ "fill-planes", fill_planes },
	{ "fill-invert", fill_invert },
	{ "fill-clear-area", fill_clear_area },
	{ NULL, NULL },
};
