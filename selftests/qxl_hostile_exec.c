// SPDX-License-Identifier: GPL-2.0-only
/*
 * DRM_IOCTL_QXL_EXECBUFFER with arguments that it must refuse, each with its
 * errno: a legal draw in which a field, a relocation or what they lead to is
 * changed. What is refused must not have drawn anything. Then what is unusual
 * but legal, and must leave host and driver well.
 */
#include <errno.h>
#include <spice/enums.h>
#include <string.h>
#include <xf86drm.h>

#include "canvas.h"
#include "card.h"
#include "counters.h"
#include "ktap.h"

#define WIDTH 64
#define HEIGHT 48
#define OBJECT_BYTES 65536
#define NO_HANDLE 0x7fffffff
#define KERNEL_ADDRESS 0xffff888000000000

/* What all draws are about: AREA of the target, an image of that size. */
#define LEFT 8
#define TOP 4
#define RIGHT 40
#define BOTTOM 28
#define IMAGE_WIDTH (RIGHT - LEFT)
#define IMAGE_HEIGHT (BOTTOM - TOP)
#define IMAGE_STRIDE (IMAGE_WIDTH * 4)
#define IMAGE_BYTES (IMAGE_STRIDE * IMAGE_HEIGHT)
#define CHUNK_BYTES (IMAGE_BYTES / 3)
/* From one chunk to the next, as lib/exec.c puts them. */
#define CHUNK_STEP ((sizeof(QXLDataChunk) + CHUNK_BYTES + 15) & ~15ul)

/* The draws that are changed, with what their relocations are, in order. */
enum draft {
	FILL,      /* target */
	BITS,      /* target */
	CHUNKS,    /* see enum chunks_reloc */
	DIRECT,    /* target, image, data */
	SURFACE,   /* target, image, its surface, dependency */
	COMPOSITE, /* see enum composite_reloc */
};

enum { R_TARGET, R_IMAGE, R_DATA, R_SURFACE = R_DATA, R_DEPENDENCY };

enum chunks_reloc {
	R_NEXT_OF_0 = R_IMAGE + 1,
	R_PREVIOUS_OF_1,
	R_NEXT_OF_1,
	R_PREVIOUS_OF_2,
	R_CHUNKS,
};

enum composite_reloc {
	R_DEPENDENCY_2 = R_TARGET + 1,
	R_SOURCE,
	R_SOURCE_SURFACE,
	R_DEPENDENCY_0,
	R_SOURCE_TRANSFORM,
	R_MASK,
	R_MASK_SURFACE,
	R_DEPENDENCY_1,
	R_MASK_TRANSFORM,
};

/* Objects as relocations name them. */
enum name {
	ITSELF,  /* the drawable */
	NOTHING, /* as src_handle: 0 */
	NOBODY,  /* a handle that is none */
	TARGET,
	SOURCE,
	ALPHA,  /* a surface of 8 bits */
	IMAGES, /* memory with images and transforms */
	DATA,   /* memory with pixels */
};

enum where {
	NOWHERE,
	IN_CALL,
	IN_COMMAND,
	IN_DRAWABLE,
	IN_IMAGES,
	IN_DATA,
	IN_RELOC,
	SRC_OF, /* value: enum name */
	DST_OF,
	DROPPED,
};

struct poke {
	enum where where;
	uint32_t reloc;
	uint32_t offset;
	uint32_t bytes;
	uint64_t value;
};

struct added {
	uint32_t type; /* 0: none */
	enum name dst;
	uint64_t dst_offset;
	enum name src;
	uint64_t src_offset;
};

struct row {
	const char *what;
	enum draft draft;
	int want;
	struct poke pokes[4];
	struct added add;
};

#define AT(type, field) \
	.offset = offsetof(type, field), .bytes = sizeof(((type *)NULL)->field)
#define CALL(field, to)                                                  \
	{ IN_CALL, AT(struct drm_qxl_execbuffer, field), .value = (to) }
#define COMMAND(field, to)                                               \
	{ IN_COMMAND, AT(struct drm_qxl_command, field), .value = (to) }
#define DRAWABLE(field, to)                                    \
	{ IN_DRAWABLE, AT(QXLDrawable, field), .value = (to) }
#define IMAGE(field, to) { IN_IMAGES, AT(QXLImage, field), .value = (to) }
#define CHUNK(n, field, to)                                                    \
	{ IN_DATA, .offset = (n) * CHUNK_STEP + offsetof(QXLDataChunk, field), \
	  .bytes = sizeof(((QXLDataChunk *)NULL)->field), .value = (to) }
#define RELOC(n, field, to) \
	{ IN_RELOC, .reloc = n, AT(struct drm_qxl_reloc, field), .value = (to) }
#define SRC(n, name) { SRC_OF, .reloc = n, .value = name }
#define DST(n, name) { DST_OF, .reloc = n, .value = name }
#define DROP(n) { DROPPED, .reloc = n }
#define WITH(...) .pokes = { __VA_ARGS__ }
#define ADDRESS(dst, at, src, from)                      \
	.add = { QXL_RELOC_TYPE_BO, dst, at, src, from }
#define ID(dst, at, src) .add = { QXL_RELOC_TYPE_SURF, dst, at, src, 0 }

/* Command sizes up to and with a draw's own part. */
#define SIZE_WITH(part)                                      \
	(offsetof(QXLDrawable, u) - sizeof(QXLReleaseInfo) + \
	 sizeof(((QXLDrawable *)NULL)->u.part))

static struct card card;
static uint64_t bos_before;
static struct canvas target;
static struct surface source, alpha;
static struct exec_memory images, data;

/* Making a call ------------------------------------------------------------------- */

struct call {
	struct exec_draw draw;
	struct drm_qxl_command command;
	struct drm_qxl_execbuffer args;
};

static void draft_bitmap(struct exec_draw *draw, bool direct)
{
	const struct exec_bitmap layout = { .format = SPICE_BITMAP_FMT_32BIT,
					    .direct = direct,
					    .chunk = CHUNK_BYTES };
	struct raster pixels = raster_new(SPICE_SURFACE_FMT_32_xRGB,
					  IMAGE_WIDTH, IMAGE_HEIGHT);

	exec_image_bitmap(draw, &images, &data, &layout, &pixels);
	raster_free(&pixels);
}

static void draft_composite(struct exec_draw *draw)
{
	exec_image_surface(draw, &images,
			   offsetof(QXLDrawable, u.composite.src), 0, &source);
	exec_transform(draw, &images,
		       offsetof(QXLDrawable, u.composite.src_transform),
		       0x10000);
	exec_image_surface(draw, &images,
			   offsetof(QXLDrawable, u.composite.mask), 1, &alpha);
	exec_transform(draw, &images,
		       offsetof(QXLDrawable, u.composite.mask_transform),
		       0x10000);
}

static void make_draft(struct exec_draw *draw, enum draft draft)
{
	static const struct drm_mode_rect area = { LEFT, TOP, RIGHT, BOTTOM };

	images.used = data.used = 0;
	switch (draft) {
	case FILL:
		exec_fill(draw, &target.surface, &area, 0xabcdef);
		break;
	case BITS:
		exec_copy_bits(draw, &target.surface, &area, 0, 0);
		break;
	case CHUNKS:
	case DIRECT:
		exec_copy(draw, &target.surface, &area, 0, 0);
		draft_bitmap(draw, draft == DIRECT);
		break;
	case SURFACE:
		exec_copy(draw, &target.surface, &area, 0, 0);
		exec_image_surface(draw, &images,
				   offsetof(QXLDrawable, u.copy.src_bitmap), 0,
				   &source);
		break;
	case COMPOSITE:
		exec_composite(draw, &target.surface, &area, RASTER_OVER);
		draft_composite(draw);
		break;
	}
}

static uint32_t handle_of(enum name name)
{
	switch (name) {
	case NOBODY:
		return NO_HANDLE;
	case TARGET:
		return target.surface.object.handle;
	case SOURCE:
		return source.object.handle;
	case ALPHA:
		return alpha.object.handle;
	case IMAGES:
		return images.object.handle;
	case DATA:
		return data.object.handle;
	default:
		return 0;
	}
}

