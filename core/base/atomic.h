// SPDX-License-Identifier: GPL-2.0-only
// Ordered access to words that another thread, or the host, reads and writes.
#pragma once

#include <type_traits>

namespace qxl {

template <typename T>
[[nodiscard]] inline T load_relaxed(const T* p) {
  return __atomic_load_n(p, __ATOMIC_RELAXED);
}

template <typename T>
[[nodiscard]] inline T load_acquire(const T* p) {
  return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

template <typename T>
inline void store_relaxed(T* p, std::type_identity_t<T> value) {
  __atomic_store_n(p, value, __ATOMIC_RELAXED);
}

template <typename T>
inline void store_release(T* p, std::type_identity_t<T> value) {
  __atomic_store_n(p, value, __ATOMIC_RELEASE);
}

template <typename T>
[[nodiscard]] inline T exchange(T* p, std::type_identity_t<T> value) {
  return __atomic_exchange_n(p, value, __ATOMIC_SEQ_CST);
}

// For counters that are only reported: no order implied.
template <typename T>
inline void add_relaxed(T* p, std::type_identity_t<T> value) {
  __atomic_fetch_add(p, value, __ATOMIC_RELAXED);
}

// Orders earlier stores before later loads, against the host too: also drains
// write-combining buffers.
inline void full_fence() {
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

}  // namespace qxl
