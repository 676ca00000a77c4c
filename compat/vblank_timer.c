// SPDX-License-Identifier: GPL-2.0-only
#include "compat/vblank_timer.h"

#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 0, 0)

#include <drm/drm_device.h>
#include <drm/drm_vblank.h>

#include "qxl_drv.h"

static struct qxl_vblank_timer *timer_of(struct drm_crtc *crtc)
{
	return &to_qxl_crtc(crtc)->vblank_timer;
}

/* The last blanking at or before now. */
static ktime_t last_blanking(const struct qxl_vblank_timer *timer)
{
	ktime_t now = ktime_get();
	u64 since = ktime_to_ns(ktime_sub(now, timer->epoch));
	u64 rest;

	lockdep_assert_held(&timer->lock);
	div64_u64_rem(since, timer->period_ns, &rest);
	return ktime_sub_ns(now, rest);
}

/*
 * Enabling and disabling come with DRM's vblank_time_lock held, which
 * drm_crtc_handle_vblank() takes: neither may wait for this function. So it
 * looks, under the timer's own lock, whether it is still wanted, and whether
 * somebody has started the timer anew meanwhile.
 */
static enum hrtimer_restart qxl_vblank_timer_fire(struct hrtimer *hrtimer)
{
	struct qxl_vblank_timer *timer =
		container_of(hrtimer, struct qxl_vblank_timer, timer);
	unsigned long flags;
	bool enabled;

	spin_lock_irqsave(&timer->lock, flags);
	enabled = timer->enabled;
	if (enabled && !hrtimer_is_queued(hrtimer))
		hrtimer_forward_now(hrtimer, ns_to_ktime(timer->period_ns));
	spin_unlock_irqrestore(&timer->lock, flags);
	if (!enabled)
		return HRTIMER_NORESTART;
	qxl_crtc_handle_vblank(timer->crtc);
	return HRTIMER_RESTART;
}

void qxl_vblank_timer_init(struct qxl_vblank_timer *timer, struct drm_crtc *crtc)
{
	timer->crtc = crtc;
	spin_lock_init(&timer->lock);
	hrtimer_init(&timer->timer, CLOCK_MONOTONIC, HRTIMER_MODE_ABS);
	timer->timer.function = qxl_vblank_timer_fire;
}

static void set_enabled(struct qxl_vblank_timer *timer, bool enabled)
{
	unsigned long flags;

	spin_lock_irqsave(&timer->lock, flags);
	timer->enabled = enabled;
	spin_unlock_irqrestore(&timer->lock, flags);
}

void qxl_vblank_timer_stop(struct qxl_vblank_timer *timer)
{
	set_enabled(timer, false);
	hrtimer_cancel(&timer->timer);
}

int qxl_vblank_timer_enable(struct drm_crtc *crtc)
{
	struct qxl_vblank_timer *timer = timer_of(crtc);
	u64 period_ns = crtc->dev->vblank[drm_crtc_index(crtc)].framedur_ns;
	unsigned long flags;

	if (!period_ns)
		return -EINVAL;
	spin_lock_irqsave(&timer->lock, flags);
	if (timer->period_ns != period_ns) {
		timer->epoch = ktime_get();
		timer->period_ns = period_ns;
	}
	timer->enabled = true;
	hrtimer_start(&timer->timer,
		      ktime_add_ns(last_blanking(timer), period_ns),
		      HRTIMER_MODE_ABS);
	spin_unlock_irqrestore(&timer->lock, flags);
	return 0;
}

void qxl_vblank_timer_disable(struct drm_crtc *crtc)
{
	struct qxl_vblank_timer *timer = timer_of(crtc);

	set_enabled(timer, false);
	hrtimer_try_to_cancel(&timer->timer);
}

bool qxl_vblank_timer_timestamp(struct drm_crtc *crtc, int *max_error,
				ktime_t *time, bool in_vblank_irq)
{
	struct qxl_vblank_timer *timer = timer_of(crtc);
	unsigned long flags;

	*max_error = 0;
	spin_lock_irqsave(&timer->lock, flags);
	*time = timer->period_ns ? last_blanking(timer) : ktime_get();
	spin_unlock_irqrestore(&timer->lock, flags);
	return true;
}

#endif