static void drop_reloc(struct call *call, uint32_t n)
{
	struct drm_qxl_reloc *relocs = call->draw.relocs;

	memmove(&relocs[n], &relocs[n + 1],
		(call->draw.num_relocs - n - 1) * sizeof(*relocs));
	call->draw.num_relocs--;
	call->command.relocs_num--;
}

static void add_reloc(struct call *call, const struct added *add)
{
	struct drm_qxl_reloc *reloc;

	exec_address(&call->draw, handle_of(add->dst), add->dst_offset,
		     handle_of(add->src), add->src_offset);
	reloc = &call->draw.relocs[call->draw.num_relocs - 1];
	reloc->reloc_type = add->type;
	call->command.relocs_num++;
}

/* Where a poke's offset counts from. */
static void *base_of(struct call *call, const struct poke *poke)
{
	switch (poke->where) {
	case IN_CALL:
		return &call->args;
	case IN_COMMAND:
		return &call->command;
	case IN_DRAWABLE:
		return &call->draw.drawable;
	case IN_IMAGES:
		return images.object.map;
	case IN_DATA:
		return data.object.map;
	default:
		return &call->draw.relocs[poke->reloc];
	}
}

static void apply(struct call *call, const struct poke *poke)
{
	struct drm_qxl_reloc *reloc = &call->draw.relocs[poke->reloc];

	switch (poke->where) {
	case NOWHERE:
		break;
	case SRC_OF:
		reloc->src_handle = handle_of(poke->value);
		break;
	case DST_OF:
		reloc->dst_handle = handle_of(poke->value);
		break;
	case DROPPED:
		drop_reloc(call, poke->reloc);
		break;
	default:
		memcpy((uint8_t *)base_of(call, poke) + poke->offset,
		       &poke->value, poke->bytes);
	}
}

static void run_row(const struct row *row)
{
	struct call call;
	int ret;

	make_draft(&call.draw, row->draft);
	call.command = exec_command(&call.draw);
	call.args = (struct drm_qxl_execbuffer){
		.commands_num = 1,
		.commands = (uintptr_t)&call.command,
	};
	for (unsigned int i = 0; i < ARRAY_SIZE(row->pokes); i++)
		apply(&call, &row->pokes[i]);
	if (row->add.type)
		add_reloc(&call, &row->add);
	ret = drmIoctl(card.fd, DRM_IOCTL_QXL_EXECBUFFER, &call.args) ? -errno :
									0;
	check(ret == row->want, "%s: %d, not %d", row->what, ret, row->want);
}

/* Calls and commands -------------------------------------------------------------- */

static const struct row calls[] = {
	{ "flags", FILL, -EINVAL, WITH(CALL(flags, 1)) },
	{ "the last flag", FILL, -EINVAL, WITH(CALL(flags, 0x80000000)) },
	{ "flags of no commands", FILL, -EINVAL,
	  WITH(CALL(flags, 1), CALL(commands_num, 0)) },
	{ "no commands", FILL, 0, WITH(CALL(commands_num, 0)) },
	{ "no commands at no address", FILL, 0,
	  WITH(CALL(commands_num, 0), CALL(commands, 0)) },
	{ "1025 commands", FILL, -EINVAL, WITH(CALL(commands_num, 1025)) },
	{ "2^27 commands", FILL, -EINVAL, WITH(CALL(commands_num, 1 << 27)) },
	{ "2^32 - 1 commands", FILL, -EINVAL,
	  WITH(CALL(commands_num, 0xffffffff)) },
	{ "commands at no address", FILL, -EFAULT, WITH(CALL(commands, 0)) },
	{ "commands in the kernel", FILL, -EFAULT,
	  WITH(CALL(commands, KERNEL_ADDRESS)) },
	{ "commands at the end", FILL, -EFAULT, WITH(CALL(commands, ~7ull)) },
	{ "command at no address", FILL, -EFAULT, WITH(COMMAND(command, 0)) },
	{ "command in the kernel", FILL, -EFAULT,
	  WITH(COMMAND(command, KERNEL_ADDRESS)) },
	{ "command at the end", FILL, -EFAULT, WITH(COMMAND(command, ~7ull)) },
	{ "relocations at no address", FILL, -EFAULT, WITH(COMMAND(relocs, 0)) },
	{ "relocations in the kernel", FILL, -EFAULT,
	  WITH(COMMAND(relocs, KERNEL_ADDRESS)) },
	{ "relocations at the end", FILL, -EFAULT, WITH(COMMAND(relocs, ~7ull)) },
	{ "no bytes", FILL, -EINVAL, WITH(COMMAND(command_size, 0)) },
	{ "a byte", FILL, -EINVAL, WITH(COMMAND(command_size, 1)) },
	{ "header of a draw", FILL, -EINVAL,
	  WITH(COMMAND(command_size,
		       offsetof(QXLDrawable, u) - sizeof(QXLReleaseInfo))) },
	{ "short fill", FILL, -EINVAL,
	  WITH(COMMAND(command_size, SIZE_WITH(fill) - 1)) },
	{ "short copy", DIRECT, -EINVAL,
	  WITH(COMMAND(command_size, SIZE_WITH(copy) - 1)) },
	{ "short copy of bits", BITS, -EINVAL,
	  WITH(COMMAND(command_size, SIZE_WITH(copy_bits) - 1)) },
	{ "short composite", COMPOSITE, -EINVAL,
	  WITH(COMMAND(command_size, SIZE_WITH(composite) - 1)) },
	{ "a byte too long", FILL, -EINVAL,
	  WITH(COMMAND(command_size, EXEC_COMMAND_BYTES + 1)) },
	{ "2^32 - 1 bytes", FILL, -EINVAL,
	  WITH(COMMAND(command_size, 0xffffffff)) },
	{ "97 relocations", FILL, -EINVAL, WITH(COMMAND(relocs_num, 97)) },
	{ "2^27 relocations", FILL, -EINVAL, WITH(COMMAND(relocs_num, 1 << 27)) },
	{ "2^32 - 1 relocations", FILL, -EINVAL,
	  WITH(COMMAND(relocs_num, 0xffffffff)) },
	{ "no relocations", FILL, -EINVAL, WITH(COMMAND(relocs_num, 0)) },
	{ "type NOP", FILL, -EINVAL, WITH(COMMAND(type, QXL_CMD_NOP)) },
	{ "type UPDATE", FILL, -EINVAL, WITH(COMMAND(type, QXL_CMD_UPDATE)) },
	{ "type CURSOR", FILL, -EINVAL, WITH(COMMAND(type, QXL_CMD_CURSOR)) },
	{ "type MESSAGE", FILL, -EINVAL, WITH(COMMAND(type, QXL_CMD_MESSAGE)) },
	{ "type SURFACE", FILL, -EINVAL, WITH(COMMAND(type, QXL_CMD_SURFACE)) },
	{ "type behind the last", FILL, -EINVAL,
	  WITH(COMMAND(type, QXL_CMD_SURFACE + 1)) },
	{ "type 2^32 - 1", FILL, -EINVAL, WITH(COMMAND(type, 0xffffffff)) },
};

/* Relocations --------------------------------------------------------------------- */

#define AT_FIELD(field) offsetof(QXLDrawable, field)
#define AT_IMAGE(field) offsetof(QXLImage, field)

