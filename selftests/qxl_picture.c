// SPDX-License-Identifier: GPL-2.0-only
/*
 * A pattern, then 200 frames of random damage presented in every way there
 * is; the client must show the same as the reference, which is computed from
 * the same numbers without a device.
 *
 * usage: qxl_picture WIDTH HEIGHT SEED
 *        qxl_picture --reference WIDTH HEIGHT SEED FILE
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xf86drm.h>

#include "card.h"
#include "clock.h"
#include "dumb.h"
#include "host.h"
#include "ktap.h"

#define FRAMES 200
#define RECTS_MAX 12
#define EVENT_MS 5000

enum present {
	PRESENT_DIRTYFB,
	PRESENT_DAMAGE, /* FB_DAMAGE_CLIPS on the same framebuffer */
	PRESENT_FLIP,   /* blocking commit of the other framebuffer */
	PRESENT_FLIP_NONBLOCK,
	PRESENT_COUNT,
};

struct frame {
	struct drm_mode_rect rects[RECTS_MAX];
	uint32_t count;
	uint32_t seed;
	enum present present;
};

/* A framebuffer and how many of the frames it holds. */
struct buffer {
	struct dumb dumb;
	uint32_t frames;
};

static uint32_t width, height, seed;
static struct frame frames[FRAMES];

static struct card card;
static struct buffer buffers[2];

/* Side lengths from a pixel to 256, small ones often; one in four at an edge. */
static void make_span(struct prng *prng, uint32_t limit, int32_t *from,
		      int32_t *to)
{
	uint32_t length = 1 + prng_below(prng, 8u << prng_below(prng, 6));
	uint32_t where = prng_below(prng, 8);

	if (length > limit)
		length = limit;
	*from = prng_below(prng, limit - length + 1);
	if (where == 0)
		*from = 0;
	if (where == 1)
		*from = limit - length;
	*to = *from + length;
}

static void make_frames(void)
{
	struct prng prng = prng_start(seed);

	for (uint32_t i = 0; i < FRAMES; i++) {
		struct frame *frame = &frames[i];

		frame->seed = prng_below(&prng, UINT32_MAX);
		frame->present = prng_below(&prng, PRESENT_COUNT);
		frame->count = 1 + prng_below(&prng, RECTS_MAX);
		for (uint32_t r = 0; r < frame->count; r++) {
			struct drm_mode_rect *rect = &frame->rects[r];

			make_span(&prng, width, &rect->x1, &rect->x2);
			make_span(&prng, height, &rect->y1, &rect->y2);
		}
	}
}

static void paint(const struct picture *picture, const struct frame *frame)
{
	for (uint32_t r = 0; r < frame->count; r++)
		pattern_fill(picture, &frame->rects[r], frame->seed);
}

/* Paints all frames up to @last that the buffer missed. */
static void bring_up_to(struct buffer *buffer, uint32_t last)
{
	struct picture picture = dumb_picture(&buffer->dumb);

	for (; buffer->frames <= last; buffer->frames++)
		paint(&picture, &frames[buffer->frames]);
}

static int dirty(const struct frame *frame, uint32_t fb)
{
	drmModeClip clips[RECTS_MAX];

	for (uint32_t r = 0; r < frame->count; r++)
		clips[r] = (drmModeClip){
			.x1 = frame->rects[r].x1,
			.y1 = frame->rects[r].y1,
			.x2 = frame->rects[r].x2,
			.y2 = frame->rects[r].y2,
		};
	return drmModeDirtyFB(card.fd, fb, clips, frame->count);
}

/* An event that was late for an earlier frame is not this frame's. */
static int flip_nonblock(const struct frame *frame, uint32_t fb)
{
	struct card_event event;
	int ret = card_update(&card, fb, frame->rects, frame->count,
			      DRM_MODE_ATOMIC_NONBLOCK | DRM_MODE_PAGE_FLIP_EVENT,
			      frame->seed);

	while (!ret) {
		ret = card_wait_event(&card, &event, EVENT_MS);
		if (!ret && event.user_data == frame->seed)
			break;
	}
	return ret;
}

