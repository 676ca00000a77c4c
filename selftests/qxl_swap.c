// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory runs short: TTM swaps buffers out that nobody uses just then. One that was
 * on screen before is shown again as it was, and not what has its pages since.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "card.h"
#include "dumb.h"
#include "host.h"
#include "ktap.h"
#include "meminfo.h"
#include "sysfs.h"

#define LIMIT "/sys/module/ttm/parameters/pages_limit"
#define LOW_PAGES 4096
#define WIDTH 1024
#define HEIGHT 768
#define SIDE 1024
#define NUM_BUFFERS 16
#define FILLED_BYTES (128u << 20)

static struct card card;
static struct dumb first, second;

static void make_frame(struct dumb *dumb, uint32_t seed)
{
	struct picture picture;

	if (dumb_frame(dumb, card.fd, WIDTH, HEIGHT))
		ktap_bail("no framebuffer");
	picture = dumb_picture(dumb);
	pattern_draw(&picture, seed);
}

static void setup(void)
{
	drmModeModeInfo mode;
	int ret;

	card_open(&card);
	make_frame(&first, 7);
	make_frame(&second, 8);
	card_mode(&card, WIDTH, HEIGHT, &mode);
	ret = card_show(&card, &mode, first.fb, 0, 0, 0);
	if (ret)
		ktap_bail("show: %d", ret);
}

static int set_limit(uint64_t pages)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, pages);
	return sysfs_write(LIMIT, text);
}

/* More than the limit: what was there before goes. */
static void use_up_memory(void)
{
	struct dumb buffers[NUM_BUFFERS] = {};

	for (int i = 0; i < NUM_BUFFERS; i++) {
		int ret = dumb_create(&buffers[i], card.fd, SIDE, SIDE);

		if (!ret)
			ret = dumb_map(&buffers[i]);
		if (!check(!ret, "buffer %d: %d", i, ret))
			break;
		memset(buffers[i].map, 0xa5, buffers[i].size);
	}
	for (int i = 0; i < NUM_BUFFERS; i++)
		dumb_destroy(&buffers[i]);
}

/* So that pages that nobody owns have something else in them. */
static void use_pages_again(void)
{
	void *memory = malloc(FILLED_BYTES);

	if (memory)
		memset(memory, 0x5a, FILLED_BYTES);
	free(memory);
}

static void shown_again(void)
{
	uint64_t limit = sysfs_number(LIMIT);
	uint64_t before, after;
	int ret;

	ret = card_update(&card, second.fb, NULL, 0, 0, 0);
	check(!ret, "the second buffer: %d", ret);
	before = meminfo_bytes("Shmem");
	if (!limit || set_limit(LOW_PAGES)) {
		ktap_skip("TTM has no limit that can be set");
		return;
	}
	use_up_memory();
	after = meminfo_bytes("Shmem");
	check(!set_limit(limit), "the limit is not as it was");
	check(after >= before + first.size,
	      "nothing was swapped out: %" PRIu64 " bytes, then %" PRIu64,
	      before, after);
	use_pages_again();
	ret = card_update(&card, first.fb, NULL, 0, 0, 0);
	check(!ret, "the first buffer: %d", ret);
	host_check_picture("swapped", WIDTH, HEIGHT, "qxl_pattern 1024 768 7");
}

static const struct ktap_case cases[] = {
	{ .name = "shown again after it was swapped out", .run = shown_again },
};

int main(void)
{
	return ktap_run(cases, ARRAY_SIZE(cases), setup);
}
