// SPDX-License-Identifier: GPL-2.0-only
/*
 * DRM_IOCTL_QXL_EXECBUFFER: fills and copies on surfaces, read back and compared
 * with what a processor makes of them; and what a call of several promises.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <spice/enums.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>
#include <xf86drm.h>

#include "canvas.h"
#include "card.h"
#include "counters.h"
#include "ktap.h"
#include "pattern.h"

#define WIDTH 97
#define HEIGHT 61
#define MIB (1u << 20)
#define MEMORY_BYTES (1 * MIB)
/* Commands of a call that are enough to fill the ring twice. */
#define MANY 64
/* For the client to be told what was drawn. */
#define CLIENT_US (500 * 1000)

static struct card card;
static uint64_t bos_before;

static void setup(void)
{
	/* Nothing is on show: draws must not depend on it. */
	card_open(&card);
	counter_read(card.path, "bos", &bos_before);
}

static bool memory_create(struct exec_memory *memory, size_t bytes)
{
	int ret = object_alloc(&memory->object, card.fd, bytes);

	memory->used = 0;
	return check(!ret, "ALLOC of %zu bytes: %d", bytes, ret);
}

static void memory_destroy(struct exec_memory *memory)
{
	object_destroy(&memory->object);
}

static bool canvas_of(struct canvas *canvas, uint32_t seed)
{
	return canvas_create(canvas, card.fd, SPICE_SURFACE_FMT_32_xRGB, WIDTH,
			     HEIGHT, false, seed);
}

/* Fills ------------------------------------------------------------------------ */

struct kind {
	uint32_t format;
	bool bottom_up;
};

static void fills(const void *arg)
{
	static const struct drm_mode_rect areas[] = {
		{ 3, 5, 40, 20 },
		{ 0, 0, 1, 1 },
		{ WIDTH - 1, 0, WIDTH, HEIGHT },
		{ 0, HEIGHT - 1, WIDTH, HEIGHT },
		{ 30, 10, 31, 50 },
		{ 20, 12, 77, 33 },
	};
	static const struct drm_mode_rect all = { 0, 0, WIDTH, HEIGHT };
	const struct kind *kind = arg;
	struct canvas canvas;

	if (!canvas_create(&canvas, card.fd, kind->format, WIDTH, HEIGHT,
			   kind->bottom_up, 1))
		return;
	for (unsigned int i = 0; i < ARRAY_SIZE(areas); i++)
		canvas_fill(&canvas, &areas[i], 0x123456 + i * 0x2468acf1);
	canvas_check(&canvas, "parts");
	canvas_fill(&canvas, &all, 0x8899aabb);
	canvas_check(&canvas, "all of it");
	canvas_destroy(&canvas);
}

struct rop {
	uint16_t rop;
	uint32_t (*apply)(uint32_t brush, uint32_t target);
};

static uint32_t rop_put_inverted(uint32_t brush, uint32_t)
{
	return ~brush;
}

static uint32_t rop_or(uint32_t brush, uint32_t target)
{
	return brush | target;
}

static uint32_t rop_and(uint32_t brush, uint32_t target)
{
	return brush & target;
}

static uint32_t rop_xor(uint32_t brush, uint32_t target)
{
	return brush ^ target;
}

static uint32_t rop_black(uint32_t, uint32_t)
{
	return 0;
}

static uint32_t rop_white(uint32_t, uint32_t)
{
	return ~0u;
}

static uint32_t rop_invert(uint32_t, uint32_t target)
{
	return ~target;
}

static const struct rop rops[] = {
	{ SPICE_ROPD_OP_PUT | SPICE_ROPD_INVERS_BRUSH, rop_put_inverted },
	{ SPICE_ROPD_OP_OR, rop_or },
	{ SPICE_ROPD_OP_AND, rop_and },
	{ SPICE_ROPD_OP_XOR, rop_xor },
	{ SPICE_ROPD_OP_BLACKNESS, rop_black },
	{ SPICE_ROPD_OP_WHITENESS, rop_white },
	{ SPICE_ROPD_OP_INVERS, rop_invert },
};

