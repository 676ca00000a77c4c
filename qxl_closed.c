// SPDX-License-Identifier: GPL-2.0-only
/*
 * Surfaces that nobody has any more, but for the host, which is about to destroy
 * them. TTM would have a thread wait for each; here the host's release is what
 * drops TTM's reference, for as many at a time as come back together.
 */
#include <linux/jiffies.h>

#include "qxl_drv.h"

/* How long small ones may be in the host's current bunch of releases. */
#define QXL_CLOSED_DELAY_MS 100
/*
 * What is small is no larger than this part of surface memory: a bunch, which is 32
 * releases, then has an eighth of it.
 */
#define QXL_CLOSED_SMALL 256

/*
 * Else TTM is moving it, or somebody has it mapped: on 6.x mappings count for TTM,
 * and what they show must not go when room is made.
 */
static bool is_ttms_only(struct qxl_bo *bo)
{
	return kref_read(&bo->tbo.kref) == 1;
}

bool qxl_closed_keep(struct qxl_bo *bo)
{
	struct qxl_device *qdev = qxl_bo_device(bo);
	bool small = bo->tbo.base.size <=
		     qdev->res.surface_bytes / QXL_CLOSED_SMALL;

	if (!bo->destroyed || !is_ttms_only(bo))
		return false;
	WRITE_ONCE(bo->closed, true);
	return qxl_fence_keep_closed(
		bo->destroyed, bo,
		small ? msecs_to_jiffies(QXL_CLOSED_DELAY_MS) : 0);
}

void qxl_closed_release(struct qxl_device *qdev, struct qxl_bo *bo)
{
	if (llist_add(&bo->closed_link, &qdev->closed))
		queue_work(qdev->workqueue, &qdev->closed_work);
}

static void closed_work(struct work_struct *work)
{
	struct qxl_device *qdev = container_of(work, struct qxl_device,
					       closed_work);
	struct qxl_bo *bo, *next;

	llist_for_each_entry_safe(bo, next, llist_del_all(&qdev->closed),
				  closed_link)
		qxl_compat_ttm_bo_fini(&bo->tbo);
}

void qxl_closed_init(struct qxl_device *qdev)
{
	init_llist_head(&qdev->closed);
	INIT_WORK(&qdev->closed_work, closed_work);
}
