// SPDX-License-Identifier: GPL-2.0-only
#include "qxl_drv.h"

void qxl_k_fence_signal(struct qxl_fence *fence, int error)
{
	qxl_fence_signal(fence, error);
}
