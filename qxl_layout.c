// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the host's primary surface is, and where on it each head lies.
 *
 * Usually the primary is the driver's own and heads lie on it side by side;
 * damage is copied there. When all heads show one surface BO, as with Xorg, the
 * primary is that BO: commands that draw on it are seen at once, and heads lie
 * where their framebuffer says.
 */
#include <linux/log2.h>

#include <drm/drm_atomic.h>
#include <drm/drm_atomic_helper.h>
#include <drm/drm_fourcc.h>
#include <drm/drm_framebuffer.h>
#include <drm/drm_print.h>

#include "qxl_drv.h"

/* Of QEMU's qxl-vga. */
#define QXL_MAX_VGAMEM_MB 256ul
#define QXL_MAX_RAM_MB 512ul

/* Whether the rows of @fb are those of its BO, and seen as they are. */
static bool shows_surface(const struct drm_framebuffer *fb)
{
	const struct qxl_surface_desc *surface = &qxl_fb_bo(fb)->surface;

	return surface->width >= fb->width && surface->height >= fb->height &&
	       fb->format->format == DRM_FORMAT_XRGB8888 &&
	       fb->offsets[0] == 0 && surface->stride > 0 &&
	       fb->pitches[0] == (u32)surface->stride;
}

bool qxl_layout_can_adopt(struct qxl_device *qdev,
			  const struct drm_framebuffer *fb)
{
	return fb && shows_surface(fb) &&
	       qxl_core_can_adopt_primary(qdev->core, &qxl_fb_bo(fb)->surface);
}

/*
 * QEMU takes powers of two; four times as much for BAR 0 leaves upload memory
 * for whole screens (docs/memory.md).
 */
static int too_large(struct qxl_device *qdev, u32 width, u32 height, u64 bytes)
{
	u64 mib = DIV_ROUND_UP_ULL(bytes, 1 << 20);
	unsigned long vgamem = roundup_pow_of_two(mib);

	if (vgamem > QXL_MAX_VGAMEM_MB)
		drm_err_ratelimited(
			&qdev->ddev,
			"a screen of %ux%u needs %llu MiB, more than any vgamem_mb of QEMU\n",
			width, height, mib);
	else
		drm_err_ratelimited(
			&qdev->ddev,
			"a screen of %ux%u needs %llu MiB, vgamem is %llu: start QEMU with vgamem_mb=%lu,ram_size_mb=%lu\n",
			width, height, mib, qdev->rom.primary_bytes >> 20,
			vgamem, min(4 * vgamem, QXL_MAX_RAM_MB));
	return -EINVAL;
}

static int check_size(struct qxl_device *qdev, u32 width, u32 height)
{
	if (qxl_core_primary_fits(qdev->core, width, height))
		return 0;
	if (max(width, height) > QXL_MAX_SIDE) {
		drm_err_ratelimited(
			&qdev->ddev,
			"a screen of %ux%u is too long: %u pixels a side is all there is\n",
			width, height, QXL_MAX_SIDE);
		return -EINVAL;
	}
	return too_large(qdev, width, height, (u64)width * height * 4);
}

int qxl_layout_check_heads(struct qxl_device *qdev, const struct qxl_head *heads)
{
	u32 width = 0, height = 0, i;

	for (i = 0; i < qdev->num_heads; i++) {
		width += heads[i].width;
		height = max(height, heads[i].height);
	}
	return width ? check_size(qdev, width, height) : 0;
}

int qxl_layout_check_modes(struct qxl_device *qdev,
			   struct qxl_atomic_commit *state)
{
	struct drm_crtc_state *crtc_state;
	struct drm_crtc *crtc;
	int i, ret;

	for_each_new_crtc_in_state(state, crtc, crtc_state, i) {
		if (!crtc_state->enable)
			continue;
		ret = check_size(qdev, crtc_state->mode.hdisplay,
				 crtc_state->mode.vdisplay);
		if (ret)
			return ret;
	}
	return 0;
}

int qxl_layout_check_fb(struct qxl_device *qdev, const struct drm_framebuffer *fb)
{
	const struct qxl_surface_desc *surface = &qxl_fb_bo(fb)->surface;
	u64 bytes = (u64)surface->stride * surface->height;

	/* It could only be copied, and nobody says when commands draw on it. */
	if (surface->width && fb->format->format != DRM_FORMAT_XRGB8888)
		return -EINVAL;
	if (!shows_surface(fb) || bytes <= qdev->rom.primary_bytes)
		return 0;
	return too_large(qdev, surface->width, surface->height, bytes);
}

/* What @crtc is to show. A plane that is off before and after is no part of @state. */
static const struct drm_framebuffer *new_fb(struct qxl_atomic_commit *state,
					    struct drm_crtc *crtc)
{
	const struct drm_plane_state *plane_state =
		drm_atomic_get_new_plane_state(state, crtc->primary);

	return plane_state ? plane_state->fb : NULL;
}

/*
 * The surface BO that all heads that are on show, or NULL. @asleep: heads that
 * are on but not active count, too. All heads are part of @state.
 */
static struct qxl_bo *shared_surface(
	struct qxl_device *qdev, struct qxl_atomic_commit *state, bool asleep)
{
	struct qxl_bo *shared = NULL;
	u32 i;

