// SPDX-License-Identifier: GPL-2.0-only
// When to stop looking for a while.
#pragma once

#include <cstdint>

namespace qxl {

// Comparing is a look at every pixel. Where most of a head changes each time, as
// in a game, there is nothing to find: after some tries it is left for a few
// presents, and after one more for twice as many.
class Patience {
 public:
  // Whether this present is compared.
  bool looks() {
    if (rest_ == 0) return true;
    --rest_;
    return false;
  }

  // A present has looked at so many of a head's pixels and sent so many of them.
  void judge(uint64_t looked, uint64_t sent, uint64_t head) {
    if (looked < head / 2) return;
    if (sent < looked - looked / 8) {
      *this = {};
    } else if (--tries_ == 0) {
      rest_ = next_rest_;
      next_rest_ = next_rest_ < kMaxRest ? 2 * next_rest_ : kMaxRest;
      tries_ = 1;
    }
  }

 private:
  static constexpr uint32_t kTries = 4;
  static constexpr uint32_t kMinRest = 8;
  static constexpr uint32_t kMaxRest = 64;  // a second of a smooth film

  uint32_t rest_ = 0;
  uint32_t next_rest_ = kMinRest;
  uint32_t tries_ = kTries;
};

}  // namespace qxl
