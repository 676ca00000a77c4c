// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writeback connectors: a framebuffer gets what the host shows of a head, after
 * the commit that asks for it.
 *
 * A job is done within its commit, so commits keep their order: later ones do
 * not touch the head before its pixels are there, and nothing is left to do
 * when the device goes.
 */
#include <linux/dma-fence.h>

#include <drm/drm_atomic.h>
#include <drm/drm_atomic_helper.h>
#include <drm/drm_drv.h>
#include <drm/drm_edid.h>
#include <drm/drm_fourcc.h>
#include <drm/drm_framebuffer.h>
#include <drm/drm_gem_framebuffer_helper.h>
#include <drm/drm_managed.h>
#include <drm/drm_modeset_helper_vtables.h>
#include <drm/drm_print.h>
#include <drm/drm_probe_helper.h>
#include <drm/drm_writeback.h>

#include "qxl_drv.h"

static const u32 qxl_writeback_formats[] = { DRM_FORMAT_XRGB8888 };

static struct qxl_crtc *connector_head(struct drm_connector *connector)
{
	return container_of(connector, struct qxl_crtc, writeback.base);
}

/* Jobs ---------------------------------------------------------------------- */

static int check_fb(const struct drm_framebuffer *fb,
		    const struct drm_display_mode *mode)
{
	if (fb->format->format == DRM_FORMAT_XRGB8888 &&
	    fb->width == mode->hdisplay && fb->height == mode->vdisplay)
		return 0;
	drm_dbg_kms(fb->dev, "writeback of %dx%d to %p4cc %ux%u\n",
		    mode->hdisplay, mode->vdisplay, &fb->format->format,
		    fb->width, fb->height);
	return -EINVAL;
}

/* DRM has seen to it that a framebuffer comes with a CRTC that is active. */
static int qxl_writeback_atomic_check(struct drm_connector *connector,
				      struct qxl_atomic_commit *state)
{
	struct drm_connector_state *conn_state =
		drm_atomic_get_new_connector_state(state, connector);
	const struct drm_crtc_state *crtc_state;

	if (!conn_state->writeback_job)
		return 0;
	crtc_state = drm_atomic_get_new_crtc_state(state, conn_state->crtc);
	return check_fb(conn_state->writeback_job->fb, &crtc_state->mode);
}

static int qxl_writeback_prepare_job(struct drm_writeback_connector *writeback,
				     struct drm_writeback_job *job)
{
	return qxl_bo_pin_mapped(qxl_fb_bo(job->fb), QXL_GEM_DOMAIN_CPU);
}

static void qxl_writeback_cleanup_job(struct drm_writeback_connector *writeback,
				      struct drm_writeback_job *job)
{
	qxl_bo_unpin(qxl_fb_bo(job->fb));
}

/* SAFETY: a job that was prepared has its BO pinned and mapped. */
static int write_pixels(struct qxl_crtc *head, struct drm_framebuffer *fb)
{
	struct qxl_device *qdev = to_qxl(head->base.dev);
	struct qxl_rect area = qxl_crtc_area(head);
	u8 *pixels = qxl_fb_bo(fb)->map.vaddr;
	int idx, ret;

	if (!drm_dev_enter(&qdev->ddev, &idx))
		return -ENODEV;
	/* Another device's buffer: its exporter takes care of its caches. */
	ret = drm_gem_fb_begin_cpu_access(fb, DMA_TO_DEVICE);
	if (!ret) {
		ret = qxl_core_read_primary(qdev->core, &area,
					    pixels + fb->offsets[0],
					    fb->pitches[0]);
		drm_gem_fb_end_cpu_access(fb, DMA_TO_DEVICE);
	}
	drm_dev_exit(idx);
	return ret;
}

static void signal_fence(struct dma_fence *fence, int error)
{
	if (!fence)
		return;
	if (error)
		dma_fence_set_error(fence, error);
	dma_fence_signal(fence);
}

