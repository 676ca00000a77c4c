// SPDX-License-Identifier: GPL-2.0-only
// Presenting damage by copying it: pixels go to upload memory, packed, one
// drawable for each rectangle.
#pragma once

#include <cstdint>
#include <span>

#include "core/pixel_source.h"
#include "core/presenter.h"
#include "core/submit.h"
#include "qxl_core.h"

namespace qxl {

// The copying presenter: pixels are not read after present() returned.
class CopyPresenter {
 public:
  explicit CopyPresenter(Submission& submission) : submission_(submission) {}

  // Shows `rects` of `frame`, cut to the frame and to `primary`. May sleep.
  // kLost.
  Result<> present(const qxl_frame& frame, std::span<const qxl_rect> rects,
                   const qxl_rect& primary);
  // Shows `rects` of `pixels`, cut to `visible`, (dx, dy) from there on the
  // primary, of which that is a part. May sleep. kLost.
  Result<> present(const PixelSource& pixels, std::span<const qxl_rect> rects,
                   const qxl_rect& visible, int32_t dx, int32_t dy);
  // Fills `dest`, cut to `primary`, with black. May sleep. kLost.
  Result<> blank(const qxl_rect& dest, const qxl_rect& primary);

  // Has the host move what it shows (QXL_COPY_BITS): `dest` of the primary is then
  // what was (dx, dy) pixels to the left and above of it. Both are inside the
  // primary. May sleep. kLost.
  Result<> move(const qxl_rect& dest, int32_t dx, int32_t dy);

  [[nodiscard]] uint64_t presented_rects() const { return load_relaxed(&rects_); }
  [[nodiscard]] uint64_t presented_bytes() const { return load_relaxed(&bytes_); }

 private:
  class BandIterator;

  Result<> present_batch(const PixelSource& pixels, std::span<const qxl_rect> bands, int32_t dx,
                         int32_t dy);
  Result<> present_some(const PixelSource& pixels, std::span<const qxl_rect> bands, int32_t dx,
                        int32_t dy, uint32_t& sent);
  void copy_band(const PixelSource& pixels, const qxl_rect& band, const qxl_rect& dest,
                 const Release& release);

  Submission& submission_;
  uint64_t rects_ = 0;  // atomic
  uint64_t bytes_ = 0;  // atomic
};

static_assert(Presenter<CopyPresenter>);

}  // namespace qxl
