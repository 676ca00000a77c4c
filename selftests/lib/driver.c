// SPDX-License-Identifier: GPL-2.0-only
#include "driver.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"

#define DRIVER_FOLDER "/sys/bus/pci/drivers/qxl"
#define COMES_BACK_US 10000000

static int driver_write(const char *name, const char *address)
{
	char path[64];
	ssize_t written;
	int fd, ret = 0;

	snprintf(path, sizeof(path), DRIVER_FOLDER "/%s", name);
	fd = open(path, O_WRONLY);
	if (fd < 0)
		return -errno;
	written = write(fd, address, strlen(address));
	if (written < 0)
		ret = -errno;
	close(fd);
	return ret;
}

int driver_unbind(const char *address)
{
	return driver_write("unbind", address);
}

int driver_bind(const char *address)
{
	return driver_write("bind", address);
}

int card_open_when_back(struct card *card)
{
	int64_t start = now_us();
	int ret;

	do {
		ret = card_try_open(card);
		if (ret)
			usleep(50000);
	} while (ret && now_us() - start < COMES_BACK_US);
	return ret;
}
