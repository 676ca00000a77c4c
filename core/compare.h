// SPDX-License-Identifier: GPL-2.0-only
// Comparing pixels: a frame against what a head shows, all of it, at each present.
#pragma once

#include <cstdint>

#include "core/base/words.h"
#include "core/rect.h"

namespace qxl {

// Bits that differ somewhere in 32 bytes.
inline uint64_t difference(const uint8_t* a, const uint8_t* b) {
  auto word = [a, b](int at) { return load<uint64_t>(a + at) ^ load<uint64_t>(b + at); };
  return word(0) | word(8) | word(16) | word(24);
}

// Whether `count` pixels are the same. The kernel's memcmp() finds out which of
// two is the larger one, a word at a time; this does not, and takes a cache line.
inline bool same_pixels(const uint8_t* a, const uint8_t* b, uint32_t count) {
  constexpr uint32_t kStep = 16;
  constexpr size_t kStepBytes = size_t{kStep} * kBytesPerPixel;
  for (; count >= kStep; count -= kStep, a += kStepBytes, b += kStepBytes)
    if ((difference(a, b) | difference(a + 32, b + 32)) != 0) return false;
  return __builtin_memcmp(a, b, size_t{count} * kBytesPerPixel) == 0;
}

}  // namespace qxl
