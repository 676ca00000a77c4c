/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The screens of docs/memory.md, by size. The host tests compute the table
 * from this list, too.
 */
#ifndef SCREENS_H
#define SCREENS_H

#include <stdint.h>

static const struct screen_size {
	uint32_t width;
	uint32_t height;
} screen_sizes[] = {
	{ 1024, 768 },  { 1280, 1024 }, { 1920, 1080 }, { 1920, 1200 },
	{ 2560, 1440 }, { 2560, 1600 }, { 3440, 1440 }, { 3840, 2160 },
	{ 5120, 2880 }, { 7680, 4320 },
};

#endif
