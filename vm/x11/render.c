// SPDX-License-Identifier: GPL-2.0-only
/* The Render extension, which toolkits draw with. */
#include <stdlib.h>

#include <X11/extensions/Xrender.h>

#include "steps.h"

#define GLYPHS 16
#define GLYPH_SIZE 24

static const int operators[] = {
	PictOpClear,       PictOpSrc,      PictOpDst,         PictOpOver,
	PictOpOverReverse, PictOpIn,       PictOpInReverse,   PictOpOut,
	PictOpOutReverse,  PictOpAtop,     PictOpAtopReverse, PictOpXor,
	PictOpAdd,         PictOpSaturate, PictOpMultiply,    PictOpScreen,
	PictOpDifference,
};

static XRenderPictFormat *standard(const struct canvas *canvas, int which)
{
	XRenderPictFormat *format;

	format = XRenderFindStandardFormat(canvas->display, which);
	if (!format)
		ktap_bail("the server has no Render format %d", which);
	return format;
}

static Picture window_picture(const struct canvas *canvas)
{
	XRenderPictFormat *format;

	format = XRenderFindVisualFormat(canvas->display, canvas->visual);
	return XRenderCreatePicture(canvas->display, canvas->window, format, 0,
				    NULL);
}

/* Noise has colours above their alpha; servers need not agree on those. */
static void premultiply(XImage *image)
{
	for (int y = 0; y < image->height; y++) {
		for (int x = 0; x < image->width; x++) {
			unsigned long pixel = XGetPixel(image, x, y);
			unsigned long alpha = pixel >> 24 & 255, result = 0;

			for (int shift = 0; shift < 24; shift += 8) {
				unsigned long value = pixel >> shift & 255;

				result |= value * alpha / 255 << shift;
			}
			XPutPixel(image, x, y, result | alpha << 24);
		}
	}
}

static void put_on(const struct canvas *canvas, Pixmap pixmap, XImage *image)
{
	GC gc = XCreateGC(canvas->display, pixmap, 0, NULL);

	XPutImage(canvas->display, pixmap, gc, image, 0, 0, 0, 0, image->width,
		  image->height);
	XFreeGC(canvas->display, gc);
}

/* A picture with noise: @which is a standard format, @depth its depth. */
static Picture noise_picture(const struct canvas *canvas, int which, int depth,
			     int width, int height, uint32_t seed)
{
	XImage *image = noise_image(canvas, depth, width, height, seed);
	Picture picture;
	Pixmap pixmap;

	if (depth == 32)
		premultiply(image);
	pixmap = XCreatePixmap(canvas->display, canvas->window, width, height,
			       depth);
	put_on(canvas, pixmap, image);
	XDestroyImage(image);
	picture = XRenderCreatePicture(canvas->display, pixmap,
				       standard(canvas, which), 0, NULL);
	XFreePixmap(canvas->display, pixmap);
	return picture;
}

static Picture argb_noise(const struct canvas *canvas, int width, int height,
			  uint32_t seed)
{
	return noise_picture(canvas, PictStandardARGB32, 32, width, height, seed);
}

static Picture a8_noise(const struct canvas *canvas, int width, int height,
			uint32_t seed)
{
	return noise_picture(canvas, PictStandardA8, 8, width, height, seed);
}

static void render_fill(const struct canvas *canvas)
{
	Picture target = window_picture(canvas);
	XRenderColor colour = { 0x5000, 0x2000, 0x7000, 0x9000 };

	backdrop(canvas);
	for (unsigned int i = 0; i < ARRAY_SIZE(operators); i++) {
		XRectangle area = cell(canvas, 5, 4, i);

		XRenderFillRectangles(canvas->display, operators[i], target,
				      &colour, &area, 1);
	}
	XRenderFreePicture(canvas->display, target);
}

/* Every operator in a cell, with or without a mask. */
static void composite_all(const struct canvas *canvas, Picture source,
			  Picture mask)
{
	Picture target = window_picture(canvas);

	backdrop(canvas);
	for (unsigned int i = 0; i < ARRAY_SIZE(operators); i++) {
		XRectangle area = cell(canvas, 5, 4, i);

		XRenderComposite(canvas->display, operators[i], source, mask,
				 target, 3, 5, 7, 2, area.x, area.y, area.width,
				 area.height);
	}
	XRenderFreePicture(canvas->display, target);
}

