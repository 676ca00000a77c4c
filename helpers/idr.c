// SPDX-License-Identifier: GPL-2.0-only
#include <linux/idr.h>
#include <linux/slab.h>

#include "qxl_k.h"

struct qxl_k_idr {
	struct idr idr;
};

struct qxl_k_idr *qxl_k_idr_create(void)
{
	struct qxl_k_idr *idr = kzalloc(sizeof(*idr), GFP_KERNEL);

	if (idr)
		idr_init(&idr->idr);
	return idr;
}

void qxl_k_idr_destroy(struct qxl_k_idr *idr)
{
	idr_destroy(&idr->idr);
	kfree(idr);
}

void qxl_k_idr_preload(void)
{
	idr_preload(GFP_KERNEL);
}

void qxl_k_idr_preload_end(void)
{
	idr_preload_end();
}

int qxl_k_idr_alloc(struct qxl_k_idr *idr, uint32_t first, uint32_t end)
{
	static_assert(ENOSPC == QXL_K_ENOSPC);
	return idr_alloc_cyclic(&idr->idr, NULL, first, end, GFP_NOWAIT);
}

void qxl_k_idr_replace(struct qxl_k_idr *idr, uint32_t id, void *pointer)
{
	idr_replace(&idr->idr, pointer, id);
}

void *qxl_k_idr_find(struct qxl_k_idr *idr, uint32_t id)
{
	return idr_find(&idr->idr, id);
}

void qxl_k_idr_remove(struct qxl_k_idr *idr, uint32_t id)
{
	idr_remove(&idr->idr, id);
}
