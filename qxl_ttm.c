// SPDX-License-Identifier: GPL-2.0-only
/*
 * TTM: memory managers, moves, and what faults map.
 */
#include <linux/delay.h>
#include <linux/jiffies.h>

#include <drm/drm_drv.h>
#include <drm/drm_managed.h>
#include <drm/drm_print.h>
#include <drm/ttm/ttm_placement.h>
#include <drm/ttm/ttm_range_manager.h>
#include <drm/ttm/ttm_tt.h>

#include "qxl_drv.h"

/* How long the last users of device memory may take to let go. */
#define QXL_EVICT_TIMEOUT_MS 2000
#define QXL_EVICT_INTERVAL_MS 5

static struct qxl_device *ttm_to_qxl(struct ttm_device *ttm)
{
	return container_of(ttm, struct qxl_device, ttm);
}

static struct ttm_tt *qxl_ttm_tt_create(struct ttm_buffer_object *tbo,
					u32 page_flags)
{
	struct ttm_tt *tt = kzalloc(sizeof(*tt), GFP_KERNEL);

	if (tt && ttm_tt_init(tt, tbo, page_flags, ttm_cached, 0)) {
		kfree(tt);
		return NULL;
	}
	return tt;
}

static void qxl_ttm_tt_destroy(struct ttm_device *ttm, struct ttm_tt *tt)
{
	ttm_tt_fini(tt);
	kfree(tt);
}

static void qxl_ttm_evict_flags(struct ttm_buffer_object *tbo,
				struct ttm_placement *placement)
{
	static const struct ttm_place system = { .mem_type = TTM_PL_SYSTEM };
	struct qxl_bo *bo = to_qxl_bo(tbo);

	if (!READ_ONCE(bo->closed)) {
		*placement = qxl_compat_placement(&system);
		return;
	}
	/* Nobody wants what is in it: TTM waits for the host and moves nothing. */
	qxl_bo_drop_map(bo);
	*placement = (struct ttm_placement){};
}

void *qxl_ttm_device_memory(struct qxl_device *qdev,
			    const struct ttm_resource *mem)
{
	u64 offset = qxl_ttm_offset(mem);

	switch (mem->mem_type) {
	case TTM_PL_VRAM:
		return (u8 *)qdev->res.ram + qdev->layout.vram_offset + offset;
	case TTM_PL_PRIV:
		return (u8 *)qdev->surface_memory + offset;
	default:
		return NULL;
	}
}

static int qxl_ttm_io_mem_reserve(struct ttm_device *ttm,
				  struct ttm_resource *mem)
{
	struct qxl_device *qdev = ttm_to_qxl(ttm);
	u64 offset = qxl_ttm_offset(mem);

	switch (mem->mem_type) {
	case TTM_PL_SYSTEM:
		return 0;
	case TTM_PL_VRAM:
		mem->bus.offset = qdev->res.ram_base +
				  qdev->layout.vram_offset + offset;
		break;
	case TTM_PL_PRIV:
		mem->bus.offset = qdev->res.surface_base + offset;
		break;
	default:
		return -EINVAL;
	}
	mem->bus.addr = qxl_ttm_device_memory(qdev, mem);
	mem->bus.is_iomem = true;
	mem->bus.caching = ttm_write_combined;
	return 0;
}

static int move_contents(struct ttm_buffer_object *tbo,
			 struct ttm_operation_ctx *ctx,
			 struct ttm_resource *new_mem)
{
	struct qxl_bo *bo = to_qxl_bo(tbo);
	int ret;

	if (tbo->resource->mem_type == TTM_PL_PRIV)
		qxl_surface_leave_host(bo);
	ret = ttm_bo_wait_ctx(tbo, ctx);
	if (ret)
		return ret;
	qxl_bo_drop_map(bo);
	return ttm_bo_move_memcpy(tbo, ctx, new_mem);
}

/*
 * The device has been unplugged, so its memory may be anybody's. Pages that it
 * has not yet got are cleared when they are needed.
 */
static int move_without_contents(struct ttm_buffer_object *tbo,
				 struct ttm_operation_ctx *ctx,
				 struct ttm_resource *new_mem)
{
	struct qxl_bo *bo = to_qxl_bo(tbo);
	int ret;

	if (new_mem->mem_type != TTM_PL_SYSTEM)
		return -ENODEV;
	qxl_surface_evict(bo);
	ret = ttm_bo_wait_ctx(tbo, ctx);
	if (ret)
		return ret;
	qxl_bo_drop_map(bo);
	tbo->ttm->page_flags |= TTM_TT_FLAG_ZERO_ALLOC;
	ttm_bo_move_null(tbo, new_mem);
	return 0;
}

static int qxl_ttm_move(struct ttm_buffer_object *tbo, bool evict,
			struct ttm_operation_ctx *ctx,
			struct ttm_resource *new_mem, struct ttm_place *hop)
{
	int idx, ret;

