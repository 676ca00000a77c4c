// SPDX-License-Identifier: GPL-2.0-only
#include "counters.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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