static void render_operators(const struct canvas *canvas)
{
	Picture source = argb_noise(canvas, 300, 300, 197);

	composite_all(canvas, source, None);
	XRenderFreePicture(canvas->display, source);
}

static void render_mask(const struct canvas *canvas)
{
	Picture source = argb_noise(canvas, 300, 300, 199);
	Picture mask = a8_noise(canvas, 300, 300, 211);

	composite_all(canvas, source, mask);
	XRenderFreePicture(canvas->display, source);
	XRenderFreePicture(canvas->display, mask);
}

static void render_component_alpha(const struct canvas *canvas)
{
	Picture source = argb_noise(canvas, 300, 300, 223);
	Picture mask = argb_noise(canvas, 300, 300, 227);
	XRenderPictureAttributes attributes = { .component_alpha = True };

	XRenderChangePicture(canvas->display, mask, CPComponentAlpha,
			     &attributes);
	composite_all(canvas, source, mask);
	XRenderFreePicture(canvas->display, source);
	XRenderFreePicture(canvas->display, mask);
}

/* A picture of one colour through a mask: how toolkits draw text. */
static void render_solid_source(const struct canvas *canvas)
{
	XRenderColor colour = { 0x8000, 0x6000, 0x1000, 0xc000 };
	Picture source = XRenderCreateSolidFill(canvas->display, &colour);
	Picture mask = a8_noise(canvas, 300, 300, 229);

	composite_all(canvas, source, mask);
	XRenderFreePicture(canvas->display, source);
	XRenderFreePicture(canvas->display, mask);
}

static void render_repeat(const struct canvas *canvas)
{
	static const int repeats[] = { RepeatNone, RepeatNormal, RepeatPad,
				       RepeatReflect };
	Picture target = window_picture(canvas);
	Picture source = argb_noise(canvas, 53, 41, 233);

	backdrop(canvas);
	for (unsigned int i = 0; i < ARRAY_SIZE(repeats); i++) {
		XRenderPictureAttributes attributes = { .repeat = repeats[i] };
		XRectangle area = cell(canvas, 2, 2, i);

		XRenderChangePicture(canvas->display, source, CPRepeat,
				     &attributes);
		XRenderComposite(canvas->display, PictOpOver, source, None,
				 target, -20, -30, 0, 0, area.x, area.y,
				 area.width, area.height);
	}
	XRenderFreePicture(canvas->display, source);
	XRenderFreePicture(canvas->display, target);
}

static void render_transform(const struct canvas *canvas)
{
	static const double matrices[][4] = {
		{ 0.5, 0, 0, 0.5 },      { 2, 0, 0, 3 },  { 0, 1, -1, 0 },
		{ 0.8, 0.6, -0.6, 0.8 }, { -1, 0, 0, 1 }, { 1, 0.25, 0, 1 },
	};
	Picture target = window_picture(canvas);
	Picture source = argb_noise(canvas, 160, 120, 239);

	backdrop(canvas);
	for (unsigned int i = 0; i < 2 * ARRAY_SIZE(matrices); i++) {
		const double *m = matrices[i / 2];
		XRectangle area = cell(canvas, 4, 3, i);
		XTransform transform = { {
			{ XDoubleToFixed(m[0]), XDoubleToFixed(m[1]),
			  XDoubleToFixed(i) },
			{ XDoubleToFixed(m[2]), XDoubleToFixed(m[3]),
			  XDoubleToFixed(3) },
			{ 0, 0, XDoubleToFixed(1) },
		} };

		XRenderSetPictureTransform(canvas->display, source, &transform);
		XRenderSetPictureFilter(canvas->display, source,
					i % 2 ? FilterBilinear : FilterNearest,
					NULL, 0);
		XRenderComposite(canvas->display, PictOpOver, source, None,
				 target, 0, 0, 0, 0, area.x, area.y, area.width,
				 area.height);
	}
	XRenderFreePicture(canvas->display, source);
	XRenderFreePicture(canvas->display, target);
}

