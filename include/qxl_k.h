/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the core may ask of the kernel: C provides, C++ calls.
 *
 * Bodies are in helpers/, one file per kernel subsystem, a line or two each,
 * without policy. The host tests implement the same functions in tests/fakes/.
 * Unless said otherwise a function may be called from any context.
 */
#ifndef QXL_K_H
#define QXL_K_H

#include "qxl_types.h"

#ifdef __cplusplus
extern "C" {
#endif

struct qxl_device; /* the rim's device; opaque to the core */
struct qxl_bo;     /* the rim's buffer object; opaque to the core */
struct qxl_fence;  /* a counted reference to a fence */
struct qxl_k_event;
struct qxl_k_idr;
struct qxl_k_mutex;
struct qxl_k_spinlock;

/* bo.c: the GEM count of a buffer object. */

/* Takes a reference unless the count is zero already. True when taken. */
bool qxl_k_bo_get_unless_zero(struct qxl_bo *bo);

/* crc.c: the CRC-32 of crc32_le(); @crc is 0, or that of what comes before. */
uint32_t qxl_k_crc32(uint32_t crc, const void *data, size_t bytes);

/* event.c: a counter that threads can wait on, so that no wake-up is lost. */

/* NULL on -ENOMEM. May sleep. */
struct qxl_k_event *qxl_k_event_create(void);
void qxl_k_event_destroy(struct qxl_k_event *event);
uint32_t qxl_k_event_count(struct qxl_k_event *event);
/* Advances the counter and wakes all waiters. */
void qxl_k_event_signal(struct qxl_k_event *event);
/*
 * Sleeps until the counter differs from @seen or @timeout_ms passed, without
 * reacting to signals. True when the counter moved.
 */
bool qxl_k_event_wait(struct qxl_k_event *event, uint32_t seen,
		      uint32_t timeout_ms);

/* fence.c: consumes the reference; error is 0 or a negative errno. */
void qxl_k_fence_signal(struct qxl_fence *fence, int error);

/* idr.c: id -> pointer. The caller serialises all but create and destroy. */

/* NULL on -ENOMEM. May sleep. */
struct qxl_k_idr *qxl_k_idr_create(void);
/* The caller made it empty. */
void qxl_k_idr_destroy(struct qxl_k_idr *idr);
/*
 * Sets memory aside so that the next alloc under a spinlock can succeed. May
 * sleep; returns with preemption off until the matching preload_end.
 */
void qxl_k_idr_preload(void);
void qxl_k_idr_preload_end(void);
/*
 * Reserves the next free id in [first, end), cyclically, with no pointer
 * behind it. -QXL_K_ENOSPC when none is free, -ENOMEM. Does not sleep.
 */
#define QXL_K_ENOSPC 28
int qxl_k_idr_alloc(struct qxl_k_idr *idr, uint32_t first, uint32_t end);
/* Puts @pointer (may be NULL) behind a reserved id. Does not allocate. */
void qxl_k_idr_replace(struct qxl_k_idr *idr, uint32_t id, void *pointer);
void *qxl_k_idr_find(struct qxl_k_idr *idr, uint32_t id);
void qxl_k_idr_remove(struct qxl_k_idr *idr, uint32_t id);

/* log.c */

enum qxl_k_log_level {
	QXL_K_LOG_ERROR,
	QXL_K_LOG_WARNING,
	QXL_K_LOG_INFO,
};

/* Rate-limited except for QXL_K_LOG_INFO; no trailing newline in @format. */
void qxl_k_log(struct qxl_device *dev, enum qxl_k_log_level level,
	       const char *format, ...) __attribute__((format(printf, 3, 4)));
/* A broken invariant: a kernel WARN naming it. */
void qxl_k_assert_failed(const char *condition, const char *file, int line);

/* lost.c */

/*
 * The core found the device lost: the host took too long. Somebody should bring it
 * back. Not called for what qxl_core_lose() and qxl_core_stop() were told, nor for
 * QXL_IRQ_ERROR. Does not sleep, and calls no function of the core.
 */
void qxl_k_lost(struct qxl_device *dev);

/* memory.c */

/* Zeroed memory, or NULL. May sleep. */
void *qxl_k_alloc(size_t bytes);
void qxl_k_free(void *memory);

/* mutex.c */

/* Which mutex it is, for lockdep, in the order in which they nest. */
enum qxl_k_mutex_class {
	QXL_K_MUTEX_IO,
	QXL_K_MUTEX_CURSOR,
	QXL_K_MUTEX_CLASSES
};

/* NULL on -ENOMEM. May sleep. */
struct qxl_k_mutex *qxl_k_mutex_create(enum qxl_k_mutex_class mutex_class);
void qxl_k_mutex_destroy(struct qxl_k_mutex *mutex);
/* May sleep. */
void qxl_k_mutex_lock(struct qxl_k_mutex *mutex);
void qxl_k_mutex_unlock(struct qxl_k_mutex *mutex);

/* port.c: one byte to the I/O BAR; @port is a QXL_IO_* number. */
void qxl_k_port_write(struct qxl_device *dev, uint32_t port, uint8_t value);

/* spinlock.c: process context only; not recursive. */

/* Which lock it is, for lockdep, in the order in which they nest. */
enum qxl_k_lock_class {
	QXL_K_LOCK_CORE,
	QXL_K_LOCK_SURFACE_IDS,
	QXL_K_LOCK_CLASSES
};

/* NULL on -ENOMEM. May sleep. */
struct qxl_k_spinlock *qxl_k_spinlock_create(enum qxl_k_lock_class lock_class);
void qxl_k_spinlock_destroy(struct qxl_k_spinlock *lock);
void qxl_k_spinlock_lock(struct qxl_k_spinlock *lock);
void qxl_k_spinlock_unlock(struct qxl_k_spinlock *lock);

/* trace.c: tracepoints; next to nothing while nobody listens. */

/*
 * A command of @type (QXL_CMD_*) is on its ring: @id of its release info, and
 * the bytes of memory that it takes along.
 */
void qxl_k_trace_submit(struct qxl_device *dev, uint32_t type, uint64_t id,
			uint64_t bytes);
/* The same command is done with; @error as its fence gets it. */
void qxl_k_trace_release(struct qxl_device *dev, uint64_t id, uint64_t bytes,
			 int error);
void qxl_k_trace_lost(struct qxl_device *dev);

/* time.c */

/* Monotonic milliseconds. */
uint64_t qxl_k_time_ms(void);
/* Passes so much time without sleeping, and without looking at a clock. */
void qxl_k_delay_us(uint32_t us);

#ifdef __cplusplus
}
#endif

#endif
