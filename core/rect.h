// SPDX-License-Identifier: GPL-2.0-only
// Half-open rectangles.
#pragma once

#include <cstdint>

#include "qxl_types.h"

namespace qxl {

inline constexpr uint32_t kBytesPerPixel = 4;  // of the primary

inline bool empty(const qxl_rect& rect) {
  return rect.x1 >= rect.x2 || rect.y1 >= rect.y2;
}

inline qxl_rect intersect(const qxl_rect& a, const qxl_rect& b) {
  return {.x1 = a.x1 > b.x1 ? a.x1 : b.x1,
          .y1 = a.y1 > b.y1 ? a.y1 : b.y1,
          .x2 = a.x2 < b.x2 ? a.x2 : b.x2,
          .y2 = a.y2 < b.y2 ? a.y2 : b.y2};
}

// Whether all of `inner` is in `outer`; false if it is empty.
inline bool contains(const qxl_rect& outer, const qxl_rect& inner) {
  return !empty(inner) && inner.x1 >= outer.x1 && inner.y1 >= outer.y1 && inner.x2 <= outer.x2 &&
         inner.y2 <= outer.y2;
}

// The smallest one around both, neither of which is empty.
inline qxl_rect around(const qxl_rect& a, const qxl_rect& b) {
  return {.x1 = a.x1 < b.x1 ? a.x1 : b.x1,
          .y1 = a.y1 < b.y1 ? a.y1 : b.y1,
          .x2 = a.x2 > b.x2 ? a.x2 : b.x2,
          .y2 = a.y2 > b.y2 ? a.y2 : b.y2};
}

inline qxl_rect moved(const qxl_rect& rect, int32_t dx, int32_t dy) {
  return {.x1 = rect.x1 + dx, .y1 = rect.y1 + dy, .x2 = rect.x2 + dx, .y2 = rect.y2 + dy};
}

// Of a rectangle that is not empty.
inline uint32_t width_of(const qxl_rect& rect) {
  return static_cast<uint32_t>(rect.x2 - rect.x1);
}

inline uint32_t height_of(const qxl_rect& rect) {
  return static_cast<uint32_t>(rect.y2 - rect.y1);
}

inline uint64_t pixels_of(const qxl_rect& rect) {
  return uint64_t{width_of(rect)} * height_of(rect);
}

inline qxl_rect rect_of_size(uint32_t width, uint32_t height) {
  return {.x1 = 0, .y1 = 0, .x2 = static_cast<int32_t>(width), .y2 = static_cast<int32_t>(height)};
}

}  // namespace qxl
