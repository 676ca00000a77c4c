// SPDX-License-Identifier: GPL-2.0-only
/*
 * Heads of different sizes, each with a framebuffer of its own: damage lands on
 * its own head and nowhere else. Then heads that show parts of one framebuffer.
 *
 * usage: qxl_head_damage
 *        qxl_head_damage --reference SCENE FILE
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <xf86drm.h>

#include "card.h"
#include "dumb.h"
#include "host.h"
#include "ktap.h"
#include "mode.h"
#include "scene.h"

#define PROGRAM "qxl_head_damage"
#define SIDE 480 /* of the heads that show one framebuffer */

enum { ALL, ONE, ODD, TOGETHER, OFF, TWO, CLONED, CLONE_DIRTY, ONE_OF_TWO };

#define RECT_0 { 600, 440, 640, 480 }
#define RECT_1 { 0, 0, 100, 50 }
#define RECT_1B { 700, 500, 800, 600 }
#define RECT_2 { 310, 100, 320, 240 }
#define RECT_3 { 1, 1, 719, 399 }

/*
 * Each is what the one before leaves, with something more. Heads' sizes have
 * nothing in common.
 */
static const struct scene scenes[] = {
	[ALL] = { "heads-all",
		  { { 640, 480, .seed = 80 },
		    { 800, 600, .seed = 81 },
		    { 320, 240, .seed = 82 },
		    { 720, 400, .seed = 83 } } },
	[ONE] = { "heads-one",
		  { { 640, 480, .seed = 80 },
		    { 800, 600, 81, { RECT_1, RECT_1B }, 2, 91 },
		    { 320, 240, .seed = 82 },
		    { 720, 400, .seed = 83 } } },
	[ODD] = { "heads-odd",
		  { { 640, 480, .seed = 80 },
		    { 800, 600, 81, { RECT_1, RECT_1B }, 2, 91 },
		    { 320, 240, .seed = 82 },
		    { 720, 400, 83, { RECT_3 }, 1, 93 } } },
	[TOGETHER] = { "heads-together",
		       { { 640, 480, 80, { RECT_0 }, 1, 90 },
			 { 800, 600, 81, { RECT_1, RECT_1B }, 2, 91 },
			 { 320, 240, 82, { RECT_2 }, 1, 92 },
			 { 720, 400, 83, { RECT_3 }, 1, 93 } } },
	[OFF] = { "heads-off",
		  { { 640, 480, .seed = 90 },
		    { 0 },
		    { 320, 240, .seed = 92 },
		    { 720, 400, .seed = 93 } } },
	[TWO] = { "heads-two",
		  { { SIDE, SIDE, .seed = 95 }, { SIDE, SIDE, .seed = 98 } } },
	[CLONED] = { "heads-cloned",
		     { { SIDE, SIDE, .seed = 95 }, { SIDE, SIDE, .seed = 95 } } },
	[CLONE_DIRTY] = { "heads-clone-dirty",
			  { { SIDE, SIDE, 95, { { 10, 20, 30, 470 } }, 1, 96 },
			    { SIDE, SIDE, 95, { { 10, 20, 30, 470 } }, 1, 96 } } },
	[ONE_OF_TWO] = { "heads-one-of-two",
			 { { SIDE, SIDE, 95, { { 10, 20, 30, 470 } }, 1, 96 },
			   { SIDE, SIDE, .seed = 96 } } },
};

static struct card card;
static struct card heads[SCENE_HEADS];
static struct dumb screens[SCENE_HEADS];

static void setup(void)
{
	card_open(&card);
	for (unsigned int i = 0; i < SCENE_HEADS; i++) {
		const struct scene_head *head = &scenes[ALL].heads[i];
		int ret = card_open_head(&card, i, &heads[i]);

		if (ret)
			ktap_skip_all("head %u: %d; num_heads=%u is for this",
				      i, ret, SCENE_HEADS);
		ret = dumb_frame(&screens[i], card.fd, head->width, head->height);
		if (ret)
			ktap_bail("framebuffer %u: %d", i, ret);
	}
}

static void show(struct card *head, const struct dumb *screen, uint32_t width,
		 uint32_t height)
{
	drmModeModeInfo mode;
	int ret;

	mode_make(&mode, width, height, 60);
	ret = card_show(head, &mode, screen->fb, 0, 0, 0);
	check(!ret, "CRTC %u on: %d", head->crtc, ret);
}

