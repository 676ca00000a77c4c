// SPDX-License-Identifier: GPL-2.0-only
#include "core/submit.h"

#include <spice/qxl_dev.h>

#include <cstddef>
#include <utility>

#include "core/base/assert.h"
#include "core/base/errno.h"

namespace qxl {
namespace {

// The host returns releases in bunches; asking makes it return what it has,
// and drop drawables when it has none. Not more often than this.
constexpr uint32_t kOomIntervalMs = 10;
constexpr uint32_t kRingSliceMs = 100;
constexpr uint32_t kSettleMs = 100;
constexpr uint32_t kSettleSliceMs = 2;
// Calls of flush() further apart than this are about different fences.
constexpr uint32_t kFlushGapMs = 5000;
// Above the counts of moves.
constexpr uint64_t kStalled = uint64_t{1} << 32;

constexpr uint32_t index_of(Queue queue) {
  return static_cast<uint32_t>(queue);
}

constexpr Queue queue_of(Pool pool) {
  return pool == Pool::kCursor ? Queue::kCursor : Queue::kDisplay;
}

uint32_t notify_port(Queue queue) {
  return queue == Queue::kDisplay ? QXL_IO_NOTIFY_CMD : QXL_IO_NOTIFY_CURSOR;
}

}  // namespace

Result<> Submission::create(void* ram, const Memory (&memory)[kPools]) {
  if (!lock_.create(QXL_K_LOCK_CORE) || !progress_.create()) return Error::kNoMemory;
  for (uint32_t i = 0; i < kPools; ++i)
    QXL_TRY(arenas_[i].create(memory[i].base, memory[i].offset, memory[i].bytes));
  auto* words = static_cast<uint8_t*>(ram);
  display_ring_ = CommandRing(words + offsetof(QXLRam, cmd_ring));
  cursor_ring_ = CursorRing(words + offsetof(QXLRam, cursor_ring));
  release_ring_ = ReleaseRing(words + offsetof(QXLRam, release_ring));
  return releases_.create();
}

void Submission::forget(int error) {
  Guard guard(lock_);
  for (uint32_t i = 0; Release* release = releases_.next_in_flight(i);) finish(*release, error);
}

Result<> Submission::open(const Memslot& main) {
  Guard guard(lock_);
  if (!display_ring_.reset() || !cursor_ring_.reset() || !release_ring_.reset())
    return Error::kNoDevice;
  main_ = main;
  accepting_ = false;
  for (bool& asleep : asleep_) asleep = false;
  // What it did before the reset says nothing.
  last_flush_ms_ = 0;
  for (uint64_t& stalled : stalled_) store_relaxed(&stalled, 0);
  ++counters_.resets;
  store_release(&lost_, false);
  return {};
}

void Submission::start_accepting() {
  Guard guard(lock_);
  accepting_ = true;
}

void Submission::close() {
  store_release(&lost_, true);
  progress();
  io_done_.signal();
}

void Submission::wait_for_pushes() {
  Guard guard(lock_);
}

void Submission::fail() {
  if (!lost()) qxl_k_trace_lost(dev_);
  close();
}

void Submission::lose() {
  fail();
  Guard guard(lock_);
  for (uint32_t i = 0; Release* release = releases_.next_in_flight(i);) {
    if (release->fence) qxl_k_fence_signal(release->fence, kEio);
    release->fence = nullptr;
  }
}

void Submission::declare_lost() {
  lose();
  qxl_k_lost(dev_);
}

void Submission::withdraw() {
  display_ring_.withdraw();
  cursor_ring_.withdraw();
}

Result<> Submission::usable_locked() const {
  if (lost()) return Error::kLost;
  if (!accepting_) return Error::kInvalid;
  return {};
}

Result<> Submission::usable() {
  Guard guard(lock_);
  return usable_locked();
}

// Reserving -----------------------------------------------------------------

uint32_t Submission::allocate(Pool pool, std::span<const uint64_t> bytes, std::span<Release*> out) {
  Arena& arena = arenas_[static_cast<uint32_t>(pool)];
  uint32_t count = 0;
  while (count < bytes.size() && (out[count] = releases_.allocate(arena, bytes[count]))) ++count;
  return count;
}

uint32_t Submission::try_reserve(Pool pool, std::span<const uint64_t> bytes,
                                 std::span<Release*> out) {
  Guard guard(lock_);
  return allocate(pool, bytes, out);
}

Result<uint32_t> Submission::reserve(Pool pool, std::span<const uint64_t> bytes,
                                     std::span<Release*> out, Wait wait) {
  QXL_ASSERT(!bytes.empty() && bytes[0] <= largest(pool));
  uint32_t count = 0;
  {
    Guard guard(lock_);
    QXL_TRY(usable_locked());
    count = allocate(pool, bytes, out);
  }
  if (count != 0) return count;
  auto reserved = [&] { return (count = try_reserve(pool, bytes, out)) != 0; };
  QXL_TRY(wait_until(reserved, wait, queue_of(pool)));
  return count;
}

Result<Release*> Submission::reserve_one(Pool pool, uint64_t bytes, Wait wait) {
  Release* release = nullptr;
  auto count = reserve(pool, {&bytes, 1}, {&release, 1}, wait);
  if (!count.ok()) return count.error();
  return release;
}

void Submission::cancel(Release& release) {
  Guard guard(lock_);
  QXL_ASSERT(release.state == ReleaseState::kHeld);
  releases_.free(release);
}

void Submission::flush() {
  wake(Queue::kDisplay);
  collect();
  ask_for_memory(kOomIntervalMs);
  if (!host_is_silent()) return;
  qxl_k_log(dev_, QXL_K_LOG_ERROR, "the host gave nothing back for %u s: device lost",
            kHostTimeoutMs / 1000);
  declare_lost();
}

// Whether flush() has been called for so long with nothing coming back.
bool Submission::host_is_silent() {
  Guard guard(lock_);
  uint64_t now = qxl_k_time_ms();
  bool first = last_flush_ms_ == 0 || now - last_flush_ms_ > kFlushGapMs;
  last_flush_ms_ = now;
  bool waits =
      counters_.in_flight != 0 || stalled_locked(Queue::kDisplay) || stalled_locked(Queue::kCursor);
  if (first || counters_.releases != releases_seen_ || !waits || lost()) {
    releases_seen_ = counters_.releases;
    silent_since_ms_ = now;
  }
  return now - silent_since_ms_ >= kHostTimeoutMs;
}

// QXL_IO_NOTIFY_OOM means something only while the release ring is empty. `last_ms`
// is when it was written last for the same reason.
bool Submission::may_ask(uint64_t& last_ms, uint32_t interval_ms) {
  uint64_t now = qxl_k_time_ms();
  if (lost() || counters_.in_flight == 0 || !release_ring_.empty() || now - last_ms < interval_ms)
    return false;
  last_ms = now;
  ++counters_.oom_notifies;
  return true;
}

void Submission::ask_for_memory(uint32_t interval_ms) {
  {
    Guard guard(lock_);
    if (!may_ask(last_oom_ms_, interval_ms)) return;
  }
  qxl_k_port_write(dev_, QXL_IO_NOTIFY_OOM, 0);
}

// Whether to ask before anybody waits. Whoever must wait nevertheless asks at once:
// what the client had not received yet may have come back meanwhile.
bool Submission::asks_ahead() {
  uint64_t next = std::exchange(drawn_bytes_, 0);
  // What other pools have in flight is counted too: it is small.
  bool fits =
      counters_.in_flight_bytes + next <= arenas_[static_cast<uint32_t>(Pool::kUpload)].capacity();
  return !fits && may_ask(last_ahead_ms_, kOomIntervalMs);
}

Result<> Submission::wait_for_release(Queue queue, uint32_t seen, Deadlines& deadlines) {
  {
    Guard guard(lock_);
    ++counters_.memory_waits;
  }
  wake(Queue::kDisplay);  // what is on the ring may be what gives it back
  ask_for_memory(kOomIntervalMs);
  return wait_for_host(queue, seen, kOomIntervalMs, deadlines);
}

uint32_t Submission::moves(Queue queue) const {
  uint32_t taken = queue == Queue::kDisplay ? display_ring_.taken() : cursor_ring_.taken();
  return taken + given_back_[index_of(queue)];
}

bool Submission::stalled_locked(Queue queue) {
  uint64_t& stalled = stalled_[index_of(queue)];
  if (load_relaxed(&stalled) == 0) return false;
  if (load_relaxed(&stalled) == (kStalled | moves(queue))) return true;
  store_relaxed(&stalled, 0);
  return false;
}

bool Submission::stalled(Queue queue) {
  if (load_relaxed(&stalled_[index_of(queue)]) == 0) return false;
  Guard guard(lock_);
  return stalled_locked(queue);
}

// Of a brief wait that nothing has ended. What moves the other queue, which may be
// another client's connection, says nothing about this one.
Result<> Submission::go_on_or_give_up(Queue queue, Deadlines& deadlines) {
  uint64_t now = qxl_k_time_ms();
  Guard guard(lock_);
  uint32_t moved = moves(queue);
  if (deadlines.again_ms == 0 || moved != deadlines.moves) {
    deadlines.again_ms = now + kHostPatienceMs;
    deadlines.moves = moved;
  }
  if (now < deadlines.again_ms && now < deadlines.lost_ms) return {};
  store_relaxed(&stalled_[index_of(queue)], kStalled | moved);
  ++counters_.stalls;
  return Error::kAgain;
}

// Until the host does something, for a slice at most.
Result<> Submission::wait_for_host(Queue queue, uint32_t seen, uint32_t slice_ms,
                                   Deadlines& deadlines) {
  bool brief = deadlines.wait == Wait::kBriefly;
  if (brief && stalled(queue)) return Error::kAgain;
  if (deadlines.lost_ms == 0) deadlines.lost_ms = qxl_k_time_ms() + kHostTimeoutMs;
  if (brief) QXL_TRY(go_on_or_give_up(queue, deadlines));
  if (progress_.wait(seen, slice_ms) || brief || qxl_k_time_ms() < deadlines.lost_ms) return {};
  qxl_k_log(dev_, QXL_K_LOG_ERROR, "the host took no command for %u s: device lost",
            kHostTimeoutMs / 1000);
  declare_lost();
  return {};
}

bool Submission::has_uploads() {
  Guard guard(lock_);
  return !arenas_[static_cast<uint32_t>(Pool::kUpload)].empty();
}

void Submission::settle() {
  uint64_t end = qxl_k_time_ms() + kSettleMs;
  while (!lost() && !stalled(Queue::kDisplay)) {
    uint32_t seen = progress_.count();
    collect();
    if (!has_uploads() || qxl_k_time_ms() >= end) return;
    ask_for_memory(kSettleSliceMs);
    (void)progress_.wait(seen, kSettleSliceMs);
  }
}

// Submitting ----------------------------------------------------------------

template <typename Ring>
uint32_t Submission::stage(Ring& ring, uint32_t type, std::span<Release* const> releases,
                           bool& asleep) {
  uint32_t room = ring.free_slots();
  if (room == 0) {
    ring.arm_space_interrupt();
    room = ring.free_slots();
  }
  if (room > Ring::kItems) room = 0;  // the host's index makes no sense; time will tell
  uint32_t count = 0;
  for (; count < room && count < releases.size(); ++count) {
    Release& release = *releases[count];
    QXL_ASSERT(release.state == ReleaseState::kHeld);
    release.state = ReleaseState::kInFlight;
    ++counters_.in_flight;
    counters_.in_flight_bytes += Arena::bytes(release.extent);
    drawn_bytes_ += Arena::bytes(release.extent);
    ring.stage(address(release), type);
    qxl_k_trace_submit(dev_, type, releases_.id_of(release).value(), Arena::bytes(release.extent));
  }
  if (count != 0 && ring.publish()) asleep = true;
  return count;
}

// Pushes what fits now. Zero when the ring is full; it is then armed.
Result<uint32_t> Submission::push_some(Queue queue, uint32_t type,
                                       std::span<Release* const> releases) {
  Guard guard(lock_);
  QXL_TRY(usable_locked());
  bool& asleep = asleep_[index_of(queue)];
  uint32_t count = 0;
  if (queue == Queue::kDisplay) {
    count = stage(display_ring_, type, releases, asleep);
    counters_.commands += count;
  } else {
    count = stage(cursor_ring_, type, releases, asleep);
    counters_.cursor_commands += count;
  }
  if (count == 0) ++counters_.ring_waits;
  return count;
}

bool Submission::wakes(Queue queue) {
  if (!std::exchange(asleep_[index_of(queue)], false) || lost()) return false;
  ++counters_.notifies;
  return true;
}

void Submission::wake(Queue queue) {
  {
    Guard guard(lock_);
    if (!wakes(queue)) return;
  }
  qxl_k_port_write(dev_, notify_port(queue), 0);
}

void Submission::end_draws() {
  bool wake = false;
  bool ask = false;
  {
    Guard guard(lock_);
    wake = wakes(Queue::kDisplay);
    ask = asks_ahead();
  }
  if (wake) qxl_k_port_write(dev_, QXL_IO_NOTIFY_CMD, 0);
  if (ask) qxl_k_port_write(dev_, QXL_IO_NOTIFY_OOM, 0);
}

Result<> Submission::push(Queue queue, uint32_t type, std::span<Release* const> releases, Wait wait,
                          uint32_t* pushed) {
  Deadlines deadlines = {.wait = wait};
  while (!releases.empty()) {
    uint32_t seen = progress_.count();
    auto some = push_some(queue, type, releases);
    if (!some.ok()) {
      abandon(releases);
      return some.error();
    }
    releases = releases.subspan(some.value());
    if (pushed) *pushed += some.value();
    if (some.value() != 0) {
      deadlines = {.wait = wait};
      continue;
    }
    wake(queue);
    if (auto waited = wait_for_host(queue, seen, kRingSliceMs, deadlines); !waited.ok()) {
      abandon(releases);
      return waited.error();
    }
  }
  return {};
}

Result<> Submission::submit(Queue queue, uint32_t type, std::span<Release* const> releases,
                            Wait wait) {
  auto pushed = push(queue, type, releases, wait);
  wake(queue);
  return pushed;
}

Result<> Submission::submit_one(Queue queue, uint32_t type, Release& release, Wait wait) {
  Release* only = &release;
  return submit(queue, type, {&only, 1}, wait);
}

void Submission::abandon(std::span<Release* const> releases) {
  Guard guard(lock_);
  for (Release* release : releases) finish(*release, kEio);
}

// Releases ------------------------------------------------------------------

void Submission::collect() {
  uint32_t freed = 0;
  {
    Guard guard(lock_);
    if (lost()) return;
    // Bounded: a host that keeps producing must not keep the lock taken.
    ReleaseId head;
    for (uint32_t i = 0; i < ReleaseTable::kRecords && release_ring_.pop(head); ++i)
      freed += release_chain(head);
  }
  if (freed != 0) progress();
}

// Walks one bunch. Each record is freed once, so a chain that loops ends at
// the first record it meets again.
uint32_t Submission::release_chain(ReleaseId head) {
  uint32_t freed = 0;
  for (ReleaseId id = head; id != ReleaseId{};) {
    Release* release = releases_.find(id);
    if (!release) {
      ++counters_.bad_releases;
      qxl_k_log(dev_, QXL_K_LOG_WARNING, "the host released %#llx, which it does not hold",
                static_cast<unsigned long long>(id.value()));
      break;
    }
    id = ReleaseTable::chained(*release);
    finish(*release, 0);
    ++freed;
  }
  counters_.releases += freed;
  return freed;
}

void Submission::finish(Release& release, int error) {
  if (release.state == ReleaseState::kInFlight) {
    --counters_.in_flight;
    counters_.in_flight_bytes -= Arena::bytes(release.extent);
    qxl_k_trace_release(dev_, releases_.id_of(release).value(), Arena::bytes(release.extent),
                        error);
    ++given_back_[index_of(queue_of(static_cast<Pool>(release.arena - arenas_)))];
  }
  if (release.fence) qxl_k_fence_signal(release.fence, error);
  if (release.surface != kPrimarySurface) ids_.free(release.surface);
  releases_.free(release);
}

// Counters ------------------------------------------------------------------

void Submission::fill_counters(qxl_counters& counters) {
  {
    Guard guard(lock_);
    counters = counters_;
    counters.release_slots = releases_.in_use();
    counters.command_ring_used = display_ring_.used();
    counters.cursor_ring_used = cursor_ring_.used();
  }
  counters.surfaces = ids_.in_use();
  counters.lost = lost();
}

}  // namespace qxl
