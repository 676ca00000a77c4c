// SPDX-License-Identifier: GPL-2.0-only
/*
 * Framebuffers while planes show them: pinned and mapped, and where they lie.
 *
 * Dumb buffers are made in the guest's pages, where the processor draws. One that
 * is put on a head moves to the surface BAR and stays there while there is room:
 * the host can read it by itself, and a whole frame need not be copied. Unless
 * the processor reads that memory slowly: then user space, and what is copied all
 * the same, would pay more than is saved.
 */
#include <linux/io.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include <drm/drm_atomic.h>
#include <drm/drm_atomic_helper.h>
#include <drm/drm_atomic_state_helper.h>
#include <drm/drm_crtc.h>
#include <drm/drm_drv.h>
#include <drm/drm_framebuffer.h>
#include <drm/drm_gem_atomic_helper.h>
#include <drm/drm_gem_framebuffer_helper.h>
#include <drm/drm_managed.h>
#include <drm/drm_modeset_lock.h>
#include <drm/drm_print.h>

#include "qxl_drv.h"

static int qxl_by_reference = -1;
module_param_named(by_reference, qxl_by_reference, int, 0400);
MODULE_PARM_DESC(
	by_reference,
	"Let the host read whole frames where they are: 0 = no, 1 = yes, -1 = if the guest reads that memory fast (default)");

/* What is timed at probe, several times; the best counts. */
#define QXL_PROBE_BYTES SZ_64K
#define QXL_PROBE_ROUNDS 8
/* So many times as slow as pages is slow. Uncached memory is 30 times and more. */
#define QXL_SLOW_READS 4
/* A commit's framebuffers are let go of a blanking after it, at the latest. */
#define QXL_COMMIT_TIMEOUT (10 * HZ)

/* Reading device memory ------------------------------------------------------ */

static u64 time_reading(void *to, const void *from, size_t bytes)
{
	u64 best = U64_MAX, start;
	int i;

	for (i = 0; i < QXL_PROBE_ROUNDS; i++) {
		start = ktime_get_ns();
		memcpy(to, from, bytes);
		best = min(best, ktime_get_ns() - start);
	}
	return best;
}

/* x86 reads what is mapped for I/O like memory. False, too, without memory. */
static bool reads_are_fast(struct qxl_device *qdev)
{
	size_t bytes = min_t(u64, QXL_PROBE_BYTES, qdev->res.surface_bytes);
	void *pages = kzalloc(2 * bytes, GFP_KERNEL);
	void *device = (void __force *)ioremap_wc(qdev->res.surface_base, bytes);
	u64 pages_ns = 0, device_ns = 0;

	if (pages && device) {
		pages_ns = time_reading(pages, pages + bytes, bytes);
		device_ns = time_reading(pages, device, bytes);
		drm_info(&qdev->ddev,
			 "reading %zu KiB takes %llu us in device memory, %llu us in pages\n",
			 bytes / SZ_1K, device_ns / NSEC_PER_USEC,
			 pages_ns / NSEC_PER_USEC);
	}
	if (device)
		iounmap((void __iomem *)device);
	kfree(pages);
	return device_ns && device_ns < QXL_SLOW_READS * pages_ns;
}

void qxl_scanout_init(struct qxl_device *qdev)
{
	qdev->by_reference = qxl_by_reference < 0 ? reads_are_fast(qdev) :
						    qxl_by_reference;
}

/* Where a framebuffer lies --------------------------------------------------- */

static bool in_surface_bar(const struct qxl_bo *bo)
{
	return bo->tbo.resource && bo->tbo.resource->mem_type == TTM_PL_PRIV;
}

/* Nothing else is moved out for it: surfaces are drawn on there. */
static bool fits_surface_bar(struct qxl_bo *bo)
{
	struct qxl_device *qdev = qxl_bo_device(bo);

	return in_surface_bar(bo) ||
	       qxl_ttm_used_bytes(qdev, TTM_PL_PRIV) + bo->tbo.base.size <=
		       qxl_ttm_size_bytes(qdev, QXL_GEM_DOMAIN_SURFACE);
}

/*
 * Moves @bo to where planes of this kind show it from. A screen that is a surface
 * stays one: commands may draw on it. What is pinned is where it is for
 * somebody's sake, and is seen from there.
 */
