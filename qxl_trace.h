/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints, as events/qxl/ in tracefs; docs/operating.md explains them.
 * @minor is the DRM device's.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM qxl

#if !defined(QXL_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define QXL_TRACE_H

#include <linux/tracepoint.h>

#include "qxl_drv.h"

/* Declarations that look like structs, to macros. */
/* clang-format off */

/* Values of QXL_CMD_*, of which the rim knows no more. */
#define qxl_show_command(type) \
	__print_symbolic(type, { 1, "draw" }, { 3, "cursor" }, { 5, "surface" })

/* A command is on a ring; the host will see it. */
TRACE_EVENT(qxl_submit,
	TP_PROTO(struct qxl_device *qdev, u32 type, u64 id, u64 bytes),
	TP_ARGS(qdev, type, id, bytes),
	TP_STRUCT__entry(
		__field(int, minor)
		__field(u32, type)
		__field(u64, id)
		__field(u64, bytes)
	),
	TP_fast_assign(
		__entry->minor = qdev->ddev.primary->index;
		__entry->type = type;
		__entry->id = id;
		__entry->bytes = bytes;
	),
	TP_printk("minor=%d type=%s id=%#llx bytes=%llu", __entry->minor,
		  qxl_show_command(__entry->type), __entry->id, __entry->bytes)
);

/* The host gave a command back; or nobody will, and @error says why. */
TRACE_EVENT(qxl_release,
	TP_PROTO(struct qxl_device *qdev, u64 id, u64 bytes, int error),
	TP_ARGS(qdev, id, bytes, error),
	TP_STRUCT__entry(
		__field(int, minor)
		__field(int, error)
		__field(u64, id)
		__field(u64, bytes)
	),
	TP_fast_assign(
		__entry->minor = qdev->ddev.primary->index;
		__entry->error = error;
		__entry->id = id;
		__entry->bytes = bytes;
	),
	TP_printk("minor=%d id=%#llx bytes=%llu error=%d", __entry->minor,
		  __entry->id, __entry->bytes, __entry->error)
);

DECLARE_EVENT_CLASS(qxl_surface,
	TP_PROTO(struct qxl_bo *bo, u32 id),
	TP_ARGS(bo, id),
	TP_STRUCT__entry(
		__field(int, minor)
		__field(u32, id)
		__field(u32, width)
		__field(u32, height)
	),
	TP_fast_assign(
		__entry->minor = qxl_bo_device(bo)->ddev.primary->index;
		__entry->id = id;
		__entry->width = bo->surface.width;
		__entry->height = bo->surface.height;
	),
	TP_printk("minor=%d surface=%u size=%ux%u", __entry->minor, __entry->id,
		  __entry->width, __entry->height)
);

/* A surface leaves the host: it moves, goes, or its id is wanted. */
DEFINE_EVENT(qxl_surface, qxl_evict,
	TP_PROTO(struct qxl_bo *bo, u32 id),
	TP_ARGS(bo, id)
);

/* An idle surface is about to be evicted because others want ids. */
DEFINE_EVENT(qxl_surface, qxl_reap,
	TP_PROTO(struct qxl_bo *bo, u32 id),
	TP_ARGS(bo, id)
);

/* The device stopped answering or reported a guest bug. */
TRACE_EVENT(qxl_lost,
	TP_PROTO(struct qxl_device *qdev),
	TP_ARGS(qdev),
	TP_STRUCT__entry(
		__field(int, minor)
	),
	TP_fast_assign(
		__entry->minor = qdev->ddev.primary->index;
	),
	TP_printk("minor=%d", __entry->minor)
);

/* Damage of a head is about to be copied; the first rectangle is told. */
TRACE_EVENT(qxl_present,
	TP_PROTO(struct qxl_crtc *crtc, const struct qxl_rect *rects, u32 count),
	TP_ARGS(crtc, rects, count),
	TP_STRUCT__entry(
		__field(int, minor)
		__field(u32, head)
		__field(u32, count)
		__field(s32, x1)
		__field(s32, y1)
		__field(s32, x2)
		__field(s32, y2)
	),
	TP_fast_assign(
		__entry->minor = crtc->base.dev->primary->index;
		__entry->head = drm_crtc_index(&crtc->base);
		__entry->count = count;
		__entry->x1 = rects[0].x1;
		__entry->y1 = rects[0].y1;
		__entry->x2 = rects[0].x2;
		__entry->y2 = rects[0].y2;
	),
	TP_printk("minor=%d head=%u rects=%u first=%dx%d%+d%+d", __entry->minor,
		  __entry->head, __entry->count, __entry->x2 - __entry->x1,
		  __entry->y2 - __entry->y1, __entry->x1, __entry->y1)
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE qxl_trace
#include <trace/define_trace.h>
