// SPDX-License-Identifier: GPL-2.0-only
#include "core/frame_reader.h"

#include "core/pixels.h"

namespace qxl {

const uint8_t* FrameReader::converted(int32_t x, int32_t y, uint32_t count) const {
  convert(frame_.format, at(x, y, bytes_per_pixel(frame_.format)), count, look_);
  if (frame_.lut) apply(*frame_.lut, look_, count);
  return look_;
}

void FrameReader::copy_converted(int32_t x, int32_t y, uint32_t count, uint8_t* to) const {
  while (count > 0) {
    uint32_t some = count < kSpan ? count : kSpan;
    copy_pixels(to, converted(x, y, some), some);
    to += size_t{some} * kBytesPerPixel;
    x += static_cast<int32_t>(some);
    count -= some;
  }
}

}  // namespace qxl
