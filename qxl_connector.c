// SPDX-License-Identifier: GPL-2.0-only
/*
 * Connectors: a monitor is plugged in where the SPICE client wants a head, and
 * prefers the size of the client's window.
 */
#include <drm/drm_atomic_helper.h>
#include <drm/drm_drv.h>
#include <drm/drm_edid.h>
#include <drm/drm_managed.h>
#include <drm/drm_modes.h>
#include <drm/drm_print.h>
#include <drm/drm_probe_helper.h>

#include "qxl_drv.h"

#define QXL_PREFERRED_WIDTH 1024
#define QXL_PREFERRED_HEIGHT 768
#define QXL_REFRESH_HZ 60
#define QXL_LEAST_CLOCK_KHZ 250

static struct qxl_crtc *connector_head(struct drm_connector *connector)
{
	return container_of(connector, struct qxl_crtc, connector);
}

/* What the client wants ----------------------------------------------------- */

/*
 * Sizes are the client's word: what no framebuffer can be becomes a head that is
 * off. Whether any is on.
 */
static bool drop_impossible(struct qxl_head *heads, u32 count)
{
	bool any = false;
	u32 i;

	for (i = 0; i < count; i++) {
		if (heads[i].width > QXL_MAX_SIDE ||
		    heads[i].height > QXL_MAX_SIDE)
			heads[i] = (struct qxl_head){};
		any |= heads[i].width != 0;
	}
	return any;
}

/* Where the client has its windows, for compositors. */
static void suggest_place(struct qxl_crtc *head)
{
	struct drm_mode_config *config = &head->base.dev->mode_config;
	struct drm_mode_object *connector = &head->connector.base;

	drm_object_property_set_value(connector, config->suggested_x_property,
				      head->client.x);
	drm_object_property_set_value(connector, config->suggested_y_property,
				      head->client.y);
}

/* Whether anything is new. */
static bool take_heads(struct qxl_device *qdev, const struct qxl_head *heads)
{
	bool changed = false;
	u32 i;

	mutex_lock(&qdev->ddev.mode_config.mutex);
	for (i = 0; i < qdev->num_heads; i++) {
		struct qxl_crtc *head = &qdev->heads[i];

		if (!memcmp(&head->client, &heads[i], sizeof(heads[i])))
			continue;
		head->client = heads[i];
		suggest_place(head);
		changed = true;
	}
	mutex_unlock(&qdev->ddev.mode_config.mutex);
	return changed;
}

/* A client that says nothing, or wants all heads off, changes nothing. */
static void follow_client(struct qxl_device *qdev)
{
	struct qxl_head heads[QXL_MAX_HEADS];
	u32 wanted;
	int ret;

	ret = qxl_core_client_monitors(qdev->core, heads, qdev->num_heads,
				       &wanted);
	drm_dbg_kms(&qdev->ddev, "the client's monitors: %d\n", ret);
	if (ret || !drop_impossible(heads, qdev->num_heads))
		return;
	if (wanted > qdev->num_heads)
		drm_info_once(
			&qdev->ddev,
			"the client wants %u heads: load qxl with num_heads=%u\n",
			wanted, wanted);
	if (!take_heads(qdev, heads))
		return;
	/* The CRTC drops modes that memory does not hold: this says why. */
	qxl_layout_check_heads(qdev, heads);
	drm_kms_helper_hotplug_event(&qdev->ddev);
}

static void client_work(struct work_struct *work)
{
	struct qxl_device *qdev = container_of(work, struct qxl_device,
					       client_work);
	int idx;

	if (!READ_ONCE(qdev->client_followed) ||
	    !drm_dev_enter(&qdev->ddev, &idx))
		return;
	follow_client(qdev);
	drm_dev_exit(idx);
}

void qxl_connector_client_changed(struct qxl_device *qdev)
{
	/* Pairs with the release below: connectors and the work are there. */
	if (smp_load_acquire(&qdev->client_followed))
		schedule_work(&qdev->client_work);
}

/* What came before, the list says as well. */
void qxl_connector_follow_client(struct qxl_device *qdev)
{
	/* Pairs with the interrupt's acquire above. */
	smp_store_release(&qdev->client_followed, true);
	schedule_work(&qdev->client_work);
	flush_work(&qdev->client_work);
}

void qxl_connector_init_work(struct qxl_device *qdev)
{
	INIT_WORK(&qdev->client_work, client_work);
}

void qxl_connector_ignore_client(struct qxl_device *qdev)
{
	/* One that is queued after the flag was read does nothing. */
	WRITE_ONCE(qdev->client_followed, false);
	cancel_work_sync(&qdev->client_work);
}

/* Connectors ---------------------------------------------------------------- */

