// SPDX-License-Identifier: GPL-2.0-only
// Presenting with as little as there is to it: only what differs from what is on
// screen, and that by reference where nothing would be found.
#pragma once

#include <cstdint>
#include <span>

#include "core/motion.h"
#include "core/patience.h"
#include "core/presenter.h"
#include "core/reference_presenter.h"
#include "core/shadow.h"
#include "core/upload.h"

namespace qxl {

// Compares damage with what the head shows: what is there already is not sent,
// what has only moved the host moves itself (QXL_COPY_BITS), the rest is copied.
// A rectangle of which most has changed is sent whole, so that the server sees a
// video as the same rectangle again and again, which it can turn into a stream.
//
// Where comparing would be in vain (a head's first frame, and heads that change
// as a whole each time), a frame that covers the head is not looked at: the host
// reads it itself, if it can.
//
// Heads that there is no shadow of are copied as they come.
//
// INVARIANT: while the host may read a reference that a head shows, what comes next
// is of the same frame, or covers all of it.
class ShadowPresenter {
 public:
  // `slot` and `bytes`: of the surface BAR, see ReferencePresenter.
  ShadowPresenter(Submission& submission, const Memslot& slot, uint64_t bytes)
      : submission_(submission), copies_(submission), references_(submission, slot, bytes) {}

  // The heads as they lie on the primary from now on; what they show is not
  // known. Nothing is being presented meanwhile. May sleep.
  void set_heads(std::span<const qxl_head> heads);
  // The primary is not the driver's own any more: others draw on it. The same.
  void forget_heads();

  // The frame is read, once for what it shows in the end, until it returns, or
  // by the host until `reading` signals, if that is taken (see qxl_core_present()).
  // May sleep. kLost.
  Result<> present(const qxl_frame& frame, std::span<const qxl_rect> rects,
                   const qxl_rect& primary, qxl_fence** reading = nullptr);
  // Fills `dest`, cut to `primary`, with black. May sleep. kLost.
  Result<> blank(const qxl_rect& dest, const qxl_rect& primary);

  [[nodiscard]] uint64_t presented_rects() const { return copies_.presented_rects(); }
  [[nodiscard]] uint64_t presented_bytes() const { return copies_.presented_bytes(); }
  [[nodiscard]] uint64_t referenced_bytes() const { return references_.presented_bytes(); }
  [[nodiscard]] uint64_t moved_bytes() const { return load_relaxed(&moved_bytes_); }
  [[nodiscard]] uint64_t spared_bytes() const { return load_relaxed(&spared_bytes_); }

 private:
  // A head, and where it is on the primary.
  struct Head {
    Shadow shadow;
    Patience patience;
    qxl_rect place;
    bool fresh;            // has shown nothing yet
    qxl_frame referenced;  // the last one that was; where it is, not its pixels
    uint32_t readers;      // atomic: references that the host has not let go of
  };
  class Update;

  // Whether the host may still read another frame than this one for `head`.
  bool reads_another(const Head& head, const qxl_frame& frame);

  Submission& submission_;
  CopyPresenter copies_;
  ReferencePresenter references_;
  Head heads_[QXL_MAX_HEADS] = {};
  uint64_t moved_bytes_ = 0;   // atomic
  uint64_t spared_bytes_ = 0;  // atomic
};

static_assert(Presenter<ShadowPresenter>);

}  // namespace qxl
