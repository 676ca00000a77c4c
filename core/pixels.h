// SPDX-License-Identifier: GPL-2.0-only
// Formats of pixels, and tables that pixels pass. No alignment is asked for.
#pragma once

#include <cstdint>

#include "qxl_types.h"

namespace qxl {

[[nodiscard]] constexpr uint32_t bytes_per_pixel(qxl_pixels format) {
  return format == QXL_PIXELS_RGB565 || format == QXL_PIXELS_XRGB1555 ? 2 : 4;
}

// Makes XRGB8888 of `count` pixels. Channels of 5 and 6 bits are filled up with
// their upper bits, so that black and white stay what they are; of 10 bits the
// upper 8 count, as where DRM's helpers make a channel shorter. XRGB8888 is
// copied as it is, unused byte included.
void convert(qxl_pixels format, const uint8_t* from, uint32_t count, uint8_t* to);

// XRGB8888, in place.
void apply(const qxl_lut& lut, uint8_t* pixels, uint32_t count);
// Premultiplied ARGB8888, in place: what is seen of a pixel passes the table as it
// would alone, and alpha stays. Only where alpha is 255 that is what a table
// behind the blending would do.
void apply_premultiplied(const qxl_lut& lut, uint8_t* pixels, uint32_t count);

}  // namespace qxl
