// SPDX-License-Identifier: GPL-2.0-only
/*
 * What need not be sent: frames that are on screen already and blocks that have
 * only moved; and what the server should see as a video.
 *
 * usage: qxl_video
 *        qxl_video stream   where the server makes streams of videos
 *        qxl_video --reference PICTURE FILE
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <xf86drm.h>

#include "card.h"
#include "clock.h"
#include "counters.h"
#include "dumb.h"
#include "host.h"
#include "ktap.h"

#define WIDTH 1024
#define HEIGHT 768
#define FRAME_BYTES ((uint64_t)WIDTH * HEIGHT * 4)
#define SEED 31
#define FLIPS 20
#define STEPS 12
#define STEP_ROWS 24
/* The window that scrolls, and the one with the video. */
#define PAGE_X 96
#define PAGE_Y 80
#define PAGE_WIDTH 800
#define PAGE_HEIGHT 600
#define VIDEO_X 301
#define VIDEO_Y 203
#define VIDEO_WIDTH 320
#define VIDEO_HEIGHT 240
#define VIDEO_SECONDS 20
#define VIDEO_PERIOD_US 40000

static struct card card;
static struct dumb frames[2];
static int back;

/* Pictures ------------------------------------------------------------------ */

static void invert_pixel(const struct picture *picture)
{
	picture->pixels[222 * picture->pitch + 333] ^= 0xffffff;
}

/* One step of a page that moves up in its window; new rows come in below. */
static void scroll_page(const struct picture *picture, uint32_t step)
{
	const uint32_t bottom = PAGE_Y + PAGE_HEIGHT - STEP_ROWS;
	struct drm_mode_rect fresh = { PAGE_X, bottom, PAGE_X + PAGE_WIDTH,
				       PAGE_Y + PAGE_HEIGHT };

	for (uint32_t y = PAGE_Y; y < bottom; y++) {
		uint32_t *row = picture->pixels + y * picture->pitch + PAGE_X;

		memcpy(row, row + STEP_ROWS * picture->pitch, PAGE_WIDTH * 4);
	}
	pattern_fill(picture, &fresh, SEED + 1 + step);
}

/* A smooth one, as films are and text is not. */
static void draw_video(const struct picture *picture, uint32_t frame)
{
	for (uint32_t y = 0; y < VIDEO_HEIGHT; y++) {
		uint32_t *row = picture->pixels +
				(VIDEO_Y + y) * picture->pitch + VIDEO_X;

		for (uint32_t x = 0; x < VIDEO_WIDTH; x++) {
			uint32_t red = (x + frame * 5) % 512;
			uint32_t green = (y + frame * 3) % 512;

			red = red < 256 ? red : 511 - red;
			green = green < 256 ? green : 511 - green;
			row[x] = red << 16 | green << 8 | (frame * 7 & 0xff);
		}
	}
}

static bool draw(const struct picture *picture, const char *name)
{
	pattern_draw(picture, SEED);
	if (!strcmp(name, "pixel"))
		invert_pixel(picture);
	else if (!strcmp(name, "scrolled"))
		for (uint32_t i = 0; i < STEPS; i++)
			scroll_page(picture, i);
	else if (!strcmp(name, "video"))
		draw_video(picture, 0);
	else if (strcmp(name, "still"))
		return false;
	return true;
}

/* Frames -------------------------------------------------------------------- */

static struct picture back_picture(void)
{
	return dumb_picture(&frames[back]);
}

/* Shows the back buffer, all of which may be new. */
static bool flip(void)
{
	int ret = card_update(&card, frames[back].fb, NULL, 0, 0, 0);

	back = !back;
	return check(!ret, "flip: %d", ret);
}

static uint64_t counter(const char *name)
{
	uint64_t value = 0;

	check(counter_read(card.path, name, &value), "no counter %s", name);
	return value;
}

/* Both buffers have the picture, and it is on screen. */
static void start_from(const char *name)
{
	for (int i = 0; i < 2; i++) {
		struct picture picture = dumb_picture(&frames[i]);

		draw(&picture, name);
	}
	flip();
}

static void check_picture(const char *name)
{
	host_check_picture(name, WIDTH, HEIGHT, "qxl_video --reference %s", name);
}

static void setup(void)
{
	drmModeModeInfo mode;
	int ret;

	card_open(&card);
	card_mode(&card, WIDTH, HEIGHT, &mode);
	ret = dumb_frame(&frames[0], card.fd, WIDTH, HEIGHT);
	if (!ret)
		ret = dumb_frame(&frames[1], card.fd, WIDTH, HEIGHT);
	if (!ret)
		ret = card_show(&card, &mode, frames[0].fb, 0, 0, 0);
	if (ret)
		ktap_bail("modeset %ux%u: %d", WIDTH, HEIGHT, ret);
	back = 1;
}

