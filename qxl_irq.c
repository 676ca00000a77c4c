// SPDX-License-Identifier: GPL-2.0-only
/*
 * The interrupt, and work that must not run in it.
 */
#include <linux/interrupt.h>

#include <drm/drm_print.h>

#include "qxl_drv.h"

/* How often the host is asked for releases that somebody waits for. */
#define QXL_FLUSH_INTERVAL_MS 10

static irqreturn_t qxl_irq_handler(int irq, void *data)
{
	struct qxl_device *qdev = data;
	u32 work = qxl_core_interrupt(qdev->core);

	if (work == QXL_IRQ_NONE)
		return IRQ_NONE;
	if (work & QXL_IRQ_ERROR)
		WRITE_ONCE(qdev->guest_bug, true);
	if (work & QXL_IRQ_MONITORS)
		qxl_connector_client_changed(qdev);
	return work & (QXL_IRQ_RELEASES | QXL_IRQ_ERROR) ? IRQ_WAKE_THREAD :
							   IRQ_HANDLED;
}

static irqreturn_t qxl_irq_thread(int irq, void *data)
{
	struct qxl_device *qdev = data;

	if (xchg(&qdev->guest_bug, false)) {
		drm_err_ratelimited(
			&qdev->ddev,
			"the device reports a guest bug and takes no more commands\n");
		qxl_core_lose(qdev->core);
		qxl_reset_schedule(qdev);
		return IRQ_HANDLED;
	}
	qxl_core_collect(qdev->core);
	return IRQ_HANDLED;
}

static void flush(struct work_struct *work)
{
	struct qxl_device *qdev = container_of(to_delayed_work(work),
					       struct qxl_device, flush_work);

	qxl_core_flush(qdev->core);
	if (!qxl_core_is_lost(qdev->core) && atomic_read(&qdev->awaited_fences))
		queue_delayed_work(qdev->workqueue, &qdev->flush_work,
				   msecs_to_jiffies(QXL_FLUSH_INTERVAL_MS));
}

void qxl_irq_flush(struct qxl_device *qdev, unsigned long delay)
{
	if (delay)
		queue_delayed_work(qdev->workqueue, &qdev->flush_work, delay);
	else
		mod_delayed_work(qdev->workqueue, &qdev->flush_work, 0);
}

int qxl_irq_init(struct qxl_device *qdev)
{
	int ret;

	INIT_DELAYED_WORK(&qdev->flush_work, flush);
	/* Fences signal from it, and memory reclaim may wait for them. */
	qdev->workqueue = alloc_workqueue("qxl", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	if (!qdev->workqueue)
		return -ENOMEM;
	ret = request_threaded_irq(qdev->pdev->irq, qxl_irq_handler,
				   qxl_irq_thread, IRQF_SHARED, QXL_DRIVER_NAME,
				   qdev);
	if (ret) {
		destroy_workqueue(qdev->workqueue);
		qdev->workqueue = NULL;
		return ret;
	}
	qdev->irq = qdev->pdev->irq;
	return 0;
}

void qxl_irq_fini(struct qxl_device *qdev)
{
	if (!qdev->irq)
		return;
	free_irq(qdev->irq, qdev);
	qdev->irq = 0;
	/* The last interrupt may have queued it after it was forbidden. */
	cancel_work_sync(&qdev->client_work);
	cancel_delayed_work_sync(&qdev->flush_work);
	/* All fences have signalled: the core is stopped. */
	flush_work(&qdev->closed_work);
}
