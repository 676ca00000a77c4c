// SPDX-License-Identifier: GPL-2.0-only
#include "core/arena.h"

#include <bit>
#include <utility>

#include "core/base/assert.h"

namespace qxl {

Arena::~Arena() {
  qxl_k_free(bitmap_);
}

Result<> Arena::create(uint8_t* base, uint64_t offset, uint64_t bytes) {
  base_ = base;
  offset_ = offset;
  granules_ = static_cast<uint32_t>(bytes / kGranule);
  bitmap_ = static_cast<uint64_t*>(qxl_k_alloc((uint64_t{granules_} + 63) / 64 * 8));
  if (!bitmap_) return Error::kNoMemory;
  return {};
}

Extent Arena::allocate(uint64_t bytes) {
  if (bytes == 0 || bytes > capacity()) return {};
  auto count = static_cast<uint32_t>((bytes + kGranule - 1) / kGranule);
  Extent extent = find(hint_, granules_, count);
  if (extent.count == 0) {
    uint64_t end = uint64_t{hint_} + count;
    extent = find(0, end < granules_ ? static_cast<uint32_t>(end) : granules_, count);
  }
  if (extent.count == 0) return {};
  mark(extent, true);
  hint_ = extent.first + extent.count;
  return extent;
}

void Arena::free(Extent extent) {
  mark(extent, false);
}

// First granule in [from, end) that is free, or end.
uint32_t Arena::next_free(uint32_t from, uint32_t end) const {
  while (from < end) {
    uint64_t free_bits = ~bitmap_[from / 64] >> (from % 64);
    if (free_bits) {
      uint32_t found = from + static_cast<uint32_t>(std::countr_zero(free_bits));
      return found < end ? found : end;
    }
    from = (from / 64 + 1) * 64;
  }
  return end;
}

// First granule in [from, end) that is in use, or end.
uint32_t Arena::next_used(uint32_t from, uint32_t end) const {
  while (from < end) {
    uint64_t used_bits = bitmap_[from / 64] >> (from % 64);
    if (used_bits) {
      uint32_t found = from + static_cast<uint32_t>(std::countr_zero(used_bits));
      return found < end ? found : end;
    }
    from = (from / 64 + 1) * 64;
  }
  return end;
}

Extent Arena::find(uint32_t from, uint32_t end, uint32_t count) const {
  while (from < end && end - from >= count) {
    uint32_t first = next_free(from, end);
    if (end - first < count) return {};
    uint32_t stop = next_used(first, first + count);
    if (stop == first + count) return {first, count};
    from = stop;
  }
  return {};
}

void Arena::mark(Extent extent, bool in_use) {
  for (uint32_t at = extent.first, left = extent.count; left != 0;) {
    uint32_t bit = at % 64;
    uint32_t run = left < 64 - bit ? left : 64 - bit;
    uint64_t mask = (run == 64 ? ~uint64_t{0} : (uint64_t{1} << run) - 1) << bit;
    uint64_t& word = bitmap_[at / 64];
    QXL_ASSERT((word & mask) == (in_use ? 0 : mask));
    word = in_use ? word | mask : word & ~mask;
    at += run;
    left -= run;
  }
}

}  // namespace qxl