static void fill_with(struct canvas *canvas, const struct rop *rop,
		      uint32_t pixel)
{
	static const struct drm_mode_rect area = { 7, 9, 71, 44 };
	const struct raster *want = &canvas->want;
	struct exec_draw draw;
	int ret;

	exec_fill(&draw, &canvas->surface, &area, pixel);
	draw.drawable.effect = QXL_EFFECT_BLEND;
	draw.drawable.u.fill.rop_descriptor = rop->rop;
	ret = exec_send(card.fd, &draw, 1);
	check(!ret, "rop %#x: %d", rop->rop, ret);
	for (int32_t y = area.y1; y < area.y2; y++) {
		uint32_t *row = (uint32_t *)(want->top + y * want->stride);

		for (int32_t x = area.x1; x < area.x2; x++)
			row[x] = rop->apply(pixel, row[x]);
	}
}

static void raster_operations(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(rops); i++) {
		struct canvas canvas;
		char what[32];

		if (!canvas_of(&canvas, i + 2))
			return;
		snprintf(what, sizeof(what), "rop %#x", rops[i].rop);
		fill_with(&canvas, &rops[i], 0x5a0ff0);
		canvas_check(&canvas, what);
		canvas_destroy(&canvas);
	}
}

/* Copies of bitmaps ------------------------------------------------------------- */

struct copy {
	const char *name;
	uint32_t surface_format;
	struct exec_bitmap bitmap;
	bool bottom_up;
};

/* Pixels that a bitmap is made of: what the surface has, they have. */
static void bitmap(const void *arg)
{
	static const struct drm_mode_rect areas[] = {
		{ 0, 0, WIDTH, HEIGHT },
		{ 10, 20, 33, 21 },
		{ 60, 2, 97, 61 },
	};
	const struct copy *copy = arg;
	struct raster pixels = raster_new(copy->surface_format, WIDTH, HEIGHT);
	struct exec_memory image = {}, data = {};
	struct canvas canvas;

	raster_noise(&pixels, 40);
	if (memory_create(&image, 4096) && memory_create(&data, MEMORY_BYTES) &&
	    canvas_create(&canvas, card.fd, copy->surface_format, WIDTH, HEIGHT,
			  copy->bottom_up, 41)) {
		/* from the last one on: the first hides what others got wrong */
		for (unsigned int i = ARRAY_SIZE(areas); i-- > 0;) {
			int32_t y = i ? areas[i].y1 / 2 : 0;
			struct exec_draw draw;
			int ret;

			exec_copy(&draw, &canvas.surface, &areas[i], 0, y);
			exec_image_bitmap(&draw, &image, &data, &copy->bitmap,
					  &pixels);
			ret = exec_send(card.fd, &draw, 1);
			check(!ret, "copy %u: %d", i, ret);
			raster_copy(&canvas.want, &areas[i], &pixels, 0, y);
			canvas_check(&canvas, "copy");
		}
		canvas_destroy(&canvas);
	}
	raster_free(&pixels);
	memory_destroy(&image);
	memory_destroy(&data);
}

static int send_with_id(const struct canvas *canvas, struct exec_memory *memory,
			const struct raster *pixels, uint64_t id, uint8_t flags)
{
	static const struct drm_mode_rect all = { 0, 0, WIDTH, HEIGHT };
	static const struct exec_bitmap layout = {
		.format = SPICE_BITMAP_FMT_32BIT, .direct = true
	};
	struct exec_draw draw;
	QXLImage *image = memory->object.map;

	memory->used = 0;
	exec_copy(&draw, &canvas->surface, &all, 0, 0);
	exec_image_bitmap(&draw, memory, memory, &layout, pixels);
	image->descriptor.id = id;
	image->descriptor.flags = flags;
	return exec_send(card.fd, &draw, 1);
}

/*
 * The host remembers images by their ids, if told to, and looks for an id even
 * where it was not: what is not to be cached must not be found there.
 */
static void image_ids(void)
{
	static const struct drm_mode_rect all = { 0, 0, WIDTH, HEIGHT };
	static const struct {
		uint64_t id;
		uint8_t flags;
		uint32_t seed;
	} draws[] = {
		{ 0x7700000001, QXL_IMAGE_CACHE, 1 },
		{ 0x7700000001, QXL_IMAGE_CACHE, 1 },
		{ 0x7700000001, 0, 2 },
		{ 0x7700000002, QXL_IMAGE_CACHE, 3 },
		{ 0, QXL_IMAGE_CACHE, 4 },
		{ 0, 0, 5 },
		{ 0, QXL_IMAGE_CACHE, 6 },
		{ 0x7700000002, QXL_IMAGE_CACHE, 3 },
	};
	struct raster pixels = raster_new(SPICE_SURFACE_FMT_32_xRGB, WIDTH,
					  HEIGHT);
	struct exec_memory memory = {};
	struct canvas canvas = {};

	if (canvas_of(&canvas, 30) && memory_create(&memory, 64 * 1024)) {
		for (unsigned int i = 0; i < ARRAY_SIZE(draws); i++) {
			char what[32];
			int ret;

			raster_noise(&pixels, 31 + draws[i].seed);
			ret = send_with_id(&canvas, &memory, &pixels,
					   draws[i].id, draws[i].flags);
			check(!ret, "image %u: %d", i, ret);
			raster_copy(&canvas.want, &all, &pixels, 0, 0);
			snprintf(what, sizeof(what), "image %u", i);
			canvas_check(&canvas, what);
		}
	}
	canvas_destroy(&canvas);
	memory_destroy(&memory);
	raster_free(&pixels);
}

