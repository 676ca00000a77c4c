// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whole frames that the host reads where they are, instead of getting a copy.
 * User space draws on them all the while, as it may, and in the end the client
 * shows what was presented.
 *
 * usage: qxl_reference
 *        qxl_reference --reference STEP FILE
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "card.h"
#include "counters.h"
#include "dumb.h"
#include "host.h"
#include "ktap.h"
#include "prime.h"

#define WIDTH 1024
#define HEIGHT 768
#define FRAME_BYTES ((uint64_t)WIDTH * HEIGHT * 4)
#define LINE 16 /* rows */
/* More than the driver compares before it gives up. */
#define FRAMES 16
/* What the surface BAR of QEMU's default device holds, and some more. */
#define MANY 30
#define PAUSE_S 3
#define TRIES 8

static const struct drm_mode_rect part = { 300, 200, 364, 264 };
static const struct drm_mode_rect whole = { 0, 0, WIDTH, HEIGHT };

static struct card card;
static struct dumb frames[3];
static drmModeModeInfo mode;

static void paint(const struct dumb *frame, uint32_t seed)
{
	struct picture picture = dumb_picture(frame);

	pattern_draw(&picture, seed);
}

static void paint_part(const struct dumb *frame, uint32_t seed)
{
	struct picture picture = dumb_picture(frame);

	pattern_fill(&picture, &part, seed);
}

static void fill(const struct picture *picture, uint32_t x, uint32_t y,
		 uint32_t width, uint32_t height, uint32_t color)
{
	for (uint32_t row = y; row < y + height; row++)
		for (uint32_t i = 0; i < width; i++)
			picture->pixels[row * picture->pitch + x + i] = color;
}

/*
 * Words in a few colours, others with each step, and so is what is behind them: what
 * servers compress by what they have sent before.
 */
static void paint_text(const struct picture *picture, uint32_t step)
{
	fill(picture, 0, 0, WIDTH, HEIGHT, 0x203040 + step);
	for (uint32_t line = 0; line < HEIGHT / LINE; line++) {
		struct prng prng = prng_start(1 + line + step);

		for (uint32_t x = 8; x < WIDTH - 100;) {
			uint32_t word = 8 + prng_below(&prng, 60);

			fill(picture, x, line * LINE + 3, word, LINE - 6,
			     0x101000 * prng_below(&prng, 15) + step);
			x += word + 12;
		}
	}
}

static uint64_t referenced(void)
{
	uint64_t bytes = 0;

	check(counter_read(card.path, "referenced_bytes", &bytes),
	      "no counters");
	return bytes;
}

static void show(const struct dumb *frame)
{
	int ret = card_show(&card, &mode, frame->fb, 0, 0, 0);

	check(!ret, "modeset: %d", ret);
}

/* From a head that is off, which knows nothing: the first frame is the host's to read. */
static void show_first(const struct dumb *frame)
{
	uint64_t before;
	int ret = card_off(&card);

	check(!ret, "off: %d", ret);
	before = referenced();
	show(frame);
	check(referenced() - before == FRAME_BYTES,
	      "%" PRIu64 " bytes of the first frame were referenced",
	      referenced() - before);
}

static void update(const struct dumb *frame, const struct drm_mode_rect *clip)
{
	int ret = card_update(&card, frame->fb, clip, !!clip, 0, 0);

	check(!ret, "update: %d", ret);
}

static void check_client(const char *name, uint32_t seed)
{
	host_check_picture(name, WIDTH, HEIGHT, "qxl_pattern %u %u %u", WIDTH,
			   HEIGHT, seed);
}

static void setup(void)
{
	int ret = 0;

	card_open(&card);
	card_mode(&card, WIDTH, HEIGHT, &mode);
	for (uint32_t i = 0; i < ARRAY_SIZE(frames) && !ret; i++)
		ret = dumb_frame(&frames[i], card.fd, WIDTH, HEIGHT);
	/* the console's picture is not a head's first */
	if (!ret)
		ret = card_off(&card);
	if (!ret)
		ret = card_show(&card, &mode, frames[0].fb, 0, 0, 0);
	if (ret)
		ktap_bail("modeset: %d", ret);
	if (!referenced())
		ktap_skip_all("the driver finds that reading device memory is slow here");
}

static void first_frame(void)
{
	paint(&frames[0], 1);
	show_first(&frames[0]);
	check_client("reference-first", 1);
}

/* What is drawn, and never presented, may be seen for a while, but not in the end. */
static void flips_by_turns(void)
{
	uint64_t before = referenced();

	show_first(&frames[0]);
	for (uint32_t i = 1; i <= FRAMES; i++) {
		paint(&frames[i % 2], 10 + i);
		update(&frames[i % 2], NULL);
		paint(&frames[(i + 1) % 2], 99);
	}
	check(referenced() - before >= 6 * FRAME_BYTES,
	      "%" PRIu64 " frames of %d were referenced",
	      (referenced() - before) / FRAME_BYTES, FRAMES);
	check_client("reference-flips", 10 + FRAMES);
}

/*
 * One buffer, again and again: a server that remembers pixels by where they were
 * would send a client references to what it has not got.
 */
