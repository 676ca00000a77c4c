// SPDX-License-Identifier: GPL-2.0-only
#include <linux/mm.h>
#include <linux/slab.h>

#include "qxl_k.h"

void *qxl_k_alloc(size_t bytes)
{
	return kvzalloc(bytes, GFP_KERNEL);
}

void qxl_k_free(void *memory)
{
	kvfree(memory);
}
