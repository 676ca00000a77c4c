// SPDX-License-Identifier: GPL-2.0-only
// Fibres: several stacks on one thread. Who runs when is the scheduler's.
#pragma once

#include <cstddef>

namespace explore {

// A stack with somewhere to go on.
struct Context {
  void *stack_pointer = nullptr;
  void *stack = nullptr;
};

constexpr size_t stack_bytes = 256 << 10;

// Where the stack is in use; valid while the context is not running.
size_t live_bytes(const Context &context);

// Starts anew; @entry never returns.
void make_context(Context &context, void (*entry)());
// Saves where we are in @from and goes on where @to was left.
void switch_context(Context &from, const Context &to);

}  // namespace explore
