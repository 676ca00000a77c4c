// SPDX-License-Identifier: GPL-2.0-only
/*
 * Planes: the framebuffer on a head, and the pointer.
 */
#include <drm/drm_atomic.h>
#include <drm/drm_atomic_helper.h>
#include <drm/drm_damage_helper.h>
#include <drm/drm_fourcc.h>
#include <drm/drm_framebuffer.h>
#include <drm/drm_gem_atomic_helper.h>
#include <drm/drm_managed.h>
#include <drm/drm_modeset_helper_vtables.h>

#include "qxl_drv.h"
#include "qxl_trace.h"

/* The core converts all but the first two. Modifiers: DRM's default, linear. */
static const u32 qxl_primary_formats[] = {
	DRM_FORMAT_XRGB8888, DRM_FORMAT_ARGB8888,    DRM_FORMAT_RGB565,
	DRM_FORMAT_XRGB1555, DRM_FORMAT_XRGB2101010,
};
static const u32 qxl_cursor_formats[] = { DRM_FORMAT_ARGB8888 };

/* DRM allocates planes, and frees them with the device, by their wrapper. */
struct qxl_plane {
	struct drm_plane base;
};

/* Framebuffers -------------------------------------------------------------- */

/*
 * SAFETY: between prepare_fb and cleanup_fb the BO is pinned and mapped. What is
 * mapped for I/O, x86 reads like memory.
 */
static const void *fb_pixels(const struct drm_framebuffer *fb)
{
	return (const u8 *)qxl_fb_bo(fb)->map.vaddr + fb->offsets[0];
}

/*
 * Makes what the exporter of another device's buffer has in its caches visible.
 * If it can't, what is there is shown. Whether end_access() is to be called.
 */
static bool begin_access(struct drm_framebuffer *fb)
{
	return !drm_gem_fb_begin_cpu_access(fb, DMA_FROM_DEVICE);
}

static void end_access(struct drm_framebuffer *fb, bool begun)
{
	if (begun)
		drm_gem_fb_end_cpu_access(fb, DMA_FROM_DEVICE);
}

static int qxl_plane_prepare_fb(struct drm_plane *plane,
				struct drm_plane_state *state)
{
	struct qxl_bo *bo;
	u32 domain;
	int ret;

	if (!state->fb)
		return 0;
	ret = drm_gem_plane_helper_prepare_fb(plane, state);
	if (ret)
		return ret;
	bo = qxl_fb_bo(state->fb);
	/* A screen that is a surface stays one: commands may draw on it. */
	domain = bo->surface.width && plane->type == DRM_PLANE_TYPE_PRIMARY ?
			 QXL_GEM_DOMAIN_SURFACE :
			 QXL_GEM_DOMAIN_CPU;
	return qxl_bo_pin_mapped(bo, domain);
}

static void qxl_plane_cleanup_fb(struct drm_plane *plane,
				 struct drm_plane_state *state)
{
	if (state->fb)
		qxl_bo_unpin(qxl_fb_bo(state->fb));
}

static int check_plane(struct qxl_atomic_commit *state,
		       struct drm_plane_state *plane_state, bool can_position)
{
	struct drm_crtc_state *crtc_state;

	if (!plane_state->crtc)
		return drm_atomic_helper_check_plane_state(plane_state, NULL,
							   DRM_PLANE_NO_SCALING,
							   DRM_PLANE_NO_SCALING,
							   can_position, true);
	crtc_state = drm_atomic_get_new_crtc_state(state, plane_state->crtc);
	return drm_atomic_helper_check_plane_state(plane_state, crtc_state,
						   DRM_PLANE_NO_SCALING,
						   DRM_PLANE_NO_SCALING,
						   can_position, true);
}

/* Primary ------------------------------------------------------------------- */

static int qxl_primary_atomic_check(struct drm_plane *plane,
				    struct qxl_atomic_commit *state)
{
	struct drm_plane_state *plane_state =
		drm_atomic_get_new_plane_state(state, plane);
	int ret;

	ret = check_plane(state, plane_state, false);
	if (ret || !plane_state->fb)
		return ret;
	return qxl_layout_check_fb(to_qxl(plane->dev), plane_state->fb);
}

static enum qxl_pixels pixels_of(u32 format)
{
	switch (format) {
	case DRM_FORMAT_RGB565:
		return QXL_PIXELS_RGB565;
	case DRM_FORMAT_XRGB1555:
		return QXL_PIXELS_XRGB1555;
	case DRM_FORMAT_XRGB2101010:
		return QXL_PIXELS_XRGB2101010;
	default: /* ARGB8888, too: premultiplied, and black is behind it */
		return QXL_PIXELS_XRGB8888;
	}
}

