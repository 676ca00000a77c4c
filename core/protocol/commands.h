// SPDX-License-Identifier: GPL-2.0-only
// Builders of the structures that commands point to. Each writes one command
// with all that belongs to it into memory that the caller has reserved; the
// QXLReleaseInfo in front is the reservation's and stays as it is.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/base/ids.h"
#include "qxl_types.h"

namespace qxl {

// Memory of a reserved command as the driver and as the device see it.
struct CommandMemory {
  uint8_t* pointer;
  DeviceAddress address;
};

// A bitmap, top-down, packed or not, that the host may read until the command is
// released.
struct Bitmap {
  DeviceAddress data;
  uint32_t width;
  uint32_t height;
  uint32_t stride;
};

// Where a command that carries its pixels keeps them: bytes from its start.
inline constexpr uint32_t kCopyPixels = 384;
// Bytes to reserve for the commands without a payload.
extern const uint32_t kFillBytes;
extern const uint32_t kCopyBitsBytes;
extern const uint32_t kSurfaceBytes;
extern const uint32_t kCursorMoveBytes;

// Bytes to reserve for a cursor of this many pixels, and where they go.
[[nodiscard]] uint32_t cursor_bytes(uint32_t width, uint32_t height);

// QXL_DRAW_COPY: `dest` of the primary shows the 32-bit bitmap, one to one.
void build_copy(CommandMemory memory, const qxl_rect& dest, const Bitmap& bitmap);

// QXL_DRAW_FILL with a solid colour (0xRRGGBB).
void build_fill(CommandMemory memory, const qxl_rect& dest, uint32_t color);

// QXL_COPY_BITS: `dest` of the primary shows what was (dx, dy) pixels to the left
// and above of it. They may overlap.
void build_copy_bits(CommandMemory memory, const qxl_rect& dest, int32_t dx, int32_t dy);

// QXL_SURFACE_CMD_CREATE. `data`: the surface's pixels, whose present contents
// the host takes over (QXL_SURF_FLAG_KEEP_DATA).
void build_surface_create(CommandMemory memory, SurfaceId id, const qxl_surface_desc& desc,
                          DeviceAddress data);
// QXL_SURFACE_CMD_DESTROY.
void build_surface_destroy(CommandMemory memory, SurfaceId id);

// QXL_CURSOR_SET with an alpha image as it is, without a LUT; copies the pixels in.
// Where its pixels are, packed.
const uint8_t* build_cursor_set(CommandMemory memory, const qxl_cursor_image& image, int32_t x,
                                int32_t y);
void build_cursor_move(CommandMemory memory, int32_t x, int32_t y);
void build_cursor_hide(CommandMemory memory);

}  // namespace qxl
