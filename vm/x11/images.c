// SPDX-License-Identifier: GPL-2.0-only
/* Pixels from the client and back to it. */
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>

#include <X11/Xlib.h>
#include <X11/extensions/XShm.h>

#include "steps.h"

#define RGB 0xffffff

static void put(const struct canvas *canvas, int x, int y, int width,
		int height, uint32_t seed)
{
	XImage *image;

	image = noise_image(canvas, canvas->depth, width, height, seed);
	XPutImage(canvas->display, canvas->window, canvas->gc, image, 0, 0, x,
		  y, width, height);
	XDestroyImage(image);
}

/* Odd sizes, one pixel wide or high, and over the edges of the window. */
static void put_small(const struct canvas *canvas)
{
	static const int sizes[] = { 1,  2,  3,  4,  5,  7,  8,
				     15, 16, 17, 31, 33, 63, 65 };
	const int count = ARRAY_SIZE(sizes);

	for (int i = 0; i < count; i++) {
		for (int j = 0; j < count; j++)
			put(canvas, i * 70 - 10, j * 50 - 10, sizes[i],
			    sizes[j], 100 + i * count + j);
	}
	put(canvas, canvas->width - 20, canvas->height - 20, 50, 50, 71);
}

static void put_part(const struct canvas *canvas)
{
	XImage *image = noise_image(canvas, canvas->depth, 301, 203, 73);
	uint32_t state = 79;

	for (int i = 0; i < 30; i++) {
		int x = noise_below(&state, 300);
		int y = noise_below(&state, 200);

		XPutImage(canvas->display, canvas->window, canvas->gc, image, x,
			  y, noise_below(&state, canvas->width),
			  noise_below(&state, canvas->height), 301 - x, 203 - y);
	}
	XDestroyImage(image);
}

/* Several times what the Xorg driver puts into one chunk, 256 KiB. */
static void put_screen(const struct canvas *canvas)
{
	put(canvas, 0, 0, canvas->width, canvas->height, 83);
}

/* Rows that fill no whole number of chunks, and one column. */
static void put_tall(const struct canvas *canvas)
{
	put(canvas, 10, 0, 333, canvas->height, 89);
	put(canvas, 400, 1, 1, canvas->height - 2, 97);
	put(canvas, 500, 3, 255, canvas->height - 6, 101);
}

static void put_functions(const struct canvas *canvas)
{
	XImage *image = noise_image(canvas, canvas->depth, 120, 90, 103);

	backdrop(canvas);
	for (int function = GXclear; function <= GXset; function++) {
		XRectangle area = cell(canvas, 4, 4, function);

		XSetFunction(canvas->display, canvas->gc, function);
		XPutImage(canvas->display, canvas->window, canvas->gc, image, 0,
			  0, area.x, area.y, 120, 90);
	}
	XDestroyImage(image);
}

/* One bit deep data, in the foreground's and the background's colour. */
static void put_bitmap(const struct canvas *canvas)
{
	Pixmap bitmap = pattern_bitmap(canvas, 203, 99);
	XImage *image;

	image = XGetImage(canvas->display, bitmap, 0, 0, 203, 99, 1, XYPixmap);
	image->format = XYBitmap;
	ink(canvas, 0xff00ff);
	XSetBackground(canvas->display, canvas->gc, 0x00ffff);
	XPutImage(canvas->display, canvas->window, canvas->gc, image, 0, 0, 50,
		  50, 203, 99);
	XPutImage(canvas->display, canvas->window, canvas->gc, image, 13, 7,
		  301, 50, 103, 77);
	XDestroyImage(image);
	XFreePixmap(canvas->display, bitmap);
}

static void put_planes(const struct canvas *canvas)
{
	XImage *image;

	put(canvas, 20, 20, 150, 100, 107);
	image = XGetImage(canvas->display, canvas->window, 20, 20, 150, 100,
			  RGB, XYPixmap);
	XPutImage(canvas->display, canvas->window, canvas->gc, image, 0, 0, 200,
		  150, 150, 100);
	XDestroyImage(image);
}

