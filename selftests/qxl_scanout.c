// SPDX-License-Identifier: GPL-2.0-only
/*
 * A surface of DRM_IOCTL_QXL_ALLOC_SURF as the framebuffer, as the Xorg driver
 * has it: what commands draw there is on show at once, nobody says so. It stays
 * a surface like any other meanwhile and afterwards.
 *
 * usage: qxl_scanout
 *        qxl_scanout --reference SEED STEPS FILE
 *        qxl_scanout --black FILE
 */
#include <errno.h>
#include <inttypes.h>
#include <spice/enums.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <xf86drm.h>

#include "canvas.h"
#include "card.h"
#include "counters.h"
#include "dumb.h"
#include "host.h"
#include "ktap.h"
#include "pattern.h"

#define WIDTH 800
#define HEIGHT 600
#define PITCH (WIDTH * 4)
#define EVENT_MS 5000
#define FLIPS 60

/* What is drawn on a screen, one after the other; a picture has the first few. */
struct step {
	enum { FILL, MOVE, IMAGE } kind;
	struct drm_mode_rect area;
	int32_t x; /* where a move comes from */
	int32_t y;
	uint32_t value; /* the fill's pixel, the image's seed */
};

static const struct step steps[] = {
	{ FILL, { 10, 10, 300, 200 }, .value = 0xcc3311 },
	{ IMAGE, { 200, 100, 456, 300 }, .value = 1 },
	{ MOVE, { 400, 300, 790, 590 }, 150, 60, 0 },
	{ FILL, { 799, 0, 800, 600 }, .value = 0x00ff00 },
	{ MOVE, { 0, 0, 700, 560 }, 33, 40, 0 },
	{ IMAGE, { 1, 590, 799, 600 }, .value = 2 },
	{ FILL, { 50, 500, 90, 570 }, .value = 0x2222ee },
	{ IMAGE, { 0, 0, 120, 90 }, .value = 3 },
	{ FILL, { 600, 400, 640, 440 }, .value = 0xffffff },
	{ MOVE, { 600, 0, 760, 400 }, 500, 130, 0 },
	{ FILL, { 390, 290, 410, 310 }, .value = 0x808080 },
	{ IMAGE, { 640, 500, 800, 600 }, .value = 4 },
};

/* A framebuffer on a surface, and what it shows: pattern @seed, then @steps. */
struct screen {
	struct surface surface;
	uint32_t fb;
	uint32_t seed;
	uint32_t steps;
};

static struct card card;
static drmModeModeInfo mode;
static struct screen screens[2];
static struct dumb frame;
static uint64_t bos_before;

/* Painting ---------------------------------------------------------------------- */

static struct raster image_of(const struct step *step)
{
	struct raster image = raster_new(SPICE_SURFACE_FMT_32_xRGB,
					 step->area.x2 - step->area.x1,
					 step->area.y2 - step->area.y1);

	raster_noise(&image, step->value);
	return image;
}

static void paint_step(const struct raster *raster, const struct step *step)
{
	struct raster image;

	switch (step->kind) {
	case FILL:
		raster_fill(raster, &step->area, step->value);
		break;
	case MOVE:
		raster_copy(raster, &step->area, raster, step->x, step->y);
		break;
	case IMAGE:
		image = image_of(step);
		raster_copy(raster, &step->area, &image, 0, 0);
		raster_free(&image);
		break;
	}
}

static struct picture picture_of(const struct raster *raster)
{
	return (struct picture){ .pixels = (uint32_t *)raster->top,
				 .pitch = raster->stride / 4,
				 .width = raster->width,
				 .height = raster->height };
}

static void paint(const struct raster *raster, uint32_t seed, uint32_t count)
{
	struct picture picture = picture_of(raster);

	pattern_draw(&picture, seed);
	for (uint32_t i = 0; i < count; i++)
		paint_step(raster, &steps[i]);
}

/* Screens ------------------------------------------------------------------------ */

static int send_image(const struct screen *screen, const struct step *step)
{
	static const struct exec_bitmap layout = {
		.format = SPICE_BITMAP_FMT_32BIT, .chunk = 100000
	};
	struct raster image = image_of(step);
	struct exec_memory memory = {};
	struct exec_draw draw;
	int ret = object_alloc(&memory.object, card.fd, 1 << 20);

	if (!ret) {
		exec_copy(&draw, &screen->surface, &step->area, 0, 0);
		exec_image_bitmap(&draw, &memory, &memory, &layout, &image);
		ret = exec_send(card.fd, &draw, 1);
	}
	object_destroy(&memory.object);
	raster_free(&image);
	return ret;
}

