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
	bool awaited;            /* set once, by enable_signaling */
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

/*
 * The host hands releases over in bunches. Without anybody waiting that is as
 * it should be; with somebody waiting the rest of a bunch must be asked for.
 */
static bool qxl_fence_enable_signaling(struct dma_fence *base)
{
	struct qxl_fence *fence = to_qxl_fence(base);

	fence->awaited = true;
	qxl_irq_fence_awaited(fence->qdev);
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

void qxl_fence_signal(struct qxl_fence *fence, int error)
{
	unsigned long flags;

	spin_lock_irqsave(&fence->lock, flags);
	if (error)
		dma_fence_set_error(&fence->base, error);
	dma_fence_signal_locked(&fence->base);
	if (fence->awaited)
		atomic_dec(&fence->qdev->awaited_fences);
	spin_unlock_irqrestore(&fence->lock, flags);
	dma_fence_put(&fence->base);
}

void qxl_fence_discard(struct qxl_fence *fence)
{
	qxl_fence_signal(fence, -ECANCELED);
}
