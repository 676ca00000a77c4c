// SPDX-License-Identifier: GPL-2.0-only
/*
 * Gamma: each head has a table (GAMMA_LUT) that pixels pass when they are copied
 * to the host, and the pointer's too. What the host draws itself, on a surface of
 * user space that is the primary, it cannot reach: Xorg with its qxl driver.
 */
#include <drm/drm_atomic.h>
#include <drm/drm_atomic_helper.h>
#include <drm/drm_color_mgmt.h>
#include <drm/drm_fb_helper.h>
#include <drm/drm_print.h>
#include <drm/drm_property.h>

#include "qxl_drv.h"

#define QXL_GAMMA_SIZE ARRAY_SIZE(((struct qxl_lut *)NULL)->red)

int qxl_color_init(struct drm_crtc *crtc)
{
	drm_crtc_enable_color_mgmt(crtc, 0, false, QXL_GAMMA_SIZE);
	return drm_mode_crtc_set_gamma_size(crtc, QXL_GAMMA_SIZE);
}

/* Programs that want no gamma set i * 0x101 or i << 8. */
static bool changes_nothing(const struct drm_color_lut *table)
{
	u32 i;

	for (i = 0; i < QXL_GAMMA_SIZE; i++)
		if (table[i].red >> 8 != i || table[i].green >> 8 != i ||
		    table[i].blue >> 8 != i)
			return false;
	return true;
}

/* The table that pixels have to pass in @state, or NULL. */
static const struct drm_color_lut *table_of(const struct drm_crtc_state *state)
{
	const struct drm_color_lut *table = state->gamma_lut ?
						    state->gamma_lut->data :
						    NULL;

	return table && !changes_nothing(table) ? table : NULL;
}

/* Checking ------------------------------------------------------------------ */

static bool is_console(const struct drm_framebuffer *fb)
{
	return fb && fb->dev->fb_helper && fb == fb->dev->fb_helper->fb;
}

/* The console does not say what colours it wants: not those of who was before. */
static void drop_when_console_comes(struct qxl_atomic_commit *state,
				    struct drm_crtc_state *crtc_state)
{
	struct drm_plane *primary = crtc_state->crtc->primary;
	const struct drm_plane_state *old_plane_state =
		drm_atomic_get_old_plane_state(state, primary);
	const struct drm_plane_state *plane_state =
		drm_atomic_get_new_plane_state(state, primary);

	if (plane_state && is_console(plane_state->fb) &&
	    old_plane_state->fb != plane_state->fb &&
	    drm_property_replace_blob(&crtc_state->gamma_lut, NULL))
		crtc_state->color_mgmt_changed = true;
}

static int check_new_table(struct qxl_atomic_commit *state,
			   struct drm_crtc_state *crtc_state)
{
	struct drm_crtc *crtc = crtc_state->crtc;
	struct drm_plane_state *plane_state;
	int ret;

	if (crtc_state->gamma_lut &&
	    drm_color_lut_size(crtc_state->gamma_lut) != QXL_GAMMA_SIZE) {
		drm_dbg_kms(crtc->dev, "a GAMMA_LUT of %u entries, not %zu\n",
			    drm_color_lut_size(crtc_state->gamma_lut),
			    QXL_GAMMA_SIZE);
		return -EINVAL;
	}
	ret = drm_atomic_add_affected_planes(state, crtc);
	if (ret)
		return ret;
	plane_state = drm_atomic_get_new_plane_state(state, crtc->primary);
	if (!plane_state)
		return 0;
	if (table_of(crtc_state) &&
	    qxl_layout_can_adopt(to_qxl(crtc->dev), plane_state->fb)) {
		drm_dbg_kms(crtc->dev,
			    "no gamma on a surface that the host draws on\n");
		return -EINVAL;
	}
	qxl_plane_drop_damage(plane_state);
	return 0;
}

int qxl_color_check(struct qxl_atomic_commit *state)
{
	struct drm_crtc_state *crtc_state;
	struct drm_crtc *crtc;
	int i, ret;

	for_each_new_crtc_in_state(state, crtc, crtc_state, i) {
		drop_when_console_comes(state, crtc_state);
		if (!crtc_state->color_mgmt_changed)
			continue;
		ret = check_new_table(state, crtc_state);
		if (ret)
			return ret;
	}
	return 0;
}

/* Committing ---------------------------------------------------------------- */

/* drm_color_lut_extract() of old kernels rounds 0x8080 to 0x81. */
static u8 to_8_bits(u16 value)
{
	return DIV_ROUND_CLOSEST(value, 0x101);
}

static void load_table(struct qxl_crtc *head, const struct drm_color_lut *table)
{
	u32 i;

	head->pointer_lost |= head->has_lut || table;
	head->has_lut = table;
	for (i = 0; table && i < QXL_GAMMA_SIZE; i++) {
		head->lut.red[i] = to_8_bits(table[i].red);
		head->lut.green[i] = to_8_bits(table[i].green);
		head->lut.blue[i] = to_8_bits(table[i].blue);
	}
}

void qxl_color_commit(struct qxl_atomic_commit *state)
{
	struct drm_crtc_state *crtc_state;
	struct drm_crtc *crtc;
	int i;

	for_each_new_crtc_in_state(state, crtc, crtc_state, i)
		if (crtc_state->color_mgmt_changed ||
		    drm_atomic_crtc_needs_modeset(crtc_state))
			load_table(to_qxl_crtc(crtc), table_of(crtc_state));
}

const struct qxl_lut *qxl_color_lut(const struct qxl_crtc *head)
{
	if (!head->has_lut || to_qxl(head->base.dev)->primary_bo)
		return NULL;
	return &head->lut;
}
