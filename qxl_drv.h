/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The C rim's own header: the device, and what its files offer each other.
 */
#ifndef QXL_DRV_H
#define QXL_DRV_H

#include <linux/dma-fence.h>
#include <linux/ratelimit_types.h>
#include <linux/rwsem.h>
#include <linux/workqueue.h>

#include <drm/drm_connector.h>
#include <drm/drm_crtc.h>
#include <drm/drm_device.h>
#include <drm/drm_encoder.h>
#include <drm/drm_framebuffer.h>
#include <drm/drm_ioctl.h>
#include <drm/drm_plane.h>
#include <drm/drm_writeback.h>
#include <drm/qxl_drm.h>

#include "compat/compat.h"
#include "compat/vblank_timer.h"
#include "qxl_core.h"
#include "qxl_object.h"

#define QXL_DRIVER_NAME "qxl"

/* Pixels: of a framebuffer, and so of a mode. */
#define QXL_MAX_SIDE 16384

/* CRCs of what one head shows, for debugfs; see qxl_crc.c. */
struct qxl_crc {
	struct work_struct work;
	bool on;   /* changes with qxl_device.shown for writing */
	u64 frame; /* the last that was looked at; qxl_device.shown for writing */
	bool held; /* device and module are; the CRTC's crc.lock */
	struct delayed_work release_work;
};

/* One head: CRTC, its encoders and its connectors. */
struct qxl_crtc {
	struct drm_crtc base;
	struct drm_encoder encoder;
	struct drm_connector connector;
	struct drm_writeback_connector writeback;
	struct drm_encoder writeback_encoder;
	struct qxl_vblank_timer vblank_timer;
	struct qxl_crc crc;
	/* What the host shows; commit order, and qxl_device.shown. */
	struct qxl_head head;
	struct qxl_head client; /* what the client wants; mode_config.mutex */
	/* The host has no shape of the pointer, or another; commit order. */
	bool pointer_lost;
	/* What it shows was put off, see qxl_catchup.c; written in commit order. */
	bool behind;
	/* Gamma; commit order. */
	struct qxl_lut lut;
	bool has_lut; /* one that changes anything */
	/* Damage on its way to the core; one commit at a time uses it. */
	struct qxl_rect damage[QXL_DAMAGE_BATCH];
};

/* Fences that commits have given out; see qxl_outfence.c. */
struct qxl_out_fences {
	struct mutex lock; /* protects what follows */
	struct list_head list;
	struct list_head orphans; /* whose file may be closed */
	unsigned int count;       /* of both; debugfs reads it without */
	bool held;                /* device and module are, for the orphans */
	unsigned long delay;      /* jiffies, to the next look at them */
	struct delayed_work look_work;
};

struct qxl_device {
	struct drm_device ddev;
	struct pci_dev *pdev;
	struct qxl_resources res;
	void *surface_memory; /* mapped surface BAR, write-combined */
	struct qxl_rom_info rom;
	struct qxl_layout layout;
	struct qxl_core *core;
	unsigned long io_base;
	int irq;        /* 0: not requested */
	bool guest_bug; /* from the interrupt to its thread */

	struct ttm_device ttm;
	struct mutex bos_lock; /* taken last; reservations are only tried */
	struct list_head bos;  /* all qxl_bo, for debugfs */

	struct workqueue_struct *workqueue;
	struct delayed_work flush_work;
	atomic_t awaited_fences;  /* somebody waits for them */
	struct llist_head closed; /* BOs that the host has let go of */
	struct work_struct closed_work;
	struct delayed_work reset_work;
	struct ratelimit_state resets; /* how many there may be */
	bool resets_allowed; /* not while the device is stopped on purpose */
	struct delayed_work catchup_work;
	bool catchup_allowed; /* the same */

	struct work_struct client_work;
	bool client_followed; /* user space is told what the client wants */
	struct drm_property *hotplug_mode_update;
	u32 num_heads;
	struct qxl_crtc *heads;
	/* What heads show: commits, which change it, read; CRCs write. */
	struct rw_semaphore shown;
	struct delayed_work farewell_work;
	struct qxl_out_fences out_fences;
	/* The BO that is the primary, counted, or NULL; commit order. */
	struct qxl_bo *primary_bo;
};

static inline struct qxl_device *to_qxl(struct drm_device *ddev)
{
	return container_of(ddev, struct qxl_device, ddev);
}

