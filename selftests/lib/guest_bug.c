// SPDX-License-Identifier: GPL-2.0-only
#include "guest_bug.h"

#include <errno.h>
#include <stdio.h>
#include <sys/io.h>

#include "ktap.h"

/* An I/O port of the device that no protocol version has. */
#define UNKNOWN_PORT 31
#define BAR_IO 3

/* The first I/O port of the QXL device, from PCI's resource file; 0: unknown. */
static unsigned long io_base(const struct card *card)
{
	char address[32], path[96];
	unsigned long start = 0;
	FILE *resource;

	if (!card_pci_address(card, address, sizeof(address)))
		return 0;
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource", address);
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
