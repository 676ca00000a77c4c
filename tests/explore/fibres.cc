// SPDX-License-Identifier: GPL-2.0-only
// Written by hand because swapcontext() makes two system calls, and a run of
// the explorer switches hundreds of millions of times.
#include "fibres.h"

#include <cstdint>
#include <cstdlib>
#include <cstring>

#if !defined(__x86_64__)
#error "explore: write explore_switch() for this processor"
#endif

// void explore_switch(void **from, void *to): callee-saved registers go to the
// old stack, its pointer to *from; then the same backwards on the new one.
asm(".text\n"
    ".p2align 4\n"
    "explore_switch:\n"
    "	pushq %rbp\n"
    "	pushq %rbx\n"
    "	pushq %r12\n"
    "	pushq %r13\n"
    "	pushq %r14\n"
    "	pushq %r15\n"
    "	movq %rsp, (%rdi)\n"
    "	movq %rsi, %rsp\n"
    "	popq %r15\n"
    "	popq %r14\n"
    "	popq %r13\n"
    "	popq %r12\n"
    "	popq %rbx\n"
    "	popq %rbp\n"
    "	ret\n");

extern "C" void explore_switch(void **from, void *to);

namespace explore {
namespace {

constexpr size_t cleared_bytes = 2048;

}  // namespace

size_t live_bytes(const Context &context) {
  return (size_t)((char *)context.stack + stack_bytes - (char *)context.stack_pointer);
}

void make_context(Context &context, void (*entry)()) {
  if (!context.stack) context.stack = aligned_alloc(64, stack_bytes);
  if (!context.stack) abort();

  // What an earlier run left in the gaps of frames would make states look
  // different.
  memset((char *)context.stack + stack_bytes - cleared_bytes, 0, cleared_bytes);

  auto *top = (uintptr_t *)((char *)context.stack + stack_bytes);

  *--top = 0;  // as if called: misaligned by a return address
  *--top = (uintptr_t)entry;
  for (int i = 0; i < 6; i++) *--top = 0;
  context.stack_pointer = top;
}

void switch_context(Context &from, const Context &to) {
  explore_switch(&from.stack_pointer, to.stack_pointer);
}

}  // namespace explore