static inline struct qxl_crtc *to_qxl_crtc(struct drm_crtc *crtc)
{
	return container_of(crtc, struct qxl_crtc, base);
}

static inline struct qxl_bo *qxl_fb_bo(const struct drm_framebuffer *fb)
{
	return gem_to_qxl_bo(fb->obj[0]);
}

/* qxl_drv.c */
extern const struct drm_driver qxl_driver;

/* qxl_hold.c */

/* With the module: -ENOMEM. */
int qxl_hold_init(void);
/* Waits for work that is just returning. May sleep. */
void qxl_hold_fini(void);
/* Takes a reference to device and module. False: the module is about to go. */
bool qxl_hold_begin(struct qxl_device *qdev);
/* What @work does, in so many jiffies: if it is time, qxl_hold_end(). */
void qxl_hold_look(struct delayed_work *work, unsigned long delay);
/*
 * Gives them back. When they may be the last, from such work only, and device and
 * work may be gone afterwards. May sleep.
 */
void qxl_hold_end(struct qxl_device *qdev);

/* qxl_irq.c */

/* Requests the interrupt and readies deferred work. May sleep. */
int qxl_irq_init(struct qxl_device *qdev);
/* No interrupt and no deferred work runs after this. Idempotent. May sleep. */
void qxl_irq_fini(struct qxl_device *qdev);
/*
 * In so many jiffies, or earlier, the host is asked for its releases, and from then
 * on again and again while a fence is awaited. Any context.
 */
void qxl_irq_flush(struct qxl_device *qdev, unsigned long delay);

/* qxl_reset.c */

/* Until the first qxl_reset_allow() there are no resets. */
void qxl_reset_init(struct qxl_device *qdev);
/*
 * The device is lost: resets it soon, if that is allowed and has not been in vain,
 * and again later as long as it is lost. Any context.
 */
void qxl_reset_schedule(struct qxl_device *qdev);
/* A device that is lost already is reset soon. The DRM device is registered. */
void qxl_reset_allow(struct qxl_device *qdev);
/* No reset runs until the next qxl_reset_allow(). Idempotent. May sleep. */
void qxl_reset_forbid(struct qxl_device *qdev);

/* qxl_catchup.c */

void qxl_catchup_init(struct qxl_device *qdev);
/* The host was not shown something: it will be. Any context. */
void qxl_catchup_schedule(struct qxl_device *qdev);
void qxl_catchup_allow(struct qxl_device *qdev);
/* Nothing is shown later until the next qxl_catchup_allow(). May sleep. */
void qxl_catchup_forbid(struct qxl_device *qdev);

/* qxl_display.c */

/* Mode config, heads, connectors; released with the DRM device. May sleep. */
int qxl_display_init(struct qxl_device *qdev);

/* qxl_connector.c */

/* Before the first interrupt. */
void qxl_connector_init_work(struct qxl_device *qdev);
/* Before the first connector: what all have. Released with the DRM device. */
int qxl_connector_create_properties(struct qxl_device *qdev);
/* @head's encoder and connector, released with the DRM device. */
int qxl_connector_init(struct qxl_device *qdev, struct qxl_crtc *head);
/* From now on connectors follow the SPICE client. May sleep. */
void qxl_connector_follow_client(struct qxl_device *qdev);
/* The client may want other heads: user space is told soon. Any context. */
void qxl_connector_client_changed(struct qxl_device *qdev);
/*
 * Nobody is told until the next qxl_connector_follow_client(). Idempotent. May
 * sleep.
 */
void qxl_connector_ignore_client(struct qxl_device *qdev);

/* qxl_edid.c */

/*
 * Gives @head's connector its EDID, one that prefers @mode unless the
 * administrator has given another (@own_edid says), and the probed modes that
 * are in it, of which an own EDID makes none preferred. How many. From get_modes
 * callbacks only. May sleep.
 */
int qxl_edid_update(struct qxl_crtc *head, const struct drm_display_mode *mode,
		    bool *own_edid);

/* qxl_layout.c */

/* Whether the BO of @fb (may be NULL) can be the primary as it is. */
bool qxl_layout_can_adopt(struct qxl_device *qdev,
			  const struct drm_framebuffer *fb);
/*
 * -EINVAL, and a message that says what to do, when memory does not hold all of
 * @heads, one for each of the device's, side by side. A width of 0: off.
 */
