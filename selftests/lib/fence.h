/* SPDX-License-Identifier: GPL-2.0-only */
/* Sync files of one fence. */
#ifndef FENCE_H
#define FENCE_H

#include <linux/sync_file.h>
#include <stdbool.h>

/* 1: signalled, 0: not yet, or a negative errno. */
int fence_state(int fence, int timeout_ms);

/* What the kernel says of the fence. A check. */
bool fence_info(int fence, struct sync_fence_info *info);

#endif