/* 2048 x 2048 of 32 bits are more than the upload arena takes in one piece. */
static void larger_than_the_arena(void)
{
	enum { SIDE = 2048, CUT = 13 };
	static const struct drm_mode_rect area = { CUT, CUT, SIDE, SIDE };
	static const struct exec_bitmap layout = {
		.format = SPICE_BITMAP_FMT_32BIT,
		.chunk = 700001,
	};
	struct raster pixels = raster_new(SPICE_SURFACE_FMT_32_xRGB, SIDE, SIDE);
	struct exec_memory data = {};
	struct canvas canvas;
	struct exec_draw draw;
	int ret;

	raster_noise(&pixels, 50);
	if (memory_create(&data, SIDE * SIDE * 4 + MIB) &&
	    canvas_create(&canvas, card.fd, SPICE_SURFACE_FMT_32_xRGB, SIDE,
			  SIDE, false, 51)) {
		exec_copy(&draw, &canvas.surface, &area, 0, 5);
		draw.drawable.bbox.bottom -= 5;
		draw.drawable.u.copy.src_area.bottom -= 5;
		exec_image_bitmap(&draw, &data, &data, &layout, &pixels);
		ret = exec_send(card.fd, &draw, 1);
		check(!ret, "EXECBUFFER: %d", ret);
		raster_copy(&canvas.want,
			    &(struct drm_mode_rect){ CUT, CUT, SIDE, SIDE - 5 },
			    &pixels, 0, 5);
		canvas_check(&canvas, "copy");
		canvas_destroy(&canvas);
	}
	raster_free(&pixels);
	memory_destroy(&data);
}

/* Copies of surfaces ------------------------------------------------------------ */

static void surface_to_surface(void)
{
	static const struct drm_mode_rect all = { 0, 0, WIDTH, HEIGHT };
	static const struct drm_mode_rect part = { 11, 3, 60, 40 };
	struct exec_memory memory;

	if (!memory_create(&memory, 4096))
		return;
	for (unsigned int i = 0; i < 4; i++) {
		struct canvas from = {}, to = {};

		if (canvas_create(&from, card.fd, SPICE_SURFACE_FMT_32_xRGB,
				  WIDTH, HEIGHT, i & 1, 60 + i) &&
		    canvas_create(&to, card.fd, SPICE_SURFACE_FMT_32_xRGB,
				  WIDTH, HEIGHT, i & 2, 70 + i)) {
			canvas_copy(&to, &part, &from, 30, 20, &memory);
			canvas_check(&to, i & 1 ? "from bottom-up" :
						  "from top-down");
			canvas_fill(&from, &part, 0x334455);
			canvas_copy(&to, &all, &from, 0, 0, &memory);
			canvas_check(&to, i & 2 ? "to bottom-up" : "to top-down");
			canvas_check(&from, "the source");
		}
		canvas_destroy(&from);
		canvas_destroy(&to);
	}
	memory_destroy(&memory);
}

/* Up, down, left, right and askew, each over itself. */
static void copy_bits(const void *arg)
{
	static const struct {
		struct drm_mode_rect area;
		int32_t x;
		int32_t y;
	} moves[] = {
		{ { 10, 5, 80, 45 }, 10, 15 }, { { 10, 15, 80, 55 }, 10, 5 },
		{ { 5, 10, 75, 50 }, 22, 10 }, { { 22, 10, 92, 50 }, 5, 10 },
		{ { 0, 0, 90, 55 }, 7, 6 },    { { 7, 6, 97, 61 }, 0, 0 },
		{ { 7, 0, 97, 55 }, 0, 6 },    { { 0, 0, 97, 61 }, 0, 0 },
	};
	const struct kind *kind = arg;

	for (unsigned int i = 0; i < ARRAY_SIZE(moves); i++) {
		struct canvas canvas;
		char what[32];

		if (!canvas_create(&canvas, card.fd, kind->format, WIDTH,
				   HEIGHT, kind->bottom_up, 80 + i))
			return;
		snprintf(what, sizeof(what), "move %u", i);
		canvas_copy_bits(&canvas, &moves[i].area, moves[i].x, moves[i].y);
		canvas_check(&canvas, what);
		canvas_destroy(&canvas);
	}
}

