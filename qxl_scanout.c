// SPDX-License-Identifier: GPL-2.0-only
/*
 * What primary and cursor planes have in common: how they are made, and their
 * framebuffers while they show them, pinned and mapped.
 */
#include <drm/drm_atomic.h>
#include <drm/drm_atomic_helper.h>
#include <drm/drm_framebuffer.h>
#include <drm/drm_gem_atomic_helper.h>
#include <drm/drm_gem_framebuffer_helper.h>
#include <drm/drm_managed.h>
#include <drm/drm_modeset_helper_vtables.h>

#include "qxl_drv.h"

int qxl_scanout_prepare(struct drm_plane *plane, struct drm_plane_state *state)
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

void qxl_scanout_cleanup(struct drm_plane *plane, struct drm_plane_state *state)
{
	if (state->fb)
		qxl_bo_unpin(qxl_fb_bo(state->fb));
}

int qxl_scanout_check(struct qxl_atomic_commit *state,
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

/*
 * SAFETY: between prepare_fb and cleanup_fb the BO is pinned and mapped. What is
 * mapped for I/O, x86 reads like memory.
 */
const void *qxl_scanout_pixels(const struct drm_framebuffer *fb)
{
	return (const u8 *)qxl_fb_bo(fb)->map.vaddr + fb->offsets[0];
}

bool qxl_scanout_begin_access(struct drm_framebuffer *fb)
{
	return !drm_gem_fb_begin_cpu_access(fb, DMA_FROM_DEVICE);
}

void qxl_scanout_end_access(struct drm_framebuffer *fb, bool begun)
{
	if (begun)
		drm_gem_fb_end_cpu_access(fb, DMA_FROM_DEVICE);
}

static const struct drm_plane_funcs qxl_plane_funcs = {
	.update_plane = drm_atomic_helper_update_plane,
	.disable_plane = drm_atomic_helper_disable_plane,
	.reset = drm_atomic_helper_plane_reset,
	.atomic_duplicate_state = drm_atomic_helper_plane_duplicate_state,
	.atomic_destroy_state = drm_atomic_helper_plane_destroy_state,
};

/* DRM allocates planes, and frees them with the device, by their wrapper. */
struct qxl_plane {
	struct drm_plane base;
};

struct drm_plane *qxl_scanout_create_plane(
	struct qxl_device *qdev, enum drm_plane_type type,
	const struct drm_plane_helper_funcs *helpers, const u32 *formats,
	u32 count)
{
	struct qxl_plane *plane;

	plane = drmm_universal_plane_alloc(&qdev->ddev, struct qxl_plane, base,
					   0, &qxl_plane_funcs, formats, count,
					   NULL, type, NULL);
	if (IS_ERR(plane))
		return ERR_CAST(plane);
	drm_plane_helper_add(&plane->base, helpers);
	return &plane->base;
}
