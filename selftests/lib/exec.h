/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Draws for DRM_IOCTL_QXL_EXECBUFFER, built as the Xorg driver builds them: a
 * QXLDrawable that is sent from behind its QXLReleaseInfo on, with images and
 * pixels in buffer objects, and relocations for whatever is an address or a
 * surface's id. Functions return 0 or a negative errno.
 */
#ifndef EXEC_H
#define EXEC_H

#include <qxl_drm.h>
#include <spice/qxl_dev.h>

#include "object.h"

/* QXL_PARAM_MAX_RELOCS, and one more to try it. */
#define EXEC_RELOCS 97
#define EXEC_COMMAND_BYTES (sizeof(QXLDrawable) - sizeof(QXLReleaseInfo))
/* The dst_handle of relocations of the drawable itself. */
#define EXEC_DRAWABLE 0

struct exec_draw {
	QXLDrawable drawable;
	uint32_t num_relocs;
	struct drm_qxl_reloc relocs[EXEC_RELOCS];
};

/* An object that images and pixels are put into, front to back. */
struct exec_memory {
	struct object object;
	size_t used;
};

/* How the pixels of a bitmap lie in memory. */
struct exec_bitmap {
	uint8_t format;   /* SPICE_BITMAP_FMT_* */
	uint32_t padding; /* bytes at the end of each row */
	bool direct;      /* in one piece, without QXLDataChunk */
	uint32_t chunk;   /* bytes of pixels in a chunk; 0: all */
};

/* Takes room for something, which must be there; its place in the object. */
size_t exec_take(struct exec_memory *memory, size_t bytes);

/* Relocations. */
void exec_address(struct exec_draw *draw, uint32_t dst, uint64_t dst_offset,
		  uint32_t src, uint64_t src_offset);
void exec_surface_id(struct exec_draw *draw, uint32_t dst, uint64_t dst_offset,
		     const struct surface *surface);

/* Each starts a draw: what is missing to be a legal one is said. */
void exec_fill(struct exec_draw *draw, const struct surface *target,
	       const struct drm_mode_rect *area, uint32_t pixel);
/* One to one from @x, @y of an image; lacks the image. */
void exec_copy(struct exec_draw *draw, const struct surface *target,
	       const struct drm_mode_rect *area, int32_t x, int32_t y);
void exec_copy_bits(struct exec_draw *draw, const struct surface *target,
		    const struct drm_mode_rect *area, int32_t x, int32_t y);
/* @flags: see QXLComposite; lacks the source, and has surfaces_dest[2]. */
void exec_composite(struct exec_draw *draw, const struct surface *target,
		    const struct drm_mode_rect *area, uint32_t flags);

/*
 * A surface as the image at @field, an offset in the drawable: u.copy.src_bitmap,
 * u.composite.src or u.composite.mask. @index: which of surfaces_dest it is.
 */
void exec_image_surface(struct exec_draw *draw, struct exec_memory *memory,
			uint64_t field, uint32_t index,
			const struct surface *surface);

/* Pixels as the image of a copy, copied to @data; @image and @data may be one. */
void exec_image_bitmap(struct exec_draw *draw, struct exec_memory *image,
		       struct exec_memory *data,
		       const struct exec_bitmap *bitmap,
		       const struct raster *pixels);

/* A scaling as the transform at @field; @step is 16.16, source by target. */
void exec_transform(struct exec_draw *draw, struct exec_memory *memory,
		    uint64_t field, uint32_t step);

/* What DRM_IOCTL_QXL_EXECBUFFER takes for this draw; points into it. */
struct drm_qxl_command exec_command(const struct exec_draw *draw);

/* Sends draws in one call. */
int exec_send(int fd, const struct exec_draw *draws, uint32_t count);

#endif