/* Calls of several commands ------------------------------------------------------ */

static struct drm_mode_rect random_area(struct prng *prng)
{
	int32_t x = prng_below(prng, WIDTH - 20),
		y = prng_below(prng, HEIGHT - 20);

	return (struct drm_mode_rect){ x, y, x + 1 + prng_below(prng, 20),
				       y + 1 + prng_below(prng, 20) };
}

/* Each on what the one before has left. */
static void many_in_a_call(void)
{
	static struct exec_draw draws[MANY];
	struct prng prng = prng_start(90);
	struct exec_memory memory = {};
	struct canvas from = {}, to = {};
	int ret;

	if (canvas_of(&from, 91) && canvas_of(&to, 92) &&
	    memory_create(&memory, 64 * 1024)) {
		for (unsigned int i = 0; i < MANY; i++) {
			struct drm_mode_rect area = random_area(&prng);
			int32_t x = prng_below(&prng, WIDTH - 20);
			int32_t y = prng_below(&prng, HEIGHT - 20);

			switch (i % 3) {
			case 0:
				exec_fill(&draws[i], &from.surface, &area, x * y);
				raster_fill(&from.want, &area, x * y);
				break;
			case 1:
				exec_copy(&draws[i], &to.surface, &area, x, y);
				exec_image_surface(&draws[i], &memory,
						   offsetof(QXLDrawable,
							    u.copy.src_bitmap),
						   0, &from.surface);
				raster_copy(&to.want, &area, &from.want, x, y);
				break;
			default:
				exec_copy_bits(&draws[i], &to.surface, &area, x,
					       y);
				raster_copy(&to.want, &area, &to.want, x, y);
			}
		}
		ret = exec_send(card.fd, draws, MANY);
		check(!ret, "EXECBUFFER: %d", ret);
		canvas_check(&from, "source");
		canvas_check(&to, "target");
	}
	canvas_destroy(&from);
	canvas_destroy(&to);
	memory_destroy(&memory);
}

static void all_or_nothing(void)
{
	static const struct drm_mode_rect all = { 0, 0, WIDTH, HEIGHT };
	static struct exec_draw draws[MANY];
	struct canvas canvas;
	int ret;

	if (!canvas_of(&canvas, 95))
		return;
	for (unsigned int i = 0; i < MANY; i++)
		exec_fill(&draws[i], &canvas.surface, &all, 0xffffff);
	draws[MANY - 1].drawable.bbox.right++;
	ret = exec_send(card.fd, draws, MANY);
	check(ret == -EINVAL, "the last one is outside: %d", ret);
	canvas_check(&canvas, "the last one is outside");
	draws[MANY - 1].drawable.bbox.right--;
	draws[MANY - 1].relocs[0].src_handle = 0x7fffffff;
	ret = exec_send(card.fd, draws, MANY);
	check(ret == -ENOENT, "the last one's surface is none: %d", ret);
	canvas_check(&canvas, "the last one's surface is none");
	canvas_destroy(&canvas);
}

static void ignore(int)
{
}

/* A call that a signal ends is made again by libdrm: each draw once, all the same. */
static void interrupted_calls(void)
{
	enum { ROUNDS = 200, COMMANDS = 9 };
	static const struct itimerval often = { { 0, 700 }, { 0, 700 } };
	static const struct itimerval never;
	static struct exec_draw draws[COMMANDS];
	static const struct drm_mode_rect all = { 0, 0, WIDTH, HEIGHT };
	struct sigaction action = { .sa_handler = ignore }, before;
	struct canvas canvas;
	int failures = 0;

	if (!canvas_of(&canvas, 97))
		return;
	for (unsigned int i = 0; i < COMMANDS; i++) {
		exec_fill(&draws[i], &canvas.surface, &all, 1u << i);
		draws[i].drawable.effect = QXL_EFFECT_BLEND;
		draws[i].drawable.u.fill.rop_descriptor = SPICE_ROPD_OP_XOR;
	}
	sigaction(SIGALRM, &action, &before);
	setitimer(ITIMER_REAL, &often, NULL);
	for (unsigned int i = 0; i < ROUNDS; i++)
		failures += exec_send(card.fd, draws, COMMANDS) != 0;
	setitimer(ITIMER_REAL, &never, NULL);
	sigaction(SIGALRM, &before, NULL);
	check(!failures, "%d calls failed", failures);
	canvas_check(&canvas, "an even number of times");
	canvas_destroy(&canvas);
}