static void render_gradients(const struct canvas *canvas)
{
	XFixed stops[] = { 0, XDoubleToFixed(0.3), XDoubleToFixed(1) };
	XRenderColor colours[] = { { 0xffff, 0, 0, 0xffff },
				   { 0, 0x8000, 0, 0x8000 },
				   { 0, 0, 0xffff, 0xffff } };
	XLinearGradient linear = { { XDoubleToFixed(20), XDoubleToFixed(30) },
				   { XDoubleToFixed(300), XDoubleToFixed(400) } };
	XRadialGradient radial = {
		{ XDoubleToFixed(150), XDoubleToFixed(150), XDoubleToFixed(10) },
		{ XDoubleToFixed(160), XDoubleToFixed(140), XDoubleToFixed(200) }
	};
	XConicalGradient conical = { { XDoubleToFixed(150), XDoubleToFixed(150) },
				     XDoubleToFixed(30) };
	Picture target = window_picture(canvas);
	Picture sources[] = {
		XRenderCreateLinearGradient(canvas->display, &linear, stops,
					    colours, 3),
		XRenderCreateRadialGradient(canvas->display, &radial, stops,
					    colours, 3),
		XRenderCreateConicalGradient(canvas->display, &conical, stops,
					     colours, 3),
	};

	backdrop(canvas);
	for (unsigned int i = 0; i < ARRAY_SIZE(sources); i++) {
		XRectangle area = cell(canvas, 3, 1, i);

		XRenderComposite(canvas->display, PictOpOver, sources[i], None,
				 target, 0, 0, 0, 0, area.x, area.y, area.width,
				 area.height);
		XRenderFreePicture(canvas->display, sources[i]);
	}
	XRenderFreePicture(canvas->display, target);
}

static void render_shapes(const struct canvas *canvas)
{
	XRenderColor colour = { 0xc000, 0x9000, 0x2000, 0xd000 };
	Picture source = XRenderCreateSolidFill(canvas->display, &colour);
	Picture target = window_picture(canvas);
	XRenderPictFormat *mask = standard(canvas, PictStandardA8);
	XTriangle triangles[20];
	XTrapezoid trapezoids[20];
	uint32_t state = 241;

	for (int i = 0; i < 20; i++) {
		int *values = (int *)&triangles[i];
		XFixed x = XDoubleToFixed(noise_below(&state, 700) + 0.3);
		XFixed y = XDoubleToFixed(noise_below(&state, 500) + 0.7);

		for (int j = 0; j < 6; j++)
			values[j] = noise_below(&state, 600 << 16);
		trapezoids[i] = (XTrapezoid){
			.top = y,
			.bottom = y + XDoubleToFixed(60.5),
			.left = { { x, y }, { x - (9 << 16), y + (61 << 16) } },
			.right = { { x + (50 << 16), y },
				   { x + (80 << 16), y + (61 << 16) } },
		};
	}
	backdrop(canvas);
	XRenderCompositeTriangles(canvas->display, PictOpOver, source, target,
				  mask, 0, 0, triangles, 20);
	XRenderCompositeTrapezoids(canvas->display, PictOpOver, source, target,
				   mask, 0, 0, trapezoids, 20);
	XRenderFreePicture(canvas->display, source);
	XRenderFreePicture(canvas->display, target);
}

/* Glyphs are squares of noise of the given depth, one per number. */
static GlyphSet noise_glyphs(const struct canvas *canvas, int which, int depth)
{
	XRenderPictFormat *format = standard(canvas, which);
	GlyphSet set = XRenderCreateGlyphSet(canvas->display, format);
	XGlyphInfo info = { GLYPH_SIZE, GLYPH_SIZE, 3, 20, GLYPH_SIZE - 4, 1 };

	for (Glyph glyph = 0; glyph < GLYPHS; glyph++) {
		XImage *image = noise_image(canvas, depth, GLYPH_SIZE,
					    GLYPH_SIZE, 300 + glyph);

		if (depth == 32)
			premultiply(image);
		XRenderAddGlyphs(canvas->display, set, &glyph, &info, 1,
				 image->data,
				 image->bytes_per_line * GLYPH_SIZE);
		XDestroyImage(image);
	}
	return set;
}

static void draw_glyphs(const struct canvas *canvas, Picture source,
			Picture target, GlyphSet set,
			const XRenderPictFormat *mask, int y)
{
	char text[GLYPHS];

	for (int i = 0; i < GLYPHS; i++)
		text[i] = (char)(i * 7 % GLYPHS);
	for (int i = 0; i < 4; i++)
		XRenderCompositeString8(canvas->display,
					i == 3 ? PictOpAdd : PictOpOver, source,
					target, mask, set, 0, 0, 20 + 100 * i,
					y + 33 * i, text, GLYPHS);
}