/* Cases --------------------------------------------------------------------- */

static void unchanged_frames(void)
{
	uint64_t before;

	start_from("still");
	before = counter("commands");
	for (int i = 0; i < FLIPS; i++)
		flip();
	check(counter("commands") == before,
	      "%d unchanged frames: %" PRIu64 " commands", FLIPS,
	      counter("commands") - before);
	check_picture("still");
}

static void one_pixel(void)
{
	struct picture picture;
	uint64_t before, bytes;

	start_from("still");
	picture = back_picture();
	invert_pixel(&picture);
	before = counter("presented_bytes");
	flip();
	bytes = counter("presented_bytes") - before;
	check(bytes && bytes <= 64 * 16 * 4, "one pixel: %" PRIu64 " bytes",
	      bytes);
	check_picture("pixel");
}

static void scrolling(void)
{
	uint64_t presented, moved, bytes;

	start_from("still");
	presented = counter("presented_bytes");
	moved = counter("moved_bytes");
	for (uint32_t i = 0; i < STEPS; i++) {
		struct picture picture = back_picture();

		/* the front buffer is a step ahead */
		memcpy(picture.pixels, frames[!back].map, frames[back].size);
		scroll_page(&picture, i);
		flip();
	}
	bytes = counter("presented_bytes") - presented;
	moved = counter("moved_bytes") - moved;
	ktap_note("%d steps of a page of %d KiB: %" PRIu64 " KiB sent, %" PRIu64
		  " KiB moved",
		  STEPS, PAGE_WIDTH * PAGE_HEIGHT / 256, bytes / 1024,
		  moved / 1024);
	check(bytes < FRAME_BYTES * STEPS / 8,
	      "%d steps sent %" PRIu64 " bytes", STEPS, bytes);
	check(moved > PAGE_WIDTH * PAGE_HEIGHT * 4ull * STEPS / 2,
	      "%d steps moved %" PRIu64 " bytes", STEPS, moved);
	check_picture("scrolled");
}

/* What the server looks for: a rectangle that comes again and again. */
static void video(void)
{
	const struct drm_mode_rect window = { VIDEO_X, VIDEO_Y,
					      VIDEO_X + VIDEO_WIDTH,
					      VIDEO_Y + VIDEO_HEIGHT };
	struct picture picture = dumb_picture(&frames[0]);
	int64_t end = now_us() + VIDEO_SECONDS * 1000000ll;
	int streams = host_count_streams();
	uint32_t frame = 0;
	int ret = 0;

	start_from("still");
	while (!ret && streams == 0 && now_us() < end) {
		for (int i = 0; !ret && i < 25; i++) {
			draw_video(&picture, ++frame);
			ret = card_update(&card, frames[0].fb, &window, 1, 0, 0);
			usleep(VIDEO_PERIOD_US);
		}
		streams = host_count_streams();
	}
	check(!ret, "frame %u: %d", frame, ret);
	check(streams, "%u frames, no stream", frame);
	/* when it stands still the server sends it without loss */
	draw_video(&picture, 0);
	ret = card_update(&card, frames[0].fb, &window, 1, 0, 0);
	check(!ret, "last frame: %d", ret);
	check_picture("video");
}

static const struct ktap_case cases[] = {
	{ .name = "unchanged frames send nothing", .run = unchanged_frames },
	{ .name = "one pixel sends little", .run = one_pixel },
	{ .name = "a page that scrolls is moved", .run = scrolling },
};

static const struct ktap_case streaming_cases[] = {
	{ .name = "a video becomes a stream", .run = video },
};

static int write_reference(const char *name, const char *path)
{
	struct picture picture = picture_new(WIDTH, HEIGHT);
	int ret;

	if (!draw(&picture, name)) {
		fprintf(stderr, "no picture '%s'\n", name);
		return 2;
	}
	ret = picture_save_reference(&picture, path);
	picture_free(&picture);
	return ret;
}

int main(int argc, char **argv)
{
	int status;

	if (argc == 4 && !strcmp(argv[1], "--reference"))
		return write_reference(argv[2], argv[3]);
	if (argc == 2 && !strcmp(argv[1], "stream"))
		status = ktap_run(streaming_cases, ARRAY_SIZE(streaming_cases),
				  setup);
	else
		status = ktap_run(cases, ARRAY_SIZE(cases), setup);
	card_off(&card);
	dumb_destroy(&frames[0]);
	dumb_destroy(&frames[1]);
	card_close(&card);
	return status;
}
