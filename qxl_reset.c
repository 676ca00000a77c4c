// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bringing a lost device back: it stopped answering, or reported a guest bug.
 */
#include <linux/ratelimit.h>

#include <drm/drm_drv.h>
#include <drm/drm_modeset_helper.h>
#include <drm/drm_print.h>

#include "qxl_drv.h"

/* A device that needs more resets than this is better left alone. */
#define QXL_RESETS 3
#define QXL_RESETS_PERIOD (60 * HZ)

/*
 * Heads off, device and core anew, heads on as they were: the first commit
 * after it draws everything. User space keeps its memory and notices a flicker.
 */
static void reset(struct qxl_device *qdev)
{
	int ret;

	if (drm_mode_config_helper_suspend(&qdev->ddev)) {
		drm_err(&qdev->ddev, "heads did not go off: no reset\n");
		return;
	}
	qxl_core_stop(qdev->core, -EIO);
	qxl_surface_evict_all(qdev);
	ret = qxl_reset_revive(qdev);
	if (ret)
		drm_err(&qdev->ddev, "the reset failed: %d\n", ret);
	else
		drm_info(&qdev->ddev, "the device is back after a reset\n");
}

int qxl_reset_revive(struct qxl_device *qdev)
{
	int started = qxl_core_start(qdev->core);
	/* In any case, or DRM would keep what it has set aside. */
	int ret = drm_mode_config_helper_resume(&qdev->ddev);

	return started ? started : ret;
}

static void reset_work(struct work_struct *work)
{
	static DEFINE_RATELIMIT_STATE(limit, QXL_RESETS_PERIOD, QXL_RESETS);
	struct qxl_device *qdev = container_of(work, struct qxl_device,
					       reset_work);
	int idx;

	if (!drm_dev_enter(&qdev->ddev, &idx))
		return;
	/* A device that was stopped looks lost. */
	if (!READ_ONCE(qdev->resets_allowed) || !qxl_core_is_lost(qdev->core))
		goto exit;
	if (__ratelimit(&limit))
		reset(qdev);
	else
		drm_err_once(
			&qdev->ddev,
			"the device is lost again and again: reload the driver\n");
exit:
	drm_dev_exit(idx);
}

void qxl_reset_schedule(struct qxl_device *qdev)
{
	if (READ_ONCE(qdev->resets_allowed))
		queue_work(qdev->workqueue, &qdev->reset_work);
}

void qxl_reset_allow(struct qxl_device *qdev)
{
	WRITE_ONCE(qdev->resets_allowed, true);
	if (qxl_core_is_lost(qdev->core))
		qxl_reset_schedule(qdev);
}

void qxl_reset_init(struct qxl_device *qdev)
{
	INIT_WORK(&qdev->reset_work, reset_work);
}

void qxl_reset_forbid(struct qxl_device *qdev)
{
	/* One that is queued after the flag was read does nothing. */
	WRITE_ONCE(qdev->resets_allowed, false);
	cancel_work_sync(&qdev->reset_work);
}
