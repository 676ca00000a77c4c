/* SPDX-License-Identifier: GPL-2.0-only */
/* Breaks a rule of the device on purpose, so that it stops. */
#ifndef GUEST_BUG_H
#define GUEST_BUG_H

#include "card.h"

/* A check: false when the device could not be reached. */
bool guest_bug_provoke(const struct card *card);

/*
 * Whether the device's interrupts are held back (PCI's INTx disable), so that the
 * driver hears of a bug only later. A check.
 */
bool guest_bug_hold_interrupts(const struct card *card, bool hold);

#endif
