// SPDX-License-Identifier: GPL-2.0-only
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/wait.h>

#include "qxl_k.h"

struct qxl_k_event {
	wait_queue_head_t waiters;
	atomic_t count;
};

struct qxl_k_event *qxl_k_event_create(void)
{
	struct qxl_k_event *event = kzalloc(sizeof(*event), GFP_KERNEL);

	if (event)
		init_waitqueue_head(&event->waiters);
	return event;
}

void qxl_k_event_destroy(struct qxl_k_event *event)
{
	kfree(event);
}

uint32_t qxl_k_event_count(struct qxl_k_event *event)
{
	return atomic_read(&event->count);
}

void qxl_k_event_signal(struct qxl_k_event *event)
{
	atomic_inc(&event->count);
	wake_up_all(&event->waiters);
}

bool qxl_k_event_wait(struct qxl_k_event *event, uint32_t seen,
		      uint32_t timeout_ms)
{
	return wait_event_timeout(event->waiters,
				  atomic_read(&event->count) != seen,
				  msecs_to_jiffies(timeout_ms)) != 0;
}
