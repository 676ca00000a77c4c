// SPDX-License-Identifier: GPL-2.0-only
// The kernel of the host tests: implements include/qxl_k.h with std::
// primitives, checks how they are used, and can make any fallible call fail.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "qxl_k.h"

// The opaque types of the border, as the tests need them.

struct qxl_device {
  std::function<void(uint32_t port, uint8_t value)> port_write;
};

// A buffer object is its GEM count. The test owns the memory.
struct qxl_bo {
  std::atomic<uint32_t> count{1};

  // The last put says so: the free callback would run now.
  bool put() { return count.fetch_sub(1) == 1; }
};

// A fence reference, which must be consumed at most once.
struct qxl_fence {
  std::atomic<int> signals{0};
  std::atomic<int> error{1};  // 1: not signalled

  bool signalled() const { return signals.load() != 0; }
};

namespace fake {

// Objects that exist right now.
struct Live {
  int64_t allocations;
  int64_t events;
  int64_t idrs;
  int64_t mutexes;
  int64_t spinlocks;

  bool operator==(const Live &) const = default;
};

struct LogLine {
  qxl_k_log_level level;
  std::string text;
};

// What tracepoints told since the test began.
struct Traces {
  uint64_t submits;
  uint64_t in_flight;  // submitted and not released
  uint64_t losses;
};
Traces traces();
void reset_traces();

class FakeKernel {
 public:
  static FakeKernel &get();

  // Forgets everything; called before each test.
  void reset();
  // A violation for each object or lock that is left. After each test.
  void check_nothing_left();

  // The @n-th fallible call from now (1 is the next) fails; 0: none.
  void fail_allocation_at(uint64_t n);
  // From now on every fallible call fails, until set to false.
  void fail_every_allocation(bool fail);
  // True when the planned failure has happened.
  bool allocation_failed() const;
  // Called by the fakes: true when this fallible call must fail.
  bool next_allocation_fails();

  Live live() const;

  std::vector<LogLine> log() const;
  bool logged(const std::string &part) const;
  void clear_log();
  void add_log(LogLine line);

  // Real threads: waits block and the clock is the real one. Otherwise
  // one thread does everything: a wait first lets the host work
  // (@on_wait), then moves the clock when nothing came of it.
  void set_threaded(bool threaded);
  bool threaded() const { return threaded_; }
  uint64_t now_ms() const;
  void advance_ms(uint64_t ms) { clock_ms_ += ms; }

  // Not threaded. Lets the host work; true when it did something.
  std::function<bool()> on_wait;
  // Not threaded. Lets the host work while a processor only counts time: no
  // interrupt, nothing deferred.
  std::function<void()> on_delay;
  // A command is on its ring and the host does not know; the core lock is held.
  std::function<void()> on_staged;
  // Not threaded. Interrupts are enabled: take them now.
  std::function<void()> on_irq_window;

  // Counters of live objects, kept by the fakes.
  struct {
    std::atomic<int64_t> allocations, events, idrs, mutexes, spinlocks;
  } alive;
  std::atomic<uint64_t> event_waits;
  std::atomic<uint64_t> losses_found;  // qxl_k_lost()

 private:
  mutable std::mutex log_mutex_;
  std::vector<LogLine> log_;
  std::atomic<uint64_t> clock_ms_;
  std::atomic<int64_t> fail_in_;
  std::atomic<bool> fail_all_;
  std::atomic<bool> failed_;
  bool threaded_;
};

// What the calling thread may do now.
int spinlocks_held();
int locks_held();
bool in_atomic();
// A violation unless the calling thread may sleep.
void may_sleep(const char *where);
// Takes interrupts, when they are enabled and there is one thread.
void irq_window();

// While it lives the thread is in atomic context, like an interrupt handler.
class AtomicSection {
 public:
  AtomicSection();
  ~AtomicSection();
  AtomicSection(const AtomicSection &) = delete;
  AtomicSection &operator=(const AtomicSection &) = delete;
};

// While it lives the thread is in an interrupt handler.
class IrqSection : AtomicSection {
 public:
  IrqSection();
  ~IrqSection();
};

}  // namespace fake
