// SPDX-License-Identifier: GPL-2.0-only
/*
 * QXL_DRAW_COMPOSITE on surfaces: operators, masks, scaling, repetition, read
 * back and compared with what a processor makes of them.
 */
#include <spice/enums.h>
#include <stdio.h>

#include "canvas.h"
#include "card.h"
#include "counters.h"
#include "ktap.h"

#define WIDTH 97
#define HEIGHT 61
#define ONE 0x10000
#define SOURCE_REPEAT (1u << 14)
#define MASK_REPEAT (1u << 16)

struct composite {
	const char *name;
	enum raster_operator op;
	uint32_t target; /* SPICE_SURFACE_FMT_* */
	uint32_t source;
	uint32_t mask; /* 0: none */
	int32_t x;     /* in source and mask */
	int32_t y;
	uint32_t step; /* of both; 0: no transform */
	bool repeat;   /* both */
};

static const struct drm_mode_rect area = { 12, 7, 82, 52 };

static struct card card;
static uint64_t bos_before;

static void setup(void)
{
	card_open(&card);
	counter_read(card.path, "bos", &bos_before);
}

static uint32_t flags_of(const struct composite *test)
{
	uint32_t flags = test->op;

	if (test->target == SPICE_SURFACE_FMT_32_xRGB)
		flags |= SPICE_COMPOSITE_DEST_OPAQUE;
	if (test->source == SPICE_SURFACE_FMT_32_xRGB)
		flags |= SPICE_COMPOSITE_SOURCE_OPAQUE;
	if (test->repeat)
		flags |= SOURCE_REPEAT | (test->mask ? MASK_REPEAT : 0);
	return flags;
}

/* Source or mask: @field and @transform are where the drawable has its addresses. */
static void add_picture(struct exec_draw *draw, struct exec_memory *memory,
			const struct composite *test,
			const struct surface *picture, unsigned int index,
			size_t field, size_t transform)
{
	exec_image_surface(draw, memory, field, index, picture);
	if (test->step)
		exec_transform(draw, memory, transform, test->step);
}

static void add_source(struct exec_draw *draw, struct exec_memory *memory,
		       const struct composite *test,
		       const struct surface *source)
{
	add_picture(draw, memory, test, source, 0,
		    offsetof(QXLDrawable, u.composite.src),
		    offsetof(QXLDrawable, u.composite.src_transform));
	draw->drawable.u.composite.src_origin = (QXLPoint16){ .x = test->x,
							      .y = test->y };
}

static void add_mask(struct exec_draw *draw, struct exec_memory *memory,
		     const struct composite *test, const struct surface *mask)
{
	add_picture(draw, memory, test, mask, 1,
		    offsetof(QXLDrawable, u.composite.mask),
		    offsetof(QXLDrawable, u.composite.mask_transform));
	draw->drawable.u.composite.mask_origin = (QXLPoint16){ .x = test->x,
							       .y = test->y };
}

static struct raster_source reference(const struct composite *test,
				      const struct canvas *canvas)
{
	return (struct raster_source){ .raster = &canvas->want,
				       .x = test->x,
				       .y = test->y,
				       .step = test->step ? test->step : ONE,
				       .repeat = test->repeat };
}

/* @mask NULL: none. The target may be the source. */
static void draw(const struct composite *test, struct canvas *target,
		 const struct canvas *source, const struct canvas *mask)
{
	struct raster_source source_reference = reference(test, source);
	struct raster_source mask_reference;
	struct exec_memory memory = {};
	struct exec_draw command;
	int ret = object_alloc(&memory.object, card.fd, 4096);

	if (!check(!ret, "ALLOC: %d", ret))
		return;
	exec_composite(&command, &target->surface, &area, flags_of(test));
	add_source(&command, &memory, test, &source->surface);
	if (mask)
		add_mask(&command, &memory, test, &mask->surface);
	ret = exec_send(card.fd, &command, 1);
	check(!ret, "EXECBUFFER: %d", ret);
	object_destroy(&memory.object);
	if (mask)
		mask_reference = reference(test, mask);
	raster_composite(&target->want, &area, test->op, &source_reference,
			 mask ? &mask_reference : NULL);
}

/* What the host keeps on a surface from a composite must not show later. */
static void copy_it_plain(struct canvas *target, const struct canvas *source)
{
	static const struct drm_mode_rect part = { 3, 30, 60, 55 };
	struct exec_memory memory = {};

	if (object_alloc(&memory.object, card.fd, 4096))
		return;
	canvas_copy(target, &part, source, 20, 5, &memory);
	object_destroy(&memory.object);
	canvas_check(target, "copy after the composite");
}

