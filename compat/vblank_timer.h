/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Vertical blanking paced by a timer: the kernel's own helper where there is
 * one, ours elsewhere.
 */
#ifndef QXL_COMPAT_VBLANK_TIMER_H
#define QXL_COMPAT_VBLANK_TIMER_H

#include <linux/hrtimer.h>
#include <linux/version.h>

#include <drm/drm_crtc.h>

#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 0, 0)
#include <drm/drm_vblank_helper.h>

#define QXL_CRTC_VBLANK_TIMER_FUNCS DRM_CRTC_VBLANK_TIMER_FUNCS
/* Of drm_crtc_helper_funcs, which has it only where the timer is DRM's. */
#define QXL_CRTC_HELPER_VBLANK_FUNCS(function) \
	.handle_vblank_timeout = (function),

struct qxl_vblank_timer {
};

static inline void qxl_vblank_timer_init(struct qxl_vblank_timer *timer,
					 struct drm_crtc *crtc)
{
}

static inline void qxl_vblank_timer_stop(struct qxl_vblank_timer *timer)
{
}

#else

#define QXL_CRTC_VBLANK_TIMER_FUNCS                        \
	.enable_vblank = qxl_vblank_timer_enable,          \
	.disable_vblank = qxl_vblank_timer_disable,        \
	.get_vblank_timestamp = qxl_vblank_timer_timestamp
#define QXL_CRTC_HELPER_VBLANK_FUNCS(function)

/* One CRTC's timer. Blanking happens at epoch + n * period for every n. */
struct qxl_vblank_timer {
	struct hrtimer timer;
	struct drm_crtc *crtc;
	spinlock_t lock; /* innermost; protects what follows */
	ktime_t epoch;
	u64 period_ns; /* 0 until first enabled */
	bool enabled;
};

void qxl_vblank_timer_init(struct qxl_vblank_timer *timer, struct drm_crtc *crtc);
/* Waits until the timer is idle. May sleep; vblank is off. */
void qxl_vblank_timer_stop(struct qxl_vblank_timer *timer);

/* drm_crtc_funcs; the CRTC is a struct qxl_crtc. */
int qxl_vblank_timer_enable(struct drm_crtc *crtc);
void qxl_vblank_timer_disable(struct drm_crtc *crtc);
bool qxl_vblank_timer_timestamp(struct drm_crtc *crtc, int *max_error,
				ktime_t *time, bool in_vblank_irq);

#endif

#endif