static int place(struct qxl_bo *bo, bool primary)
{
	int ret;

	if (bo->surface.width)
		return qxl_bo_validate(bo, primary ? QXL_GEM_DOMAIN_SURFACE :
						     QXL_GEM_DOMAIN_CPU);
	if (bo->tbo.pin_count)
		return 0;
	if (primary && bo->may_be_referenced && fits_surface_bar(bo)) {
		ret = qxl_bo_validate(bo, QXL_GEM_DOMAIN_SURFACE);
		if (ret != -ENOMEM && ret != -ENOSPC)
			return ret;
	}
	return qxl_bo_validate(bo, QXL_GEM_DOMAIN_CPU);
}

/* Planes ---------------------------------------------------------------------- */

static bool covers_plane(const struct drm_plane_state *state)
{
	struct drm_mode_rect *clips = drm_plane_get_damage_clips(state);
	u32 count = drm_plane_get_damage_clips_count(state);
	u32 i;

	for (i = 0; clips && i < count; i++)
		if (clips[i].x1 <= state->src.x1 >> 16 &&
		    clips[i].y1 <= state->src.y1 >> 16 &&
		    clips[i].x2 >= DIV_ROUND_UP(state->src.x2, 1 << 16) &&
		    clips[i].y2 >= DIV_ROUND_UP(state->src.y2, 1 << 16))
			return true;
	return !clips;
}

/*
 * The host may get a frame that covers the head to read. The fence is made here,
 * where memory can be had, and is on the BO from now on. Without, it is copied.
 */
static void expect_reader(struct qxl_bo *bo, struct qxl_plane_state *state)
{
	struct dma_resv *resv = bo->tbo.base.resv;

	if (!bo->may_be_referenced || !in_surface_bar(bo) ||
	    !covers_plane(&state->base) || dma_resv_reserve_fences(resv, 1))
		return;
	state->reading = qxl_fence_create(qxl_bo_device(bo));
	if (state->reading)
		dma_resv_add_fence(resv, qxl_fence_base(state->reading),
				   DMA_RESV_USAGE_READ);
}

static int pin_reserved(struct qxl_bo *bo, bool primary)
{
	int ret;

	ret = place(bo, primary);
	if (!ret)
		ret = qxl_bo_map(bo);
	if (!ret)
		ttm_bo_pin(&bo->tbo);
	return ret;
}

int qxl_scanout_pin(struct qxl_bo *bo)
{
	int ret;

	ret = ttm_bo_reserve(&bo->tbo, true, false, NULL);
	if (ret)
		return ret;
	ret = pin_reserved(bo, false);
	ttm_bo_unreserve(&bo->tbo);
	return ret;
}

int qxl_scanout_prepare(struct drm_plane *plane, struct drm_plane_state *state)
{
	bool primary = plane->type == DRM_PLANE_TYPE_PRIMARY;
	struct qxl_bo *bo;
	int ret;

	if (!state->fb)
		return 0;
	ret = drm_gem_plane_helper_prepare_fb(plane, state);
	if (ret)
		return ret;
	bo = qxl_fb_bo(state->fb);
	ret = ttm_bo_reserve(&bo->tbo, true, false, NULL);
	if (ret)
		return ret;
	ret = pin_reserved(bo, primary);
	if (!ret && primary)
		expect_reader(bo, to_qxl_plane_state(state));
	ttm_bo_unreserve(&bo->tbo);
	return ret;
}

/* The host was not told to read the frame. */
static void expect_no_reader(struct qxl_plane_state *state)
{
	if (state->reading)
		qxl_fence_signal(state->reading, 0);
	state->reading = NULL;
}

void qxl_scanout_cleanup(struct drm_plane *plane, struct drm_plane_state *state)
{
	expect_no_reader(to_qxl_plane_state(state));
	if (state->fb)
		qxl_bo_unpin(qxl_fb_bo(state->fb));
}

