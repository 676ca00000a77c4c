/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Buffer objects. The GEM count owns a qxl_bo; see qxl_object.c.
 */
#ifndef QXL_OBJECT_H
#define QXL_OBJECT_H

#include <linux/iosys-map.h>
#include <linux/llist.h>

#include <drm/drm_gem.h>

#include "compat/compat.h"
#include "qxl_types.h"

struct dma_buf_attachment;
struct qxl_device;
struct qxl_fence;

struct qxl_bo {
	struct ttm_buffer_object tbo; /* tbo.base is the GEM object */
	struct list_head link;        /* in the device's bos */
	u32 domain;                   /* QXL_GEM_DOMAIN_*, where it should be */
	bool placed; /* it has been put somewhere; under the reservation */
	struct qxl_surface_desc surface; /* width 0: not a surface */
	/*
	 * The host's id, or 0. Set under the reservation; whoever evicts takes
	 * it with xchg, because the free callback has no reservation.
	 */
	u32 surface_id;
	/*
	 * What signals when the host has destroyed the surface that the BO was
	 * last, counted, or NULL. Set under the reservation.
	 */
	struct qxl_fence *destroyed;
	/* Nobody has it but TTM, and the host; see qxl_closed.c. */
	bool closed;
	struct llist_node closed_link;
	/*
	 * It is the host's primary surface, which has id 0. Changed under the
	 * reservation, and only while pinned in surface memory.
	 */
	bool primary;
	/*
	 * Kernel mapping of all of it, kept from the first use until the BO
	 * moves or goes. Protected by the reservation; stable while pinned. An
	 * imported BO's is its exporter's, and stable from the first
	 * framebuffer on.
	 */
	struct iosys_map map;
};

static inline struct qxl_bo *to_qxl_bo(struct ttm_buffer_object *tbo)
{
	return container_of(tbo, struct qxl_bo, tbo);
}

static inline struct qxl_bo *gem_to_qxl_bo(struct drm_gem_object *obj)
{
	return container_of(obj, struct qxl_bo, tbo.base);
}

struct qxl_device *qxl_bo_device(struct qxl_bo *bo);

/* Whether it is another device's buffer; see qxl_prime.c. */
static inline bool qxl_bo_is_imported(const struct qxl_bo *bo)
{
	return bo->tbo.base.import_attach;
}

/*
 * A new BO with one reference, zeroed as user space sees it, and without memory
 * until it is used. @bytes is rounded up to pages. May sleep. -EINVAL: empty; -ENOMEM: larger than its domain, or
 * no memory; -EINTR family when a signal came first.
 */
int qxl_bo_create(struct qxl_device *qdev, size_t bytes, u32 domain,
		  const struct qxl_surface_desc *surface, struct qxl_bo **out);

/*
 * A new BO with one reference, of a dma-buf's whole pages, of which there is one,
 * and with its reservation. Takes over @attach with a reference to the dma-buf,
 * on failure too. Takes the reservation. May sleep. -ENOMEM.
 */
int qxl_bo_create_imported(struct qxl_device *qdev,
			   struct dma_buf_attachment *attach,
			   struct qxl_bo **out);

/* May free: not under the BO's own reservation. May sleep. NULL is fine. */
static inline void qxl_bo_put(struct qxl_bo *bo)
{
	if (bo)
		drm_gem_object_put(&bo->tbo.base);
}

/* A reference, unless the count has reached zero: that is final. */
static inline bool qxl_bo_get_unless_zero(struct qxl_bo *bo)
{
	return kref_get_unless_zero(&bo->tbo.base.refcount);
}

/* The BO behind @handle with a reference, or NULL. */
struct qxl_bo *qxl_bo_lookup(struct drm_file *file, u32 handle);

/*
 * Moves the BO to @domain if it is elsewhere. The caller holds its reservation.
 * May sleep. -EBUSY: it is pinned elsewhere; -EINVAL: it is imported, and does
 * not move.
 */
int qxl_bo_validate(struct qxl_bo *bo, u32 domain);

/*
 * Puts a BO that has never been used into its domain, because its pages are about
 * to be. Where there is no room it gets pages of the system's. Takes the
 * reservation. May sleep. Fails for a signal only: -ERESTARTSYS.
 */
int qxl_bo_place(struct qxl_bo *bo);

/* Maps all of the BO, wherever it is. The caller holds its reservation. */
int qxl_bo_map(struct qxl_bo *bo);

/*
 * Pins the BO in @domain and maps all of it for the kernel; a counted pair.
 * Takes the reservation. May sleep.
 */
int qxl_bo_pin_mapped(struct qxl_bo *bo, u32 domain);
void qxl_bo_unpin(struct qxl_bo *bo);
/* The same for a caller that holds the reservation. */
void qxl_bo_unpin_reserved(struct qxl_bo *bo);

/*
 * Drops the kernel mapping, as TTM is about to change the memory under it.
 * The caller holds the reservation, or the last reference of any kind.
 */
void qxl_bo_drop_map(struct qxl_bo *bo);

#endif
