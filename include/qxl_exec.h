/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Commands of user space (DRM_IOCTL_QXL_EXECBUFFER) on their way through the
 * border: what came in, and the draw that the core made of it.
 */
#ifndef QXL_EXEC_H
#define QXL_EXEC_H

#include "qxl_types.h"

/* Relocations that one command may carry (QXL_PARAM_MAX_RELOCS). */
#define QXL_MAX_RELOCS 96

/* Bytes of the longest command, without its QXLReleaseInfo. */
#define QXL_MAX_COMMAND_BYTES 183

/* As an index of a BO: the command itself in a relocation, none in a draw. */
#define QXL_NO_BO 0xffffffffu

/* A BO that a command refers to: a surface, or memory with data. */
struct qxl_exec_bo {
	const void *data; /* mapped, user space may write it; NULL: surface */
	uint64_t bytes;   /* of data */
	struct qxl_surface_desc surface; /* width 0: not a surface */
	uint32_t surface_id; /* for execution: the host's, 0: the primary */
};

/* Puts what BO @src is, at @src_offset, into @dst at @dst_offset. */
struct qxl_reloc {
	uint64_t dst_offset; /* in a command: from its QXLReleaseInfo on */
	uint64_t src_offset;
	uint32_t dst; /* index of a BO, or QXL_NO_BO: the command */
	uint32_t src; /* index of a BO */
	bool surface; /* the surface's id instead of an address */
};

/* One command as user space gave it, copied. */
struct qxl_command {
	const void *bytes; /* from behind the QXLReleaseInfo on */
	const struct qxl_reloc *relocs;
	uint32_t type; /* QXL_CMD_* */
	uint32_t size;
	uint32_t num_relocs; /* up to QXL_MAX_RELOCS */
};

/* A run of an image's bytes in a BO. */
struct qxl_piece {
	uint64_t offset;
	uint32_t bo;
	uint32_t bytes;
};

/* An image whose pixels are copied when the draw is executed; top-down. */
struct qxl_draw_image {
	const struct qxl_piece *pieces; /* in order; together stride * height */
	uint64_t cache_id; /* the host's name for the image, if it keeps it */
	uint32_t format;   /* SPICE_BITMAP_FMT_* */
	uint32_t bytes_per_pixel;
	uint32_t width; /* pixels; 0: the draw has no image */
	uint32_t height;
	uint32_t stride; /* bytes, at least a row's */
	uint32_t num_pieces;
	bool cached;
};

/* QXLTransform: three columns of two rows, 16.16 fixed point. */
struct qxl_transform {
	uint32_t matrix[6];
};

/* One picture that a draw reads, besides its target. */
struct qxl_draw_source {
	uint32_t bo; /* index of a surface BO, or QXL_NO_BO */
	int32_t x;   /* of the point that lands on the target's corner */
	int32_t y;
	bool transformed;
	struct qxl_transform transform;
};

/*
 * A checked draw: whatever it says is inside what it says it of, and nothing
 * that user space can still write is left to be believed.
 */
struct qxl_draw {
	uint8_t type;   /* QXL_DRAW_FILL, _COPY, _COMPOSITE, QXL_COPY_BITS */
	uint8_t effect; /* QXL_EFFECT_* */
	uint8_t scale_mode;   /* SPICE_IMAGE_SCALE_MODE_* */
	uint16_t rop;         /* SPICE_ROPD_* */
	uint32_t target;      /* index of a surface BO */
	uint32_t color;       /* of a fill */
	uint32_t flags;       /* of a composite */
	struct qxl_rect area; /* of the target; not empty */
	struct qxl_draw_source source;
	struct qxl_draw_source mask;
	struct qxl_draw_image image;
};

#endif
