// SPDX-License-Identifier: GPL-2.0-only
/*
 * CRTCs: which modes fit, on and off, and the events of a commit.
 */
#include <drm/drm_atomic.h>
#include <drm/drm_atomic_helper.h>
#include <drm/drm_managed.h>
#include <drm/drm_modes.h>
#include <drm/drm_modeset_helper_vtables.h>
#include <drm/drm_vblank.h>

#include "qxl_drv.h"

/* Blankings come by a timer: not so often that nothing else gets done. */
#define QXL_MIN_FRAME_NS (NSEC_PER_SEC / 1000)
/* DRM counts the time of a frame with 31 bits. */
#define QXL_MAX_FRAME_NS (2 * NSEC_PER_SEC + NSEC_PER_MSEC * 100)

static enum drm_mode_status check_pace(qxl_const_mode *mode)
{
	u64 pixels = (u64)mode->htotal * mode->vtotal;
	u64 frame_ns;

	if (mode->clock <= 0)
		return MODE_CLOCK_LOW;
	frame_ns = div_u64(pixels * NSEC_PER_MSEC, mode->clock);
	if (frame_ns < QXL_MIN_FRAME_NS)
		return MODE_CLOCK_HIGH;
	return frame_ns > QXL_MAX_FRAME_NS ? MODE_CLOCK_LOW : MODE_OK;
}

/* Whether there is such a timing, memory aside. Timings may come from user space. */
static enum drm_mode_status check_timing(qxl_const_mode *mode)
{
	if (mode->flags & DRM_MODE_FLAG_INTERLACE)
		return MODE_NO_INTERLACE;
	if (mode->flags & DRM_MODE_FLAG_DBLSCAN)
		return MODE_NO_DBLESCAN;
	if (mode->vscan > 1)
		return MODE_NO_VSCAN;
	if (mode->flags & DRM_MODE_FLAG_3D_MASK)
		return MODE_NO_STEREO;
	/* DRM counts a frame's pixels in an int. */
	if ((u64)mode->htotal * mode->vtotal > INT_MAX)
		return MODE_BAD_HVALUE;
	return check_pace(mode);
}

struct qxl_rect qxl_crtc_area(const struct qxl_crtc *head)
{
	return (struct qxl_rect){ .x1 = head->head.x,
				  .y1 = head->head.y,
				  .x2 = head->head.x + head->head.width,
				  .y2 = head->head.y + head->head.height };
}

/* The count first: it is the new frame's CRC that is due. */
bool qxl_crtc_handle_vblank(struct drm_crtc *crtc)
{
	bool handled = drm_crtc_handle_vblank(crtc);

	qxl_crc_vblank(to_qxl_crtc(crtc));
	return handled;
}

static enum drm_mode_status qxl_crtc_mode_valid(struct drm_crtc *crtc,
						qxl_const_mode *mode)
{
	struct qxl_device *qdev = to_qxl(crtc->dev);
	enum drm_mode_status status = check_timing(mode);

	if (status != MODE_OK)
		return status;
	return qxl_core_primary_fits(qdev->core, mode->hdisplay, mode->vdisplay) ?
		       MODE_OK :
		       MODE_MEM;
}

static void qxl_crtc_atomic_enable(struct drm_crtc *crtc,
				   struct qxl_atomic_commit *state)
{
	drm_crtc_vblank_on(crtc);
}

/* Sends what the commit owes at once. A CRTC that goes off has no flush. */
static void send_event_now(struct drm_crtc *crtc)
{
	struct drm_pending_vblank_event *event = crtc->state->event;

	if (!event)
		return;
	crtc->state->event = NULL;
	spin_lock_irq(&crtc->dev->event_lock);
	drm_crtc_send_vblank_event(crtc, event);
	spin_unlock_irq(&crtc->dev->event_lock);
}

int qxl_crtc_blank(struct qxl_crtc *head)
{
	struct qxl_device *qdev = to_qxl(head->base.dev);
	struct qxl_rect all = qxl_crtc_area(head);

	return qdev->primary_bo ? 0 : qxl_core_blank(qdev->core, &all);
}

