// SPDX-License-Identifier: GPL-2.0-only
#include "counts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "counters.h"
#include "host.h"
#include "ktap.h"

/* Whose counts are told; name NULL: nobody's. */
struct told {
	const char *name;
	uint32_t runs;
};

/* What grew from *@last to @now, for each run. */
static void tell(const struct told *told, const char *counter, uint64_t now,
		 uint64_t *last)
{
	if (told->name)
		printf("@@count %s|%s %.1f\n", told->name, counter,
		       (double)(now - *last) / told->runs);
	*last = now;
}

static void tell_counters(const char *card, const struct told *told)
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

		if (!counter_read(card, names[i], &value))
			return;
		if (value != last[i])
			tell(told, names[i], value, &last[i]);
	}
}

/* On all processors, since boot. */
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

static void tell_interrupts(const char *interrupt, const struct told *told)
{
	static uint64_t last;

	tell(told, "interrupts", interrupts(interrupt), &last);
}

static void tell_host(const struct told *told)
{
	static struct host_counts last;
	struct host_counts now;

	if (!host_counts(&now))
		return;
	tell(told, "received_bytes", now.received, &last.received);
	tell(told, "port_writes", now.events, &last.events);
	tell(told, "host_ns", now.busy_ns, &last.busy_ns);
}

void counts_tell(const char *card, const char *interrupt, const char *name,
		 uint32_t runs)
{
	const struct told told = { .name = name, .runs = runs };

	tell_interrupts(interrupt, &told);
	tell_counters(card, &told);
	tell_host(&told);
}