static bool client_has_spoken(struct qxl_device *qdev)
{
	u32 i;

	for (i = 0; i < qdev->num_heads; i++)
		if (qdev->heads[i].client.width)
			return true;
	return false;
}

/* While nobody has said anything there is one monitor. */
static int qxl_connector_detect(struct drm_connector *connector,
				struct drm_modeset_acquire_ctx *ctx, bool force)
{
	struct qxl_device *qdev = to_qxl(connector->dev);
	struct qxl_crtc *head = connector_head(connector);
	bool plugged = client_has_spoken(qdev) ? head->client.width :
						 head == qdev->heads;

	return plugged ? connector_status_connected :
			 connector_status_disconnected;
}

/* The very size, which CVT would round to blocks of eight; the caller's. */
static struct drm_display_mode *wanted_mode(const struct qxl_crtc *head)
{
	u32 width = head->client.width ? head->client.width :
					 QXL_PREFERRED_WIDTH;
	u32 height = head->client.width ? head->client.height :
					  QXL_PREFERRED_HEIGHT;
	struct drm_display_mode *mode;

	mode = drm_cvt_mode(head->connector.dev, width, height, QXL_REFRESH_HZ,
			    true, false, false);
	if (!mode)
		return NULL;
	mode->hdisplay = width;
	/* As the EDID counts it; CVT leaves none at all for a few pixels. */
	mode->clock = max(rounddown(mode->clock, 10), QXL_LEAST_CLOCK_KHZ);
	drm_mode_set_name(mode);
	return mode;
}

/*
 * What the client wants is the one preferred mode, unless somebody has given the
 * connector an EDID that says otherwise. And all the standard ones: the CRTC
 * refuses what memory cannot hold.
 */
static int qxl_connector_get_modes(struct drm_connector *connector)
{
	struct qxl_crtc *head = connector_head(connector);
	struct drm_display_mode *wanted = wanted_mode(head);
	bool own_edid;
	int count;

	if (!wanted)
		return 0;
	count = qxl_edid_update(head, wanted, &own_edid);
	if (own_edid)
		wanted->type |= DRM_MODE_TYPE_PREFERRED;
	drm_mode_probed_add(connector, wanted);
	return count + 1 +
	       drm_add_modes_noedid(connector, QXL_MAX_SIDE, QXL_MAX_SIDE);
}

static const struct drm_connector_helper_funcs qxl_connector_helper_funcs = {
	.get_modes = qxl_connector_get_modes,
	.detect_ctx = qxl_connector_detect,
};

static const struct drm_connector_funcs qxl_connector_funcs = {
	.fill_modes = drm_helper_probe_single_connector_modes,
	.reset = drm_atomic_helper_connector_reset,
	.atomic_duplicate_state = drm_atomic_helper_connector_duplicate_state,
	.atomic_destroy_state = drm_atomic_helper_connector_destroy_state,
};

static void attach_properties(struct qxl_device *qdev, struct qxl_crtc *head)
{
	struct drm_mode_config *config = &qdev->ddev.mode_config;
	struct drm_mode_object *connector = &head->connector.base;

	drm_connector_attach_edid_property(&head->connector);
	drm_object_attach_property(connector, qdev->hotplug_mode_update, 0);
	drm_object_attach_property(connector, config->suggested_x_property, 0);
	drm_object_attach_property(connector, config->suggested_y_property, 0);
}

int qxl_connector_init(struct qxl_device *qdev, struct qxl_crtc *head)
{
	struct drm_device *ddev = &qdev->ddev;
	int ret;

	ret = drmm_encoder_init(ddev, &head->encoder, NULL,
				DRM_MODE_ENCODER_VIRTUAL, NULL);
	if (ret)
		return ret;
	head->encoder.possible_crtcs = drm_crtc_mask(&head->base);
	ret = drmm_connector_init(ddev, &head->connector, &qxl_connector_funcs,
				  DRM_MODE_CONNECTOR_VIRTUAL, NULL);
	if (ret)
		return ret;
	drm_connector_helper_add(&head->connector, &qxl_connector_helper_funcs);
	attach_properties(qdev, head);
	return drm_connector_attach_encoder(&head->connector, &head->encoder);
}

int qxl_connector_create_properties(struct qxl_device *qdev)
{
	int ret;

	ret = drm_mode_create_suggested_offset_properties(&qdev->ddev);
	if (ret)
		return ret;
	/* By its name compositors know that the preferred mode is to be followed. */
	qdev->hotplug_mode_update =
		drm_property_create_range(&qdev->ddev, DRM_MODE_PROP_IMMUTABLE,
					  "hotplug_mode_update", 0, 1);
	return qdev->hotplug_mode_update ? 0 : -ENOMEM;
}
