// SPDX-License-Identifier: GPL-2.0-only
/*
 * PRIME: our buffers as dma-bufs for other devices, and theirs as ours.
 *
 * INVARIANT: an imported buffer stays its exporter's. It never moves, is never
 * a surface, and its pages are nobody's here: the processor reads it through
 * the exporter's own mapping. No address of it is asked for, as the device can
 * only see its own memory. The BO is attached to the dma-buf, and holds it,
 * until TTM's last reference is gone, because TTM uses its reservation.
 */
#include <linux/dma-buf.h>
#include <linux/module.h>

#include <drm/drm_prime.h>
#include <drm/drm_print.h>

#include "qxl_drv.h"

QXL_IMPORT_DMA_BUF_NS;

/* Export ---------------------------------------------------------------------- */

/* Who looks with the processor sees what the host drew. */
static int qxl_prime_begin_cpu_access(struct dma_buf *dma_buf,
				      enum dma_data_direction direction)
{
	qxl_surface_refresh(gem_to_qxl_bo(dma_buf->priv));
	return 0;
}

static const struct dma_buf_ops qxl_dma_buf_ops = {
	.attach = drm_gem_map_attach,
	.detach = drm_gem_map_detach,
	.map_dma_buf = drm_gem_map_dma_buf,
	.unmap_dma_buf = drm_gem_unmap_dma_buf,
	.release = drm_gem_dmabuf_release,
	.begin_cpu_access = qxl_prime_begin_cpu_access,
	.mmap = drm_gem_dmabuf_mmap,
	.vmap = drm_gem_dmabuf_vmap,
	.vunmap = drm_gem_dmabuf_vunmap,
};

struct dma_buf *qxl_prime_export(struct drm_gem_object *obj, int flags)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);

	info.ops = &qxl_dma_buf_ops;
	info.size = obj->size;
	info.flags = flags;
	info.priv = obj;
	info.resv = obj->resv;
	return drm_gem_dmabuf_export(obj->dev, &info);
}

/* Import ---------------------------------------------------------------------- */

/* The device's own buffer comes home as the object that it is. */
static struct drm_gem_object *own_object(struct drm_device *ddev,
					 struct dma_buf *dma_buf)
{
	struct drm_gem_object *obj = dma_buf->priv;

	if (dma_buf->ops != &qxl_dma_buf_ops || obj->dev != ddev)
		return NULL;
	drm_gem_object_get(obj);
	return obj;
}

struct drm_gem_object *qxl_prime_import(struct drm_device *ddev,
					struct dma_buf *dma_buf)
{
	struct drm_gem_object *own = own_object(ddev, dma_buf);
	struct dma_buf_attachment *attach;
	struct qxl_bo *bo;
	int ret;

	if (own)
		return own;
	/* Exporters have whole pages; of another one the rest is not used. */
	if (dma_buf->size < PAGE_SIZE)
		return ERR_PTR(-EINVAL);
	attach = dma_buf_attach(dma_buf, ddev->dev);
	if (IS_ERR(attach))
		return ERR_CAST(attach);
	get_dma_buf(dma_buf);
	ret = qxl_bo_create_imported(to_qxl(ddev), attach, &bo);
	return ret ? ERR_PTR(ret) : &bo->tbo.base;
}

void qxl_prime_detach(struct dma_buf_attachment *attach)
{
	struct dma_buf *dma_buf = attach->dmabuf;

	dma_buf_detach(dma_buf, attach);
	dma_buf_put(dma_buf);
}

int qxl_prime_map(struct qxl_bo *bo)
{
	struct dma_buf *dma_buf = bo->tbo.base.import_attach->dmabuf;
	struct iosys_map map;
	bool first;
	int ret;

	ret = dma_buf->ops->vmap ? qxl_compat_dma_buf_vmap(dma_buf, &map) :
				   -EOPNOTSUPP;
	if (ret) {
		drm_dbg_kms(bo->tbo.base.dev,
			    "%s does not let the kernel map its buffer: %d\n",
			    dma_buf->exp_name, ret);
		return ret;
	}
	dma_resv_lock(bo->tbo.base.resv, NULL);
	first = iosys_map_is_null(&bo->map);
	if (first)
		bo->map = map;
	dma_resv_unlock(bo->tbo.base.resv);
	/* The exporter counts: one for each BO is enough. */
	if (!first)
		qxl_compat_dma_buf_vunmap(dma_buf, &map);
	return 0;
}

void qxl_prime_unmap(struct qxl_bo *bo)
{
	if (iosys_map_is_null(&bo->map))
		return;
	qxl_compat_dma_buf_vunmap(bo->tbo.base.import_attach->dmabuf, &bo->map);
	iosys_map_clear(&bo->map);
}
