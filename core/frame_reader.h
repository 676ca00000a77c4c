// SPDX-License-Identifier: GPL-2.0-only
// Pixels of a framebuffer, as the primary would have them.
#pragma once

#include <cstdint>

#include "core/rect.h"

namespace qxl {

// Coordinates are those of a head. The frame may be written to meanwhile: two
// looks at a pixel may differ.
class FrameReader {
 public:
  // Pixels that one look may ask for.
  static constexpr uint32_t kSpan = 64;

  // The frame's first pixel is at (x, y) of the head.
  FrameReader(const qxl_frame& frame, int32_t x, int32_t y) : frame_(frame), x_(x), y_(y) {}

  // Where a rectangle of the frame is, cut to the frame.
  [[nodiscard]] qxl_rect place(const qxl_rect& rect) const {
    return moved(intersect(rect, rect_of_size(frame_.width, frame_.height)), x_, y_);
  }

  // The pixels at (x, y) and right of it, up to kSpan. Valid until the next call.
  [[nodiscard]] const uint8_t* span(int32_t x, int32_t y) const {
    return static_cast<const uint8_t*>(frame_.pixels) +
           size_t{frame_.pitch} * static_cast<uint32_t>(y - y_) +
           size_t{kBytesPerPixel} * static_cast<uint32_t>(x - x_);
  }
  // Copies `count` pixels from (x, y) on.
  void copy(int32_t x, int32_t y, uint32_t count, uint8_t* to) const {
    __builtin_memcpy(to, span(x, y), size_t{count} * kBytesPerPixel);
  }

 private:
  const qxl_frame& frame_;
  int32_t x_;
  int32_t y_;
};

}  // namespace qxl