static int send_step(const struct screen *screen, const struct step *step)
{
	struct exec_draw draw;

	switch (step->kind) {
	case FILL:
		exec_fill(&draw, &screen->surface, &step->area, step->value);
		break;
	case MOVE:
		exec_copy_bits(&draw, &screen->surface, &step->area, step->x,
			       step->y);
		break;
	default:
		return send_image(screen, step);
	}
	return exec_send(card.fd, &draw, 1);
}

static void draw(struct screen *screen, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++, screen->steps++) {
		int ret = send_step(screen, &steps[screen->steps]);

		check(!ret, "step %u: %d", screen->steps, ret);
	}
}

/* Written by the processor, before the host knows the surface. */
static bool screen_create(struct screen *screen, uint32_t seed)
{
	struct raster raster;
	int ret = surface_alloc(&screen->surface, card.fd,
				SPICE_SURFACE_FMT_32_xRGB, WIDTH, HEIGHT, false);

	if (!ret)
		ret = drmModeAddFB(card.fd, WIDTH, HEIGHT, 24, 32, PITCH,
				   screen->surface.object.handle, &screen->fb);
	if (!check(!ret, "screen: %d", ret))
		return false;
	raster = surface_raster(&screen->surface);
	paint(&raster, seed, 0);
	screen->seed = seed;
	screen->steps = 0;
	return true;
}

static void screen_destroy(struct screen *screen)
{
	if (screen->fb)
		drmModeRmFB(card.fd, screen->fb);
	object_destroy(&screen->surface.object);
	*screen = (struct screen){};
}

static int set_crtc(uint32_t fb)
{
	uint32_t connector = card.connector->connector_id;

	return drmModeSetCrtc(card.fd, card.crtc, fb, 0, 0, &connector, 1, &mode);
}

static void show(uint32_t fb)
{
	int ret = set_crtc(fb);

	check(!ret, "SETCRTC: %d", ret);
}

static void check_shown(const char *name, const struct screen *screen)
{
	host_check_picture(name, WIDTH, HEIGHT, "qxl_scanout --reference %u %u",
			   screen->seed, screen->steps);
}

/* Reads the surface back. */
static void check_contents(const struct screen *screen, const char *when)
{
	struct raster want = raster_new(SPICE_SURFACE_FMT_32_xRGB, WIDTH, HEIGHT);
	struct raster raster = surface_raster(&screen->surface);
	int ret = surface_update(&screen->surface);
	uint64_t differences;

	check(!ret, "%s: UPDATE_AREA: %d", when, ret);
	paint(&want, screen->seed, screen->steps);
	differences = raster_differences(&raster, &want);
	check(!differences, "%s: %" PRIu64 " pixels differ", when, differences);
	raster_free(&want);
}

static void frame_paint(uint32_t seed)
{
	struct picture picture = dumb_picture(&frame);

	pattern_draw(&picture, seed);
}

/* Cases -------------------------------------------------------------------------- */

static void setup(void)
{
	card_open(&card);
	card_mode(&card, WIDTH, HEIGHT, &mode);
	if (dumb_frame(&frame, card.fd, WIDTH, HEIGHT))
		ktap_bail("no frame: errno %d", errno);
	counter_read(card.path, "bos", &bos_before);
}

static void first_show(void)
{
	if (!screen_create(&screens[0], 31) || !screen_create(&screens[1], 32))
		ktap_bail("no screen");
	show(screens[0].fb);
	check_shown("scanout-first", &screens[0]);
	check_contents(&screens[0], "after SETCRTC");
}

static void draws_are_seen(void)
{
	draw(&screens[0], 3);
	check_shown("scanout-draws", &screens[0]);
	check_contents(&screens[0], "after draws");
	draw(&screens[0], 1);
	check_shown("scanout-after-update-area", &screens[0]);
}

