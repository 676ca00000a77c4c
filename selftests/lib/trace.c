// SPDX-License-Identifier: GPL-2.0-only
#include "trace.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#define TRACEFS "/sys/kernel/tracing"

static bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	bool written;

	if (fd < 0)
		return false;
	written = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return written;
}

bool trace_start(void)
{
	if (access(TRACEFS "/trace", F_OK))
		mount("tracefs", TRACEFS, "tracefs", 0, NULL);
	return write_file(TRACEFS "/trace", "\n") &&
	       write_file(TRACEFS "/events/qxl/enable", "1") &&
	       write_file(TRACEFS "/tracing_on", "1");
}

uint64_t trace_count(const char *event, const char *part)
{
	char line[512], name[64];
	uint64_t count = 0;
	FILE *trace;

	write_file(TRACEFS "/events/qxl/enable", "0");
	trace = fopen(TRACEFS "/trace", "r");
	if (!trace)
		return 0;
	snprintf(name, sizeof(name), ": %s: ", event);
	while (fgets(line, sizeof(line), trace))
		count += strstr(line, name) && (!part || strstr(line, part));
	fclose(trace);
	return count;
}
