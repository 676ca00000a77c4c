// SPDX-License-Identifier: GPL-2.0-only
// What each thread holds; shared by the files of the fake kernel only.
#pragma once

#include <vector>

namespace fake {

struct ThreadContext {
  std::vector<const void *> spinlocks;
  std::vector<const void *> mutexes;
  int preload_depth = 0;
  int atomic_depth = 0;
  bool in_irq = false;
};

ThreadContext &context();

}  // namespace fake
