// SPDX-License-Identifier: GPL-2.0-only
// Surfaces: DESIGN "Lifetime" as far as the core is responsible for it.
#include "rig.h"

namespace {

constexpr qxl_surface_desc small = {SPICE_SURFACE_FMT_32_xRGB, 16, 16, 64};

class Surface : public fake::CoreTest {
 protected:
  void SetUp() override {
    CoreTest::SetUp();
    config.n_surfaces = 8;
  }
  int create_surface(qxl_bo &bo, qxl_fence &fence, uint32_t &id) {
    return qxl_core_surface_create(core, &bo, &small, 0, &fence, &id);
  }
  // Until the host has given back everything it is done with.
  void settle() {
    pump();
    device->flush_releases();
    pump();
  }
};

TEST_F(Surface, CreateReachesTheHost) {
  qxl_bo bo;
  qxl_fence &fence = new_fence();
  uint32_t id = 0;
  const qxl_surface_desc desc = {SPICE_SURFACE_FMT_32_ARGB, 100, 50, 400};

  start();
  ASSERT_EQ(qxl_core_surface_create(core, &bo, &desc, 65536, &fence, &id), 0);
  pump();
  EXPECT_GE(id, 1u);
  EXPECT_LT(id, 8u);
  EXPECT_TRUE(device->has_surface(id));
  EXPECT_EQ(counters().surfaces, 1u);
  EXPECT_FALSE(fence.signalled());
  EXPECT_EQ(bo.count, 1u);  // remembered, not owned
  qxl_core_surface_evict(core, id);
  settle();
  EXPECT_FALSE(device->has_surface(id));
  EXPECT_EQ(fence.signals, 1);
  EXPECT_EQ(fence.error, 0);
  EXPECT_EQ(counters().surfaces, 0u);
  EXPECT_EQ(counters().in_flight, 0u);
}

// The primary that a first surface needs is no larger than there is room for.
TEST_F(Surface, ComesBeforeAnyModeInASmallVgamem) {
  qxl_bo bo;
  uint32_t id = 0;

  config.vgamem_bytes = 1 << 20;
  ASSERT_EQ(create(), 0);
  ASSERT_EQ(qxl_core_start(core), 0);
  EXPECT_EQ(create_surface(bo, new_fence(), id), 0);
  EXPECT_EQ(device->primary().width, 640u);
  EXPECT_EQ(device->primary().height, (1u << 20) / (640 * 4));
  qxl_core_surface_evict(core, id);
  settle();
}

TEST_F(Surface, LookupPromotes) {
  qxl_bo bo;
  qxl_fence &fence = new_fence();
  uint32_t id = 0;

  start();
  ASSERT_EQ(create_surface(bo, fence, id), 0);
  EXPECT_EQ(qxl_core_surface_lookup(core, id), &bo);
  EXPECT_EQ(bo.count, 2u);
  bo.put();
  qxl_core_surface_evict(core, id);
  EXPECT_EQ(bo.count, 1u);
}

// Rule 2: a count that is zero stays zero, whatever the IDR still says.
TEST_F(Surface, LookupOfADyingObject) {
  qxl_bo bo;
  qxl_fence &fence = new_fence();
  uint32_t id = 0;

  start();
  ASSERT_EQ(create_surface(bo, fence, id), 0);
  ASSERT_TRUE(bo.put());
  EXPECT_EQ(qxl_core_surface_lookup(core, id), nullptr);
  EXPECT_EQ(bo.count, 0u);
  qxl_core_surface_evict(core, id);
  EXPECT_EQ(qxl_core_surface_lookup(core, id), nullptr);
}

TEST_F(Surface, LookupOfWhatIsNotThere) {
  start();
  for (uint32_t id : {0u, 1u, 7u, 8u, 0x7fffffffu, 0x80000000u, ~0u})
    EXPECT_EQ(qxl_core_surface_lookup(core, id), nullptr);
}

TEST_F(Surface, EvictUnpublishesAtOnce) {
  qxl_bo bo;
  qxl_fence &fence = new_fence();
  uint32_t id = 0;

  start();
  device->commands_per_step = 0;  // the host sleeps
  ASSERT_EQ(create_surface(bo, fence, id), 0);
  qxl_core_surface_evict(core, id);
  EXPECT_EQ(qxl_core_surface_lookup(core, id), nullptr);
  EXPECT_FALSE(fence.signalled());
  EXPECT_EQ(counters().surfaces, 1u);  // still reserved
  device->commands_per_step = UINT32_MAX;
  settle();
  EXPECT_EQ(counters().surfaces, 0u);
}

TEST_F(Surface, EvictTwiceAndOfNothing) {
  qxl_bo bo;
  qxl_fence &fence = new_fence();
  uint32_t id = 0;

  start();
  ASSERT_EQ(create_surface(bo, fence, id), 0);
  qxl_core_surface_evict(core, id);
  qxl_core_surface_evict(core, id);
  qxl_core_surface_evict(core, 5);
  qxl_core_surface_evict(core, 0);
  settle();
  EXPECT_EQ(device->stats().surface_destroys, 1u);
  EXPECT_EQ(fence.signals, 1);
}

TEST_F(Surface, IdsRunOut) {
  qxl_bo bo[8];
  std::vector<qxl_fence *> fences = new_fences(8);
  uint32_t ids[8];

  start();
  for (int i = 0; i < 7; i++) ASSERT_EQ(create_surface(bo[i], *fences[i], ids[i]), 0);
  EXPECT_EQ(create_surface(bo[7], *fences[7], ids[7]), -ENOSPC);
  EXPECT_FALSE(fences[7]->signalled());  // still the caller's
  EXPECT_EQ(counters().surfaces, 7u);
  for (int i = 0; i < 7; i++)
    for (int j = 0; j < i; j++) EXPECT_NE(ids[i], ids[j]);
  qxl_core_surface_evict(core, ids[3]);
  settle();
  EXPECT_EQ(create_surface(bo[7], *fences[7], ids[7]), 0);
  EXPECT_EQ(ids[7], ids[3]);
  pump();
  for (int i = 0; i < 8; i++)
    if (i != 3) qxl_core_surface_evict(core, ids[i]);
  settle();
  EXPECT_EQ(counters().surfaces, 0u);
}

// Rule 4, with a host that never gives the destroy command back.
TEST_F(Surface, IdOfADestroyThatIsNeverReleasedIsNotReused) {
  qxl_bo bo[8];
  std::vector<qxl_fence *> fences = new_fences(8);
  uint32_t ids[8];

  start();
  device->hold_last = SIZE_MAX;
  device->bad.ignores_oom = true;
  for (int i = 0; i < 7; i++) ASSERT_EQ(create_surface(bo[i], *fences[i], ids[i]), 0);
  qxl_core_surface_evict(core, ids[0]);
  EXPECT_EQ(create_surface(bo[7], *fences[7], ids[7]), -EIO);
  EXPECT_EQ(counters().lost, 1u);
  for (int i = 1; i < 7; i++) qxl_core_surface_evict(core, ids[i]);
  qxl_k_fence_signal(fences[7], 0);
}

// Who waits for a fence has the rim call flush again and again: that ends.
TEST_F(Surface, WaitingForASilentHostEnds) {
  qxl_bo bo;
  qxl_fence *fence = new_fences(1)[0];
  uint32_t id;
  int calls = 0;

  start();
  device->hold_last = SIZE_MAX;
  device->bad.ignores_oom = true;
  ASSERT_EQ(create_surface(bo, *fence, id), 0);
  qxl_core_surface_evict(core, id);
  for (; calls < 10000 && !qxl_core_is_lost(core); calls++) {
    kernel.advance_ms(10);
    qxl_core_flush(core);
  }
  EXPECT_EQ(calls, 4001);
  EXPECT_EQ(fence->error, -EIO);
}

// What comes back now and then is not silence, whatever else is held.
TEST_F(Surface, WaitingForASlowHostGoesOn) {
  qxl_bo bo;
  qxl_fence *fence = new_fences(1)[0];
  uint32_t id;

  start();
  ASSERT_EQ(create_surface(bo, *fence, id), 0);
  for (int i = 0; i < 10; i++) {
    for (int calls = 0; calls < 3900; calls++) {
      kernel.advance_ms(10);
      qxl_core_flush(core);
    }
    ASSERT_EQ(present_all(fake::Frame(16, 16)), 0);
    settle();
  }
  EXPECT_FALSE(qxl_core_is_lost(core));
  qxl_core_surface_evict(core, id);
  settle();
}

// All ids published: nothing to wait for, somebody must evict.
TEST_F(Surface, AllIdsPublishedIsNoSpace) {
  qxl_bo bo[8];
  std::vector<qxl_fence *> fences = new_fences(8);
  uint32_t ids[8];

  start();
  for (int i = 0; i < 7; i++) ASSERT_EQ(create_surface(bo[i], *fences[i], ids[i]), 0);
  EXPECT_EQ(create_surface(bo[7], *fences[7], ids[7]), -ENOSPC);
  EXPECT_EQ(counters().lost, 0u);
  for (int i = 0; i < 7; i++) qxl_core_surface_evict(core, ids[i]);
  settle();
  EXPECT_EQ(create_surface(bo[7], *fences[7], ids[7]), 0);
  qxl_core_surface_evict(core, ids[7]);
  settle();
}

// For reaping: the least recently used first, dying objects left out.
TEST_F(Surface, OldestFirst) {
  qxl_bo bo[4];
  std::vector<qxl_fence *> fences = new_fences(4);
  uint32_t ids[4];
  uint64_t since = 0;

  start();
  for (int i = 0; i < 4; i++) ASSERT_EQ(create_surface(bo[i], *fences[i], ids[i]), 0);
  qxl_core_surface_touch(core, ids[0]);
  qxl_core_surface_evict(core, ids[2]);
  for (qxl_bo *expected : {&bo[1], &bo[3], &bo[0]}) {
    qxl_bo *oldest = qxl_core_surface_oldest(core, &since);
    ASSERT_EQ(oldest, expected);
    EXPECT_EQ(oldest->count, 2u);
    oldest->put();
  }
  EXPECT_EQ(qxl_core_surface_oldest(core, &since), nullptr);
  for (int i = 0; i < 4; i++) qxl_core_surface_evict(core, ids[i]);
  settle();
}

// Rule 4. The fake reports a create that comes too early, too.
TEST_F(Surface, IdIsNotReusedBeforeTheDestroyIsReleased) {
  qxl_bo bo[8];
  std::vector<qxl_fence *> fences = new_fences(9);
  uint32_t ids[8], again;

  start();
  device->hold_last = SIZE_MAX;  // nothing comes back
  for (int i = 0; i < 7; i++) ASSERT_EQ(create_surface(bo[i], *fences[i], ids[i]), 0);
  qxl_core_surface_evict(core, ids[0]);
  settle();
  EXPECT_FALSE(device->has_surface(ids[0]));
  EXPECT_FALSE(fences[0]->signalled());
  // It asks for the release, and has the id only with it.
  EXPECT_EQ(create_surface(bo[7], *fences[7], again), 0);
  EXPECT_TRUE(fences[0]->signalled());
  EXPECT_EQ(again, ids[0]);
  for (int i = 1; i < 7; i++) qxl_core_surface_evict(core, ids[i]);
  qxl_core_surface_evict(core, again);
  settle();
}

TEST_F(Surface, CreateFailsAtEveryAllocation) {
  uint64_t n = 1;

  start();
  for (;; n++) {
    qxl_bo bo;
    qxl_fence &fence = new_fence();
    uint32_t id = 0;
    const auto before = counters();

    kernel.fail_allocation_at(n);
    const int error = create_surface(bo, fence, id);
    kernel.fail_allocation_at(0);
    if (!error) {
      qxl_core_surface_evict(core, id);
      settle();
      break;
    }
    EXPECT_EQ(error, -ENOMEM);
    EXPECT_FALSE(fence.signalled());
    EXPECT_EQ(counters().surfaces, 0u);
    EXPECT_EQ(counters().in_flight, before.in_flight);
    EXPECT_EQ(counters().commands, before.commands);
    ASSERT_LT(n, 20u);
  }
  EXPECT_GE(n, 2u) << "nothing could fail?";
}

// What fails on the way takes back what it took: memory as well.
TEST_F(Surface, FailedCreatesLeakNothing) {
  qxl_bo bo;
  qxl_fence &fence = new_fence();
  uint32_t id = 0;

  start();
  for (int i = 0; i < 20000; i++) {
    kernel.fail_allocation_at(1);
    ASSERT_EQ(create_surface(bo, fence, id), -ENOMEM);
  }
  kernel.fail_allocation_at(0);
  ASSERT_EQ(create_surface(bo, fence, id), 0);
  qxl_core_surface_evict(core, id);
  settle();
  EXPECT_EQ(present_all(fake::Frame(640, 480)), 0);
}

// Rule 5: teardown cannot fail.
TEST_F(Surface, EvictNeedsNoAllocation) {
  qxl_bo bo;
  qxl_fence &fence = new_fence();
  uint32_t id = 0;

  start();
  ASSERT_EQ(create_surface(bo, fence, id), 0);
  kernel.fail_every_allocation(true);
  qxl_core_surface_evict(core, id);
  settle();
  EXPECT_FALSE(kernel.allocation_failed());
  kernel.fail_every_allocation(false);
  EXPECT_TRUE(fence.signalled());
  EXPECT_FALSE(device->has_surface(id));
}

// Nor upload memory: it was set aside.
TEST_F(Surface, EvictWhenUploadMemoryIsExhausted) {
  qxl_bo bo;
  qxl_fence &fence = new_fence();
  uint32_t id = 0;

  start();
  ASSERT_EQ(create_surface(bo, fence, id), 0);
  device->hold_last = SIZE_MAX;
  while (counters().oom_notifies == 0) ASSERT_EQ(present_all(fake::Frame(640, 480)), 0);
  const uint64_t requests = counters().memory_waits;
  qxl_core_surface_evict(core, id);
  pump();
  EXPECT_EQ(counters().memory_waits, requests);
  EXPECT_FALSE(device->has_surface(id));
}

TEST_F(Surface, FenceErrorWhenLostBeforeEvict) {
  qxl_bo bo;
  qxl_fence &fence = new_fence();
  uint32_t id = 0;

  start();
  ASSERT_EQ(create_surface(bo, fence, id), 0);
  qxl_core_lose(core);
  qxl_core_surface_evict(core, id);
  EXPECT_EQ(fence.signals, 1);
  EXPECT_EQ(fence.error, -EIO);
  EXPECT_EQ(qxl_core_surface_lookup(core, id), nullptr);
  EXPECT_EQ(counters().surfaces, 0u);
}

TEST_F(Surface, FenceErrorWhenLostAfterEvict) {
  qxl_bo bo;
  qxl_fence &fence = new_fence();
  uint32_t id = 0;

  start();
  device->hold_last = SIZE_MAX;
  ASSERT_EQ(create_surface(bo, fence, id), 0);
  qxl_core_surface_evict(core, id);
  pump();
  EXPECT_FALSE(fence.signalled());
  qxl_core_lose(core);
  EXPECT_EQ(fence.signals, 1);
  EXPECT_EQ(fence.error, -EIO);
  // The host may still be reading: the id comes free with the reset.
  qxl_core_stop(core, -EIO);
  EXPECT_EQ(fence.signals, 1);
  EXPECT_EQ(counters().surfaces, 0u);
}

TEST_F(Surface, StopSignalsWithItsError) {
  qxl_bo bo[2];
  std::vector<qxl_fence *> fences = new_fences(2);
  uint32_t ids[2];

  start();
  device->hold_last = SIZE_MAX;
  for (int i = 0; i < 2; i++) {
    ASSERT_EQ(create_surface(bo[i], *fences[i], ids[i]), 0);
    qxl_core_surface_evict(core, ids[i]);
  }
  qxl_core_stop(core, 0);
  for (const qxl_fence *fence : fences) EXPECT_EQ(fence->signals, 1);
  EXPECT_EQ(counters().surfaces, 0u);
}

// qxl_core_stop(): "fences signal with @error (0 or a negative errno)".
TEST_F(Surface, StopWithoutErrorIsNotAnError) {
  qxl_bo bo;
  qxl_fence &fence = new_fence();
  uint32_t id = 0;

  start();
  device->hold_last = SIZE_MAX;
  ASSERT_EQ(create_surface(bo, fence, id), 0);
  qxl_core_surface_evict(core, id);
  pump();
  qxl_core_stop(core, 0);
  EXPECT_EQ(fence.error, 0);
}

// The device takes no command without one.
TEST_F(Surface, CreateWithoutAPrimaryMakesOne) {
  qxl_bo bo[2];
  std::vector<qxl_fence *> fences = new_fences(2);
  uint32_t ids[2];

  ASSERT_EQ(create(), 0);
  ASSERT_EQ(qxl_core_start(core), 0);
  for (int i = 0; i < 2; i++) ASSERT_EQ(create_surface(bo[i], *fences[i], ids[i]), 0);
  EXPECT_TRUE(device->has_primary());
  EXPECT_EQ(device->primary().width, 640u);
  EXPECT_EQ(device->primary().height, 480u);
  expect_picture(std::vector<uint32_t>(640 * 480, 0));
  pump();
  for (uint32_t id : ids) EXPECT_TRUE(device->has_surface(id));
  EXPECT_EQ(counters().surfaces, 2u);
  EXPECT_EQ(device->stats().port_writes[QXL_IO_CREATE_PRIMARY_ASYNC], 1u);
  // It is as good as any: present, and keep it.
  EXPECT_EQ(present_all(fake::Frame(640, 480)), 0);
  EXPECT_EQ(qxl_core_set_primary(core, 640, 480), 0);
  EXPECT_EQ(device->stats().port_writes[QXL_IO_CREATE_PRIMARY_ASYNC], 1u);
  for (uint32_t id : ids) qxl_core_surface_evict(core, id);
  settle();
  EXPECT_EQ(counters().surfaces, 0u);
}

TEST_F(Surface, CreateWithoutAPrimaryThatIsNeverMade) {
  qxl_bo bo;
  qxl_fence &fence = new_fence();
  uint32_t id = 0;

  ASSERT_EQ(create(), 0);
  ASSERT_EQ(qxl_core_start(core), 0);
  device->bad.never_answers_async = true;
  EXPECT_EQ(create_surface(bo, fence, id), -EIO);
  EXPECT_FALSE(fence.signalled());
  EXPECT_EQ(counters().surfaces, 0u);
  EXPECT_EQ(counters().in_flight, 0u);
}

TEST_F(Surface, CreateWhenLost) {
  qxl_bo bo;
  qxl_fence &fence = new_fence();
  uint32_t id = 0;

  start();
  qxl_core_lose(core);
  EXPECT_EQ(create_surface(bo, fence, id), -EIO);
  EXPECT_FALSE(fence.signalled());
  EXPECT_EQ(counters().surfaces, 0u);
}

// Lost exactly while the create command waits for a ring slot: the id is out,
// and evict must finish it.
TEST_F(Surface, LostWhileCreateWaitsForTheRing) {
  qxl_bo bo;
  qxl_fence &fence = new_fence();
  uint32_t id = 0;

  start();
  device->bad.stops_consuming = true;
  std::vector<qxl_rect> rects(32, {0, 0, 4, 4});
  ASSERT_EQ(present(fake::Frame(16, 16), rects), 0);  // fills the ring
  const int error = create_surface(bo, fence, id);
  EXPECT_EQ(counters().lost, 1u);
  if (!error) qxl_core_surface_evict(core, id);
  EXPECT_EQ(fence.signals, error ? 0 : 1);
  EXPECT_EQ(counters().surfaces, 0u);
}

// A device may offer more than there are records for: pictures need some too.
TEST_F(Surface, AllOfThemLeaveRoomForPictures) {
  std::vector<std::unique_ptr<qxl_bo>> bos;
  const fake::Frame frame(64, 64);
  uint32_t ids = 0, id;

  config.ram_bytes = 64 << 20;
  config.n_surfaces = 8192;
  start(64, 64);
  EXPECT_EQ(rom.n_surfaces, 2048u);
  int error = 0;
  while (!error) {
    bos.push_back(std::make_unique<qxl_bo>());
    error = create_surface(*bos.back(), new_fence(), id);
    if (!error) ids++;
  }
  EXPECT_EQ(error, -ENOSPC);
  EXPECT_EQ(ids, rom.n_surfaces - 1);
  EXPECT_EQ(counters().release_slots, 2 * ids);
  const uint64_t before = kernel.now_ms();
  for (int i = 0; i < 1000; i++) ASSERT_EQ(present_all(frame), 0);
  EXPECT_EQ(kernel.now_ms(), before);
  for (uint32_t i = 1; i <= ids; i++) qxl_core_surface_evict(core, i);
}

TEST_F(Surface, Churn) {
  std::mt19937 random(3);
  struct Entry {
    qxl_bo bo;
    qxl_fence fence;
    uint32_t id = 0;
  };
  std::vector<std::unique_ptr<Entry>> all;
  std::vector<Entry *> live;

  config.n_surfaces = 20;
  start();
  device->hold_last = 3;
  for (int i = 0; i < 3000; i++) {
    if (random() % 2 || live.empty()) {
      auto entry = std::make_unique<Entry>();
      const int error = create_surface(entry->bo, entry->fence, entry->id);
      if (error) {
        ASSERT_EQ(error, -ENOSPC);
        settle();
        continue;
      }
      live.push_back(entry.get());
      all.push_back(std::move(entry));
    } else {
      const size_t at = random() % live.size();
      qxl_core_surface_evict(core, live[at]->id);
      live.erase(live.begin() + (long)at);
    }
    if (random() % 10 == 0) pump();
  }
  for (Entry *entry : live) qxl_core_surface_evict(core, entry->id);
  device->hold_last = 0;
  settle();
  for (auto &entry : all) EXPECT_EQ(entry->fence.signals, 1);
  EXPECT_EQ(counters().surfaces, 0u);
  EXPECT_EQ(counters().bad_releases, 0u);
}

TEST_F(Surface, Update) {
  qxl_bo bo;
  qxl_fence &fence = new_fence();
  uint32_t id = 0;
  const qxl_rect area = {1, 2, 16, 16};

  start();
  ASSERT_EQ(create_surface(bo, fence, id), 0);
  // The create command may still be on the ring.
  EXPECT_EQ(qxl_core_surface_update(core, id, &area), 0);
  EXPECT_EQ(device->ram()->update_surface, id);
  EXPECT_EQ(device->ram()->update_area.left, 1);
  EXPECT_EQ(device->ram()->update_area.top, 2);
  EXPECT_EQ(device->ram()->update_area.right, 16);
  EXPECT_EQ(device->stats().port_writes[QXL_IO_UPDATE_AREA_ASYNC], 1u);
  device->bad.never_answers_async = true;
  EXPECT_EQ(qxl_core_surface_update(core, id, &area), -EIO);
  qxl_core_surface_evict(core, id);
}

// What lies in the surface's memory is what it starts with.
TEST_F(Surface, KeepsItsContents) {
  for (int32_t stride : {64, -64}) {
    const qxl_surface_desc desc = {SPICE_SURFACE_FMT_8_A, 50, 20, stride};
    qxl_bo bo;
    qxl_fence &fence = new_fence();
    uint32_t id = 0;

    if (!core) start();
    for (int i = 0; i < 64 * 20; i++) device->surface_memory()[4096 + i] = (uint8_t)(i % 251);
    ASSERT_EQ(qxl_core_surface_create(core, &bo, &desc, 4096, &fence, &id), 0);
    const std::vector<uint8_t> shown = device->surface_pixels(id);
    for (int y = 0; y < 20; y++)
      for (int x = 0; x < 50; x++)
        ASSERT_EQ(shown[(size_t)(y * 50 + x)], ((stride > 0 ? y : 19 - y) * 64 + x) % 251);
    qxl_core_surface_evict(core, id);
  }
}

}  // namespace
