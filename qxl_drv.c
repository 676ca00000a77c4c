// SPDX-License-Identifier: GPL-2.0-only
/*
 * The PCI driver: probe, remove, shutdown, power management; the DRM driver's
 * table; module parameters.
 */
#include <linux/io.h>
#include <linux/module.h>
#include <linux/pci.h>

#include <drm/drm_atomic_helper.h>
#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/drm_managed.h>
#include <drm/drm_modeset_helper.h>
#include <drm/drm_module.h>
#include <drm/drm_print.h>

#include "compat/fbdev.h"
#include "qxl_drv.h"

#define QXL_BAR_RAM 0
#define QXL_BAR_SURFACE 1
#define QXL_BAR_ROM 2
#define QXL_BAR_IO 3
#define QXL_BAR_SURFACE64 4

/* The first revision with asynchronous I/O and the monitors config. */
#define QXL_MIN_REVISION 4

static int qxl_modeset = -1;
module_param_named(modeset, qxl_modeset, int, 0400);
MODULE_PARM_DESC(
	modeset,
	"Drive the device: 0 = no, 1 = yes, -1 = unless \"nomodeset\" was given (default)");

static uint qxl_num_heads = 4;
module_param_named(num_heads, qxl_num_heads, uint, 0400);
MODULE_PARM_DESC(
	num_heads,
	"Heads of each device, 1 to 16 (default 4); those that the SPICE client wants are connected");

/* Memory ---------------------------------------------------------------------- */

/* When the device goes, or when it never came to be. */
static void unmap_bars(struct drm_device *ddev, void *unused)
{
	struct qxl_device *qdev = to_qxl(ddev);
	struct qxl_resources *res = &qdev->res;

	if (qdev->surface_memory)
		iounmap((void __iomem *)qdev->surface_memory);
	if (res->ram_header)
		iounmap((void __iomem *)res->ram_header);
	if (res->ram)
		iounmap((void __iomem *)res->ram);
	if (res->rom)
		iounmap((void __iomem *)res->rom);
	qdev->surface_memory = NULL;
	res->ram_header = NULL;
	res->ram = NULL;
	res->rom = NULL;
}

/* The 64-bit surface BAR, where there is one, shows the same memory and more. */
static int surface_bar(struct pci_dev *pdev)
{
	return pci_resource_len(pdev, QXL_BAR_SURFACE64) >
			       pci_resource_len(pdev, QXL_BAR_SURFACE) ?
		       QXL_BAR_SURFACE64 :
		       QXL_BAR_SURFACE;
}

static void find_bars(struct qxl_device *qdev)
{
	struct pci_dev *pdev = qdev->pdev;
	int surface = surface_bar(pdev);

	qdev->res = (struct qxl_resources){
		.rom_bytes = pci_resource_len(pdev, QXL_BAR_ROM),
		.ram_bytes = pci_resource_len(pdev, QXL_BAR_RAM),
		.ram_base = pci_resource_start(pdev, QXL_BAR_RAM),
		.surface_bytes = pci_resource_len(pdev, surface),
		.surface_base = pci_resource_start(pdev, surface),
		.revision = pdev->revision,
	};
	qdev->io_base = pci_resource_start(pdev, QXL_BAR_IO);
}

static int check_bars(struct qxl_device *qdev)
{
	if (qdev->res.revision < QXL_MIN_REVISION) {
		drm_err(&qdev->ddev,
			"revision %u is too old: %u or later is needed\n",
			qdev->res.revision, QXL_MIN_REVISION);
		return -ENODEV;
	}
	if (!qdev->res.surface_bytes || !qdev->io_base) {
		drm_err(&qdev->ddev, "surface memory or I/O ports are missing\n");
		return -ENODEV;
	}
	return 0;
}

/*
 * The ROM first, because it says where the RAM header is: the header is mapped
 * uncached, as the host's and our words in it must be seen in order, and the
 * rest of BAR 0 and the surfaces write-combined.
 */
static int map_bars(struct qxl_device *qdev)
{
	struct qxl_resources *res = &qdev->res;
	resource_size_t header;
	int ret;

	ret = drmm_add_action_or_reset(&qdev->ddev, unmap_bars, NULL);
	if (ret)
		return ret;
	res->rom = (void __force *)pci_ioremap_bar(qdev->pdev, QXL_BAR_ROM);
	if (!res->rom)
		return -ENOMEM;
	ret = qxl_core_read_rom(qdev, res, &qdev->rom);
	if (ret)
		return ret;
	header = res->ram_base + qdev->rom.ram_header_offset;
	res->ram = (void __force *)ioremap_wc(res->ram_base,
					      qdev->rom.ram_header_offset);
	res->ram_header = (void __force *)ioremap(
		header, res->ram_bytes - qdev->rom.ram_header_offset);
	qdev->surface_memory = (void __force *)ioremap_wc(res->surface_base,
							  res->surface_bytes);
	if (!res->ram || !res->ram_header || !qdev->surface_memory)
		return -ENOMEM;
	return 0;
}

