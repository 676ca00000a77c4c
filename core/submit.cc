// SPDX-License-Identifier: GPL-2.0-only
#include "core/submit.h"

#include <spice/qxl_dev.h>

#include <cstddef>

#include "core/base/assert.h"

namespace qxl {
namespace {

// The host returns releases in bunches; asking makes it return what it has,
// and drop drawables when it has none. Not more often than this.
constexpr uint32_t kOomIntervalMs = 10;
constexpr uint32_t kRingSliceMs = 1000;

constexpr int kEio = -5;

uint32_t index_of(Queue queue) {
  return static_cast<uint32_t>(queue);
}

uint32_t notify_port(Queue queue) {
  return queue == Queue::kDisplay ? QXL_IO_NOTIFY_CMD : QXL_IO_NOTIFY_CURSOR;
}

}  // namespace

Result<> Submission::create(void* ram, Memory display, Memory cursor) {
  if (!lock_.create(QXL_K_LOCK_CORE) || !progress_.create()) return Error::kNoMemory;
  QXL_TRY(arenas_[index_of(Queue::kDisplay)].create(display.base, display.offset, display.bytes));
  QXL_TRY(arenas_[index_of(Queue::kCursor)].create(cursor.base, cursor.offset, cursor.bytes));
  auto* words = static_cast<uint8_t*>(ram);
  Guard guard(lock_);
  display_ring_ = CommandRing(words + offsetof(QXLRam, cmd_ring));
  cursor_ring_ = CursorRing(words + offsetof(QXLRam, cursor_ring));
  release_ring_ = ReleaseRing(words + offsetof(QXLRam, release_ring));
  return releases_.create();
}

Result<> Submission::reset(const Memslot& main, int error) {
  Guard guard(lock_);
  finish_all_in_flight(error);
  main_ = main;
  accepting_ = false;
  ++counters_.resets;
  bool sane = display_ring_.reset() && cursor_ring_.reset() && release_ring_.reset();
  store_release(&lost_, !sane);
  if (!sane) return Error::kNoDevice;
  return {};
}

void Submission::start_accepting() {
  Guard guard(lock_);
  accepting_ = true;
}

void Submission::lose() {
  {
    Guard guard(lock_);
    store_release(&lost_, true);
    for (uint32_t i = 0; Release* release = releases_.next_in_flight(i);) {
      if (release->fence) qxl_k_fence_signal(release->fence, kEio);
      release->fence = nullptr;
    }
  }
  progress();
}

Result<> Submission::usable() {
  Guard guard(lock_);
  if (lost_) return Error::kLost;
  if (!accepting_) return Error::kInvalid;
  return {};
}

// Reserving -----------------------------------------------------------------

uint32_t Submission::try_reserve(Queue queue, std::span<const uint64_t> bytes,
                                 std::span<Release*> out) {
  Guard guard(lock_);
  Arena& arena = arenas_[index_of(queue)];
  uint32_t count = 0;
  while (count < bytes.size() && (out[count] = releases_.allocate(arena, bytes[count])))
    ++count;
  return count;
}

Result<uint32_t> Submission::reserve(Queue queue, std::span<const uint64_t> bytes,
                                     std::span<Release*> out) {
  QXL_ASSERT(!bytes.empty() && bytes[0] <= largest(queue));
  uint64_t deadline = 0;
  for (;;) {
    QXL_TRY(usable());
    uint32_t seen = progress_.count();
    if (uint32_t count = try_reserve(queue, bytes, out)) return count;
    collect();
    if (uint32_t count = try_reserve(queue, bytes, out)) return count;
    if (deadline == 0) deadline = qxl_k_time_ms() + kHostTimeoutMs;
    count_memory_wait();
    ask_for_memory();
    wait_for_host(seen, kOomIntervalMs, deadline);
  }
}

Result<Release*> Submission::reserve_one(Queue queue, uint64_t bytes) {
  Release* release = nullptr;
  auto count = reserve(queue, {&bytes, 1}, {&release, 1});
  if (!count.ok()) return count.error();
  return release;
}

void Submission::cancel(Release& release) {
  Guard guard(lock_);
  QXL_ASSERT(release.state == ReleaseState::kHeld);
  releases_.free(release);
}

void Submission::count_memory_wait() {
  Guard guard(lock_);
  ++counters_.memory_waits;
}

void Submission::flush() {
  collect();
  ask_for_memory();
}

// QXL_IO_NOTIFY_OOM means something only while the release ring is empty.
void Submission::ask_for_memory() {
  {
    Guard guard(lock_);
    uint64_t now = qxl_k_time_ms();
    if (lost_ || counters_.in_flight == 0 || !release_ring_.empty() || now - last_oom_ms_ < kOomIntervalMs) return;
    last_oom_ms_ = now;
    ++counters_.oom_notifies;
  }
  qxl_k_port_write(dev_, QXL_IO_NOTIFY_OOM, 0);
}

void Submission::wait_for_host(uint32_t seen, uint32_t slice_ms, uint64_t deadline_ms) {
  if (progress_.wait(seen, slice_ms)) return;
  if (qxl_k_time_ms() < deadline_ms) return;
  qxl_k_log(dev_, QXL_K_LOG_ERROR, "the host took no command for %u s: device lost",
            kHostTimeoutMs / 1000);
  lose();
}

// Submitting ----------------------------------------------------------------

template <typename Ring>
uint32_t Submission::stage(Ring& ring, uint32_t type, std::span<Release* const> releases,
                           bool& wake) {
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
    ring.stage(address(release), type);
  }
  if (count != 0) wake = ring.publish();
  return count;
}

// Pushes what fits now. Zero when the ring is full; it is then armed.
uint32_t Submission::push_some(Queue queue, uint32_t type, std::span<Release* const> releases) {
  bool wake = false;
  uint32_t count;
  {
    Guard guard(lock_);
    if (queue == Queue::kDisplay) {
      count = stage(display_ring_, type, releases, wake);
      counters_.commands += count;
    } else {
      count = stage(cursor_ring_, type, releases, wake);
      counters_.cursor_commands += count;
    }
    if (count == 0) ++counters_.ring_waits;
    if (wake) ++counters_.notifies;
  }
  if (wake) qxl_k_port_write(dev_, notify_port(queue), 0);
  return count;
}

Result<> Submission::submit(Queue queue, uint32_t type, std::span<Release* const> releases) {
  uint64_t deadline = 0;
  while (!releases.empty()) {
    auto state = usable();
    if (!state.ok()) {
      abandon(releases);
      return state;
    }
    uint32_t seen = progress_.count();
    uint32_t pushed = push_some(queue, type, releases);
    releases = releases.subspan(pushed);
    if (pushed != 0) {
      deadline = 0;
      continue;
    }
    if (deadline == 0) deadline = qxl_k_time_ms() + kHostTimeoutMs;
    wait_for_host(seen, kRingSliceMs, deadline);
  }
  return {};
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
    if (lost_) return;
    for (ReleaseId head; release_ring_.pop(head);) freed += release_chain(head);
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
  }
  if (release.fence) qxl_k_fence_signal(release.fence, error);
  if (release.surface != kPrimarySurface) ids_.free(release.surface);
  releases_.free(release);
}

void Submission::finish_all_in_flight(int error) {
  for (uint32_t i = 0; Release* release = releases_.next_in_flight(i);) finish(*release, error);
}

// Counters ------------------------------------------------------------------

void Submission::fill_counters(qxl_counters& counters) {
  {
    Guard guard(lock_);
    counters = counters_;
  }
  counters.surfaces = ids_.in_use();
  counters.lost = lost();
}

}  // namespace qxl
