// SPDX-License-Identifier: GPL-2.0-only
/* Pixmaps of every depth, more of them than the device has surface ids, and large ones. */
#include <stdlib.h>
#include <string.h>

#include <X11/extensions/Xrender.h>

#include "steps.h"

#define MANY 2000
#define SMALL 16

static unsigned long depth_mask(int depth)
{
	return depth == 32 ? 0xffffffff : (1ul << depth) - 1;
}

static unsigned int count_wrong(XImage *want, XImage *got, unsigned long mask)
{
	unsigned int wrong = 0;

	for (int y = 0; y < want->height; y++) {
		for (int x = 0; x < want->width; x++)
			wrong += ((XGetPixel(want, x, y) ^ XGetPixel(got, x, y)) &
				  mask) != 0;
	}
	return wrong;
}

/* Put, fill, copy and read a pixmap of this depth; its planes go to the window. */
static void use_depth(const struct canvas *canvas, int depth, int row)
{
	const int width = 101, height = 77;
	XImage *want = noise_image(canvas, depth, width, height, 400 + depth);
	Pixmap first = XCreatePixmap(canvas->display, canvas->window, width,
				     height, depth);
	Pixmap second = XCreatePixmap(canvas->display, canvas->window, width,
				      height, depth);
	GC gc = XCreateGC(canvas->display, first, 0, NULL);
	XImage *got;

	XPutImage(canvas->display, first, gc, want, 0, 0, 0, 0, width, height);
	XCopyArea(canvas->display, first, second, gc, 0, 0, width, height, 0, 0);
	got = XGetImage(canvas->display, second, 0, 0, width, height, AllPlanes,
			ZPixmap);
	check(!count_wrong(want, got, depth_mask(depth)),
	      "depth %d: %u pixels of a pixmap are wrong", depth,
	      count_wrong(want, got, depth_mask(depth)));
	XSetForeground(canvas->display, gc, 0x5aa5a55a);
	XFillRectangle(canvas->display, second, gc, 10, 10, 50, 40);
	XSetFunction(canvas->display, gc, GXxor);
	XFillRectangle(canvas->display, second, gc, 30, 20, 60, 50);
	for (int i = 0; i < 6 && i < depth; i++)
		XCopyPlane(canvas->display, second, canvas->window, canvas->gc,
			   0, 0, width, height, 10 + 110 * i, row,
			   1ul << (depth - 1 - i));
	XDestroyImage(got);
	XDestroyImage(want);
	XFreeGC(canvas->display, gc);
	XFreePixmap(canvas->display, first);
	XFreePixmap(canvas->display, second);
}

static void pixmap_depths(const struct canvas *canvas)
{
	static const int depths[] = { 1, 8, 16, 24, 32 };

	ink(canvas, 0xffffff);
	for (unsigned int i = 0; i < ARRAY_SIZE(depths); i++)
		use_depth(canvas, depths[i], 10 + 90 * i);
}

/* Render turns each depth into colours, both ways. */
static void pixmap_formats(const struct canvas *canvas)
{
	static const struct {
		int depth;
		XRenderDirectFormat direct;
	} kinds[] = {
		{ 16,
		  { .red = 11,
		    .redMask = 31,
		    .green = 5,
		    .greenMask = 63,
		    .blue = 0,
		    .blueMask = 31 } },
		{ 24,
		  { .red = 16,
		    .redMask = 255,
		    .green = 8,
		    .greenMask = 255,
		    .blue = 0,
		    .blueMask = 255 } },
		{ 32,
		  { .red = 16,
		    .redMask = 255,
		    .green = 8,
		    .greenMask = 255,
		    .blue = 0,
		    .blueMask = 255,
		    .alpha = 24,
		    .alphaMask = 255 } },
	};
	Picture target = XRenderCreatePicture(
		canvas->display, canvas->window,
		XRenderFindVisualFormat(canvas->display, canvas->visual), 0,
		NULL);

	put_noise(canvas, canvas->window, canvas->width, canvas->height, 269);
	for (unsigned int i = 0; i < ARRAY_SIZE(kinds); i++) {
		XRenderPictFormat wanted = { .type = PictTypeDirect,
					     .depth = kinds[i].depth,
					     .direct = kinds[i].direct };
		XRenderPictFormat *format = XRenderFindFormat(
			canvas->display,
			PictFormatType | PictFormatDepth | PictFormatRedMask |
				PictFormatRed | PictFormatGreen |
				PictFormatAlphaMask,
			&wanted, 0);
		Pixmap pixmap = XCreatePixmap(canvas->display, canvas->window,
					      200, 150, kinds[i].depth);
		Picture picture;

		if (!format)
			ktap_bail("no Render format of depth %d", kinds[i].depth);
		picture = XRenderCreatePicture(canvas->display, pixmap, format,
					       0, NULL);
		XRenderComposite(canvas->display, PictOpSrc, target, None,
				 picture, 10, 10, 0, 0, 0, 0, 200, 150);
		slab(canvas, 0, 40 + 230 * (int)i, 250, 210, 160);
		XRenderComposite(canvas->display, PictOpOver, picture, None,
				 target, 0, 0, 0, 0, 45 + 230 * (int)i, 255,
				 200, 150);
		XRenderFreePicture(canvas->display, picture);
		XFreePixmap(canvas->display, pixmap);
	}
	XRenderFreePicture(canvas->display, target);
}