static const struct row relocations[] = {
	{ "type 0", FILL, -EINVAL, WITH(RELOC(R_TARGET, reloc_type, 0)) },
	{ "type 3", FILL, -EINVAL, WITH(RELOC(R_TARGET, reloc_type, 3)) },
	{ "type 2^32 - 1", FILL, -EINVAL,
	  WITH(RELOC(R_TARGET, reloc_type, 0xffffffff)) },
	{ "of nobody", FILL, -ENOENT, WITH(SRC(R_TARGET, NOBODY)) },
	{ "of handle 0", FILL, -ENOENT, WITH(SRC(R_TARGET, NOTHING)) },
	{ "into nobody", FILL, -ENOENT, WITH(DST(R_TARGET, NOBODY)) },
	{ "chunk of nobody", CHUNKS, -ENOENT, WITH(SRC(R_NEXT_OF_1, NOBODY)) },
	{ "chunk before it of nobody", CHUNKS, -ENOENT,
	  WITH(SRC(R_PREVIOUS_OF_1, NOBODY)) },

	{ "no target", FILL, -EINVAL, WITH(DROP(R_TARGET)) },
	{ "target by number", FILL, -EINVAL,
	  WITH(DROP(R_TARGET), DRAWABLE(surface_id, 1)) },
	{ "target is memory", FILL, -EINVAL, WITH(SRC(R_TARGET, DATA)) },
	{ "target by address", FILL, -EINVAL,
	  WITH(RELOC(R_TARGET, reloc_type, QXL_RELOC_TYPE_BO)) },
	{ "target is memory by address", FILL, -EINVAL,
	  WITH(RELOC(R_TARGET, reloc_type, QXL_RELOC_TYPE_BO),
	       SRC(R_TARGET, DATA)) },
	{ "target in another object", FILL, -EINVAL,
	  WITH(DST(R_TARGET, IMAGES)) },
	{ "target in itself", FILL, -EINVAL, WITH(DST(R_TARGET, TARGET)) },
	{ "another target, which is memory", FILL, -EINVAL,
	  ID(ITSELF, AT_FIELD(surface_id), DATA) },

	{ "into the release info", FILL, -EINVAL, ADDRESS(ITSELF, 0, DATA, 0) },
	{ "into bytes before the target", FILL, -EINVAL,
	  ADDRESS(ITSELF, AT_FIELD(surface_id) - 1, DATA, 0) },
	{ "into bytes behind the target", FILL, -EINVAL,
	  ID(ITSELF, AT_FIELD(surface_id) + 1, SOURCE) },
	{ "into the type", FILL, -EINVAL,
	  ADDRESS(ITSELF, AT_FIELD(type), DATA, 0) },
	{ "into the box", FILL, -EINVAL,
	  ADDRESS(ITSELF, AT_FIELD(bbox), DATA, 0) },
	{ "surface id into the box", FILL, -EINVAL,
	  ID(ITSELF, AT_FIELD(bbox), SOURCE) },
	{ "into the area of the self bitmap", FILL, -EINVAL,
	  ADDRESS(ITSELF, AT_FIELD(self_bitmap_area), DATA, 0) },
	{ "into the clip", FILL, -EINVAL,
	  ADDRESS(ITSELF, AT_FIELD(clip.data), DATA, 0) },
	{ "into the time", FILL, -EINVAL,
	  ADDRESS(ITSELF, AT_FIELD(mm_time), DATA, 0) },
	{ "into the dependencies' areas", FILL, -EINVAL,
	  ADDRESS(ITSELF, AT_FIELD(surfaces_rects), DATA, 0) },
	{ "into the colour", FILL, -EINVAL,
	  ADDRESS(ITSELF, AT_FIELD(u.fill.brush.u.color), DATA, 0) },
	{ "into the raster operation", FILL, -EINVAL,
	  ADDRESS(ITSELF, AT_FIELD(u.fill.rop_descriptor), DATA, 0) },
	{ "into another draw's source", FILL, -EINVAL,
	  ADDRESS(ITSELF, AT_FIELD(u.copy.src_bitmap), DATA, 0) },
	{ "into the last byte", FILL, -EINVAL,
	  ADDRESS(ITSELF, sizeof(QXLDrawable) - 1, DATA, 0) },
	{ "behind the end", FILL, -EINVAL,
	  ADDRESS(ITSELF, sizeof(QXLDrawable), DATA, 0) },
	{ "2^32 behind the target", FILL, -EINVAL,
	  ID(ITSELF, (1ull << 32) + AT_FIELD(surface_id), SOURCE) },
	{ "2^63", FILL, -EINVAL, ADDRESS(ITSELF, 1ull << 63, DATA, 0) },
	{ "2^64 - 1", FILL, -EINVAL, ADDRESS(ITSELF, ~0ull, DATA, 0) },
	{ "into memory that is not used", FILL, -EINVAL,
	  ADDRESS(IMAGES, 0, DATA, 0) },
	{ "into a surface", FILL, -EINVAL, ADDRESS(SOURCE, 0, DATA, 0) },
	{ "behind a surface", FILL, -EINVAL, ADDRESS(SOURCE, 1 << 30, DATA, 0) },
	{ "into the target's pixels", FILL, -EINVAL, ID(TARGET, 0, SOURCE) },

	{ "dependency without one", FILL, -EINVAL,
	  WITH(DRAWABLE(surfaces_dest[0], 0)) },
	{ "dependency by number", FILL, -EINVAL,
	  WITH(DRAWABLE(surfaces_dest[1], 5)) },
	{ "dependency -2", FILL, -EINVAL,
	  WITH(DRAWABLE(surfaces_dest[2], (uint64_t)-2)) },
	{ "dependency by address", FILL, -EINVAL,
	  ADDRESS(ITSELF, AT_FIELD(surfaces_dest[0]), DATA, 0) },
	{ "dependency on memory", FILL, -EINVAL,
	  ID(ITSELF, AT_FIELD(surfaces_dest[0]), DATA) },
	{ "fourth dependency", FILL, -EINVAL,
	  ID(ITSELF, AT_FIELD(surfaces_dest) + 12, SOURCE) },

	{ "image without relocation", SURFACE, -EINVAL,
	  WITH(DROP(R_SURFACE), DROP(R_IMAGE),
	       DRAWABLE(u.copy.src_bitmap, 4096)) },
	{ "no image", SURFACE, -EINVAL, WITH(DROP(R_SURFACE), DROP(R_IMAGE)) },
	{ "image is a surface's id", SURFACE, -EINVAL,
	  WITH(RELOC(R_IMAGE, reloc_type, QXL_RELOC_TYPE_SURF),
	       SRC(R_IMAGE, SOURCE)) },
	{ "image by the id of memory", SURFACE, -EINVAL,
	  WITH(RELOC(R_IMAGE, reloc_type, QXL_RELOC_TYPE_SURF)) },
	{ "image in a surface", SURFACE, -EINVAL, WITH(SRC(R_IMAGE, SOURCE)) },
	{ "image in the target", SURFACE, -EINVAL, WITH(SRC(R_IMAGE, TARGET)) },
	{ "image behind its object", SURFACE, -EINVAL,
	  WITH(RELOC(R_IMAGE, src_offset, OBJECT_BYTES)) },
	{ "image partly behind its object", SURFACE, -EINVAL,
	  WITH(RELOC(R_IMAGE, src_offset, OBJECT_BYTES - sizeof(QXLImage) + 1)) },
	{ "image at 2^64 - 1", SURFACE, -EINVAL,
	  WITH(RELOC(R_IMAGE, src_offset, ~0ull)) },
	{ "image at 2^64 - 48", SURFACE, -EINVAL,
	  WITH(RELOC(R_IMAGE, src_offset, 0 - sizeof(QXLImage))) },
	{ "image at 2^63", SURFACE, -EINVAL,
	  WITH(RELOC(R_IMAGE, src_offset, 1ull << 63)) },
	{ "image's surface by number", SURFACE, -EINVAL,
	  WITH(DROP(R_SURFACE), IMAGE(surface_image.surface_id, 1)) },
	{ "image's surface is memory", SURFACE, -EINVAL,
	  WITH(SRC(R_SURFACE, DATA)) },
	{ "image's surface by address", SURFACE, -EINVAL,
	  WITH(RELOC(R_SURFACE, reloc_type, QXL_RELOC_TYPE_BO),
	       SRC(R_SURFACE, DATA)) },
	{ "into an image's description", SURFACE, -EINVAL,
	  ADDRESS(IMAGES, AT_IMAGE(descriptor.id), DATA, 0) },
	{ "behind an image", SURFACE, -EINVAL,
	  ADDRESS(IMAGES, sizeof(QXLImage), DATA, 0) },
	{ "behind an image's object", SURFACE, -EINVAL,
	  ADDRESS(IMAGES, OBJECT_BYTES, DATA, 0) },
	{ "2^64 - 8 in an image's object", SURFACE, -EINVAL,
	  ADDRESS(IMAGES, ~7ull, DATA, 0) },

	{ "into a bitmap's stride", DIRECT, -EINVAL,
	  ADDRESS(IMAGES, AT_IMAGE(bitmap.stride), DATA, 0) },
	{ "into bytes behind a bitmap's data", DIRECT, -EINVAL,
	  ADDRESS(IMAGES, AT_IMAGE(bitmap.data) + 1, DATA, 0) },
	{ "palette", DIRECT, -EINVAL,
	  ADDRESS(IMAGES, AT_IMAGE(bitmap.palette), DATA, 0) },
	{ "palette without relocation", DIRECT, -EINVAL,
	  WITH(IMAGE(bitmap.palette, 4096)) },
	{ "data without relocation", DIRECT, -EINVAL,
	  WITH(DROP(R_DATA), IMAGE(bitmap.data, 4096)) },
	{ "no data", DIRECT, -EINVAL, WITH(DROP(R_DATA)) },
	{ "no chunks", CHUNKS, -EINVAL, WITH(DROP(R_CHUNKS)) },
	{ "data in a surface", DIRECT, -EINVAL, WITH(SRC(R_DATA, SOURCE)) },
	{ "data is a surface's id", DIRECT, -EINVAL,
	  WITH(RELOC(R_DATA, reloc_type, QXL_RELOC_TYPE_SURF),
	       SRC(R_DATA, SOURCE)) },
	{ "into pixels", DIRECT, -EINVAL, ADDRESS(DATA, 0, IMAGES, 0) },
	{ "into a chunk's size", CHUNKS, -EINVAL,
	  ADDRESS(DATA, offsetof(QXLDataChunk, data_size), IMAGES, 0) },
	{ "into a chunk's pixels", CHUNKS, -EINVAL,
	  ADDRESS(DATA, sizeof(QXLDataChunk), IMAGES, 0) },
	{ "chunk in a surface", CHUNKS, -EINVAL, WITH(SRC(R_NEXT_OF_0, SOURCE)) },
	{ "chunks in a surface", CHUNKS, -EINVAL, WITH(SRC(R_CHUNKS, SOURCE)) },
	{ "next chunk is a surface's id", CHUNKS, -EINVAL,
	  WITH(RELOC(R_NEXT_OF_1, reloc_type, QXL_RELOC_TYPE_SURF),
	       SRC(R_NEXT_OF_1, SOURCE)) },
	{ "chunk before it is a surface's id", CHUNKS, -EINVAL,
	  WITH(RELOC(R_PREVIOUS_OF_1, reloc_type, QXL_RELOC_TYPE_SURF),
	       SRC(R_PREVIOUS_OF_1, SOURCE)) },
	{ "next chunk without relocation", CHUNKS, -EINVAL,
	  WITH(CHUNK(2, next_chunk, 4096)) },

	{ "mask of a fill", FILL, -EINVAL,
	  ADDRESS(ITSELF, AT_FIELD(u.fill.mask.bitmap), IMAGES, 0) },
	{ "mask of a fill without relocation", FILL, -EINVAL,
	  WITH(DRAWABLE(u.fill.mask.bitmap, 4096)) },
	{ "mask of a copy", DIRECT, -EINVAL,
	  ADDRESS(ITSELF, AT_FIELD(u.copy.mask.bitmap), IMAGES, 0) },
	{ "mask of a copy without relocation", DIRECT, -EINVAL,
	  WITH(DRAWABLE(u.copy.mask.bitmap, 4096)) },
};

