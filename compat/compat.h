/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Differences between the supported kernels. Only this folder looks at
 * LINUX_VERSION_CODE; everything else is written for the newest kernel, in
 * terms of the names below.
 */
#ifndef QXL_COMPAT_H
#define QXL_COMPAT_H

#include <linux/dma-buf.h>
#include <linux/pci.h>
#include <linux/version.h>

#include <drm/drm_drv.h>
#include <drm/drm_edid.h>
#include <drm/drm_file.h>
#include <drm/drm_framebuffer.h>
#include <drm/drm_gem_framebuffer_helper.h>
#include <drm/drm_plane.h>
#include <drm/drm_writeback.h>
#include <drm/ttm/ttm_device.h>
#include <drm/ttm/ttm_placement.h>
#include <drm/ttm/ttm_tt.h>

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
#include <drm/ttm/ttm_bo.h>
#else
#include <drm/ttm/ttm_bo_api.h>
#include <drm/ttm/ttm_bo_driver.h>
#endif

#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 0, 0)
#include <linux/aperture.h>
#else
#include <drm/drm_aperture.h>
#endif

/*
 * A writeback connector that goes with the DRM device. Old kernels want a
 * destroy callback, new ones want none.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 0, 0)
#define QXL_WRITEBACK_CONNECTOR_FUNCS
#else
#define QXL_WRITEBACK_CONNECTOR_FUNCS .destroy = drm_connector_cleanup,
#endif

int qxl_compat_writeback_init(struct drm_device *ddev,
			      struct drm_writeback_connector *writeback,
			      const struct drm_connector_funcs *funcs,
			      struct drm_encoder *encoder, const u32 *formats,
			      int count);

/* The set of new states that atomic callbacks are given. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 0, 0)
#define qxl_atomic_commit drm_atomic_commit
#define qxl_atomic_commit_put drm_atomic_commit_put
#else
#define qxl_atomic_commit drm_atomic_state
#define qxl_atomic_commit_put drm_atomic_state_put
#endif

/* A display mode as mode_valid callbacks of CRTCs get it. */
#define qxl_const_mode const struct drm_display_mode

/* Parameters of drm_mode_config_funcs.fb_create, and passing them on. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 0, 0)
#define QXL_FB_CREATE_PARAMS                            \
	struct drm_device *ddev, struct drm_file *file, \
		const struct drm_format_info *info,     \
		const struct drm_mode_fb_cmd2 *cmd
#define QXL_FB_CREATE_ARGS ddev, file, info, cmd
#else
#define QXL_FB_CREATE_PARAMS                            \
	struct drm_device *ddev, struct drm_file *file, \
		const struct drm_mode_fb_cmd2 *cmd
#define QXL_FB_CREATE_ARGS ddev, file, cmd
#endif

/* drm_driver.date, which old kernels insist on. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 14, 0)
#define QXL_DRIVER_DATE(value)
#else
#define QXL_DRIVER_DATE(value) .date = (value),
#endif

/* PRIME ioctls and mappings, which new kernels provide by themselves. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)
#define QXL_PRIME_DRIVER_OPS
#else
#include <drm/drm_prime.h>
#define QXL_PRIME_DRIVER_OPS                              \
	.prime_handle_to_fd = drm_gem_prime_handle_to_fd, \
	.prime_fd_to_handle = drm_gem_prime_fd_to_handle, \
	.gem_prime_mmap = drm_gem_prime_mmap,
#endif

/* /proc/PID/fdinfo with what a client's objects take, where DRM has it. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 5, 0)
#define QXL_FDINFO_FILE_OPS .show_fdinfo = drm_show_fdinfo,
#define QXL_FDINFO_DRIVER_OPS .show_fdinfo = drm_show_memory_stats,
#else
#define QXL_FDINFO_FILE_OPS
#define QXL_FDINFO_DRIVER_OPS
#endif

/* What drm_panic calls of a primary plane, where the kernel has it. */
#ifdef CONFIG_DRM_PANIC
#define QXL_PANIC_PLANE_FUNCS                       \
	.get_scanout_buffer = qxl_panic_get_buffer, \
	.panic_flush = qxl_panic_show,
#else
#define QXL_PANIC_PLANE_FUNCS
#endif

