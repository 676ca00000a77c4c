// SPDX-License-Identifier: GPL-2.0-only
// Mutexes and spinlocks that notice recursion, strangers and sleepers. A
// recursive lock is reported and counted instead of deadlocking the test.
#include <algorithm>
#include <mutex>

#include "context.h"
#include "kernel.h"
#include "report.h"

struct qxl_k_mutex {
  std::mutex mutex;
};

struct qxl_k_spinlock {
  std::mutex mutex;
  qxl_k_lock_class lock_class;
};

using fake::FakeKernel;

namespace {

using Held = std::vector<const void *>;

bool holds(const Held &held, const void *lock) {
  return std::find(held.begin(), held.end(), lock) != held.end();
}

void take(std::mutex &mutex, Held &held, const void *lock, const char *what) {
  if (holds(held, lock))
    fake::violation("%s: locked recursively", what);
  else
    mutex.lock();
  held.push_back(lock);
}

void drop(std::mutex &mutex, Held &held, const void *lock, const char *what) {
  const auto last = std::find(held.rbegin(), held.rend(), lock);

  if (last == held.rend()) {
    fake::violation("%s: unlocked by a thread that does not hold it", what);
    return;
  }
  held.erase(std::next(last).base());
  if (!holds(held, lock)) mutex.unlock();
}

// Destroying a lock that somebody holds.
void check_free(std::mutex &mutex, const Held &held, const void *lock, const char *what) {
  if (holds(held, lock) || !mutex.try_lock())
    fake::violation("%s: destroyed while held", what);
  else
    mutex.unlock();
}

}  // namespace

struct qxl_k_mutex *qxl_k_mutex_create(enum qxl_k_mutex_class) {
  fake::may_sleep("mutex_create");
  if (FakeKernel::get().next_allocation_fails()) return nullptr;
  FakeKernel::get().alive.mutexes++;
  return new qxl_k_mutex;
}

void qxl_k_mutex_destroy(struct qxl_k_mutex *mutex) {
  if (!mutex) return;
  check_free(mutex->mutex, fake::context().mutexes, mutex, "mutex");
  FakeKernel::get().alive.mutexes--;
  delete mutex;
}

void qxl_k_mutex_lock(struct qxl_k_mutex *mutex) {
  fake::may_sleep("mutex_lock");
  take(mutex->mutex, fake::context().mutexes, mutex, "mutex");
}

void qxl_k_mutex_unlock(struct qxl_k_mutex *mutex) {
  drop(mutex->mutex, fake::context().mutexes, mutex, "mutex");
}

struct qxl_k_spinlock *qxl_k_spinlock_create(enum qxl_k_lock_class lock_class) {
  fake::may_sleep("spinlock_create");
  if (lock_class < 0 || lock_class >= QXL_K_LOCK_CLASSES)
    fake::violation("spinlock_create: class %d", (int)lock_class);
  if (FakeKernel::get().next_allocation_fails()) return nullptr;
  FakeKernel::get().alive.spinlocks++;
  return new qxl_k_spinlock{{}, lock_class};
}

void qxl_k_spinlock_destroy(struct qxl_k_spinlock *lock) {
  if (!lock) return;
  check_free(lock->mutex, fake::context().spinlocks, lock, "spinlock");
  FakeKernel::get().alive.spinlocks--;
  delete lock;
}

// Classes are in locking order; interrupts stay on, so a handler must not.
void qxl_k_spinlock_lock(struct qxl_k_spinlock *lock) {
  if (fake::context().in_irq) fake::violation("spinlock: locked in an interrupt handler");
  for (const void *other : fake::context().spinlocks)
    if (other != lock && ((const qxl_k_spinlock *)other)->lock_class >= lock->lock_class)
      fake::violation("spinlock: class %d taken inside %d", lock->lock_class,
                      ((const qxl_k_spinlock *)other)->lock_class);
  take(lock->mutex, fake::context().spinlocks, lock, "spinlock");
}

void qxl_k_spinlock_unlock(struct qxl_k_spinlock *lock) {
  drop(lock->mutex, fake::context().spinlocks, lock, "spinlock");
  fake::irq_window();
}
