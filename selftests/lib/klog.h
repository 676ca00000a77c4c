/* SPDX-License-Identifier: GPL-2.0-only */
/* What the kernel logs from some moment on. */
#ifndef KLOG_H
#define KLOG_H

#include <stdbool.h>

/* A file that starts at this moment, to be closed; negative: errno says why not. */
int klog_open(void);

/* Whether it has a line with @part; reads up to there. Does not wait. */
bool klog_has(int log, const char *part);

#endif
