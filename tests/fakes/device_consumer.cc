// SPDX-License-Identifier: GPL-2.0-only
// The server's side of the command and cursor rings, and the worker thread.
#include <algorithm>
#include <chrono>

#include "device.h"
#include "report.h"

namespace fake {
namespace {

// SPICE's POP: true when the guest asked for an interrupt at this one.
template <typename Ring>
bool pop(Ring &ring, QXLCommand &command) {
  const uint32_t cons = load(&ring.cons);

  command = ring.items[cons & (ring.num_items - 1)].el;
  store(&ring.cons, cons + 1);
  return cons + 1 == load(&ring.notify_on_cons);
}

template <typename Ring>
uint32_t waiting(const Ring &ring) {
  return load(&ring.prod) - load(&ring.cons);
}

// SPICE's CONS_WAIT: asks for a notify and looks again. True when empty.
template <typename Ring>
bool arm(Ring &ring) {
  if (waiting(ring)) return false;
  store(&ring.notify_on_prod, load(&ring.prod) + 1);
  return waiting(ring) == 0;
}

}  // namespace

bool FakeDevice::ring_allowed(const char *ring) {
  if (guest_bug_ || mode_ == Mode::vga) {
    if (mode_ == Mode::vga) violation("%s ring used in VGA mode", ring);
    return false;
  }
  if (!primary_seen_) violation("%s ring used before there was a primary", ring);
  return true;
}

bool FakeDevice::consume() {
  QXLCommandRing &ring = ram()->cmd_ring;
  const uint32_t count = waiting(ring);

  if (count == 0 || bad.stops_consuming || bad.stops_drawing || !ring_allowed("command"))
    return false;
  if (count > QXL_COMMAND_RING_SIZE || load(&ring.num_items) != QXL_COMMAND_RING_SIZE) {
    bug("command ring: %u waiting, %u items", count, ring.num_items);
    return false;
  }
  stats_.largest_batch = std::max(stats_.largest_batch, count);
  for (uint32_t i = 0; i < count && i < commands_per_step; i++) {
    QXLCommand command;

    if (pop(ring, command)) raise_locked(QXL_INTERRUPT_DISPLAY);
    take(command);
  }
  return true;
}

bool FakeDevice::consume_cursor() {
  QXLCursorRing &ring = ram()->cursor_ring;
  const uint32_t count = waiting(ring);

  if (count == 0 || bad.stops_consuming || bad.stops_pointing || !ring_allowed("cursor"))
    return false;
  if (count > QXL_CURSOR_RING_SIZE || load(&ring.num_items) != QXL_CURSOR_RING_SIZE) {
    bug("cursor ring: %u waiting, %u items", count, ring.num_items);
    return false;
  }
  for (uint32_t i = 0; i < count && i < commands_per_step; i++) {
    QXLCommand command;

    if (pop(ring, command)) raise_locked(QXL_INTERRUPT_CURSOR);
    take_cursor(command);
  }
  return true;
}

// What the server does before anything that must see all drawing done.
void FakeDevice::flush_commands() {
  if (mode_ == Mode::vga || guest_bug_) return;
  while (consume() || consume_cursor());
  trim_held();
}

void FakeDevice::trim_held() {
  while (!bad.keeps_releases && held_.size() > hold_last) {
    release(held_.front());
    held_.pop_front();
  }
}

bool FakeDevice::step_locked() {
  bool worked = finish_async();

  worked |= consume();
  worked |= consume_cursor();
  trim_held();
  // A full release ring had kept a bunch back.
  if (bunch_ >= 32) push_releases(false);
  return worked;
}

bool FakeDevice::step() {
  bool worked;
  {
    std::lock_guard guard(mutex_);

    worked = step_locked();
    if (!worked && !bad.stops_consuming) {
      worked |= !bad.stops_drawing && !arm(ram()->cmd_ring) && mode_ == Mode::native;
      worked |= !bad.stops_pointing && !arm(ram()->cursor_ring) && mode_ == Mode::native;
    }
  }
  if (FakeKernel::get().threaded())
    deliver_interrupts();
  else
    irq_window();
  return worked && !guest_bug();
}

void FakeDevice::drain() {
  while (step());
}

// The worker thread. It sleeps only after arming, and only a port write wakes
// it: a guest that forgets to notify hangs, and the test sees it.
void FakeDevice::start_thread() {
  quit_ = false;
  thread_ = std::thread([this] { thread_main(); });
}

void FakeDevice::stop_thread() {
  if (!thread_.joinable()) return;
  {
    std::lock_guard guard(mutex_);

    quit_ = true;
    kicked_.notify_all();
  }
  thread_.join();
}

void FakeDevice::thread_main() {
  for (;;) {
    if (step()) continue;
    // Only a port write makes it look at the rings again; the
    // interrupt line may go up for other reasons.
    std::unique_lock lock(mutex_);

    while (!kick_ && !quit_) {
      kicked_.wait(lock, [&] { return kick_ || quit_ || line_; });
      if (!line_) continue;
      lock.unlock();
      deliver_interrupts();
      lock.lock();
    }
    if (quit_) return;
    kick_ = false;
  }
}

}  // namespace fake
