// SPDX-License-Identifier: GPL-2.0-only
// What the host gives back: once, and only what it holds. Anything else is
// counted and changes nothing.
#include "rig.h"

namespace {

class Release : public fake::CoreTest {
 protected:
  void SetUp() override {
    CoreTest::SetUp();
    start(64, 64);
    device->hold_last = SIZE_MAX;
  }
  // @count draws that the host holds.
  void hold(size_t count) {
    for (size_t i = 0; i < count; i++) ASSERT_EQ(present_all(frame), 0);
    pump();
    ASSERT_EQ(device->held(), count);
  }
  void collect() {
    qxl_core_collect(core);
    deferred = 0;
  }
  // The device still does its work.
  void expect_healthy() {
    ASSERT_EQ(present_all(frame), 0);
    EXPECT_EQ(device->pixel(7, 7), frame.pixel(7, 7));
    EXPECT_EQ(counters().lost, 0u);
  }

  fake::Frame frame{64, 64, 1};
};

TEST_F(Release, OneBunch) {
  hold(32);
  EXPECT_EQ(counters().in_flight, 32u);
  device->release_held(32);
  pump();
  EXPECT_EQ(counters().in_flight, 0u);
  EXPECT_EQ(counters().in_flight_bytes, 0u);
  EXPECT_EQ(counters().releases, 32u);
  EXPECT_EQ(counters().bad_releases, 0u);
}

// What debugfs and tracepoints tell agrees with what the host holds.
TEST_F(Release, IsCountedAndTraced) {
  const fake::Traces before = fake::traces();

  hold(7);
  EXPECT_EQ(counters().release_slots, 7u);
  EXPECT_EQ(counters().command_ring_used, 0u);
  EXPECT_EQ(fake::traces().submits, before.submits + 7);
  EXPECT_EQ(fake::traces().in_flight, 7u);
  device->release_held(7);
  device->flush_releases();
  pump();
  EXPECT_EQ(counters().release_slots, 0u);
  EXPECT_EQ(fake::traces().in_flight, 0u);
  EXPECT_EQ(fake::traces().losses, 0u);
}

TEST_F(Release, CommandsThatTheHostHasNotTakenAreCounted) {
  device->bad.stops_consuming = true;
  for (int i = 0; i < 3; i++) ASSERT_EQ(present_all(frame), 0);
  EXPECT_EQ(counters().command_ring_used, 3u);
  EXPECT_EQ(counters().cursor_ring_used, 0u);
  device->bad.stops_consuming = false;
  pump();
  EXPECT_EQ(counters().command_ring_used, 0u);
}

// A loss is traced once, however often it is noticed. Who says so needs no telling.
TEST_F(Release, LossIsTraced) {
  hold(2);
  qxl_core_lose(core);
  qxl_core_lose(core);
  EXPECT_EQ(fake::traces().losses, 1u);
  EXPECT_EQ(kernel.losses_found, 0u);
  EXPECT_EQ(fake::traces().in_flight, 2u);
  qxl_core_stop(core, -EIO);
  EXPECT_EQ(fake::traces().in_flight, 0u);
}

TEST_F(Release, PartialBunch) {
  hold(5);
  device->release_held(5);
  pump();
  EXPECT_EQ(counters().in_flight, 5u);  // not pushed yet
  device->flush_releases();
  pump();
  EXPECT_EQ(counters().in_flight, 0u);
}

TEST_F(Release, InAnyOrder) {
  hold(3);
  const auto ids = device->held_ids();
  // Backwards, one at a time.
  for (size_t i = 3; i-- > 0;) {
    device->held_info(i)->next = 0;
    device->push_raw_release(ids[i]);
    collect();
  }
  EXPECT_EQ(counters().in_flight, 0u);
  EXPECT_EQ(counters().bad_releases, 0u);
  forgive();  // the host's own books are wrong now
  qxl_core_stop(core, 0);
}

TEST_F(Release, ManyBunchesWrapTheRing) {
  for (int round = 0; round < 20; round++) {
    hold(64);
    device->release_held(64);
    pump();
    ASSERT_EQ(counters().in_flight, 0u);
  }
  EXPECT_EQ(counters().releases, 64u * 20);
}

TEST_F(Release, Forged) {
  hold(2);
  uint64_t bad = 0;

  for (uint64_t id : {1ull, 0xdeadbeefull, ~0ull, 9ull << 32, (1ull << 32) | 8191,
                      (2ull << 32) | 5000, (1ull << 32) | 8192, (1ull << 32) | 0xffffffff}) {
    device->push_raw_release(id);
    collect();
    EXPECT_EQ(counters().bad_releases, ++bad) << std::hex << id;
  }
  EXPECT_EQ(counters().in_flight, 2u);
  expect_healthy();
}

TEST_F(Release, ZeroIsAnEmptyChain) {
  hold(1);
  device->push_raw_release(0);
  collect();
  EXPECT_EQ(counters().in_flight, 1u);
  expect_healthy();
}

TEST_F(Release, TwiceAndStale) {
  hold(1);
  const uint64_t id = device->held_ids()[0];
  device->release_held(1);
  device->flush_releases();
  pump();
  EXPECT_EQ(counters().in_flight, 0u);
  device->push_raw_release(id);
  collect();
  EXPECT_EQ(counters().bad_releases, 1u);
  // The record is used again: the old id still names nothing.
  hold(1);
  EXPECT_NE(device->held_ids()[0], id);
  device->push_raw_release(id);
  collect();
  EXPECT_EQ(counters().bad_releases, 2u);
  EXPECT_EQ(counters().in_flight, 1u);
  expect_healthy();
}

TEST_F(Release, ChainThatLoopsToItself) {
  hold(1);
  const uint64_t id = device->held_ids()[0];
  device->held_info(0)->next = id;
  device->push_raw_release(id);
  collect();
  EXPECT_EQ(counters().in_flight, 0u);
  EXPECT_EQ(counters().bad_releases, 1u);
  qxl_core_stop(core, 0);
  forgive();
}

TEST_F(Release, ChainThatLoopsBack) {
  hold(3);
  const auto ids = device->held_ids();
  device->held_info(0)->next = ids[1];
  device->held_info(1)->next = ids[2];
  device->held_info(2)->next = ids[0];
  device->push_raw_release(ids[0]);
  collect();
  EXPECT_EQ(counters().in_flight, 0u);
  EXPECT_EQ(counters().releases, 3u);
  EXPECT_EQ(counters().bad_releases, 1u);
  qxl_core_stop(core, 0);
  forgive();
}

TEST_F(Release, ChainIntoNothing) {
  hold(2);
  const auto ids = device->held_ids();
  device->held_info(0)->next = 0x123456789abcdef;
  device->push_raw_release(ids[0]);
  collect();
  EXPECT_EQ(counters().in_flight, 1u);
  EXPECT_EQ(counters().bad_releases, 1u);
  qxl_core_stop(core, 0);
  forgive();
}

// A command that is not on a ring yet is not the host's to give back.
TEST_F(Release, NotSubmittedYet) {
  qxl_bo bo;
  qxl_fence &fence = new_fence();
  uint32_t id;
  const qxl_surface_desc desc = {SPICE_SURFACE_FMT_32_xRGB, 16, 16, 64};

  ASSERT_EQ(qxl_core_surface_create(core, &bo, &desc, 0, &fence, &id), 0);
  pump();
  // Every id there can be near by: among them the set-aside destroy's.
  for (uint64_t generation = 1; generation < 3; generation++)
    for (uint64_t index = 0; index < 64; index++)
      device->push_raw_release(generation << 32 | index), collect();
  EXPECT_FALSE(fence.signalled());
  qxl_core_surface_evict(core, id);
  pump();
  qxl_core_stop(core, 0);
  EXPECT_EQ(fence.signals, 1);
  forgive();
}

TEST_F(Release, ProducerIndexOutOfReach) {
  hold(4);
  // Were one of them believed, it would give back the first command.
  for (auto &item : device->ram()->release_ring.items) item.el = device->held_ids()[0];
  for (uint32_t prod : {9u, 1000u, 0x80000000u, ~0u}) {
    device->ram()->release_ring.prod = prod;
    collect();
    ASSERT_EQ(counters().in_flight, 4u);
    ASSERT_EQ(device->ram()->release_ring.cons, 0u);
  }
  device->ram()->release_ring.prod = 0;
  qxl_core_stop(core, 0);
}

TEST_F(Release, GarbageItemsInEverySlot) {
  std::mt19937_64 random(7);

  hold(8);
  for (int round = 0; round < 200; round++) {
    QXLReleaseRing &ring = device->ram()->release_ring;

    for (auto &item : ring.items) item.el = random() % 4 ? random() : (1ull << 32 | random() % 40);
    ring.prod += random() % 9;
    collect();
  }
  EXPECT_GT(counters().bad_releases, 0u);
  EXPECT_LE(counters().in_flight, 8u);
  qxl_core_stop(core, 0);
  EXPECT_EQ(counters().in_flight, 0u);
  forgive();
}

TEST_F(Release, WarningsAreLoggedAndCountedPerBadId) {
  kernel.clear_log();
  device->push_raw_release(77);
  collect();
  EXPECT_EQ(kernel.log().size(), 1u);
}

TEST_F(Release, CollectAfterLossDoesNothing) {
  hold(2);
  qxl_core_lose(core);
  device->release_held(2);
  device->flush_releases();
  collect();
  EXPECT_EQ(counters().lost, 1u);
}

// ipc_ring.h: the consumer looks again after arming, so that a release that
// came in between is not left without an interrupt.
TEST_F(Release, ArmsItsInterrupt) {
  collect();
  const uint32_t prod = device->ram()->release_ring.prod;
  EXPECT_EQ(device->ram()->release_ring.notify_on_prod, prod + 1);
  hold(1);
  irq_bits = 0;
  device->release_held(1);
  device->flush_releases();
  EXPECT_TRUE(irq_bits & QXL_IRQ_RELEASES);
}

}  // namespace