int qxl_layout_check_heads(struct qxl_device *qdev, const struct qxl_head *heads);
/* The same for each mode of a commit. */
int qxl_layout_check_modes(struct qxl_device *qdev,
			   struct qxl_atomic_commit *state);
/* The same for a surface that would have to be the primary. */
int qxl_layout_check_fb(struct qxl_device *qdev,
			const struct drm_framebuffer *fb);
/* Whether the commit changes what the primary is or where heads lie on it. */
bool qxl_layout_changes(struct qxl_atomic_commit *state);
/*
 * Makes all heads with their planes part of the commit, and draws them whole.
 * -EINVAL when that takes a modeset, which the commit may not be; or, with a
 * message, when memory does not hold them side by side.
 */
int qxl_layout_add_heads(struct qxl_atomic_commit *state);
/* Makes the primary that the heads' new states ask for. May sleep. */
int qxl_layout_commit(struct qxl_device *qdev, struct qxl_atomic_commit *state);

/* qxl_crtc.c */

/* @head's CRTC with its planes, released with the DRM device. */
int qxl_crtc_init(struct qxl_device *qdev, struct qxl_crtc *head);
/*
 * Makes the head's part of the primary black, in commit order; what is on a BO
 * stays its owner's. May sleep. -EIO.
 */
int qxl_crtc_blank(struct qxl_crtc *head);
/* Area of the primary that the head shows; it is lit. */
struct qxl_rect qxl_crtc_area(const struct qxl_crtc *head);
/* drm_crtc_handle_vblank(), and what the driver does with each. Hard interrupt. */
bool qxl_crtc_handle_vblank(struct drm_crtc *crtc);

/* qxl_color.c */

/* Gives the CRTC, which is not registered yet, its properties. -ENOMEM. */
int qxl_color_init(struct drm_crtc *crtc);
/*
 * Checks what a commit says about colours, and has all of a head drawn again that
 * looks different. -EINVAL: a table of another size, or one for what the host
 * draws itself. May add planes to the commit.
 */
int qxl_color_check(struct qxl_atomic_commit *state);
/* Before planes draw: heads get the tables of their new states. */
void qxl_color_commit(struct qxl_atomic_commit *state);
/*
 * What @head's pixels pass on their way to the host, or NULL, in commit order.
 * With a BO that is the primary they stay where they are, and the pointer goes
 * with them.
 */
const struct qxl_lut *qxl_color_lut(const struct qxl_crtc *head);

/* qxl_crc.c */

void qxl_crc_init(struct qxl_device *qdev);
/* Before the files in debugfs go: nobody may be waiting for a CRC any more. */
void qxl_crc_send_off_readers(struct qxl_device *qdev);
/* They are gone, and so is vblank. May sleep. */
void qxl_crc_fini(struct qxl_device *qdev);
/* There is a new frame. Hard interrupt. */
void qxl_crc_vblank(struct qxl_crtc *head);
/* Around what a commit does to heads. May sleep. */
void qxl_crc_commit_begin(struct qxl_atomic_commit *state);
void qxl_crc_commit_end(struct qxl_atomic_commit *state);
/* drm_crtc_funcs */
const char *const *qxl_crc_sources(struct drm_crtc *crtc, size_t *count);
int qxl_crc_verify_source(struct drm_crtc *crtc, const char *name,
			  size_t *values);
int qxl_crc_set_source(struct drm_crtc *crtc, const char *name);

/* qxl_outfence.c */

/* When heads and writeback connectors are there, which go after this. -ENOMEM. */
int qxl_outfence_init(struct qxl_device *qdev);
/*
 * Before the commit can be seen: its fences keep what they use. May sleep.
 * -ENOMEM.
 */
int qxl_outfence_commit(struct qxl_atomic_commit *state);
/* drm_driver */
void qxl_outfence_postclose(struct drm_device *ddev, struct drm_file *file);

/* qxl_writeback.c */

/* @head's writeback connector, released with the DRM device. */
int qxl_writeback_init(struct qxl_device *qdev, struct qxl_crtc *head);
/*
 * That such a connector comes or goes is no modeset: the host sees nothing of
 * it. To be called after what finds out whether there is one.
 */
void qxl_writeback_is_no_modeset(struct qxl_atomic_commit *state);
/* Heads show what the commit says: does its writeback jobs. May sleep. */
void qxl_writeback_commit(struct qxl_atomic_commit *state);

