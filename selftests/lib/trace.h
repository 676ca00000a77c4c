/* SPDX-License-Identifier: GPL-2.0-only */
/* The driver's tracepoints, recorded through tracefs. */
#ifndef TRACE_H
#define TRACE_H

#include <stdbool.h>
#include <stdint.h>

/* Starts recording events/qxl/. False: this kernel has no such tracepoints. */
bool trace_start(void);

/*
 * Stops, and counts what was recorded of @event, e.g. "qxl_submit", with @part
 * (may be NULL) in its line.
 */
uint64_t trace_count(const char *event, const char *part);

#endif