/*
 * What @head's pixels pass on their way to the host, or NULL. With a BO that is
 * the primary they stay where they are, and the pointer goes with them.
 */
static const struct qxl_lut *lut_of(const struct qxl_crtc *head)
{
	if (!head->has_lut || to_qxl(head->base.dev)->primary_bo)
		return NULL;
	return &head->lut;
}

static struct qxl_frame frame_of(const struct qxl_crtc *head,
				 const struct drm_plane_state *state)
{
	const struct drm_framebuffer *fb = state->fb;

	return (struct qxl_frame){
		.pixels = fb_pixels(fb),
		.lut = lut_of(head),
		.pitch = fb->pitches[0],
		.width = fb->width,
		.height = fb->height,
		.dx = (int)head->head.x + state->dst.x1 - (state->src.x1 >> 16),
		.dy = (int)head->head.y + state->dst.y1 - (state->src.y1 >> 16),
		.head = drm_crtc_index(&head->base),
		.format = pixels_of(fb->format->format),
	};
}

/* The first @count rectangles of the head's damage. */
static int present(struct qxl_crtc *head, const struct qxl_frame *frame,
		   u32 count)
{
	trace_qxl_present(head, head->damage, count);
	return qxl_core_present(to_qxl(head->base.dev)->core, frame,
				head->damage, count);
}

static int present_damage(struct qxl_crtc *head,
			  struct drm_plane_state *old_state,
			  struct drm_plane_state *new_state)
{
	struct qxl_frame frame = frame_of(head, new_state);
	struct drm_atomic_helper_damage_iter iter;
	struct drm_rect clip;
	bool begun = begin_access(new_state->fb);
	u32 count = 0;
	int ret = 0;

	drm_atomic_helper_damage_iter_init(&iter, old_state, new_state);
	drm_atomic_for_each_plane_damage(&iter, &clip) {
		head->damage[count++] = (struct qxl_rect){
			.x1 = clip.x1,
			.y1 = clip.y1,
			.x2 = clip.x2,
			.y2 = clip.y2,
		};
		if (count < QXL_DAMAGE_BATCH)
			continue;
		ret = present(head, &frame, count);
		count = 0;
	}
	if (count)
		ret = present(head, &frame, count);
	end_access(new_state->fb, begun);
	return ret;
}

/*
 * On a BO that is the primary the host's own drawing is seen already; what the
 * processor wrote there is what user space says it is.
 */
static bool nothing_to_present(struct drm_plane_state *new_state)
{
	struct qxl_bo *bo = qxl_fb_bo(new_state->fb);

	if (bo->primary)
		return !new_state->fb_damage_clips;
	if (bo->surface.width)
		qxl_surface_refresh(bo);
	return false;
}

static int show_primary(struct drm_plane_state *old_state,
			struct drm_plane_state *new_state)
{
	if (new_state->visible)
		return nothing_to_present(new_state) ?
			       0 :
			       present_damage(to_qxl_crtc(new_state->crtc),
					      old_state, new_state);
	/* A head that is on with nothing to show is black. */
	if (old_state->visible)
		return qxl_crtc_blank(to_qxl_crtc(old_state->crtc));
	return 0;
}

static void qxl_primary_atomic_update(struct drm_plane *plane,
				      struct qxl_atomic_commit *state)
{
	struct drm_plane_state *old_state =
		drm_atomic_get_old_plane_state(state, plane);
	struct drm_plane_state *new_state =
		drm_atomic_get_new_plane_state(state, plane);
	int idx;

	if (!drm_dev_enter(plane->dev, &idx))
		return;
	if (show_primary(old_state, new_state))
		qxl_reset_schedule(to_qxl(plane->dev));
	drm_dev_exit(idx);
}

static const struct drm_plane_helper_funcs qxl_primary_helper_funcs = {
	.prepare_fb = qxl_plane_prepare_fb,
	.cleanup_fb = qxl_plane_cleanup_fb,
	.atomic_check = qxl_primary_atomic_check,
	.atomic_update = qxl_primary_atomic_update,
	/* Initializers, or nothing. */
	/* clang-format off */
	QXL_PANIC_PLANE_FUNCS
	/* clang-format on */
};

/* Cursor -------------------------------------------------------------------- */

