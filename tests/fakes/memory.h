// SPDX-License-Identifier: GPL-2.0-only
// The memory behind a BAR, between two guard pages: a stray access is a crash.
#pragma once

#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>

namespace fake {

class BarMemory {
 public:
  // @bytes is a multiple of the page size.
  explicit BarMemory(uint64_t bytes) : bytes_(bytes) {
    whole_ = mmap(nullptr, bytes + 2 * guard, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (whole_ == MAP_FAILED || mprotect(data(), bytes, PROT_READ | PROT_WRITE)) abort();
  }
  ~BarMemory() { munmap(whole_, bytes_ + 2 * guard); }
  BarMemory(const BarMemory &) = delete;
  BarMemory &operator=(const BarMemory &) = delete;

  uint8_t *data() const { return (uint8_t *)whole_ + guard; }
  uint64_t size() const { return bytes_; }
  bool contains(const void *at, uint64_t bytes) const {
    const uint64_t from = (uint64_t)((uintptr_t)at - (uintptr_t)data());

    return (uintptr_t)at >= (uintptr_t)data() && from <= bytes_ && bytes <= bytes_ - from;
  }

 private:
  static constexpr uint64_t guard = 65536;

  void *whole_;
  uint64_t bytes_;
};

}  // namespace fake
