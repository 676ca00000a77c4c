// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buffer objects: create, find, pin, map.
 *
 * INVARIANT: GEM owns. A reference is a GEM reference; TTM's own one belongs to
 * the GEM object and is dropped once, by the free callback (qxl_gem.c). On 6.x
 * a user mapping holds TTM's count and may outlive GEM's; it can be remapped
 * but never leads back to an object reference.
 */
#include <linux/dma-buf.h>

#include <drm/drm_gem_ttm_helper.h>

#include "qxl_drv.h"

struct qxl_device *qxl_bo_device(struct qxl_bo *bo)
{
	return to_qxl(bo->tbo.base.dev);
}

/*
 * INVARIANT: the list owns nothing. A BO that is on it may have a GEM count of
 * zero, but is there as long as the lock is held.
 */
static void enlist(struct qxl_device *qdev, struct qxl_bo *bo)
{
	mutex_lock(&qdev->bos_lock);
	list_add_tail(&bo->link, &qdev->bos);
	mutex_unlock(&qdev->bos_lock);
}

static void delist(struct qxl_device *qdev, struct qxl_bo *bo)
{
	mutex_lock(&qdev->bos_lock);
	list_del_init(&bo->link);
	mutex_unlock(&qdev->bos_lock);
}

/* TTM's last reference is gone: only memory is left to free. */
static void qxl_bo_destroy(struct ttm_buffer_object *tbo)
{
	struct qxl_bo *bo = to_qxl_bo(tbo);

	/* INVARIANT: free evicts first, so no id leads here any more. */
	WARN_ON_ONCE(READ_ONCE(bo->surface_id));
	WARN_ON_ONCE(READ_ONCE(bo->primary));
	delist(qxl_bo_device(bo), bo);
	if (qxl_bo_is_imported(bo)) {
		qxl_prime_unmap(bo);
		qxl_prime_detach(tbo->base.import_attach);
	}
	WARN_ON_ONCE(!iosys_map_is_null(&bo->map));
	qxl_fence_drop(bo->destroyed);
	drm_gem_object_release(&tbo->base);
	kfree(bo);
}

static u32 domain_to_mem_type(u32 domain)
{
	switch (domain) {
	case QXL_GEM_DOMAIN_VRAM:
		return TTM_PL_VRAM;
	case QXL_GEM_DOMAIN_SURFACE:
		return TTM_PL_PRIV;
	default:
		return TTM_PL_SYSTEM;
	}
}

/* @bytes are whole pages. NULL: no memory. */
static struct qxl_bo *new_bo(struct qxl_device *qdev, size_t bytes, u32 domain,
			     const struct drm_gem_object_funcs *funcs)
{
	struct qxl_bo *bo = kzalloc(sizeof(*bo), GFP_KERNEL);

	if (!bo)
		return NULL;
	INIT_LIST_HEAD(&bo->link);
	bo->domain = domain;
	bo->tbo.base.funcs = funcs;
	drm_gem_private_object_init(&qdev->ddev, &bo->tbo.base, bytes);
	return bo;
}

/*
 * Among the pages, of which there are none yet: TTM gets them when they are
 * needed, and many an object never is. Leaves @bo reserved: @resv, if given, is
 * held by the caller and stays so. On failure TTM calls qxl_bo_destroy(), sooner
 * or later.
 */
static int init_reserved(struct qxl_bo *bo, enum ttm_bo_type type,
			 struct dma_resv *resv)
{
	struct ttm_place place = { .mem_type = TTM_PL_SYSTEM };
	struct ttm_placement placement = qxl_compat_placement(&place);
	struct ttm_operation_ctx ctx = { .interruptible = true };

	return ttm_bo_init_reserved(&qxl_bo_device(bo)->ttm, &bo->tbo, type,
				    &placement, 0, &ctx, NULL, resv,
				    qxl_bo_destroy);
}

int qxl_bo_create(struct qxl_device *qdev, size_t bytes, u32 domain,
		  const struct qxl_surface_desc *surface, struct qxl_bo **out)
{
	struct qxl_bo *bo;
	int ret;

	if (!bytes)
		return -EINVAL;
	/* Asking TTM would evict everything first. */
	if (bytes > qxl_ttm_size_bytes(qdev, domain))
		return -ENOMEM;
	bo = new_bo(qdev, PAGE_ALIGN(bytes), domain, &qxl_gem_funcs);
	if (!bo)
		return -ENOMEM;
	if (surface)
		bo->surface = *surface;
	ret = init_reserved(bo, ttm_bo_type_device, NULL);
	if (ret)
		return ret;
	ttm_bo_unreserve(&bo->tbo);
	/* Not before: TTM expects nobody else to try the reservation. */
	enlist(qdev, bo);
	*out = bo;
	return 0;
}

