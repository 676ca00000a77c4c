// SPDX-License-Identifier: GPL-2.0-only
// Finding what has only moved: scrolled text, a list, a page.
#pragma once

#include <cstdint>

#include "core/frame_reader.h"
#include "core/rect.h"
#include "core/shadow.h"

namespace qxl {

// Looks for the largest block of `area` that the frame shows as the shadow has
// it elsewhere, in a straight line up, down, left or right. It starts from a few
// places with some structure and looks for them in the shadow; what is found
// has been compared pixel by pixel.
class MotionSearch {
 public:
  // An anchor: so many pixels of one row.
  static constexpr int32_t kAnchor = 16;

  MotionSearch(const FrameReader& frame, const Shadow& shadow, const qxl_rect& area)
      : frame_(frame), shadow_(shadow), area_(area) {}

  // What has moved, or an empty block when that is too little of the area.
  Move find();

 private:
  bool find_anchor(int32_t x, int32_t y);
  [[nodiscard]] bool has_structure() const;
  void search_from_anchor();
  [[nodiscard]] bool anchor_is_at(int32_t x, int32_t y) const;
  void consider(int32_t dx, int32_t dy);
  [[nodiscard]] bool good_enough() const;

  const FrameReader& frame_;
  const Shadow& shadow_;
  const qxl_rect area_;
  int32_t anchor_x_ = 0;
  int32_t anchor_y_ = 0;
  uint8_t anchor_[kAnchor * kBytesPerPixel];
  uint32_t considered_ = 0;
  Move best_ = {};
};

}  // namespace qxl