/* To others and from others, while it is on show. */
static void surface_like_any_other(void)
{
	static const struct drm_mode_rect there = { 0, 0, 256, 200 };
	struct exec_memory memory = {};
	struct canvas canvas = {};
	struct raster want = raster_new(SPICE_SURFACE_FMT_32_xRGB, WIDTH, HEIGHT);
	struct canvas screen = { .surface = screens[0].surface, .want = want };

	paint(&want, screens[0].seed, screens[0].steps);
	if (!object_alloc(&memory.object, card.fd, 4096) &&
	    canvas_create(&canvas, card.fd, SPICE_SURFACE_FMT_32_xRGB, 256, 256,
			  true, 5)) {
		canvas_copy(&canvas, &there, &screen, 320, 250, &memory);
		canvas_check(&canvas, "copied from the screen");
		/* and back to where it was */
		canvas_copy(&screen,
			    &(struct drm_mode_rect){ 320, 250, 576, 450 },
			    &canvas, 0, 0, &memory);
		check_shown("scanout-copied-back", &screens[0]);
	}
	canvas_destroy(&canvas);
	object_destroy(&memory.object);
	raster_free(&want);
}

/* What the processor writes is not the host's to know. */
static void processor_writes(void)
{
	struct raster raster = surface_raster(&screens[0].surface);
	drmModeClip clip = { 0, 0, WIDTH, HEIGHT };
	int ret = surface_update(&screens[0].surface);

	check(!ret, "UPDATE_AREA: %d", ret);
	screens[0].seed = 33;
	screens[0].steps = 0;
	paint(&raster, screens[0].seed, 0);
	ret = drmModeDirtyFB(card.fd, screens[0].fb, &clip, 1);
	check(!ret, "DIRTYFB: %d", ret);
	check_shown("scanout-dirtyfb", &screens[0]);
	check_contents(&screens[0], "after DIRTYFB");
}

static void dumb_and_back(void)
{
	draw(&screens[0], 4);
	frame_paint(34);
	show(frame.fb);
	host_check_picture("scanout-dumb", WIDTH, HEIGHT,
			   "qxl_pattern %u %u 34", WIDTH, HEIGHT);
	check_contents(&screens[0], "while something else is on show");
	draw(&screens[0], 2);
	host_check_picture("scanout-dumb-still", WIDTH, HEIGHT,
			   "qxl_pattern %u %u 34", WIDTH, HEIGHT);
	show(screens[0].fb);
	check_shown("scanout-back", &screens[0]);
	draw(&screens[0], 1);
	check_shown("scanout-back-draws", &screens[0]);
	check_contents(&screens[0], "back again");
}

/* The frames are the same but where the damage is. */
static void dumb_with_damage(void)
{
	static const struct drm_mode_rect changed = { 100, 100, 140, 130 };
	struct raster raster = { .top = frame.map,
				 .stride = frame.pitch,
				 .width = WIDTH,
				 .height = HEIGHT,
				 .format = SPICE_SURFACE_FMT_32_xRGB };
	struct step extra = { FILL, changed, .value = steps[0].value };
	int ret;

	screens[1].steps = 0;
	show(screens[1].fb);
	paint(&raster, screens[1].seed, 1);
	ret = send_step(&screens[1], &steps[0]);
	check(!ret, "step: %d", ret);
	screens[1].steps = 1;
	check_shown("scanout-before-damage", &screens[1]);
	raster_fill(&raster, &changed, extra.value);
	ret = card_update(&card, frame.fb, &changed, 1, 0, 0);
	check(!ret, "flip with damage: %d", ret);
	check_shown("scanout-dumb-damage", &screens[1]);
}

static void off_and_on(void)
{
	int ret;

	show(screens[0].fb);
	ret = card_off(&card);
	check(!ret, "off: %d", ret);
	host_check_picture("scanout-off", WIDTH, HEIGHT, "qxl_scanout --black");
	check_contents(&screens[0], "off");
	draw(&screens[0], 1);
	show(screens[0].fb);
	check_shown("scanout-on", &screens[0]);
	check_contents(&screens[0], "on again");
}

static int set_active(bool active)
{
	drmModeAtomicReq *request = drmModeAtomicAlloc();
	int ret;

	drmModeAtomicAddProperty(request, card.crtc, card.crtc_active, active);
	ret = card_commit(&card, request, DRM_MODE_ATOMIC_ALLOW_MODESET, 0);
	drmModeAtomicFree(request);
	return ret;
}

