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

	div64_u64_rem(since, timer->period_ns, &rest);
	return ktime_sub_ns(now, rest);
}

static enum hrtimer_restart qxl_vblank_timer_fire(struct hrtimer *hrtimer)
{
	struct qxl_vblank_timer *timer =
		container_of(hrtimer, struct qxl_vblank_timer, timer);

	/* Cancelling under vblank_time_lock, which the handler takes, could
	 * deadlock; so the handler looks and does not re-arm itself.
	 */
	if (!READ_ONCE(timer->enabled))
		return HRTIMER_NORESTART;
	hrtimer_forward_now(hrtimer, ns_to_ktime(timer->period_ns));
	drm_crtc_handle_vblank(timer->crtc);
	return HRTIMER_RESTART;
}

void qxl_vblank_timer_init(struct qxl_vblank_timer *timer,
			   struct drm_crtc *crtc)
{
	timer->crtc = crtc;
	hrtimer_init(&timer->timer, CLOCK_MONOTONIC, HRTIMER_MODE_ABS);
	timer->timer.function = qxl_vblank_timer_fire;
}

void qxl_vblank_timer_stop(struct qxl_vblank_timer *timer)
{
	WRITE_ONCE(timer->enabled, false);
	hrtimer_cancel(&timer->timer);
}

int qxl_vblank_timer_enable(struct drm_crtc *crtc)
{
	struct qxl_vblank_timer *timer = timer_of(crtc);
	u64 period_ns = crtc->dev->vblank[drm_crtc_index(crtc)].framedur_ns;

	if (!period_ns)
		return -EINVAL;
	/* A handler that saw "disabled" is on its way out: let it. */
	while (hrtimer_try_to_cancel(&timer->timer) < 0)
		cpu_relax();
	if (timer->period_ns != period_ns) {
		timer->epoch = ktime_get();
		timer->period_ns = period_ns;
	}
	WRITE_ONCE(timer->enabled, true);
	hrtimer_start(&timer->timer,
		      ktime_add_ns(last_blanking(timer), period_ns),
		      HRTIMER_MODE_ABS);
	return 0;
}

void qxl_vblank_timer_disable(struct drm_crtc *crtc)
{
	struct qxl_vblank_timer *timer = timer_of(crtc);

	WRITE_ONCE(timer->enabled, false);
	hrtimer_try_to_cancel(&timer->timer);
}

bool qxl_vblank_timer_timestamp(struct drm_crtc *crtc, int *max_error,
				ktime_t *time, bool in_vblank_irq)
{
	struct qxl_vblank_timer *timer = timer_of(crtc);

	*max_error = 0;
	*time = timer->period_ns ? last_blanking(timer) : ktime_get();
	return true;
}

#endif
