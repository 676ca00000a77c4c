// SPDX-License-Identifier: GPL-2.0-only
/*
 * GEM: object functions, handles, dumb buffers.
 */
#include <drm/drm_fourcc.h>
#include <drm/drm_gem_ttm_helper.h>
#include <drm/drm_mode.h>
#include <drm/drm_prime.h>
#include <drm/ttm/ttm_tt.h>

#include "qxl_drv.h"

/*
 * The GEM count has reached zero.
 *
 * INVARIANT: free evicts first. (a) unpublish id -> BO and (b) queue the
 * host's destroy, both in qxl_surface_evict(); then (c) drop TTM's reference, or
 * leave that to the destroy's fence, which the BO carries. Memory lives on until
 * it signals in any case.
 */
static void qxl_gem_free(struct drm_gem_object *obj)
{
	struct qxl_bo *bo = gem_to_qxl_bo(obj);

	qxl_surface_evict(bo);
	if (!qxl_closed_keep(bo))
		qxl_compat_ttm_bo_fini(&bo->tbo);
}

/*
 * dma-buf importers read the pages, so they are pinned where pages are, and all
 * are there: a BO that nobody has touched has none yet.
 */
static int qxl_gem_pin(struct drm_gem_object *obj)
{
	struct qxl_bo *bo = gem_to_qxl_bo(obj);
	int ret;

	qxl_compat_pin_begin(obj);
	ret = qxl_bo_validate(bo, QXL_GEM_DOMAIN_CPU);
	if (!ret)
		ret = qxl_compat_ttm_bo_populate(&bo->tbo);
	if (!ret)
		ttm_bo_pin(&bo->tbo);
	qxl_compat_pin_end(obj);
	return ret;
}

static void qxl_gem_unpin(struct drm_gem_object *obj)
{
	qxl_compat_pin_begin(obj);
	qxl_bo_unpin_reserved(gem_to_qxl_bo(obj));
	qxl_compat_pin_end(obj);
}

static struct sg_table *qxl_gem_get_sg_table(struct drm_gem_object *obj)
{
	struct ttm_tt *tt = gem_to_qxl_bo(obj)->tbo.ttm;

	if (!tt || !tt->pages)
		return ERR_PTR(-ENOMEM);
	return drm_prime_pages_to_sg(obj->dev, tt->pages, tt->num_pages);
}

/*
 * Pinned, so that the mapping stays what it is; in system memory, because it
 * may be used when the device is gone.
 */
static int qxl_gem_vmap(struct drm_gem_object *obj, struct iosys_map *map)
{
	struct qxl_bo *bo = gem_to_qxl_bo(obj);
	int ret;

	qxl_compat_vmap_begin(obj);
	ret = qxl_bo_validate(bo, QXL_GEM_DOMAIN_CPU);
	if (!ret)
		ret = qxl_bo_map(bo);
	if (!ret) {
		ttm_bo_pin(&bo->tbo);
		*map = bo->map;
	}
	qxl_compat_vmap_end(obj);
	return ret;
}

static void qxl_gem_vunmap(struct drm_gem_object *obj, struct iosys_map *map)
{
	qxl_compat_vmap_begin(obj);
	qxl_bo_unpin_reserved(gem_to_qxl_bo(obj));
	qxl_compat_vmap_end(obj);
}

const struct drm_gem_object_funcs qxl_gem_funcs = {
	.free = qxl_gem_free,
	.export = qxl_prime_export,
	.pin = qxl_gem_pin,
	.unpin = qxl_gem_unpin,
	.get_sg_table = qxl_gem_get_sg_table,
	.vmap = qxl_gem_vmap,
	.vunmap = qxl_gem_vunmap,
	.mmap = drm_gem_ttm_mmap,
	.print_info = drm_gem_ttm_print_info,
};

/* What else there is to do with it is done with the dma-buf itself. */
const struct drm_gem_object_funcs qxl_gem_imported_funcs = {
	.free = qxl_gem_free,
	.print_info = drm_gem_ttm_print_info,
};

int qxl_gem_create_with_handle(struct qxl_device *qdev, struct drm_file *file,
			       size_t bytes, u32 domain,
			       const struct qxl_surface_desc *surface,
			       u32 *handle)
{
	struct qxl_bo *bo;
	int ret;

	ret = qxl_bo_create(qdev, bytes, domain, surface, &bo);
	if (ret)
		return ret;
	ret = drm_gem_handle_create(file, &bo->tbo.base, handle);
	/* From here another thread may have closed the handle: bo is not ours. */
	qxl_bo_put(bo);
	return ret;
}

int qxl_gem_dumb_create(struct drm_file *file, struct drm_device *ddev,
			struct drm_mode_create_dumb *args)
{
	u64 pitch, size;

	if (args->flags || !args->width || !args->height || !args->bpp)
		return -EINVAL;
	/* Whole bytes a pixel: depths of 15 and 30 bits are asked for as such. */
	pitch = ALIGN(args->width * DIV_ROUND_UP_ULL(args->bpp, 8), 4);
	if (pitch > U32_MAX ||
	    check_mul_overflow(pitch, (u64)args->height, &size))
		return -EINVAL;
	args->pitch = pitch;
	args->size = PAGE_ALIGN(size);
	/* In system memory: the processor draws there, damage is copied out. */
	return qxl_gem_create_with_handle(to_qxl(ddev), file, args->size,
					  QXL_GEM_DOMAIN_CPU, NULL,
					  &args->handle);
}