/* As DPMS does it: the framebuffer stays. */
static void inactive_and_active(void)
{
	int ret = set_active(false);

	check(!ret, "inactive: %d", ret);
	draw(&screens[0], 1);
	check_contents(&screens[0], "inactive");
	ret = set_active(true);
	check(!ret, "active: %d", ret);
	check_shown("scanout-active", &screens[0]);
}

static int flip(uint32_t fb)
{
	struct card_event event;
	int ret = drmModePageFlip(card.fd, card.crtc, fb,
				  DRM_MODE_PAGE_FLIP_EVENT, NULL);

	return ret ? ret : card_wait_event(&card, &event, EVENT_MS);
}

/* A draw on what is hidden, and one on what is shown, with each of the first. */
static void flips(void)
{
	for (int i = 0; i < 2; i++)
		screen_destroy(&screens[i]);
	if (!screen_create(&screens[0], 35) || !screen_create(&screens[1], 36))
		return;
	show(screens[0].fb);
	for (unsigned int i = 0; i < FLIPS; i++) {
		int ret = flip(screens[(i + 1) % 2].fb);

		if (!check(!ret, "flip %u: %d", i, ret))
			return;
		if (i < 5) {
			draw(&screens[0], 1);
			draw(&screens[1], 1);
		}
	}
	check_shown("scanout-flipped", &screens[0]);
	check_contents(&screens[0], "shown");
	check_contents(&screens[1], "hidden");
	check(!flip(screens[1].fb), "last flip");
	check_shown("scanout-flipped-other", &screens[1]);
}

static void pointer_stays(void)
{
	struct dumb pointer;
	int ret = dumb_create(&pointer, card.fd, 64, 64);

	if (!ret)
		ret = dumb_map(&pointer);
	if (!check(!ret, "pointer: %d", ret))
		return;
	memset(pointer.map, 0xc0, pointer.size);
	/* Where another program left it may be off the screen. */
	ret = drmModeMoveCursor(card.fd, card.crtc, 40, 30);
	check(!ret, "move: errno %d", errno);
	ret = drmModeSetCursor2(card.fd, card.crtc, pointer.handle, 64, 64, 3, 5);
	check(!ret, "cursor: errno %d", errno);
	host_check_cursor("shown 64 64 3 5");
	check(!flip(screens[0].fb), "flip");
	host_check_cursor("shown 64 64 3 5");
	show(frame.fb);
	host_check_cursor("shown 64 64 3 5");
	show(screens[1].fb);
	host_check_cursor("shown 64 64 3 5");
	drmModeSetCursor(card.fd, card.crtc, 0, 0, 0);
	host_check_cursor("hidden");
	dumb_destroy(&pointer);
}

/*
 * The lower part of a framebuffer that is twice as high as the screen: the
 * primary is all of it.
 */
static void part_of_larger(void)
{
	struct surface surface;
	struct picture picture;
	struct raster raster;
	uint32_t fb = 0;
	int ret = surface_alloc(&surface, card.fd, SPICE_SURFACE_FMT_32_xRGB,
				WIDTH, 2 * HEIGHT, false);

	if (!check(!ret, "ALLOC_SURF: %d", ret))
		return;
	raster = surface_raster(&surface);
	picture = picture_of(&raster);
	pattern_draw(&picture, 37);
	ret = drmModeAddFB(card.fd, WIDTH, 2 * HEIGHT, 24, 32, PITCH,
			   surface.object.handle, &fb);
	check(!ret, "ADDFB: %d", ret);
	ret = card_show(&card, &mode, fb, 0, HEIGHT, 0);
	check(!ret, "show the lower half: %d", ret);
	host_check_picture("scanout-larger", WIDTH, 2 * HEIGHT,
			   "qxl_pattern %u %u 37", WIDTH, 2 * HEIGHT);
	ret = card_show(&card, &mode, fb, 0, 0, 0);
	check(!ret, "show the upper half: %d", ret);
	show(screens[1].fb);
	check_shown("scanout-after-larger", &screens[1]);
	drmModeRmFB(card.fd, fb);
	object_destroy(&surface.object);
}

