// SPDX-License-Identifier: GPL-2.0-only
// include/qxl_k.h for the explorer: every operation that another thread could
// notice is a scheduling point. Reading the clock is none, because it moves
// only when nobody can go on.
#include <cstdarg>
#include <cstdio>

#include "host.h"
#include "qxl_k.h"
#include "rim.h"
#include "scheduler.h"
#include "world.h"

using explore::fail;
using explore::fibre_state;
using explore::kernel;
using explore::main_fibre;
using explore::point;

struct qxl_k_event {
  uint32_t count;
};

struct qxl_k_mutex {
  int owner;  // fibre + 2; 0: free
};

struct qxl_k_spinlock {
  int owner;  // likewise
  qxl_k_lock_class lock_class;
};

struct qxl_k_idr {
  uint32_t next;
  void **pointers;  // by id
  bool *reserved;
};

namespace {

int me() {
  return explore::current_fibre() + 2;
}

void may_sleep(const char *where) {
  if (fibre_state().spinlocks || fibre_state().preloads) fail("%s in atomic context", where);
}

bool allocation_fails() {
  bool fails = kernel.allocations_fail;

  // Rule 5: no allocation on the free path.
  if (fibre_state().evictions) fail("evict allocates");
  if (kernel.fail_allocation_at && --kernel.fail_allocation_at == 0) fails = true;
  kernel.allocation_failed |= fails;
  return fails;
}

template <typename T>
T *make(const char *where) {
  may_sleep(where);
  if (allocation_fails()) return nullptr;
  kernel.live_objects++;
  return explore::heap_new<T>();
}

void gone(const void *object) {
  if (object) kernel.live_objects--;
}

void take(int &owner, const char *what) {
  if (owner == me()) fail("%s: locked recursively", what);
  if (explore::current_fibre() == main_fibre) {
    if (owner) fail("%s: left locked", what);
  } else {
    do explore::wait_for({.kind = explore::Wait::lock, .on = &owner});
    while (owner);
  }
  owner = me();
}

void drop(int &owner, const char *what) {
  if (owner != me()) fail("%s: unlocked by a stranger", what);
  owner = 0;
}

}  // namespace

bool explore::wait_is_over(const Wait &wait) {
  switch (wait.kind) {
    case Wait::lock:
      return *static_cast<const int *>(wait.on) == 0;
    case Wait::event:
      return static_cast<const qxl_k_event *>(wait.on)->count != wait.seen;
    case Wait::fence:
      return static_cast<const qxl_fence *>(wait.on)->signals != 0;
    case Wait::work:
      return host_has_work();
    default:
      return true;
  }
}

// bo.c

bool qxl_k_bo_get_unless_zero(struct qxl_bo *bo) {
  point();
  return explore::bo_get_unless_zero(bo);
}

// event.c

struct qxl_k_event *qxl_k_event_create(void) {
  return make<qxl_k_event>("event_create");
}

void qxl_k_event_destroy(struct qxl_k_event *event) {
  gone(event);
}

uint32_t qxl_k_event_count(struct qxl_k_event *event) {
  point();
  return event->count;
}

void qxl_k_event_signal(struct qxl_k_event *event) {
  point();
  event->count++;
}

bool qxl_k_event_wait(struct qxl_k_event *event, uint32_t seen, uint32_t timeout_ms) {
  may_sleep("event_wait");
  if (explore::current_fibre() == main_fibre) {
    while (event->count == seen && explore::host_has_work()) explore::host_step();
    if (event->count == seen) explore::advance_ms(timeout_ms);
    return event->count != seen;
  }
  explore::wait_for({.kind = explore::Wait::event,
                     .on = event,
                     .seen = seen,
                     .deadline_ms = explore::now_ms() + timeout_ms});
  return event->count != seen;
}

// fence.c

void qxl_k_fence_signal(struct qxl_fence *fence, int error) {
  point();
  explore::fence_signal(fence, error);
}

// idr.c

struct qxl_k_idr *qxl_k_idr_create(void) {
  auto *idr = make<qxl_k_idr>("idr_create");

  if (idr) {
    idr->pointers = explore::heap_new<void *>(explore::host_ids());
    idr->reserved = explore::heap_new<bool>(explore::host_ids());
  }
  return idr;
}

void qxl_k_idr_destroy(struct qxl_k_idr *idr) {
  for (uint32_t id = 0; idr && id < explore::host_ids(); id++)
    if (idr->reserved[id]) fail("idr_destroy: id %u is left", id);
  gone(idr);
}

void qxl_k_idr_preload(void) {
  may_sleep("idr_preload");
  fibre_state().preloads++;
}

