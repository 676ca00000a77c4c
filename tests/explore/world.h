// SPDX-License-Identifier: GPL-2.0-only
// All state that a run can change, and the snapshot it starts from.
//
// Building a core takes longer than a run of it, so each scenario is set up
// once; then every run starts by copying back what runs change.
#pragma once

#include <cstddef>
#include <cstdint>

#include "scheduler.h"

namespace explore {

// Memory of the core and of the fake kernel's objects: at the same addresses
// in every run, zeroed.
void *heap_alloc(size_t bytes);
template <typename T>
T *heap_new(size_t count = 1) {
  return static_cast<T *>(heap_alloc(sizeof(T) * count));
}
void heap_reset();

// The run starts from here.
void take_snapshot();
void restore_snapshot();
// Memory outside of the heap that belongs to the snapshot.
void add_to_snapshot(void *at, size_t bytes);
// What is not copied back, because it is large and no run should reach it, is
// as it was. Slow.
bool snapshot_is_whole();

// Release records that the core has not freed.
unsigned records_taken();

// Part of the snapshot.
struct Clock {
  uint64_t now_ms;
};
struct KernelState {
  int64_t live_objects;         // allocations, locks, events, IDRs
  unsigned fail_allocation_at;  // counts down; 0: none fails
  bool allocations_fail;
  bool allocation_failed;
};
extern Clock the_clock;
extern KernelState kernel;

// A number for the state the world is in.
class Hasher {
 public:
  void add(uint64_t word) {
    hash_ = (hash_ ^ word) * 0x9e3779b97f4a7c15;
    hash_ ^= hash_ >> 32;
  }
  // Whole words of 8 bytes, and what is left.
  void add(const void *at, size_t bytes);
  uint64_t value() const { return hash_; }

 private:
  uint64_t hash_ = 0x2545f4914f6cdd1d;
};
void hash_world(Hasher &hasher);

bool wait_is_over(const Wait &wait);  // kernel.cc

}  // namespace explore
