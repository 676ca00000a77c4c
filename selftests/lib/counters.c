// SPDX-License-Identifier: GPL-2.0-only
#include "counters.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ktap.h"

bool counter_read(const char *path, const char *name, uint64_t *value)
{
	const char *number = strpbrk(path, "0123456789");
	char file[96], word[64];
	bool found = false;
	FILE *counters;

	snprintf(file, sizeof(file), "/sys/kernel/debug/dri/%s/qxl_counters",
		 number ? number : "0");
	counters = fopen(file, "r");
	if (!counters)
		return false;
	while (!found && fscanf(counters, "%63s %" SCNu64, word, value) == 2)
		found = !strcmp(word, name);
	fclose(counters);
	return found;
}

bool counter_await(const char *path, const char *name, uint64_t value,
		   uint64_t *last)
{
	for (int tries = 0; tries < 100; tries++) {
		if (!counter_read(path, name, last))
			return false;
		if (*last == value)
			return true;
		usleep(100 * 1000);
	}
	return false;
}

void counter_check(const char *path, const char *name, uint64_t value)
{
	uint64_t last = 0;

	if (counter_await(path, name, value, &last))
		return;
	if (check(counter_read(path, name, &last), "no %s", name))
		check(last == value, "%s is %" PRIu64 ", not %" PRIu64, name,
		      last, value);
}

void counters_check_idle(const char *path, uint64_t bos)
{
	counter_check(path, "bos", bos);
	counter_check(path, "surfaces", 0);
	counter_check(path, "vram_used_bytes", 0);
	counter_check(path, "surface_used_bytes", 0);
	counter_check(path, "awaited_fences", 0);
	counter_check(path, "bad_releases", 0);
	counter_check(path, "lost", 0);
}
