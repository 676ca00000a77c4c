// SPDX-License-Identifier: GPL-2.0-only
/* What window managers do: children that move, change size and hide each other. */
#include <X11/Xlib.h>
#include <X11/extensions/shape.h>

#include "steps.h"

static Window child(const struct canvas *canvas, int x, int y, int width,
		    int height, int border, uint32_t rgb)
{
	Window window;

	window = XCreateSimpleWindow(canvas->display, canvas->window, x, y,
				     width, height, border, 0xffffff, rgb);
	XMapWindow(canvas->display, window);
	return window;
}

static void windows_move(const struct canvas *canvas)
{
	Window windows[6];

	for (int i = 0; i < 6; i++) {
		windows[i] = child(canvas, 20 + 90 * i, 30 + 40 * i, 200, 150,
				   i, 0x1f2b37 * (i + 1) & 0xffffff);
		put_noise(canvas, windows[i], 150, 100, 173 + i);
	}
	for (int i = 0; i < 30; i++)
		XMoveWindow(canvas->display, windows[i % 6], 17 * i + 10,
			    i * 71 % 400);
	XRaiseWindow(canvas->display, windows[0]);
	XLowerWindow(canvas->display, windows[5]);
	XResizeWindow(canvas->display, windows[2], 333, 77);
	XUnmapWindow(canvas->display, windows[3]);
}

static void windows_tiled(const struct canvas *canvas)
{
	Pixmap tile = noise_pixmap(canvas, 61, 47, 181);
	Window window = child(canvas, 100, 80, 500, 400, 7, 0);

	XSetWindowBackgroundPixmap(canvas->display, window, tile);
	XSetWindowBorderPixmap(canvas->display, window, tile);
	XClearWindow(canvas->display, window);
	XSetWindowBackgroundPixmap(canvas->display, canvas->window, tile);
	XClearArea(canvas->display, canvas->window, 0, 300, 0, 0, False);
	XFreePixmap(canvas->display, tile);
}

static void windows_scroll_below(const struct canvas *canvas)
{
	put_noise(canvas, canvas->window, canvas->width, canvas->height, 191);
	child(canvas, 200, 150, 120, 90, 2, 0x00ff00);
	child(canvas, 260, 300, 220, 90, 0, 0xff0000);
	XCopyArea(canvas->display, canvas->window, canvas->window, canvas->gc,
		  0, 20, 600, 500, 0, 0);
	XCopyArea(canvas->display, canvas->window, canvas->window, canvas->gc,
		  0, 0, 600, 500, 9, 31);
}

static void windows_shaped(const struct canvas *canvas)
{
	Window window = child(canvas, 150, 100, 400, 300, 0, 0xffff00);
	XRectangle rectangles[] = { { 0, 0, 100, 300 },
				    { 50, 100, 350, 80 },
				    { 300, 20, 60, 270 } };
	int event, error;

	if (!XShapeQueryExtension(canvas->display, &event, &error))
		ktap_bail("the server has no shaped windows");
	XShapeCombineRectangles(canvas->display, window, ShapeBounding, 0, 0,
				rectangles, ARRAY_SIZE(rectangles), ShapeSet,
				Unsorted);
	put_noise(canvas, window, 400, 300, 193);
	XMoveWindow(canvas->display, window, 190, 170);
}

const struct step window_steps[] = {
	{ "windows-move", windows_move },
	{ "windows-tiled", windows_tiled },
	{ "windows-scroll-below", windows_scroll_below },
	{ "windows-shaped", windows_shaped },
	{ NULL, NULL },
};