/* qxl_plane.c, qxl_cursor.c: released with the DRM device, or an ERR_PTR. May sleep. */
struct drm_plane *qxl_plane_create_primary(struct qxl_device *qdev);
struct drm_plane *qxl_plane_create_cursor(struct qxl_device *qdev);
/* What user space says has changed is not all that has: damage is everything. */
void qxl_plane_drop_damage(struct drm_plane_state *state);

/* qxl_scanout.c */

/* The same for both; @helpers call what follows. */
struct drm_plane *qxl_scanout_create_plane(
	struct qxl_device *qdev, enum drm_plane_type type,
	const struct drm_plane_helper_funcs *helpers, const u32 *formats,
	u32 count);
/* drm_plane_helper_funcs: between them the BO is pinned and mapped. May sleep. */
int qxl_scanout_prepare(struct drm_plane *plane, struct drm_plane_state *state);
void qxl_scanout_cleanup(struct drm_plane *plane, struct drm_plane_state *state);
/* No scaling; @can_position: the plane need not cover the head. */
int qxl_scanout_check(struct qxl_atomic_commit *state,
		      struct drm_plane_state *plane_state, bool can_position);
/* The first pixel of a framebuffer that has been prepared. */
const void *qxl_scanout_pixels(const struct drm_framebuffer *fb);
/*
 * Makes what the exporter of another device's buffer has in its caches visible.
 * If it can't, what is there is shown. Whether the end is to be called.
 */
bool qxl_scanout_begin_access(struct drm_framebuffer *fb);
void qxl_scanout_end_access(struct drm_framebuffer *fb, bool begun);

/*
 * qxl_panic.c: drm_panic's callbacks of primary planes, where the kernel has it.
 * For a context in which nothing may be locked, allocated or waited for.
 */
struct drm_scanout_buffer;
int qxl_panic_get_buffer(struct drm_plane *plane, struct drm_scanout_buffer *sb);
void qxl_panic_show(struct drm_plane *plane);

/* qxl_gem.c */

/*
 * Creates a BO and a handle to it; the handle is the only reference left.
 * @surface may be NULL. May sleep.
 */
int qxl_gem_create_with_handle(struct qxl_device *qdev, struct drm_file *file,
			       size_t bytes, u32 domain,
			       const struct qxl_surface_desc *surface,
			       u32 *handle);
extern const struct drm_gem_object_funcs qxl_gem_funcs;
/* Of other devices' buffers. */
extern const struct drm_gem_object_funcs qxl_gem_imported_funcs;
int qxl_gem_dumb_create(struct drm_file *file, struct drm_device *ddev,
			struct drm_mode_create_dumb *args);

/* qxl_prime.c */

/* drm_gem_object_funcs.export */
struct dma_buf *qxl_prime_export(struct drm_gem_object *obj, int flags);
/* drm_driver.gem_prime_import */
struct drm_gem_object *qxl_prime_import(struct drm_device *ddev,
					struct dma_buf *dma_buf);
/* Consumes @attach and the importer's reference to its dma-buf. May sleep. */
void qxl_prime_detach(struct dma_buf_attachment *attach);
/*
 * Has the exporter map all of the imported BO @bo for the kernel, in @bo->map,
 * until it is destroyed. Takes the reservation. May sleep. -EOPNOTSUPP: this
 * exporter can't; else what the exporter says.
 */
int qxl_prime_map(struct qxl_bo *bo);
/* Nobody else uses @bo any more. Takes the reservation. May sleep. */
void qxl_prime_unmap(struct qxl_bo *bo);

/* qxl_ttm.c */

/* Memory managers for VRAM and surfaces; released with the DRM device. */
int qxl_ttm_init(struct qxl_device *qdev);
/* Byte offset of @mem in the memory that its type stands for. */
static inline u64 qxl_ttm_offset(const struct ttm_resource *mem)
{
	return (u64)mem->start << PAGE_SHIFT;
}

/*
 * Where the kernel has @mem, write-combined; NULL: it is pages. The device's memory
 * is mapped as a whole, from probing until nobody has the device any more.
 */
void *qxl_ttm_device_memory(struct qxl_device *qdev,
			    const struct ttm_resource *mem);
