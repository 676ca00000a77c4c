// SPDX-License-Identifier: GPL-2.0-only
#include "desk.h"

#include <errno.h>
#include <inttypes.h>
#include <spice/enums.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "counters.h"
#include "host.h"
#include "ktap.h"
#include "mode.h"

#define POINTER_SIDE 64
#define HOT_X 3
#define HOT_Y 5
#define EVENT_MS 5000
#define MEMORY_BYTES 4096
#define CLIENT_ROUNDS 5
#define CLIENT_US 20000000

static const size_t object_bytes[DESK_OBJECTS] = { 4096, 300000, 1 << 20 };

/* How the host comes to know a canvas. */
static const struct canvas_kind {
	uint32_t format;
	uint32_t width;
	uint32_t height;
	bool bottom_up;
	bool stays_unknown; /* the host never sees it */
	bool rendered;      /* what is drawn is asked for at once */
} canvas_kinds[DESK_CANVASES] = {
	{ SPICE_SURFACE_FMT_32_ARGB, 300, 200, true, false, false },
	{ SPICE_SURFACE_FMT_32_xRGB, 64, 64, false, false, false },
	{ SPICE_SURFACE_FMT_16_555, 332, 77, false, false, true },
	{ SPICE_SURFACE_FMT_8_A, 128, 100, true, false, false },
	{ SPICE_SURFACE_FMT_32_ARGB, 500, 400, false, true, false },
	{ SPICE_SURFACE_FMT_32_ARGB, 100, 300, true, false, true },
};

/* Screens ------------------------------------------------------------------ */

/* The draw that is step @number of each screen: fills, and moves. */
static struct drm_mode_rect step_area(uint32_t number)
{
	struct prng prng = prng_start(number + 1000);
	uint32_t width = 20 + prng_below(&prng, 200);
	uint32_t height = 20 + prng_below(&prng, 150);
	int32_t x = prng_below(&prng, DESK_WIDTH - width);
	int32_t y = prng_below(&prng, DESK_HEIGHT - height);

	return (struct drm_mode_rect){ x, y, x + width, y + height };
}

static bool step_moves(uint32_t number)
{
	return number % 3 == 2;
}

static uint32_t step_pixel(uint32_t number)
{
	return number * 0x123457 & 0xffffff;
}

static void paint(const struct raster *raster, uint32_t seed, uint32_t steps)
{
	struct picture picture = { .pixels = (uint32_t *)raster->top,
				   .pitch = raster->stride / 4,
				   .width = raster->width,
				   .height = raster->height };

	pattern_draw(&picture, seed);
	for (uint32_t i = 0; i < steps; i++) {
		struct drm_mode_rect area = step_area(i);

		if (step_moves(i))
			raster_copy(raster, &area, raster, 0, 0);
		else
			raster_fill(raster, &area, step_pixel(i));
	}
}

static struct raster screen_raster(const struct desk_screen *screen)
{
	if (screen->surface.object.map)
		return surface_raster(&screen->surface);
	return (struct raster){ .top = screen->dumb.map,
				.stride = screen->dumb.pitch,
				.width = DESK_WIDTH,
				.height = DESK_HEIGHT,
				.format = SPICE_SURFACE_FMT_32_xRGB };
}

static int screen_create(struct desk_screen *screen, int fd,
			 enum desk_kind kind, uint32_t seed)
{
	struct raster raster;
	int ret;

	if (kind == DESK_DUMB) {
		ret = dumb_frame(&screen->dumb, fd, DESK_WIDTH, DESK_HEIGHT);
		screen->fb = screen->dumb.fb;
	} else {
		ret = surface_alloc(&screen->surface, fd,
				    SPICE_SURFACE_FMT_32_xRGB, DESK_WIDTH,
				    DESK_HEIGHT, false);
		if (!ret)
			ret = drmModeAddFB(fd, DESK_WIDTH, DESK_HEIGHT, 24, 32,
					   screen->surface.stride,
					   screen->surface.object.handle,
					   &screen->fb);
	}
	if (ret)
		return ret;
	screen->seed = seed;
	raster = screen_raster(screen);
	paint(&raster, seed, 0);
	return 0;
}

static void screen_destroy(struct desk_screen *screen, int fd)
{
	if (screen->surface.object.handle) {
		drmModeRmFB(fd, screen->fb);
		object_destroy(&screen->surface.object);
	} else {
		dumb_destroy(&screen->dumb);
	}
}

