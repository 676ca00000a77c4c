// SPDX-License-Identifier: GPL-2.0-only
// Presenting without copying: the host reads the frame where it is.
#pragma once

#include <cstdint>

#include "core/protocol/memslot.h"
#include "core/rect.h"
#include "core/submit.h"

namespace qxl {

// A frame that lies in the surface BAR, to be read by the host.
struct Reference {
  const qxl_frame* frame = nullptr;
  qxl_fence** reading = nullptr;  // see qxl_core_present(); *reading is not null
};

// INVARIANT: what the host has not let go of has its fence unsignalled, so its
// memory is not given to anybody else. Pixels may change under the host, and it
// may look late, so what it shows of a reference is right only for as long as
// the frame is not drawn on any more, or presented again where it is: who
// presents another frame covers all of the reference with it.
class ReferencePresenter {
 public:
  // `slot` is that of the surface BAR, of `bytes` bytes; it changes with nothing
  // running.
  ReferencePresenter(Submission& submission, const Memslot& slot, uint64_t bytes)
      : submission_(submission), slot_(slot), bytes_(bytes) {}

  // Whether the host can read `part`, not empty and inside the frame.
  [[nodiscard]] bool can_present(const Reference& reference, const qxl_rect& part) const;

  // Shows `part` of the frame on `dest` of the primary, which is as large. Takes
  // over the fence. `readers` counts the references that the host has not let
  // go of, up and down again, and lives as long as the submission. May sleep. kLost.
  Result<> present(const Reference& reference, const qxl_rect& part, const qxl_rect& dest,
                   uint32_t& readers);

  [[nodiscard]] uint64_t presented_bytes() const { return load_relaxed(&presented_bytes_); }

 private:
  Submission& submission_;
  const Memslot& slot_;
  const uint64_t bytes_;
  uint64_t presented_bytes_ = 0;  // atomic
};

}  // namespace qxl