/* Objects ------------------------------------------------------------------------ */

/* A second handle of the same object; 0: none. */
static uint32_t second_handle(uint32_t handle)
{
	struct drm_gem_flink flink = { .handle = handle };
	struct drm_gem_open open = {};

	if (drmIoctl(card.fd, DRM_IOCTL_GEM_FLINK, &flink))
		return 0;
	open.name = flink.name;
	return drmIoctl(card.fd, DRM_IOCTL_GEM_OPEN, &open) ? 0 : open.handle;
}

static struct object other_handle(const struct object *object)
{
	struct object other = *object;

	other.handle = second_handle(object->handle);
	check(other.handle && other.handle != object->handle,
	      "handle %u, then %u", object->handle, other.handle);
	return other;
}

/* The surface is source and target of the same call, the memory image and data. */
static void two_handles(void)
{
	static const struct drm_mode_rect left = { 0, 0, 40, 50 };
	static const struct drm_mode_rect right = { 50, 0, 90, 50 };
	static const struct exec_bitmap layout = {
		.format = SPICE_BITMAP_FMT_32BIT, .chunk = 999
	};
	struct raster pixels = raster_new(SPICE_SURFACE_FMT_32_xRGB, 40, 50);
	struct exec_memory memory = {}, memory_again;
	static struct exec_draw draws[2];
	struct canvas canvas = {};
	struct surface again;
	int ret;

	raster_noise(&pixels, 100);
	if (canvas_of(&canvas, 101) && memory_create(&memory, MEMORY_BYTES)) {
		again = canvas.surface;
		again.object = other_handle(&canvas.surface.object);
		memory_again = (struct exec_memory){
			.object = other_handle(&memory.object),
			.used = 4096,
		};
		exec_copy(&draws[0], &again, &left, 0, 0);
		exec_image_bitmap(&draws[0], &memory, &memory_again, &layout,
				  &pixels);
		exec_copy(&draws[1], &canvas.surface, &right, 0, 0);
		exec_image_surface(&draws[1], &memory_again,
				   offsetof(QXLDrawable, u.copy.src_bitmap), 0,
				   &again);
		ret = exec_send(card.fd, draws, 2);
		check(!ret, "EXECBUFFER: %d", ret);
		raster_copy(&canvas.want, &left, &pixels, 0, 0);
		raster_copy(&canvas.want, &right, &canvas.want, 0, 0);
		object_close(&again.object);
		object_close(&memory_again.object);
		canvas_check(&canvas, "after a call with both");
	}
	raster_free(&pixels);
	canvas_destroy(&canvas);
	memory_destroy(&memory);
}

/* Calls before this one keep the host busy, so that it draws later. */
static void data_changes_afterwards(void)
{
	enum { ROUNDS = 40 };
	static const struct drm_mode_rect all = { 0, 0, WIDTH, HEIGHT };
	static const struct exec_bitmap layout = {
		.format = SPICE_BITMAP_FMT_32BIT, .direct = true
	};
	struct raster pixels = raster_new(SPICE_SURFACE_FMT_32_xRGB, WIDTH,
					  HEIGHT);
	static struct canvas canvases[ROUNDS];
	unsigned int count = 0;

	for (; count < ROUNDS && canvas_of(&canvases[count], count); count++) {
		struct exec_memory memory = {};
		struct exec_draw draw;
		int ret;

		if (!memory_create(&memory, 64 * 1024))
			break;
		raster_noise(&pixels, 200 + count);
		exec_copy(&draw, &canvases[count].surface, &all, 0, 0);
		exec_image_bitmap(&draw, &memory, &memory, &layout, &pixels);
		ret = exec_send(card.fd, &draw, 1);
		memset(memory.object.map, 0x77, memory.object.bytes);
		memory_destroy(&memory);
		check(!ret, "EXECBUFFER %u: %d", count, ret);
		raster_copy(&canvases[count].want, &all, &pixels, 0, 0);
	}
	check(count == ROUNDS, "only %u rounds", count);
	for (unsigned int i = 0; i < count; i++) {
		canvas_check(&canvases[i], "data changed and closed");
		canvas_destroy(&canvases[i]);
	}
	raster_free(&pixels);
}