/*
 * Moves everything into system memory; nothing else may use BOs meanwhile. May
 * sleep. -EBUSY: something is pinned; -ENOMEM. Some BOs may have moved then.
 */
int qxl_ttm_evict_all(struct qxl_device *qdev);
/*
 * The device has been unplugged: what was in its memory reads as zero from now
 * on, and nothing is there any more. May sleep.
 */
void qxl_ttm_abandon(struct qxl_device *qdev);
/* Bytes in use of @mem_type (TTM_PL_VRAM, TTM_PL_PRIV). */
u64 qxl_ttm_used_bytes(struct qxl_device *qdev, u32 mem_type);
u64 qxl_ttm_size_bytes(struct qxl_device *qdev, u32 domain);

/* qxl_release.c */

/*
 * A fence that the host's release of a command signals. One reference, which
 * qxl_fence_signal() consumes. NULL on -ENOMEM. May sleep.
 */
struct qxl_fence *qxl_fence_create(struct qxl_device *qdev);
/* @error: 0 or a negative errno. Any context. */
void qxl_fence_signal(struct qxl_fence *fence, int error);
/* Gives up a fence that nobody has seen. */
void qxl_fence_discard(struct qxl_fence *fence);
struct dma_fence *qxl_fence_base(struct qxl_fence *fence);
/* Gives back another reference, of those that dma_fence_get() takes. NULL is fine. */
void qxl_fence_drop(struct qxl_fence *fence);
/*
 * When @fence signals, which is seen to in so many jiffies, @bo goes to
 * qxl_closed_release(). False: it has signalled. Any context.
 */
bool qxl_fence_keep_closed(struct qxl_fence *fence, struct qxl_bo *bo,
			   unsigned long delay);

/* qxl_closed.c */

/* Before the interrupt. */
void qxl_closed_init(struct qxl_device *qdev);
/*
 * From the free callback, when @bo has been evicted: takes over TTM's reference
 * if the host still has the surface. False: it does not.
 */
bool qxl_closed_keep(struct qxl_bo *bo);
/* The host has let go of it, so TTM's reference is dropped soon. Any context. */
void qxl_closed_release(struct qxl_device *qdev, struct qxl_bo *bo);

/* qxl_surface.c */

/*
 * Makes sure the host knows the surface BO @bo: it is in surface memory and
 * has an id. The caller holds its reservation and a reference. May sleep.
 */
int qxl_surface_ensure(struct qxl_bo *bo);
/*
 * Unpublishes the BO's id, if it has one, and queues the host's destroy.
 * Cannot fail. Waits, bounded, for the ring.
 */
void qxl_surface_evict(struct qxl_bo *bo);
/*
 * The same, with what the host drew brought to guest memory first. The caller
 * holds the BO's reservation.
 */
void qxl_surface_leave_host(struct qxl_bo *bo);
/*
 * After the device has been reset: no BO is a surface of the host any more.
 * Takes reservations. May sleep.
 */
void qxl_surface_evict_all(struct qxl_device *qdev);
/*
 * Brings guest memory up to date with what the host drew on the BO. The
 * caller holds its reservation and has called qxl_surface_ensure().
 */
int qxl_surface_update(struct qxl_bo *bo, const struct qxl_rect *area);

/*
 * Makes @bo the host's primary surface, or NULL: one of the driver's own of this
 * size. The BO that was the primary keeps what was drawn on it. The caller holds
 * a reference to @bo, which is pinned in surface memory. Takes reservations.
 * May sleep.
 */
int qxl_surface_set_primary(struct qxl_device *qdev, struct qxl_bo *bo,
			    u32 width, u32 height);
/* The device has been unplugged, and no head is on: no BO is the primary. */
void qxl_surface_forget_primary(struct qxl_device *qdev);
/* Brings memory up to date if the host draws on @bo. Takes the reservation. */
void qxl_surface_refresh(struct qxl_bo *bo);

/* qxl_execbuffer.c */
int qxl_ioctl_execbuffer(struct drm_device *ddev, void *data,
			 struct drm_file *file);

/* qxl_ioctl.c */
#define QXL_NUM_IOCTLS (DRM_QXL_ALLOC_SURF + 1)
extern const struct drm_ioctl_desc qxl_ioctls[QXL_NUM_IOCTLS];

/* qxl_debugfs.c: docs/operating.md explains what is there. */
void qxl_debugfs_init(struct drm_minor *minor);

#endif
