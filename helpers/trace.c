// SPDX-License-Identifier: GPL-2.0-only
#define CREATE_TRACE_POINTS
#include "qxl_trace.h"

void qxl_k_trace_submit(struct qxl_device *qdev, u32 type, u64 id, u64 bytes)
{
	trace_qxl_submit(qdev, type, id, bytes);
}

void qxl_k_trace_release(struct qxl_device *qdev, u64 id, u64 bytes, int error)
{
	trace_qxl_release(qdev, id, bytes, error);
}

void qxl_k_trace_lost(struct qxl_device *qdev)
{
	trace_qxl_lost(qdev);
}