/* From a surface that is closed at once, through one that is, to one that stays. */
static void surfaces_closed_at_once(void)
{
	enum { ROUNDS = 100 };
	static const struct drm_mode_rect all = { 0, 0, WIDTH, HEIGHT };
	struct exec_memory memory = {};
	struct canvas last = {};

	if (!canvas_of(&last, 300) || !memory_create(&memory, 4096))
		return;
	for (unsigned int i = 0; i < ROUNDS; i++) {
		const struct drm_mode_rect area = { i % 50, i % 30, 97 - i % 40,
						    61 };
		struct canvas first = {}, second = {};

		memory.used = 0;
		if (!canvas_of(&first, 301 + i) || !canvas_of(&second, 302 + i))
			break;
		canvas_fill(&first, &area, i * 0x010305);
		canvas_copy(&second, &all, &first, 0, 0, &memory);
		canvas_close(&first);
		canvas_copy(&last, &area, &second, 0, 0, &memory);
		canvas_close(&second);
		canvas_destroy(&first);
		canvas_destroy(&second);
	}
	canvas_check(&last, "after all of them");
	canvas_destroy(&last);
	memory_destroy(&memory);
	counter_check(card.path, "surfaces", 0);
}

/* More than there are ids for: those that others' draws pushed out come back. */
static void more_surfaces_than_ids(void)
{
	enum { SURFACES = 1500, SIDE = 16 };
	static const struct drm_mode_rect area = { 2, 3, 12, 9 };
	static struct canvas canvases[SURFACES];
	unsigned int count = 0;
	struct exec_memory memory = {};

	if (!memory_create(&memory, 4096))
		return;
	for (; count < SURFACES; count++) {
		if (!canvas_create(&canvases[count], card.fd,
				   SPICE_SURFACE_FMT_32_xRGB, SIDE, SIDE,
				   count % 2, count))
			break;
		memory.used = 0;
		canvas_fill(&canvases[count], &area, count * 0x10203);
		if (count)
			canvas_copy(&canvases[count],
				    &(struct drm_mode_rect){ 0, 9, 16, 16 },
				    &canvases[count / 2], 0, 2, &memory);
	}
	check(count == SURFACES, "only %u surfaces", count);
	for (unsigned int i = 0; i < count; i++)
		canvas_check(&canvases[i], "one of many");
	for (unsigned int i = 0; i < count; i++)
		canvas_destroy(&canvases[i]);
	memory_destroy(&memory);
	counter_check(card.path, "surfaces", 0);
}

#define LARGE_SIDE 1024
#define LARGE_MOST 40

/* How many surfaces of LARGE_SIDE are twice what surface memory holds. */
static unsigned int large_surfaces(void)
{
	uint64_t room = 0;

	if (!counter_read(card.path, "surface_bytes", &room) ||
	    room / (2 * MIB) > LARGE_MOST)
		return LARGE_MOST;
	return room / (2 * MIB);
}

/* Twice what surface memory holds: draws on what was moved out bring it back. */
static void surfaces_beyond_memory(void)
{
	static const struct drm_mode_rect area = { 100, 200, 900, 1000 };
	static struct canvas canvases[LARGE_MOST];
	unsigned int wanted = large_surfaces(), count = 0;
	struct exec_memory memory = {};

	if (!memory_create(&memory, 4096))
		return;
	for (; count < wanted; count++) {
		if (!canvas_create(&canvases[count], card.fd,
				   SPICE_SURFACE_FMT_32_xRGB, LARGE_SIDE,
				   LARGE_SIDE, false, count))
			break;
		canvas_fill(&canvases[count], &area, count * 0x40302);
	}
	for (unsigned int i = 0; i < count; i++) {
		memory.used = 0;
		canvas_copy(&canvases[i],
			    &(struct drm_mode_rect){ 0, 0, 500, 500 },
			    &canvases[(i + count / 2) % count], 300, 100,
			    &memory);
	}
	for (unsigned int i = 0; i < count; i++) {
		canvas_check(&canvases[i], "one of many large ones");
		canvas_destroy(&canvases[i]);
	}
	ktap_note("%u surfaces of 4 MiB", count);
	memory_destroy(&memory);
}