static int send_step(const struct desk_screen *screen, uint32_t number)
{
	struct drm_mode_rect area = step_area(number);
	struct exec_draw draw;

	if (step_moves(number))
		exec_copy_bits(&draw, &screen->surface, &area, 0, 0);
	else
		exec_fill(&draw, &screen->surface, &area, step_pixel(number));
	return exec_send(screen->surface.object.fd, &draw, 1);
}

static void screen_draw(struct desk_screen *screen)
{
	int ret = 0;

	if (screen->surface.object.handle) {
		ret = send_step(screen, screen->steps);
	} else {
		struct raster raster = screen_raster(screen);

		paint(&raster, screen->seed, screen->steps + 1);
	}
	check(!ret, "draw on a screen: %d", ret);
	screen->steps++;
}

static void screen_check(const struct desk_screen *screen, const char *when)
{
	struct raster want = raster_new(SPICE_SURFACE_FMT_32_xRGB, DESK_WIDTH,
					DESK_HEIGHT);
	struct raster raster = screen_raster(screen);
	uint64_t differences;
	int ret = 0;

	if (screen->surface.object.handle)
		ret = surface_update(&screen->surface);
	check(!ret, "%s: UPDATE_AREA: %d", when, ret);
	paint(&want, screen->seed, screen->steps);
	differences = raster_differences(&raster, &want);
	check(!differences, "%s: %" PRIu64 " pixels of screen %u differ", when,
	      differences, screen->seed);
	raster_free(&want);
}

/* Objects ------------------------------------------------------------------ */

static struct raster object_raster(const struct object *object)
{
	return (struct raster){ .top = object->map,
				.stride = object->bytes,
				.width = object->bytes / 4,
				.height = 1,
				.format = SPICE_SURFACE_FMT_32_ARGB };
}

static void object_check(const struct object *object, uint32_t seed,
			 const char *when)
{
	struct raster have = object_raster(object);
	struct raster want = raster_new(have.format, have.width, 1);
	uint64_t differences;

	raster_noise(&want, seed);
	differences = raster_differences(&have, &want);
	check(!differences, "%s: %" PRIu64 " of %u words differ", when,
	      differences, have.width);
	raster_free(&want);
}

static void fill_objects(struct desk *desk)
{
	for (uint32_t i = 0; i < DESK_OBJECTS; i++) {
		struct object *object = &desk->objects[i];
		int ret = object_alloc(object, desk->card.fd, object_bytes[i]);

		struct raster raster = object_raster(object);

		if (ret)
			ktap_bail("object of %zu bytes: %d", object_bytes[i],
				  ret);
		raster_noise(&raster, i);
	}
}

/* Canvases ----------------------------------------------------------------- */

static void canvas_draw(struct canvas *canvas)
{
	int32_t width = canvas->want.width, height = canvas->want.height;
	struct drm_mode_rect filled = { width / 4, height / 4, width / 2,
					height / 2 };
	struct drm_mode_rect moved = { width / 2, height / 2,
				       width / 2 + width / 4,
				       height / 2 + height / 4 };

	canvas_copy_bits(canvas, &moved, width / 5, height / 5);
	canvas_fill(canvas, &filled,
		    0x2d & raster_pixel_mask(canvas->want.format));
}

static void draw_canvases(struct desk *desk)
{
	static const struct drm_mode_rect square = { 5, 7, 55, 57 };

	for (uint32_t i = 0; i < DESK_CANVASES; i++) {
		if (canvas_kinds[i].stays_unknown)
			continue;
		canvas_draw(&desk->canvases[i]);
		if (canvas_kinds[i].rendered)
			canvas_check(&desk->canvases[i], "rendered");
	}
	desk->memory.used = 0;
	canvas_copy(&desk->canvases[0], &square, &desk->canvases[5], 20, 30,
		    &desk->memory);
}

static void fill_canvases(struct desk *desk)
{
	for (uint32_t i = 0; i < DESK_CANVASES; i++) {
		const struct canvas_kind *kind = &canvas_kinds[i];

		if (!canvas_create(&desk->canvases[i], desk->card.fd,
				   kind->format, kind->width, kind->height,
				   kind->bottom_up, 50 + i))
			ktap_bail("no surface");
	}
	if (object_alloc(&desk->memory.object, desk->card.fd, MEMORY_BYTES))
		ktap_bail("no memory for images");
	draw_canvases(desk);
}

