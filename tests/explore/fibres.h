// SPDX-License-Identifier: GPL-2.0-only
// Fibres: several stacks on one thread. Who runs when is the scheduler's.
#pragma once

#include <cstddef>

namespace explore {

// A stack with somewhere to go on. Made once, it is switched to and from for
// as long as the process lives.
struct Context {
	void *stack_pointer = nullptr;
	void *stack = nullptr;
};

constexpr size_t stack_bytes = 256 << 10;

// @entry never returns.
void make_context(Context &context, void (*entry)());
// Saves where we are in @from and goes on where @to was left.
void switch_context(Context &from, const Context &to);

} // namespace explore