static void destroy_core(struct drm_device *ddev, void *unused)
{
	struct qxl_device *qdev = to_qxl(ddev);

	if (qdev->workqueue)
		destroy_workqueue(qdev->workqueue);
	qxl_core_destroy(qdev->core);
}

static int create_core(struct qxl_device *qdev)
{
	int ret;

	qdev->num_heads = clamp_t(u32, qxl_num_heads, 1, QXL_MAX_HEADS);
	if (qdev->num_heads != qxl_num_heads)
		drm_warn(&qdev->ddev, "num_heads=%u is not 1 to %u: it is %u\n",
			 qxl_num_heads, QXL_MAX_HEADS, qdev->num_heads);
	ret = qxl_core_create(qdev, &qdev->res, &qdev->rom, qdev->num_heads,
			      &qdev->core);
	if (ret)
		return ret;
	qxl_core_get_layout(qdev->core, &qdev->layout);
	return drmm_add_action_or_reset(&qdev->ddev, destroy_core, NULL);
}

/* Probe and remove ------------------------------------------------------------ */

static void announce(struct qxl_device *qdev)
{
	drm_info(&qdev->ddev,
		 "revision %u, %u head(s), %llu MiB primary, %llu MiB upload, %llu MiB VRAM, %llu MiB surfaces, %u surface ids\n",
		 qdev->res.revision, qdev->num_heads,
		 qdev->rom.primary_bytes >> 20, qdev->layout.upload_bytes >> 20,
		 qdev->layout.vram_bytes >> 20, qdev->res.surface_bytes >> 20,
		 qdev->rom.n_surfaces);
}

/* From here on the device may be taken out, or somebody else's. */
static void leave(struct qxl_device *qdev, int error)
{
	qxl_core_stop(qdev->core, error);
	qxl_irq_fini(qdev);
	qxl_core_leave(qdev->core);
}

/* Device and interrupt up; nothing of it is visible to user space yet. */
static int start(struct qxl_device *qdev)
{
	int ret;

	qxl_reset_init(qdev);
	qxl_catchup_init(qdev);
	qxl_connector_init_work(qdev);
	qxl_closed_init(qdev);
	ret = qxl_irq_init(qdev);
	if (ret)
		return ret;
	ret = qxl_core_start(qdev->core);
	if (!ret)
		ret = qxl_ttm_init(qdev);
	if (!ret)
		ret = qxl_display_init(qdev);
	if (!ret)
		ret = drm_dev_register(&qdev->ddev, 0);
	if (ret)
		leave(qdev, ret);
	return ret;
}

/* Work that may touch heads and device comes of itself from here on. */
static void let_work(struct qxl_device *qdev)
{
	qxl_reset_allow(qdev);
	qxl_catchup_allow(qdev);
	qxl_connector_follow_client(qdev);
}

/* Until let_work(), whatever the device or its users do. */
static void stop_work(struct qxl_device *qdev)
{
	qxl_reset_forbid(qdev);
	qxl_catchup_forbid(qdev);
	qxl_connector_ignore_client(qdev);
}

static int qxl_pci_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct qxl_device *qdev;
	int ret;

	qdev = devm_drm_dev_alloc(&pdev->dev, &qxl_driver, struct qxl_device,
				  ddev);
	if (IS_ERR(qdev))
		return PTR_ERR(qdev);
	qdev->pdev = pdev;
	pci_set_drvdata(pdev, qdev);

	ret = qxl_compat_remove_firmware_display(pdev, &qxl_driver);
	if (ret)
		return ret;
	ret = pcim_enable_device(pdev);
	if (ret)
		return ret;
	find_bars(qdev);
	ret = check_bars(qdev);
	if (ret)
		return ret;
	ret = pci_request_regions(pdev, QXL_DRIVER_NAME);
	if (ret)
		return ret;
	ret = map_bars(qdev);
	if (!ret)
		ret = create_core(qdev);
	if (!ret)
		ret = start(qdev);
	if (ret) {
		pci_release_regions(pdev);
		return ret;
	}
	announce(qdev);
	let_work(qdev);
	qxl_compat_fbdev_setup(&qdev->ddev);
	return 0;
}

/*
 * The device may be gone or only unbound. Whoever still has files open keeps
 * the DRM device, its objects and its core; none of them reaches the hardware,
 * which may be somebody else's when this returns.
 *
 * INVARIANT: whoever uses the hardware has entered the DRM device, but for the
 * interrupt and what is ended here. drm_dev_unplug() waits for them all.
 */
static void qxl_pci_remove(struct pci_dev *pdev)
{
	struct qxl_device *qdev = pci_get_drvdata(pdev);

	/* What has vanished already answers nobody: nobody shall wait for it. */
	if (!pci_device_is_present(pdev))
		qxl_core_lose(qdev->core);
	qxl_crc_send_off_readers(qdev);
	drm_dev_unplug(&qdev->ddev);
	stop_work(qdev);
	drm_atomic_helper_shutdown(&qdev->ddev);
	qxl_crc_fini(qdev);
	leave(qdev, -ENODEV);
	qxl_surface_forget_primary(qdev);
	qxl_ttm_abandon(qdev);
	unmap_bars(&qdev->ddev, NULL);
	pci_release_regions(pdev);
}

