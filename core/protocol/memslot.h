// SPDX-License-Identifier: GPL-2.0-only
// Memory slots: how the device names guest memory (QXLMemSlot, QXLPHYSICAL).
#pragma once

#include <cstdint>

#include "core/base/ids.h"

namespace qxl {

// One active slot: a window of one BAR. The top bits of an address hold the
// slot's index and the generation that the device gave it; the rest is the
// byte offset from the slot's start.
class Memslot {
 public:
  constexpr Memslot() = default;
  constexpr Memslot(uint8_t index, uint8_t generation, uint8_t id_bits, uint8_t gen_bits)
      : high_bits_(((uint64_t{index} << gen_bits) | generation) << (64 - id_bits - gen_bits)),
        index_(index) {}

  [[nodiscard]] constexpr DeviceAddress address(uint64_t offset) const {
    return DeviceAddress{high_bits_ | offset};
  }
  [[nodiscard]] constexpr uint8_t index() const { return index_; }

 private:
  uint64_t high_bits_ = 0;
  uint8_t index_ = 0;
};

}  // namespace qxl