/* Heads -------------------------------------------------------------------- */

static int light(struct desk *desk, uint32_t head, uint32_t fb)
{
	drmModeModeInfo mode;

	mode_make(&mode, DESK_HEAD_WIDTH, DESK_HEIGHT, 60);
	return drmModeSetCrtc(desk->card.fd, desk->crtcs[head], fb,
			      head * DESK_HEAD_WIDTH, 0,
			      &desk->connectors[head], 1, &mode);
}

static void darken(struct desk *desk, uint32_t head)
{
	int ret = drmModeSetCrtc(desk->card.fd, desk->crtcs[head], 0, 0, 0,
				 NULL, 0, NULL);

	check(!ret, "head %u off: %d", head, ret);
}

static void show_pointer(struct desk *desk)
{
	int ret = drmModeMoveCursor(desk->card.fd, desk->crtcs[0], 40, 30);

	check(!ret, "move the pointer: %d", ret);
	ret = drmModeSetCursor2(desk->card.fd, desk->crtcs[0],
				desk->pointer.handle, POINTER_SIDE,
				POINTER_SIDE, HOT_X, HOT_Y);
	check(!ret, "pointer: %d", ret);
}

static void find_heads(struct desk *desk)
{
	drmModeRes *resources = drmModeGetResources(desk->card.fd);

	if (!resources)
		ktap_bail("no resources: errno %d", errno);
	if (resources->count_crtcs < DESK_HEADS)
		ktap_skip_all("%d head(s); num_heads=%d is for this",
			      resources->count_crtcs, DESK_HEADS);
	for (int i = 0; i < DESK_HEADS; i++) {
		desk->crtcs[i] = resources->crtcs[i];
		desk->connectors[i] = resources->connectors[i];
	}
	drmModeFreeResources(resources);
}

/* The desk ----------------------------------------------------------------- */

void desk_open(struct desk *desk)
{
	*desk = (struct desk){};
	card_open(&desk->card);
	find_heads(desk);
	counter_read(desk->card.path, "bos", &desk->bos_before);
}

void desk_fill(struct desk *desk)
{
	for (uint32_t i = 0; i < DESK_KINDS * 2; i++) {
		int ret = screen_create(&desk->screens[i / 2][i % 2],
					desk->card.fd, i / 2, 60 + i);

		if (ret)
			ktap_bail("no screen: %d", ret);
	}
	if (dumb_create(&desk->pointer, desk->card.fd, POINTER_SIDE,
			POINTER_SIDE) ||
	    dumb_map(&desk->pointer))
		ktap_bail("no pointer");
	memset(desk->pointer.map, 0xc0, desk->pointer.size);
	fill_objects(desk);
	fill_canvases(desk);
}

void desk_show(struct desk *desk, enum desk_kind kind)
{
	desk->shown = kind;
	for (uint32_t i = 0; i < DESK_HEADS; i++) {
		int ret = light(desk, i, desk->screens[kind][0].fb);

		check(!ret, "head %u: %d", i, ret);
	}
	show_pointer(desk);
}

void desk_draw(struct desk *desk)
{
	drmModeClip all = { 0, 0, DESK_WIDTH, DESK_HEIGHT };
	struct desk_screen *shown = &desk->screens[desk->shown][0];
	int ret = 0;

	for (uint32_t i = 0; i < DESK_KINDS; i++)
		for (uint32_t j = 0; j < 2; j++)
			screen_draw(&desk->screens[i][j]);
	draw_canvases(desk);
	if (desk->shown == DESK_DUMB)
		ret = drmModeDirtyFB(desk->card.fd, shown->fb, &all, 1);
	check(!ret, "DIRTYFB: %d", ret);
}

void desk_check_picture(struct desk *desk, const char *name)
{
	const struct desk_screen *shown = &desk->screens[desk->shown][0];

	if (!host_check_picture(name, DESK_WIDTH, DESK_HEIGHT, "qxl_desk %u %u",
				shown->seed, shown->steps))
		return;
	host_check_cursor("shown %u %u %u %u", POINTER_SIDE, POINTER_SIDE,
			  HOT_X, HOT_Y);
}

