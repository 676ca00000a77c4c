// SPDX-License-Identifier: GPL-2.0-only
// Copying pixels: rows of a rectangle, often to write-combined memory.
#pragma once

#include <cstdint>

#include "core/rect.h"

namespace qxl {

// Shorter rows are not worth what starting a string instruction costs.
inline constexpr uint32_t kMinString = 32;  // pixels

// Copies `count` pixels; the two do not overlap. Long rows by one instruction, which
// moves whole cache lines on anything that has run a hypervisor. Kernels use it
// in memcpy() too, but only where the processor names a flag for it that virtual
// ones often lack. Sanitizers cannot see it.
inline void copy_pixels(uint8_t* to, const uint8_t* from, uint32_t count) {
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  if (count >= kMinString) {
    uint64_t pairs = count / 2;
    asm volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(pairs) : : "memory");
    if (count % 2 != 0) __builtin_memcpy(to, from, kBytesPerPixel);
    return;
  }
#endif
  __builtin_memcpy(to, from, size_t{count} * kBytesPerPixel);
}

}  // namespace qxl