	/* A new BO is among the pages, and has none: what moves it clears it. */
	if (!tbo->resource) {
		if (WARN_ON_ONCE(new_mem->mem_type != TTM_PL_SYSTEM))
			return -EINVAL;
		ttm_bo_move_null(tbo, new_mem);
		return 0;
	}
	if (!drm_dev_enter(tbo->base.dev, &idx))
		return move_without_contents(tbo, ctx, new_mem);
	ret = move_contents(tbo, ctx, new_mem);
	drm_dev_exit(idx);
	return ret;
}

/* The memory goes: with the BO, or out to swap. */
static void qxl_ttm_drop_map(struct ttm_buffer_object *tbo)
{
	qxl_bo_drop_map(to_qxl_bo(tbo));
}

static struct ttm_device_funcs qxl_ttm_funcs = {
	.ttm_tt_create = qxl_ttm_tt_create,
	.ttm_tt_destroy = qxl_ttm_tt_destroy,
	.eviction_valuable = ttm_bo_eviction_valuable,
	.evict_flags = qxl_ttm_evict_flags,
	.move = qxl_ttm_move,
	.io_mem_reserve = qxl_ttm_io_mem_reserve,
	.delete_mem_notify = qxl_ttm_drop_map,
	.swap_notify = qxl_ttm_drop_map,
};

static void qxl_ttm_fini(struct drm_device *ddev, void *unused)
{
	struct qxl_device *qdev = to_qxl(ddev);

	ttm_range_man_fini(&qdev->ttm, TTM_PL_VRAM);
	ttm_range_man_fini(&qdev->ttm, TTM_PL_PRIV);
	ttm_device_fini(&qdev->ttm);
	/* Nobody has the DRM device any more: who still has a BO has leaked it. */
	WARN_ON_ONCE(!list_empty(&qdev->bos));
}

int qxl_ttm_init(struct qxl_device *qdev)
{
	int ret;

	INIT_LIST_HEAD(&qdev->bos);
	ret = drmm_mutex_init(&qdev->ddev, &qdev->bos_lock);
	if (ret)
		return ret;
	ret = qxl_compat_ttm_device_init(&qdev->ttm, &qxl_ttm_funcs, &qdev->ddev);
	if (ret)
		return ret;
	ret = ttm_range_man_init(&qdev->ttm, TTM_PL_VRAM, false,
				 qdev->layout.vram_bytes >> PAGE_SHIFT);
	if (ret)
		goto fini_device;
	ret = ttm_range_man_init(&qdev->ttm, TTM_PL_PRIV, false,
				 qdev->res.surface_bytes >> PAGE_SHIFT);
	if (ret)
		goto fini_vram;
	return drmm_add_action_or_reset(&qdev->ddev, qxl_ttm_fini, NULL);

fini_vram:
	ttm_range_man_fini(&qdev->ttm, TTM_PL_VRAM);
fini_device:
	ttm_device_fini(&qdev->ttm);
	return ret;
}

static int evict_once(struct qxl_device *qdev)
{
	int ret;

	ret = ttm_resource_manager_evict_all(
		&qdev->ttm, ttm_manager_type(&qdev->ttm, TTM_PL_PRIV));
	if (ret)
		return ret;
	return ttm_resource_manager_evict_all(
		&qdev->ttm, ttm_manager_type(&qdev->ttm, TTM_PL_VRAM));
}

static bool holds_nothing(struct qxl_device *qdev)
{
	return !qxl_ttm_used_bytes(qdev, TTM_PL_PRIV) &&
	       !qxl_ttm_used_bytes(qdev, TTM_PL_VRAM);
}

/*
 * TTM passes over what is pinned. What somebody holds right now, or what the end
 * of a commit has not unpinned yet, is let go soon.
 */
int qxl_ttm_evict_all(struct qxl_device *qdev)
{
	unsigned long deadline = jiffies + msecs_to_jiffies(QXL_EVICT_TIMEOUT_MS);

	for (;;) {
		bool late = time_after(jiffies, deadline);
		int ret = evict_once(qdev);

		if (!ret && holds_nothing(qdev))
			return 0;
		if (late)
			return ret ? ret : -EBUSY;
		msleep(QXL_EVICT_INTERVAL_MS);
	}
}

/*
 * INVARIANT: no BO lies in the memory of a device that is gone. None gets there
 * any more, as moves do not enter.
 */
void qxl_ttm_abandon(struct qxl_device *qdev)
{
	if (qxl_ttm_evict_all(qdev))
		drm_warn(&qdev->ddev, "memory of the device is still in use\n");
}

u64 qxl_ttm_used_bytes(struct qxl_device *qdev, u32 mem_type)
{
	return ttm_resource_manager_usage(ttm_manager_type(&qdev->ttm, mem_type));
}

u64 qxl_ttm_size_bytes(struct qxl_device *qdev, u32 domain)
{
	switch (domain) {
	case QXL_GEM_DOMAIN_VRAM:
		return qdev->layout.vram_bytes;
	case QXL_GEM_DOMAIN_SURFACE:
		return qdev->res.surface_bytes;
	default:
		return (u64)totalram_pages() << PAGE_SHIFT;
	}
}
