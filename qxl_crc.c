// SPDX-License-Identifier: GPL-2.0-only
/*
 * CRCs of what the host shows of a head, for DRM's files in debugfs.
 *
 * Each vblank makes an entry, and numbers it. It stands for all that was
 * committed before that vblank: it is computed soon afterwards, by whoever
 * comes first, the work that the vblank queues or the next commit, which would
 * change the picture. The host draws what it has taken and the pixels are read
 * back, so it is the host's picture that counts; only the pointer, which clients
 * draw, is no part of it.
 */
#include <drm/drm_atomic.h>
#include <drm/drm_debugfs_crc.h>
#include <drm/drm_drv.h>
#include <drm/drm_vblank.h>

#include "qxl_drv.h"

#define QXL_CRC_FAREWELL_MS 10

/* Entries ------------------------------------------------------------------- */

/* The caller has qdev->shown for writing. A lost device has no picture. */
static void add_entry(struct qxl_crtc *head)
{
	struct qxl_core *core = to_qxl(head->base.dev)->core;
	u64 frame = drm_crtc_vblank_count(&head->base);
	struct qxl_rect area = qxl_crtc_area(head);
	u32 crc;

	if (!head->crc.on || !head->head.width || frame == head->crc.frame)
		return;
	head->crc.frame = frame;
	if (!qxl_core_crc_of_primary(core, &area, &crc))
		drm_crtc_add_crc_entry(&head->base, true, frame, &crc);
}

static void crc_work(struct work_struct *work)
{
	struct qxl_crtc *head = container_of(work, struct qxl_crtc, crc.work);
	struct qxl_device *qdev = to_qxl(head->base.dev);
	int idx;

	if (!drm_dev_enter(&qdev->ddev, &idx))
		return;
	down_write(&qdev->shown);
	add_entry(head);
	up_write(&qdev->shown);
	drm_dev_exit(idx);
}

void qxl_crc_vblank(struct qxl_crtc *head)
{
	struct drm_device *ddev = head->base.dev;

	if (READ_ONCE(head->crc.on) && !drm_dev_is_unplugged(ddev))
		queue_work(to_qxl(ddev)->workqueue, &head->crc.work);
}

/* Commits ------------------------------------------------------------------- */

static bool any_on(struct qxl_atomic_commit *state)
{
	struct drm_crtc_state *crtc_state;
	struct drm_crtc *crtc;
	int i;

	for_each_new_crtc_in_state(state, crtc, crtc_state, i)
		if (READ_ONCE(to_qxl_crtc(crtc)->crc.on))
			return true;
	return false;
}

/* Entries that are due, as what they stand for is about to go. */
static void add_entries(struct qxl_atomic_commit *state)
{
	struct drm_crtc_state *crtc_state;
	struct drm_crtc *crtc;
	int i, idx;

	if (!drm_dev_enter(state->dev, &idx))
		return;
	for_each_new_crtc_in_state(state, crtc, crtc_state, i)
		add_entry(to_qxl_crtc(crtc));
	drm_dev_exit(idx);
}

void qxl_crc_commit_begin(struct qxl_atomic_commit *state)
{
	struct qxl_device *qdev = to_qxl(state->dev);

	if (!any_on(state)) {
		down_read(&qdev->shown);
		return;
	}
	down_write(&qdev->shown);
	add_entries(state);
	downgrade_write(&qdev->shown);
}

void qxl_crc_commit_end(struct qxl_atomic_commit *state)
{
	up_read(&to_qxl(state->dev)->shown);
}

/* Opening and closing ------------------------------------------------------- */

/*
 * An open file holds the CRTC, but DRM counts no reference for it. Ours goes
 * when DRM is through with closing, which set_crc_source(NULL) is only a part
 * of: it has then freed the entries, under this lock, and looks at nothing more.
 *
 * INVARIANT: each hold ends once. Work may be queued while it runs, and find what it
 * was queued for done already.
 */
static void release_work(struct work_struct *work)
{
	struct qxl_crtc *head = container_of(to_delayed_work(work),
					     struct qxl_crtc, crc.release_work);
	struct drm_crtc_crc *crc = &head->base.crc;
	bool held, closed;

	spin_lock_irq(&crc->lock);
	held = head->crc.held;
	closed = !crc->entries;
	if (closed)
		head->crc.held = false;
	spin_unlock_irq(&crc->lock);
	if (!held)
		return;
	if (closed)
		qxl_hold_end(to_qxl(head->base.dev));
	else
		qxl_hold_look(&head->crc.release_work, 1);
}

