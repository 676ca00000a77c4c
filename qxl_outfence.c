// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fences that commits give out (OUT_FENCE_PTR, WRITEBACK_OUT_FENCE_PTR). They
 * are DRM's, and use lock and name of the CRTC or the writeback connector that
 * they came from, for as long as they exist, but hold no reference to it: a sync
 * file may outlive the device and the driver's last file.
 *
 * So each fence that is given out is remembered, with a reference of our own, until
 * that is the only one. A file that is open keeps device and module. When it is
 * closed, the fences that others still have become orphans, for which qxl_hold.c
 * keeps both.
 *
 * INVARIANT: a fence that somebody else has is remembered; and a file is open, or
 * it is an orphan, which is held for.
 */
#include <linux/dma-fence.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include <drm/drm_atomic.h>
#include <drm/drm_managed.h>
#include <drm/drm_print.h>
#include <drm/drm_vblank.h>
#include <drm/drm_writeback.h>

#include "qxl_drv.h"

/*
 * How many are looked at for each that is added. More than one, so that those of
 * which nobody else has any are found faster than they come; and no more than
 * that, as a client may have as many fences as it may have files.
 */
#define QXL_LOOK_AT 4

/* Most fences go when their owner exits, some milliseconds after the card. */
#define QXL_FIRST_LOOK 1
#define QXL_LAST_LOOK (HZ / 4)

struct out_fence {
	struct list_head link;
	struct dma_fence *fence; /* counted */
};

/* Forgetting ------------------------------------------------------------------ */

static bool is_ours_alone(const struct out_fence *out)
{
	return kref_read(&out->fence->refcount) == 1;
}

static void forget(struct qxl_out_fences *fences, struct out_fence *out)
{
	WRITE_ONCE(fences->count, fences->count - 1);
	list_del(&out->link);
	dma_fence_put(out->fence);
	kfree(out);
}

/* Of the first @most; those that others have are the last afterwards. */
static void forget_ours(struct qxl_out_fences *fences, struct list_head *list,
			unsigned int most)
{
	struct out_fence *out, *next;
	LIST_HEAD(kept);

	lockdep_assert_held(&fences->lock);
	list_for_each_entry_safe(out, next, list, link) {
		if (!most--)
			break;
		if (is_ours_alone(out))
			forget(fences, out);
		else
			list_move_tail(&out->link, &kept);
	}
	list_splice_tail(&kept, list);
}

/* Remembering ----------------------------------------------------------------- */

static int remember(struct qxl_out_fences *fences, struct dma_fence *fence)
{
	struct out_fence *out = kmalloc(sizeof(*out), GFP_KERNEL_ACCOUNT);

	if (!out)
		return -ENOMEM;
	out->fence = dma_fence_get(fence);
	mutex_lock(&fences->lock);
	forget_ours(fences, &fences->list, QXL_LOOK_AT);
	list_add_tail(&out->link, &fences->list);
	WRITE_ONCE(fences->count, fences->count + 1);
	mutex_unlock(&fences->lock);
	return 0;
}

static int remember_crtcs(struct qxl_out_fences *fences,
			  struct qxl_atomic_commit *state)
{
	struct drm_crtc_state *crtc_state;
	struct drm_crtc *crtc;
	int i, ret;

	for_each_new_crtc_in_state(state, crtc, crtc_state, i) {
		if (!crtc_state->event || !crtc_state->event->base.fence)
			continue;
		ret = remember(fences, crtc_state->event->base.fence);
		if (ret)
			return ret;
	}
	return 0;
}

static int remember_writebacks(struct qxl_out_fences *fences,
			       struct qxl_atomic_commit *state)
{
	struct drm_connector_state *conn_state;
	struct drm_connector *connector;
	int i, ret;

	for_each_new_connector_in_state(state, connector, conn_state, i) {
		if (!conn_state->writeback_job ||
		    !conn_state->writeback_job->out_fence)
			continue;
		ret = remember(fences, conn_state->writeback_job->out_fence);
		if (ret)
			return ret;
	}
	return 0;
}

int qxl_outfence_commit(struct qxl_atomic_commit *state)
{
	struct qxl_out_fences *fences = &to_qxl(state->dev)->out_fences;
	int ret;

	ret = remember_crtcs(fences, state);
	return ret ? ret : remember_writebacks(fences, state);
}

/* Orphans --------------------------------------------------------------------- */

static void look_work(struct work_struct *work)
{
	struct qxl_out_fences *fences = container_of(
		to_delayed_work(work), struct qxl_out_fences, look_work);
	struct qxl_device *qdev = container_of(fences, struct qxl_device,
					       out_fences);
	bool held;

	mutex_lock(&fences->lock);
	forget_ours(fences, &fences->orphans, UINT_MAX);
	held = !list_empty(&fences->orphans);
	fences->held = held;
	if (held) {
		fences->delay = min(fences->delay * 2,
				    (unsigned long)QXL_LAST_LOOK);
		qxl_hold_look(&fences->look_work, fences->delay);
	}
	mutex_unlock(&fences->lock);
	if (!held)
		qxl_hold_end(qdev);
}

/*
 * The file still has its references. A client of the kernel's has none to the
 * module; but such a client gets no fences, and when the module is about to go
 * nobody has any.
 */
void qxl_outfence_postclose(struct drm_device *ddev, struct drm_file *file)
{
	struct qxl_out_fences *fences = &to_qxl(ddev)->out_fences;

	mutex_lock(&fences->lock);
	forget_ours(fences, &fences->list, UINT_MAX);
	list_splice_tail_init(&fences->list, &fences->orphans);
	if (!list_empty(&fences->orphans) && !fences->held &&
	    qxl_hold_begin(to_qxl(ddev))) {
		fences->held = true;
		fences->delay = QXL_FIRST_LOOK;
		qxl_hold_look(&fences->look_work, fences->delay);
	}
	mutex_unlock(&fences->lock);
}

/* Device ---------------------------------------------------------------------- */

/*
 * CRTCs and connectors go after this, and nobody has a fence. But who has read a
 * pointer to one under RCU may still be looking at it.
 */
static void fini(struct drm_device *ddev, void *unused)
{
	struct qxl_out_fences *fences = &to_qxl(ddev)->out_fences;

	drm_WARN_ON(ddev, fences->count);
	synchronize_rcu();
}

int qxl_outfence_init(struct qxl_device *qdev)
{
	struct qxl_out_fences *fences = &qdev->out_fences;

	mutex_init(&fences->lock);
	INIT_LIST_HEAD(&fences->list);
	INIT_LIST_HEAD(&fences->orphans);
	INIT_DELAYED_WORK(&fences->look_work, look_work);
	return drmm_add_action_or_reset(&qdev->ddev, fini, NULL);
}
