// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mode config: commits, heads.
 */
#include <drm/drm_atomic.h>
#include <drm/drm_atomic_helper.h>
#include <drm/drm_gem_framebuffer_helper.h>
#include <drm/drm_managed.h>
#include <drm/drm_modeset_helper_vtables.h>
#include <drm/drm_print.h>
#include <drm/drm_vblank.h>

#include "qxl_drv.h"

/* Commits ----------------------------------------------------------------- */

static bool lights_a_head(struct qxl_atomic_commit *state)
{
	struct drm_crtc_state *old_state, *new_state;
	struct drm_crtc *crtc;
	int i;

	for_each_oldnew_crtc_in_state(state, crtc, old_state, new_state, i) {
		if (new_state->active && !old_state->active)
			return true;
	}
	return false;
}

static int check_modesets(struct qxl_atomic_commit *state)
{
	int ret = drm_atomic_helper_check_modeset(state->dev, state);

	qxl_writeback_is_no_modeset(state);
	return ret;
}

static int check_planes(struct qxl_atomic_commit *state)
{
	int ret = drm_atomic_helper_check_planes(state->dev, state);

	if (!ret && state->legacy_cursor_update)
		state->async_update = !drm_atomic_helper_async_check(state->dev,
								     state);
	return ret;
}

/*
 * All heads lie on one primary: what changes it concerns all of them. When the
 * device is gone heads go off for good, whoever was just about to light one.
 *
 * drm_atomic_helper_check() in two halves, for most commits change no layout.
 */
static int qxl_atomic_check(struct drm_device *ddev,
			    struct qxl_atomic_commit *state)
{
	int ret;

	if (drm_dev_is_unplugged(ddev) && lights_a_head(state))
		return -ENODEV;
	ret = qxl_layout_check_modes(to_qxl(ddev), state);
	if (!ret)
		ret = check_modesets(state);
	if (!ret && qxl_layout_changes(state)) {
		ret = qxl_layout_add_heads(state);
		if (!ret)
			ret = check_modesets(state);
	}
	if (!ret)
		ret = qxl_color_check(state);
	return ret ? ret : check_planes(state);
}

static void commit_layout(struct qxl_atomic_commit *state)
{
	struct drm_device *ddev = state->dev;
	int idx, ret;

	if (!qxl_layout_changes(state) || !drm_dev_enter(ddev, &idx))
		return;
	ret = qxl_layout_commit(to_qxl(ddev), state);
	/* That a device is lost has been said. */
	if (ret && ret != -EIO)
		drm_err(ddev, "the host did not take the new layout: %d\n", ret);
	drm_dev_exit(idx);
}

/*
 * The primary must be there, in its new size, before planes draw on it. A commit
 * stays DRM's newest until its flip is done, so that no other that must not
 * block, of whichever plane, gets ahead of it; one that nobody asked to be told
 * of is done at once (qxl_crtc.c).
 */
static void qxl_commit_tail(struct qxl_atomic_commit *state)
{
	struct drm_device *ddev = state->dev;

	qxl_crc_commit_begin(state);
	drm_atomic_helper_commit_modeset_disables(ddev, state);
	commit_layout(state);
	drm_atomic_helper_commit_modeset_enables(ddev, state);
	qxl_color_commit(state);
	drm_atomic_helper_commit_planes(ddev, state,
					DRM_PLANE_COMMIT_ACTIVE_ONLY);
	qxl_crc_commit_end(state);
	qxl_writeback_commit(state);
	drm_atomic_helper_commit_hw_done(state);
	drm_atomic_helper_wait_for_flip_done(ddev, state);
	drm_atomic_helper_cleanup_planes(ddev, state);
}

static const struct drm_mode_config_helper_funcs qxl_mode_config_helper_funcs = {
	.atomic_commit_tail = qxl_commit_tail,
};

/*
 * Whether the pixels of another device's buffer can be read is known here, where
 * user space can still do something else.
 */
static struct drm_framebuffer *qxl_fb_create(QXL_FB_CREATE_PARAMS)
{
	struct drm_framebuffer *fb;
	struct qxl_bo *bo;
	int ret;

	fb = drm_gem_fb_create_with_dirty(QXL_FB_CREATE_ARGS);
	if (IS_ERR(fb))
		return fb;
	bo = qxl_fb_bo(fb);
	ret = qxl_bo_is_imported(bo) ? qxl_prime_map(bo) : 0;
	if (!ret)
		return fb;
	drm_framebuffer_put(fb);
	return ERR_PTR(ret);
}

static int qxl_commit(struct drm_device *ddev, struct qxl_atomic_commit *state,
		      bool nonblock)
{
	int ret = qxl_outfence_commit(state);

	return ret ? ret : drm_atomic_helper_commit(ddev, state, nonblock);
}

static const struct drm_mode_config_funcs qxl_mode_config_funcs = {
	.fb_create = qxl_fb_create,
	.atomic_check = qxl_atomic_check,
	.atomic_commit = qxl_commit,
};

/* Heads -------------------------------------------------------------------- */

static int init_head(struct qxl_device *qdev, struct qxl_crtc *head)
{
	int ret;

	ret = qxl_crtc_init(qdev, head);
	return ret ? ret : qxl_connector_init(qdev, head);
}

int qxl_display_init(struct qxl_device *qdev)
{
	struct drm_device *ddev = &qdev->ddev;
	u32 i;
	int ret;

	ret = drmm_mode_config_init(ddev);
	if (ret)
		return ret;
	ddev->mode_config.funcs = &qxl_mode_config_funcs;
	ddev->mode_config.helper_private = &qxl_mode_config_helper_funcs;
	ddev->mode_config.max_width = QXL_MAX_SIDE;
	ddev->mode_config.max_height = QXL_MAX_SIDE;
	ddev->mode_config.cursor_width = QXL_CURSOR_MAX;
	ddev->mode_config.cursor_height = QXL_CURSOR_MAX;
	ddev->mode_config.preferred_depth = 24;
	ret = qxl_connector_create_properties(qdev);
	if (ret)
		return ret;

	qdev->heads = drmm_kcalloc(ddev, qdev->num_heads, sizeof(*qdev->heads),
				   GFP_KERNEL);
	if (!qdev->heads)
		return -ENOMEM;
	qxl_crc_init(qdev);
	for (i = 0; i < qdev->num_heads; i++) {
		ret = init_head(qdev, &qdev->heads[i]);
		if (ret)
			return ret;
	}
	/* After them: connectors that users see keep their places. */
	for (i = 0; i < qdev->num_heads; i++) {
		ret = qxl_writeback_init(qdev, &qdev->heads[i]);
		if (ret)
			return ret;
	}
	ret = drm_vblank_init(ddev, qdev->num_heads);
	if (ret)
		return ret;
	drm_mode_config_reset(ddev);
	return qxl_outfence_init(qdev);
}