/* The file is open: one that was just closed may have left what is needed. */
static int hold(struct qxl_crtc *head)
{
	struct qxl_device *qdev = to_qxl(head->base.dev);
	struct drm_crtc_crc *crc = &head->base.crc;
	bool held;

	if (!qxl_hold_begin(qdev))
		return -ENODEV;
	spin_lock_irq(&crc->lock);
	held = head->crc.held;
	head->crc.held = true;
	spin_unlock_irq(&crc->lock);
	if (held)
		qxl_hold_end(qdev);
	return 0;
}

/* Returns whether it was on. No entry of before is added after this. */
static bool turn(struct qxl_crtc *head, bool on)
{
	struct qxl_device *qdev = to_qxl(head->base.dev);
	bool was;

	down_write(&qdev->shown);
	was = head->crc.on;
	WRITE_ONCE(head->crc.on, on);
	head->crc.frame = drm_crtc_vblank_count(&head->base);
	up_write(&qdev->shown);
	return was;
}

static int turn_on(struct qxl_crtc *head)
{
	int ret;

	ret = drm_crtc_vblank_get(&head->base);
	if (ret)
		return ret;
	ret = hold(head);
	if (ret)
		drm_crtc_vblank_put(&head->base);
	else
		turn(head, true);
	return ret;
}

static void turn_off(struct qxl_crtc *head)
{
	if (!turn(head, false))
		return;
	drm_crtc_vblank_put(&head->base);
	qxl_hold_look(&head->crc.release_work, 0);
}

/* Sources ------------------------------------------------------------------- */

static const char *const qxl_crc_source_names[] = { "auto" };

const char *const *qxl_crc_sources(struct drm_crtc *crtc, size_t *count)
{
	*count = ARRAY_SIZE(qxl_crc_source_names);
	return qxl_crc_source_names;
}

int qxl_crc_verify_source(struct drm_crtc *crtc, const char *name, size_t *values)
{
	if (name && strcmp(name, qxl_crc_source_names[0]))
		return -EINVAL;
	*values = 1;
	return 0;
}

/* DRM opens a file with a source that was verified, and closes it with none. */
int qxl_crc_set_source(struct drm_crtc *crtc, const char *name)
{
	if (name)
		return turn_on(to_qxl_crtc(crtc));
	turn_off(to_qxl_crtc(crtc));
	return 0;
}

/* Device -------------------------------------------------------------------- */

static bool has_reader_without_entry(struct drm_crtc_crc *crc)
{
	bool without;

	spin_lock_irq(&crc->lock);
	without = crc->entries && crc->head == crc->tail;
	spin_unlock_irq(&crc->lock);
	return without;
}

/*
 * Before a file goes from debugfs, its readers must have come back, and they
 * wait for entries. These have no frame and no value, and are handed out as long
 * as it takes.
 */
static void farewell_work(struct work_struct *work)
{
	struct qxl_device *qdev = container_of(to_delayed_work(work),
					       struct qxl_device, farewell_work);
	u32 i, none = 0;

	for (i = 0; i < qdev->num_heads; i++) {
		struct drm_crtc *crtc = &qdev->heads[i].base;

		if (has_reader_without_entry(&crtc->crc))
			drm_crtc_add_crc_entry(crtc, false, 0, &none);
	}
	schedule_delayed_work(&qdev->farewell_work,
			      msecs_to_jiffies(QXL_CRC_FAREWELL_MS));
}

void qxl_crc_send_off_readers(struct qxl_device *qdev)
{
	schedule_delayed_work(&qdev->farewell_work, 0);
}

void qxl_crc_init(struct qxl_device *qdev)
{
	u32 i;

	init_rwsem(&qdev->shown);
	INIT_DELAYED_WORK(&qdev->farewell_work, farewell_work);
	for (i = 0; i < qdev->num_heads; i++) {
		INIT_WORK(&qdev->heads[i].crc.work, crc_work);
		INIT_DELAYED_WORK(&qdev->heads[i].crc.release_work, release_work);
	}
}

void qxl_crc_fini(struct qxl_device *qdev)
{
	u32 i;

	cancel_delayed_work_sync(&qdev->farewell_work);
	for (i = 0; i < qdev->num_heads; i++)
		cancel_work_sync(&qdev->heads[i].crc.work);
}
