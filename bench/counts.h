/* SPDX-License-Identifier: GPL-2.0-only */
/* What is counted while something runs: by the kernel, by the driver, by the host. */
#ifndef COUNTS_H
#define COUNTS_H

#include <stdint.h>

/*
 * Tells, for each of @runs, what has been counted since the last call: a line
 *
 *   @@count NAME|COUNTER VALUE
 *
 * each for interrupts that have @interrupt in their names; for what the driver of
 * the card at @card counts, if it does; and for what the host counts, if there is
 * one to ask (QXL_HOST_CHANNEL). @name NULL: nothing is told.
 */
void counts_tell(const char *card, const char *interrupt, const char *name,
		 uint32_t runs);

#endif