static int present(const struct frame *frame, uint32_t fb)
{
	switch (frame->present) {
	case PRESENT_DIRTYFB:
		return dirty(frame, fb);
	case PRESENT_FLIP_NONBLOCK:
		return flip_nonblock(frame, fb);
	default:
		return card_update(&card, fb, frame->rects, frame->count, 0, 0);
	}
}

static void setup(void)
{
	card_open(&card);
	for (uint32_t i = 0; i < ARRAY_SIZE(buffers); i++) {
		struct picture picture;
		int ret = dumb_frame(&buffers[i].dumb, card.fd, width, height);

		if (ret)
			ktap_bail("framebuffer %ux%u: %d", width, height, ret);
		picture = dumb_picture(&buffers[i].dumb);
		pattern_draw(&picture, seed);
	}
}

static void first_picture(void)
{
	drmModeModeInfo mode;
	int ret;

	card_mode(&card, width, height, &mode);
	ret = card_show(&card, &mode, buffers[0].dumb.fb, 0, 0, 0);
	if (ret)
		ktap_bail("modeset %ux%u: %d", width, height, ret);
}

static void random_damage(void)
{
	uint32_t used[PRESENT_COUNT] = { 0 };
	int64_t start = now_us();
	struct buffer *shown = &buffers[0];

	for (uint32_t i = 0; i < FRAMES; i++) {
		const struct frame *frame = &frames[i];
		int ret;

		if (frame->present >= PRESENT_FLIP)
			shown = shown == &buffers[0] ? &buffers[1] : &buffers[0];
		bring_up_to(shown, i);
		ret = present(frame, shown->dumb.fb);
		used[frame->present]++;
		check(!ret, "frame %u, way %u, %u rectangles: %d", i,
		      frame->present, frame->count, ret);
	}
	ktap_note("%d frames in %lld us: %u DIRTYFB, %u FB_DAMAGE_CLIPS, %u flips, %u nonblocking",
		  FRAMES, (long long)(now_us() - start), used[PRESENT_DIRTYFB],
		  used[PRESENT_DAMAGE], used[PRESENT_FLIP],
		  used[PRESENT_FLIP_NONBLOCK]);
}

static void client_shows_reference(void)
{
	char name[64];

	snprintf(name, sizeof(name), "picture-%ux%u", width, height);
	host_check_picture(name, width, height,
			   "qxl_picture --reference %u %u %u", width, height,
			   seed);
}

static const struct ktap_case cases[] = {
	{ .name = "modeset with the pattern", .run = first_picture },
	{ .name = "200 frames of random damage", .run = random_damage },
	{ .name = "the client shows the reference",
	  .run = client_shows_reference },
};

static int write_reference(const char *path)
{
	struct picture picture = picture_new(width, height);
	int ret;

	pattern_draw(&picture, seed);
	for (uint32_t i = 0; i < FRAMES; i++)
		paint(&picture, &frames[i]);
	ret = picture_save_reference(&picture, path);
	picture_free(&picture);
	return ret;
}

static int run(void)
{
	int status = ktap_run(cases, ARRAY_SIZE(cases), setup);

	card_off(&card);
	for (uint32_t i = 0; i < ARRAY_SIZE(buffers); i++)
		dumb_destroy(&buffers[i].dumb);
	card_close(&card);
	return status;
}

int main(int argc, char **argv)
{
	bool reference = argc == 6 && !strcmp(argv[1], "--reference");

	if (argc != 4 && !reference) {
		fprintf(stderr,
			"usage: qxl_picture [--reference] WIDTH HEIGHT SEED [FILE]\n");
		return 2;
	}
	width = strtoul(argv[reference + 1], NULL, 10);
	height = strtoul(argv[reference + 2], NULL, 10);
	seed = strtoul(argv[reference + 3], NULL, 10);
	make_frames();
	return reference ? write_reference(argv[5]) : run();
}
