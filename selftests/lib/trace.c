// SPDX-License-Identifier: GPL-2.0-only
#include "trace.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#define TRACEFS "/sys/kernel/tracing"

static bool recording;

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

/* False where there is but one. */
static bool second_cpu(bool online)
{
	return write_file("/sys/devices/system/cpu/cpu1/online",
			  online ? "1" : "0");
}

/*
 * Tracepoints are switched by patching code. QEMU's TCG may run the breakpoint
 * that the kernel has there meanwhile after it is gone, and the kernel dies of
 * it: one of 15 runs. With one processor online nobody runs it.
 */
static bool switch_events(const char *value)
{
	bool two = second_cpu(false);
	bool done = write_file(TRACEFS "/events/qxl/enable", value);

	if (two)
		second_cpu(true);
	return done;
}

bool trace_start(void)
{
	if (access(TRACEFS "/trace", F_OK))
		mount("tracefs", TRACEFS, "tracefs", 0, NULL);
	recording = write_file(TRACEFS "/trace", "\n") && switch_events("1") &&
		    write_file(TRACEFS "/tracing_on", "1");
	return recording;
}

uint64_t trace_count(const char *event, const char *part)
{
	char line[512], name[64];
	uint64_t count = 0;
	FILE *trace;

	if (recording)
		switch_events("0");
	recording = false;
	trace = fopen(TRACEFS "/trace", "r");
	if (!trace)
		return 0;
	snprintf(name, sizeof(name), ": %s: ", event);
	while (fgets(line, sizeof(line), trace))
		count += strstr(line, name) && (!part || strstr(line, part));
	fclose(trace);
	return count;
}