/* Draws --------------------------------------------------------------------------- */

static const struct row draws[] = {
	{ "NOP", FILL, -EINVAL, WITH(DRAWABLE(type, QXL_DRAW_NOP)) },
	{ "OPAQUE", FILL, -EINVAL, WITH(DRAWABLE(type, QXL_DRAW_OPAQUE)) },
	{ "BLEND", FILL, -EINVAL, WITH(DRAWABLE(type, QXL_DRAW_BLEND)) },
	{ "BLACKNESS", FILL, -EINVAL, WITH(DRAWABLE(type, QXL_DRAW_BLACKNESS)) },
	{ "WHITENESS", FILL, -EINVAL, WITH(DRAWABLE(type, QXL_DRAW_WHITENESS)) },
	{ "INVERS", FILL, -EINVAL, WITH(DRAWABLE(type, QXL_DRAW_INVERS)) },
	{ "ROP3", FILL, -EINVAL, WITH(DRAWABLE(type, QXL_DRAW_ROP3)) },
	{ "STROKE", FILL, -EINVAL, WITH(DRAWABLE(type, QXL_DRAW_STROKE)) },
	{ "TEXT", FILL, -EINVAL, WITH(DRAWABLE(type, QXL_DRAW_TEXT)) },
	{ "TRANSPARENT", FILL, -EINVAL,
	  WITH(DRAWABLE(type, QXL_DRAW_TRANSPARENT)) },
	{ "ALPHA_BLEND", FILL, -EINVAL,
	  WITH(DRAWABLE(type, QXL_DRAW_ALPHA_BLEND)) },
	{ "type behind the last", FILL, -EINVAL,
	  WITH(DRAWABLE(type, QXL_DRAW_COMPOSITE + 1)) },
	{ "type 255", FILL, -EINVAL, WITH(DRAWABLE(type, 255)) },
	{ "BLEND with a source", DIRECT, -EINVAL,
	  WITH(DRAWABLE(type, QXL_DRAW_BLEND)) },
	{ "OPAQUE with a source", DIRECT, -EINVAL,
	  WITH(DRAWABLE(type, QXL_DRAW_OPAQUE)) },

	{ "effect 8", FILL, -EINVAL, WITH(DRAWABLE(effect, 8)) },
	{ "effect 255", FILL, -EINVAL, WITH(DRAWABLE(effect, 255)) },
	{ "self bitmap", FILL, -EINVAL, WITH(DRAWABLE(self_bitmap, 1)) },
	{ "clip of rectangles", FILL, -EINVAL,
	  WITH(DRAWABLE(clip.type, SPICE_CLIP_TYPE_RECTS)) },
	{ "clip of rectangles somewhere", FILL, -EINVAL,
	  WITH(DRAWABLE(clip.type, SPICE_CLIP_TYPE_RECTS)),
	  ADDRESS(ITSELF, AT_FIELD(clip.data), DATA, 0) },
	{ "clip of a path", FILL, -EINVAL, WITH(DRAWABLE(clip.type, 2)) },
	{ "clip 2^32 - 1", FILL, -EINVAL, WITH(DRAWABLE(clip.type, 0xffffffff)) },

	{ "empty", FILL, -EINVAL, WITH(DRAWABLE(bbox.right, LEFT)) },
	{ "no height", FILL, -EINVAL, WITH(DRAWABLE(bbox.bottom, TOP)) },
	{ "left and right swapped", FILL, -EINVAL,
	  WITH(DRAWABLE(bbox.left, RIGHT), DRAWABLE(bbox.right, LEFT)) },
	{ "top and bottom swapped", FILL, -EINVAL,
	  WITH(DRAWABLE(bbox.top, BOTTOM), DRAWABLE(bbox.bottom, TOP)) },
	{ "left of the target", FILL, -EINVAL,
	  WITH(DRAWABLE(bbox.left, (uint64_t)-1)) },
	{ "above the target", FILL, -EINVAL,
	  WITH(DRAWABLE(bbox.top, (uint64_t)-1)) },
	{ "right of the target", FILL, -EINVAL,
	  WITH(DRAWABLE(bbox.right, WIDTH + 1)) },
	{ "below the target", FILL, -EINVAL,
	  WITH(DRAWABLE(bbox.bottom, HEIGHT + 1)) },
	{ "the largest box", FILL, -EINVAL,
	  WITH(DRAWABLE(bbox.left, 0x80000000),
	       DRAWABLE(bbox.right, 0x7fffffff)) },
	{ "to 2^31 - 1", FILL, -EINVAL,
	  WITH(DRAWABLE(bbox.bottom, 0x7fffffff),
	       DRAWABLE(bbox.right, 0x7fffffff)) },

	{ "no brush", FILL, -EINVAL,
	  WITH(DRAWABLE(u.fill.brush.type, SPICE_BRUSH_TYPE_NONE)) },
	{ "pattern without an image", FILL, -EINVAL,
	  WITH(DRAWABLE(u.fill.brush.type, SPICE_BRUSH_TYPE_PATTERN)) },
	{ "pattern", FILL, -EINVAL,
	  WITH(DRAWABLE(u.fill.brush.type, SPICE_BRUSH_TYPE_PATTERN)),
	  ADDRESS(ITSELF, AT_FIELD(u.fill.brush.u.pattern.pat), IMAGES, 0) },
	{ "brush 2^32 - 1", FILL, -EINVAL,
	  WITH(DRAWABLE(u.fill.brush.type, 0xffffffff)) },
	{ "rop 0x800 of a fill", FILL, -EINVAL,
	  WITH(DRAWABLE(u.fill.rop_descriptor, 0x800)) },
	{ "rop 0xffff of a fill", FILL, -EINVAL,
	  WITH(DRAWABLE(u.fill.rop_descriptor, 0xffff)) },
	{ "rop 0x800 of a copy", DIRECT, -EINVAL,
	  WITH(DRAWABLE(u.copy.rop_descriptor, 0x800)) },
	{ "scale mode 2", DIRECT, -EINVAL, WITH(DRAWABLE(u.copy.scale_mode, 2)) },
	{ "scale mode 255", DIRECT, -EINVAL,
	  WITH(DRAWABLE(u.copy.scale_mode, 255)) },

	{ "narrower source", DIRECT, -EINVAL,
	  WITH(DRAWABLE(u.copy.src_area.right, IMAGE_WIDTH - 1)) },
	{ "lower source", DIRECT, -EINVAL,
	  WITH(DRAWABLE(u.copy.src_area.bottom, IMAGE_HEIGHT - 1)) },
	{ "wider source", SURFACE, -EINVAL,
	  WITH(DRAWABLE(u.copy.src_area.right, IMAGE_WIDTH + 1)) },
	{ "higher source", SURFACE, -EINVAL,
	  WITH(DRAWABLE(u.copy.src_area.bottom, IMAGE_HEIGHT + 1)) },
	{ "source right of a bitmap", DIRECT, -EINVAL,
	  WITH(DRAWABLE(u.copy.src_area.left, 1),
	       DRAWABLE(u.copy.src_area.right, IMAGE_WIDTH + 1)) },
	{ "source below a bitmap", DIRECT, -EINVAL,
	  WITH(DRAWABLE(u.copy.src_area.top, 1),
	       DRAWABLE(u.copy.src_area.bottom, IMAGE_HEIGHT + 1)) },
	{ "source left of a bitmap", DIRECT, -EINVAL,
	  WITH(DRAWABLE(u.copy.src_area.left, (uint64_t)-1),
	       DRAWABLE(u.copy.src_area.right, IMAGE_WIDTH - 1)) },
	{ "source right of a surface", SURFACE, -EINVAL,
	  WITH(DRAWABLE(u.copy.src_area.left, WIDTH - IMAGE_WIDTH + 1),
	       DRAWABLE(u.copy.src_area.right, WIDTH + 1)) },
	{ "source above a surface", SURFACE, -EINVAL,
	  WITH(DRAWABLE(u.copy.src_area.top, (uint64_t)-1),
	       DRAWABLE(u.copy.src_area.bottom, IMAGE_HEIGHT - 1)) },
	{ "source and target swapped", SURFACE, -EINVAL,
	  WITH(DRAWABLE(u.copy.src_area.left, IMAGE_WIDTH),
	       DRAWABLE(u.copy.src_area.right, 0)) },
	{ "source around 2^31", SURFACE, -EINVAL,
	  WITH(DRAWABLE(u.copy.src_area.left, 0x7ffffff0),
	       DRAWABLE(u.copy.src_area.right, 0x80000010)) },

	{ "bits from the left", BITS, -EINVAL,
	  WITH(DRAWABLE(u.copy_bits.src_pos.x, (uint64_t)-1)) },
	{ "bits from above", BITS, -EINVAL,
	  WITH(DRAWABLE(u.copy_bits.src_pos.y, (uint64_t)-1)) },
	{ "bits from the right", BITS, -EINVAL,
	  WITH(DRAWABLE(u.copy_bits.src_pos.x, WIDTH - IMAGE_WIDTH + 1)) },
	{ "bits from below", BITS, -EINVAL,
	  WITH(DRAWABLE(u.copy_bits.src_pos.y, HEIGHT - IMAGE_HEIGHT + 1)) },
	{ "bits from 2^31 - 1", BITS, -EINVAL,
	  WITH(DRAWABLE(u.copy_bits.src_pos.x, 0x7fffffff)) },
	{ "bits from -2^31", BITS, -EINVAL,
	  WITH(DRAWABLE(u.copy_bits.src_pos.y, 0x80000000)) },

	{ "surface of 8 bits to 32", SURFACE, -EINVAL,
	  WITH(SRC(R_SURFACE, ALPHA)) },
	{ "surface of 32 bits to 8", SURFACE, -EINVAL,
	  WITH(SRC(R_TARGET, ALPHA)) },
	{ "bitmap of 32 bits to 8", DIRECT, -EINVAL, WITH(SRC(R_TARGET, ALPHA)) },
	{ "bitmap of 8 bits to 32", DIRECT, -EINVAL,
	  WITH(IMAGE(bitmap.format, SPICE_BITMAP_FMT_8BIT_A)) },
	{ "bitmap of 16 bits to 32", DIRECT, -EINVAL,
	  WITH(IMAGE(bitmap.format, SPICE_BITMAP_FMT_16BIT)) },
};