int qxl_bo_create_imported(struct qxl_device *qdev,
			   struct dma_buf_attachment *attach,
			   struct qxl_bo **out)
{
	struct dma_resv *resv = attach->dmabuf->resv;
	struct qxl_bo *bo;
	int ret;

	bo = new_bo(qdev, round_down(attach->dmabuf->size, PAGE_SIZE),
		    QXL_GEM_DOMAIN_CPU, &qxl_gem_imported_funcs);
	if (!bo) {
		qxl_prime_detach(attach);
		return -ENOMEM;
	}
	bo->tbo.base.import_attach = attach;
	dma_resv_lock(resv, NULL);
	ret = init_reserved(bo, ttm_bo_type_sg, resv);
	dma_resv_unlock(resv);
	if (ret)
		return ret;
	enlist(qdev, bo);
	*out = bo;
	return 0;
}

struct qxl_bo *qxl_bo_lookup(struct drm_file *file, u32 handle)
{
	struct drm_gem_object *obj = drm_gem_object_lookup(file, handle);

	return obj ? gem_to_qxl_bo(obj) : NULL;
}

int qxl_bo_validate(struct qxl_bo *bo, u32 domain)
{
	struct ttm_place place = { .mem_type = domain_to_mem_type(domain) };
	struct ttm_placement placement = qxl_compat_placement(&place);
	struct ttm_operation_ctx ctx = { .interruptible = true };

	dma_resv_assert_held(bo->tbo.base.resv);
	if (qxl_bo_is_imported(bo))
		return domain == QXL_GEM_DOMAIN_CPU ? 0 : -EINVAL;
	bo->placed = true;
	if (bo->tbo.pin_count)
		return bo->tbo.resource->mem_type == place.mem_type ? 0 : -EBUSY;
	return ttm_bo_validate(&bo->tbo, &placement, &ctx);
}

int qxl_bo_place(struct qxl_bo *bo)
{
	int ret;

	ret = ttm_bo_reserve(&bo->tbo, true, false, NULL);
	if (ret)
		return ret;
	if (!bo->placed && !qxl_bo_is_imported(bo))
		ret = qxl_bo_validate(bo, bo->domain);
	ttm_bo_unreserve(&bo->tbo);
	return ret == -EINTR || ret == -ERESTARTSYS ? ret : 0;
}

/*
 * The device's memory is mapped anyway. TTM would hand out a part of that mapping,
 * but forgets that it did when user space's mapping goes (ttm_mem_io_free()
 * counts nothing), and then unmaps the whole.
 */
static void *device_memory(struct qxl_bo *bo)
{
	return bo->tbo.resource ? qxl_ttm_device_memory(qxl_bo_device(bo),
							bo->tbo.resource) :
				  NULL;
}

int qxl_bo_map(struct qxl_bo *bo)
{
	void *memory = device_memory(bo);

	dma_resv_assert_held(bo->tbo.base.resv);
	if (!iosys_map_is_null(&bo->map))
		return 0;
	if (WARN_ON_ONCE(qxl_bo_is_imported(bo)))
		return -EINVAL;
	if (!memory)
		return ttm_bo_vmap(&bo->tbo, &bo->map);
	iosys_map_set_vaddr_iomem(&bo->map, (void __iomem *)memory);
	return 0;
}

void qxl_bo_drop_map(struct qxl_bo *bo)
{
	/* An exporter's mapping goes with the object, see qxl_bo_destroy(). */
	if (iosys_map_is_null(&bo->map) || qxl_bo_is_imported(bo))
		return;
	if (!device_memory(bo))
		ttm_bo_vunmap(&bo->tbo, &bo->map);
	iosys_map_clear(&bo->map);
}

int qxl_bo_pin_mapped(struct qxl_bo *bo, u32 domain)
{
	int ret;

	ret = ttm_bo_reserve(&bo->tbo, true, false, NULL);
	if (ret)
		return ret;
	ret = qxl_bo_validate(bo, domain);
	if (!ret)
		ret = qxl_bo_map(bo);
	if (!ret)
		ttm_bo_pin(&bo->tbo);
	ttm_bo_unreserve(&bo->tbo);
	return ret;
}

void qxl_bo_unpin(struct qxl_bo *bo)
{
	/* Not interruptible: a pin must not outlive its user. */
	dma_resv_lock(bo->tbo.base.resv, NULL);
	qxl_bo_unpin_reserved(bo);
	dma_resv_unlock(bo->tbo.base.resv);
}

/* TTM leaves it where pinned BOs are kept, out of eviction's sight, until told. */
void qxl_bo_unpin_reserved(struct qxl_bo *bo)
{
	dma_resv_assert_held(bo->tbo.base.resv);
	ttm_bo_unpin(&bo->tbo);
	ttm_bo_move_to_lru_tail_unlocked(&bo->tbo);
}
