// SPDX-License-Identifier: GPL-2.0-only
#include <linux/bug.h>
#include <linux/ratelimit.h>

#include <drm/drm_print.h>

#include "qxl_drv.h"

void qxl_k_log(struct qxl_device *qdev, enum qxl_k_log_level level,
	       const char *format, ...)
{
	static DEFINE_RATELIMIT_STATE(limit, 5 * HZ, 20);
	struct va_format message = { .fmt = format };
	va_list args;

	if (level != QXL_K_LOG_INFO && !__ratelimit(&limit))
		return;
	va_start(args, format);
	message.va = &args;
	if (level == QXL_K_LOG_ERROR)
		drm_err(&qdev->ddev, "%pV\n", &message);
	else if (level == QXL_K_LOG_WARNING)
		drm_warn(&qdev->ddev, "%pV\n", &message);
	else
		drm_info(&qdev->ddev, "%pV\n", &message);
	va_end(args);
}

void qxl_k_assert_failed(const char *condition, const char *file, int line)
{
	WARN_ONCE(1, "qxl: %s:%d: not so: %s\n", file, line, condition);
}