void qxl_scanout_commit_end(struct qxl_atomic_commit *state)
{
	struct drm_plane_state *plane_state;
	struct drm_plane *plane;
	int i;

	for_each_new_plane_in_state(state, plane, plane_state, i)
		expect_no_reader(to_qxl_plane_state(plane_state));
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

void qxl_scanout_reset(struct drm_plane *plane)
{
	struct qxl_plane_state *state = kzalloc(sizeof(*state), GFP_KERNEL);

	if (plane->state)
		qxl_scanout_destroy_state(plane, plane->state);
	plane->state = NULL;
	if (state)
		__drm_atomic_helper_plane_reset(plane, &state->base);
}

struct drm_plane_state *qxl_scanout_duplicate_state(struct drm_plane *plane)
{
	struct qxl_plane_state *state = kzalloc(sizeof(*state), GFP_KERNEL);

	if (!state)
		return NULL;
	__drm_atomic_helper_plane_duplicate_state(plane, &state->base);
	return &state->base;
}

void qxl_scanout_destroy_state(struct drm_plane *plane,
			       struct drm_plane_state *state)
{
	struct qxl_plane_state *ours = to_qxl_plane_state(state);

	/* Whoever prepared it has cleaned up, or the commit's end has. */
	WARN_ON_ONCE(ours->reading);
	__drm_atomic_helper_plane_destroy_state(state);
	kfree(ours);
}

/* DRM allocates planes, and frees them with the device, by their wrapper. */
struct qxl_plane {
	struct drm_plane base;
};

struct drm_plane *qxl_scanout_create_plane(struct qxl_device *qdev,
					   enum drm_plane_type type,
					   const struct drm_plane_funcs *funcs,
					   const u32 *formats, u32 count)
{
	struct qxl_plane *plane;

	plane = drmm_universal_plane_alloc(&qdev->ddev, struct qxl_plane, base,
					   0, funcs, formats, count, NULL, type,
					   NULL);
	return IS_ERR(plane) ? ERR_CAST(plane) : &plane->base;
}

/* Pixels ---------------------------------------------------------------------- */

const void *qxl_scanout_pixels(const struct drm_framebuffer *fb)
{
	return (const u8 *)qxl_fb_bo(fb)->map.vaddr + fb->offsets[0];
}

u64 qxl_scanout_offset(const struct drm_framebuffer *fb)
{
	const struct qxl_bo *bo = qxl_fb_bo(fb);

	if (!bo->may_be_referenced || !in_surface_bar(bo))
		return QXL_NOT_IN_DEVICE;
	return qxl_ttm_offset(bo->tbo.resource) + fb->offsets[0];
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

/* Sharing --------------------------------------------------------------------- */

/* Commits that are under way let go of the framebuffers that they replace. */
static int wait_for_commits(struct drm_device *ddev)
{
	struct drm_crtc *crtc;

	drm_for_each_crtc(crtc, ddev) {
		struct drm_crtc_commit *commit = crtc->state->commit;
		long left;

		if (!commit)
			continue;
		left = wait_for_completion_interruptible_timeout(
			&commit->cleanup_done, QXL_COMMIT_TIMEOUT);
		if (left <= 0)
			return left ? left : -EBUSY;
	}
	return 0;
}

/*
 * Planes that show @bo keep their pins, but in pages.
 *
 * SAFETY: all mode locks are held and no commit is under way, so pins are those of
 * planes, and nobody is reading through the mapping.
 */
static int move_to_pages(struct qxl_bo *bo)
{
	u32 pins, i;
	int ret;

	ret = ttm_bo_reserve(&bo->tbo, true, false, NULL);
	if (ret)
		return ret;
	pins = bo->tbo.pin_count;
	for (i = 0; i < pins; i++)
		ttm_bo_unpin(&bo->tbo);
	ret = qxl_bo_validate(bo, QXL_GEM_DOMAIN_CPU);
	if (!ret)
		bo->may_be_referenced = false;
	if (!ret && pins)
		ret = qxl_bo_map(bo);
	for (i = 0; i < pins; i++)
		ttm_bo_pin(&bo->tbo);
	ttm_bo_unreserve(&bo->tbo);
	return ret;
}

int qxl_scanout_share(struct qxl_bo *bo)
{
	struct drm_device *ddev = &qxl_bo_device(bo)->ddev;
	struct drm_modeset_acquire_ctx ctx;
	int ret;

	if (!READ_ONCE(bo->may_be_referenced))
		return 0;
	DRM_MODESET_LOCK_ALL_BEGIN(ddev, ctx, DRM_MODESET_ACQUIRE_INTERRUPTIBLE,
				   ret);
	ret = wait_for_commits(ddev);
	if (!ret)
		ret = move_to_pages(bo);
	DRM_MODESET_LOCK_ALL_END(ddev, ctx, ret);
	return ret;
}
