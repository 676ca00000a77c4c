/* SPDX-License-Identifier: GPL-2.0-only */
/* What the kernel says of memory as a whole. */
#ifndef MEMINFO_H
#define MEMINFO_H

#include <stdint.h>

/* The bytes of a line of /proc/meminfo, as "MemFree"; 0 where there is none. */
uint64_t meminfo_bytes(const char *name);

#endif
