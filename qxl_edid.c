// SPDX-License-Identifier: GPL-2.0-only
/*
 * The EDID of a head's monitor: made by the core from the mode that the head
 * prefers, unless the administrator gives one (debugfs, drm.edid_firmware).
 */
#include <linux/pci.h>

#include <drm/drm_edid.h>
#include <drm/drm_modes.h>

#include "qxl_drv.h"

struct own_edid {
	struct qxl_monitor monitor;
	bool used; /* nobody else has given one */
};

/* The same after a reboot, and another for each head of each device. */
static u32 serial(struct pci_dev *pdev, u32 number)
{
	return (u32)pci_domain_nr(pdev->bus) << 24 | pci_dev_id(pdev) << 8 |
	       number;
}

static struct qxl_timing timing_of(const struct drm_display_mode *mode)
{
	return (struct qxl_timing){
		.clock_khz = mode->clock,
		.hdisplay = mode->hdisplay,
		.hsync_start = mode->hsync_start,
		.hsync_end = mode->hsync_end,
		.htotal = mode->htotal,
		.vdisplay = mode->vdisplay,
		.vsync_start = mode->vsync_start,
		.vsync_end = mode->vsync_end,
		.vtotal = mode->vtotal,
		.hsync_positive = mode->flags & DRM_MODE_FLAG_PHSYNC,
		.vsync_positive = mode->flags & DRM_MODE_FLAG_PVSYNC,
	};
}

/* DRM asks for the block unless it has another EDID. */
static int read_block(void *context, u8 *block, unsigned int number, size_t bytes)
{
	struct own_edid *own = context;

	if (number || bytes != QXL_EDID_BYTES)
		return -EINVAL;
	qxl_core_make_edid(&own->monitor, block);
	own->used = true;
	return 0;
}

/* To the millimetre, and for sizes that the EDID's centimetres do not hold. */
static void set_size(struct drm_display_info *info,
		     const struct drm_display_mode *mode)
{
	info->width_mm = qxl_monitor_mm(mode->hdisplay);
	info->height_mm = qxl_monitor_mm(mode->vdisplay);
}

/* The driver says itself which mode is preferred. */
static void forget_preferred(struct drm_connector *connector)
{
	struct drm_display_mode *mode;

	list_for_each_entry(mode, &connector->probed_modes, head)
		mode->type &= ~DRM_MODE_TYPE_PREFERRED;
}

int qxl_edid_update(struct qxl_crtc *head, const struct drm_display_mode *mode,
		    bool *own_edid)
{
	struct qxl_device *qdev = to_qxl(head->base.dev);
	struct drm_connector *connector = &head->connector;
	u32 number = drm_crtc_index(&head->base) + 1;
	struct own_edid own = {
		.monitor = { .serial = serial(qdev->pdev, number),
			     .number = number,
			     .timing = timing_of(mode) },
	};
	const struct drm_edid *edid;
	int count;

	edid = drm_edid_read_custom(connector, read_block, &own);
	count = qxl_compat_edid_update(connector, edid);
	/* Without memory for one, nobody else has given one either. */
	*own_edid = own.used || !edid;
	drm_edid_free(edid);
	if (*own_edid) {
		set_size(&connector->display_info, mode);
		forget_preferred(connector);
	}
	return count;
}