static void run(const void *arg)
{
	const struct composite *test = arg;
	struct canvas target = {}, source = {}, mask = {};

	if (canvas_create(&target, card.fd, test->target, WIDTH, HEIGHT, false,
			  1) &&
	    canvas_create(&source, card.fd, test->source, WIDTH, HEIGHT, true,
			  2) &&
	    (!test->mask || canvas_create(&mask, card.fd, test->mask, WIDTH,
					  HEIGHT, false, 3))) {
		draw(test, &target, &source, test->mask ? &mask : NULL);
		canvas_check(&target, test->name);
		canvas_check(&source, "the source");
		if (raster_pixel_bytes(test->source) ==
		    raster_pixel_bytes(test->target))
			copy_it_plain(&target, &source);
	}
	canvas_destroy(&target);
	canvas_destroy(&source);
	canvas_destroy(&mask);
}

/* The left part over the right one, so that no pixel is read and written. */
static void onto_itself(void)
{
	static const struct composite test = {
		.op = RASTER_ADD,
		.target = SPICE_SURFACE_FMT_32_ARGB,
		.source = SPICE_SURFACE_FMT_32_ARGB,
		.x = 100,
		.y = 10,
	};
	struct canvas canvas = {};

	if (canvas_create(&canvas, card.fd, test.target, 2 * WIDTH, 2 * HEIGHT,
			  false, 4)) {
		draw(&test, &canvas, &canvas, NULL);
		canvas_check(&canvas, "onto itself");
	}
	canvas_destroy(&canvas);
}

/* One picture as source and mask: two relocations of one field. */
static void source_is_mask(void)
{
	static const struct composite test = {
		.op = RASTER_OVER,
		.target = SPICE_SURFACE_FMT_32_xRGB,
		.source = SPICE_SURFACE_FMT_32_ARGB,
		.mask = SPICE_SURFACE_FMT_32_ARGB,
	};
	struct canvas target = {}, source = {};

	if (canvas_create(&target, card.fd, test.target, WIDTH, HEIGHT, false,
			  5) &&
	    canvas_create(&source, card.fd, test.source, WIDTH, HEIGHT, false,
			  6)) {
		draw(&test, &target, &source, &source);
		canvas_check(&target, "source is mask");
	}
	canvas_destroy(&target);
	canvas_destroy(&source);
}

static void nothing_is_left(void)
{
	counters_check_idle(card.path, bos_before);
}

#define xRGB SPICE_SURFACE_FMT_32_xRGB
#define ARGB SPICE_SURFACE_FMT_32_ARGB
#define A8 SPICE_SURFACE_FMT_8_A

static const struct composite tests[] = {
	{ "SRC", RASTER_SRC, ARGB, ARGB, .x = 3, .y = 4 },
	{ "SRC of an opaque one", RASTER_SRC, xRGB, xRGB, .x = 3, .y = 4 },
	{ "SRC with alpha mask", RASTER_SRC, ARGB, ARGB, A8, .x = 5, .y = 2 },
	{ "SRC beyond the edges", RASTER_SRC, ARGB, ARGB, .x = -20, .y = 30 },
	{ "OVER", RASTER_OVER, xRGB, ARGB, .x = 3, .y = 4 },
	{ "OVER on alpha", RASTER_OVER, ARGB, ARGB, .x = 3, .y = 4 },
	{ "OVER with alpha mask", RASTER_OVER, xRGB, ARGB, A8, .x = 9, .y = 1 },
	{ "OVER of an opaque one with alpha mask", RASTER_OVER, xRGB, xRGB, A8,
	  .x = 0 },
	{ "OVER with colour mask", RASTER_OVER, xRGB, ARGB, ARGB, .x = 9 },
	{ "OVER beyond the edges", RASTER_OVER, xRGB, ARGB, A8, .x = 40,
	  .y = -15 },
	{ "OVER scaled up", RASTER_OVER, xRGB, ARGB, .step = ONE / 2 },
	{ "OVER scaled down", RASTER_OVER, xRGB, ARGB, A8, .step = 3 * ONE / 2 },
	{ "OVER repeated", RASTER_OVER, xRGB, ARGB, A8, .x = 60, .y = 33,
	  .repeat = true },
	{ "OVER scaled and repeated", RASTER_OVER, ARGB, ARGB, .x = 9, .y = 5,
	  .step = 3 * ONE / 2, .repeat = true },
	{ "ADD", RASTER_ADD, ARGB, ARGB, .x = 3, .y = 4 },
	{ "ADD with alpha mask", RASTER_ADD, ARGB, ARGB, A8, .x = 3, .y = 4 },
	{ "ADD of glyphs", RASTER_ADD, A8, A8, .x = 3, .y = 4 },
};

int main(void)
{
	struct ktap_case cases[ARRAY_SIZE(tests) + 3] = {};
	unsigned int count = 0;

	for (; count < ARRAY_SIZE(tests); count++) {
		cases[count].name = tests[count].name;
		cases[count].run_with = run;
		cases[count].arg = &tests[count];
	}
	cases[count++] = (struct ktap_case){ .name = "onto itself",
					     .run = onto_itself };
	cases[count++] = (struct ktap_case){ .name = "source is mask",
					     .run = source_is_mask };
	cases[count++] = (struct ktap_case){ .name = "nothing is left",
					     .run = nothing_is_left };
	return ktap_run(cases, count, setup);
}
