// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cursor planes: the pointer on a head.
 */
#include <drm/drm_atomic.h>
#include <drm/drm_atomic_helper.h>
#include <drm/drm_fourcc.h>
#include <drm/drm_framebuffer.h>
#include <drm/drm_modeset_helper_vtables.h>

#include "qxl_drv.h"

static const u32 qxl_cursor_formats[] = { DRM_FORMAT_ARGB8888 };

static int qxl_cursor_atomic_check(struct drm_plane *plane,
				   struct qxl_atomic_commit *state)
{
	struct drm_plane_state *plane_state =
		drm_atomic_get_new_plane_state(state, plane);

	if (plane_state->crtc && (plane_state->crtc_w > QXL_CURSOR_MAX ||
				  plane_state->crtc_h > QXL_CURSOR_MAX))
		return -EINVAL;
	return qxl_scanout_check(state, plane_state, true);
}

static struct qxl_cursor_image cursor_image(const struct qxl_crtc *head,
					    const struct drm_plane_state *state)
{
	const struct drm_framebuffer *fb = state->fb;
	const u8 *pixels = qxl_scanout_pixels(fb);

	return (struct qxl_cursor_image){
		.pixels = pixels + (state->src_y >> 16) * fb->pitches[0] +
			  (state->src_x >> 16) * 4,
		.lut = qxl_color_lut(head),
		.pitch = fb->pitches[0],
		.width = state->crtc_w,
		.height = state->crtc_h,
		.hot_x = clamp_t(int, qxl_compat_hotspot_x(state), 0,
				 (int)state->crtc_w - 1),
		.hot_y = clamp_t(int, qxl_compat_hotspot_y(state), 0,
				 (int)state->crtc_h - 1),
	};
}

static bool same_image(const struct drm_plane_state *a,
		       const struct drm_plane_state *b)
{
	return a->visible && a->fb == b->fb && a->src_x == b->src_x &&
	       a->src_y == b->src_y && a->crtc_w == b->crtc_w &&
	       a->crtc_h == b->crtc_h &&
	       qxl_compat_hotspot_x(a) == qxl_compat_hotspot_x(b) &&
	       qxl_compat_hotspot_y(a) == qxl_compat_hotspot_y(b);
}

/*
 * The host's pointer is where its hotspot is. The host forgets the shape with
 * the primary, and a head's gamma changes it.
 */
static int show_cursor(struct qxl_crtc *head,
		       const struct drm_plane_state *old_state,
		       const struct drm_plane_state *new_state)
{
	struct qxl_core *core = to_qxl(head->base.dev)->core;
	struct qxl_cursor_image image = cursor_image(head, new_state);
	int x = (int)head->head.x + new_state->crtc_x + (int)image.hot_x;
	int y = (int)head->head.y + new_state->crtc_y + (int)image.hot_y;
	u32 index = drm_crtc_index(&head->base);
	bool begun;
	int ret;

	if (!head->pointer_lost && same_image(old_state, new_state))
		return qxl_core_cursor_move(core, index, x, y);
	begun = qxl_scanout_begin_access(new_state->fb);
	ret = qxl_core_cursor_set(core, index, &image, x, y);
	qxl_scanout_end_access(new_state->fb, begun);
	head->pointer_lost = false;
	return ret;
}

static void update_cursor(struct drm_plane *plane,
			  const struct drm_plane_state *old_state,
			  const struct drm_plane_state *new_state)
{
	struct qxl_device *qdev = to_qxl(plane->dev);
	int idx, ret = 0;

	if (!drm_dev_enter(plane->dev, &idx))
		return;
	if (new_state->visible)
		ret = show_cursor(to_qxl_crtc(new_state->crtc), old_state,
				  new_state);
	else if (old_state->visible)
		ret = qxl_core_cursor_hide(qdev->core,
					   drm_crtc_index(old_state->crtc));
	/* The core keeps what the host has missed. */
	if (ret == -EAGAIN)
		qxl_catchup_schedule(qdev);
	drm_dev_exit(idx);
}

static void qxl_cursor_atomic_update(struct drm_plane *plane,
				     struct qxl_atomic_commit *state)
{
	update_cursor(plane, drm_atomic_get_old_plane_state(state, plane),
		      drm_atomic_get_new_plane_state(state, plane));
}

/* Whether nobody writes to the image any more; nothing waits for that here. */
static bool is_drawn(const struct drm_framebuffer *fb)
{
	return dma_resv_test_signaled(fb->obj[0]->resv, DMA_RESV_USAGE_WRITE);
}

/*
 * The legacy ioctls' updates of a pointer that is on: they wait for no blanking
 * and no flip that is pending, as the pointer is no part of the picture. What is
 * refused here becomes a commit like any other.
 */
static int qxl_cursor_async_check(QXL_ASYNC_CHECK_PARAMS)
{
	const struct drm_plane_state *new_state =
		drm_atomic_get_new_plane_state(state, plane);
	const struct drm_crtc_state *crtc_state =
		drm_atomic_get_new_crtc_state(state, new_state->crtc);

	return crtc_state->active && is_drawn(new_state->fb) ? 0 : -EINVAL;
}

/*
 * INVARIANT: no commit of this plane is under way, or DRM would not have called
 * this; one of another plane of the CRTC may be.
 */
static void qxl_cursor_async_update(struct drm_plane *plane,
				    struct qxl_atomic_commit *state)
{
	struct drm_plane_state *new_state =
		drm_atomic_get_new_plane_state(state, plane);
	struct drm_plane_state *now = plane->state;

	update_cursor(plane, now, new_state);
	now->crtc_x = new_state->crtc_x;
	now->crtc_y = new_state->crtc_y;
	now->crtc_w = new_state->crtc_w;
	now->crtc_h = new_state->crtc_h;
	now->src_x = new_state->src_x;
	now->src_y = new_state->src_y;
	now->src_w = new_state->src_w;
	now->src_h = new_state->src_h;
	now->src = new_state->src;
	now->dst = new_state->dst;
	now->visible = new_state->visible;
	qxl_compat_copy_hotspot(now, new_state);
	/* DRM lets go of the one in @new_state. */
	swap(now->fb, new_state->fb);
}

static const struct drm_plane_helper_funcs qxl_cursor_helper_funcs = {
	.prepare_fb = qxl_scanout_prepare,
	.cleanup_fb = qxl_scanout_cleanup,
	.atomic_check = qxl_cursor_atomic_check,
	.atomic_update = qxl_cursor_atomic_update,
	.atomic_async_check = qxl_cursor_async_check,
	.atomic_async_update = qxl_cursor_async_update,
};

struct drm_plane *qxl_plane_create_cursor(struct qxl_device *qdev)
{
	return qxl_scanout_create_plane(qdev, DRM_PLANE_TYPE_CURSOR,
					&qxl_cursor_helper_funcs,
					qxl_cursor_formats,
					ARRAY_SIZE(qxl_cursor_formats));
}
