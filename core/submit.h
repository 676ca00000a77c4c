// SPDX-License-Identifier: GPL-2.0-only
// The way to the host and back: memory for commands, the rings, and releases.
#pragma once

#include <cstdint>
#include <span>

#include "core/arena.h"
#include "core/base/guard.h"
#include "core/base/result.h"
#include "core/protocol/memslot.h"
#include "core/protocol/ring.h"
#include "core/release.h"
#include "core/surface_ids.h"
#include "qxl_core.h"

namespace qxl {

// How long the host may take before it counts as gone. The server itself may
// spend 30 s flushing to a slow client.
inline constexpr uint32_t kHostTimeoutMs = 40'000;

enum class Queue : uint8_t {
  kDisplay,  // QXLRam.cmd_ring: draws and surfaces
  kCursor,   // QXLRam.cursor_ring
};
inline constexpr uint32_t kQueues = 2;

// Life of a command: reserve() memory and a record, write the command there,
// submit() it; the host releases it some day and collect() takes it back.
//
// lock_ is the core lock: everything here is under it, it is held briefly, and
// pixels are copied outside it. Lock order: lock_ before SurfaceIds'.
class Submission {
 public:
  // Commands that one reserve() or submit() can carry.
  static constexpr uint32_t kBatch = QXL_COMMAND_RING_SIZE;

  struct Memory {
    uint8_t* base;
    uint64_t offset;  // in the main memslot
    uint64_t bytes;
  };

  explicit Submission(qxl_device* dev, SurfaceIds& ids) : dev_(dev), ids_(ids) {}
  Submission(const Submission&) = delete;
  Submission& operator=(const Submission&) = delete;

  // `ram` is the mapped QXLRam. May sleep. kNoMemory.
  Result<> create(void* ram, Memory display, Memory cursor);

  // After a device reset, when `main` is the slot for BAR 0. The host holds
  // nothing any more: what it held is finished with `error`. kNoDevice when
  // the rings are not as the protocol says.
  Result<> reset(const Memslot& main, int error) QXL_EXCLUDES(lock_);
  // From the first primary after a reset on, the device takes commands.
  void start_accepting() QXL_EXCLUDES(lock_);

  // The device does not answer: waiters return, fences signal -EIO. Memory
  // stays with the host until reset().
  void lose() QXL_EXCLUDES(lock_);
  [[nodiscard]] bool lost() const { return load_acquire(&lost_); }

  // Records with memory for the first so many of `bytes` as there is room for,
  // at least one; how many is the result. Waits for the host, bounded. Each is
  // the caller's until submit() or cancel(). kLost, kInvalid before the first primary.
  Result<uint32_t> reserve(Queue queue, std::span<const uint64_t> bytes,
                           std::span<Release*> out) QXL_EXCLUDES(lock_);
  Result<Release*> reserve_one(Queue queue, uint64_t bytes) QXL_EXCLUDES(lock_);
  void cancel(Release& release) QXL_EXCLUDES(lock_);

  // Gives commands of `type` (QXL_CMD_*) to the host, in order, with at most
  // one wake-up per stretch of free ring. Waits for ring slots, bounded. When
  // the device is lost the rest is finished as if released: nothing is owed.
  Result<> submit(Queue queue, uint32_t type, std::span<Release* const> releases)
      QXL_EXCLUDES(lock_);

  // Takes back what the host released.
  void collect() QXL_EXCLUDES(lock_);
  // collect(), and ask the host for what it has not handed over yet. Not more
  // often than every few milliseconds does that reach the host.
  void flush() QXL_EXCLUDES(lock_);
  // Interrupt: the host made room or released something. Any context.
  void progress() { progress_.signal(); }

  [[nodiscard]] DeviceAddress address(uint64_t offset) const { return main_.address(offset); }
  [[nodiscard]] DeviceAddress address(const Release& release) const {
    return address(release.arena->offset(release.extent));
  }
  [[nodiscard]] static uint8_t* pointer(const Release& release) {
    return release.arena->pointer(release.extent);
  }
  // The largest extent that waiting can always obtain.
  [[nodiscard]] uint64_t largest(Queue queue) const {
    return arenas_[static_cast<uint32_t>(queue)].capacity() / 3;
  }

  void fill_counters(qxl_counters& counters) QXL_EXCLUDES(lock_);

 private:
  using CommandRing = ProducerRing<QXLCommandRing>;
  using CursorRing = ProducerRing<QXLCursorRing>;

  uint32_t try_reserve(Queue queue, std::span<const uint64_t> bytes, std::span<Release*> out)
      QXL_EXCLUDES(lock_);
  Result<> usable() QXL_EXCLUDES(lock_);
  void wait_for_host(uint32_t seen, uint32_t slice_ms, uint64_t deadline_ms);
  void ask_for_memory() QXL_EXCLUDES(lock_);
  void count_memory_wait() QXL_EXCLUDES(lock_);

  uint32_t push_some(Queue queue, uint32_t type, std::span<Release* const> releases)
      QXL_EXCLUDES(lock_);
  template <typename Ring>
  uint32_t stage(Ring& ring, uint32_t type, std::span<Release* const> releases, bool& wake)
      QXL_REQUIRES(lock_);
  void abandon(std::span<Release* const> releases) QXL_EXCLUDES(lock_);

  uint32_t release_chain(ReleaseId head) QXL_REQUIRES(lock_);
  void finish(Release& release, int error) QXL_REQUIRES(lock_);
  void finish_all_in_flight(int error) QXL_REQUIRES(lock_);

  qxl_device* dev_;
  SurfaceIds& ids_;
  Event progress_;  // moves when the host made room or gave something back
  Memslot main_;    // changes in reset() only, with nothing else running
  Arena arenas_[kQueues];  // allocation state under lock_; geometry is fixed

  SpinLock lock_;
  ReleaseTable releases_ QXL_GUARDED_BY(lock_);
  CommandRing display_ring_ QXL_GUARDED_BY(lock_);
  CursorRing cursor_ring_ QXL_GUARDED_BY(lock_);
  ReleaseRing release_ring_ QXL_GUARDED_BY(lock_);
  qxl_counters counters_ QXL_GUARDED_BY(lock_) = {};
  uint64_t last_oom_ms_ QXL_GUARDED_BY(lock_) = 0;
  bool accepting_ QXL_GUARDED_BY(lock_) = false;
  bool lost_ = true;  // written under lock_, read anywhere
};

}  // namespace qxl