void qxl_k_idr_preload_end(void) {
  fibre_state().preloads--;
}

int qxl_k_idr_alloc(struct qxl_k_idr *idr, uint32_t first, uint32_t end) {
  if (!fibre_state().spinlocks) fail("idr_alloc without a lock");
  if (allocation_fails()) return -12;
  for (uint32_t i = 0; i < end - first; i++) {
    const uint32_t id = first + (idr->next + i) % (end - first);

    if (idr->reserved[id]) continue;
    idr->reserved[id] = true;
    idr->next = id + 1 - first;
    explore::host_check_id_free(id);
    return (int)id;
  }
  return -QXL_K_ENOSPC;
}

void qxl_k_idr_replace(struct qxl_k_idr *idr, uint32_t id, void *pointer) {
  if (!fibre_state().spinlocks) fail("idr_replace without a lock");
  if (!idr->reserved[id]) fail("idr_replace: id %u is not reserved", id);
  idr->pointers[id] = pointer;
  explore::note_published(id, static_cast<qxl_bo *>(pointer));
}

void *qxl_k_idr_find(struct qxl_k_idr *idr, uint32_t id) {
  if (!fibre_state().spinlocks) fail("idr_find without a lock");
  return id < explore::host_ids() ? idr->pointers[id] : nullptr;
}

void qxl_k_idr_remove(struct qxl_k_idr *idr, uint32_t id) {
  if (!fibre_state().spinlocks) fail("idr_remove without a lock");
  if (!idr->reserved[id]) fail("idr_remove: id %u is not reserved", id);
  idr->reserved[id] = false;
  idr->pointers[id] = nullptr;
}

// log.c

void qxl_k_log(struct qxl_device *, enum qxl_k_log_level, const char *format, ...) {
  char text[200];
  va_list arguments;

  va_start(arguments, format);
  vsnprintf(text, sizeof(text), format, arguments);
  va_end(arguments);
  explore::trace("log: %s", text);
}

void qxl_k_assert_failed(const char *condition, const char *file, int line) {
  fail("assertion failed: %s at %s:%d", condition, file, line);
}

// memory.c

void *qxl_k_alloc(size_t bytes) {
  may_sleep("alloc");
  if (allocation_fails()) return nullptr;
  kernel.live_objects++;
  return explore::heap_alloc(bytes);
}

void qxl_k_free(void *memory) {
  gone(memory);
}

// mutex.c

struct qxl_k_mutex *qxl_k_mutex_create(enum qxl_k_mutex_class) {
  return make<qxl_k_mutex>("mutex_create");
}

void qxl_k_mutex_destroy(struct qxl_k_mutex *mutex) {
  gone(mutex);
}

void qxl_k_mutex_lock(struct qxl_k_mutex *mutex) {
  may_sleep("mutex_lock");
  take(mutex->owner, "mutex");
}

void qxl_k_mutex_unlock(struct qxl_k_mutex *mutex) {
  drop(mutex->owner, "mutex");
  point();
}

// port.c

void qxl_k_port_write(struct qxl_device *, uint32_t port, uint8_t value) {
  point();
  explore::host_port_write(port, value);
}

// spinlock.c

struct qxl_k_spinlock *qxl_k_spinlock_create(enum qxl_k_lock_class lock_class) {
  auto *lock = make<qxl_k_spinlock>("spinlock_create");

  if (lock) lock->lock_class = lock_class;
  return lock;
}

void qxl_k_spinlock_destroy(struct qxl_k_spinlock *lock) {
  gone(lock);
}

void qxl_k_spinlock_lock(struct qxl_k_spinlock *lock) {
  take(lock->owner, "spinlock");
  fibre_state().spinlocks++;
}

void qxl_k_spinlock_unlock(struct qxl_k_spinlock *lock) {
  drop(lock->owner, "spinlock");
  fibre_state().spinlocks--;
  // What follows without a lock, others may overtake.
  if (!fibre_state().spinlocks) point();
}

// trace.c

void qxl_k_trace_submit(struct qxl_device *, uint32_t, uint64_t, uint64_t) {}

void qxl_k_trace_release(struct qxl_device *, uint64_t, uint64_t, int) {}

void qxl_k_trace_lost(struct qxl_device *) {}

// lost.c

void qxl_k_lost(struct qxl_device *) {}

// crc.c

uint32_t qxl_k_crc32(uint32_t, const void *, size_t) {
  return 0;
}

// time.c

uint64_t qxl_k_time_ms(void) {
  return explore::now_ms();
}

// Of a panic, which is no scenario: everything else has stopped.
void qxl_k_delay_us(uint32_t) {
  fail("a delay outside of a panic");
}
