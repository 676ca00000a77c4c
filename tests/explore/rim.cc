// SPDX-License-Identifier: GPL-2.0-only
#include "rim.h"

#include <spice/enums.h>

#include <cerrno>
#include <cstring>

#include "host.h"
#include "scheduler.h"
#include "world.h"

namespace explore {
namespace {

// Larger than the primary, so that an update of the wrong surface shows.
constexpr qxl_surface_desc desc = {SPICE_SURFACE_FMT_8_A, 64, 64, 64};
constexpr uint64_t flush_interval_ms = 10;
constexpr uint64_t ttm_timeout_ms = 100;
constexpr uint64_t reap_interval_ms = 10;
constexpr uint64_t reap_timeout_ms = 20;
constexpr int reap_batch = 16;

constexpr size_t max_bos = 8;
constexpr size_t max_fences = 450;

struct State {
  unsigned bos, fences;
  qxl_bo bo[max_bos];
};

State rim;
qxl_fence fences[max_fences];
qxl_bo *published[max_ids];
uint32_t ids;
// Surfaces that only use memory up; runs leave them alone.
uint32_t fillers[max_fences];
unsigned filler_count;
qxl_bo filler;  // nobody has a reference to it
qxl_core *the_core;
RimBug bug;

int me() {
  return current_fibre() + 2;
}

// Rule 2, and the reason for all of them.
void alive(const qxl_bo *bo, const char *where) {
  if (bo->dead) fail("%s: the BO is freed memory", where);
}

uint32_t read_id(const qxl_bo *bo) {
  point();
  alive(bo, "surface_id");
  return bo->surface_id;
}

uint32_t take_id(qxl_bo *bo) {
  const uint32_t id = read_id(bo);

  bo->surface_id = 0;
  return id;
}

// Fences ---------------------------------------------------------------------------

qxl_fence *fence_create() {
  if (kernel.allocations_fail) return nullptr;
  if (kernel.fail_allocation_at && --kernel.fail_allocation_at == 0) return nullptr;
  if (rim.fences == max_fences) {
    fail("too many fences for the model");
    return nullptr;
  }
  qxl_fence *fence = &fences[rim.fences++];

  *fence = {};
  return fence;
}

bool idle(const qxl_bo *bo) {
  for (int i = 0; i < bo->fence_count; i++)
    if (!bo->fences[i]->signals) return false;
  return true;
}

// The worker of qxl_closed.c.
void closed_work() {
  for (unsigned i = 0; i < rim.bos; i++)
    if (rim.bo[i].let_go) {
      rim.bo[i].let_go = false;
      ttm_put(&rim.bo[i]);
    }
}

// The flush work runs while somebody waits (qxl_irq.c). TTM's waits end some
// day (ttm_bo_wait_ctx); then the move fails.
bool wait_idle(qxl_bo *bo) {
  const uint64_t deadline = now_ms() + ttm_timeout_ms;

  for (int i = 0; i < bo->fence_count; i++)
    while (!bo->fences[i]->signals) {
      if (now_ms() >= deadline) return false;
      qxl_core_flush(the_core);
      closed_work();
      wait_for(
          {.kind = Wait::fence, .on = bo->fences[i], .deadline_ms = now_ms() + flush_interval_ms});
    }
  return true;
}

// TTM's destroy hook (qxl_bo_destroy), and the memory is given to others.
void destroy(qxl_bo *bo) {
  if (bo->surface_id) fail("rule 3: TTM's destroy hook: surface id %u is left", bo->surface_id);
  for (uint32_t id = 0; id < ids; id++)
    if (published[id] == bo) fail("rule 3: id %u leads to freed memory", id);
  if (bo->in_surface_memory && host_uses_memory(bo->offset))
    fail("rule 4: memory is freed under the host");
  if (bo->reservation) fail("freed with the reservation held");
  bo->dead = true;
}

// Eviction -------------------------------------------------------------------------

void core_evict(uint32_t id) {
  fibre_state().evictions++;
  qxl_core_surface_evict(the_core, id);
  fibre_state().evictions--;
}

void surface_evict(qxl_bo *bo) {
  if (const uint32_t id = take_id(bo)) core_evict(id);
}

int update_all(uint32_t id) {
  const qxl_rect all = {0, 0, (int32_t)desc.width, (int32_t)desc.height};

  return qxl_core_surface_update(the_core, id, &all);
}

void leave_host_reading_again(qxl_bo *bo) {
  if (!read_id(bo)) return;
  update_all(read_id(bo));
  surface_evict(bo);
}

// Whoever takes the id owns what is left to do with it: the free callback has
// no reservation and may come at any time while TTM moves the BO.
void leave_host(qxl_bo *bo) {
  if (bo->reservation != me()) fail("leave_host without the reservation");
  if (bug == RimBug::move_reads_id_again) return leave_host_reading_again(bo);
  if (const uint32_t id = take_id(bo)) {
    update_all(id);
    core_evict(id);
  }
}

// Takes over TTM's reference while the host has the surface (qxl_closed_keep).
bool closed_keep(qxl_bo *bo) {
  point();
  if (bo->fence_count == 0 || bo->ttm != 1) return false;
  qxl_fence *destroyed = bo->fences[bo->fence_count - 1];

  if (destroyed->signals && bug != RimBug::closed_waits_for_nothing) return false;
  destroyed->closed = bo;
  return true;
}

// The GEM free callback (qxl_gem_free).
void gem_free(qxl_bo *bo) {
  trace("free callback");
  if (bug == RimBug::evict_after_ttm_drop) {
    ttm_put(bo);
    surface_evict(bo);
    return;
  }
  surface_evict(bo);
  if (!closed_keep(bo)) ttm_put(bo);
}

// Reaping and creating -------------------------------------------------------------

bool reap(qxl_bo *bo) {
  bool reaped = false;

  if (bug == RimBug::reap_without_reservation)
    bo->reservation = me();
  else if (!reserve_trylock(bo))
    return false;
  if (read_id(bo)) {
    leave_host(bo);
    reaped = true;
  }
  reserve_unlock(bo);
  return reaped;
}

int publish(qxl_bo *bo, qxl_fence *destroyed) {
  uint32_t id;
  const int error = qxl_core_surface_create(the_core, bo, &desc, bo->offset, destroyed, &id);

  if (error) return error;
  point();
  bo->surface_id = id;
  return 0;
}

int publish_or_reap(qxl_bo *bo, qxl_fence *destroyed, bool may_reap) {
  const uint64_t deadline = now_ms() + reap_timeout_ms;
  int error;

  while ((error = publish(bo, destroyed)) == -ENOSPC) {
    if (may_reap && reap_some()) continue;
    if (now_ms() > deadline) break;
    wait_for({.kind = Wait::sleep, .deadline_ms = now_ms() + reap_interval_ms});
  }
  return error;
}

}  // namespace

bool set_rim_bug(const char *name) {
  static constexpr struct {
    const char *name;
    RimBug bug;
  } names[] = {
      {"evict_after_ttm_drop", RimBug::evict_after_ttm_drop},
      {"fence_not_on_bo", RimBug::fence_not_on_bo},
      {"move_without_evict", RimBug::move_without_evict},
      {"move_reads_id_again", RimBug::move_reads_id_again},
      {"reap_without_reservation", RimBug::reap_without_reservation},
      {"fence_error_path_leaks", RimBug::fence_error_path_leaks},
      {"closed_waits_for_nothing", RimBug::closed_waits_for_nothing},
  };

  for (const auto &entry : names)
    if (!strcmp(entry.name, name)) {
      bug = entry.bug;
      return true;
    }
  return false;
}

qxl_core *core() {
  return the_core;
}

void rim_start(const HostConfig &host) {
  heap_reset();
  host_power_on(host);
  rim = {};
  filler_count = 0;
  ids = host.n_surfaces;
  memset(published, 0, sizeof(published));
  const qxl_resources res = host_resources();
  const qxl_rom_info rom = host_rom();

  if (qxl_core_create(nullptr, &res, &rom, 1, &the_core)) {
    fail("the core cannot be made");
    return;
  }
  host_connect(the_core);
  if (qxl_core_start(the_core) || qxl_core_set_primary(the_core, 32, 32))
    fail("the core cannot be started");
}

qxl_bo *bo_create() {
  qxl_bo *bo = &rim.bo[rim.bos];

  *bo = {};
  bo->gem = 1;
  bo->ttm = 1;
  bo->in_surface_memory = true;
  bo->offset = page * ++rim.bos;
  return bo;
}

void rim_snapshot() {
  while (host_has_work()) host_step();
  add_to_snapshot(&rim, sizeof(rim));
  add_to_snapshot(fences, sizeof(fences[0]) * (rim.fences + 16));
  add_to_snapshot(published, sizeof(published[0]) * ids);
}

// References -----------------------------------------------------------------------

bool bo_get_unless_zero(qxl_bo *bo) {
  alive(bo, "get_unless_zero");
  if (bo->gem == 0) return false;
  bo->gem++;
  return true;
}

// Rule 2: whatever lookup gives away is counted.
qxl_bo *bo_lookup(uint32_t id) {
  qxl_bo *bo = qxl_core_surface_lookup(the_core, id);

  if (!bo) return nullptr;
  alive(bo, "lookup");
  if (bo->was_zero) fail("rule 2: lookup found a BO whose count was zero");
  return bo;
}

void bo_put(qxl_bo *bo) {
  point();
  alive(bo, "put");
  if (bo->gem <= 0) {
    fail("the GEM count falls below zero");
    return;
  }
  if (--bo->gem) return;
  bo->was_zero = true;
  gem_free(bo);
}

bool ttm_get_unless_zero(qxl_bo *bo) {
  point();
  // It is on the LRU list as long as it lives.
  if (bo->dead || bo->ttm == 0) return false;
  bo->ttm++;
  return true;
}

void ttm_put(qxl_bo *bo) {
  point();
  alive(bo, "TTM put");
  if (bo->ttm <= 0) {
    fail("TTM's count falls below zero");
    return;
  }
  // Else TTM's worker waits for the fences; see fence_signal().
  if (--bo->ttm == 0 && idle(bo)) destroy(bo);
}

bool reserve_trylock(qxl_bo *bo) {
  point();
  alive(bo, "trylock");
  if (bo->reservation) return false;
  bo->reservation = me();
  return true;
}

void reserve_lock(qxl_bo *bo) {
  if (current_fibre() != main_fibre) do
      wait_for({.kind = Wait::lock, .on = &bo->reservation});
    while (bo->reservation);
  alive(bo, "reserve");
  bo->reservation = me();
}

void reserve_unlock(qxl_bo *bo) {
  if (bo->reservation != me()) fail("reservation: unlocked by a stranger");
  bo->reservation = 0;
  point();
}

void fence_signal(qxl_fence *fence, int error) {
  qxl_bo *bo = fence->bo;

  trace("fence %d signals %d", (int)(fence - fences), error);
  if (fence->signals++) fail("a fence is signalled twice");
  fence->error = error;
  if (fence->closed) fence->closed->let_go = true;
  if (bo && bo->ttm == 0 && !bo->dead && idle(bo)) destroy(bo);
}

void note_published(uint32_t id, qxl_bo *bo) {
  if (bo) alive(bo, "publish");
  published[id] = bo;
}

// Surfaces -------------------------------------------------------------------------

bool reap_some() {
  uint64_t since = 0;
  int reaped = 0;

  while (reaped < reap_batch) {
    qxl_bo *bo = qxl_core_surface_oldest(the_core, &since);

    if (!bo) break;
    alive(bo, "oldest");
    if (bo->was_zero) fail("rule 2: reaping found a BO whose count was zero");
    reaped += reap(bo);
    bo_put(bo);
  }
  return reaped;
}

int surface_ensure(qxl_bo *bo, bool may_reap) {
  int error = 0;

  reserve_lock(bo);
  if (read_id(bo)) {
    qxl_core_surface_touch(the_core, bo->surface_id);
  } else if (bo->fence_count == bo_fences) {
    fail("too many fences for the model");
  } else if (qxl_fence *destroyed = fence_create()) {
    error = publish_or_reap(bo, destroyed, may_reap);
    if (!error && bug != RimBug::fence_not_on_bo) {
      bo->fences[bo->fence_count++] = destroyed;
      destroyed->bo = bo;
    } else if (error && bug != RimBug::fence_error_path_leaks) {
      fence_signal(destroyed, -ECANCELED);
    }
  } else {
    error = -ENOMEM;
  }
  reserve_unlock(bo);
  return error;
}

int publish_once(qxl_bo *bo) {
  qxl_fence *destroyed = fence_create();
  const int error = publish(bo, destroyed);

  if (error) {
    fence_signal(destroyed, -ECANCELED);
    return error;
  }
  bo->fences[bo->fence_count++] = destroyed;
  destroyed->bo = bo;
  return 0;
}

int publish_filler() {
  qxl_fence *destroyed = fence_create();
  uint32_t id;
  const int error = qxl_core_surface_create(the_core, &filler, &desc, 0, destroyed, &id);

  if (error) {
    fence_signal(destroyed, -ECANCELED);
    return error;
  }
  fillers[filler_count++] = id;
  destroyed->is_filler = true;
  while (host_has_work()) host_step();
  return 0;
}

// ttm_mem_evict_first() and qxl_ttm_move(). The caller has TTM's list lock, so
// to speak: it takes a reference of TTM's, not of GEM's.
void ttm_evict(qxl_bo *bo) {
  if (!ttm_get_unless_zero(bo)) return;
  if (reserve_trylock(bo)) {
    if (bug != RimBug::move_without_evict) leave_host(bo);
    if (wait_idle(bo)) {
      if (host_uses_memory(bo->offset)) fail("rule 6: memory is moved under the host");
      bo->in_surface_memory = false;
    } else if (!host_excused()) {
      fail("rule 6: a move waits for a destroy that nobody queued");
    }
    reserve_unlock(bo);
  }
  ttm_put(bo);
}

// Mappings -------------------------------------------------------------------------

void mmap_bo(qxl_bo *bo, Mapping kind) {
  if (kind == Mapping::holds_ttm)
    bo->ttm++;
  else
    bo->gem++;
}

// Needs no object reference, and gives none.
void fault(qxl_bo *bo) {
  reserve_lock(bo);
  reserve_unlock(bo);
}

void munmap_bo(qxl_bo *bo, Mapping kind) {
  if (kind == Mapping::holds_ttm)
    ttm_put(bo);
  else
    bo_put(bo);
}

// The end --------------------------------------------------------------------------

// Until the host has given back everything it is done with.
static void settle() {
  qxl_counters counters;

  for (int i = 0; i < 100; i++) {
    while (host_has_work()) host_step();
    qxl_core_get_counters(the_core, &counters);
    closed_work();
    if (counters.in_flight == filler_count) return;
    advance_ms(flush_interval_ms);
    qxl_core_flush(the_core);
  }
}

void close_all() {
  for (unsigned i = 0; i < rim.bos; i++)
    while (rim.bo[i].gem > 0) bo_put(&rim.bo[i]);
  if (host_excused())
    qxl_core_stop(the_core, -EIO);
  else
    settle();
  closed_work();
}

void check_nothing_left() {
  qxl_counters counters;

  qxl_core_get_counters(the_core, &counters);
  if (counters.lost && !host_excused()) fail("the device is lost, and nobody said so");
  if (counters.surfaces != filler_count)
    fail("%u ids left", (unsigned)counters.surfaces - filler_count);
  // After a reset the host has no creates any more.
  const unsigned in_flight = host_excused() ? 0 : filler_count;

  if (counters.in_flight != in_flight)
    fail("%u commands in flight", (unsigned)counters.in_flight - in_flight);
  if (records_taken() != filler_count + in_flight)
    fail("%u release records left", records_taken() - filler_count - in_flight);
  if (counters.bad_releases) fail("%u releases named nothing", (unsigned)counters.bad_releases);
  for (unsigned i = 0; i < rim.fences; i++)
    if (fences[i].signals != !fences[i].is_filler)
      fail("fence %u: signalled %d times", i, fences[i].signals);
  for (unsigned i = 0; i < rim.bos; i++)
    if (!rim.bo[i].dead)
      fail("BO %u: GEM count %d, TTM count %d left", i, rim.bo[i].gem, rim.bo[i].ttm);
  if (!host_excused() && host_creates() - host_destroys() != filler_count)
    fail("%u creates and %u destroys reached the host", host_creates(), host_destroys());
}

void rim_stop() {
  for (unsigned i = 0; i < filler_count; i++) core_evict(fillers[i]);
  qxl_core_stop(the_core, 0);
  qxl_core_destroy(the_core);
  if (kernel.live_objects) fail("%d objects of the core are left", (int)kernel.live_objects);
}

}  // namespace explore
