// SPDX-License-Identifier: GPL-2.0-only
// What the fuzzers share: reading their input, and a core on the fake device.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>

#include "device.h"
#include "kernel.h"
#include "qxl_core.h"

namespace fuzz {

// The input, front to back; zeros behind it.
class Input {
 public:
  Input(const uint8_t *at, size_t bytes) : at_(at), left_(bytes) {}

  bool empty() const { return left_ == 0; }
  template <typename T>
  T take() {
    T value = {};
    const size_t bytes = std::min(left_, sizeof(value));

    if (bytes) memcpy(&value, at_, bytes);
    at_ += bytes;
    left_ -= bytes;
    return value;
  }
  uint8_t byte() { return take<uint8_t>(); }
  // Below @limit, which is at least 1.
  uint32_t below(uint32_t limit) { return (limit > 256 ? take<uint16_t>() : byte()) % limit; }
  // A number that is somebody's limit, or any.
  uint64_t interesting();

 private:
  const uint8_t *at_;
  size_t left_;
};

// A started core with a primary, for all runs. One thread does everything.
class World {
 public:
  explicit World(const fake::DeviceConfig &config);

  // Until the host has taken everything, and given it back.
  void settle();

  std::unique_ptr<fake::FakeDevice> device;
  qxl_core *core = nullptr;

 private:
  bool run_deferred();

  uint32_t deferred_ = 0;
};

// A condition of the fuzzer: says so and crashes.
void expect(bool condition, const char *what);
// The same for what the fakes have found.
void expect_no_violation(const char *where);

}  // namespace fuzz