static int qxl_cursor_atomic_check(struct drm_plane *plane,
				   struct qxl_atomic_commit *state)
{
	struct drm_plane_state *plane_state =
		drm_atomic_get_new_plane_state(state, plane);

	if (plane_state->crtc && (plane_state->crtc_w > QXL_CURSOR_MAX ||
				  plane_state->crtc_h > QXL_CURSOR_MAX))
		return -EINVAL;
	return check_plane(state, plane_state, true);
}

static struct qxl_cursor_image cursor_image(const struct qxl_crtc *head,
					    const struct drm_plane_state *state)
{
	const struct drm_framebuffer *fb = state->fb;
	const u8 *pixels = fb_pixels(fb);

	return (struct qxl_cursor_image){
		.pixels = pixels + (state->src_y >> 16) * fb->pitches[0] +
			  (state->src_x >> 16) * 4,
		.lut = lut_of(head),
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
static void show_cursor(struct qxl_crtc *head,
			const struct drm_plane_state *old_state,
			const struct drm_plane_state *new_state)
{
	struct qxl_core *core = to_qxl(head->base.dev)->core;
	struct qxl_cursor_image image = cursor_image(head, new_state);
	int x = (int)head->head.x + new_state->crtc_x + (int)image.hot_x;
	int y = (int)head->head.y + new_state->crtc_y + (int)image.hot_y;
	u32 index = drm_crtc_index(&head->base);
	bool begun;

	if (!head->pointer_lost && same_image(old_state, new_state)) {
		qxl_core_cursor_move(core, index, x, y);
		return;
	}
	begun = begin_access(new_state->fb);
	qxl_core_cursor_set(core, index, &image, x, y);
	end_access(new_state->fb, begun);
	head->pointer_lost = false;
}

static void update_cursor(struct drm_plane *plane,
			  const struct drm_plane_state *old_state,
			  const struct drm_plane_state *new_state)
{
	int idx;

	if (!drm_dev_enter(plane->dev, &idx))
		return;
	if (new_state->visible)
		show_cursor(to_qxl_crtc(new_state->crtc), old_state, new_state);
	else if (old_state->visible)
		qxl_core_cursor_hide(to_qxl(plane->dev)->core,
				     drm_crtc_index(old_state->crtc));
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
	.prepare_fb = qxl_plane_prepare_fb,
	.cleanup_fb = qxl_plane_cleanup_fb,
	.atomic_check = qxl_cursor_atomic_check,
	.atomic_update = qxl_cursor_atomic_update,
	.atomic_async_check = qxl_cursor_async_check,
	.atomic_async_update = qxl_cursor_async_update,
};

/* Both ---------------------------------------------------------------------- */

void qxl_plane_drop_damage(struct drm_plane_state *state)
{
	drm_property_blob_put(state->fb_damage_clips);
	state->fb_damage_clips = NULL;
}

static const struct drm_plane_funcs qxl_plane_funcs = {
	.update_plane = drm_atomic_helper_update_plane,
	.disable_plane = drm_atomic_helper_disable_plane,
	.reset = drm_atomic_helper_plane_reset,
	.atomic_duplicate_state = drm_atomic_helper_plane_duplicate_state,
	.atomic_destroy_state = drm_atomic_helper_plane_destroy_state,
};

struct drm_plane *qxl_plane_create_primary(struct qxl_device *qdev)
{
	struct qxl_plane *plane;

	plane = drmm_universal_plane_alloc(&qdev->ddev, struct qxl_plane, base,
					   0, &qxl_plane_funcs,
					   qxl_primary_formats,
					   ARRAY_SIZE(qxl_primary_formats),
					   NULL, DRM_PLANE_TYPE_PRIMARY, NULL);
	if (IS_ERR(plane))
		return ERR_CAST(plane);
	drm_plane_helper_add(&plane->base, &qxl_primary_helper_funcs);
	drm_plane_enable_fb_damage_clips(&plane->base);
	return &plane->base;
}

struct drm_plane *qxl_plane_create_cursor(struct qxl_device *qdev)
{
	struct qxl_plane *plane;

	plane = drmm_universal_plane_alloc(&qdev->ddev, struct qxl_plane, base,
					   0, &qxl_plane_funcs,
					   qxl_cursor_formats,
					   ARRAY_SIZE(qxl_cursor_formats), NULL,
					   DRM_PLANE_TYPE_CURSOR, NULL);
	if (IS_ERR(plane))
		return ERR_CAST(plane);
	drm_plane_helper_add(&plane->base, &qxl_cursor_helper_funcs);
	return &plane->base;
}
