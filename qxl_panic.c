// SPDX-License-Identifier: GPL-2.0-only
/*
 * The panic screen: drm_panic draws it, each head shows it. All other processors
 * have been stopped, whatever they were doing.
 */
#include <drm/drm_fourcc.h>
#include <drm/drm_panic.h>

#include "qxl_drv.h"

/*
 * What each head shows, and which of them @plane is on; its fields may be half
 * written, so the core takes them for what they are: numbers.
 */
static u32 collect_heads(const struct drm_plane *plane, struct qxl_head *heads)
{
	const struct qxl_device *qdev = to_qxl(plane->dev);
	u32 i, found = 0;

	for (i = 0; i < qdev->num_heads; i++) {
		heads[i] = qdev->heads[i].head;
		if (qdev->heads[i].base.primary == plane)
			found = i;
	}
	return found;
}

int qxl_panic_get_buffer(struct drm_plane *plane, struct drm_scanout_buffer *sb)
{
	struct qxl_device *qdev = to_qxl(plane->dev);
	struct qxl_head heads[QXL_MAX_HEADS];
	u32 head = collect_heads(plane, heads);
	struct qxl_panic_buffer buffer;
	int ret;

	ret = qxl_core_panic_buffer(qdev->core, heads, qdev->num_heads, head,
				    &buffer);
	if (ret)
		return ret;
	sb->format = drm_format_info(DRM_FORMAT_XRGB8888);
	sb->width = buffer.width;
	sb->height = buffer.height;
	sb->pitch[0] = buffer.pitch;
	iosys_map_set_vaddr_iomem(&sb->map[0],
				  (void __iomem __force *)buffer.pixels);
	return 0;
}

void qxl_panic_show(struct drm_plane *plane)
{
	struct qxl_device *qdev = to_qxl(plane->dev);
	struct qxl_head heads[QXL_MAX_HEADS];
	u32 head = collect_heads(plane, heads);

	qxl_core_panic_show(qdev->core, heads, qdev->num_heads, head);
}
