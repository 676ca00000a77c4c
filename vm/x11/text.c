// SPDX-License-Identifier: GPL-2.0-only
/* Text in the server's own fonts. */
#include <stdio.h>
#include <string.h>

#include "steps.h"

static const char pangram[] =
	"The quick brown fox jumps over the lazy dog 0123456789 {}[]()<>";

static const char *const fonts[] = { "fixed", "9x15", "10x20", "6x13bold",
				     "5x7" };

static XFontStruct *load(const struct canvas *canvas, const char *name)
{
	XFontStruct *font = XLoadQueryFont(canvas->display, name);

	if (!font)
		ktap_bail("the server has no font '%s'", name);
	XSetFont(canvas->display, canvas->gc, font->fid);
	return font;
}

static void text_lines(const struct canvas *canvas, int y)
{
	const int length = sizeof(pangram) - 1;

	for (unsigned int i = 0; i < ARRAY_SIZE(fonts); i++) {
		XFontStruct *font = load(canvas, fonts[i]);

		XDrawString(canvas->display, canvas->window, canvas->gc, 20,
			    y + 50 * (int)i, pangram, length);
		XDrawImageString(canvas->display, canvas->window, canvas->gc,
				 23, y + 25 + 50 * (int)i, pangram, length);
		XFreeFont(canvas->display, font);
	}
}

static void text_fonts(const struct canvas *canvas)
{
	ink(canvas, 0xffffff);
	XSetBackground(canvas->display, canvas->gc, 0x006040);
	text_lines(canvas, 30);
}

static void text_functions(const struct canvas *canvas)
{
	Pixmap tile = noise_pixmap(canvas, 11, 7, 167);

	backdrop(canvas);
	ink(canvas, 0xffffff);
	XSetFunction(canvas->display, canvas->gc, GXxor);
	text_lines(canvas, 30);
	XSetFunction(canvas->display, canvas->gc, GXcopy);
	XSetFillStyle(canvas->display, canvas->gc, FillTiled);
	XSetTile(canvas->display, canvas->gc, tile);
	text_lines(canvas, 300);
	XFreePixmap(canvas->display, tile);
}

static void text_wide(const struct canvas *canvas)
{
	XFontStruct *font = load(canvas, "fixed");
	XChar2b text[64];

	for (unsigned int i = 0; i < ARRAY_SIZE(text); i++)
		text[i] = (XChar2b){ 0, (unsigned char)(32 + i) };
	ink(canvas, 0xffa0a0);
	XDrawString16(canvas->display, canvas->window, canvas->gc, 30, 50, text,
		      ARRAY_SIZE(text));
	XDrawImageString16(canvas->display, canvas->window, canvas->gc, 30, 90,
			   text, ARRAY_SIZE(text));
	XFreeFont(canvas->display, font);
}

/* A screen full of text that scrolls, line by line. */
static void text_scroll(const struct canvas *canvas)
{
	XFontStruct *font = load(canvas, "fixed");
	char line[128];

	ink(canvas, 0xe0e0e0);
	XSetBackground(canvas->display, canvas->gc, 0);
	for (int i = 0; i < 90; i++) {
		XCopyArea(canvas->display, canvas->window, canvas->window,
			  canvas->gc, 0, 13, canvas->width, 39 * 13, 0, 0);
		XClearArea(canvas->display, canvas->window, 0, 38 * 13, 0, 13,
			   False);
		snprintf(line, sizeof(line), "%4d %.*s", i, i % 60 + 1, pangram);
		XDrawImageString(canvas->display, canvas->window, canvas->gc, 4,
				 39 * 13 - 3, line, (int)strlen(line));
	}
	XFreeFont(canvas->display, font);
}

const struct step text_steps[] = {
	{ "text-fonts", text_fonts },
	{ "text-functions", text_functions },
	{ "text-wide", text_wide },
	{ "text-scroll", text_scroll },
	{ NULL, NULL },
};
