// SPDX-License-Identifier: GPL-2.0-only
// Comparing pixels: a frame against what a head shows, all of it, at each present.
#pragma once

#include <cstdint>

#include "core/rect.h"

namespace qxl {

inline uint64_t load64(const uint8_t* from) {
  uint64_t value = 0;
  __builtin_memcpy(&value, from, sizeof(value));
  return value;
}

// Whether `count` pixels are the same. The kernel's memcmp() finds out which of
// two is the larger one, a word at a time; this does not.
inline bool same_pixels(const uint8_t* a, const uint8_t* b, uint32_t count) {
  constexpr uint32_t kStep = 8;
  constexpr size_t kStepBytes = size_t{kStep} * kBytesPerPixel;
  for (; count >= kStep; count -= kStep, a += kStepBytes, b += kStepBytes) {
    uint64_t difference = load64(a) ^ load64(b);
    difference |= load64(a + 8) ^ load64(b + 8);
    difference |= load64(a + 16) ^ load64(b + 16);
    difference |= load64(a + 24) ^ load64(b + 24);
    if (difference != 0) return false;
  }
  return __builtin_memcmp(a, b, size_t{count} * kBytesPerPixel) == 0;
}

}  // namespace qxl
