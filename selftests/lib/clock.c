// SPDX-License-Identifier: GPL-2.0-only
#include "clock.h"

#include <time.h>

int64_t now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000ll + time.tv_nsec;
}

int64_t now_us(void)
{
	return now_ns() / 1000;
}
