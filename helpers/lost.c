// SPDX-License-Identifier: GPL-2.0-only
#include "qxl_drv.h"

void qxl_k_lost(struct qxl_device *qdev)
{
	qxl_reset_schedule(qdev);
}