	for (i = 0; i < qdev->num_heads; i++) {
		struct drm_crtc *crtc = &qdev->heads[i].base;
		const struct drm_crtc_state *crtc_state =
			drm_atomic_get_new_crtc_state(state, crtc);
		const struct drm_framebuffer *fb = new_fb(state, crtc);
		struct qxl_bo *bo;

		if (!(asleep ? crtc_state->enable : crtc_state->active))
			continue;
		if (!qxl_layout_can_adopt(qdev, fb))
			return NULL;
		bo = qxl_fb_bo(fb);
		if (shared && bo != shared)
			return NULL;
		shared = bo;
	}
	return shared;
}

/* A head that wakes up must find room: all that are on count. */
static int check_state(struct qxl_device *qdev, struct qxl_atomic_commit *state)
{
	struct qxl_head heads[QXL_MAX_HEADS] = {};
	u32 i;

	if (shared_surface(qdev, state, true))
		return 0;
	for (i = 0; i < qdev->num_heads; i++) {
		const struct drm_crtc_state *crtc_state =
			drm_atomic_get_new_crtc_state(state,
						      &qdev->heads[i].base);

		if (!crtc_state->enable)
			continue;
		heads[i].width = crtc_state->mode.hdisplay;
		heads[i].height = crtc_state->mode.vdisplay;
	}
	return qxl_layout_check_heads(qdev, heads);
}

/* Fills @head from the state being committed; @x: where the next one goes. */
static void place_head(struct qxl_crtc *crtc, u32 x, bool shared)
{
	const struct drm_crtc_state *state = crtc->base.state;
	const struct drm_plane_state *plane = crtc->base.primary->state;
	struct qxl_head head = {};

	if (state->active) {
		head.x = shared ? plane->src.x1 >> 16 : x;
		head.y = shared ? plane->src.y1 >> 16 : 0;
		head.width = state->mode.hdisplay;
		head.height = state->mode.vdisplay;
	}
	crtc->head = head;
	crtc->pointer_lost = true;
}

static int set_primary(struct qxl_device *qdev, struct qxl_bo *bo, u32 width,
		       u32 height)
{
	drm_dbg_kms(&qdev->ddev, "primary: %ux%u%s\n", width, height,
		    bo ? ", a surface of user space" : "");
	return qxl_surface_set_primary(qdev, bo, width, height);
}

int qxl_layout_commit(struct qxl_device *qdev, struct qxl_atomic_commit *state)
{
	struct qxl_bo *shared = shared_surface(qdev, state, false);
	struct qxl_head heads[QXL_MAX_HEADS];
	u32 width = 0, height = 0, i;
	int ret;

	for (i = 0; i < qdev->num_heads; i++) {
		struct qxl_crtc *crtc = &qdev->heads[i];

		place_head(crtc, width, shared);
		heads[i] = crtc->head;
		width += crtc->head.width;
		height = max(height, crtc->head.height);
	}
	/* With all heads off a primary stays, but never one that may go away. */
	if (!width && !qdev->primary_bo)
		return 0;
	if (!width) {
		width = qdev->primary_bo->surface.width;
		height = qdev->primary_bo->surface.height;
		return set_primary(qdev, NULL, width, height);
	}
	ret = set_primary(qdev, shared, width, height);
	if (ret)
		return ret;
	return qxl_core_set_monitors(qdev->core, heads, qdev->num_heads);
}

/* Whether the plane's part in what the primary is changes. */
static bool shows_other_surface(const struct drm_plane_state *old_state,
				const struct drm_plane_state *new_state)
{
	struct qxl_device *qdev = to_qxl(new_state->plane->dev);
	bool was = qxl_layout_can_adopt(qdev, old_state->fb);
	bool is = qxl_layout_can_adopt(qdev, new_state->fb);

	if (!was && !is)
		return false;
	return was != is ||
	       qxl_fb_bo(old_state->fb) != qxl_fb_bo(new_state->fb) ||
	       old_state->src_x != new_state->src_x ||
	       old_state->src_y != new_state->src_y;
}

bool qxl_layout_changes(struct qxl_atomic_commit *state)
{
	struct drm_plane_state *old_state, *new_state;
	struct drm_crtc_state *crtc_state;
	struct drm_plane *plane;
	struct drm_crtc *crtc;
	int i;

	for_each_new_crtc_in_state(state, crtc, crtc_state, i)
		if (drm_atomic_crtc_needs_modeset(crtc_state))
			return true;
	for_each_oldnew_plane_in_state(state, plane, old_state, new_state, i)
		if (plane->type == DRM_PLANE_TYPE_PRIMARY &&
		    shows_other_surface(old_state, new_state))
			return true;
	return false;
}

/* A new primary shows nothing yet: damage is everything. */
static void drop_damage(struct qxl_atomic_commit *state)
{
	struct drm_plane_state *plane_state;
	struct drm_plane *plane;
	int i;

	for_each_new_plane_in_state(state, plane, plane_state, i)
		qxl_plane_drop_damage(plane_state);
}

int qxl_layout_add_heads(struct qxl_atomic_commit *state)
{
	struct drm_crtc_state *crtc_state;
	struct drm_crtc *crtc;
	int ret;

	drm_for_each_crtc(crtc, state->dev) {
		bool asked_for = drm_atomic_get_new_crtc_state(state, crtc);

		crtc_state = drm_atomic_get_crtc_state(state, crtc);
		if (IS_ERR(crtc_state))
			return PTR_ERR(crtc_state);
		/* Without a modeset DRM wants other heads left alone. */
		if (!asked_for && crtc_state->enable && !state->allow_modeset)
			return -EINVAL;
		ret = drm_atomic_add_affected_planes(state, crtc);
		if (ret)
			return ret;
	}
	drop_damage(state);
	return check_state(to_qxl(state->dev), state);
}
