// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buffer objects as surfaces of the host: ids, eviction, read-back. The table
 * of ids is the core's (core/surface_ids.h).
 */
#include <linux/delay.h>
#include <linux/jiffies.h>

#include <drm/drm_drv.h>
#include <drm/drm_print.h>

#include "qxl_drv.h"
#include "qxl_trace.h"

/* Reaping ------------------------------------------------------------------- */

/* How long ids may take to come free before the caller gets -ENOSPC. */
#define QXL_REAP_TIMEOUT_MS 5000
#define QXL_REAP_INTERVAL_MS 10
#define QXL_REAP_BATCH 16

/*
 * Takes the id from @bo if nobody uses it now. Only tries the reservation: the
 * caller holds others, and waiting for one more could deadlock.
 */
static bool reap(struct qxl_bo *bo)
{
	bool reaped = false;

	if (!dma_resv_trylock(bo->tbo.base.resv))
		return false;
	if (READ_ONCE(bo->surface_id) &&
	    dma_resv_test_signaled(bo->tbo.base.resv, DMA_RESV_USAGE_READ)) {
		trace_qxl_reap(bo, bo->surface_id);
		qxl_surface_leave_host(bo);
		reaped = true;
	}
	dma_resv_unlock(bo->tbo.base.resv);
	return reaped;
}

/*
 * Reaps idle surfaces, the least recently used first; several, because the
 * host hands their ids back in bunches. False when all are busy.
 */
static bool reap_some(struct qxl_device *qdev)
{
	struct qxl_bo *bo;
	u64 since = 0;
	int reaped = 0;

	while (reaped < QXL_REAP_BATCH &&
	       (bo = qxl_core_surface_oldest(qdev->core, &since))) {
		reaped += reap(bo);
		qxl_bo_put(bo);
	}
	drm_dbg_driver(&qdev->ddev, "surface ids are short: %d reaped\n", reaped);
	return reaped;
}

/* Creating ------------------------------------------------------------------ */

static int publish(struct qxl_bo *bo, struct qxl_fence *destroyed)
{
	u64 offset = qxl_ttm_offset(bo->tbo.resource);
	u32 id;
	int ret;

	ret = qxl_core_surface_create(qxl_bo_device(bo)->core, bo, &bo->surface,
				      offset, destroyed, &id);
	if (!ret)
		WRITE_ONCE(bo->surface_id, id);
	return ret;
}

static int publish_or_reap(struct qxl_bo *bo, struct qxl_fence *destroyed)
{
	unsigned long deadline = jiffies + msecs_to_jiffies(QXL_REAP_TIMEOUT_MS);
	int ret;

	while ((ret = publish(bo, destroyed)) == -ENOSPC) {
		if (reap_some(qxl_bo_device(bo)))
			continue;
		if (time_after(jiffies, deadline))
			break;
		if (msleep_interruptible(QXL_REAP_INTERVAL_MS))
			return -ERESTARTSYS;
	}
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
	if (ret)
		return ret;
	if (bo->primary)
		return 0;
	if (READ_ONCE(bo->surface_id)) {
		qxl_core_surface_touch(qxl_bo_device(bo)->core, bo->surface_id);
		return 0;
	}
	ret = dma_resv_reserve_fences(bo->tbo.base.resv, 1);
	if (ret)
		return ret;
	destroyed = qxl_fence_create(qxl_bo_device(bo));
	if (!destroyed)
		return -ENOMEM;
	base = dma_fence_get(qxl_fence_base(destroyed));
	ret = publish_or_reap(bo, destroyed);
	if (ret) {
		qxl_fence_discard(destroyed);
		dma_fence_put(base);
		return ret;
	}
	dma_resv_add_fence(bo->tbo.base.resv, base, DMA_RESV_USAGE_BOOKKEEP);
	qxl_fence_drop(bo->destroyed);
	bo->destroyed = destroyed;
	return 0;
}

/*
 * @id: what the BO's was until now. Objects are freed at any time. When the
 * device has been unplugged, but has not been stopped yet, its rings are not to
 * be touched any more, so it is lost at once.
 */
static void evict(struct qxl_bo *bo, u32 id)
{
	struct qxl_device *qdev = qxl_bo_device(bo);
	int idx;
	bool there = drm_dev_enter(&qdev->ddev, &idx);

	trace_qxl_evict(bo, id);
	if (!there && !qxl_core_is_lost(qdev->core))
		qxl_core_lose(qdev->core);
	qxl_core_surface_evict(qdev->core, id);
	if (there)
		drm_dev_exit(idx);
}

