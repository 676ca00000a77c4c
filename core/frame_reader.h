// SPDX-License-Identifier: GPL-2.0-only
// Pixels of a framebuffer, as the primary would have them.
#pragma once

#include <cstdint>

#include "core/copy.h"
#include "core/rect.h"

namespace qxl {

// Coordinates are those of a head. The frame may be written to meanwhile: two
// looks at a pixel may differ. Converting is done here, not by DRM's drm_fb_*
// helpers: those start from XRGB8888, and are others in each kernel.
class FrameReader {
 public:
  // Pixels that one look may ask for of any frame.
  static constexpr uint32_t kSpan = 64;

  // The frame's first pixel is at (x, y) of the head.
  FrameReader(const qxl_frame& frame, int32_t x, int32_t y)
      : frame_(frame), x_(x), y_(y), direct_(frame.format == QXL_PIXELS_XRGB8888 && !frame.lut) {}
  // Looks are where the reader is.
  FrameReader(const FrameReader&) = delete;
  FrameReader& operator=(const FrameReader&) = delete;

  // Where a rectangle of the frame is, cut to the frame.
  [[nodiscard]] qxl_rect place(const qxl_rect& rect) const {
    return moved(intersect(rect, rect_of_size(frame_.width, frame_.height)), x_, y_);
  }

  // How many of `count` pixels one look may ask for.
  [[nodiscard]] uint32_t look(uint32_t count) const {
    return direct_ || count < kSpan ? count : kSpan;
  }
  // `count` pixels from (x, y) on, in one look. Valid until the next call.
  [[nodiscard]] const uint8_t* span(int32_t x, int32_t y, uint32_t count) const {
    return direct_ ? at(x, y, kBytesPerPixel) : converted(x, y, count);
  }
  // Copies `count` pixels from (x, y) on. `to` is written once, and not read.
  void copy(int32_t x, int32_t y, uint32_t count, uint8_t* to) const {
    if (direct_)
      copy_pixels(to, at(x, y, kBytesPerPixel), count);
    else
      copy_converted(x, y, count, to);
  }

 private:
  // The frame's own pixel, which has so many bytes.
  [[nodiscard]] const uint8_t* at(int32_t x, int32_t y, uint32_t bytes) const {
    return static_cast<const uint8_t*>(frame_.pixels) +
           size_t{frame_.pitch} * static_cast<uint32_t>(y - y_) +
           size_t{bytes} * static_cast<uint32_t>(x - x_);
  }

  // Apart, so that the usual case stays short.
  [[nodiscard]] const uint8_t* converted(int32_t x, int32_t y, uint32_t count) const;
  void copy_converted(int32_t x, int32_t y, uint32_t count, uint8_t* to) const;

  const qxl_frame& frame_;
  int32_t x_;
  int32_t y_;
  bool direct_;  // the frame's pixels are the primary's
  mutable uint8_t look_[kSpan * kBytesPerPixel];
};

}  // namespace qxl
