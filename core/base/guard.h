// SPDX-License-Identifier: GPL-2.0-only
// Owners of the kernel's locks and events, and scoped locking.
#pragma once

#include "core/base/annotations.h"
#include "qxl_k.h"

namespace qxl {

// Sleeping lock. Fallible two-step construction: create() before use.
class QXL_CAPABILITY("mutex") Mutex {
 public:
  Mutex() = default;
  ~Mutex() {
    if (handle_) qxl_k_mutex_destroy(handle_);
  }
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  [[nodiscard]] bool create(qxl_k_mutex_class mutex_class) {
    return (handle_ = qxl_k_mutex_create(mutex_class)) != nullptr;
  }
  void lock() QXL_ACQUIRE() { qxl_k_mutex_lock(handle_); }
  void unlock() QXL_RELEASE() { qxl_k_mutex_unlock(handle_); }

 private:
  qxl_k_mutex* handle_ = nullptr;
};

// Non-sleeping lock.
class QXL_CAPABILITY("spinlock") SpinLock {
 public:
  SpinLock() = default;
  ~SpinLock() {
    if (handle_) qxl_k_spinlock_destroy(handle_);
  }
  SpinLock(const SpinLock&) = delete;
  SpinLock& operator=(const SpinLock&) = delete;

  [[nodiscard]] bool create(qxl_k_lock_class lock_class) {
    return (handle_ = qxl_k_spinlock_create(lock_class)) != nullptr;
  }
  void lock() QXL_ACQUIRE() { qxl_k_spinlock_lock(handle_); }
  void unlock() QXL_RELEASE() { qxl_k_spinlock_unlock(handle_); }

 private:
  qxl_k_spinlock* handle_ = nullptr;
};

template <typename Lock>
class QXL_SCOPED_CAPABILITY Guard {
 public:
  explicit Guard(Lock& lock) QXL_ACQUIRE(lock) : lock_(lock) { lock_.lock(); }
  ~Guard() QXL_RELEASE() { lock_.unlock(); }
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;

 private:
  Lock& lock_;
};

// A counter to wait on; see qxl_k.h.
class Event {
 public:
  Event() = default;
  ~Event() {
    if (handle_) qxl_k_event_destroy(handle_);
  }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  [[nodiscard]] bool create() { return (handle_ = qxl_k_event_create()) != nullptr; }
  [[nodiscard]] uint32_t count() const { return qxl_k_event_count(handle_); }
  void signal() { qxl_k_event_signal(handle_); }
  bool wait(uint32_t seen, uint32_t timeout_ms) {
    return qxl_k_event_wait(handle_, seen, timeout_ms);
  }

 private:
  qxl_k_event* handle_ = nullptr;
};

}  // namespace qxl