static void all_off(void)
{
	for (unsigned int i = 0; i < SCENE_HEADS; i++)
		check(!card_off(&heads[i]), "CRTC %u off: errno %d",
		      heads[i].crtc, errno);
}

/* All of a framebuffer changes; what is claimed comes after this. */
static void repaint(const struct dumb *screen, uint32_t seed)
{
	struct picture picture = dumb_picture(screen);

	pattern_draw(&picture, seed);
}

static void own_framebuffers(void)
{
	all_off();
	for (unsigned int i = 0; i < SCENE_HEADS; i++) {
		const struct scene_head *head = &scenes[ALL].heads[i];

		repaint(&screens[i], head->seed);
		show(&heads[i], &screens[i], head->width, head->height);
	}
	scene_check(&scenes[ALL], PROGRAM);
}

static void claim(const struct scene *scene, unsigned int i)
{
	const struct scene_head *head = &scene->heads[i];
	int ret;

	repaint(&screens[i], head->rect_seed);
	ret = card_update(&heads[i], screens[i].fb, head->rects, head->count, 0,
			  0);
	check(!ret, "damage of head %u: %d", i, ret);
}

static void damage_of_one(void)
{
	claim(&scenes[ONE], 1);
	scene_check(&scenes[ONE], PROGRAM);
	claim(&scenes[ODD], 3);
	scene_check(&scenes[ODD], PROGRAM);
}

static void add_damage(drmModeAtomicReq *request, const struct scene *scene,
		       unsigned int i, uint32_t *blob)
{
	const struct scene_head *head = &scene->heads[i];
	const struct plane *plane = &heads[i].primary;
	int ret;

	repaint(&screens[i], head->rect_seed);
	ret = drmModeCreatePropertyBlob(
		card.fd, head->rects, head->count * sizeof(*head->rects), blob);
	check(!ret, "blob: %d", ret);
	drmModeAtomicAddProperty(request, plane->id, plane->fb_id, screens[i].fb);
	drmModeAtomicAddProperty(request, plane->id, plane->damage, *blob);
}

static void damage_of_two_in_a_commit(void)
{
	drmModeAtomicReq *request = drmModeAtomicAlloc();
	uint32_t blobs[2] = { 0 };
	int ret;

	add_damage(request, &scenes[TOGETHER], 0, &blobs[0]);
	add_damage(request, &scenes[TOGETHER], 2, &blobs[1]);
	ret = card_commit(&card, request, 0, 0);
	check(!ret, "commit on two heads: %d", ret);
	drmModeAtomicFree(request);
	for (unsigned int i = 0; i < ARRAY_SIZE(blobs); i++)
		drmModeDestroyPropertyBlob(card.fd, blobs[i]);
	scene_check(&scenes[TOGETHER], PROGRAM);
}

/* The other heads move together, and are drawn whole. */
static void one_is_off(void)
{
	int ret = card_off(&heads[1]);

	check(!ret, "head 1 off: %d", ret);
	for (unsigned int i = 0; i < SCENE_HEADS; i++) {
		const struct scene_head *head = &scenes[ALL].heads[i];

		check(card_is_showing(&heads[i], head->width, head->height,
				      NULL) == (i != 1),
		      "head %u is %s", i, i == 1 ? "on" : "off");
	}
	scene_check(&scenes[OFF], PROGRAM);
	all_off();
}

/* What is gone is not seen any more, and the other heads' is. */
static void framebuffer_goes(void)
{
	struct dumb screen;
	int ret = dumb_frame(&screen, card.fd, SIDE, SIDE);

	if (!check(!ret, "framebuffer: %d", ret))
		return;
	repaint(&screen, 95);
	show(&heads[0], &screen, SIDE, SIDE);
	repaint(&screens[1], 98);
	show(&heads[1], &screens[1], SIDE, SIDE);
	scene_check(&scenes[TWO], PROGRAM);
	dumb_destroy(&screen);
	check(card_is_showing(&heads[1], SIDE, SIDE, NULL), "head 1 is off");
	host_check_picture("heads-gone", 2 * SIDE, SIDE,
			   PROGRAM " --reference heads-gone");
	all_off();
}