/* A head that is off shows black; the primary is the other heads' too. */
static void qxl_crtc_atomic_disable(struct drm_crtc *crtc,
				    struct qxl_atomic_commit *state)
{
	struct qxl_device *qdev = to_qxl(crtc->dev);
	struct qxl_crtc *head = to_qxl_crtc(crtc);
	int idx;

	drm_crtc_vblank_off(crtc);
	qxl_vblank_timer_stop(&head->vblank_timer);
	if (!crtc->state->active)
		send_event_now(crtc);
	if (!drm_dev_enter(crtc->dev, &idx))
		return;
	if (qxl_core_cursor_hide(qdev->core, drm_crtc_index(crtc)) == -EAGAIN)
		qxl_catchup_schedule(qdev);
	qxl_crtc_blank(head);
	WRITE_ONCE(head->behind, false);
	drm_dev_exit(idx);
}

/* Whether user space asked to be told, by event or by fence. */
static bool event_is_awaited(const struct drm_pending_vblank_event *event)
{
	return event->base.file_priv || event->base.fence;
}

/*
 * What user space waits for comes with the next blanking, so that compositors
 * run at the mode's pace. The event that only keeps commits in order comes at
 * once: a commit nobody asked about must not wait for blanking.
 */
static void qxl_crtc_atomic_flush(struct drm_crtc *crtc,
				  struct qxl_atomic_commit *state)
{
	struct drm_pending_vblank_event *event = crtc->state->event;

	if (!event)
		return;
	crtc->state->event = NULL;
	spin_lock_irq(&crtc->dev->event_lock);
	if (event_is_awaited(event) && !drm_crtc_vblank_get(crtc))
		drm_crtc_arm_vblank_event(crtc, event);
	else
		drm_crtc_send_vblank_event(crtc, event);
	spin_unlock_irq(&crtc->dev->event_lock);
}

static const struct drm_crtc_helper_funcs qxl_crtc_helper_funcs = {
	.mode_valid = qxl_crtc_mode_valid,
	.atomic_enable = qxl_crtc_atomic_enable,
	.atomic_disable = qxl_crtc_atomic_disable,
	.atomic_flush = qxl_crtc_atomic_flush,
	QXL_CRTC_HELPER_VBLANK_FUNCS(qxl_crtc_handle_vblank)
};

static const struct drm_crtc_funcs qxl_crtc_funcs = {
	.set_config = drm_atomic_helper_set_config,
	.page_flip = drm_atomic_helper_page_flip,
	.reset = drm_atomic_helper_crtc_reset,
	.atomic_duplicate_state = drm_atomic_helper_crtc_duplicate_state,
	.atomic_destroy_state = drm_atomic_helper_crtc_destroy_state,
	.get_crc_sources = qxl_crc_sources,
	.verify_crc_source = qxl_crc_verify_source,
	.set_crc_source = qxl_crc_set_source,
	QXL_CRTC_VBLANK_TIMER_FUNCS,
};

int qxl_crtc_init(struct qxl_device *qdev, struct qxl_crtc *head)
{
	struct drm_plane *primary, *cursor;
	int ret;

	primary = qxl_plane_create_primary(qdev);
	if (IS_ERR(primary))
		return PTR_ERR(primary);
	cursor = qxl_plane_create_cursor(qdev);
	if (IS_ERR(cursor))
		return PTR_ERR(cursor);
	ret = drmm_crtc_init_with_planes(&qdev->ddev, &head->base, primary,
					 cursor, &qxl_crtc_funcs, NULL);
	if (ret)
		return ret;
	ret = qxl_color_init(&head->base);
	if (ret)
		return ret;
	drm_crtc_helper_add(&head->base, &qxl_crtc_helper_funcs);
	qxl_vblank_timer_init(&head->vblank_timer, &head->base);
	return 0;
}
