// SPDX-License-Identifier: GPL-2.0-only
#include "scenarios.h"

#include <cerrno>

#include "host.h"
#include "rim.h"
#include "world.h"

namespace explore {
namespace {

// More than there is command memory for.
constexpr uint32_t many_ids = 1024;

qxl_bo *bo[4];
struct {
  int error;  // of the creator
} outcome;
void (*check_more)();

// Set-ups --------------------------------------------------------------------------

void publish(qxl_bo *which) {
  if (surface_ensure(which)) fail("set-up: create failed");
}

template <uint32_t ids, unsigned bunch, int count, int published>
void bos() {
  rim_start({.n_surfaces = ids, .bunch = bunch});
  for (int i = 0; i < count; i++) bo[i] = bo_create();
  for (int i = 0; i < published; i++) publish(bo[i]);
  rim_snapshot();
}

// bo[0] is about to die: its id comes back without anybody doing anything but
// the host, and it is the only one.
template <unsigned bunch>
void dying() {
  rim_start({.n_surfaces = 2, .bunch = bunch});
  bo[0] = bo_create();
  bo[1] = bo_create();
  publish(bo[0]);
  while (host_has_work()) host_step();
  bo_put(bo[0]);
  rim_snapshot();
}

// There are as many surfaces as there is memory for: none is left, or not
// enough.
template <bool odd>
void pool_full() {
  int error;

  rim_start({.n_surfaces = many_ids, .early_create = odd});
  bo[0] = bo_create();
  bo[1] = bo_create();
  publish(bo[0]);
  while (!(error = publish_filler()));
  if (error != -ENOSPC) fail("set-up: the pool does not run out: %d", error);
  rim_snapshot();
}

template <Mapping kind>
void mapped() {
  rim_start({});
  bo[0] = bo_create();
  publish(bo[0]);
  mmap_bo(bo[0], kind);
  rim_snapshot();
}

// Fibres ---------------------------------------------------------------------------

void last_put() {
  bo_put(bo[0]);
}

void lookup() {
  if (qxl_bo *found = bo_lookup(1)) {
    qxl_core_surface_touch(core(), 1);
    bo_put(found);
  }
}

void reaper() {
  reap_some();
}

void mover() {
  ttm_evict(bo[0]);
}

void create(qxl_bo *which, bool may_reap) {
  outcome.error = surface_ensure(which, may_reap);
  if (outcome.error == -EIO && host_excused()) return;
  if (outcome.error && outcome.error != -ENOSPC && outcome.error != -ENOMEM)
    fail("create: error %d", outcome.error);
}

void creator() {
  create(bo[1], true);
}

void other_creator() {
  create(bo[2], true);
}

void patient_creator() {
  create(bo[1], false);
}

// One call into the core, which must not give up while an id is on its way.
void single_creator() {
  reserve_lock(bo[1]);
  outcome.error = publish_once(bo[1]);
  reserve_unlock(bo[1]);
  if (outcome.error && !(outcome.error == -EIO && host_excused()))
    fail("create: error %d while an id was on its way", outcome.error);
}

void failing_creator() {
  kernel.fail_allocation_at = choose(4);
  create(bo[1], false);
  if (outcome.error && !kernel.fail_allocation_at && outcome.error == -ENOSPC)
    fail("create: -ENOSPC with free ids");
  kernel.fail_allocation_at = 0;
}

void map_user_6x() {
  fault(bo[0]);
  munmap_bo(bo[0], Mapping::holds_ttm);
}

void map_user_73() {
  fault(bo[0]);
  munmap_bo(bo[0], Mapping::holds_gem);
}

void lose() {
  host_excuse();
  qxl_core_lose(core());
}

void stop() {
  host_excuse();
  qxl_core_stop(core(), -EIO);
}

void fall_silent() {
  point();
  host_excuse();
  host_falls_silent();
}

// Checks ---------------------------------------------------------------------------

void created() {
  if (outcome.error && !host_excused()) fail("create failed: %d", outcome.error);
}

// Rule 5: what evict needs was set aside.
void no_memory_wait() {
  qxl_counters counters;

  qxl_core_get_counters(core(), &counters);
  if (counters.memory_waits) fail("rule 5: somebody waited for memory");
}

// The table ------------------------------------------------------------------------

const std::vector<Scenario> &base() {
  static const std::vector<Scenario> table = {
      {"put-lookup",
       "last put vs lookup by id",
       bos<3, 1, 1, 1>,
       {{"put", last_put}, {"lookup", lookup}},
       nullptr},
      {"put-reap",
       "last put vs reap",
       bos<3, 1, 1, 1>,
       {{"put", last_put}, {"reaper", reaper}},
       nullptr},
      {"put-move",
       "last put vs TTM move",
       bos<3, 1, 1, 1>,
       {{"put", last_put}, {"mover", mover}},
       nullptr},
      {"move",
       "TTM move vs lookup by id",
       bos<3, 1, 1, 1>,
       {{"mover", mover}, {"lookup", lookup}},
       nullptr},
      {"reap-move",
       "reap vs TTM move",
       bos<3, 1, 1, 1>,
       {{"reaper", reaper}, {"mover", mover}},
       nullptr},
      {"reap-reap",
       "two reapers, two surfaces",
       bos<3, 1, 2, 2>,
       {{"reaper1", reaper}, {"reaper2", reaper}},
       nullptr},
      {"reap-create",
       "two creators reap for one id",
       bos<2, 1, 3, 1>,
       {{"create1", creator}, {"create2", other_creator}},
       nullptr},
      {"create-nomem",
       "create fails at the n-th allocation",
       bos<3, 1, 2, 1>,
       {{"create", failing_creator}, {"put", last_put}},
       nullptr},
      {"create-noids",
       "create without a free id vs last put",
       bos<2, 1, 2, 1>,
       {{"create", patient_creator}, {"put", last_put}},
       nullptr},
      {"create-nopool",
       "create without command memory vs last put",
       pool_full<true>,
       {{"create", patient_creator}, {"put", last_put}},
       nullptr},
      {"evict-nopool",
       "last put without command memory",
       pool_full<false>,
       {{"put", last_put}},
       no_memory_wait},
      {"reuse",
       "release of a destroy vs create of the same id",
       dying<1>,
       {{"create", single_creator}},
       created},
      {"reuse-bunch",
       "the same, releases in bunches: NOTIFY_OOM",
       dying<32>,
       {{"create", single_creator}},
       created},
      {"put-create",
       "last put, its release, create of the same id",
       bos<2, 32, 2, 1>,
       {{"put", last_put}, {"create", creator}},
       created},
      {"map-6x",
       "a mapping that holds TTM's count outlives the handle",
       mapped<Mapping::holds_ttm>,
       {{"put", last_put}, {"user", map_user_6x}, {"lookup", lookup}},
       nullptr},
      {"map-7.3",
       "a mapping that holds GEM's count outlives the handle",
       mapped<Mapping::holds_gem>,
       {{"put", last_put}, {"user", map_user_73}, {"lookup", lookup}},
       nullptr},
  };

  return table;
}

Scenario with(const Scenario &scenario, const char *suffix, const Body &body) {
  Scenario more = scenario;

  more.name += suffix;
  more.bodies.push_back(body);
  return more;
}

}  // namespace

std::vector<Scenario> all_scenarios() {
  std::vector<Scenario> all;

  for (const Scenario &scenario : base()) {
    all.push_back(scenario);
    all.push_back(with(scenario, "+lose", {"lose", lose}));
    all.push_back(with(scenario, "+stop", {"stop", stop}));
    if (scenario.name == "put-move")
      all.push_back(with(scenario, "+silent", {"silent", fall_silent}));
  }
  return all;
}

void begin_scenario(const Scenario &scenario) {
  Failure ignored;

  take_failure(ignored);
  check_more = scenario.check;
  outcome = {};
  scenario.set_up();
  add_to_snapshot(&outcome, sizeof(outcome));
  take_snapshot();
  std::vector<Body> bodies = scenario.bodies;

  bodies.push_back({"host", host_main});
  set_fibres(bodies);
}

void begin_run() {
  restore_snapshot();
}

void check_run() {
  static unsigned runs;

  if (check_more) check_more();
  close_all();
  check_nothing_left();
  if (++runs % 1024 == 0 && !snapshot_is_whole())
    fail("explorer: a run changed what is not restored");
}

void end_scenario() {
  restore_snapshot();
  close_all();
  rim_stop();
}

}  // namespace explore