void desk_check_contents(struct desk *desk, const char *when)
{
	for (uint32_t i = 0; i < DESK_OBJECTS; i++)
		object_check(&desk->objects[i], i, when);
	for (uint32_t i = 0; i < DESK_CANVASES; i++)
		canvas_check(&desk->canvases[i], when);
	for (uint32_t i = 0; i < DESK_KINDS; i++)
		for (uint32_t j = 0; j < 2; j++)
			screen_check(&desk->screens[i][j], when);
}

void desk_close(struct desk *desk)
{
	drmModeSetCursor(desk->card.fd, desk->crtcs[0], 0, 0, 0);
	for (uint32_t i = 0; i < DESK_HEADS; i++)
		darken(desk, i);
	for (uint32_t i = 0; i < DESK_KINDS * 2; i++)
		screen_destroy(&desk->screens[i / 2][i % 2], desk->card.fd);
	for (uint32_t i = 0; i < DESK_OBJECTS; i++)
		object_destroy(&desk->objects[i]);
	for (uint32_t i = 0; i < DESK_CANVASES; i++)
		canvas_destroy(&desk->canvases[i]);
	object_destroy(&desk->memory.object);
	dumb_destroy(&desk->pointer);
	counters_check_idle(desk->card.path, desk->bos_before);
	card_close(&desk->card);
}

/* The client --------------------------------------------------------------- */

static bool client_round(struct desk *desk, uint32_t round)
{
	struct drm_mode_rect area = { round % 60, round % 50, 64, 64 };
	uint32_t fb = desk->screens[desk->shown][(round + 1) % 2].fb;
	struct card_event event;
	int ret = drmModePageFlip(desk->card.fd, desk->crtcs[0], fb,
				  DRM_MODE_PAGE_FLIP_EVENT, NULL);

	if (!check(!ret, "flip %u: %d", round, ret))
		return false;
	canvas_fill(&desk->client_canvas, &area, round);
	ret = card_wait_event(&desk->card, &event, EVENT_MS);
	return check(!ret, "event of flip %u: %d", round, ret);
}

static void *client_run(void *arg)
{
	struct desk *desk = arg;
	uint32_t round = 0;

	while (!__atomic_load_n(&desk->client_stops, __ATOMIC_RELAXED) &&
	       client_round(desk, round))
		__atomic_store_n(&desk->client_done, ++round, __ATOMIC_RELAXED);
	return NULL;
}

static uint32_t client_done(struct desk *desk)
{
	return __atomic_load_n(&desk->client_done, __ATOMIC_RELAXED);
}

void desk_await_client(struct desk *desk)
{
	uint32_t wanted = client_done(desk) + CLIENT_ROUNDS;
	int64_t start = now_us();

	while (client_done(desk) < wanted && now_us() - start < CLIENT_US)
		usleep(10000);
	check(client_done(desk) >= wanted, "the client is stuck after %u flips",
	      client_done(desk));
}

void desk_start_client(struct desk *desk)
{
	int ret;

	/* What is on one head alone can be flipped without the other one. */
	for (uint32_t i = 1; i < DESK_HEADS; i++)
		darken(desk, i);
	desk->client_stops = false;
	desk->client_done = 0;
	if (!canvas_create(&desk->client_canvas, desk->card.fd,
			   SPICE_SURFACE_FMT_32_xRGB, 64, 64, false, 90))
		ktap_bail("no surface for the client");
	ret = pthread_create(&desk->client, NULL, client_run, desk);
	if (ret)
		ktap_bail("no thread for the client: %d", ret);
	desk_await_client(desk);
}

void desk_stop_client(struct desk *desk)
{
	__atomic_store_n(&desk->client_stops, true, __ATOMIC_RELAXED);
	pthread_join(desk->client, NULL);
	ktap_note("the client has flipped %u times", client_done(desk));
	canvas_check(&desk->client_canvas, "the client's");
	canvas_destroy(&desk->client_canvas);
	desk_show(desk, desk->shown);
}

/* References --------------------------------------------------------------- */

int desk_reference(uint32_t seed, uint32_t steps, const char *path)
{
	struct picture picture = picture_new(DESK_WIDTH, DESK_HEIGHT);
	struct raster raster = { .top = (uint8_t *)picture.pixels,
				 .stride = DESK_WIDTH * 4,
				 .width = DESK_WIDTH,
				 .height = DESK_HEIGHT,
				 .format = SPICE_SURFACE_FMT_32_xRGB };
	int ret;

	paint(&raster, seed, steps);
	ret = picture_save(&picture, path);
	picture_free(&picture);
	return ret;
}
