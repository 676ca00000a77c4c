// SPDX-License-Identifier: GPL-2.0-only
// Copying pixels, often to write-combined memory.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/base/words.h"
#include "core/rect.h"

namespace qxl {

// Less is not worth what starting a string instruction costs.
inline constexpr size_t kMinString = 128;  // bytes

// Copies `bytes` bytes; the two do not overlap. Much by one instruction, which
// moves whole cache lines on anything that has run a hypervisor. Kernels use it
// in memcpy() too, but only where the processor names a flag for it that virtual
// ones often lack. Sanitizers cannot see it. The rest by words, each of which is
// written once: what compilers make of memcpy() writes the last words of a few twice.
inline void copy_bytes(uint8_t* to, const uint8_t* from, size_t bytes) {
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  if (bytes >= kMinString) {
    size_t words = bytes / 8;
    asm volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
    bytes %= 8;
  }
#endif
  for (; bytes >= 32; bytes -= 32, to += 32, from += 32) {
    auto a = load<uint64_t>(from);
    auto b = load<uint64_t>(from + 8);
    auto c = load<uint64_t>(from + 16);
    auto d = load<uint64_t>(from + 24);
    store(to, a);
    store(to + 8, b);
    store(to + 16, c);
    store(to + 24, d);
  }
  for (; bytes >= 4; bytes -= 4, to += 4, from += 4) store(to, load<uint32_t>(from));
  for (; bytes != 0; --bytes) *to++ = *from++;
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
