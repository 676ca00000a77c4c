/* SPDX-License-Identifier: GPL-2.0-only */
/* Taking the device from its driver and giving it back. */
#ifndef DRIVER_H
#define DRIVER_H

#include "card.h"

/* @address as card_pci_address() has it. 0 or a negative errno. */
int driver_unbind(const char *address);
int driver_bind(const char *address);

/* card_try_open(), until it works or 10 s have passed. */
int card_open_when_back(struct card *card);

#endif
