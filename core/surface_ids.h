// SPDX-License-Identifier: GPL-2.0-only
// The surface IDR: device surface id -> buffer object. It owns nothing.
#pragma once

#include <cstdint>

#include "core/base/guard.h"
#include "core/base/ids.h"
#include "core/base/result.h"

namespace qxl {

// An id is reserved, then published (a BO is behind it), then unpublished (the
// host is destroying the surface), then free. Lock: its own, innermost.
//
// INVARIANT: a bare BO pointer never leaves the lock. lookup() promotes to a
// counted reference under it, and a count that is zero stays zero.
class SurfaceIds {
 public:
  SurfaceIds() = default;
  ~SurfaceIds() {
    if (idr_) qxl_k_idr_destroy(idr_);
  }
  SurfaceIds(const SurfaceIds&) = delete;
  SurfaceIds& operator=(const SurfaceIds&) = delete;

  // Ids 1 .. n_surfaces - 1. May sleep. kNoMemory.
  Result<> create(uint32_t n_surfaces);

  // A reserved id with no BO behind it. May sleep. kNoSpace, kNoMemory.
  Result<SurfaceId> reserve() QXL_EXCLUDES(lock_);
  void publish(SurfaceId id, qxl_bo* bo) QXL_EXCLUDES(lock_);
  // A counted reference, or null.
  [[nodiscard]] qxl_bo* lookup(SurfaceId id) QXL_EXCLUDES(lock_);
  // True when `id` was published: the caller owes the host its destruction.
  [[nodiscard]] bool unpublish(SurfaceId id) QXL_EXCLUDES(lock_);
  // The host has forgotten the surface.
  void free(SurfaceId id) QXL_EXCLUDES(lock_);

  [[nodiscard]] uint32_t in_use() QXL_EXCLUDES(lock_);

 private:
  SpinLock lock_;
  qxl_k_idr* idr_ QXL_GUARDED_BY(lock_) = nullptr;  // owned
  uint32_t in_use_ QXL_GUARDED_BY(lock_) = 0;
  uint32_t end_ = 0;
};

}  // namespace qxl
