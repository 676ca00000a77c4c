// SPDX-License-Identifier: GPL-2.0-only
#include <linux/crc32.h>

#include "qxl_k.h"

uint32_t qxl_k_crc32(uint32_t crc, const void *data, size_t bytes)
{
	return crc32_le(crc, data, bytes);
}
