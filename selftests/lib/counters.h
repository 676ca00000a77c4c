/* SPDX-License-Identifier: GPL-2.0-only */
/* The driver's counters in debugfs. */
#ifndef COUNTERS_H
#define COUNTERS_H

#include <stdbool.h>
#include <stdint.h>

/* The value of @name for the card at @path; false when it can't be read. */
bool counter_read(const char *path, const char *name, uint64_t *value);

/* Waits until @name has @value; false, with the last one read, after 10 s. */
bool counter_await(const char *path, const char *name, uint64_t value,
		   uint64_t *last);

/* Checks that @name has @value, now or after a while. */
void counter_check(const char *path, const char *name, uint64_t value);

/* Checks that the driver holds nothing but @bos objects: no surface, no memory. */
void counters_check_idle(const char *path, uint64_t bos);

#endif
