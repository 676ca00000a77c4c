// SPDX-License-Identifier: GPL-2.0-only
#include "guest_bug.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <sys/io.h>
#include <unistd.h>

#include "ktap.h"

/* An I/O port of the device that no protocol version has. */
#define UNKNOWN_PORT 31
#define BAR_IO 3

/* The path of a file that PCI has for the device; empty: it is unknown. */
static void pci_file(const struct card *card, const char *name, char *path,
		     size_t size)
{
	char address[32];

	if (card_pci_address(card, address, sizeof(address)))
		snprintf(path, size, "/sys/bus/pci/devices/%s/%s", address, name);
	else
		path[0] = '\0';
}

/* The first I/O port of the QXL device, from PCI's resource file; 0: unknown. */
static unsigned long io_base(const struct card *card)
{
	unsigned long start = 0;
	FILE *resource;
	char path[96];

	pci_file(card, "resource", path, sizeof(path));
	resource = fopen(path, "r");
	if (!resource)
		return 0;
	for (int bar = 0; bar <= BAR_IO; bar++)
		if (fscanf(resource, "%lx %*x %*x", &start) != 1)
			start = 0;
	fclose(resource);
	return start;
}

bool guest_bug_provoke(const struct card *card)
{
	unsigned long base = io_base(card);

	if (!check(base, "the I/O ports are unknown") ||
	    !check(!iopl(3), "iopl: errno %d", errno))
		return false;
	outb(0, base + UNKNOWN_PORT);
	return true;
}

bool guest_bug_hold_interrupts(const struct card *card, bool hold)
{
	uint16_t command = 0;
	char path[96];
	bool done;
	int fd;

	pci_file(card, "config", path, sizeof(path));
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (!check(fd >= 0, "PCI config space: errno %d", errno))
		return false;
	done = pread(fd, &command, sizeof(command), PCI_COMMAND) ==
	       sizeof(command);
	command &= ~PCI_COMMAND_INTX_DISABLE;
	if (hold)
		command |= PCI_COMMAND_INTX_DISABLE;
	done = done && pwrite(fd, &command, sizeof(command), PCI_COMMAND) ==
			       sizeof(command);
	close(fd);
	return check(done, "PCI command register: errno %d", errno);
}
