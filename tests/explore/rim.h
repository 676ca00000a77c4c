// SPDX-License-Identifier: GPL-2.0-only
// The C rim's part in the lifetime of buffer objects, in a few lines each:
// qxl_object.c, qxl_gem.c, qxl_closed.c, qxl_surface.c, qxl_ttm.c, and what DRM
// and TTM do around them. Names are theirs.
#pragma once

#include <cstdint>

#include "host.h"
#include "qxl_core.h"

constexpr int bo_fences = 6;

struct qxl_bo {
  int gem;  // the GEM count
  int ttm;  // TTM's; one of them is GEM's own
  uint32_t surface_id;
  int reservation;  // fibre + 2 that holds it; 0: free
  bool was_zero;    // the GEM count has reached zero once
  bool dead;        // TTM's destroy hook ran: memory is reused
  bool in_surface_memory;
  uint64_t offset;  // there
  qxl_fence *fences[bo_fences];
  int fence_count;
  bool let_go;  // the host has, of a closed one: the worker drops TTM's reference
};

struct qxl_fence {
  int signals;
  int error;
  qxl_bo *bo;      // that carries it
  qxl_bo *closed;  // that waits for it
  bool is_filler;  // never signalled
};

namespace explore {

// What can be broken, for the mutants of the rim (tests/mutants/run).
enum class RimBug {
  none,
  evict_after_ttm_drop,  // rule 3: free in the wrong order
  fence_not_on_bo,       // rule 4: memory is reused too early
  move_without_evict,    // rule 6
  move_reads_id_again,   // update and evict each look at bo->surface_id
  reap_without_reservation,
  fence_error_path_leaks,    // create failed, its fence is kept
  closed_waits_for_nothing,  // the fence may have signalled before
};
bool set_rim_bug(const char *name);

enum class Mapping { holds_ttm, holds_gem };  // 6.x, 7.3

// Set-up, once for each scenario. The core is started, with a primary.
void rim_start(const HostConfig &host);
qxl_core *core();
// A surface BO with one GEM reference, in surface memory.
qxl_bo *bo_create();
// The fences of all BOs and everything else goes to the snapshot.
void rim_snapshot();

// References.
qxl_bo *bo_lookup(uint32_t id);  // qxl_core_surface_lookup(), checked
void bo_put(qxl_bo *bo);
void ttm_put(qxl_bo *bo);
bool ttm_get_unless_zero(qxl_bo *bo);

// qxl_surface.c. ensure() takes the reservation itself.
int surface_ensure(qxl_bo *bo, bool may_reap = true);
bool reap_some();
// qxl_surface_create() itself; the caller holds the reservation.
int publish_once(qxl_bo *bo);
// One more surface, to use memory up; runs leave it alone.
int publish_filler();

bool reserve_trylock(qxl_bo *bo);
void reserve_lock(qxl_bo *bo);
void reserve_unlock(qxl_bo *bo);

// TTM evicts @bo from surface memory, as it does to make room.
void ttm_evict(qxl_bo *bo);

// A user mapping of @bo.
void mmap_bo(qxl_bo *bo, Mapping kind);
void fault(qxl_bo *bo);
void munmap_bo(qxl_bo *bo, Mapping kind);

// For kernel.cc.
bool bo_get_unless_zero(qxl_bo *bo);
void fence_signal(qxl_fence *fence, int error);
void note_published(uint32_t id, qxl_bo *bo);

// After a run, on the main fibre: everything is closed and nothing is left.
void close_all();
void check_nothing_left();
// Takes the core down; end of the scenario.
void rim_stop();

}  // namespace explore
