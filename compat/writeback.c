// SPDX-License-Identifier: GPL-2.0-only
#include <drm/drm_connector.h>
#include <drm/drm_managed.h>

#include "compat/compat.h"

#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 0, 0)

int qxl_compat_writeback_init(struct drm_device *ddev,
			      struct drm_writeback_connector *writeback,
			      const struct drm_connector_funcs *funcs,
			      struct drm_encoder *encoder, const u32 *formats,
			      int count)
{
	return drmm_writeback_connector_init(ddev, writeback, funcs, encoder,
					     formats, count);
}

#else

static void cleanup(struct drm_device *ddev, void *connector)
{
	drm_connector_cleanup(connector);
}

int qxl_compat_writeback_init(struct drm_device *ddev,
			      struct drm_writeback_connector *writeback,
			      const struct drm_connector_funcs *funcs,
			      struct drm_encoder *encoder, const u32 *formats,
			      int count)
{
	int ret;

	ret = drm_writeback_connector_init_with_encoder(ddev, writeback, encoder,
							funcs, formats, count);
	if (ret)
		return ret;
	return drmm_add_action_or_reset(ddev, cleanup, &writeback->base);
}

#endif
