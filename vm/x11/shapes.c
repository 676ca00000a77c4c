// SPDX-License-Identifier: GPL-2.0-only
/* Lines, arcs, polygons, patterns and clips. */
#include <math.h>

#include "steps.h"

static void fan(const struct canvas *canvas, int x, int y, int radius)
{
	for (int i = 0; i < 48; i++) {
		double angle = i * M_PI / 24 + 0.01;

		XDrawLine(canvas->display, canvas->window, canvas->gc, x, y,
			  x + (int)lrint(radius * cos(angle)),
			  y + (int)lrint(radius * sin(angle)));
	}
}

static void lines_thin(const struct canvas *canvas)
{
	ink(canvas, 0xffffff);
	fan(canvas, 200, 200, 180);
	ink(canvas, 0xff4040);
	XSetFunction(canvas->display, canvas->gc, GXxor);
	fan(canvas, 260, 220, 400);
}

static void lines_wide(const struct canvas *canvas)
{
	static const int caps[] = { CapNotLast, CapButt, CapRound,
				    CapProjecting };
	static const int joins[] = { JoinMiter, JoinRound, JoinBevel };

	for (int i = 0; i < 12; i++) {
		XRectangle area = cell(canvas, 4, 3, i);
		XPoint points[] = {
			{ area.x + 20, area.y + 20 },
			{ area.x + 150, area.y + 50 },
			{ area.x + 40, area.y + 100 },
			{ area.x + 170, area.y + 160 },
		};

		ink(canvas, 0x302010 * (i + 1));
		XSetLineAttributes(canvas->display, canvas->gc, 2 + i,
				   LineSolid, caps[i % 4], joins[i / 4]);
		XDrawLines(canvas->display, canvas->window, canvas->gc, points,
			   ARRAY_SIZE(points), CoordModeOrigin);
	}
}

static void lines_dashed(const struct canvas *canvas)
{
	static const char dashes[] = { 7, 3, 1, 5 };

	ink(canvas, 0xffff00);
	XSetBackground(canvas->display, canvas->gc, 0x0000ff);
	XSetDashes(canvas->display, canvas->gc, 2, dashes, sizeof(dashes));
	for (int i = 0; i < 8; i++) {
		XSetLineAttributes(canvas->display, canvas->gc, i / 2 * 2,
				   i % 2 ? LineOnOffDash : LineDoubleDash,
				   CapButt, JoinMiter);
		XDrawRectangle(canvas->display, canvas->window, canvas->gc,
			       30 + 90 * i, 20 + 11 * i, 77, 333);
		XDrawLine(canvas->display, canvas->window, canvas->gc,
			  30 + 90 * i, 400, 200 + 50 * i, 560);
	}
}

static void points_and_segments(const struct canvas *canvas)
{
	XPoint points[500];
	XSegment segments[100];
	uint32_t state = 137;

	for (unsigned int i = 0; i < ARRAY_SIZE(points); i++) {
		points[i].x = noise_below(&state, canvas->width);
		points[i].y = noise_below(&state, canvas->height);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(segments); i++) {
		segments[i].x1 = noise_below(&state, canvas->width);
		segments[i].y1 = noise_below(&state, canvas->height);
		segments[i].x2 = i % 2 ? segments[i].x1 :
					 noise_below(&state, canvas->width);
		segments[i].y2 = i % 3 ? segments[i].y1 :
					 noise_below(&state, canvas->height);
	}
	ink(canvas, 0xffffff);
	XDrawPoints(canvas->display, canvas->window, canvas->gc, points,
		    ARRAY_SIZE(points), CoordModeOrigin);
	ink(canvas, 0x00c0ff);
	XDrawSegments(canvas->display, canvas->window, canvas->gc, segments,
		      ARRAY_SIZE(segments));
}

