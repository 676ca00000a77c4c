// SPDX-License-Identifier: GPL-2.0-only
// The rings in QXLRam: two that the driver fills with QXLCommand, one that the
// host fills with release ids (ipc_ring.h of the SPICE protocol).
//
// Indices run freely and are masked on use. What the host wrote is read once
// and validated before it is used.
#pragma once

#include <spice/qxl_dev.h>

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "core/base/atomic.h"
#include "core/base/ids.h"

namespace qxl {

// The five words in front of every ring's items, and the items behind them.
template <typename Ring>
class RingWords {
 public:
  static constexpr uint32_t kItems = std::extent_v<decltype(Ring::items)>;
  static_assert((kItems & (kItems - 1)) == 0);

  RingWords() = default;
  explicit RingWords(void* ring) : base_(static_cast<uint8_t*>(ring)) {}

 protected:
  uint32_t* num_items() const { return word(offsetof(Ring, num_items)); }
  uint32_t* prod() const { return word(offsetof(Ring, prod)); }
  uint32_t* notify_on_prod() const { return word(offsetof(Ring, notify_on_prod)); }
  uint32_t* cons() const { return word(offsetof(Ring, cons)); }
  uint32_t* notify_on_cons() const { return word(offsetof(Ring, notify_on_cons)); }
  uint8_t* item(uint32_t index) const {
    return base_ + offsetof(Ring, items) + sizeof(Ring::items[0]) * (index & (kItems - 1));
  }

 private:
  uint32_t* word(size_t offset) const { return reinterpret_cast<uint32_t*>(base_ + offset); }

  uint8_t* base_ = nullptr;
};

// The driver's side of a ring it fills. The caller serialises all calls.
template <typename Ring>
class ProducerRing : private RingWords<Ring> {
  using Words = RingWords<Ring>;

 public:
  using Words::kItems;
  ProducerRing() = default;
  explicit ProducerRing(void* ring) : Words(ring) {}

  // After a device reset. False when the host set the ring up differently from
  // what the protocol says.
  [[nodiscard]] bool reset() {
    next_ = load_acquire(this->prod());
    return load_relaxed(this->num_items()) == kItems && load_relaxed(this->cons()) == next_;
  }

  // Free slots; more than kItems when the host's index makes no sense.
  [[nodiscard]] uint32_t free_slots() const {
    return kItems - (next_ - load_acquire(this->cons()));
  }

  // How many commands the host has taken, if it says the truth; modulo 2^32.
  [[nodiscard]] uint32_t taken() const { return load_acquire(this->cons()); }

  // Commands that the host has not taken; at most kItems, whatever it wrote.
  [[nodiscard]] uint32_t used() const {
    uint32_t used = next_ - load_acquire(this->cons());
    return used < kItems ? used : kItems;
  }

  // Asks for an interrupt at the next pop. The caller re-checks free_slots().
  void arm_space_interrupt() {
    store_relaxed(this->notify_on_cons(), load_acquire(this->cons()) + 1);
    full_fence();
  }

  // SAFETY: only with a free slot. Not visible to the host until publish().
  void stage(DeviceAddress data, uint32_t type) {
    QXLCommand command = {.data = data.value(), .type = type, .padding = 0};
    __builtin_memcpy(this->item(next_), &command, sizeof(command));
    ++next_;
  }

  // Shows the host all staged commands. True when it asked to be woken at one
  // of them.
  [[nodiscard]] bool publish() {
    uint32_t before = load_relaxed(this->prod());
    full_fence();  // commands are in memory, whatever its caching, before the index
    store_release(this->prod(), next_);
    full_fence();  // the index is there before notify_on_prod is looked at
    uint32_t wake_at = load_acquire(this->notify_on_prod());
    uint32_t distance = wake_at - before;
    return distance != 0 && distance <= next_ - before;
  }

  // Takes back what the host has not taken, when it takes nothing any more. Beside
  // the other calls, as a reset() comes next.
  void withdraw() {
    store_release(this->prod(), load_acquire(this->cons()));
    full_fence();
  }

 private:
  uint32_t next_ = 0;  // producer index with what is staged
};

// The driver's side of the ring it empties. The caller serialises all calls.
class ReleaseRing : private RingWords<QXLReleaseRing> {
 public:
  ReleaseRing() = default;
  explicit ReleaseRing(void* ring) : RingWords(ring) {}

  [[nodiscard]] bool reset() {
    next_ = load_acquire(cons());
    return load_relaxed(num_items()) == kItems && load_relaxed(prod()) - next_ <= kItems;
  }

  [[nodiscard]] bool empty() const { return load_acquire(prod()) == next_; }

  // The next id, or nothing (false). An empty ring is armed for an interrupt
  // and looked at once more, so that no release is left without one. An index
  // that the host cannot have reached ends the drain too.
  [[nodiscard]] bool pop(ReleaseId& id) {
    if (!available() && !arm_and_recheck()) return false;
    uint64_t raw = 0;
    __builtin_memcpy(&raw, item(next_), sizeof(raw));
    id = ReleaseId{raw};
    store_release(cons(), ++next_);
    full_fence();
    return true;
  }

 private:
  [[nodiscard]] bool available() const {
    uint32_t filled = load_acquire(prod()) - next_;
    return filled != 0 && filled <= kItems;
  }

  [[nodiscard]] bool arm_and_recheck() {
    store_relaxed(notify_on_prod(), next_ + 1);
    full_fence();
    return available();
  }

  uint32_t next_ = 0;
};

}  // namespace qxl
