/* SPDX-License-Identifier: GPL-2.0-only */
/* Display timings. */
#ifndef MODE_H
#define MODE_H

#include <stdint.h>
#include <xf86drmMode.h>

/* A timing with reduced blanking, after VESA's CVT-RB. @refresh is in Hz. */
void mode_make(drmModeModeInfo *mode, uint32_t width, uint32_t height,
	       uint32_t refresh);

/* The same with one blanking in two seconds: to tell what waits for it. */
void mode_make_slow(drmModeModeInfo *mode, uint32_t width, uint32_t height);

/* Time from one vblank to the next, in nanoseconds. */
uint64_t mode_period_ns(const drmModeModeInfo *mode);

#endif