void qxl_surface_evict(struct qxl_bo *bo)
{
	u32 id = xchg(&bo->surface_id, 0);

	if (id)
		evict(bo, id);
}

void qxl_surface_evict_all(struct qxl_device *qdev)
{
	struct qxl_bo *bo;
	u64 since = 0;

	while ((bo = qxl_core_surface_oldest(qdev->core, &since))) {
		dma_resv_lock(bo->tbo.base.resv, NULL);
		qxl_surface_evict(bo);
		dma_resv_unlock(bo->tbo.base.resv);
		qxl_bo_put(bo);
	}
}

/*
 * Brings memory up to date with surface @id, which lies in @bo. When the device
 * is lost, what is in memory is all there is.
 */
static void update_all(struct qxl_bo *bo, u32 id)
{
	struct qxl_rect all = { .x2 = bo->surface.width,
				.y2 = bo->surface.height };

	qxl_core_surface_update(qxl_bo_device(bo)->core, id, &all);
}

/*
 * INVARIANT: moving is eviction too. A surface leaves the host with its contents
 * up to date; its memory is free once the destroy's fence, which the BO
 * carries, has signalled.
 */
void qxl_surface_leave_host(struct qxl_bo *bo)
{
	u32 id;

	dma_resv_assert_held(bo->tbo.base.resv);
	/* Taken once: the free callback, which reserves nothing, may be racing. */
	id = xchg(&bo->surface_id, 0);
	if (!id)
		return;
	update_all(bo, id);
	evict(bo, id);
}

int qxl_surface_update(struct qxl_bo *bo, const struct qxl_rect *area)
{
	return qxl_core_surface_update(qxl_bo_device(bo)->core,
				       READ_ONCE(bo->surface_id), area);
}

/* Primary ------------------------------------------------------------------- */

/*
 * From here on draws on @bo make it a surface like any other. The host still
 * has it as the primary too, but nothing to draw on it.
 */
static void give_up_primary(struct qxl_bo *bo)
{
	dma_resv_lock(bo->tbo.base.resv, NULL);
	update_all(bo, 0);
	bo->primary = false;
	dma_resv_unlock(bo->tbo.base.resv);
}

/* SAFETY: a framebuffer on a plane is pinned and mapped while it is there. */
static int become_primary(struct qxl_bo *bo)
{
	int ret;

	dma_resv_lock(bo->tbo.base.resv, NULL);
	qxl_surface_leave_host(bo);
	ret = qxl_core_adopt_primary(qxl_bo_device(bo)->core, &bo->surface,
				     qxl_ttm_offset(bo->tbo.resource),
				     bo->map.vaddr);
	bo->primary = !ret;
	dma_resv_unlock(bo->tbo.base.resv);
	return ret;
}

int qxl_surface_set_primary(struct qxl_device *qdev, struct qxl_bo *bo,
			    u32 width, u32 height)
{
	struct qxl_bo *old = qdev->primary_bo;
	int ret;

	if (bo && bo == old)
		return 0;
	if (old)
		give_up_primary(old);
	if (bo)
		ret = become_primary(bo);
	else
		ret = qxl_core_set_primary(qdev->core, width, height);
	if (bo && !ret)
		drm_gem_object_get(&bo->tbo.base);
	qdev->primary_bo = ret ? NULL : bo;
	/* Only now: until there was another primary the host had this one. */
	qxl_bo_put(old);
	return ret;
}

void qxl_surface_forget_primary(struct qxl_device *qdev)
{
	struct qxl_bo *old = qdev->primary_bo;

	if (!old)
		return;
	dma_resv_lock(old->tbo.base.resv, NULL);
	old->primary = false;
	dma_resv_unlock(old->tbo.base.resv);
	qdev->primary_bo = NULL;
	qxl_bo_put(old);
}

void qxl_surface_refresh(struct qxl_bo *bo)
{
	u32 id;

	dma_resv_lock(bo->tbo.base.resv, NULL);
	id = READ_ONCE(bo->surface_id);
	if (id || bo->primary)
		update_all(bo, id);
	dma_resv_unlock(bo->tbo.base.resv);
}
