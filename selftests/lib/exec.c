// SPDX-License-Identifier: GPL-2.0-only
#include "exec.h"

#include <errno.h>
#include <spice/enums.h>
#include <stdlib.h>
#include <string.h>
#include <xf86drm.h>

#include "ktap.h"

#define ALIGNMENT 16

size_t exec_take(struct exec_memory *memory, size_t bytes)
{
	size_t at = (memory->used + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);

	if (at + bytes > memory->object.bytes)
		ktap_bail("%zu bytes at %zu of an object of %zu", bytes, at,
			  memory->object.bytes);
	memory->used = at + bytes;
	return at;
}

static void *place(const struct exec_memory *memory, size_t offset)
{
	return (uint8_t *)memory->object.map + offset;
}

/* Relocations ------------------------------------------------------------------ */

static void relocate(struct exec_draw *draw, uint32_t type, uint32_t dst,
		     uint64_t dst_offset, uint32_t src, uint64_t src_offset)
{
	if (draw->num_relocs == EXEC_RELOCS)
		ktap_bail("a draw with more than %u relocations", EXEC_RELOCS);
	draw->relocs[draw->num_relocs++] = (struct drm_qxl_reloc){
		.src_offset = src_offset,
		.dst_offset = dst_offset,
		.src_handle = src,
		.dst_handle = dst,
		.reloc_type = type,
	};
}

void exec_address(struct exec_draw *draw, uint32_t dst, uint64_t dst_offset,
		  uint32_t src, uint64_t src_offset)
{
	relocate(draw, QXL_RELOC_TYPE_BO, dst, dst_offset, src, src_offset);
}

void exec_surface_id(struct exec_draw *draw, uint32_t dst, uint64_t dst_offset,
		     const struct surface *surface)
{
	relocate(draw, QXL_RELOC_TYPE_SURF, dst, dst_offset,
		 surface->object.handle, 0);
}

/* Draws ------------------------------------------------------------------------ */

static QXLRect device_rect(int32_t x, int32_t y, int32_t width, int32_t height)
{
	return (QXLRect){
		.top = y, .left = x, .bottom = y + height, .right = x + width
	};
}

static QXLRect surface_rect(const struct surface *surface)
{
	return device_rect(0, 0, surface->width, surface->height);
}

static void depend_on(struct exec_draw *draw, uint32_t index,
		      const struct surface *surface)
{
	draw->drawable.surfaces_rects[index] = surface_rect(surface);
	exec_surface_id(draw, EXEC_DRAWABLE,
			offsetof(QXLDrawable, surfaces_dest) +
				index * sizeof(draw->drawable.surfaces_dest[0]),
			surface);
}

static void begin(struct exec_draw *draw, uint8_t type, uint8_t effect,
		  const struct surface *target, const struct drm_mode_rect *area)
{
	QXLDrawable *drawable = &draw->drawable;

	memset(drawable, 0, sizeof(*drawable));
	draw->num_relocs = 0;
	drawable->type = type;
	drawable->effect = effect;
	drawable->bbox = device_rect(area->x1, area->y1, area->x2 - area->x1,
				     area->y2 - area->y1);
	drawable->clip.type = SPICE_CLIP_TYPE_NONE;
	for (unsigned int i = 0; i < ARRAY_SIZE(drawable->surfaces_dest); i++)
		drawable->surfaces_dest[i] = -1;
	exec_surface_id(draw, EXEC_DRAWABLE, offsetof(QXLDrawable, surface_id),
			target);
}

void exec_fill(struct exec_draw *draw, const struct surface *target,
	       const struct drm_mode_rect *area, uint32_t pixel)
{
	QXLFill *fill = &draw->drawable.u.fill;

	begin(draw, QXL_DRAW_FILL, QXL_EFFECT_OPAQUE, target, area);
	fill->brush.type = SPICE_BRUSH_TYPE_SOLID;
	fill->brush.u.color = pixel;
	fill->rop_descriptor = SPICE_ROPD_OP_PUT;
}

void exec_copy(struct exec_draw *draw, const struct surface *target,
	       const struct drm_mode_rect *area, int32_t x, int32_t y)
{
	QXLCopy *copy = &draw->drawable.u.copy;

	begin(draw, QXL_DRAW_COPY, QXL_EFFECT_OPAQUE, target, area);
	copy->src_area = device_rect(x, y, area->x2 - area->x1,
				     area->y2 - area->y1);
	copy->rop_descriptor = SPICE_ROPD_OP_PUT;
}

void exec_copy_bits(struct exec_draw *draw, const struct surface *target,
		    const struct drm_mode_rect *area, int32_t x, int32_t y)
{
	begin(draw, QXL_COPY_BITS, QXL_EFFECT_OPAQUE, target, area);
	draw->drawable.u.copy_bits.src_pos = (QXLPoint){ .x = x, .y = y };
}

void exec_composite(struct exec_draw *draw, const struct surface *target,
		    const struct drm_mode_rect *area, uint32_t flags)
{
	begin(draw, QXL_DRAW_COMPOSITE, QXL_EFFECT_BLEND, target, area);
	draw->drawable.u.composite.flags = flags;
	depend_on(draw, 2, target);
}

/* Images ----------------------------------------------------------------------- */

