// SPDX-License-Identifier: GPL-2.0-only
// Presenting only what differs from what is on screen.
#pragma once

#include <cstdint>
#include <span>

#include "core/motion.h"
#include "core/patience.h"
#include "core/presenter.h"
#include "core/shadow.h"
#include "core/upload.h"

namespace qxl {

// Compares damage with what the head shows: what is there already is not sent,
// what has only moved the host moves itself (QXL_COPY_BITS), the rest is copied.
// A rectangle of which most has changed is sent whole, so that the server sees a
// video as the same rectangle again and again, which it can turn into a stream.
//
// Heads that it has no shadow of are copied as they come.
class ShadowPresenter {
 public:
  explicit ShadowPresenter(Submission& submission) : copies_(submission) {}

  // The heads as they lie on the primary from now on; what they show is not
  // known. Nothing is being presented meanwhile. May sleep.
  void set_heads(std::span<const qxl_head> heads);
  // The primary is not the driver's own any more: others draw on it. The same.
  void forget_heads();

  // The frame is read, once for what it shows in the end, until it returns. May
  // sleep. kLost.
  Result<> present(const qxl_frame& frame, std::span<const qxl_rect> rects,
                   const qxl_rect& primary);
  // Fills `dest`, cut to `primary`, with black. May sleep. kLost.
  Result<> blank(const qxl_rect& dest, const qxl_rect& primary);

  [[nodiscard]] uint64_t presented_rects() const { return copies_.presented_rects(); }
  [[nodiscard]] uint64_t presented_bytes() const { return copies_.presented_bytes(); }
  [[nodiscard]] uint64_t moved_bytes() const { return load_relaxed(&moved_bytes_); }
  [[nodiscard]] uint64_t spared_bytes() const { return load_relaxed(&spared_bytes_); }

 private:
  // A head, and where it is on the primary.
  struct Head {
    Shadow shadow;
    Patience patience;
    qxl_rect place;
  };
  class Update;

  static void put_off(Head& head, Error error);

  CopyPresenter copies_;
  Head heads_[QXL_MAX_HEADS] = {};
  uint64_t moved_bytes_ = 0;   // atomic
  uint64_t spared_bytes_ = 0;  // atomic
};

static_assert(Presenter<ShadowPresenter>);

}  // namespace qxl
