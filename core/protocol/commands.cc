// SPDX-License-Identifier: GPL-2.0-only
#include "core/protocol/commands.h"

#include <spice/enums.h>
#include <spice/qxl_dev.h>

#include "core/copy.h"
#include "core/protocol/emit.h"

namespace qxl {
namespace {

// A drawable with its image, and room in front of cache-aligned pixels.
struct [[gnu::packed]] CopyCommand {
  QXLDrawable drawable;
  QXLImage image;
};
static_assert(sizeof(CopyCommand) <= kCopyPixels && kCopyPixels % 64 == 0);
static_assert(sizeof(CopyCommand) <= 256);  // what a rectangle costs besides its pixels

struct [[gnu::packed]] CursorSetCommand {
  QXLCursorCmd command;
  QXLCursor cursor;  // pixels follow
};

// What all draws of the driver's own share.
void init_primary_draw(QXLDrawable& drawable, uint8_t type, const qxl_rect& dest) {
  init_drawable(drawable, kPrimarySurface, type, QXL_EFFECT_OPAQUE, dest);
}

int16_t clamp16(int32_t value) {
  if (value < INT16_MIN) return INT16_MIN;
  if (value > INT16_MAX) return INT16_MAX;
  return static_cast<int16_t>(value);
}

QXLPoint16 cursor_position(int32_t x, int32_t y) {
  return {.x = clamp16(x), .y = clamp16(y)};
}

}  // namespace

const uint32_t kFillBytes = sizeof(QXLDrawable);
const uint32_t kCopyBitsBytes = sizeof(QXLDrawable);
const uint32_t kSurfaceBytes = sizeof(QXLSurfaceCmd);
const uint32_t kCursorMoveBytes = sizeof(QXLCursorCmd);

uint32_t cursor_bytes(uint32_t width, uint32_t height) {
  return sizeof(CursorSetCommand) + size_t{width} * height * 4;
}

void build_copy(CommandMemory memory, const qxl_rect& dest, const Bitmap& bitmap) {
  CopyCommand command = {};
  init_primary_draw(command.drawable, QXL_DRAW_COPY, dest);
  QXLCopy& copy = command.drawable.u.copy;
  copy.src_bitmap = at(memory, offsetof(CopyCommand, image)).value();
  copy.src_area = {.top = 0,
                   .left = 0,
                   .bottom = static_cast<int32_t>(bitmap.height),
                   .right = static_cast<int32_t>(bitmap.width)};
  copy.rop_descriptor = SPICE_ROPD_OP_PUT;
  copy.scale_mode = SPICE_IMAGE_SCALE_MODE_NEAREST;
  init_bitmap(command.image, SPICE_BITMAP_FMT_32BIT, bitmap);
  emit(memory, command);
}

void build_fill(CommandMemory memory, const qxl_rect& dest, uint32_t color) {
  QXLDrawable command = {};
  init_primary_draw(command, QXL_DRAW_FILL, dest);
  command.u.fill.brush.type = SPICE_BRUSH_TYPE_SOLID;
  command.u.fill.brush.u.color = color;
  command.u.fill.rop_descriptor = SPICE_ROPD_OP_PUT;
  emit(memory, command);
}

void build_copy_bits(CommandMemory memory, const qxl_rect& dest, int32_t dx, int32_t dy) {
  QXLDrawable command = {};
  init_primary_draw(command, QXL_COPY_BITS, dest);
  command.u.copy_bits.src_pos = {.x = dest.x1 - dx, .y = dest.y1 - dy};
  emit(memory, command);
}

void build_surface_create(CommandMemory memory, SurfaceId id, const qxl_surface_desc& desc,
                          DeviceAddress data) {
  QXLSurfaceCmd command = {};
  command.surface_id = id.value();
  command.type = QXL_SURFACE_CMD_CREATE;
  command.flags = QXL_SURF_FLAG_KEEP_DATA;
  command.u.surface_create.format = desc.format;
  command.u.surface_create.width = desc.width;
  command.u.surface_create.height = desc.height;
  command.u.surface_create.stride = desc.stride;
  command.u.surface_create.data = data.value();
  emit(memory, command);
}

void build_surface_destroy(CommandMemory memory, SurfaceId id) {
  QXLSurfaceCmd command = {};
  command.surface_id = id.value();
  command.type = QXL_SURFACE_CMD_DESTROY;
  emit(memory, command);
}

const uint8_t* build_cursor_set(CommandMemory memory, const qxl_cursor_image& image, int32_t x,
                                int32_t y) {
  uint32_t row = image.width * 4;
  CursorSetCommand command = {};
  command.command.type = QXL_CURSOR_SET;
  command.command.u.set.position = cursor_position(x, y);
  command.command.u.set.visible = 1;
  command.command.u.set.shape = at(memory, offsetof(CursorSetCommand, cursor)).value();
  QXLCursorHeader& header = command.cursor.header;
  header.type = SPICE_CURSOR_TYPE_ALPHA;
  header.width = static_cast<uint16_t>(image.width);
  header.height = static_cast<uint16_t>(image.height);
  header.hot_spot_x = static_cast<uint16_t>(image.hot_x);
  header.hot_spot_y = static_cast<uint16_t>(image.hot_y);
  command.cursor.data_size = row * image.height;
  command.cursor.chunk.data_size = row * image.height;
  emit(memory, command);

  uint8_t* pixels = memory.pointer + sizeof(command);
  copy_rows(pixels, row, static_cast<const uint8_t*>(image.pixels), image.pitch, image.width,
            image.height);
  return pixels;
}

void build_cursor_move(CommandMemory memory, int32_t x, int32_t y) {
  QXLCursorCmd command = {};
  command.type = QXL_CURSOR_MOVE;
  command.u.position = cursor_position(x, y);
  emit(memory, command);
}

void build_cursor_hide(CommandMemory memory) {
  QXLCursorCmd command = {};
  command.type = QXL_CURSOR_HIDE;
  emit(memory, command);
}

}  // namespace qxl