/* Bitmaps ------------------------------------------------------------------------- */

static const struct row bitmaps[] = {
	{ "QUIC", DIRECT, -EINVAL,
	  WITH(IMAGE(descriptor.type, SPICE_IMAGE_TYPE_QUIC)) },
	{ "LZ_PLT", DIRECT, -EINVAL,
	  WITH(IMAGE(descriptor.type, SPICE_IMAGE_TYPE_LZ_PLT)) },
	{ "LZ_RGB", DIRECT, -EINVAL,
	  WITH(IMAGE(descriptor.type, SPICE_IMAGE_TYPE_LZ_RGB)) },
	{ "GLZ_RGB", DIRECT, -EINVAL,
	  WITH(IMAGE(descriptor.type, SPICE_IMAGE_TYPE_GLZ_RGB)) },
	{ "FROM_CACHE", DIRECT, -EINVAL,
	  WITH(IMAGE(descriptor.type, SPICE_IMAGE_TYPE_FROM_CACHE)) },
	{ "JPEG", DIRECT, -EINVAL,
	  WITH(IMAGE(descriptor.type, SPICE_IMAGE_TYPE_JPEG)) },
	{ "FROM_CACHE_LOSSLESS", DIRECT, -EINVAL,
	  WITH(IMAGE(descriptor.type, SPICE_IMAGE_TYPE_FROM_CACHE_LOSSLESS)) },
	{ "JPEG_ALPHA", DIRECT, -EINVAL,
	  WITH(IMAGE(descriptor.type, SPICE_IMAGE_TYPE_JPEG_ALPHA)) },
	{ "LZ4", DIRECT, -EINVAL,
	  WITH(IMAGE(descriptor.type, SPICE_IMAGE_TYPE_LZ4)) },
	{ "image type 255", DIRECT, -EINVAL, WITH(IMAGE(descriptor.type, 255)) },
	{ "bitmap that calls itself a surface", DIRECT, -EINVAL,
	  WITH(IMAGE(descriptor.type, SPICE_IMAGE_TYPE_SURFACE)) },
	{ "surface that calls itself a bitmap", SURFACE, -EINVAL,
	  WITH(IMAGE(descriptor.type, SPICE_IMAGE_TYPE_BITMAP)) },

	{ "format 0", DIRECT, -EINVAL, WITH(IMAGE(bitmap.format, 0)) },
	{ "1 bit, low first", DIRECT, -EINVAL,
	  WITH(IMAGE(bitmap.format, SPICE_BITMAP_FMT_1BIT_LE)) },
	{ "1 bit, high first", DIRECT, -EINVAL,
	  WITH(IMAGE(bitmap.format, SPICE_BITMAP_FMT_1BIT_BE)) },
	{ "4 bits", DIRECT, -EINVAL,
	  WITH(IMAGE(bitmap.format, SPICE_BITMAP_FMT_4BIT_BE)) },
	{ "8 bits with palette", DIRECT, -EINVAL,
	  WITH(IMAGE(bitmap.format, SPICE_BITMAP_FMT_8BIT)) },
	{ "24 bits", DIRECT, -EINVAL,
	  WITH(IMAGE(bitmap.format, SPICE_BITMAP_FMT_24BIT)) },
	{ "format behind the last", DIRECT, -EINVAL,
	  WITH(IMAGE(bitmap.format, SPICE_BITMAP_FMT_ENUM_END)) },
	{ "format 255", DIRECT, -EINVAL, WITH(IMAGE(bitmap.format, 255)) },
	{ "bottom-up", DIRECT, -EINVAL,
	  WITH(IMAGE(bitmap.flags, QXL_BITMAP_DIRECT)) },

	{ "no width", DIRECT, -EINVAL, WITH(IMAGE(bitmap.x, 0)) },
	{ "no height", DIRECT, -EINVAL, WITH(IMAGE(bitmap.y, 0)) },
	{ "no stride", DIRECT, -EINVAL, WITH(IMAGE(bitmap.stride, 0)) },
	{ "short stride", DIRECT, -EINVAL,
	  WITH(IMAGE(bitmap.stride, IMAGE_STRIDE - 1)) },
	{ "wider than its stride", DIRECT, -EINVAL,
	  WITH(IMAGE(bitmap.x, IMAGE_WIDTH + 1)) },
	{ "width times 4 overflows", DIRECT, -EINVAL,
	  WITH(IMAGE(bitmap.x, 0x40000000 + IMAGE_WIDTH)) },
	{ "width 2^32 - 1", DIRECT, -EINVAL, WITH(IMAGE(bitmap.x, 0xffffffff)) },
	{ "height 2^32 - 1", DIRECT, -EINVAL, WITH(IMAGE(bitmap.y, 0xffffffff)) },
	{ "stride 2^32 - 1", DIRECT, -EINVAL,
	  WITH(IMAGE(bitmap.stride, 0xffffffff)) },
	{ "bytes overflow 32 bits to few", DIRECT, -EINVAL,
	  WITH(IMAGE(bitmap.stride, 0x10000), IMAGE(bitmap.y, 0x10001)) },
	{ "all of it 2^32 - 1", DIRECT, -EINVAL,
	  WITH(IMAGE(bitmap.x, 0xffffffff), IMAGE(bitmap.y, 0xffffffff),
	       IMAGE(bitmap.stride, 0xffffffff)) },
	{ "a row more than its object", DIRECT, -EINVAL,
	  WITH(IMAGE(bitmap.y, OBJECT_BYTES / IMAGE_STRIDE + 1)) },
	{ "a byte behind its object", DIRECT, -EINVAL,
	  WITH(RELOC(R_DATA, src_offset, OBJECT_BYTES - IMAGE_BYTES + 1)) },
	{ "behind its object", DIRECT, -EINVAL,
	  WITH(RELOC(R_DATA, src_offset, OBJECT_BYTES)) },
	{ "at 2^64 - 1", DIRECT, -EINVAL,
	  WITH(RELOC(R_DATA, src_offset, ~0ull)) },
	{ "at 2^64 less its bytes", DIRECT, -EINVAL,
	  WITH(RELOC(R_DATA, src_offset, 0 - (uint64_t)IMAGE_BYTES)) },
	{ "a row more than its chunks", CHUNKS, -EINVAL,
	  WITH(IMAGE(bitmap.y, IMAGE_HEIGHT + 1)) },

	{ "a byte less", CHUNKS, -EINVAL,
	  WITH(CHUNK(2, data_size, CHUNK_BYTES - 1)) },
	{ "a byte more", CHUNKS, -EINVAL,
	  WITH(CHUNK(2, data_size, CHUNK_BYTES + 1)) },
	{ "a byte more in the middle", CHUNKS, -EINVAL,
	  WITH(CHUNK(1, data_size, CHUNK_BYTES + 1)) },
	{ "all in the first, and more behind", CHUNKS, -EINVAL,
	  WITH(CHUNK(0, data_size, IMAGE_BYTES)) },
	{ "the last one is missing", CHUNKS, -EINVAL,
	  WITH(DROP(R_PREVIOUS_OF_2), DROP(R_NEXT_OF_1)) },
	{ "larger than its object", CHUNKS, -EINVAL,
	  WITH(CHUNK(0, data_size, OBJECT_BYTES)) },
	{ "2^32 - 1 bytes", CHUNKS, -EINVAL,
	  WITH(CHUNK(0, data_size, 0xffffffff)) },
	{ "2^32 - 1 bytes at the end", CHUNKS, -EINVAL,
	  WITH(CHUNK(2, data_size, 0xffffffff)) },
	{ "sizes overflow 32 bits to the right sum", CHUNKS, -EINVAL,
	  WITH(CHUNK(0, data_size, 0xffffffff), CHUNK(1, data_size, 1),
	       CHUNK(2, data_size, IMAGE_BYTES)) },
	{ "first chunk partly behind its object", CHUNKS, -EINVAL,
	  WITH(RELOC(R_CHUNKS, src_offset,
		     OBJECT_BYTES - sizeof(QXLDataChunk) + 1)) },
	{ "first chunk at 2^64 - 1", CHUNKS, -EINVAL,
	  WITH(RELOC(R_CHUNKS, src_offset, ~0ull)) },
	{ "next chunk at 2^64 - 20", CHUNKS, -EINVAL,
	  WITH(RELOC(R_NEXT_OF_0, src_offset, 0 - sizeof(QXLDataChunk))) },
	{ "next chunk behind its object", CHUNKS, -EINVAL,
	  WITH(RELOC(R_NEXT_OF_1, src_offset, OBJECT_BYTES)) },
	{ "round and round", CHUNKS, -EINVAL,
	  WITH(RELOC(R_NEXT_OF_1, src_offset, 0)) },
	{ "round and round with no bytes", CHUNKS, -EINVAL,
	  WITH(RELOC(R_NEXT_OF_1, src_offset, 0), CHUNK(0, data_size, 0),
	       CHUNK(1, data_size, 0)) },
	{ "its own next", CHUNKS, -EINVAL,
	  WITH(RELOC(R_NEXT_OF_0, src_offset, 0)) },
	{ "its own next with no bytes", CHUNKS, -EINVAL,
	  WITH(RELOC(R_NEXT_OF_0, src_offset, 0), CHUNK(0, data_size, 0)) },
};

