// SPDX-License-Identifier: GPL-2.0-only
// Where the copying presenter takes pixels from.
#pragma once

#include "core/frame_reader.h"
#include "core/shadow.h"
#include "core/submit.h"

namespace qxl {

// A frame, or a frame by way of the shadow of the head that shows it. Coordinates
// are the reader's; for a shadow, the head's.
class PixelSource {
 public:
  // `wait`: for the host. Brief where what was not sent is found again later.
  PixelSource(const FrameReader& frame, Wait wait) : frame_(frame), wait_(wait) {}
  // What is copied is in the shadow, too: one look at the frame for both.
  PixelSource(const FrameReader& frame, Shadow& shadow)
      : frame_(frame), shadow_(&shadow), wait_(Wait::kBriefly) {}

  [[nodiscard]] Wait wait() const { return wait_; }
  // What was to be copied has not been sent.
  void forget(const qxl_rect& rect) const {
    if (shadow_) shadow_->forget(rect);
  }

  // Copies `count` pixels from (x, y) on.
  void copy(int32_t x, int32_t y, uint32_t count, uint8_t* to) const {
    if (!shadow_) return frame_.copy(x, y, count, to);
    shadow_->update(frame_, x, y, count);
    copy_pixels(to, shadow_->at(x, y), count);
  }

 private:
  const FrameReader& frame_;
  Shadow* shadow_ = nullptr;
  Wait wait_;
};

}  // namespace qxl