/* All of them live at once; each has a colour and a mark of its own. */
static void pixmap_many(const struct canvas *canvas)
{
	static Pixmap pixmaps[MANY];
	int columns = canvas->width / SMALL;
	uint32_t state = 271;

	for (int i = 0; i < MANY; i++) {
		pixmaps[i] = XCreatePixmap(canvas->display, canvas->window,
					   SMALL, SMALL, canvas->depth);
		ink(canvas, noise(&state) & 0xffffff);
		XFillRectangle(canvas->display, pixmaps[i], canvas->gc, 0, 0,
			       SMALL, SMALL);
		ink(canvas, noise(&state) & 0xffffff);
		XFillRectangle(canvas->display, pixmaps[i], canvas->gc, i % 13,
			       i % 11, 3, 5);
	}
	for (int i = 0; i < MANY; i++)
		XCopyArea(canvas->display, pixmaps[i], canvas->window,
			  canvas->gc, 0, 0, SMALL, SMALL, i % columns * SMALL,
			  i / columns * SMALL);
	for (int i = 0; i < MANY; i++)
		XFreePixmap(canvas->display, pixmaps[i]);
}

/* Larger than the screen: more than the device could show. */
static void pixmap_large(const struct canvas *canvas)
{
	Pixmap pixmap = XCreatePixmap(canvas->display, canvas->window, 2500,
				      1700, canvas->depth);
	uint32_t state = 277;

	ink(canvas, 0x101010);
	XFillRectangle(canvas->display, pixmap, canvas->gc, 0, 0, 2500, 1700);
	for (int i = 0; i < 200; i++) {
		ink(canvas, noise(&state) & 0xffffff);
		XFillRectangle(canvas->display, pixmap, canvas->gc,
			       noise_below(&state, 2500),
			       noise_below(&state, 1700), 300, 200);
	}
	XCopyArea(canvas->display, pixmap, canvas->window, canvas->gc, 1400,
		  800, canvas->width, canvas->height, 0, 0);
	XFreePixmap(canvas->display, pixmap);
}

/* Created and freed again and again: a leak or a reuse too early shows. */
static void pixmap_churn(const struct canvas *canvas)
{
	uint32_t state = 281;

	for (int i = 0; i < 300; i++) {
		int width = 1 + noise_below(&state, 90);
		int height = 1 + noise_below(&state, 70);
		Pixmap pixmap = XCreatePixmap(canvas->display, canvas->window,
					      width, height, canvas->depth);

		ink(canvas, noise(&state) & 0xffffff);
		XFillRectangle(canvas->display, pixmap, canvas->gc, 0, 0, width,
			       height);
		XCopyArea(canvas->display, pixmap, canvas->window, canvas->gc,
			  0, 0, width, height, i % 20 * 48, i / 20 * 40);
		XFreePixmap(canvas->display, pixmap);
	}
}

const struct step pixmap_steps[] = {
	{ "pixmap-depths", pixmap_depths },
	{ "pixmap-formats", pixmap_formats },
	{ "pixmap-many", pixmap_many },
	{ "pixmap-large", pixmap_large },
	{ "pixmap-churn", pixmap_churn },
	{ NULL, NULL },
};
