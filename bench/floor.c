// SPDX-License-Identifier: GPL-2.0-only
/*
 * What no driver that copies can do without: DRM's own way to it, and the copy
 * itself, done by this program; and what one that finds out by itself that pixels
 * have moved can't, comparing them.
 */
#include <errno.h>
#include <string.h>

#include "bench.h"
#include "ktap.h"
#include "object.h"

static struct object copy;

/* On the framebuffer that is shown, but nothing that is shown. */
static int run_dirty_nothing(struct bench *bench, uint32_t i)
{
	drmModeClip beside = { BENCH_WIDTH, 0, BENCH_WIDTH + 64, 64 };

	(void)i;
	return drmModeDirtyFB(bench->card.fd, bench->frames[0].fb, &beside, 1);
}

/* Off already: DRM's way, and that of a driver that has nothing to send. */
static int run_hide_cursor(struct bench *bench, uint32_t i)
{
	(void)i;
	return drmModeSetCursor(bench->card.fd, bench->card.crtc, 0, 0, 0);
}

static int begin_copy(struct bench *bench)
{
	return object_alloc(&copy, bench->card.fd, bench->frames[0].size);
}

static void end_copy(struct bench *bench)
{
	(void)bench;
	object_destroy(&copy);
}

/* By string instructions, as the kernel has to: it uses no vector registers. */
static int run_copy(struct bench *bench, uint32_t i)
{
	const void *from = bench->frames[i & 1].map;
	void *to = copy.map;
	uint64_t words = copy.bytes / 8;

	asm volatile("rep movsq"
		     : "+D"(to), "+S"(from), "+c"(words)
		     :
		     : "memory");
	return 0;
}

static int begin_compare(struct bench *bench)
{
	memcpy(bench->frames[1].map, bench->frames[0].map, bench->frames[0].size);
	return 0;
}

/* Without vector registers either, and a cache line a step. */
__attribute__((optimize("no-tree-vectorize"))) static int run_compare(
	struct bench *bench, uint32_t i)
{
	const uint64_t *a = bench->frames[0].map;
	const uint64_t *b = bench->frames[1].map;
	uint64_t words = bench->frames[0].size / sizeof(*a);

	(void)i;
	for (uint64_t n = 0; n < words; n += 8) {
		uint64_t differ = 0;

#pragma GCC unroll 8
		for (uint32_t k = 0; k < 8; k++)
			differ |= a[n + k] ^ b[n + k];
		if (differ)
			return -EINVAL;
	}
	return 0;
}

const struct operation floor_operations[] = {
	{ .name = "floor: dirty, nothing shown",
	  .run = run_dirty_nothing,
	  .runs = 50 },
	{ .name = "floor: hiding no cursor", .run = run_hide_cursor, .runs = 100 },
	{ .name = "floor: copying a screen",
	  .begin = begin_copy,
	  .run = run_copy,
	  .end = end_copy,
	  .runs = 20 },
	{ .name = "floor: comparing a screen",
	  .begin = begin_compare,
	  .run = run_compare,
	  .runs = 20 },
};
const uint32_t floor_operation_count = ARRAY_SIZE(floor_operations);
