// SPDX-License-Identifier: GPL-2.0-only
/*
 * debugfs: qxl_counters, one "name value" line each.
 */
#include <linux/seq_file.h>

#include <drm/drm_debugfs.h>
#include <drm/drm_file.h>

#include "qxl_drv.h"

static void show(struct seq_file *m, const char *name, u64 value)
{
	seq_printf(m, "%s %llu\n", name, value);
}

static int qxl_debugfs_counters(struct seq_file *m, void *unused)
{
	struct drm_info_node *node = m->private;
	struct qxl_device *qdev = to_qxl(node->minor->dev);
	struct qxl_counters counters;

	qxl_core_get_counters(qdev->core, &counters);
	show(m, "commands", counters.commands);
	show(m, "cursor_commands", counters.cursor_commands);
	show(m, "notifies", counters.notifies);
	show(m, "releases", counters.releases);
	show(m, "bad_releases", counters.bad_releases);
	show(m, "ring_waits", counters.ring_waits);
	show(m, "memory_waits", counters.memory_waits);
	show(m, "oom_notifies", counters.oom_notifies);
	show(m, "presented_rects", counters.presented_rects);
	show(m, "presented_bytes", counters.presented_bytes);
	show(m, "in_flight", counters.in_flight);
	show(m, "in_flight_bytes", counters.in_flight_bytes);
	show(m, "surfaces", counters.surfaces);
	show(m, "resets", counters.resets);
	show(m, "lost", counters.lost);
	show(m, "awaited_fences", atomic_read(&qdev->awaited_fences));
	show(m, "bos", atomic_read(&qdev->bos));
	show(m, "vram_used_bytes", qxl_ttm_used_bytes(qdev, TTM_PL_VRAM));
	show(m, "vram_bytes", qdev->layout.vram_bytes);
	show(m, "surface_used_bytes", qxl_ttm_used_bytes(qdev, TTM_PL_PRIV));
	show(m, "surface_bytes", qdev->res.surface_bytes);
	show(m, "upload_bytes", qdev->layout.upload_bytes);
	return 0;
}

static const struct drm_info_list qxl_debugfs_files[] = {
	{ "qxl_counters", qxl_debugfs_counters, 0, NULL },
};

void qxl_debugfs_init(struct drm_minor *minor)
{
	drm_debugfs_create_files(qxl_debugfs_files,
				 ARRAY_SIZE(qxl_debugfs_files),
				 minor->debugfs_root, minor);
}
