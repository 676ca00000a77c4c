// SPDX-License-Identifier: GPL-2.0-only
#include "plug.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "ktap.h"

#define DRIVER_FOLDER "/sys/bus/pci/drivers/qxl"
#define COMES_BACK_US 10000000
#define PAGE 4096

static sigjmp_buf signalled;

static void on_signal(int number)
{
	siglongjmp(signalled, number);
}

void plug_setup(char *address)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct card card;

	card_open(&card);
	if (!card_pci_address(&card, address, PLUG_ADDRESS))
		ktap_bail("%s is on no PCI device", card.path);
	card_close(&card);
	sigaction(SIGBUS, &action, NULL);
	sigaction(SIGSEGV, &action, NULL);
}

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

int plug_unbind(const char *address)
{
	return write_file(DRIVER_FOLDER "/unbind", address);
}

int plug_bind(const char *address)
{
	return write_file(DRIVER_FOLDER "/bind", address);
}

int plug_remove(const char *address)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/remove", address);
	return write_file(path, "1");
}

int plug_rescan(void)
{
	return write_file("/sys/bus/pci/rescan", "1");
}

/* What card_try_open() opens: the numbers of cards move with each coming back. */
static int choose_card(const char *address)
{
	char pattern[96], path[32];
	glob_t found;

	snprintf(pattern, sizeof(pattern), "/sys/bus/pci/devices/%s/drm/card*",
		 address);
	if (glob(pattern, 0, NULL, &found))
		return -ENODEV;
	snprintf(path, sizeof(path), "/dev/dri/%s",
		 strrchr(found.gl_pathv[0], '/') + 1);
	globfree(&found);
	return setenv("QXL_CARD", path, 1) ? -errno : 0;
}

int plug_open(struct card *card, const char *address)
{
	int64_t start = now_us();
	int ret;

	for (;;) {
		ret = choose_card(address);
		if (!ret)
			ret = card_try_open(card);
		if (!ret || now_us() - start > COMES_BACK_US)
			return ret;
		usleep(50000);
	}
}

int plug_find(char *address)
{
	int64_t start = now_us();
	struct card card;

	unsetenv("QXL_CARD");
	while (card_try_open(&card)) {
		if (now_us() - start > COMES_BACK_US)
			return -ENODEV;
		usleep(50000);
	}
	card_pci_address(&card, address, PLUG_ADDRESS);
	card_close(&card);
	return 0;
}

bool plug_check_access(void *map, size_t bytes, const char *what)
{
	volatile uint8_t *at = map;
	int number = sigsetjmp(signalled, 1);

	if (!check(!number, "signal %d from the mapping of %s", number, what))
		return false;
	for (size_t i = 0; i < bytes; i += PAGE)
		at[i]++;
	at[bytes - 1] = at[0];
	return true;
}
