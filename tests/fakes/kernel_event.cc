// SPDX-License-Identifier: GPL-2.0-only
#include <chrono>
#include <condition_variable>
#include <mutex>

#include "kernel.h"
#include "report.h"

struct qxl_k_event {
  std::mutex mutex;
  std::condition_variable changed;
  uint32_t count = 0;
  int waiters = 0;
};

using fake::FakeKernel;

namespace {

bool wait_threaded(qxl_k_event *event, uint32_t seen, uint32_t timeout_ms) {
  std::unique_lock lock(event->mutex);

  event->waiters++;
  // wait_until on the system clock: TSan of older compilers does not
  // intercept the call behind wait_for.
  const bool moved = event->changed.wait_until(
      lock, std::chrono::system_clock::now() + std::chrono::milliseconds(timeout_ms),
      [&] { return event->count != seen; });
  event->waiters--;
  return moved;
}

// One thread: whatever can happen meanwhile happens in on_wait.
bool wait_alone(qxl_k_event *event, uint32_t seen, uint32_t timeout_ms) {
  FakeKernel &kernel = FakeKernel::get();

  fake::irq_window();
  while (qxl_k_event_count(event) == seen)
    if (!kernel.on_wait || !kernel.on_wait()) {
      kernel.advance_ms(timeout_ms ? timeout_ms : 1);
      return qxl_k_event_count(event) != seen;
    }
  return true;
}

}  // namespace

struct qxl_k_event *qxl_k_event_create(void) {
  fake::may_sleep("event_create");
  if (FakeKernel::get().next_allocation_fails()) return nullptr;
  FakeKernel::get().alive.events++;
  return new qxl_k_event;
}

void qxl_k_event_destroy(struct qxl_k_event *event) {
  if (!event) return;
  {
    std::lock_guard guard(event->mutex);

    if (event->waiters) fake::violation("event_destroy: %d waiters", event->waiters);
  }
  FakeKernel::get().alive.events--;
  delete event;
}

uint32_t qxl_k_event_count(struct qxl_k_event *event) {
  std::lock_guard guard(event->mutex);

  return event->count;
}

void qxl_k_event_signal(struct qxl_k_event *event) {
  std::lock_guard guard(event->mutex);

  event->count++;
  event->changed.notify_all();
}

bool qxl_k_event_wait(struct qxl_k_event *event, uint32_t seen, uint32_t timeout_ms) {
  fake::may_sleep("event_wait");
  FakeKernel::get().event_waits++;
  if (FakeKernel::get().threaded()) return wait_threaded(event, seen, timeout_ms);
  return wait_alone(event, seen, timeout_ms);
}