/*
 * User space may go on; a reset in its favour would leave the next kernel, if
 * this is kexec, a device that is at work.
 */
static void qxl_pci_shutdown(struct pci_dev *pdev)
{
	struct qxl_device *qdev = pci_get_drvdata(pdev);

	stop_work(qdev);
	drm_atomic_helper_shutdown(&qdev->ddev);
	qxl_core_stop(qdev->core, -ESHUTDOWN);
}

/* Power management ------------------------------------------------------------ */

/*
 * INVARIANT: nothing is left in device memory, which a resume from disk finds
 * as another kernel left it, and no BO is a surface of the host.
 */
static int put_away(struct qxl_device *qdev)
{
	int ret;

	ret = drm_mode_config_helper_suspend(&qdev->ddev);
	if (ret)
		return ret;
	ret = qxl_ttm_evict_all(qdev);
	if (ret)
		drm_mode_config_helper_resume(&qdev->ddev);
	return ret;
}

static int qxl_pm_suspend(struct device *dev)
{
	struct qxl_device *qdev = dev_get_drvdata(dev);
	int ret;

	stop_work(qdev);
	ret = put_away(qdev);
	if (ret) {
		let_work(qdev);
		return ret;
	}
	/* Nobody waits for a fence now. */
	qxl_core_stop(qdev->core, 0);
	cancel_delayed_work_sync(&qdev->flush_work);
	return 0;
}

static int qxl_pm_resume(struct device *dev)
{
	struct qxl_device *qdev = dev_get_drvdata(dev);
	int started = qxl_core_start(qdev->core);
	/*
	 * In any case, or DRM would keep what it has set aside: what did not
	 * start shows it after a reset.
	 */
	int ret = drm_mode_config_helper_resume(&qdev->ddev);

	let_work(qdev);
	return started ? started : ret;
}

/* The same before and after an image is taken and restored: see put_away(). */
static DEFINE_SIMPLE_DEV_PM_OPS(qxl_pm_ops, qxl_pm_suspend, qxl_pm_resume);

/* Tables ---------------------------------------------------------------------- */

static const struct file_operations qxl_fops = { .owner = THIS_MODULE,
						 DRM_GEM_FOPS,
						 QXL_FDINFO_FILE_OPS };

const struct drm_driver qxl_driver = {
	.driver_features = DRIVER_GEM | DRIVER_MODESET | DRIVER_ATOMIC |
			   DRIVER_SYNCOBJ | DRIVER_SYNCOBJ_TIMELINE |
			   QXL_DRIVER_CURSOR_HOTSPOT,
	.name = QXL_DRIVER_NAME,
	.desc = "QXL paravirtual GPU",
	.major = 0,
	.minor = 1,
	.patchlevel = 0,
	.fops = &qxl_fops,
	.ioctls = qxl_ioctls,
	.num_ioctls = QXL_NUM_IOCTLS,
	.dumb_create = qxl_gem_dumb_create,
	.gem_prime_import = qxl_prime_import,
	.postclose = qxl_outfence_postclose,
	.debugfs_init = qxl_debugfs_init,
	/* Initializers, or nothing. */
	/* clang-format off */
	QXL_DRIVER_DATE("20261122")
	QXL_FDINFO_DRIVER_OPS
	QXL_PRIME_DRIVER_OPS
	QXL_FBDEV_DRIVER_OPS
	/* clang-format on */
};

static const struct pci_device_id qxl_pci_ids[] = {
	{ PCI_DEVICE(0x1b36, 0x0100), .class = PCI_CLASS_DISPLAY_VGA << 8,
	  .class_mask = 0xffff00 },
	{ PCI_DEVICE(0x1b36, 0x0100), .class = PCI_CLASS_DISPLAY_OTHER << 8,
	  .class_mask = 0xffff00 },
	{},
};
MODULE_DEVICE_TABLE(pci, qxl_pci_ids);

static struct pci_driver qxl_pci_driver = {
	.name = QXL_DRIVER_NAME,
	.id_table = qxl_pci_ids,
	.probe = qxl_pci_probe,
	.remove = qxl_pci_remove,
	.shutdown = qxl_pci_shutdown,
	.driver.pm = pm_sleep_ptr(&qxl_pm_ops),
};

/* Module ----------------------------------------------------------------------- */

static int __init qxl_init(void)
{
	int ret = qxl_hold_init();

	if (ret)
		return ret;
	ret = drm_pci_register_driver_if_modeset(&qxl_pci_driver, qxl_modeset);
	if (ret)
		qxl_hold_fini();
	return ret;
}

static void __exit qxl_exit(void)
{
	pci_unregister_driver(&qxl_pci_driver);
	qxl_hold_fini();
}

module_init(qxl_init);
module_exit(qxl_exit);

MODULE_DESCRIPTION("QXL paravirtual GPU");
MODULE_AUTHOR("The qxl guest driver project");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1.0");
