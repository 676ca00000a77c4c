/* SPDX-License-Identifier: GPL-2.0-only */
/* Files of sysfs, which hold one value. */
#ifndef SYSFS_H
#define SYSFS_H

#include <stdbool.h>
#include <stdint.h>

/* 0 or a negative errno. */
int sysfs_write(const char *path, const char *value);

/* Whether the file holds this text; a newline after it does not count. */
bool sysfs_says(const char *path, const char *text);

/* The number in a file, 0 where there is none. */
uint64_t sysfs_number(const char *path);

#endif
