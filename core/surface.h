// SPDX-License-Identifier: GPL-2.0-only
// Surfaces of the host other than the primary: creating, finding, evicting.
#pragma once

#include <cstddef>

#include "core/submit.h"
#include "core/surface_ids.h"
#include "qxl_core.h"

namespace qxl {

// Of a SPICE_SURFACE_FMT_*; 0 for a format that is no surface's.
[[nodiscard]] uint32_t bytes_per_pixel(uint32_t format);

// Bytes behind a surface like `desc`. kInvalid; see qxl_core_surface_size().
Result<size_t> surface_size(const qxl_surface_desc& desc);

// INVARIANT: teardown cannot fail. What destroying a surface needs - memory
// with the finished destroy command, its record, its fence - is set aside
// before the surface is created, in destroys_[id].
class Surfaces {
 public:
  // Ids that are used of a device that has more. Each surface holds two records
  // for as long as it lives: half of all are left for what is drawn.
  static constexpr uint32_t kMostIds = ReleaseTable::kRecords / 4;

  Surfaces(Submission& submission, SurfaceIds& ids) : submission_(submission), ids_(ids) {}
  ~Surfaces() { qxl_k_free(static_cast<void*>(destroys_)); }
  Surfaces(const Surfaces&) = delete;
  Surfaces& operator=(const Surfaces&) = delete;

  // May sleep. kNoMemory.
  Result<> setup(uint32_t n_surfaces);

  // See qxl_core_surface_create(). `data` is the BO's place for the host.
  Result<SurfaceId> create(qxl_bo* bo, const qxl_surface_desc& desc, DeviceAddress data,
                           qxl_fence* destroyed);
  // See qxl_core_surface_evict().
  void evict(SurfaceId id);

 private:
  // The create and the destroy command.
  struct Commands {
    Release* create;
    Release* destroy;
  };

  template <typename Condition>
  Result<> obtain(Condition condition);
  Result<SurfaceId> reserve_id();
  Result<Commands> reserve_commands();

  Submission& submission_;
  SurfaceIds& ids_;
  // By id: the destroy command while the surface is published. The entry is
  // its owner's: written before publish(), taken by who unpublished.
  Release** destroys_ = nullptr;  // owned
};

}  // namespace qxl
