// SPDX-License-Identifier: GPL-2.0-only
#include "mode.h"

#include <stdio.h>
#include <string.h>

/* CVT 1.1 reduced blanking: fixed horizontal parts in pixels, vertical in lines */
#define RB_H_BLANK 160
#define RB_H_FRONT 48
#define RB_H_SYNC 32
#define RB_V_FRONT 3
#define RB_V_SYNC 5
#define RB_V_BACK_MIN 6
#define RB_V_BLANK_NS 460000u
#define RB_CLOCK_STEP 250u /* kHz */

static uint32_t blank_lines(uint32_t height, uint32_t refresh)
{
	uint64_t line_ns = (1000000000ull / refresh - RB_V_BLANK_NS) / height;
	uint32_t lines = RB_V_BLANK_NS / (line_ns ? line_ns : 1) + 1;
	uint32_t least = RB_V_FRONT + RB_V_SYNC + RB_V_BACK_MIN;

	return lines < least ? least : lines;
}

void mode_make(drmModeModeInfo *mode, uint32_t width, uint32_t height,
	       uint32_t refresh)
{
	uint64_t clock;

	memset(mode, 0, sizeof(*mode));
	mode->hdisplay = width;
	mode->hsync_start = width + RB_H_FRONT;
	mode->hsync_end = mode->hsync_start + RB_H_SYNC;
	mode->htotal = width + RB_H_BLANK;
	mode->vdisplay = height;
	mode->vsync_start = height + RB_V_FRONT;
	mode->vsync_end = mode->vsync_start + RB_V_SYNC;
	mode->vtotal = height + blank_lines(height, refresh);
	clock = (uint64_t)mode->htotal * mode->vtotal * refresh / 1000;
	mode->clock = clock / RB_CLOCK_STEP * RB_CLOCK_STEP;
	mode->vrefresh = refresh;
	mode->flags = DRM_MODE_FLAG_PHSYNC | DRM_MODE_FLAG_NVSYNC;
	mode->type = DRM_MODE_TYPE_USERDEF;
	snprintf(mode->name, sizeof(mode->name), "%ux%u", width, height);
}

void mode_make_slow(drmModeModeInfo *mode, uint32_t width, uint32_t height)
{
	mode_make(mode, width, height, 1);
	mode->clock = (uint32_t)mode->htotal * mode->vtotal / 2000;
}

uint64_t mode_period_ns(const drmModeModeInfo *mode)
{
	return (uint64_t)mode->htotal * mode->vtotal * 1000000 / mode->clock;
}