static void push_all_out(void)
{
	static struct surface surfaces[LARGE_MOST];
	unsigned int wanted = large_surfaces(), count = 0;
	int ret = 0;

	for (; !ret && count < wanted; count++)
		ret = surface_alloc_on_host(&surfaces[count], card.fd,
					    SPICE_SURFACE_FMT_32_xRGB,
					    LARGE_SIDE, LARGE_SIDE, false);
	check(!ret, "surface %u: %d", count, ret);
	while (count-- > 0)
		object_destroy(&surfaces[count].object);
}

/*
 * The host draws late: what it had not got to when a surface leaves is lost,
 * unless it is asked. With its first draw a surface is shown to the client, and
 * that one is drawn at once; a later one is not.
 */
static void draws_before_it_leaves(void)
{
	static const struct drm_mode_rect first = { 0, 0, 50, 40 };
	static const struct drm_mode_rect later = { 30, 20, 90, 60 };
	struct canvas canvas;

	if (!canvas_of(&canvas, 350))
		return;
	canvas_fill(&canvas, &first, 0x112233);
	usleep(CLIENT_US);
	canvas_fill(&canvas, &later, 0x445566);
	push_all_out();
	canvas_check(&canvas, "back again");
	canvas_destroy(&canvas);
}

/* Images that VRAM pressure has moved to the system's memory. */
static void data_beyond_vram(void)
{
	enum { MOST = 16, BYTES = 4 * MIB };
	static const struct drm_mode_rect all = { 0, 0, WIDTH, HEIGHT };
	static const struct exec_bitmap layout = {
		.format = SPICE_BITMAP_FMT_32BIT, .chunk = 5000
	};
	struct raster pixels = raster_new(SPICE_SURFACE_FMT_32_xRGB, WIDTH,
					  HEIGHT);
	static struct exec_memory memories[MOST];
	static struct exec_draw draws[MOST];
	struct canvas canvas = {};
	unsigned int count = 0;

	if (!canvas_of(&canvas, 400))
		return;
	for (; count < MOST && memory_create(&memories[count], BYTES); count++) {
		raster_noise(&pixels, 401 + count);
		memories[count].used = BYTES / 2;
		exec_copy(&draws[count], &canvas.surface, &all, 0, 0);
		exec_image_bitmap(&draws[count], &memories[count],
				  &memories[count], &layout, &pixels);
	}
	for (unsigned int i = 0; i < count; i++) {
		int ret = exec_send(card.fd, &draws[i], 1);

		check(!ret, "EXECBUFFER %u: %d", i, ret);
		raster_noise(&pixels, 401 + i);
		raster_copy(&canvas.want, &all, &pixels, 0, 0);
		canvas_check(&canvas, "one of many objects");
	}
	for (unsigned int i = 0; i < count; i++)
		memory_destroy(&memories[i]);
	canvas_destroy(&canvas);
	raster_free(&pixels);
}

/* Through a file of its own, which is closed with everything in it. */
static void file_closed_with_draws(void)
{
	static const struct drm_mode_rect all = { 0, 0, WIDTH, HEIGHT };

	for (int i = 0; i < 20; i++) {
		int fd = open(card.path, O_RDWR | O_CLOEXEC);
		struct canvas canvas;

		if (canvas_create(&canvas, fd, SPICE_SURFACE_FMT_32_ARGB, WIDTH,
				  HEIGHT, false, i)) {
			canvas_fill(&canvas, &all, i);
			close(fd);
			canvas.surface.object.handle = 0;
		}
		canvas_destroy(&canvas);
	}
	counter_check(card.path, "bos", bos_before);
	counter_check(card.path, "surfaces", 0);
}

static void nothing_is_left(void)
{
	counters_check_idle(card.path, bos_before);
}

/* ---------------------------------------------------------------------------------- */

#define FILLS(name_, format_, bottom_up_)                           \
	{                                                           \
		.name = "fills, " name_,                            \
		.run_with = fills,                                  \
		.arg = &(const struct kind){ format_, bottom_up_ }, \
	}

#define COPY_BITS(name_, format_, bottom_up_)                       \
	{                                                           \
		.name = "COPY_BITS over itself, " name_,            \
		.run_with = copy_bits,                              \
		.arg = &(const struct kind){ format_, bottom_up_ }, \
	}