/* Composites ---------------------------------------------------------------------- */

#define FLAGS(to) WITH(DRAWABLE(u.composite.flags, to))

static const struct row composites[] = {
	{ "operator 0x0e", COMPOSITE, -EINVAL, FLAGS(0x0e) },
	{ "operator 0x0f", COMPOSITE, -EINVAL, FLAGS(0x0f) },
	{ "operator 0x1c", COMPOSITE, -EINVAL, FLAGS(0x1c) },
	{ "operator 0x1f", COMPOSITE, -EINVAL, FLAGS(0x1f) },
	{ "operator 0x2c", COMPOSITE, -EINVAL, FLAGS(0x2c) },
	{ "operator 0x3f", COMPOSITE, -EINVAL, FLAGS(0x3f) },
	{ "operator 0x40", COMPOSITE, -EINVAL, FLAGS(0x40) },
	{ "operator 0x80", COMPOSITE, -EINVAL, FLAGS(0x80) },
	{ "operator 0xff", COMPOSITE, -EINVAL, FLAGS(0xff) },
	{ "source filter 5", COMPOSITE, -EINVAL, FLAGS(3 | 5 << 8) },
	{ "source filter 6", COMPOSITE, -EINVAL, FLAGS(3 | 6 << 8) },
	{ "source filter 7", COMPOSITE, -EINVAL, FLAGS(3 | 7 << 8) },
	{ "mask filter 5", COMPOSITE, -EINVAL, FLAGS(3 | 5 << 11) },
	{ "mask filter 6", COMPOSITE, -EINVAL, FLAGS(3 | 6 << 11) },
	{ "mask filter 7", COMPOSITE, -EINVAL, FLAGS(3 | 7 << 11) },
	{ "HAS_MASK", COMPOSITE, -EINVAL, FLAGS(3 | SPICE_COMPOSITE_HAS_MASK) },
	{ "HAS_SRC_TRANSFORM", COMPOSITE, -EINVAL,
	  FLAGS(3 | SPICE_COMPOSITE_HAS_SRC_TRANSFORM) },
	{ "HAS_MASK_TRANSFORM", COMPOSITE, -EINVAL,
	  FLAGS(3 | SPICE_COMPOSITE_HAS_MASK_TRANSFORM) },
	{ "flag 25", COMPOSITE, -EINVAL, FLAGS(3 | 1 << 25) },
	{ "flag 31", COMPOSITE, -EINVAL, FLAGS(3 | 1u << 31) },
	{ "no source", COMPOSITE, -EINVAL,
	  WITH(DROP(R_SOURCE_SURFACE), DROP(R_SOURCE)) },
	{ "source without relocation", COMPOSITE, -EINVAL,
	  WITH(DROP(R_SOURCE_SURFACE), DROP(R_SOURCE),
	       DRAWABLE(u.composite.src, 4096)) },
	{ "mask without relocation", COMPOSITE, -EINVAL,
	  WITH(DROP(R_MASK_SURFACE), DROP(R_MASK),
	       DRAWABLE(u.composite.mask, 4096)) },
	{ "source transform without relocation", COMPOSITE, -EINVAL,
	  WITH(DROP(R_SOURCE_TRANSFORM),
	       DRAWABLE(u.composite.src_transform, 4096)) },
	{ "mask transform without relocation", COMPOSITE, -EINVAL,
	  WITH(DROP(R_MASK_TRANSFORM),
	       DRAWABLE(u.composite.mask_transform, 4096)) },
	{ "source is a bitmap", COMPOSITE, -EINVAL,
	  WITH(IMAGE(descriptor.type, SPICE_IMAGE_TYPE_BITMAP)) },
	{ "source's surface is memory", COMPOSITE, -EINVAL,
	  WITH(SRC(R_SOURCE_SURFACE, IMAGES)) },
	{ "source's surface by number", COMPOSITE, -EINVAL,
	  WITH(DROP(R_SOURCE_SURFACE), IMAGE(surface_image.surface_id, 1)) },
	{ "mask's surface is memory", COMPOSITE, -EINVAL,
	  WITH(SRC(R_MASK_SURFACE, IMAGES)) },
	{ "mask's surface is missing", COMPOSITE, -EINVAL,
	  WITH(DROP(R_MASK_SURFACE)) },
	{ "source behind its object", COMPOSITE, -EINVAL,
	  WITH(RELOC(R_SOURCE, src_offset, OBJECT_BYTES)) },
	{ "mask at 2^64 - 1", COMPOSITE, -EINVAL,
	  WITH(RELOC(R_MASK, src_offset, ~0ull)) },
	{ "source in a surface", COMPOSITE, -EINVAL,
	  WITH(SRC(R_SOURCE, SOURCE)) },
	{ "transform in a surface", COMPOSITE, -EINVAL,
	  WITH(SRC(R_SOURCE_TRANSFORM, SOURCE)) },
	{ "transform is a surface's id", COMPOSITE, -EINVAL,
	  WITH(RELOC(R_MASK_TRANSFORM, reloc_type, QXL_RELOC_TYPE_SURF),
	       SRC(R_MASK_TRANSFORM, SOURCE)) },
	{ "transform partly behind its object", COMPOSITE, -EINVAL,
	  WITH(RELOC(R_SOURCE_TRANSFORM, src_offset,
		     OBJECT_BYTES - sizeof(QXLTransform) + 1)) },
	{ "transform at 2^64 - 1", COMPOSITE, -EINVAL,
	  WITH(RELOC(R_MASK_TRANSFORM, src_offset, ~0ull)) },
	{ "into the flags", COMPOSITE, -EINVAL,
	  ADDRESS(ITSELF, AT_FIELD(u.composite.flags), DATA, 0) },
	{ "into the origins", COMPOSITE, -EINVAL,
	  ADDRESS(ITSELF, AT_FIELD(u.composite.src_origin), DATA, 0) },
};