/* The host cannot have this one as its primary: damage says what is new. */
static void not_the_primary(void)
{
	static const struct drm_mode_rect all = { 0, 0, WIDTH, HEIGHT };
	drmModeClip clip = { 0, 0, WIDTH, HEIGHT };
	struct canvas canvas = {};
	uint32_t fb = 0;
	int ret;

	if (!canvas_create(&canvas, card.fd, SPICE_SURFACE_FMT_32_ARGB, WIDTH,
			   HEIGHT, false, 1))
		return;
	ret = drmModeAddFB(card.fd, WIDTH, HEIGHT, 24, 32, PITCH,
			   canvas.surface.object.handle, &fb);
	check(!ret, "ADDFB: %d", ret);
	show(fb);
	canvas_fill(&canvas, &all, 0);
	canvas_check(&canvas, "on show");
	ret = drmModeDirtyFB(card.fd, fb, &clip, 1);
	check(!ret, "DIRTYFB: %d", ret);
	host_check_picture("scanout-not-primary", WIDTH, HEIGHT,
			   "qxl_scanout --black");
	show(screens[1].fb);
	drmModeRmFB(card.fd, fb);
	canvas_destroy(&canvas);
}

/* First the handle, then the framebuffer, with draws on the way. */
static void gone_while_shown(void)
{
	uint32_t fb = 0;

	show(screens[1].fb);
	draw(&screens[1], 1);
	object_close(&screens[1].surface.object);
	check_shown("scanout-closed", &screens[1]);
	screen_destroy(&screens[1]);
	card_is_showing(&card, WIDTH, HEIGHT, &fb);
	check(!fb, "framebuffer %u is still on show", fb);
	host_check_picture("scanout-removed", WIDTH, HEIGHT,
			   "qxl_scanout --black");
	screen_destroy(&screens[0]);
	counter_check(card.path, "surfaces", 0);
	counter_check(card.path, "surface_used_bytes", 0);
	counter_check(card.path, "bos", bos_before);
	counter_check(card.path, "bad_releases", 0);
	counter_check(card.path, "lost", 0);
	frame_paint(38);
	show(frame.fb);
	host_check_picture("scanout-after", WIDTH, HEIGHT,
			   "qxl_pattern %u %u 38", WIDTH, HEIGHT);
}

static const struct ktap_case cases[] = {
	{ .name = "a surface is shown", .run = first_show },
	{ .name = "draws are seen at once", .run = draws_are_seen },
	{ .name = "a surface like any other", .run = surface_like_any_other },
	{ .name = "DIRTYFB of what the processor wrote",
	  .run = processor_writes },
	{ .name = "a dumb framebuffer and back", .run = dumb_and_back },
	{ .name = "a dumb framebuffer with damage", .run = dumb_with_damage },
	{ .name = "off and on", .run = off_and_on },
	{ .name = "inactive and active", .run = inactive_and_active },
	{ .name = "page flips between two", .run = flips },
	{ .name = "the pointer stays", .run = pointer_stays },
	{ .name = "part of a larger one", .run = part_of_larger },
	{ .name = "a surface that cannot be the primary",
	  .run = not_the_primary },
	{ .name = "gone while it is shown", .run = gone_while_shown },
};

/* References ---------------------------------------------------------------------- */

static int write_reference(const struct raster *raster, const char *path)
{
	struct picture picture = picture_of(raster);

	return picture_save_reference(&picture, path);
}

static int reference(int argc, char **argv)
{
	struct raster raster = raster_new(SPICE_SURFACE_FMT_32_xRGB, WIDTH,
					  HEIGHT);
	int status = 2;

	if (argc == 5 && !strcmp(argv[1], "--reference")) {
		paint(&raster, strtoul(argv[2], NULL, 10),
		      strtoul(argv[3], NULL, 10));
		status = write_reference(&raster, argv[4]);
	} else if (argc == 3 && !strcmp(argv[1], "--black")) {
		status = write_reference(&raster, argv[2]);
	} else {
		fprintf(stderr,
			"usage: qxl_scanout [--reference SEED STEPS FILE | --black FILE]\n");
	}
	raster_free(&raster);
	return status;
}

int main(int argc, char **argv)
{
	int status;

	if (argc > 1)
		return reference(argc, argv);
	status = ktap_run(cases, ARRAY_SIZE(cases), setup);
	card_off(&card);
	for (unsigned int i = 0; i < ARRAY_SIZE(screens); i++)
		screen_destroy(&screens[i]);
	dumb_destroy(&frame);
	card_close(&card);
	return status;
}