/* The state must not keep the job: its framebuffer may go. */
static void do_job(struct qxl_crtc *head, struct drm_connector_state *conn_state)
{
	struct drm_writeback_job *job = conn_state->writeback_job;

	conn_state->writeback_job = NULL;
	signal_fence(job->out_fence, write_pixels(head, job->fb));
	drm_writeback_cleanup_job(job);
}

void qxl_writeback_commit(struct qxl_atomic_commit *state)
{
	struct drm_connector_state *conn_state;
	struct drm_connector *connector;
	int i;

	for_each_new_connector_in_state(state, connector, conn_state, i)
		if (conn_state->writeback_job)
			do_job(connector_head(connector), conn_state);
}

/* Coming and going ---------------------------------------------------------- */

static bool is_writeback(const struct drm_connector *connector)
{
	return connector->connector_type == DRM_MODE_CONNECTOR_WRITEBACK;
}

/* Whether other connectors come to @crtc or leave it. */
static bool others_change(struct qxl_atomic_commit *state, struct drm_crtc *crtc)
{
	struct drm_connector_state *old_state, *new_state;
	struct drm_connector *connector;
	int i;

	for_each_oldnew_connector_in_state(state, connector, old_state,
					   new_state, i)
		if (!is_writeback(connector) &&
		    old_state->crtc != new_state->crtc &&
		    (old_state->crtc == crtc || new_state->crtc == crtc))
			return true;
	return false;
}

void qxl_writeback_is_no_modeset(struct qxl_atomic_commit *state)
{
	struct drm_crtc_state *crtc_state;
	struct drm_crtc *crtc;
	int i;

	for_each_new_crtc_in_state(state, crtc, crtc_state, i)
		if (crtc_state->connectors_changed && !others_change(state, crtc))
			crtc_state->connectors_changed = false;
}

/* Connectors ---------------------------------------------------------------- */

/* For a head that nothing else lights. */
static int qxl_writeback_get_modes(struct drm_connector *connector)
{
	return drm_add_modes_noedid(connector, QXL_MAX_SIDE, QXL_MAX_SIDE);
}

static const struct drm_connector_helper_funcs qxl_writeback_helper_funcs = {
	.get_modes = qxl_writeback_get_modes,
	.atomic_check = qxl_writeback_atomic_check,
	.prepare_writeback_job = qxl_writeback_prepare_job,
	.cleanup_writeback_job = qxl_writeback_cleanup_job,
};

static const struct drm_connector_funcs qxl_writeback_funcs = {
	.fill_modes = drm_helper_probe_single_connector_modes,
	.reset = drm_atomic_helper_connector_reset,
	.atomic_duplicate_state = drm_atomic_helper_connector_duplicate_state,
	.atomic_destroy_state = drm_atomic_helper_connector_destroy_state,
	/* An initializer, or nothing. */
	/* clang-format off */
	QXL_WRITEBACK_CONNECTOR_FUNCS
	/* clang-format on */
};

/* Both of the head's connectors on it at once is what writeback is for. */
static void allow_clones(struct qxl_crtc *head)
{
	u32 both = drm_encoder_mask(&head->encoder) |
		   drm_encoder_mask(&head->writeback_encoder);

	head->encoder.possible_clones = both;
	head->writeback_encoder.possible_clones = both;
}

int qxl_writeback_init(struct qxl_device *qdev, struct qxl_crtc *head)
{
	int ret;

	ret = drmm_encoder_init(&qdev->ddev, &head->writeback_encoder, NULL,
				DRM_MODE_ENCODER_VIRTUAL, NULL);
	if (ret)
		return ret;
	head->writeback_encoder.possible_crtcs = drm_crtc_mask(&head->base);
	allow_clones(head);
	drm_connector_helper_add(&head->writeback.base,
				 &qxl_writeback_helper_funcs);
	return qxl_compat_writeback_init(&qdev->ddev, &head->writeback,
					 &qxl_writeback_funcs,
					 &head->writeback_encoder,
					 qxl_writeback_formats,
					 ARRAY_SIZE(qxl_writeback_formats));
}
