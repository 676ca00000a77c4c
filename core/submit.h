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

// How long it may do nothing at all before a picture is given up for now. A server
// that is merely slow has compressed an image by then.
inline constexpr uint32_t kHostPatienceMs = 2000;

// How long to wait for the host: until it counts as gone; or, for what can be sent
// anew later, until it has taken and given back nothing of that queue for
// kHostPatienceMs, and then not at all until it does. That fails with kAgain.
enum class Wait : uint8_t { kLong, kBriefly };

enum class Queue : uint8_t {
  kDisplay,  // QXLRam.cmd_ring: draws and surfaces
  kCursor,   // QXLRam.cursor_ring
};
inline constexpr uint32_t kQueues = 2;

// Where a command's memory comes from. Apart, so that what lives long cannot
// leave the uploads without a large piece, nor uploads the others without any.
enum class Pool : uint8_t {
  kUpload,  // draws with their pixels
  kCursor,
  kSurface,  // creates and destroys, for the life of the surface
};
inline constexpr uint32_t kPools = 3;

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

  // `io_done` is what an asynchronous I/O command is waited for with.
  Submission(qxl_device* dev, SurfaceIds& ids, Event& io_done)
      : dev_(dev), ids_(ids), io_done_(io_done) {}
  Submission(const Submission&) = delete;
  Submission& operator=(const Submission&) = delete;

  // `ram` is the mapped QXLRam; memory by pool. May sleep. kNoMemory.
  Result<> create(void* ram, const Memory (&memory)[kPools]) QXL_NO_THREAD_SAFETY;

  // After a device reset, the host holds nothing any more: what it held is
  // finished with `error`. The device stays lost until open().
  void forget(int error) QXL_EXCLUDES(lock_);
  // The device is up; `main` is the slot for BAR 0. kNoDevice when the rings
  // are not as the protocol says.
  Result<> open(const Memslot& main) QXL_EXCLUDES(lock_);
  // From the first primary after a reset on, the device takes commands.
  void start_accepting() QXL_EXCLUDES(lock_);

  // Nothing new reaches the rings any more and waiters return. Any context.
  void close();
  // After close(): until a push that had not seen it is done. A reset beside one would
  // leave its command on a ring that the device takes for empty.
  void wait_for_pushes() QXL_EXCLUDES(lock_);
  // The device does not answer, or no longer obeys: close(). Any context.
  void fail();
  // fail(), and fences signal -EIO. Memory stays with the host until forget().
  void lose() QXL_EXCLUDES(lock_);
  // lose(), of a host that has taken too long: the rim is told (qxl_k_lost()).
  void declare_lost() QXL_EXCLUDES(lock_);
  // After fail(), when the device found a guest bug: the rings are emptied. A SPICE
  // server that sees commands there, but is given none, looks for them without
  // end, and would never get to the reset, which QEMU waits for. Any context: the
  // lock may be the interrupted one's. A push on another processor that has not
  // seen fail() is what the next reset finds.
  void withdraw() QXL_NO_THREAD_SAFETY;
  [[nodiscard]] bool lost() const { return load_acquire(&lost_); }

  // kLost, kInvalid before the first primary.
  Result<> usable() QXL_EXCLUDES(lock_);

  // Records with memory for the first so many of `bytes` as there is room for,
  // at least one; how many is the result. Waits for the host, bounded. Each is
  // the caller's until submit() or cancel(). kLost, kInvalid before the first primary,
  // kAgain.
  Result<uint32_t> reserve(Pool pool, std::span<const uint64_t> bytes, std::span<Release*> out,
                           Wait wait = Wait::kLong) QXL_EXCLUDES(lock_);
  Result<Release*> reserve_one(Pool pool, uint64_t bytes, Wait wait = Wait::kLong)
      QXL_EXCLUDES(lock_);
  // The same without waiting; possibly none.
  uint32_t try_reserve(Pool pool, std::span<const uint64_t> bytes, std::span<Release*> out)
      QXL_EXCLUDES(lock_);
  void cancel(Release& release) QXL_EXCLUDES(lock_);

  // Waits, bounded, until `condition` holds, asking the host for its releases
  // meanwhile: for conditions that a release can bring about. kLost, kInvalid, kAgain.
  template <typename Condition>
  Result<> wait_until(Condition condition, Wait wait = Wait::kLong, Queue queue = Queue::kDisplay)
      QXL_EXCLUDES(lock_);

  // Gives commands of `type` (QXL_CMD_*) to the host, in order, with at most
  // one wake-up per stretch of free ring. Waits for ring slots, bounded. When
  // the device is lost, or with kAgain, the rest is finished as if released: nothing
  // is owed.
  Result<> submit(Queue queue, uint32_t type, std::span<Release* const> releases,
                  Wait wait = Wait::kLong) QXL_EXCLUDES(lock_);
  Result<> submit_one(Queue queue, uint32_t type, Release& release, Wait wait = Wait::kLong)
      QXL_EXCLUDES(lock_);
  // The same without waking the host, unless the ring is full: the caller owes a
  // wake() when it has no more. `pushed`: how many were, also after an error.
  Result<> push(Queue queue, uint32_t type, std::span<Release* const> releases, Wait wait,
                uint32_t* pushed = nullptr) QXL_EXCLUDES(lock_);
  // Wakes the host when it sleeps and there is something new for it. Any context.
  void wake(Queue queue) QXL_EXCLUDES(lock_);
  // wake(), after the last draw of a commit or call. When another one as large would
  // have to wait for memory, the host is asked for it now, and nobody waits then.
  void end_draws() QXL_EXCLUDES(lock_);
  // Whether it was given up, and has done nothing since.
  [[nodiscard]] bool stalled(Queue queue) QXL_EXCLUDES(lock_);

  // Takes back what the host released.
  void collect() QXL_EXCLUDES(lock_);
  // collect(), wake the host if it sleeps, and ask it for what it has not handed
  // over yet; not more often than every few milliseconds does that reach the host. Called again
  // and again while somebody waits for a release: when nothing comes back for
  // as long as a host may take, the device is lost.
  void flush() QXL_EXCLUDES(lock_);
  // Waits until all uploads have come back, but not long: before the primary goes.
  // A server that is in the middle of sending one to a client then sleeps 10 ms after
  // each piece that the client's socket takes. May sleep.
  void settle() QXL_EXCLUDES(lock_);
  // Interrupt: the host made room or released something. Any context.
  void progress() { progress_.signal(); }

  [[nodiscard]] DeviceAddress address(uint64_t offset) const { return main_.address(offset); }
  [[nodiscard]] DeviceAddress address(const Release& release) const {
    return address(release.arena->offset(release.extent));
  }
  [[nodiscard]] static uint8_t* pointer(const Release& release) {
    return release.arena->pointer(release.extent);
  }
  // The largest reservation that makes sense: three of them fit, whatever is
  // still in flight, once the host has given back what it need not keep.
  [[nodiscard]] uint64_t largest(Pool pool) const {
    return arenas_[static_cast<uint32_t>(pool)].capacity() / 3;
  }

  void fill_counters(qxl_counters& counters) QXL_EXCLUDES(lock_);

 private:
  using CommandRing = ProducerRing<QXLCommandRing>;
  using CursorRing = ProducerRing<QXLCursorRing>;

  // Of one wait, in qxl_k_time_ms(); 0: it has not begun.
  struct Deadlines {
    Wait wait;
    uint64_t lost_ms = 0;   // the host counts as gone
    uint64_t again_ms = 0;  // it is given up for now, if it has done nothing
    uint32_t moves = 0;     // what it had done then
  };

  Result<> usable_locked() const QXL_REQUIRES(lock_);
  uint32_t allocate(Pool pool, std::span<const uint64_t> bytes, std::span<Release*> out)
      QXL_REQUIRES(lock_);
  Result<> wait_for_host(Queue queue, uint32_t seen, uint32_t slice_ms, Deadlines& deadlines)
      QXL_EXCLUDES(lock_);
  Result<> wait_for_release(Queue queue, uint32_t seen, Deadlines& deadlines) QXL_EXCLUDES(lock_);
  Result<> go_on_or_give_up(Queue queue, Deadlines& deadlines) QXL_EXCLUDES(lock_);
  // Changes when the host takes or gives back a command of the queue.
  [[nodiscard]] uint32_t moves(Queue queue) const QXL_REQUIRES(lock_);
  [[nodiscard]] bool stalled_locked(Queue queue) QXL_REQUIRES(lock_);
  bool may_ask(uint64_t& last_ms, uint32_t interval_ms) QXL_REQUIRES(lock_);
  void ask_for_memory(uint32_t interval_ms) QXL_EXCLUDES(lock_);
  bool asks_ahead() QXL_REQUIRES(lock_);
  bool wakes(Queue queue) QXL_REQUIRES(lock_);
  bool host_is_silent() QXL_EXCLUDES(lock_);
  bool has_uploads() QXL_EXCLUDES(lock_);

  Result<uint32_t> push_some(Queue queue, uint32_t type, std::span<Release* const> releases)
      QXL_EXCLUDES(lock_);
  template <typename Ring>
  uint32_t stage(Ring& ring, uint32_t type, std::span<Release* const> releases, bool& asleep)
      QXL_REQUIRES(lock_);
  void abandon(std::span<Release* const> releases) QXL_EXCLUDES(lock_);

  uint32_t release_chain(ReleaseId head) QXL_REQUIRES(lock_);
  void finish(Release& release, int error) QXL_REQUIRES(lock_);

  qxl_device* dev_;
  SurfaceIds& ids_;
  Event& io_done_;
  Event progress_;        // moves when the host made room or gave something back
  Memslot main_;          // changes in open() only, with nothing else running
  Arena arenas_[kPools];  // allocation state under lock_; geometry is fixed

  SpinLock lock_;
  ReleaseTable releases_ QXL_GUARDED_BY(lock_);
  CommandRing display_ring_ QXL_GUARDED_BY(lock_);
  CursorRing cursor_ring_ QXL_GUARDED_BY(lock_);
  ReleaseRing release_ring_ QXL_GUARDED_BY(lock_);
  bool asleep_[kQueues] QXL_GUARDED_BY(lock_) = {};  // by queue: the host waits to be woken
  qxl_counters counters_ QXL_GUARDED_BY(lock_) = {};
  uint32_t given_back_[kQueues] QXL_GUARDED_BY(lock_) = {};  // releases
  uint64_t drawn_bytes_ QXL_GUARDED_BY(lock_) = 0;           // given to the host since end_draws()
  uint64_t last_oom_ms_ QXL_GUARDED_BY(lock_) = 0;
  uint64_t last_ahead_ms_ QXL_GUARDED_BY(lock_) = 0;  // the same of asks_ahead()
  uint64_t last_flush_ms_ QXL_GUARDED_BY(lock_) = 0;
  uint64_t silent_since_ms_ QXL_GUARDED_BY(lock_) = 0;
  uint64_t releases_seen_ QXL_GUARDED_BY(lock_) = 0;
  bool accepting_ QXL_GUARDED_BY(lock_) = false;
  bool lost_ = true;                // atomic
  uint64_t stalled_[kQueues] = {};  // atomic: kStalled and the moves at which it was given up; or 0
};

template <typename Condition>
Result<> Submission::wait_until(Condition condition, Wait wait, Queue queue) {
  Deadlines deadlines = {.wait = wait};
  for (;;) {
    QXL_TRY(usable());
    uint32_t seen = progress_.count();
    if (condition()) return {};
    collect();
    if (condition()) return {};
    QXL_TRY(wait_for_release(queue, seen, deadlines));
  }
}

}  // namespace qxl