/* Unusual, but legal -------------------------------------------------------------- */

/* Where draft_composite() has put the source's transform. */
#define TRANSFORM(field, to)                                          \
	{ IN_IMAGES,                                                  \
	  .offset = sizeof(QXLImage) + offsetof(QXLTransform, field), \
	  .bytes = 4, .value = (to) }

static const struct row legal[] = {
	{ "short fill, but long enough", FILL, 0,
	  WITH(COMMAND(command_size, SIZE_WITH(fill))) },
	{ "short copy, but long enough", DIRECT, 0,
	  WITH(COMMAND(command_size, SIZE_WITH(copy))) },
	{ "short copy of bits, but long enough", BITS, 0,
	  WITH(COMMAND(command_size, SIZE_WITH(copy_bits))) },
	{ "short composite, but long enough", COMPOSITE, 0,
	  WITH(COMMAND(command_size, SIZE_WITH(composite))) },
	{ "clip data without a clip", FILL, 0, WITH(DRAWABLE(clip.data, 4096)) },
	{ "colour that looks like an address", FILL, 0,
	  WITH(DRAWABLE(u.fill.brush.u.color, 0xffffffff)) },
	{ "the same target twice", FILL, 0,
	  ID(ITSELF, AT_FIELD(surface_id), TARGET) },
	{ "dependency on what is not read", FILL, 0,
	  ID(ITSELF, AT_FIELD(surfaces_dest[1]), ALPHA) },
	{ "areas of dependencies make no sense", FILL, 0,
	  WITH(DRAWABLE(surfaces_rects[0].left, 0x80000000)) },
	{ "all of the target", FILL, 0,
	  WITH(DRAWABLE(bbox.left, 0), DRAWABLE(bbox.top, 0),
	       DRAWABLE(bbox.right, WIDTH), DRAWABLE(bbox.bottom, HEIGHT)) },
	{ "the last pixel", FILL, 0,
	  WITH(DRAWABLE(bbox.left, WIDTH - 1), DRAWABLE(bbox.top, HEIGHT - 1),
	       DRAWABLE(bbox.right, WIDTH), DRAWABLE(bbox.bottom, HEIGHT)) },
	{ "effect 7", FILL, 0, WITH(DRAWABLE(effect, 7)) },
	{ "REVERT_ON_DUP", FILL, 0,
	  WITH(DRAWABLE(effect, QXL_EFFECT_REVERT_ON_DUP)) },
	{ "no rop", FILL, 0, WITH(DRAWABLE(u.fill.rop_descriptor, 0)) },
	{ "all rops", FILL, 0, WITH(DRAWABLE(u.fill.rop_descriptor, 0x7ff)) },
	{ "inversions without a rop", FILL, 0,
	  WITH(DRAWABLE(u.fill.rop_descriptor, 0x407)) },
	{ "copy with no rop", DIRECT, 0,
	  WITH(DRAWABLE(u.copy.rop_descriptor, 0)) },
	{ "copy with all rops", DIRECT, 0,
	  WITH(DRAWABLE(u.copy.rop_descriptor, 0x7ff)) },
	{ "copy of a surface with all rops", SURFACE, 0,
	  WITH(DRAWABLE(u.copy.rop_descriptor, 0x7ff)) },
	{ "scale mode 1", DIRECT, 0, WITH(DRAWABLE(u.copy.scale_mode, 1)) },
	{ "bits from the last place", BITS, 0,
	  WITH(DRAWABLE(u.copy_bits.src_pos.x, WIDTH - IMAGE_WIDTH),
	       DRAWABLE(u.copy_bits.src_pos.y, HEIGHT - IMAGE_HEIGHT)) },
	{ "source at the last place", SURFACE, 0,
	  WITH(DRAWABLE(u.copy.src_area.left, WIDTH - IMAGE_WIDTH),
	       DRAWABLE(u.copy.src_area.right, WIDTH)) },
	{ "target is its own source", SURFACE, 0, WITH(SRC(R_SURFACE, TARGET)) },
	{ "data at the end of its object", DIRECT, 0,
	  WITH(RELOC(R_DATA, src_offset, OBJECT_BYTES - IMAGE_BYTES)) },
	{ "a bitmap that fills its object", DIRECT, 0,
	  WITH(IMAGE(bitmap.y, OBJECT_BYTES / IMAGE_STRIDE)) },
	{ "cached", DIRECT, 0,
	  WITH(IMAGE(descriptor.flags, QXL_IMAGE_CACHE),
	       IMAGE(descriptor.id, 77)) },
	{ "cached, with other sides", DIRECT, 0,
	  WITH(IMAGE(descriptor.flags, QXL_IMAGE_CACHE),
	       IMAGE(descriptor.id, 77), IMAGE(bitmap.x, IMAGE_WIDTH),
	       IMAGE(bitmap.y, IMAGE_HEIGHT + 9)) },
	{ "all image flags", DIRECT, 0, WITH(IMAGE(descriptor.flags, 0xff)) },
	{ "all bitmap flags", DIRECT, 0, WITH(IMAGE(bitmap.flags, 0xff)) },
	{ "description of another size", DIRECT, 0,
	  WITH(IMAGE(descriptor.width, 0xffffffff), IMAGE(descriptor.height, 0)) },
	{ "chunk before it is anywhere", CHUNKS, 0,
	  WITH(RELOC(R_PREVIOUS_OF_1, src_offset, ~0ull)) },
	{ "no transform", COMPOSITE, 0,
	  WITH(DROP(R_MASK_TRANSFORM), DROP(R_SOURCE_TRANSFORM)) },
	{ "transform to nothing", COMPOSITE, 0,
	  WITH(TRANSFORM(t00, 0), TRANSFORM(t11, 0)) },
	{ "transform to the largest", COMPOSITE, 0,
	  WITH(TRANSFORM(t00, 0x7fffffff), TRANSFORM(t11, 0x7fffffff),
	       TRANSFORM(t02, 0x7fffffff), TRANSFORM(t12, 0x7fffffff)) },
	{ "transform to the smallest", COMPOSITE, 0,
	  WITH(TRANSFORM(t00, 0x80000000), TRANSFORM(t11, 0x80000000),
	       TRANSFORM(t02, 0x80000000), TRANSFORM(t12, 0x80000000)) },
	{ "transform repeated beyond 2^31", COMPOSITE, 0,
	  WITH(TRANSFORM(t00, 0x7fffffff), TRANSFORM(t02, 0x7fffffff),
	       DRAWABLE(u.composite.flags, 3 | 4 << 8 | 1 << 14)) },
	{ "smallest origins", COMPOSITE, 0,
	  WITH(DRAWABLE(u.composite.src_origin.x, 0x8000),
	       DRAWABLE(u.composite.mask_origin.y, 0x8000)) },
	{ "largest origins", COMPOSITE, 0,
	  WITH(DRAWABLE(u.composite.src_origin.y, 0x7fff),
	       DRAWABLE(u.composite.mask_origin.x, 0x7fff)) },
	{ "operator 0x00", COMPOSITE, 0, FLAGS(0x00) },
	{ "operator 0x0d", COMPOSITE, 0, FLAGS(0x0d) },
	{ "operator 0x10", COMPOSITE, 0, FLAGS(0x10) },
	{ "operator 0x1b", COMPOSITE, 0, FLAGS(0x1b) },
	{ "operator 0x20", COMPOSITE, 0, FLAGS(0x20) },
	{ "operator 0x2b", COMPOSITE, 0, FLAGS(0x2b) },
	{ "operator 0x30", COMPOSITE, 0, FLAGS(0x30) },
	{ "operator 0x3e", COMPOSITE, 0, FLAGS(0x3e) },
	{ "filter 4", COMPOSITE, 0, FLAGS(3 | 4 << 8 | 4 << 11) },
	{ "reflected", COMPOSITE, 0, FLAGS(3 | 3 << 14 | 3 << 16) },
	{ "padded", COMPOSITE, 0, FLAGS(3 | 2 << 14 | 2 << 16) },
	{ "component alpha", COMPOSITE, 0,
	  FLAGS(3 | SPICE_COMPOSITE_COMPONENT_ALPHA) },
	{ "all opaque", COMPOSITE, 0,
	  FLAGS(3 | SPICE_COMPOSITE_SOURCE_OPAQUE |
		SPICE_COMPOSITE_MASK_OPAQUE | SPICE_COMPOSITE_DEST_OPAQUE) },
	{ "onto 8 bits", COMPOSITE, 0, WITH(SRC(R_TARGET, ALPHA)) },
	{ "target is source and mask", COMPOSITE, 0,
	  WITH(SRC(R_SOURCE_SURFACE, TARGET), SRC(R_MASK_SURFACE, TARGET)) },
};

