// SPDX-License-Identifier: GPL-2.0-only
#include "fence.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>

#include "ktap.h"

int fence_state(int fence, int timeout_ms)
{
	struct pollfd pollfd = { .fd = fence, .events = POLLIN };
	int ret = poll(&pollfd, 1, timeout_ms);

	return ret < 0 ? -errno : ret;
}

bool fence_info(int fence, struct sync_fence_info *info)
{
	struct sync_file_info file = {
		.num_fences = 1,
		.sync_fence_info = (uintptr_t)info,
	};

	memset(info, 0, sizeof(*info));
	return check(!ioctl(fence, SYNC_IOC_FILE_INFO, &file),
		     "SYNC_IOC_FILE_INFO: errno %d", errno) &&
	       check(file.num_fences == 1, "%u fences", file.num_fences);
}
