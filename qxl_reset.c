// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bringing a lost device back: it stopped answering, or reported a guest bug.
 */
#include <linux/interrupt.h>
#include <linux/ratelimit.h>

#include <drm/drm_atomic.h>
#include <drm/drm_atomic_helper.h>
#include <drm/drm_drv.h>
#include <drm/drm_modeset_lock.h>
#include <drm/drm_print.h>

#include "qxl_drv.h"

/* A device that needs more resets than this is left alone until the period ends. */
#define QXL_RESETS 3
#define QXL_RESETS_PERIOD_S 60

/* Device and core anew. No BO is a surface of the host after it. */
static int restart(struct qxl_device *qdev)
{
	qxl_core_stop(qdev->core, -EIO);
	/* A guest bug of before, which nobody has in hand now, is no reason for another. */
	synchronize_irq(qdev->irq);
	WRITE_ONCE(qdev->guest_bug, false);
	qxl_surface_evict_all(qdev);
	return qxl_core_start(qdev->core);
}

/* All mode locks are held, so what is set aside is what comes back. */
static int restart_under(struct qxl_device *qdev,
			 struct drm_modeset_acquire_ctx *ctx)
{
	struct qxl_atomic_commit *state;
	int ret, shown;

	state = drm_atomic_helper_duplicate_state(&qdev->ddev, ctx);
	if (IS_ERR(state))
		return PTR_ERR(state);
	ret = drm_atomic_helper_disable_all(&qdev->ddev, ctx);
	if (!ret) {
		ret = restart(qdev);
		shown = drm_atomic_helper_commit_duplicated_state(state, ctx);
		ret = ret ? ret : shown;
	}
	qxl_atomic_commit_put(state);
	return ret;
}

/*
 * Heads off, device and core anew, heads on as they were: the first commit
 * after it draws everything. User space keeps its memory and notices a flicker;
 * what it asks of heads meanwhile waits. (DRM's helpers for suspend are none for
 * this: they count on nobody asking.)
 */
static void reset(struct qxl_device *qdev)
{
	struct drm_device *ddev = &qdev->ddev;
	struct drm_modeset_acquire_ctx ctx;
	int ret;

	DRM_MODESET_LOCK_ALL_BEGIN(ddev, ctx, 0, ret);
	ret = restart_under(qdev, &ctx);
	DRM_MODESET_LOCK_ALL_END(ddev, ctx, ret);
	if (ret)
		drm_err(ddev, "the reset failed: %d\n", ret);
	else if (!qxl_core_is_lost(qdev->core))
		drm_info(ddev, "the device is back after a reset\n");
}

/*
 * Nobody says twice that a device is lost, so a reset that was in vain is tried again
 * here; not at once, as it may have held the mode locks for long.
 */
static void bring_back(struct qxl_device *qdev)
{
	if (__ratelimit(&qdev->resets))
		reset(qdev);
	else
		drm_err(&qdev->ddev,
			"the device is lost again and again: left alone for %u s\n",
			QXL_RESETS_PERIOD_S);
	if (qxl_core_is_lost(qdev->core))
		mod_delayed_work(qdev->workqueue, &qdev->reset_work,
				 QXL_RESETS_PERIOD_S * HZ);
}

static void reset_work(struct work_struct *work)
{
	struct qxl_device *qdev = container_of(to_delayed_work(work),
					       struct qxl_device, reset_work);
	int idx;

	if (!drm_dev_enter(&qdev->ddev, &idx))
		return;
	/* A device that was stopped looks lost. */
	if (READ_ONCE(qdev->resets_allowed) && qxl_core_is_lost(qdev->core))
		bring_back(qdev);
	drm_dev_exit(idx);
}

void qxl_reset_schedule(struct qxl_device *qdev)
{
	/* Lost before allowed is read; below the other way round: one sees both. */
	smp_mb();
	if (READ_ONCE(qdev->resets_allowed))
		mod_delayed_work(qdev->workqueue, &qdev->reset_work, 0);
}

void qxl_reset_allow(struct qxl_device *qdev)
{
	/* Allowed before lost is read. */
	smp_store_mb(qdev->resets_allowed, true);
	if (qxl_core_is_lost(qdev->core))
		qxl_reset_schedule(qdev);
}

void qxl_reset_init(struct qxl_device *qdev)
{
	INIT_DELAYED_WORK(&qdev->reset_work, reset_work);
	ratelimit_state_init(&qdev->resets, QXL_RESETS_PERIOD_S * HZ, QXL_RESETS);
	ratelimit_set_flags(&qdev->resets, RATELIMIT_MSG_ON_RELEASE);
}

void qxl_reset_forbid(struct qxl_device *qdev)
{
	/* One that is queued after the flag was read does nothing. */
	WRITE_ONCE(qdev->resets_allowed, false);
	cancel_delayed_work_sync(&qdev->reset_work);
}
