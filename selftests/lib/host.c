// SPDX-License-Identifier: GPL-2.0-only
#include "host.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "ktap.h"

#define ANSWER_TIMEOUT_MS 60000

static char display_words[32]; /* in front of what is about a display */

static int channel_open(void)
{
	static int fd = -1;
	const char *path = getenv("QXL_HOST_CHANNEL");

	if (fd >= 0 || !path)
		return fd;
	fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		ktap_bail("%s: %s", path, strerror(errno));
	return fd;
}

static int read_line(int fd, char *line, size_t size)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };
	size_t length = 0;

	while (length < size - 1) {
		if (poll(&pollfd, 1, ANSWER_TIMEOUT_MS) != 1)
			return -ETIMEDOUT;
		if (read(fd, line + length, 1) != 1)
			return -EIO;
		if (line[length] == '\n')
			break;
		length++;
	}
	line[length] = '\0';
	return 0;
}

/* Leaves the answer, or what went wrong, in @answer. */
static void ask(const char *request, char *answer, size_t size)
{
	int fd = channel_open();
	int ret;

	/* an answer that came after its time would be taken for this one's */
	tcflush(fd, TCIFLUSH);
	if (dprintf(fd, "%s\n", request) < 0) {
		snprintf(answer, size, "write: %s", strerror(errno));
		return;
	}
	ret = read_line(fd, answer, size);
	if (ret)
		snprintf(answer, size, "no answer: %s", strerror(-ret));
}

void host_select_display(unsigned int display)
{
	snprintf(display_words, sizeof(display_words), "display %u ", display);
}

/* False: the case is skipped, because there is @nobody to ask. */
static bool host_is_there(const char *nobody)
{
	if (channel_open() >= 0)
		return true;
	ktap_skip("%s: QXL_HOST_CHANNEL is not set", nobody);
	return false;
}

/* A check; there has to be a host. */
static bool ask_for(const char *request)
{
	char answer[256];

	ask(request, answer, sizeof(answer));
	return check(!strcmp(answer, "ok"), "%s: %s", request, answer);
}

bool host_check_picture(const char *name, uint32_t width, uint32_t height,
			const char *reference, ...)
{
	char command[128], request[320];
	va_list args;

	if (!host_is_there("picture not compared"))
		return false;
	va_start(args, reference);
	vsnprintf(command, sizeof(command), reference, args);
	va_end(args);
	snprintf(request, sizeof(request), "%spicture %s %u %u %s",
		 display_words, name, width, height, command);
	return ask_for(request);
}

bool host_check_cursor(const char *wanted, ...)
{
	char cursor[64], request[128];
	va_list args;

	if (!host_is_there("pointer not compared"))
		return false;
	va_start(args, wanted);
	vsnprintf(cursor, sizeof(cursor), wanted, args);
	va_end(args);
	snprintf(request, sizeof(request), "%scursor %s", display_words, cursor);
	return ask_for(request);
}

bool host_ask_for_monitors(const char *layout)
{
	char request[256];

	if (!host_is_there("nobody to ask for monitors"))
		return false;
	snprintf(request, sizeof(request), "monitors %s", layout);
	return ask_for(request);
}

bool host_pause_client(unsigned int seconds)
{
	char request[32];

	if (!host_is_there("no client to pause"))
		return false;
	snprintf(request, sizeof(request), "pause %u", seconds);
	return ask_for(request);
}

int host_count_streams(void)
{
	char answer[256];
	int count;

	if (!host_is_there("nobody to count videos"))
		return -ENXIO;
	ask("streams", answer, sizeof(answer));
	if (!strcmp(answer, "off")) {
		ktap_skip("the server makes no streams of videos");
		return -ENXIO;
	}
	if (check(sscanf(answer, "ok %d", &count) == 1, "streams: %s", answer))
		return count;
	return -EIO;
}

bool host_counts(struct host_counts *counts)
{
	char answer[256];

	if (channel_open() < 0)
		return false;
	ask("counts", answer, sizeof(answer));
	return check(sscanf(answer, "ok %" SCNu64 " %" SCNu64 " %" SCNu64,
			    &counts->received, &counts->events,
			    &counts->busy_ns) == 3,
		     "counts: %s", answer);
}

bool host_can_unplug(void)
{
	char answer[256];

	if (!host_is_there("nobody to ask for a device"))
		return false;
	ask("pluggable", answer, sizeof(answer));
	if (!strcmp(answer, "ok"))
		return true;
	ktap_skip("this machine's device can't be taken out: %s", answer);
	return false;
}

bool host_unplug(void)
{
	return ask_for("unplug");
}

bool host_plug(void)
{
	return ask_for("plug");
}

static bool kernel_is_told(const char *parameter)
{
	FILE *file = fopen("/proc/cmdline", "r");
	char line[4096] = "";
	bool told;

	told = file && fgets(line, sizeof(line), file) &&
	       strstr(line, parameter);
	if (file)
		fclose(file);
	return told;
}

bool host_gives_machine_away(void)
{
	return kernel_is_told("qxl_vm.reboots");
}

bool host_lets_sleep(void)
{
	return kernel_is_told("qxl_vm.sleeps");
}

bool host_will_wake(void)
{
	return channel_open() >= 0 && ask_for("wake");
}

bool host_move(void)
{
	return host_is_there("nobody to move this machine") && ask_for("move");
}

void host_reset(void)
{
	char answer[256];

	if (channel_open() >= 0)
		ask("reset", answer, sizeof(answer));
}

void host_shot(const char *name)
{
	char request[128], answer[256];

	if (channel_open() < 0)
		return;
	snprintf(request, sizeof(request), "shot %s", name);
	ask(request, answer, sizeof(answer));
	if (strcmp(answer, "ok"))
		ktap_note("shot %s: %s", name, answer);
}
