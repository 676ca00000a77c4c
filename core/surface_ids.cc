// SPDX-License-Identifier: GPL-2.0-only
#include "core/surface_ids.h"

#include "core/base/assert.h"

namespace qxl {

Result<> SurfaceIds::create(uint32_t n_surfaces) {
  if (!lock_.create(QXL_K_LOCK_SURFACE_IDS)) return Error::kNoMemory;
  end_ = n_surfaces;
  // Allocating may sleep, so not under the lock; nobody else is here yet.
  qxl_k_idr* idr = qxl_k_idr_create();
  auto* uses = static_cast<SurfaceUse*>(qxl_k_alloc(sizeof(SurfaceUse) * n_surfaces));
  Guard guard(lock_);
  idr_ = idr;
  uses_ = uses;
  if (!idr_ || !uses_) return Error::kNoMemory;
  return {};
}

Result<SurfaceId> SurfaceIds::reserve() {
  qxl_k_idr_preload();
  int id = 0;
  {
    Guard guard(lock_);
    id = qxl_k_idr_alloc(idr_, 1, end_);
    if (id > 0) ++in_use_;
  }
  qxl_k_idr_preload_end();
  if (id > 0) return SurfaceId{static_cast<uint32_t>(id)};
  return id == -QXL_K_ENOSPC ? Error::kNoSpace : Error::kNoMemory;
}

void SurfaceIds::publish(SurfaceId id, qxl_bo* bo) {
  Guard guard(lock_);
  qxl_k_idr_replace(idr_, id.value(), bo);
  uses_[id.value()].last_used = ++clock_;
}

qxl_bo* SurfaceIds::lookup(SurfaceId id) {
  Guard guard(lock_);
  auto* bo = static_cast<qxl_bo*>(qxl_k_idr_find(idr_, id.value()));
  return bo && qxl_k_bo_get_unless_zero(bo) ? bo : nullptr;
}

void SurfaceIds::touch(SurfaceId id) {
  Guard guard(lock_);
  if (id.value() < end_ && uses_[id.value()].last_used) uses_[id.value()].last_used = ++clock_;
}

// A scan: only who has run out of ids comes here.
qxl_bo* SurfaceIds::next_oldest(uint64_t& since) {
  Guard guard(lock_);
  for (;;) {
    uint32_t oldest = 0;
    for (uint32_t id = 1; id < end_; ++id) {
      uint64_t used = uses_[id].last_used;
      if (used > since && (oldest == 0 || used < uses_[oldest].last_used)) oldest = id;
    }
    if (oldest == 0) return nullptr;
    since = uses_[oldest].last_used;
    auto* bo = static_cast<qxl_bo*>(qxl_k_idr_find(idr_, oldest));
    if (bo && qxl_k_bo_get_unless_zero(bo)) return bo;
  }
}

bool SurfaceIds::unpublish(SurfaceId id) {
  Guard guard(lock_);
  if (!qxl_k_idr_find(idr_, id.value())) return false;
  qxl_k_idr_replace(idr_, id.value(), nullptr);
  uses_[id.value()] = {.last_used = 0, .dying = true};
  ++dying_;
  return true;
}

void SurfaceIds::free(SurfaceId id) {
  Guard guard(lock_);
  QXL_ASSERT(!qxl_k_idr_find(idr_, id.value()));
  qxl_k_idr_remove(idr_, id.value());
  --in_use_;
  if (uses_[id.value()].dying) --dying_;
  uses_[id.value()].dying = false;
}

uint32_t SurfaceIds::in_use() {
  Guard guard(lock_);
  return in_use_;
}

bool SurfaceIds::any_dying() {
  Guard guard(lock_);
  return dying_ != 0;
}

}  // namespace qxl
