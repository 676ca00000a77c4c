/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>

/* CLOCK_MONOTONIC, as DRM's events have it. */
int64_t now_ns(void);
int64_t now_us(void);

#endif
