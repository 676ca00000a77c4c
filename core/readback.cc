// SPDX-License-Identifier: GPL-2.0-only
#include "core/readback.h"

#include "qxl_k.h"

namespace qxl {
namespace {

constexpr uint32_t kColors = 0xffffff;
// Pixels that are looked at in one go.
constexpr uint32_t kSpan = 64;

void load_colors(const uint8_t* from, uint32_t count, uint32_t* to) {
  __builtin_memcpy(to, from, size_t{count} * kBytesPerPixel);
  for (uint32_t i = 0; i < count; ++i) to[i] &= kColors;
}

// Calls `take` with the pixels of `area`, from left to right and from the top
// down, and how many there are, which are of one row.
template <typename Take>
void for_each_span(const uint8_t* top, int32_t stride, const qxl_rect& area, Take take) {
  uint32_t colors[kSpan];
  for (int32_t y = area.y1; y < area.y2; ++y) {
    const uint8_t* row = top + ptrdiff_t{stride} * y;
    for (int32_t x = area.x1; x < area.x2; x += static_cast<int32_t>(kSpan)) {
      auto left = static_cast<uint32_t>(area.x2 - x);
      uint32_t count = left < kSpan ? left : kSpan;
      load_colors(row + ptrdiff_t{x} * kBytesPerPixel, count, colors);
      take(x, y, colors, size_t{count} * kBytesPerPixel);
    }
  }
}

}  // namespace

void Readback::copy(const qxl_rect& area, void* to, size_t pitch) const {
  for_each_span(
      top_, stride_, area, [&](int32_t x, int32_t y, const uint32_t* colors, size_t bytes) {
        auto* at = static_cast<uint8_t*>(to) + pitch * static_cast<uint32_t>(y - area.y1) +
                   size_t{kBytesPerPixel} * static_cast<uint32_t>(x - area.x1);
        __builtin_memcpy(at, colors, bytes);
      });
}

uint32_t Readback::crc(const qxl_rect& area) const {
  uint32_t crc = 0;
  for_each_span(top_, stride_, area,
                [&](int32_t /*x*/, int32_t /*y*/, const uint32_t* colors, size_t bytes) {
                  crc = qxl_k_crc32(crc, colors, bytes);
                });
  return crc;
}

}  // namespace qxl
