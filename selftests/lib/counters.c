// SPDX-License-Identifier: GPL-2.0-only
#include "counters.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ktap.h"

static FILE *open_debugfs(const char *path, const char *name)
{
	const char *number = strpbrk(path, "0123456789");
	char file[96];

	snprintf(file, sizeof(file), "/sys/kernel/debug/dri/%s/%s",
		 number ? number : "0", name);
	return fopen(file, "r");
}

bool counter_read(const char *path, const char *name, uint64_t *value)
{
	FILE *counters = open_debugfs(path, "qxl_counters");
	bool found = false;
	char word[64];

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

/* Bytes of framebuffers that lie in surface memory for the host to read. */
static uint64_t frame_bytes(const char *path)
{
	FILE *bos = open_debugfs(path, "qxl_bos");
	char line[128], place[16], reference[8];
	uint64_t bytes, sum = 0;

	while (bos && fgets(line, sizeof(line), bos))
		if (sscanf(line, "%15s %" SCNu64 " %*u %*s %*u %7s", place,
			   &bytes, reference) == 3 &&
		    !strcmp(place, "surface") && !strcmp(reference, "yes"))
			sum += bytes;
	if (bos)
		fclose(bos);
	return sum;
}

void counter_check_surface_memory(const char *path)
{
	uint64_t used = 0, frames = 0;

	for (int tries = 0; tries < 100; tries++) {
		frames = frame_bytes(path);
		if (counter_read(path, "surface_used_bytes", &used) &&
		    used == frames)
			return;
		usleep(100 * 1000);
	}
	check(false, "surface memory: %" PRIu64 " bytes, of them %" PRIu64
		     " of framebuffers", used, frames);
}

void counters_check_idle(const char *path, uint64_t bos)
{
	counter_check(path, "bos", bos);
	counter_check(path, "surfaces", 0);
	counter_check(path, "vram_used_bytes", 0);
	counter_check_surface_memory(path);
	counter_check(path, "awaited_fences", 0);
	counter_check(path, "bad_releases", 0);
	counter_check(path, "lost", 0);
}
