// SPDX-License-Identifier: GPL-2.0-only
// A piece of VRAM handed out in granules: commands with what they point to.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/base/result.h"

namespace qxl {

// A run of granules. count == 0 means none.
struct Extent {
  uint32_t first = 0;
  uint32_t count = 0;
};

// Next-fit over a bitmap. The host gives memory back in any order and may keep
// one command for hours, so this cannot be a ring. The caller serialises.
class Arena {
 public:
  static constexpr uint32_t kGranule = 512;

  Arena() = default;
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // Manages [base, base + bytes), which lies at `offset` in its memslot.
  // May sleep. kNoMemory.
  Result<> create(uint8_t* base, uint64_t offset, uint64_t bytes);

  // An extent of at least `bytes`; count == 0 when there is none that long.
  [[nodiscard]] Extent allocate(uint64_t bytes);
  void free(Extent extent);

  [[nodiscard]] uint8_t* pointer(Extent extent) const {
    return base_ + uint64_t{extent.first} * kGranule;
  }
  [[nodiscard]] uint64_t offset(Extent extent) const {
    return offset_ + uint64_t{extent.first} * kGranule;
  }
  [[nodiscard]] static constexpr uint64_t bytes(Extent extent) {
    return uint64_t{extent.count} * kGranule;
  }
  // Whether everything is free. Looks at all of the bitmap.
  [[nodiscard]] bool empty() const { return next_used(0, granules_) == granules_; }
  [[nodiscard]] uint64_t capacity() const { return uint64_t{granules_} * kGranule; }

 private:
  [[nodiscard]] bool used(uint32_t granule) const {
    return bitmap_[granule / 64] & (uint64_t{1} << (granule % 64));
  }
  [[nodiscard]] uint32_t next_free(uint32_t from, uint32_t end) const;
  [[nodiscard]] uint32_t next_used(uint32_t from, uint32_t end) const;
  [[nodiscard]] Extent find(uint32_t from, uint32_t end, uint32_t count) const;
  void mark(Extent extent, bool in_use);

  uint64_t* bitmap_ = nullptr;  // owned
  uint8_t* base_ = nullptr;
  uint64_t offset_ = 0;
  uint32_t granules_ = 0;
  uint32_t hint_ = 0;  // where the last allocation ended
};

}  // namespace qxl
