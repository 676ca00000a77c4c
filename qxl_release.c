// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fences for what the host holds.
 */
#include <linux/slab.h>

#include "qxl_drv.h"

struct qxl_fence {
	struct dma_fence base;
	spinlock_t lock;         /* the fence's own */
	struct qxl_device *qdev; /* outlives the fence's signalling */
	bool awaited;            /* counted, until it signals */
	struct qxl_bo *closed;   /* what then goes, too */
};

static struct qxl_fence *to_qxl_fence(struct dma_fence *fence)
{
	return container_of(fence, struct qxl_fence, base);
}

static const char *qxl_fence_driver_name(struct dma_fence *fence)
{
	return QXL_DRIVER_NAME;
}

static const char *qxl_fence_timeline_name(struct dma_fence *fence)
{
	return "release";
}

/* The fence's lock is held. */
static void await(struct qxl_fence *fence, unsigned long delay)
{
	if (!fence->awaited)
		atomic_inc(&fence->qdev->awaited_fences);
	fence->awaited = true;
	qxl_irq_flush(fence->qdev, delay);
}

/*
 * The host hands releases over in bunches. Without anybody waiting that is as
 * it should be; with somebody waiting the rest of a bunch must be asked for.
 */
static bool qxl_fence_enable_signaling(struct dma_fence *base)
{
	await(to_qxl_fence(base), 0);
	return true;
}

static const struct dma_fence_ops qxl_fence_ops = {
	.get_driver_name = qxl_fence_driver_name,
	.get_timeline_name = qxl_fence_timeline_name,
	.enable_signaling = qxl_fence_enable_signaling,
};

struct qxl_fence *qxl_fence_create(struct qxl_device *qdev)
{
	struct qxl_fence *fence = kzalloc(sizeof(*fence), GFP_KERNEL);

	if (!fence)
		return NULL;
	spin_lock_init(&fence->lock);
	fence->qdev = qdev;
	/* A timeline of its own: the host releases in any order. */
	dma_fence_init(&fence->base, &qxl_fence_ops, &fence->lock,
		       dma_fence_context_alloc(1), 1);
	return fence;
}

struct dma_fence *qxl_fence_base(struct qxl_fence *fence)
{
	return &fence->base;
}

void qxl_fence_drop(struct qxl_fence *fence)
{
	if (fence)
		dma_fence_put(&fence->base);
}

bool qxl_fence_keep_closed(struct qxl_fence *fence, struct qxl_bo *bo,
			   unsigned long delay)
{
	unsigned long flags;
	bool keep;

	spin_lock_irqsave(&fence->lock, flags);
	keep = !dma_fence_is_signaled_locked(&fence->base);
	if (keep) {
		fence->closed = bo;
		await(fence, delay);
	}
	spin_unlock_irqrestore(&fence->lock, flags);
	return keep;
}

void qxl_fence_signal(struct qxl_fence *fence, int error)
{
	unsigned long flags;

	spin_lock_irqsave(&fence->lock, flags);
	if (error)
		dma_fence_set_error(&fence->base, error);
	dma_fence_signal_locked(&fence->base);
	if (fence->awaited)
		atomic_dec(&fence->qdev->awaited_fences);
	if (fence->closed)
		qxl_closed_release(fence->qdev, fence->closed);
	spin_unlock_irqrestore(&fence->lock, flags);
	dma_fence_put(&fence->base);
}

void qxl_fence_discard(struct qxl_fence *fence)
{
	qxl_fence_signal(fence, -ECANCELED);
}