static void arcs(const struct canvas *canvas)
{
	for (int i = 0; i < 24; i++) {
		XRectangle area = cell(canvas, 6, 4, i);
		int start = i * 23 * 64, extent = (i * 29 - 300) * 64;

		ink(canvas, 0x0a3c17 * (i + 1) & 0xffffff);
		XSetLineAttributes(canvas->display, canvas->gc, i % 5,
				   LineSolid, CapButt, JoinMiter);
		XSetArcMode(canvas->display, canvas->gc,
			    i % 2 ? ArcChord : ArcPieSlice);
		XFillArc(canvas->display, canvas->window, canvas->gc, area.x,
			 area.y, area.width / 2, area.height, start, extent);
		XDrawArc(canvas->display, canvas->window, canvas->gc,
			 area.x + area.width / 2, area.y, area.width / 2,
			 area.height / 2, start, extent);
	}
}

static void polygons(const struct canvas *canvas)
{
	for (int i = 0; i < 6; i++) {
		XRectangle area = cell(canvas, 3, 2, i);
		XPoint points[5 + 2];
		const int count = 5 + i % 3;

		for (int j = 0; j < count; j++) {
			double angle = j * 2 * 2 * M_PI / count + 0.03;

			points[j].x = area.x + area.width / 2 +
				      (int)lrint(110 * cos(angle));
			points[j].y = area.y + area.height / 2 +
				      (int)lrint(110 * sin(angle));
		}
		ink(canvas, 0x2b1a40 * (i + 1) & 0xffffff);
		XSetFillRule(canvas->display, canvas->gc,
			     i < 3 ? EvenOddRule : WindingRule);
		XFillPolygon(canvas->display, canvas->window, canvas->gc,
			     points, count, Complex, CoordModeOrigin);
	}
}

static void fill_shapes(const struct canvas *canvas, int y)
{
	XPoint points[] = { { 420, y }, { 620, y + 30 }, { 450, y + 140 } };

	XFillRectangle(canvas->display, canvas->window, canvas->gc, 11, y, 177,
		       133);
	XFillArc(canvas->display, canvas->window, canvas->gc, 210, y, 190, 130,
		 0, 360 * 64);
	XFillPolygon(canvas->display, canvas->window, canvas->gc, points,
		     ARRAY_SIZE(points), Convex, CoordModeOrigin);
	XSetLineAttributes(canvas->display, canvas->gc, 9, LineSolid, CapRound,
			   JoinRound);
	XDrawLine(canvas->display, canvas->window, canvas->gc, 640, y, 740,
		  y + 120);
}

static void tiles(const struct canvas *canvas)
{
	Pixmap odd = noise_pixmap(canvas, 37, 23, 139);
	Pixmap even = noise_pixmap(canvas, 32, 16, 149);

	XSetFillStyle(canvas->display, canvas->gc, FillTiled);
	XSetTile(canvas->display, canvas->gc, odd);
	fill_shapes(canvas, 10);
	XSetTSOrigin(canvas->display, canvas->gc, 5, -9);
	XSetTile(canvas->display, canvas->gc, even);
	fill_shapes(canvas, 160);
	XSetFunction(canvas->display, canvas->gc, GXxor);
	fill_shapes(canvas, 240);
	XSetTile(canvas->display, canvas->gc, odd);
	XSetFunction(canvas->display, canvas->gc, GXorInverted);
	fill_shapes(canvas, 420);
	XFreePixmap(canvas->display, odd);
	XFreePixmap(canvas->display, even);
}

