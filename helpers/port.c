// SPDX-License-Identifier: GPL-2.0-only
#include <linux/io.h>

#include "qxl_drv.h"

void qxl_k_port_write(struct qxl_device *qdev, uint32_t port, uint8_t value)
{
	outb(value, qdev->io_base + port);
}
