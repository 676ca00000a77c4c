/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One operation of the benchmark, and what all of them work on. A driver that
 * cannot do one says so, and the table has a gap.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stdint.h>

#include "card.h"
#include "dumb.h"

#define BENCH_WIDTH 1920
#define BENCH_HEIGHT 1080

struct bench {
	struct card card;
	const char *interrupt; /* is in the names of the driver's */
	drmModeModeInfo mode;
	struct dumb frames[2]; /* the first one is on screen */
};

/* Functions return 0 or a negative errno; @i counts from 0, warm-up included. */
struct operation {
	const char *name;
	/* Before the first and after the last; may be NULL. */
	int (*begin)(struct bench *bench);
	void (*end)(struct bench *bench);
	/* Before each, not timed; may be NULL. */
	void (*prepare)(struct bench *bench, uint32_t i);
	/* What is timed: all of it has reached the device when it returns. */
	int (*run)(struct bench *bench, uint32_t i);
	uint32_t runs;
	uint32_t per_run; /* of what is told; 0: one */
};

extern const struct operation display_operations[];
extern const uint32_t display_operation_count;
extern const struct operation object_operations[];
extern const uint32_t object_operation_count;
extern const struct operation floor_operations[];
extern const uint32_t floor_operation_count;

#endif