void exec_image_surface(struct exec_draw *draw, struct exec_memory *memory,
			uint64_t field, uint32_t index,
			const struct surface *surface)
{
	size_t at = exec_take(memory, sizeof(QXLImage));
	QXLImage image = {
		.descriptor = { .type = SPICE_IMAGE_TYPE_SURFACE,
				.width = surface->width,
				.height = surface->height },
	};

	memcpy(place(memory, at), &image, sizeof(image));
	exec_address(draw, EXEC_DRAWABLE, field, memory->object.handle, at);
	exec_surface_id(draw, memory->object.handle,
			at + offsetof(QXLImage, surface_image.surface_id),
			surface);
	depend_on(draw, index, surface);
}

/* Rows from the top down, each with its padding, one behind the other. */
static uint8_t *make_stream(const struct raster *pixels, size_t row,
			    size_t stride)
{
	uint8_t *stream = malloc(stride * pixels->height);

	if (!stream)
		ktap_bail("no memory for a bitmap");
	memset(stream, 0xa5, stride * pixels->height);
	for (uint32_t y = 0; y < pixels->height; y++)
		memcpy(stream + y * stride,
		       pixels->top + (ptrdiff_t)y * pixels->stride, row);
	return stream;
}

static size_t put_bytes(struct exec_memory *memory, const void *bytes,
			size_t count)
{
	size_t at = exec_take(memory, count);

	memcpy(place(memory, at), bytes, count);
	return at;
}

static size_t put_chunk(struct exec_memory *memory, const uint8_t *bytes,
			uint32_t count)
{
	QXLDataChunk chunk = { .data_size = count };
	size_t at = exec_take(memory, sizeof(chunk) + count);

	memcpy(place(memory, at), &chunk, sizeof(chunk));
	memcpy(place(memory, at + sizeof(chunk)), bytes, count);
	return at;
}

static void link_chunks(struct exec_draw *draw, uint32_t handle, size_t one,
			size_t next)
{
	exec_address(draw, handle, one + offsetof(QXLDataChunk, next_chunk),
		     handle, next);
	exec_address(draw, handle, next + offsetof(QXLDataChunk, prev_chunk),
		     handle, one);
}

/* Where the first one is. */
static size_t put_chunks(struct exec_draw *draw, struct exec_memory *memory,
			 const uint8_t *bytes, size_t count, size_t chunk)
{
	size_t first = 0, last = 0;

	for (size_t done = 0; done < count; done += chunk) {
		size_t part = count - done < chunk ? count - done : chunk;
		size_t at = put_chunk(memory, bytes + done, part);

		if (!done)
			first = at;
		else
			link_chunks(draw, memory->object.handle, last, at);
		last = at;
	}
	return first;
}

void exec_image_bitmap(struct exec_draw *draw, struct exec_memory *image_memory,
		       struct exec_memory *data_memory,
		       const struct exec_bitmap *bitmap,
		       const struct raster *pixels)
{
	size_t row = (size_t)pixels->width * raster_pixel_bytes(pixels->format);
	size_t stride = row + bitmap->padding;
	size_t bytes = stride * pixels->height;
	size_t at = exec_take(image_memory, sizeof(QXLImage)), data;
	uint8_t *stream = make_stream(pixels, row, stride);
	QXLImage image = {
		.descriptor = { .type = SPICE_IMAGE_TYPE_BITMAP,
				.width = pixels->width,
				.height = pixels->height },
		.bitmap = { .format = bitmap->format,
			    .flags = QXL_BITMAP_TOP_DOWN |
				     (bitmap->direct ? QXL_BITMAP_DIRECT : 0),
			    .x = pixels->width,
			    .y = pixels->height,
			    .stride = stride },
	};

	memcpy(place(image_memory, at), &image, sizeof(image));
	exec_address(draw, EXEC_DRAWABLE,
		     offsetof(QXLDrawable, u.copy.src_bitmap),
		     image_memory->object.handle, at);
	if (bitmap->direct)
		data = put_bytes(data_memory, stream, bytes);
	else
		data = put_chunks(draw, data_memory, stream, bytes,
				  bitmap->chunk ? bitmap->chunk : bytes);
	exec_address(draw, image_memory->object.handle,
		     at + offsetof(QXLImage, bitmap.data),
		     data_memory->object.handle, data);
	free(stream);
}

void exec_transform(struct exec_draw *draw, struct exec_memory *memory,
		    uint64_t field, uint32_t step)
{
	QXLTransform transform = { .t00 = step, .t11 = step };

	exec_address(draw, EXEC_DRAWABLE, field, memory->object.handle,
		     put_bytes(memory, &transform, sizeof(transform)));
}

/* Sending ---------------------------------------------------------------------- */

struct drm_qxl_command exec_command(const struct exec_draw *draw)
{
	return (struct drm_qxl_command){
		.command = (uintptr_t)&draw->drawable + sizeof(QXLReleaseInfo),
		.relocs = (uintptr_t)draw->relocs,
		.type = QXL_CMD_DRAW,
		.command_size = EXEC_COMMAND_BYTES,
		.relocs_num = draw->num_relocs,
	};
}

int exec_send(int fd, const struct exec_draw *draws, uint32_t count)
{
	struct drm_qxl_command *commands = calloc(count, sizeof(*commands));
	struct drm_qxl_execbuffer args = { .commands_num = count,
					   .commands = (uintptr_t)commands };
	int ret;

	if (!commands)
		ktap_bail("no memory for %u commands", count);
	for (uint32_t i = 0; i < count; i++)
		commands[i] = exec_command(&draws[i]);
	ret = drmIoctl(fd, DRM_IOCTL_QXL_EXECBUFFER, &args) ? -errno : 0;
	free(commands);
	return ret;
}
