// SPDX-License-Identifier: GPL-2.0-only
// The surface IDR: device surface id -> buffer object. It owns nothing.
#pragma once

#include <cstdint>

#include "core/base/guard.h"
#include "core/base/ids.h"
#include "core/base/result.h"

namespace qxl {

// What the table knows of an id; kept beside the IDR, by id.
struct SurfaceUse {
  uint64_t last_used;  // of a clock that moves with each use; 0: not published
  bool dying;          // unpublished, and the host has not forgotten it yet
};

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
    qxl_k_free(uses_);
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
  // The surface is in use: the last to be reaped.
  void touch(SurfaceId id) QXL_EXCLUDES(lock_);
  // A counted reference to the published BO that was least recently used of
  // those used after `since`, which becomes its time of use; or null.
  [[nodiscard]] qxl_bo* next_oldest(uint64_t& since) QXL_EXCLUDES(lock_);
  // True when `id` was published: the caller owes the host its destruction.
  [[nodiscard]] bool unpublish(SurfaceId id) QXL_EXCLUDES(lock_);
  // The host has forgotten the surface.
  void free(SurfaceId id) QXL_EXCLUDES(lock_);

  // Ids that are not free.
  [[nodiscard]] uint32_t in_use() QXL_EXCLUDES(lock_);
  // Whether waiting for the host can free an id.
  [[nodiscard]] bool any_dying() QXL_EXCLUDES(lock_);

 private:
  SpinLock lock_;
  qxl_k_idr* idr_ QXL_GUARDED_BY(lock_) = nullptr;    // owned
  SurfaceUse* uses_ QXL_GUARDED_BY(lock_) = nullptr;  // owned; end_ entries
  uint64_t clock_ QXL_GUARDED_BY(lock_) = 0;
  uint32_t in_use_ QXL_GUARDED_BY(lock_) = 0;
  uint32_t dying_ QXL_GUARDED_BY(lock_) = 0;
  uint32_t end_ = 0;
};

}  // namespace qxl
