// SPDX-License-Identifier: GPL-2.0-only
/*
 * What no driver that copies can do without: DRM's own way to it, and the copy
 * itself, done by this program.
 */
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

const struct operation floor_operations[] = {
	{ .name = "floor: dirty, nothing shown",
	  .run = run_dirty_nothing,
	  .runs = 50 },
	{ .name = "floor: copying a screen",
	  .begin = begin_copy,
	  .run = run_copy,
	  .end = end_copy,
	  .runs = 20 },
};
const uint32_t floor_operation_count = ARRAY_SIZE(floor_operations);
