/* SPDX-License-Identifier: GPL-2.0-only */
/* The console: each kernel's own fbdev client. */
#ifndef QXL_COMPAT_FBDEV_H
#define QXL_COMPAT_FBDEV_H

#include <linux/version.h>

#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 0, 0)
#include <drm/clients/drm_client_setup.h>
#include <drm/drm_fbdev_ttm.h>
#define QXL_FBDEV_DRIVER_OPS DRM_FBDEV_TTM_DRIVER_OPS,
#elif LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0)
#include <drm/drm_fbdev_ttm.h>
#define QXL_FBDEV_DRIVER_OPS
#else
#include <drm/drm_fb_helper.h>
#define QXL_FBDEV_DRIVER_OPS
#endif

static inline void qxl_compat_fbdev_setup(struct drm_device *ddev)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 0, 0)
	drm_client_setup(ddev, NULL);
#elif LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0)
	drm_fbdev_ttm_setup(ddev, 32);
#else
	drm_fbdev_generic_setup(ddev, 32);
#endif
}

#endif