static void stipples(const struct canvas *canvas)
{
	Pixmap odd = pattern_bitmap(canvas, 13, 19);
	Pixmap even = pattern_bitmap(canvas, 8, 8);

	ink(canvas, 0xffffff);
	XSetBackground(canvas->display, canvas->gc, 0x406000);
	XSetStipple(canvas->display, canvas->gc, odd);
	XSetFillStyle(canvas->display, canvas->gc, FillStippled);
	fill_shapes(canvas, 10);
	XSetFillStyle(canvas->display, canvas->gc, FillOpaqueStippled);
	XSetTSOrigin(canvas->display, canvas->gc, 3, 4);
	fill_shapes(canvas, 160);
	XSetStipple(canvas->display, canvas->gc, even);
	fill_shapes(canvas, 310);
	XSetFunction(canvas->display, canvas->gc, GXxor);
	XSetFillStyle(canvas->display, canvas->gc, FillStippled);
	fill_shapes(canvas, 400);
	XFreePixmap(canvas->display, odd);
	XFreePixmap(canvas->display, even);
}

/* Fill, copy and put below a clip; the copies' source is not clipped. */
static void draw_clipped(const struct canvas *canvas, uint32_t seed)
{
	Pixmap pixmap = noise_pixmap(canvas, 300, 200, seed);
	XImage *image = noise_image(canvas, canvas->depth, 300, 200, seed + 1);

	ink(canvas, 0xd0d000);
	XFillRectangle(canvas->display, canvas->window, canvas->gc, 0, 0, 400,
		       400);
	XCopyArea(canvas->display, pixmap, canvas->window, canvas->gc, 0, 0,
		  300, 200, 380, 20);
	XPutImage(canvas->display, canvas->window, canvas->gc, image, 0, 0, 50,
		  300, 300, 200);
	XCopyArea(canvas->display, canvas->window, canvas->window, canvas->gc,
		  50, 50, 300, 300, 330, 240);
	XDestroyImage(image);
	XFreePixmap(canvas->display, pixmap);
}

static void clip_rectangles(const struct canvas *canvas)
{
	XRectangle few[] = { { 20, 20, 300, 100 },
			     { 200, 90, 400, 300 },
			     { 30, 350, 500, 130 } };
	XRectangle many[90];

	for (int i = 0; i < (int)ARRAY_SIZE(many); i++)
		many[i] = (XRectangle){ i % 10 * 80 + i, i / 10 * 65, 55, 41 };
	backdrop(canvas);
	XSetClipRectangles(canvas->display, canvas->gc, 0, 0, few,
			   ARRAY_SIZE(few), Unsorted);
	draw_clipped(canvas, 151);
	XSetClipRectangles(canvas->display, canvas->gc, 10, 5, many,
			   ARRAY_SIZE(many), Unsorted);
	draw_clipped(canvas, 157);
}

static void clip_mask(const struct canvas *canvas)
{
	Pixmap mask;
	GC gc;

	mask = XCreatePixmap(canvas->display, canvas->window, 500, 400, 1);
	gc = XCreateGC(canvas->display, mask, 0, NULL);
	XSetForeground(canvas->display, gc, 0);
	XFillRectangle(canvas->display, mask, gc, 0, 0, 500, 400);
	XSetForeground(canvas->display, gc, 1);
	XFillArc(canvas->display, mask, gc, 20, 10, 460, 380, 0, 360 * 64);
	XSetForeground(canvas->display, gc, 0);
	XFillArc(canvas->display, mask, gc, 170, 130, 150, 140, 0, 360 * 64);
	backdrop(canvas);
	XSetClipMask(canvas->display, canvas->gc, mask);
	XSetClipOrigin(canvas->display, canvas->gc, 60, 40);
	draw_clipped(canvas, 163);
	XFreeGC(canvas->display, gc);
	XFreePixmap(canvas->display, mask);
}

const struct step shape_steps[] = {
	{ "lines-thin", lines_thin },
	{ "lines-wide", lines_wide },
	{ "lines-dashed", lines_dashed },
	{ "points-and-segments", points_and_segments },
	{ "arcs", arcs },
	{ "polygons", polygons },
	{ "tiles", tiles },
	{ "stipples", stipples },
	{ "clip-rectangles", clip_rectangles },
	{ "clip-mask", clip_mask },
	{ NULL, NULL },
};
