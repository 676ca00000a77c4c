// SPDX-License-Identifier: GPL-2.0-only
/*
 * References to the device and the module for those whom DRM lets use both
 * without counting them. Nobody tells when they are through, so work looks from
 * time to time and gives the references back.
 *
 * What such work puts may be the last reference to the module that its own code
 * is in. So it runs on a workqueue of the module's, which unloading waits for.
 */
#include <linux/module.h>

#include <drm/drm_drv.h>

#include "qxl_drv.h"

static struct workqueue_struct *qxl_hold_workqueue;

int qxl_hold_init(void)
{
	qxl_hold_workqueue = alloc_workqueue("qxl_hold", WQ_UNBOUND, 0);
	return qxl_hold_workqueue ? 0 : -ENOMEM;
}

/* SAFETY: without references there is no work but what is just returning. */
void qxl_hold_fini(void)
{
	destroy_workqueue(qxl_hold_workqueue);
}

bool qxl_hold_begin(struct qxl_device *qdev)
{
	if (!try_module_get(THIS_MODULE))
		return false;
	drm_dev_get(&qdev->ddev);
	return true;
}

void qxl_hold_look(struct delayed_work *work, unsigned long delay)
{
	queue_delayed_work(qxl_hold_workqueue, work, delay);
}

void qxl_hold_end(struct qxl_device *qdev)
{
	drm_dev_put(&qdev->ddev);
	module_put(THIS_MODULE);
}
