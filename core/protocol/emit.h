// SPDX-License-Identifier: GPL-2.0-only
// What the builders of commands share: the parts that many commands have, and
// writing a finished one to its memory.
#pragma once

#include <spice/enums.h>
#include <spice/qxl_dev.h>

#include <cstddef>

#include "core/protocol/commands.h"

namespace qxl {

inline constexpr size_t kAfterReleaseInfo = sizeof(QXLReleaseInfo);

// Writes the first `bytes` of a command built on the stack, all but its
// QXLReleaseInfo: the memory may be write-combined, so it is written once, front
// to back.
template <typename T>
inline void emit(CommandMemory memory, const T& command, size_t bytes = sizeof(T)) {
  __builtin_memcpy(memory.pointer + kAfterReleaseInfo,
                   reinterpret_cast<const uint8_t*>(&command) + kAfterReleaseInfo,
                   bytes - kAfterReleaseInfo);
}

inline DeviceAddress at(CommandMemory memory, size_t offset) {
  return DeviceAddress{memory.address.value() + offset};
}

inline QXLRect to_device(const qxl_rect& rect) {
  return {.top = rect.y1, .left = rect.x1, .bottom = rect.y2, .right = rect.x2};
}

// What all draws have: no clip, and no surface that they depend on.
inline void init_drawable(QXLDrawable& drawable, SurfaceId surface, uint8_t type, uint8_t effect,
                          const qxl_rect& dest) {
  drawable.surface_id = surface.value();
  drawable.effect = effect;
  drawable.type = type;
  drawable.bbox = to_device(dest);
  drawable.clip.type = SPICE_CLIP_TYPE_NONE;
  for (size_t i = 0; i < 3; ++i) drawable.surfaces_dest[i] = -1;
}

// An image that is not cached, with its pixels in one piece.
inline void init_bitmap(QXLImage& image, uint8_t format, const Bitmap& bitmap) {
  image.descriptor.type = SPICE_IMAGE_TYPE_BITMAP;
  image.descriptor.width = bitmap.width;
  image.descriptor.height = bitmap.height;
  QXLBitmap& bits = image.bitmap;
  bits.format = format;
  bits.flags = QXL_BITMAP_DIRECT | QXL_BITMAP_TOP_DOWN;
  bits.x = bitmap.width;
  bits.y = bitmap.height;
  bits.stride = bitmap.stride;
  bits.data = bitmap.data.value();
}

}  // namespace qxl
