// SPDX-License-Identifier: GPL-2.0-only
/*
 * Times each operation on one card. A line each:
 *
 *   @@op NAME|NANOSECONDS...
 *
 * or `@@none NAME|ERRNO` for what the driver cannot do; and what counts.h tells, for
 * each run.
 *
 * usage: QXL_CARD=/dev/dri/cardN qxl_bench INTERRUPT
 *
 * INTERRUPT is in the names of the driver's interrupts.
 */
#include <inttypes.h>
#include <stdio.h>

#include "bench.h"
#include "clock.h"
#include "counts.h"
#include "ktap.h"
#include "mark.h"

#define WARM_UP 3
#define RUNS_MAX 100

static int time_runs(struct bench *bench, const struct operation *operation,
		     int64_t *times)
{
	for (uint32_t i = 0; i < WARM_UP + operation->runs; i++) {
		int64_t start;
		int ret;

		if (operation->prepare)
			operation->prepare(bench, i);
		start = now_ns();
		mark_begin();
		ret = operation->run(bench, i);
		mark_end();
		if (ret)
			return ret;
		if (i >= WARM_UP)
			times[i - WARM_UP] = now_ns() - start;
		else
			mark_forget();
	}
	return 0;
}

static void time_operation(struct bench *bench, const struct operation *operation)
{
	int64_t times[RUNS_MAX];
	int ret = operation->begin ? operation->begin(bench) : 0;

	counts_tell(bench->card.path, bench->interrupt, NULL, 1);
	if (!ret)
		ret = time_runs(bench, operation, times);
	counts_tell(bench->card.path, bench->interrupt, operation->name,
		    WARM_UP + operation->runs);
	mark_record();
	if (operation->end)
		operation->end(bench);
	if (ret) {
		printf("@@none %s|%d\n", operation->name, ret);
		return;
	}
	printf("@@op %s|", operation->name);
	for (uint32_t i = 0; i < operation->runs; i++)
		printf("%" PRId64 " ",
		       times[i] / (operation->per_run ? operation->per_run : 1));
	printf("\n");
	fflush(stdout);
}

static void time_all(struct bench *bench, const struct operation *operations,
		     uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		time_operation(bench, &operations[i]);
}

static void set_up(struct bench *bench)
{
	int ret;

	card_open(&bench->card);
	card_mode(&bench->card, BENCH_WIDTH, BENCH_HEIGHT, &bench->mode);
	ret = dumb_frame(&bench->frames[0], bench->card.fd, BENCH_WIDTH,
			 BENCH_HEIGHT);
	if (!ret)
		ret = dumb_frame(&bench->frames[1], bench->card.fd, BENCH_WIDTH,
				 BENCH_HEIGHT);
	if (!ret)
		ret = card_show(&bench->card, &bench->mode, bench->frames[0].fb,
				0, 0, 0);
	if (ret)
		ktap_bail("%s: modeset: %d", bench->card.path, ret);
}

int main(int argc, char **argv)
{
	static struct bench bench;

	if (argc != 2)
		return 2;
	bench.interrupt = argv[1];
	set_up(&bench);
	time_all(&bench, display_operations, display_operation_count);
	time_all(&bench, object_operations, object_operation_count);
	time_all(&bench, floor_operations, floor_operation_count);
	card_off(&bench.card);
	dumb_destroy(&bench.frames[0]);
	dumb_destroy(&bench.frames[1]);
	card_close(&bench.card);
	return 0;
}
