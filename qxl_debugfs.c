// SPDX-License-Identifier: GPL-2.0-only
/*
 * debugfs: qxl_counters, one "name value" line each; qxl_bos and qxl_surfaces,
 * a line for each BO. docs/operating.md explains them.
 */
#include <linux/seq_file.h>

#include <drm/drm_debugfs.h>
#include <drm/drm_drv.h>
#include <drm/drm_file.h>

#include "qxl_drv.h"

static struct qxl_device *shown_device(const struct seq_file *m)
{
	const struct drm_info_node *node = m->private;

	return to_qxl(node->minor->dev);
}

/* Counters ------------------------------------------------------------------ */

static void show(struct seq_file *m, const char *name, u64 value)
{
	seq_printf(m, "%s %llu\n", name, value);
}

static void show_core(struct seq_file *m, struct qxl_device *qdev)
{
	struct qxl_counters counters;

	qxl_core_get_counters(qdev->core, &counters);
	show(m, "commands", counters.commands);
	show(m, "cursor_commands", counters.cursor_commands);
	show(m, "notifies", counters.notifies);
	show(m, "releases", counters.releases);
	show(m, "bad_releases", counters.bad_releases);
	show(m, "ring_waits", counters.ring_waits);
	show(m, "stalls", counters.stalls);
	show(m, "memory_waits", counters.memory_waits);
	show(m, "oom_notifies", counters.oom_notifies);
	show(m, "presented_rects", counters.presented_rects);
	show(m, "presented_bytes", counters.presented_bytes);
	show(m, "moved_bytes", counters.moved_bytes);
	show(m, "spared_bytes", counters.spared_bytes);
	show(m, "in_flight", counters.in_flight);
	show(m, "in_flight_bytes", counters.in_flight_bytes);
	show(m, "release_slots", counters.release_slots);
	show(m, "command_ring_used", counters.command_ring_used);
	show(m, "cursor_ring_used", counters.cursor_ring_used);
	show(m, "surfaces", counters.surfaces);
	show(m, "resets", counters.resets);
	show(m, "lost", counters.lost);
}

static u64 count_bos(struct qxl_device *qdev)
{
	struct list_head *link;
	u64 count = 0;

	mutex_lock(&qdev->bos_lock);
	list_for_each(link, &qdev->bos)
		count++;
	mutex_unlock(&qdev->bos_lock);
	return count;
}

static int qxl_debugfs_counters(struct seq_file *m, void *unused)
{
	struct qxl_device *qdev = shown_device(m);
	int idx;

	if (!drm_dev_enter(&qdev->ddev, &idx))
		return -ENODEV;
	show_core(m, qdev);
	drm_dev_exit(idx);
	show(m, "awaited_fences", atomic_read(&qdev->awaited_fences));
	show(m, "out_fences", READ_ONCE(qdev->out_fences.count));
	show(m, "bos", count_bos(qdev));
	show(m, "vram_used_bytes", qxl_ttm_used_bytes(qdev, TTM_PL_VRAM));
	show(m, "vram_bytes", qdev->layout.vram_bytes);
	show(m, "surface_used_bytes", qxl_ttm_used_bytes(qdev, TTM_PL_PRIV));
	show(m, "surface_bytes", qdev->res.surface_bytes);
	show(m, "upload_bytes", qdev->layout.upload_bytes);
	return 0;
}

/* Buffer objects ------------------------------------------------------------ */

static const char *place_name(const struct qxl_bo *bo)
{
	const struct ttm_resource *mem = bo->tbo.resource;

	if (qxl_bo_is_imported(bo))
		return "imported";
	if (!mem)
		return "nowhere";
	switch (mem->mem_type) {
	case TTM_PL_VRAM:
		return "vram";
	case TTM_PL_PRIV:
		return "surface";
	default:
		return "system";
	}
}

static void show_bo(struct seq_file *m, struct qxl_bo *bo)
{
	seq_printf(m, "%-8s %12zu %5u %6s %8u\n", place_name(bo),
		   bo->tbo.base.size, bo->tbo.pin_count,
		   iosys_map_is_null(&bo->map) ? "no" : "yes",
		   READ_ONCE(bo->surface_id));
}

static void show_surface(struct seq_file *m, struct qxl_bo *bo)
{
	u32 id = READ_ONCE(bo->surface_id);

	if (!id && !bo->primary)
		return;
	seq_printf(m, "%7u %6u %6u %6u %7d %-8s %12llu\n", id,
		   bo->surface.format, bo->surface.width, bo->surface.height,
		   bo->surface.stride, place_name(bo),
		   bo->tbo.resource ? qxl_ttm_offset(bo->tbo.resource) : 0);
}

/*
 * Calls @show for each BO that can be reserved without waiting, as it may not
 * wait under the lock; the others are counted.
 */
static void show_bos(struct seq_file *m,
		     void (*show)(struct seq_file *m, struct qxl_bo *bo))
{
	struct qxl_device *qdev = shown_device(m);
	unsigned int busy = 0;
	struct qxl_bo *bo;

	mutex_lock(&qdev->bos_lock);
	list_for_each_entry(bo, &qdev->bos, link) {
		if (!dma_resv_trylock(bo->tbo.base.resv)) {
			busy++;
			continue;
		}
		show(m, bo);
		dma_resv_unlock(bo->tbo.base.resv);
	}
	mutex_unlock(&qdev->bos_lock);
	seq_printf(m, "# %u more are reserved by somebody\n", busy);
}

static int qxl_debugfs_bos(struct seq_file *m, void *unused)
{
	seq_printf(m, "%-8s %12s %5s %6s %8s\n", "# place", "bytes", "pins",
		   "mapped", "surface");
	show_bos(m, show_bo);
	return 0;
}

static int qxl_debugfs_surfaces(struct seq_file *m, void *unused)
{
	seq_printf(m, "%7s %6s %6s %6s %7s %-8s %12s\n", "# id", "format",
		   "width", "height", "stride", "place", "offset");
	show_bos(m, show_surface);
	return 0;
}

static const struct drm_info_list qxl_debugfs_files[] = {
	{ "qxl_counters", qxl_debugfs_counters, 0, NULL },
	{ "qxl_bos", qxl_debugfs_bos, 0, NULL },
	{ "qxl_surfaces", qxl_debugfs_surfaces, 0, NULL },
};

void qxl_debugfs_init(struct drm_minor *minor)
{
	drm_debugfs_create_files(qxl_debugfs_files,
				 ARRAY_SIZE(qxl_debugfs_files),
				 minor->debugfs_root, minor);
}
