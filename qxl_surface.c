// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buffer objects as surfaces of the host: ids, eviction, read-back. The table
 * of ids is the core's (core/surface_ids.h).
 */
#include "qxl_drv.h"

static int publish(struct qxl_bo *bo, struct qxl_fence *destroyed)
{
	u64 offset = (u64)bo->tbo.resource->start << PAGE_SHIFT;
	u32 id;
	int ret;

	ret = qxl_core_surface_create(qxl_bo_device(bo)->core, bo,
				      &bo->surface, offset, destroyed, &id);
	if (!ret)
		WRITE_ONCE(bo->surface_id, id);
	return ret;
}

/*
 * INVARIANT: teardown cannot fail. The fence of the destroy command is made and
 * put on the BO here; the core sets the rest aside. The fence counts only as
 * bookkeeping: what waits for a BO to be idle evicts the surface first.
 */
int qxl_surface_ensure(struct qxl_bo *bo)
{
	struct qxl_fence *destroyed;
	struct dma_fence *base;
	int ret;

	dma_resv_assert_held(bo->tbo.base.resv);
	if (!bo->surface.width)
		return -EINVAL;
	ret = qxl_bo_validate(bo, QXL_GEM_DOMAIN_SURFACE);
	if (ret || READ_ONCE(bo->surface_id))
		return ret;
	ret = dma_resv_reserve_fences(bo->tbo.base.resv, 1);
	if (ret)
		return ret;
	destroyed = qxl_fence_create(qxl_bo_device(bo));
	if (!destroyed)
		return -ENOMEM;
	base = dma_fence_get(qxl_fence_base(destroyed));
	ret = publish(bo, destroyed);
	if (ret)
		qxl_fence_discard(destroyed);
	else
		dma_resv_add_fence(bo->tbo.base.resv, base,
				   DMA_RESV_USAGE_BOOKKEEP);
	dma_fence_put(base);
	return ret;
}

void qxl_surface_evict(struct qxl_bo *bo)
{
	u32 id = xchg(&bo->surface_id, 0);

	if (id)
		qxl_core_surface_evict(qxl_bo_device(bo)->core, id);
}

int qxl_surface_update(struct qxl_bo *bo, const struct qxl_rect *area)
{
	return qxl_core_surface_update(qxl_bo_device(bo)->core,
				       READ_ONCE(bo->surface_id), area);
}
