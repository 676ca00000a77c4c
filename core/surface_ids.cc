// SPDX-License-Identifier: GPL-2.0-only
#include "core/surface_ids.h"

#include "core/base/assert.h"

namespace qxl {

Result<> SurfaceIds::create(uint32_t n_surfaces) {
  end_ = n_surfaces;
  qxl_k_idr* idr = qxl_k_idr_create();
  if (!idr) return Error::kNoMemory;
  if (!lock_.create(QXL_K_LOCK_SURFACE_IDS)) {
    qxl_k_idr_destroy(idr);
    return Error::kNoMemory;
  }
  Guard guard(lock_);
  idr_ = idr;
  return {};
}

Result<SurfaceId> SurfaceIds::reserve() {
  qxl_k_idr_preload();
  int id;
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
}

qxl_bo* SurfaceIds::lookup(SurfaceId id) {
  Guard guard(lock_);
  auto* bo = static_cast<qxl_bo*>(qxl_k_idr_find(idr_, id.value()));
  return bo && qxl_k_bo_get_unless_zero(bo) ? bo : nullptr;
}

bool SurfaceIds::unpublish(SurfaceId id) {
  Guard guard(lock_);
  if (!qxl_k_idr_find(idr_, id.value())) return false;
  qxl_k_idr_replace(idr_, id.value(), nullptr);
  return true;
}

void SurfaceIds::free(SurfaceId id) {
  Guard guard(lock_);
  QXL_ASSERT(!qxl_k_idr_find(idr_, id.value()));
  qxl_k_idr_remove(idr_, id.value());
  --in_use_;
}

uint32_t SurfaceIds::in_use() {
  Guard guard(lock_);
  return in_use_;
}

}  // namespace qxl
