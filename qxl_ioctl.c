// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ioctls of qxl_drm.h.
 */
#include <drm/drm_drv.h>
#include <drm/drm_file.h>

#include "qxl_drv.h"

/* Bits in the device's client capabilities; a u32 index reaches further. */
#define QXL_CLIENT_CAPABILITIES (58 * 8)

static int qxl_ioctl_alloc(struct drm_device *ddev, void *data,
			   struct drm_file *file)
{
	struct drm_qxl_alloc *args = data;

	return qxl_gem_create_with_handle(to_qxl(ddev), file, args->size,
					  QXL_GEM_DOMAIN_VRAM, NULL,
					  &args->handle);
}

static int qxl_ioctl_map(struct drm_device *ddev, void *data,
			 struct drm_file *file)
{
	struct drm_qxl_map *args = data;
	struct qxl_bo *bo;
	int ret;

	bo = qxl_bo_lookup(file, args->handle);
	if (!bo)
		return -ENOENT;
	ret = qxl_bo_place(bo);
	qxl_bo_put(bo);
	if (ret)
		return ret;
	return drm_gem_dumb_map_offset(file, ddev, args->handle, &args->offset);
}

static bool area_inside(const struct drm_qxl_update_area *args,
			const struct qxl_surface_desc *surface)
{
	return args->left < args->right && args->top < args->bottom &&
	       args->right <= surface->width && args->bottom <= surface->height;
}

static int update_area(struct qxl_bo *bo, const struct qxl_rect *area)
{
	struct drm_device *ddev = bo->tbo.base.dev;
	int idx, ret;

	if (!drm_dev_enter(ddev, &idx))
		return -ENODEV;
	ret = ttm_bo_reserve(&bo->tbo, true, false, NULL);
	if (ret)
		goto exit;
	ret = qxl_surface_ensure(bo);
	if (!ret)
		ret = qxl_surface_update(bo, area);
	ttm_bo_unreserve(&bo->tbo);
exit:
	drm_dev_exit(idx);
	return ret;
}

static int qxl_ioctl_update_area(struct drm_device *ddev, void *data,
				 struct drm_file *file)
{
	const struct drm_qxl_update_area *args = data;
	struct qxl_rect area = { .x1 = args->left,
				 .y1 = args->top,
				 .x2 = args->right,
				 .y2 = args->bottom };
	struct qxl_bo *bo;
	int ret;

	bo = qxl_bo_lookup(file, args->handle);
	if (!bo)
		return -ENOENT;
	if (area_inside(args, &bo->surface))
		ret = update_area(bo, &area);
	else
		ret = -EINVAL;
	qxl_bo_put(bo);
	return ret;
}

static int qxl_ioctl_getparam(struct drm_device *ddev, void *data,
			      struct drm_file *file)
{
	struct drm_qxl_getparam *args = data;

	switch (args->param) {
	case QXL_PARAM_NUM_SURFACES:
		args->value = to_qxl(ddev)->rom.n_surfaces;
		return 0;
	case QXL_PARAM_MAX_RELOCS:
		args->value = QXL_MAX_RELOCS;
		return 0;
	default:
		return -EINVAL;
	}
}

static int qxl_ioctl_clientcap(struct drm_device *ddev, void *data,
			       struct drm_file *file)
{
	const struct drm_qxl_clientcap *args = data;
	bool has;
	int idx;

	if (args->index >= QXL_CLIENT_CAPABILITIES)
		return -EINVAL;
	if (!drm_dev_enter(ddev, &idx))
		return -ENODEV;
	has = qxl_core_client_has(to_qxl(ddev)->core, args->index);
	drm_dev_exit(idx);
	return has ? 0 : -ENOSYS;
}

static int qxl_ioctl_alloc_surf(struct drm_device *ddev, void *data,
				struct drm_file *file)
{
	struct drm_qxl_alloc_surf *args = data;
	struct qxl_surface_desc surface = { .format = args->format,
					    .width = args->width,
					    .height = args->height,
					    .stride = args->stride };
	size_t bytes;
	int ret;

	ret = qxl_core_surface_size(&surface, &bytes);
	if (ret)
		return ret;
	/* The kernel's own driver adds a row, and Xorg maps it. */
	bytes += abs((s64)args->stride);
	return qxl_gem_create_with_handle(to_qxl(ddev), file, bytes,
					  QXL_GEM_DOMAIN_SURFACE, &surface,
					  &args->handle);
}

const struct drm_ioctl_desc qxl_ioctls[QXL_NUM_IOCTLS] = {
	DRM_IOCTL_DEF_DRV(QXL_ALLOC, qxl_ioctl_alloc, DRM_AUTH),
	DRM_IOCTL_DEF_DRV(QXL_MAP, qxl_ioctl_map, DRM_AUTH),
	DRM_IOCTL_DEF_DRV(QXL_EXECBUFFER, qxl_ioctl_execbuffer, DRM_AUTH),
	DRM_IOCTL_DEF_DRV(QXL_UPDATE_AREA, qxl_ioctl_update_area, DRM_AUTH),
	DRM_IOCTL_DEF_DRV(QXL_GETPARAM, qxl_ioctl_getparam, DRM_AUTH),
	DRM_IOCTL_DEF_DRV(QXL_CLIENTCAP, qxl_ioctl_clientcap, DRM_AUTH),
	DRM_IOCTL_DEF_DRV(QXL_ALLOC_SURF, qxl_ioctl_alloc_surf, DRM_AUTH),
};
