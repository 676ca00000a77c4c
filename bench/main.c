// SPDX-License-Identifier: GPL-2.0-only
/*
 * Times each operation on one card. A line each:
 *
 *   @@op NAME|NANOSECONDS...
 *
 * or `@@none NAME|ERRNO` for what the driver cannot do; and `@@count NAME|COUNTER
 * VALUE` for each run: interrupts, what the driver counts, if it does, and what
 * the host counts, if there is one to ask (QXL_HOST_CHANNEL).
 *
 * usage: QXL_CARD=/dev/dri/cardN qxl_bench INTERRUPT
 *
 * INTERRUPT is in the names of the driver's interrupts.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "clock.h"
#include "counters.h"
#include "host.h"
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

/* What grew from *@last to @now, for each run; NULL: nobody asks. */
static void tell_count(const struct operation *operation, const char *name,
		       uint64_t now, uint64_t *last)
{
	if (operation)
		printf("@@count %s|%s %.1f\n", operation->name, name,
		       (double)(now - *last) / (WARM_UP + operation->runs));
	*last = now;
}

/* What the driver counted since the last call. */
static void tell_counters(const struct bench *bench,
			  const struct operation *operation)
{
	static const char *const names[] = {
		"commands",        "cursor_commands", "notifies",
		"ring_waits",      "memory_waits",    "oom_notifies",
		"presented_bytes", "moved_bytes",     "spared_bytes",
		"stalls",
	};
	static uint64_t last[ARRAY_SIZE(names)];

	for (uint32_t i = 0; i < ARRAY_SIZE(names); i++) {
		uint64_t value;

		if (!counter_read(bench->card.path, names[i], &value))
			return;
		tell_count(value != last[i] ? operation : NULL, names[i], value,
			   &last[i]);
	}
}

/* Of the card's driver, on all processors, since boot. */
static uint64_t interrupts(const char *driver)
{
	FILE *file = fopen("/proc/interrupts", "r");
	char line[512];
	uint64_t sum = 0;

	while (file && fgets(line, sizeof(line), file)) {
		char *at = strchr(line, ':');
		char *end;

		if (!at || !strstr(line, driver))
			continue;
		for (at++;; at = end) {
			uint64_t count = strtoull(at, &end, 10);

			if (end == at)
				break;
			sum += count;
		}
	}
	if (file)
		fclose(file);
	return sum;
}

/* The same of interrupts, which every driver has. */
static void tell_interrupts(const struct bench *bench,
			    const struct operation *operation)
{
	static uint64_t last;

	tell_count(operation, "interrupts", interrupts(bench->interrupt), &last);
}

/* What the host counted, if it does. */
static void tell_host(const struct operation *operation)
{
	static uint64_t last_received, last_events;
	uint64_t received, events;

	if (!host_counts(&received, &events))
		return;
	tell_count(operation, "received_bytes", received, &last_received);
	tell_count(operation, "port_writes", events, &last_events);
}

static void tell(const struct bench *bench, const struct operation *operation)
{
	tell_interrupts(bench, operation);
	tell_counters(bench, operation);
	tell_host(operation);
}

static void time_operation(struct bench *bench, const struct operation *operation)
{
	int64_t times[RUNS_MAX];
	int ret = operation->begin ? operation->begin(bench) : 0;

	tell(bench, NULL);
	if (!ret)
		ret = time_runs(bench, operation, times);
	tell(bench, operation);
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
	for (uint32_t i = 0; i < display_operation_count; i++)
		time_operation(&bench, &display_operations[i]);
	for (uint32_t i = 0; i < object_operation_count; i++)
		time_operation(&bench, &object_operations[i]);
	card_off(&bench.card);
	dumb_destroy(&bench.frames[0]);
	dumb_destroy(&bench.frames[1]);
	card_close(&bench.card);
	return 0;
}
