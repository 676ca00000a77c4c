// SPDX-License-Identifier: GPL-2.0-only
// Copying pixels, often to write-combined memory.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/rect.h"

namespace qxl {

// Less is not worth what starting a string instruction costs.
inline constexpr size_t kMinString = 128;  // bytes

// Copies `bytes` bytes; the two do not overlap. Much by one instruction, which
// moves whole cache lines on anything that has run a hypervisor. Kernels use it
// in memcpy() too, but only where the processor names a flag for it that virtual
// ones often lack. Sanitizers cannot see it.
inline void copy_bytes(uint8_t* to, const uint8_t* from, size_t bytes) {
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  if (bytes >= kMinString) {
    size_t words = bytes / 8;
    asm volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
    bytes %= 8;
  }
#endif
  __builtin_memcpy(to, from, bytes);
}

inline void copy_pixels(uint8_t* to, const uint8_t* from, uint32_t count) {
  copy_bytes(to, from, size_t{count} * kBytesPerPixel);
}

// Copies `rows` rows of `width` pixels. Pitches are bytes from one row to the next;
// rows without gaps are copied as one.
inline void copy_rows(uint8_t* to, uint32_t to_pitch, const uint8_t* from, uint32_t from_pitch,
                      uint32_t width, uint32_t rows) {
  if (to_pitch == from_pitch && to_pitch == width * kBytesPerPixel) {
    copy_pixels(to, from, width * rows);
    return;
  }
  for (uint32_t y = 0; y < rows; ++y, to += to_pitch, from += from_pitch)
    copy_pixels(to, from, width);
}

}  // namespace qxl
