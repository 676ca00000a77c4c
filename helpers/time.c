// SPDX-License-Identifier: GPL-2.0-only
#include <linux/delay.h>
#include <linux/ktime.h>

#include "qxl_k.h"

uint64_t qxl_k_time_ms(void)
{
	return ktime_to_ms(ktime_get());
}

void qxl_k_delay_us(uint32_t us)
{
	udelay(us);
}
