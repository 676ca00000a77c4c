// SPDX-License-Identifier: GPL-2.0-only
#include "meminfo.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

uint64_t meminfo_bytes(const char *name)
{
	FILE *file = fopen("/proc/meminfo", "r");
	uint64_t kib = 0;
	char line[128];

	while (file && !kib && fgets(line, sizeof(line), file))
		if (!strncmp(line, name, strlen(name)))
			sscanf(line + strlen(name), ": %" SCNu64, &kib);
	if (file)
		fclose(file);
	return kib << 10;
}