/* Cases ---------------------------------------------------------------------------- */

struct table {
	const char *name;
	const struct row *rows;
	unsigned int count;
};

static const struct table tables[] = {
	{ "calls and commands", calls, ARRAY_SIZE(calls) },
	{ "relocations", relocations, ARRAY_SIZE(relocations) },
	{ "draws", draws, ARRAY_SIZE(draws) },
	{ "bitmaps", bitmaps, ARRAY_SIZE(bitmaps) },
	{ "composites", composites, ARRAY_SIZE(composites) },
};

static void run_table(const void *arg)
{
	static const struct drm_mode_rect all = { 0, 0, WIDTH, HEIGHT };
	const struct table *table = arg;

	canvas_fill(&target, &all, 0x654321);
	for (unsigned int i = 0; i < table->count; i++)
		run_row(&table->rows[i]);
	canvas_check(&target, "after what was refused");
}

static void unusual(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(legal); i++) {
		int ret;

		run_row(&legal[i]);
		/* here, so that what ends the host is the last one drawn */
		ret = surface_update(&target.surface);
		check(!ret, "%s: UPDATE_AREA: %d", legal[i].what, ret);
	}
}

static void draws_afterwards(void)
{
	static const struct drm_mode_rect all = { 0, 0, WIDTH, HEIGHT };

	canvas_fill(&target, &all, 0x123456);
	canvas_check(&target, "afterwards");
}

static void nothing_is_left(void)
{
	canvas_destroy(&target);
	object_destroy(&source.object);
	object_destroy(&alpha.object);
	object_destroy(&images.object);
	object_destroy(&data.object);
	counters_check_idle(card.path, bos_before);
}

static void setup(void)
{
	card_open(&card);
	counter_read(card.path, "bos", &bos_before);
	if (!canvas_create(&target, card.fd, SPICE_SURFACE_FMT_32_xRGB, WIDTH,
			   HEIGHT, false, 1) ||
	    surface_alloc(&source, card.fd, SPICE_SURFACE_FMT_32_xRGB, WIDTH,
			  HEIGHT, false) ||
	    surface_alloc(&alpha, card.fd, SPICE_SURFACE_FMT_8_A, WIDTH, HEIGHT,
			  false) ||
	    object_alloc(&images.object, card.fd, OBJECT_BYTES) ||
	    object_alloc(&data.object, card.fd, OBJECT_BYTES))
		ktap_bail("no objects: errno %d", errno);
}

int main(void)
{
	struct ktap_case cases[ARRAY_SIZE(tables) + 3] = {};
	unsigned int count = 0;

	for (; count < ARRAY_SIZE(tables); count++) {
		cases[count].name = tables[count].name;
		cases[count].run_with = run_table;
		cases[count].arg = &tables[count];
	}
	cases[count++] = (struct ktap_case){ .name = "unusual, but legal",
					     .run = unusual };
	cases[count++] = (struct ktap_case){ .name = "draws afterwards",
					     .run = draws_afterwards };
	cases[count++] = (struct ktap_case){ .name = "nothing is left",
					     .run = nothing_is_left };
	return ktap_run(cases, count, setup);
}
