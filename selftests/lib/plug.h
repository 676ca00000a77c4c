/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The device under test goes away and comes back, by its PCI address, as there
 * may be others; and what is left of it to a client. Functions return 0 or a
 * negative errno.
 */
#ifndef PLUG_H
#define PLUG_H

#include <stdbool.h>
#include <stddef.h>

#include "card.h"

/* "0000:00:02.0" and a byte for the end. */
#define PLUG_ADDRESS 16

/*
 * The address of the card under test. From now on a signal from memory that
 * is gone is plug_check_access()'s.
 */
void plug_setup(char *address);

/* The driver lets go of the device, or takes it again. */
int plug_unbind(const char *address);
int plug_bind(const char *address);

/* The device is gone for all of the kernel, until it looks for devices again. */
int plug_remove(const char *address);
int plug_rescan(void);

/* A device was put in: its address, once it has a card. -ENODEV. */
int plug_find(char *address);

/* Opens the card of the device that is at @address, once there is one. */
int plug_open(struct card *card, const char *address);

/*
 * Reads and writes each page of a mapping. A check: no signal comes of it.
 * @what is for the message.
 */
bool plug_check_access(void *map, size_t bytes, const char *what);

#endif
