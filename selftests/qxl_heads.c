// SPDX-License-Identifier: GPL-2.0-only
/*
 * Several heads of one device (the module's num_heads), side by side on one
 * primary. All show parts of one framebuffer.
 */
#include <errno.h>
#include <inttypes.h>
#include <spice/enums.h>
#include <stdio.h>

#include "card.h"
#include "dumb.h"
#include "heads.h"
#include "host.h"
#include "ktap.h"
#include "object.h"

#define HEADS_MAX 4
#define WIDTH 640
#define HEIGHT 480

static struct card card;
static struct head heads[HEADS_MAX];
static unsigned int count;

static void setup(void)
{
	card_open(&card);
	count = heads_find(&card, heads, HEADS_MAX);
	if (count < HEADS_MAX)
		ktap_skip_all("%u head(s); num_heads=%u is for this", count,
			      HEADS_MAX);
}

static bool head_is_lit(const struct head *head, uint32_t width, uint32_t height)
{
	drmModeCrtc *crtc = drmModeGetCrtc(card.fd, head->crtc);
	bool lit = crtc && crtc->mode_valid && crtc->mode.hdisplay == width &&
		   crtc->mode.vdisplay == height;

	drmModeFreeCrtc(crtc);
	return lit;
}

static void all_off(void)
{
	for (unsigned int i = 0; i < count; i++)
		head_off(&card, &heads[i]);
}

static bool all_show(const struct dumb *frame)
{
	int ret = 0;

	for (unsigned int i = 0; !ret && i < count; i++)
		ret = head_show(&card, &heads[i], frame->fb, i * WIDTH, WIDTH,
				HEIGHT);
	return check(!ret, "heads on: %d", ret);
}

static bool wide_frame(struct dumb *frame, uint32_t width, uint32_t height,
		       uint32_t seed)
{
	struct picture picture;
	int ret = dumb_frame(frame, card.fd, width, height);

	if (!check(!ret, "dumb buffer: %d", ret))
		return false;
	picture = dumb_picture(frame);
	pattern_draw(&picture, seed);
	return true;
}

static void side_by_side(void)
{
	struct dumb frame;

	all_off();
	if (!wide_frame(&frame, HEADS_MAX * WIDTH, HEIGHT, 70))
		return;
	if (all_show(&frame))
		host_check_picture("heads", HEADS_MAX * WIDTH, HEIGHT,
				   "qxl_pattern 2560 480 70");
	all_off();
	dumb_destroy(&frame);
}

static void one_goes_off(void)
{
	struct dumb frame;
	int ret;

	if (!wide_frame(&frame, HEADS_MAX * WIDTH, HEIGHT, 71))
		return;
	all_show(&frame);
	head_off(&card, &heads[1]);
	for (unsigned int i = 0; i < count; i++)
		check(head_is_lit(&heads[i], WIDTH, HEIGHT) == (i != 1),
		      "head %u is %s", i, i == 1 ? "on" : "off");
	/* and back, which moves those behind it */
	ret = head_show(&card, &heads[1], frame.fb, WIDTH, WIDTH, HEIGHT);
	check(!ret, "head 1 on: %d", ret);
	host_check_picture("heads-back", HEADS_MAX * WIDTH, HEIGHT,
			   "qxl_pattern 2560 480 71");
	all_off();
	dumb_destroy(&frame);
}

/* Each fits QEMU's usual 16 MiB, two of them do; three do not. */
static void together_too_large(void)
{
	struct dumb frame;
	int ret;

	if (!wide_frame(&frame, 1920, 1080, 72))
		return;
	for (unsigned int i = 0; i < 2; i++) {
		ret = head_show(&card, &heads[i], frame.fb, 0, 1920, 1080);
		check(!ret, "head %u: %d", i, ret);
	}
	ret = head_show(&card, &heads[2], frame.fb, 0, 1920, 1080);
	check(ret == -EINVAL, "a third one: %d", ret);
	for (unsigned int i = 0; i < 2; i++)
		check(head_is_lit(&heads[i], 1920, 1080), "head %u is off", i);
	all_off();
	dumb_destroy(&frame);
}

/*
 * A head that leaves what is the primary for both moves the other one, which
 * takes a modeset.
 */
static void flip_of_a_shared_surface(void)
{
	struct surface surfaces[2] = {};
	uint32_t fbs[2] = {};
	int ret = 0;

	for (int i = 0; !ret && i < 2; i++) {
		ret = surface_alloc(&surfaces[i], card.fd,
				    SPICE_SURFACE_FMT_32_xRGB, 2 * WIDTH,
				    HEIGHT, false);
		if (!ret)
			ret = drmModeAddFB(card.fd, 2 * WIDTH, HEIGHT, 24, 32,
					   surfaces[i].stride,
					   surfaces[i].object.handle, &fbs[i]);
	}
	for (uint32_t i = 0; !ret && i < 2; i++)
		ret = head_show(&card, &heads[i], fbs[0], i * WIDTH, WIDTH,
				HEIGHT);
	check(!ret, "two heads on a surface: %d", ret);
	ret = drmModePageFlip(card.fd, heads[0].crtc, fbs[1], 0, NULL);
	check(ret == -EINVAL, "flip of one: %d", ret);
	ret = head_show(&card, &heads[0], fbs[1], 0, WIDTH, HEIGHT);
	check(!ret, "SETCRTC of one: %d", ret);
	all_off();
	for (int i = 0; i < 2; i++) {
		drmModeRmFB(card.fd, fbs[i]);
		object_destroy(&surfaces[i].object);
	}
}

static const struct ktap_case cases[] = {
	{ .name = "side by side", .run = side_by_side },
	{ .name = "one goes off and comes back", .run = one_goes_off },
	{ .name = "together too large", .run = together_too_large },
	{ .name = "a flip of one of two that share a surface",
	  .run = flip_of_a_shared_surface },
};

int main(void)
{
	return ktap_run(cases, ARRAY_SIZE(cases), setup);
}