/* Cursor hotspots as plane properties, for which a driver must sign up. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 8, 0)
#define QXL_DRIVER_CURSOR_HOTSPOT DRIVER_CURSOR_HOTSPOT
#else
#define QXL_DRIVER_CURSOR_HOTSPOT 0
#endif

/* drm_plane_helper_funcs.atomic_async_check, which tells page flips apart. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 0, 0)
#define QXL_ASYNC_CHECK_PARAMS                                              \
	struct drm_plane *plane, struct qxl_atomic_commit *state, bool flip
#else
#define QXL_ASYNC_CHECK_PARAMS                                   \
	struct drm_plane *plane, struct qxl_atomic_commit *state
#endif

static inline int qxl_compat_hotspot_x(const struct drm_plane_state *state)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 8, 0)
	return state->hotspot_x;
#else
	return state->fb->hot_x;
#endif
}

static inline int qxl_compat_hotspot_y(const struct drm_plane_state *state)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 8, 0)
	return state->hotspot_y;
#else
	return state->fb->hot_y;
#endif
}

static inline void qxl_compat_copy_hotspot(struct drm_plane_state *to,
					   const struct drm_plane_state *from)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 8, 0)
	to->hotspot_x = from->hotspot_x;
	to->hotspot_y = from->hotspot_y;
#endif
}

/*
 * The EDID property, what DRM knows of the monitor, and probed modes, from @edid,
 * which may be NULL. How many modes.
 */
static inline int qxl_compat_edid_update(struct drm_connector *connector,
					 const struct drm_edid *edid)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
	int ret = drm_edid_connector_update(connector, edid);

	return ret ? 0 : drm_edid_connector_add_modes(connector);
#else
	return drm_edid_connector_update(connector, edid);
#endif
}

/* Takes the display from whatever firmware driver holds it. */
static inline int qxl_compat_remove_firmware_display(
	struct pci_dev *pdev, const struct drm_driver *driver)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 0, 0)
	return aperture_remove_conflicting_pci_devices(pdev, driver->name);
#else
	return drm_aperture_remove_conflicting_pci_framebuffers(pdev, driver);
#endif
}

static inline int qxl_compat_ttm_device_init(struct ttm_device *ttm,
					     struct ttm_device_funcs *funcs,
					     struct drm_device *ddev)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 0, 0)
	return ttm_device_init(ttm, funcs, ddev->dev,
			       ddev->anon_inode->i_mapping,
			       ddev->vma_offset_manager, 0);
#else
	return ttm_device_init(ttm, funcs, ddev->dev,
			       ddev->anon_inode->i_mapping,
			       ddev->vma_offset_manager, false, false);
#endif
}

/* @place alone, where others are evicted if there is no room. */
static inline struct ttm_placement qxl_compat_placement(
	const struct ttm_place *place)
{
	return (struct ttm_placement){
		.num_placement = 1,
		.placement = place,
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 9, 0)
		.num_busy_placement = 1,
		.busy_placement = place,
#endif
	};
}

/* GEM's vmap and vunmap callbacks, which old kernels call with no reservation. */
static inline void qxl_compat_vmap_begin(struct drm_gem_object *obj)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
	dma_resv_assert_held(obj->resv);
#else
	dma_resv_lock(obj->resv, NULL);
#endif
}

static inline void qxl_compat_vmap_end(struct drm_gem_object *obj)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
	dma_resv_unlock(obj->resv);
#endif
}

/* GEM's pin and unpin callbacks, the same. */
static inline void qxl_compat_pin_begin(struct drm_gem_object *obj)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0)
	dma_resv_assert_held(obj->resv);
#else
	dma_resv_lock(obj->resv, NULL);
#endif
}

static inline void qxl_compat_pin_end(struct drm_gem_object *obj)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 10, 0)
	dma_resv_unlock(obj->resv);
#endif
}

/* Allocates the pages of a BO in system memory. The caller holds its reservation. */
static inline int qxl_compat_ttm_bo_populate(struct ttm_buffer_object *tbo)
{
	struct ttm_operation_ctx ctx = { .interruptible = true };

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 15, 0)
	return ttm_bo_populate(tbo, &ctx);
#else
	return ttm_tt_populate(tbo->bdev, tbo->ttm, &ctx);
#endif
}

/* The namespace of dma-buf's symbols, which has become a string. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
#define QXL_IMPORT_DMA_BUF_NS MODULE_IMPORT_NS("DMA_BUF")
#else
#define QXL_IMPORT_DMA_BUF_NS MODULE_IMPORT_NS(DMA_BUF)
#endif

/*
 * Maps a dma-buf for the kernel, counted. The caller does not hold its
 * reservation: exporters of old kernels take it.
 */
static inline int qxl_compat_dma_buf_vmap(struct dma_buf *dma_buf,
					  struct iosys_map *map)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
	return dma_buf_vmap_unlocked(dma_buf, map);
#else
	return dma_buf_vmap(dma_buf, map);
#endif
}

static inline void qxl_compat_dma_buf_vunmap(struct dma_buf *dma_buf,
					     struct iosys_map *map)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
	dma_buf_vunmap_unlocked(dma_buf, map);
#else
	dma_buf_vunmap(dma_buf, map);
#endif
}

/* Drops the one TTM reference that belongs to the GEM object. */
static inline void qxl_compat_ttm_bo_fini(struct ttm_buffer_object *tbo)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 0, 0)
	ttm_bo_fini(tbo);
#else
	ttm_bo_put(tbo);
#endif
}

#endif