static void same_frame_again(void)
{
	uint64_t before = referenced();

	show_first(&frames[0]);
	for (uint32_t i = 1; i <= FRAMES; i++) {
		struct picture picture = dumb_picture(&frames[0]);

		paint_text(&picture, i);
		update(&frames[0], &whole);
		/* the client has it */
		if (i % 4 == 0)
			host_check_picture("reference-same", WIDTH, HEIGHT,
					   "qxl_reference --reference %u", i);
	}
	check(referenced() - before >= 6 * FRAME_BYTES,
	      "%" PRIu64 " frames of %d were referenced",
	      (referenced() - before) / FRAME_BYTES, FRAMES);
}

/* The host has not looked yet: its client reads nothing. */
static void next_frame_covers(void)
{
	paint(&frames[0], 50);
	paint(&frames[1], 51);
	if (!host_pause_client(PAUSE_S))
		return;
	show_first(&frames[0]);
	/* all of it has changed, but one says otherwise: the rest is from before */
	update(&frames[1], &part);
	paint(&frames[0], 99);
	check_client("reference-covered", 51);
	paint_part(&frames[1], 52);
	update(&frames[1], &part);
	paint(&frames[1], 51);
	update(&frames[1], &part);
	check_client("reference-covered-twice", 51);
}

static uint64_t used(void)
{
	uint64_t bytes = 0;

	check(counter_read(card.path, "surface_used_bytes", &bytes),
	      "no counters");
	return bytes;
}

/*
 * A frame's memory is the host's until it has let go, whoever has given it back. The
 * driver asks for it at once, so that may be soon.
 */
static void memory_is_the_hosts(void)
{
	uint64_t base = used();
	uint32_t seen = 0;

	for (uint32_t i = 0; i < TRIES; i++) {
		struct dumb gone = { 0 };
		int ret = dumb_frame(&gone, card.fd, WIDTH, HEIGHT);
		uint64_t before;

		if (!check(!ret, "frame: %d", ret))
			return;
		paint(&gone, 60 + i);
		show_first(&gone);
		before = used();
		dumb_destroy(&gone);
		seen += used() == before;
	}
	check(seen, "it is free before the host can have let go");
	show(&frames[0]);
	counter_check(card.path, "surface_used_bytes", base);
}

/* Other devices find pages, so it moves there, in front of everybody's eyes. */
static void shared_while_shown(void)
{
	uint64_t before;
	uint32_t *pixels;
	int dma_buf;

	paint(&frames[2], 80);
	show_first(&frames[2]);
	dma_buf = prime_export(card.fd, frames[2].handle);
	if (!check(dma_buf >= 0, "export: %d", dma_buf))
		return;
	pixels = prime_mmap(dma_buf, frames[2].size);
	if (check(pixels, "mapping: errno %d", errno)) {
		check(!memcmp(pixels, frames[2].map, frames[2].size),
		      "another has other pixels");
		paint(&frames[2], 81);
		check(!memcmp(pixels, frames[2].map, frames[2].size),
		      "what is drawn then, another has not");
		munmap(pixels, frames[2].size);
	}
	before = referenced();
	for (uint32_t i = 0; i < FRAMES; i++)
		update(&frames[2], NULL);
	check(referenced() == before, "it is referenced all the same");
	check_client("reference-shared", 81);
	close(dma_buf);
	show(&frames[0]);
}

/* Those that find no room are copied. */
static void more_than_fit(void)
{
	struct dumb *many = calloc(MANY, sizeof(*many));
	uint32_t made = 0, count = 0;
	uint64_t before;

	if (!check(many, "no memory"))
		return;
	while (made < MANY && !dumb_frame(&many[made], card.fd, WIDTH, HEIGHT))
		made++;
	check(made == MANY, "%u of %u frames", made, MANY);
	for (uint32_t i = 0; i < made; i++) {
		before = referenced();
		paint(&many[i], 100 + i);
		card_off(&card);
		show(&many[i]);
		count += referenced() != before;
	}
	ktap_note("%u of %u frames were referenced", count, made);
	check(count >= MANY / 3 && count < MANY, "%u frames were referenced",
	      count);
	check_client("reference-many", 100 + made - 1);
	show(&many[0]);
	check_client("reference-many-first", 100);
	show(&frames[0]);
	for (uint32_t i = 0; i < made; i++)
		dumb_destroy(&many[i]);
	free(many);
}

static const struct ktap_case cases[] = {
	{ .name = "the first frame of a head", .run = first_frame },
	{ .name = "flips by turns", .run = flips_by_turns },
	{ .name = "the same frame again and again", .run = same_frame_again },
	{ .name = "the next frame covers it", .run = next_frame_covers },
	{ .name = "its memory is the host's", .run = memory_is_the_hosts },
	{ .name = "shared while it is shown", .run = shared_while_shown },
	{ .name = "more than there is room for", .run = more_than_fit },
};

static int write_reference(uint32_t step, const char *path)
{
	struct picture picture = picture_new(WIDTH, HEIGHT);
	int ret;

	paint_text(&picture, step);
	ret = picture_save_reference(&picture, path);
	picture_free(&picture);
	return ret;
}

int main(int argc, char **argv)
{
	int status;

	if (argc == 4 && !strcmp(argv[1], "--reference"))
		return write_reference(strtoul(argv[2], NULL, 10), argv[3]);
	status = ktap_run(cases, ARRAY_SIZE(cases), setup);
	card_off(&card);
	for (uint32_t i = 0; i < ARRAY_SIZE(frames); i++)
		dumb_destroy(&frames[i]);
	card_close(&card);
	return status;
}