static void put_shared(const struct canvas *canvas)
{
	const int width = 401, height = 303;
	XShmSegmentInfo segment = { 0 };
	XImage *noisy = noise_image(canvas, canvas->depth, width, height, 109);
	XImage *image;

	if (!XShmQueryExtension(canvas->display))
		ktap_bail("the server has no shared memory");
	image = XShmCreateImage(canvas->display, canvas->visual, canvas->depth,
				ZPixmap, NULL, &segment, width, height);
	segment.shmid = shmget(IPC_PRIVATE,
			       (size_t)image->bytes_per_line * height,
			       IPC_CREAT | 0600);
	segment.shmaddr = image->data = shmat(segment.shmid, NULL, 0);
	if (segment.shmaddr == (char *)-1)
		ktap_bail("no shared memory");
	memcpy(image->data, noisy->data, (size_t)image->bytes_per_line * height);
	XShmAttach(canvas->display, &segment);
	XShmPutImage(canvas->display, canvas->window, canvas->gc, image, 0, 0,
		     30, 20, width, height, False);
	XShmPutImage(canvas->display, canvas->window, canvas->gc, image, 7, 9,
		     480, 310, 255, 201, False);
	XShmGetImage(canvas->display, canvas->window, image, 30, 20, AllPlanes);
	check(XGetPixel(image, 400, 302) % (RGB + 1) ==
		      XGetPixel(noisy, 400, 302) % (RGB + 1),
	      "shared: %06lx came back for %06lx", XGetPixel(image, 400, 302),
	      XGetPixel(noisy, 400, 302));
	XShmDetach(canvas->display, &segment);
	XSync(canvas->display, False);
	shmctl(segment.shmid, IPC_RMID, NULL);
	shmdt(segment.shmaddr);
	image->data = NULL;
	XDestroyImage(image);
	XDestroyImage(noisy);
}

/* Pixels of @got, which were read at @x and @y, that are not those of @want. */
static unsigned int wrong_pixels(XImage *want, XImage *got, int x, int y)
{
	unsigned int wrong = 0;

	for (int row = 0; row < got->height; row++) {
		for (int column = 0; column < got->width; column++)
			wrong += ((XGetPixel(want, x + column, y + row) ^
				   XGetPixel(got, column, row)) &
				  RGB) != 0;
	}
	return wrong;
}

/* What was put must come back, whichever part of it is asked for. */
static void get_parts(const struct canvas *canvas)
{
	const int width = 640, height = 480;
	XImage *want = noise_image(canvas, canvas->depth, width, height, 113);
	uint32_t state = 127;

	XPutImage(canvas->display, canvas->window, canvas->gc, want, 0, 0, 0, 0,
		  width, height);
	for (int i = 0; i < 40; i++) {
		int x = noise_below(&state, width);
		int y = noise_below(&state, height);
		int columns = 1 + noise_below(&state, width - x);
		int rows = 1 + noise_below(&state, height - y);
		XImage *got = XGetImage(canvas->display, canvas->window, x, y,
					columns, rows, AllPlanes, ZPixmap);
		unsigned int wrong = wrong_pixels(want, got, x, y);

		check(!wrong, "get %dx%d at %d,%d: %u pixels are wrong",
		      columns, rows, x, y, wrong);
		XDestroyImage(got);
	}
	XDestroyImage(want);
}

/* Reading just after each of many drawings: none may be late. */
static void get_after_fill(const struct canvas *canvas)
{
	uint32_t state = 131;
	unsigned int wrong = 0;

	for (int i = 0; i < 200; i++) {
		uint32_t rgb = noise(&state) & RGB;
		int x = noise_below(&state, canvas->width - 40);
		int y = noise_below(&state, canvas->height - 40);
		XImage *got;

		slab(canvas, rgb, x, y, 40, 40);
		got = XGetImage(canvas->display, canvas->window, x + i % 40,
				y + i % 37, 1, 1, AllPlanes, ZPixmap);
		wrong += (XGetPixel(got, 0, 0) & RGB) != rgb;
		XDestroyImage(got);
	}
	check(!wrong, "%u of 200 fills were not seen", wrong);
}

const struct step image_steps[] = {
	{ "put-small", put_small },
	{ "put-part", put_part },
	{ "put-screen", put_screen },
	{ "put-tall", put_tall },
	{ "put-functions", put_functions },
	{ "put-bitmap", put_bitmap },
	{ "put-planes", put_planes },
	{ "put-shared", put_shared },
	{ "get-parts", get_parts },
	{ "get-after-fill", get_after_fill },
	{ NULL, NULL },
};
