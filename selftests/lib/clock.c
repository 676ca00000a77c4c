// SPDX-License-Identifier: GPL-2.0-only
#include "clock.h"

#include <time.h>

int64_t now_us(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000ll + time.tv_nsec / 1000;
}