static void render_glyphs(const struct canvas *canvas)
{
	static const struct {
		int format, depth;
	} kinds[] = { { PictStandardA8, 8 },
		      { PictStandardARGB32, 32 },
		      { PictStandardA1, 1 } };
	XRenderColor colour = { 0xffff, 0xd000, 0x4000, 0xffff };
	Picture source = XRenderCreateSolidFill(canvas->display, &colour);
	Picture target = window_picture(canvas);

	backdrop(canvas);
	for (unsigned int i = 0; i < ARRAY_SIZE(kinds); i++) {
		GlyphSet set = noise_glyphs(canvas, kinds[i].format,
					    kinds[i].depth);

		draw_glyphs(canvas, source, target, set, NULL, 40 + 200 * i);
		draw_glyphs(canvas, source, target, set,
			    standard(canvas, kinds[i].format), 90 + 200 * i);
		XRenderFreeGlyphSet(canvas->display, set);
	}
	XRenderFreePicture(canvas->display, source);
	XRenderFreePicture(canvas->display, target);
}

/* Through a pixmap with alpha, and back onto the window. */
static void render_to_pixmap(const struct canvas *canvas)
{
	XRenderColor clear = { 0, 0, 0, 0 };
	XRenderPictFormat *format = standard(canvas, PictStandardARGB32);
	Picture target = window_picture(canvas);
	Picture noisy = argb_noise(canvas, 200, 200, 251);
	Picture middle;
	Pixmap pixmap;

	backdrop(canvas);
	pixmap = XCreatePixmap(canvas->display, canvas->window, 400, 300, 32);
	middle = XRenderCreatePicture(canvas->display, pixmap, format, 0, NULL);
	XRenderFillRectangle(canvas->display, PictOpSrc, middle, &clear, 0, 0,
			     400, 300);
	XRenderComposite(canvas->display, PictOpOver, noisy, None, middle, 0, 0,
			 0, 0, 30, 30, 200, 200);
	XRenderComposite(canvas->display, PictOpOver, target, None, middle, 100,
			 100, 0, 0, 180, 120, 200, 150);
	XRenderComposite(canvas->display, PictOpOver, middle, None, target, 0,
			 0, 0, 0, 250, 200, 400, 300);
	XRenderFreePicture(canvas->display, middle);
	XFreePixmap(canvas->display, pixmap);
	XRenderFreePicture(canvas->display, noisy);
	XRenderFreePicture(canvas->display, target);
}

/* The window is source and target at once. */
static void render_on_itself(const struct canvas *canvas)
{
	Picture target = window_picture(canvas);

	put_noise(canvas, canvas->window, canvas->width, canvas->height, 257);
	XRenderComposite(canvas->display, PictOpAdd, target, None, target, 0, 0,
			 0, 0, 400, 300, 300, 200);
	XRenderComposite(canvas->display, PictOpSrc, target, None, target, 400,
			 300, 0, 0, 10, 20, 290, 190);
	XRenderFreePicture(canvas->display, target);
}

static void render_clipped(const struct canvas *canvas)
{
	XRectangle rectangles[30];
	Picture source = argb_noise(canvas, 300, 300, 263);
	Picture target = window_picture(canvas);

	for (int i = 0; i < 30; i++)
		rectangles[i] = (XRectangle){ i % 6 * 90 + 5, i / 6 * 70, 61,
					      37 };
	backdrop(canvas);
	XRenderSetPictureClipRectangles(canvas->display, target, 4, 4,
					rectangles, 30);
	XRenderComposite(canvas->display, PictOpOver, source, None, target, 0,
			 0, 0, 0, 10, 10, 300, 300);
	XRenderComposite(canvas->display, PictOpSrc, source, None, target, 0, 0,
			 0, 0, 250, 200, 300, 300);
	XRenderFreePicture(canvas->display, source);
	XRenderFreePicture(canvas->display, target);
}

const struct step render_steps[] = {
	{ "render-fill", render_fill },
	{ "render-operators", render_operators },
	{ "render-mask", render_mask },
	{ "render-component-alpha", render_component_alpha },
	{ "render-solid-source", render_solid_source },
	{ "render-repeat", render_repeat },
	{ "render-transform", render_transform },
	{ "render-gradients", render_gradients },
	{ "render-shapes", render_shapes },
	{ "render-glyphs", render_glyphs },
	{ "render-to-pixmap", render_to_pixmap },
	{ "render-on-itself", render_on_itself },
	{ "render-clipped", render_clipped },
	{ NULL, NULL },
};
