// SPDX-License-Identifier: GPL-2.0-only
#include "klog.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define LINE_BYTES 8192

int klog_open(void)
{
	int log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (log >= 0)
		lseek(log, 0, SEEK_END);
	return log;
}

bool klog_has(int log, const char *part)
{
	char line[LINE_BYTES];
	ssize_t length;

	/* one line at a time is what it gives */
	while ((length = read(log, line, sizeof(line) - 1)) > 0) {
		line[length] = 0;
		if (strstr(line, part))
			return true;
	}
	return false;
}
