// SPDX-License-Identifier: GPL-2.0-only
// Pixels of the primary, from the memory that the host draws it to.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/rect.h"

namespace qxl {

// What the host has not been asked to write back is not there yet. The fourth
// byte of a pixel says nothing: it reads as 0, whatever path has left there.
//
// Rectangles lie on the primary and are not empty.
class Readback {
 public:
  Readback() = default;
  // Does not own `memory`. A negative stride means rows from the bottom up.
  Readback(const void* memory, uint32_t height, int32_t stride)
      : top_(static_cast<const uint8_t*>(memory)), stride_(stride) {
    if (stride < 0) top_ -= ptrdiff_t{stride} * (ptrdiff_t{height} - 1);
  }

  // To rows that are `pitch` bytes apart.
  void copy(const qxl_rect& area, void* to, size_t pitch) const;
  // The CRC-32 (see qxl_k_crc32()) of the rows as copy() would pack them.
  [[nodiscard]] uint32_t crc(const qxl_rect& area) const;

 private:
  const uint8_t* top_ = nullptr;  // the upper row
  int32_t stride_ = 0;
};

}  // namespace qxl
