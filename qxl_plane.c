// SPDX-License-Identifier: GPL-2.0-only
/*
 * Primary planes: the framebuffer on a head, and its damage on the way to the
 * host.
 */
#include <drm/drm_atomic.h>
#include <drm/drm_atomic_helper.h>
#include <drm/drm_damage_helper.h>
#include <drm/drm_fourcc.h>
#include <drm/drm_framebuffer.h>
#include <drm/drm_modeset_helper_vtables.h>

#include "qxl_drv.h"
#include "qxl_trace.h"

/* The core converts all but the first two. Modifiers: DRM's default, linear. */
static const u32 qxl_primary_formats[] = {
	DRM_FORMAT_XRGB8888, DRM_FORMAT_ARGB8888,    DRM_FORMAT_RGB565,
	DRM_FORMAT_XRGB1555, DRM_FORMAT_XRGB2101010,
};

static int qxl_primary_atomic_check(struct drm_plane *plane,
				    struct qxl_atomic_commit *state)
{
	struct drm_plane_state *plane_state =
		drm_atomic_get_new_plane_state(state, plane);
	int ret;

	ret = qxl_scanout_check(state, plane_state, false);
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

static struct qxl_frame frame_of(const struct qxl_crtc *head,
				 const struct drm_plane_state *state)
{
	const struct drm_framebuffer *fb = state->fb;

	return (struct qxl_frame){
		.pixels = qxl_scanout_pixels(fb),
		.lut = qxl_color_lut(head),
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
static int present(struct qxl_crtc *head, struct qxl_frame *frame, u32 count,
		   bool more)
{
	frame->more = more;
	trace_qxl_present(head, head->damage, count);
	return qxl_core_present(to_qxl(head->base.dev)->core, frame,
				head->damage, count);
}

/* The head's part of the framebuffer. */
static int present_all(struct qxl_crtc *head, struct qxl_frame *frame,
		       const struct drm_rect *src)
{
	head->damage[0] = (struct qxl_rect){
		.x1 = src->x1 >> 16,
		.y1 = src->y1 >> 16,
		.x2 = DIV_ROUND_UP(src->x2, 1 << 16),
		.y2 = DIV_ROUND_UP(src->y2, 1 << 16),
	};
	return present(head, frame, 1, false);
}

static int present_damage(struct qxl_crtc *head, struct qxl_frame *frame,
			  const struct drm_plane_state *old_state,
			  const struct drm_plane_state *new_state)
{
	struct drm_atomic_helper_damage_iter iter;
	struct drm_rect clip;
	u32 count = 0;
	int ret;

	drm_atomic_helper_damage_iter_init(&iter, old_state, new_state);
	drm_atomic_for_each_plane_damage(&iter, &clip) {
		if (count == QXL_DAMAGE_BATCH) {
			ret = present(head, frame, count, true);
			if (ret)
				return ret;
			count = 0;
		}
		head->damage[count++] = (struct qxl_rect){
			.x1 = clip.x1,
			.y1 = clip.y1,
			.x2 = clip.x2,
			.y2 = clip.y2,
		};
	}
	return count ? present(head, frame, count, false) : 0;
}

/* When something was put off, all of it, as nobody knows what the host lacks. */
static int present_frame(struct qxl_crtc *head,
			 const struct drm_plane_state *old_state,
			 const struct drm_plane_state *new_state)
{
	struct qxl_frame frame = frame_of(head, new_state);
	bool begun = qxl_scanout_begin_access(new_state->fb);
	int ret;

	ret = head->behind ? present_all(head, &frame, &new_state->src) :
			     present_damage(head, &frame, old_state, new_state);
	qxl_scanout_end_access(new_state->fb, begun);
	WRITE_ONCE(head->behind, ret == -EAGAIN);
	return ret;
}

/*
 * On a BO that is the primary the host's own drawing is seen already; what the
 * processor wrote there is what user space says it is.
 */
static bool nothing_to_present(const struct qxl_crtc *head,
			       const struct drm_plane_state *new_state)
{
	struct qxl_bo *bo = qxl_fb_bo(new_state->fb);

	if (bo->primary)
		return !new_state->fb_damage_clips && !head->behind;
	if (bo->surface.width)
		qxl_surface_refresh(bo);
	return false;
}

static int show_primary(const struct drm_plane_state *old_state,
			const struct drm_plane_state *new_state)
{
	struct qxl_crtc *head;

	if (new_state->visible) {
		head = to_qxl_crtc(new_state->crtc);
		return nothing_to_present(head, new_state) ?
			       0 :
			       present_frame(head, old_state, new_state);
	}
	if (!old_state->visible)
		return 0;
	/* A head that is on with nothing to show is black. */
	head = to_qxl_crtc(old_state->crtc);
	WRITE_ONCE(head->behind, false);
	return qxl_crtc_blank(head);
}

static void qxl_primary_atomic_update(struct drm_plane *plane,
				      struct qxl_atomic_commit *state)
{
	struct drm_plane_state *old_state =
		drm_atomic_get_old_plane_state(state, plane);
	struct drm_plane_state *new_state =
		drm_atomic_get_new_plane_state(state, plane);
	struct qxl_device *qdev = to_qxl(plane->dev);
	int idx;

	if (!drm_dev_enter(plane->dev, &idx))
		return;
	if (show_primary(old_state, new_state) == -EAGAIN)
		qxl_catchup_schedule(qdev);
	drm_dev_exit(idx);
}

static const struct drm_plane_helper_funcs qxl_primary_helper_funcs = {
	.prepare_fb = qxl_scanout_prepare,
	.cleanup_fb = qxl_scanout_cleanup,
	.atomic_check = qxl_primary_atomic_check,
	.atomic_update = qxl_primary_atomic_update,
	/* Initializers, or nothing. */
	/* clang-format off */
	QXL_PANIC_PLANE_FUNCS
	/* clang-format on */
};

void qxl_plane_drop_damage(struct drm_plane_state *state)
{
	drm_property_blob_put(state->fb_damage_clips);
	state->fb_damage_clips = NULL;
}

struct drm_plane *qxl_plane_create_primary(struct qxl_device *qdev)
{
	struct drm_plane *plane;

	plane = qxl_scanout_create_plane(qdev, DRM_PLANE_TYPE_PRIMARY,
					 &qxl_primary_helper_funcs,
					 qxl_primary_formats,
					 ARRAY_SIZE(qxl_primary_formats));
	if (!IS_ERR(plane))
		drm_plane_enable_fb_damage_clips(plane);
	return plane;
}
