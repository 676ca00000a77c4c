// SPDX-License-Identifier: GPL-2.0-only
#include "qxl_drv.h"

bool qxl_k_bo_get_unless_zero(struct qxl_bo *bo)
{
	return qxl_bo_get_unless_zero(bo);
}
