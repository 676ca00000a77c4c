// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the host could not be shown. While a SPICE client reads nothing the server
 * takes no commands, for as long as 30 s. Commits do not wait for that: pictures
 * are put off, user space goes on at its pace, and once the host takes commands
 * again it gets what the heads show by then.
 */
#include <drm/drm_atomic_helper.h>
#include <drm/drm_damage_helper.h>
#include <drm/drm_drv.h>
#include <drm/drm_framebuffer.h>

#include "qxl_drv.h"

#define QXL_LOOK_MS 50

/* What @plane shows, counted, or NULL. */
static struct drm_framebuffer *shown_by(struct drm_plane *plane)
{
	struct drm_framebuffer *fb;

	drm_modeset_lock(&plane->mutex, NULL);
	fb = plane->state->fb;
	if (fb)
		drm_framebuffer_get(fb);
	drm_modeset_unlock(&plane->mutex);
	return fb;
}

/* All of the framebuffer, on all heads that show it. */
static void show_again(struct qxl_crtc *head)
{
	struct drm_framebuffer *fb = shown_by(head->base.primary);

	if (!fb)
		return;
	drm_atomic_helper_dirtyfb(fb, NULL, 0, 0, NULL, 0);
	drm_framebuffer_put(fb);
}

/* Whether anything is still to be shown. */
static bool catch_up(struct qxl_device *qdev)
{
	bool behind;
	u32 i;

	behind = qxl_core_cursor_catch_up(qdev->core) == -EAGAIN;
	if (qxl_core_is_stalled(qdev->core))
		return true;
	for (i = 0; i < qdev->num_heads; i++) {
		if (READ_ONCE(qdev->heads[i].behind))
			show_again(&qdev->heads[i]);
		behind |= READ_ONCE(qdev->heads[i].behind);
	}
	return behind;
}

static void catchup_work(struct work_struct *work)
{
	struct qxl_device *qdev = container_of(to_delayed_work(work),
					       struct qxl_device, catchup_work);
	int idx;

	if (!drm_dev_enter(&qdev->ddev, &idx))
		return;
	/* It may be waiting to be asked for what it can give back. */
	qxl_core_flush(qdev->core);
	if (!qxl_core_is_lost(qdev->core) && catch_up(qdev))
		qxl_catchup_schedule(qdev);
	drm_dev_exit(idx);
}

void qxl_catchup_schedule(struct qxl_device *qdev)
{
	if (READ_ONCE(qdev->catchup_allowed))
		queue_delayed_work(qdev->workqueue, &qdev->catchup_work,
				   msecs_to_jiffies(QXL_LOOK_MS));
}

void qxl_catchup_allow(struct qxl_device *qdev)
{
	WRITE_ONCE(qdev->catchup_allowed, true);
}

void qxl_catchup_init(struct qxl_device *qdev)
{
	INIT_DELAYED_WORK(&qdev->catchup_work, catchup_work);
}

void qxl_catchup_forbid(struct qxl_device *qdev)
{
	/* One that is queued after the flag was read finds nothing to do. */
	WRITE_ONCE(qdev->catchup_allowed, false);
	cancel_delayed_work_sync(&qdev->catchup_work);
}