/* One framebuffer on two heads, of which each shows all. */
static void clone(void)
{
	static const struct drm_mode_rect all = { 0, 0, SIDE, SIDE };
	const struct drm_mode_rect *rect = &scenes[CLONE_DIRTY].heads[0].rects[0];
	drmModeClip clip = { rect->x1, rect->y1, rect->x2, rect->y2 };
	struct dumb screen;
	int ret = dumb_frame(&screen, card.fd, SIDE, SIDE);

	if (!check(!ret, "framebuffer: %d", ret))
		return;
	repaint(&screen, 95);
	show(&heads[0], &screen, SIDE, SIDE);
	show(&heads[1], &screen, SIDE, SIDE);
	scene_check(&scenes[CLONED], PROGRAM);
	repaint(&screen, 96);
	ret = drmModeDirtyFB(card.fd, screen.fb, &clip, 1);
	check(!ret, "DIRTYFB: %d", ret);
	scene_check(&scenes[CLONE_DIRTY], PROGRAM);
	ret = card_update(&heads[1], screen.fb, &all, 1, 0, 0);
	check(!ret, "damage of head 1: %d", ret);
	scene_check(&scenes[ONE_OF_TWO], PROGRAM);
	all_off();
	dumb_destroy(&screen);
}

/* Two heads show parts of one framebuffer that overlap. */
static void overlapping_parts(void)
{
	drmModeClip clip = { 0, 0, 2 * SIDE, SIDE };
	drmModeModeInfo mode;
	struct dumb screen;
	int ret = dumb_frame(&screen, card.fd, 2 * SIDE, SIDE);

	if (!check(!ret, "framebuffer: %d", ret))
		return;
	mode_make(&mode, SIDE, SIDE, 60);
	for (unsigned int i = 0; i < 2; i++) {
		ret = card_show(&heads[i], &mode, screen.fb, i * SIDE / 2, 0, 0);
		check(!ret, "head %u: %d", i, ret);
	}
	repaint(&screen, 97);
	ret = drmModeDirtyFB(card.fd, screen.fb, &clip, 1);
	check(!ret, "DIRTYFB: %d", ret);
	host_check_picture("heads-overlap", 2 * SIDE, SIDE,
			   PROGRAM " --reference heads-overlap");
	all_off();
	dumb_destroy(&screen);
}

static int save_gone(const char *path)
{
	struct picture picture = picture_new(2 * SIDE, SIDE), right = picture;
	int ret;

	right.pixels += SIDE;
	right.width = SIDE;
	pattern_draw(&right, 98);
	ret = picture_save_reference(&picture, path);
	picture_free(&picture);
	return ret;
}

static int save_overlap(const char *path)
{
	struct picture screen = picture_new(2 * SIDE, SIDE);
	struct picture shown = picture_new(2 * SIDE, SIDE);
	int ret;

	pattern_draw(&screen, 97);
	for (uint32_t y = 0; y < SIDE; y++) {
		const uint32_t *from = screen.pixels + y * screen.pitch;
		uint32_t *to = shown.pixels + y * shown.pitch;

		memcpy(to, from, SIDE * sizeof(*to));
		memcpy(to + SIDE, from + SIDE / 2, SIDE * sizeof(*to));
	}
	ret = picture_save_reference(&shown, path);
	picture_free(&shown);
	picture_free(&screen);
	return ret;
}

static const struct ktap_case cases[] = {
	{ .name = "a framebuffer for each head", .run = own_framebuffers },
	{ .name = "damage of one head", .run = damage_of_one },
	{ .name = "damage of two heads in a commit",
	  .run = damage_of_two_in_a_commit },
	{ .name = "one goes off", .run = one_is_off },
	{ .name = "a framebuffer goes", .run = framebuffer_goes },
	{ .name = "clone", .run = clone },
	{ .name = "overlapping parts", .run = overlapping_parts },
};

int main(int argc, char **argv)
{
	int status;

	if (argc == 4 && !strcmp(argv[2], "heads-gone"))
		return save_gone(argv[3]);
	if (argc == 4 && !strcmp(argv[2], "heads-overlap"))
		return save_overlap(argv[3]);
	if (scene_is_reference(argc, argv, scenes, ARRAY_SIZE(scenes), &status))
		return status;
	status = ktap_run(cases, ARRAY_SIZE(cases), setup);
	for (unsigned int i = 0; i < SCENE_HEADS; i++) {
		dumb_destroy(&screens[i]);
		card_close_head(&heads[i]);
	}
	card_close(&card);
	return status;
}