#define BITMAP(name_, format_, bitmap_format, bottom_up_, ...)          \
	{                                                               \
		.name = "bitmap, " name_,                               \
		.run_with = bitmap,                                     \
		.arg = &(const struct copy){ name_,                     \
					     format_,                   \
					     { .format = bitmap_format, \
					       __VA_ARGS__ },           \
					     bottom_up_ },              \
	}

static const struct ktap_case cases[] = {
	FILLS("32 bits", SPICE_SURFACE_FMT_32_xRGB, false),
	FILLS("32 bits with alpha", SPICE_SURFACE_FMT_32_ARGB, false),
	FILLS("32 bits bottom-up", SPICE_SURFACE_FMT_32_xRGB, true),
	FILLS("15 bits", SPICE_SURFACE_FMT_16_555, false),
	FILLS("8 bits", SPICE_SURFACE_FMT_8_A, false),
	{ .name = "raster operations", .run = raster_operations },
	BITMAP("one chunk", SPICE_SURFACE_FMT_32_xRGB, SPICE_BITMAP_FMT_32BIT,
	       false, .chunk = 0),
	BITMAP("chunks within rows", SPICE_SURFACE_FMT_32_xRGB,
	       SPICE_BITMAP_FMT_32BIT, false, .chunk = 2003),
	BITMAP("direct", SPICE_SURFACE_FMT_32_xRGB, SPICE_BITMAP_FMT_32BIT,
	       false, .direct = true),
	BITMAP("rows with padding", SPICE_SURFACE_FMT_32_xRGB,
	       SPICE_BITMAP_FMT_32BIT, false, .padding = 52),
	BITMAP("direct with padding", SPICE_SURFACE_FMT_32_xRGB,
	       SPICE_BITMAP_FMT_32BIT, false, .padding = 1, .direct = true),
	BITMAP("chunks and padding", SPICE_SURFACE_FMT_32_xRGB,
	       SPICE_BITMAP_FMT_32BIT, false, .padding = 3, .chunk = 1009),
	BITMAP("to bottom-up", SPICE_SURFACE_FMT_32_xRGB,
	       SPICE_BITMAP_FMT_32BIT, true, .chunk = 3000),
	BITMAP("with alpha", SPICE_SURFACE_FMT_32_ARGB, SPICE_BITMAP_FMT_RGBA,
	       false, .chunk = 3000),
	BITMAP("15 bits", SPICE_SURFACE_FMT_16_555, SPICE_BITMAP_FMT_16BIT,
	       false, .chunk = 0),
	BITMAP("8 bits", SPICE_SURFACE_FMT_8_A, SPICE_BITMAP_FMT_8BIT_A, false,
	       .chunk = 333),
	BITMAP("8 bits, padding", SPICE_SURFACE_FMT_8_A,
	       SPICE_BITMAP_FMT_8BIT_A, false, .padding = 7, .direct = true),
	{ .name = "image larger than the upload arena",
	  .run = larger_than_the_arena },
	{ .name = "surface to surface", .run = surface_to_surface },
	COPY_BITS("32 bits", SPICE_SURFACE_FMT_32_xRGB, false),
	COPY_BITS("32 bits bottom-up", SPICE_SURFACE_FMT_32_xRGB, true),
	COPY_BITS("8 bits", SPICE_SURFACE_FMT_8_A, false),
	{ .name = "64 commands in a call", .run = many_in_a_call },
	{ .name = "all commands of a call or none", .run = all_or_nothing },
	{ .name = "interrupted calls", .run = interrupted_calls },
	{ .name = "two handles of one object", .run = two_handles },
	{ .name = "data changes after the call", .run = data_changes_afterwards },
	{ .name = "surfaces closed after the call",
	  .run = surfaces_closed_at_once },
	{ .name = "more surfaces than ids", .run = more_surfaces_than_ids },
	{ .name = "more surfaces than memory", .run = surfaces_beyond_memory },
	{ .name = "a surface leaves with draws to come",
	  .run = draws_before_it_leaves },
	{ .name = "more data than VRAM", .run = data_beyond_vram },
	{ .name = "file closed with draws under way",
	  .run = file_closed_with_draws },
	{ .name = "ids of images", .run = image_ids },
	{ .name = "nothing is left", .run = nothing_is_left },
};

int main(void)
{
	return ktap_run(cases, ARRAY_SIZE(cases), setup);
}
