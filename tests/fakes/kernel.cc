// SPDX-License-Identifier: GPL-2.0-only
#include "kernel.h"

#include <algorithm>
#include <chrono>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>

#include "context.h"
#include "report.h"

namespace fake {

FakeKernel &FakeKernel::get() {
  static FakeKernel kernel;

  return kernel;
}

void FakeKernel::reset() {
  fail_in_ = 0;
  fail_all_ = false;
  failed_ = false;
  clock_ms_ = 1000;
  event_waits = 0;
  losses_found = 0;
  threaded_ = false;
  on_wait = nullptr;
  on_delay = nullptr;
  on_staged = nullptr;
  on_irq_window = nullptr;
  alive.allocations = 0;
  alive.events = 0;
  alive.idrs = 0;
  alive.mutexes = 0;
  alive.spinlocks = 0;
  fake::reset_traces();
  clear_log();
  context() = {};
  take_violations();
}

void FakeKernel::check_nothing_left() {
  const Live left = live();

  if (!(left == Live{}))
    violation(
        "left behind: %ld allocations, %ld events, %ld idrs, "
        "%ld mutexes, %ld spinlocks",
        (long)left.allocations, (long)left.events, (long)left.idrs, (long)left.mutexes,
        (long)left.spinlocks);
  if (locks_held()) violation("%d locks still held", locks_held());
  if (in_atomic()) violation("still in atomic context");
}

void FakeKernel::fail_allocation_at(uint64_t n) {
  failed_ = false;
  fail_in_ = (int64_t)n;
}

void FakeKernel::fail_every_allocation(bool fail) {
  failed_ = false;
  fail_all_ = fail;
}

bool FakeKernel::allocation_failed() const {
  return failed_;
}

bool FakeKernel::next_allocation_fails() {
  bool fails = fail_all_;

  if (fail_in_ > 0 && fail_in_.fetch_sub(1) == 1) fails = true;
  if (fails) failed_ = true;
  return fails;
}

Live FakeKernel::live() const {
  return {alive.allocations, alive.events, alive.idrs, alive.mutexes, alive.spinlocks};
}

std::vector<LogLine> FakeKernel::log() const {
  std::lock_guard guard(log_mutex_);

  return log_;
}

bool FakeKernel::logged(const std::string &part) const {
  std::lock_guard guard(log_mutex_);

  return std::any_of(log_.begin(), log_.end(), [&](const LogLine &line) {
    return line.text.find(part) != std::string::npos;
  });
}

void FakeKernel::clear_log() {
  std::lock_guard guard(log_mutex_);

  log_.clear();
}

void FakeKernel::add_log(LogLine line) {
  std::lock_guard guard(log_mutex_);

  log_.push_back(std::move(line));
}

void FakeKernel::set_threaded(bool threaded) {
  threaded_ = threaded;
}

uint64_t FakeKernel::now_ms() const {
  using namespace std::chrono;

  if (!threaded_) return clock_ms_;
  return (uint64_t)duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count();
}

ThreadContext &context() {
  static thread_local ThreadContext mine;

  return mine;
}

int spinlocks_held() {
  return (int)context().spinlocks.size();
}

int locks_held() {
  return spinlocks_held() + (int)context().mutexes.size();
}

bool in_atomic() {
  return spinlocks_held() || context().preload_depth || context().atomic_depth;
}

void may_sleep(const char *where) {
  if (in_atomic())
    violation(
        "%s: sleeps in atomic context (%d spinlocks, preload "
        "%d, atomic %d)",
        where, spinlocks_held(), context().preload_depth, context().atomic_depth);
}

void irq_window() {
  FakeKernel &kernel = FakeKernel::get();

  if (kernel.threaded() || !kernel.on_irq_window) return;
  if (!context().in_irq) kernel.on_irq_window();
}

AtomicSection::AtomicSection() {
  context().atomic_depth++;
}

AtomicSection::~AtomicSection() {
  context().atomic_depth--;
}

IrqSection::IrqSection() {
  context().in_irq = true;
}

IrqSection::~IrqSection() {
  context().in_irq = false;
}

}  // namespace fake

using fake::FakeKernel;

// bo.c

bool qxl_k_bo_get_unless_zero(struct qxl_bo *bo) {
  // DESIGN "Lifetime" 2: the promotion happens under the lock.
  if (!fake::spinlocks_held()) fake::violation("bo_get_unless_zero: no spinlock held");

  uint32_t count = bo->count.load();

  while (count)
    if (bo->count.compare_exchange_weak(count, count + 1)) return true;
  return false;
}

// fence.c

void qxl_k_fence_signal(struct qxl_fence *fence, int error) {
  if (!fence) {
    fake::violation("fence_signal: no fence");
    return;
  }
  if (error > 0) fake::violation("fence_signal: error %d is positive", error);
  fence->error = error;
  if (fence->signals.fetch_add(1)) fake::violation("fence_signal: reference consumed twice");
}

// log.c

void qxl_k_log(struct qxl_device *, enum qxl_k_log_level level, const char *format, ...) {
  char text[512];
  va_list arguments;

  va_start(arguments, format);
  vsnprintf(text, sizeof(text), format, arguments);
  va_end(arguments);

  std::string line(text);
  if (line.empty() || line.back() == '\n') fake::violation("log: empty line or trailing newline");
  FakeKernel::get().add_log({level, line});
}

void qxl_k_assert_failed(const char *condition, const char *file, int line) {
  fake::violation("assertion failed: %s at %s:%d", condition, file, line);
}

// memory.c

void *qxl_k_alloc(size_t bytes) {
  FakeKernel &kernel = FakeKernel::get();

  fake::may_sleep("alloc");
  if (kernel.next_allocation_fails()) return nullptr;

  void *memory = calloc(1, bytes ? bytes : 1);

  kernel.alive.allocations++;
  return memory;
}

void qxl_k_free(void *memory) {
  if (memory) FakeKernel::get().alive.allocations--;
  free(memory);
}

// port.c

void qxl_k_port_write(struct qxl_device *dev, uint32_t port, uint8_t value) {
  dev->port_write(port, value);
  fake::irq_window();
}

// lost.c

void qxl_k_lost(struct qxl_device *) {
  FakeKernel::get().losses_found++;
}

// crc.c

uint32_t qxl_k_crc32(uint32_t crc, const void *data, size_t bytes) {
  for (size_t i = 0; i < bytes; i++) {
    crc ^= static_cast<const uint8_t *>(data)[i];
    for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return crc;
}

// time.c

uint64_t qxl_k_time_ms(void) {
  return FakeKernel::get().now_ms();
}

void qxl_k_delay_us(uint32_t) {
  if (FakeKernel::get().on_delay) FakeKernel::get().on_delay();
}
