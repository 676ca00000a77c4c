// SPDX-License-Identifier: GPL-2.0-only
// The primary surface and the monitors config.
#include <algorithm>

#include "rig.h"

namespace {

class Primary : public fake::CoreTest {};

TEST_F(Primary, HasTheSizeAskedFor) {
  start(640, 480);
  EXPECT_EQ(device->primary().width, 640u);
  EXPECT_EQ(device->primary().height, 480u);
  EXPECT_EQ(device->primary().stride, 640 * 4);
}

TEST_F(Primary, IsBlackWhateverTheMemoryHeld) {
  ASSERT_EQ(create(), 0);
  std::fill_n(device->ram_memory(), config.vgamem_bytes, 0xaa);
  ASSERT_EQ(qxl_core_start(core), 0);
  ASSERT_EQ(qxl_core_set_primary(core, 64, 64), 0);
  expect_picture(std::vector<uint32_t>(64 * 64, 0));
}

TEST_F(Primary, SameSizeIsNoWork) {
  start(640, 480);
  device->clear_stats();
  ASSERT_EQ(qxl_core_set_primary(core, 640, 480), 0);
  EXPECT_TRUE(device->stats().port_writes.empty());
}

TEST_F(Primary, AnotherSizeDestroysTheOldOneFirst) {
  start(640, 480);
  device->clear_stats();
  ASSERT_EQ(qxl_core_set_primary(core, 800, 600), 0);
  EXPECT_EQ(device->stats().port_writes[QXL_IO_DESTROY_PRIMARY_ASYNC], 1u);
  EXPECT_EQ(device->stats().port_writes[QXL_IO_CREATE_PRIMARY_ASYNC], 1u);
  EXPECT_EQ(device->primary().width, 800u);
}

TEST_F(Primary, SmallestAndLargest) {
  start(1, 1);
  // 4 MiB exactly.
  EXPECT_EQ(qxl_core_set_primary(core, 1024, 1024), 0);
  EXPECT_EQ(device->primary().height, 1024u);
}

TEST_F(Primary, TooLargeIsRefusedAndTheOldOneStays) {
  start(640, 480);
  for (auto [width, height] : std::initializer_list<std::pair<uint32_t, uint32_t>>{
           {1024, 1025}, {0, 480}, {640, 0}, {65536, 65536}, {0x40000000, 4}, {~0u, ~0u}})
    EXPECT_EQ(qxl_core_set_primary(core, width, height), -EINVAL);
  EXPECT_EQ(device->primary().width, 640u);
  EXPECT_EQ(present_all(fake::Frame(640, 480)), 0);
}

TEST_F(Primary, ANewSizeGivesBackWhatTheHostHeld) {
  start(64, 64);
  device->hold_last = 1000;
  for (int i = 0; i < 40; i++) ASSERT_EQ(present_all(fake::Frame(64, 64)), 0);
  ASSERT_EQ(qxl_core_set_primary(core, 96, 64), 0);
  device->flush_releases();
  pump();
  EXPECT_EQ(counters().in_flight, 0u);
}

// What is being sent to a client would be waited for slowly by the server itself.
TEST_F(Primary, DrawsComeBackBeforeItGoes) {
  start(64, 64);
  device->hold_last = 1000;
  ASSERT_EQ(present_all(fake::Frame(64, 64)), 0);
  ASSERT_EQ(qxl_core_set_primary(core, 96, 64), 0);
  EXPECT_EQ(device->stats().held_by_primary, 0u);
}

TEST_F(Primary, IsNotWaitedForLongByDrawsThatDoNotComeBack) {
  start(64, 64);
  device->hold_last = 1000;
  device->oom_frees = 0;
  ASSERT_EQ(present_all(fake::Frame(64, 64)), 0);
  const uint64_t before = kernel.now_ms();
  EXPECT_EQ(qxl_core_set_primary(core, 96, 64), 0);
  EXPECT_EQ(device->stats().held_by_primary, 1u);
  EXPECT_LE(kernel.now_ms() - before, 150u);
}

// PEER-DEFECTS 15: a timeout is an error, in bounded time, and the device is
// lost.
TEST_F(Primary, CreateThatIsNeverAnswered) {
  ASSERT_EQ(create(), 0);
  ASSERT_EQ(qxl_core_start(core), 0);
  device->bad.never_answers_async = true;
  const uint64_t before = kernel.now_ms();
  EXPECT_EQ(qxl_core_set_primary(core, 64, 64), -EIO);
  EXPECT_GE(kernel.now_ms() - before, 40000u);
  EXPECT_LE(kernel.now_ms() - before, 45000u);
  EXPECT_EQ(counters().lost, 1u);
  EXPECT_EQ(kernel.losses_found, 1u);
  EXPECT_FALSE(kernel.log().empty());
  // And from now on at once.
  const uint64_t lost_at = kernel.now_ms();
  EXPECT_EQ(qxl_core_set_primary(core, 64, 64), -EIO);
  EXPECT_EQ(kernel.now_ms(), lost_at);
}

// Whoever waits for I/O holds locks that the reset needs.
TEST_F(Primary, IoEndsWhenTheDeviceIsLost) {
  const qxl_rect area = {0, 0, 8, 8};

  start(64, 64);
  device->hold_last = SIZE_MAX;
  device->bad.ignores_oom = true;
  device->bad.never_answers_async = true;
  ASSERT_EQ(present_all(fake::Frame(64, 64)), 0);
  // A fence is waited for, half of the time that the host has.
  auto flush = [&] {
    if (counters().lost) return false;
    qxl_core_flush(core);
    kernel.advance_ms(1000);
    return true;
  };
  for (int i = 0; i < 20; i++) flush();
  const uint64_t before = kernel.now_ms();
  kernel.on_wait = flush;
  EXPECT_EQ(qxl_core_surface_update(core, 0, &area), -EIO);
  EXPECT_LE(kernel.now_ms() - before, 25000u);
}

TEST_F(Primary, ComesBackAfterAReset) {
  start(64, 64);
  device->bad.never_answers_async = true;
  EXPECT_EQ(qxl_core_set_primary(core, 96, 64), -EIO);
  device->bad.never_answers_async = false;
  ASSERT_EQ(qxl_core_start(core), 0);
  ASSERT_EQ(qxl_core_set_primary(core, 64, 64), 0);
  EXPECT_EQ(present_all(fake::Frame(64, 64)), 0);
}

// A surface as the primary -----------------------------------------------------------

class Adopt : public fake::CoreTest {
 protected:
  int adopt(const qxl_surface_desc &desc, uint64_t offset = 0) {
    return qxl_core_adopt_primary(core, &desc, offset, device->surface_memory() + offset);
  }
  uint32_t creates() { return device->stats().port_writes[QXL_IO_CREATE_PRIMARY_ASYNC]; }
  uint32_t destroys() { return device->stats().port_writes[QXL_IO_DESTROY_PRIMARY_ASYNC]; }

  static constexpr qxl_surface_desc good = {SPICE_SURFACE_FMT_32_xRGB, 64, 48, 256};
};

TEST_F(Adopt, FromOneToTheOther) {
  start(64, 48);
  device->clear_stats();
  ASSERT_EQ(adopt(good, 4096), 0);
  EXPECT_EQ(creates(), 1u);
  EXPECT_EQ(destroys(), 1u);
  EXPECT_EQ(device->ram()->create_surface.flags, (uint32_t)QXL_SURF_FLAG_KEEP_DATA);
  // Of the same size, but the driver's own: not the same.
  ASSERT_EQ(qxl_core_set_primary(core, 64, 48), 0);
  EXPECT_EQ(creates(), 2u);
  EXPECT_EQ(destroys(), 2u);
  EXPECT_EQ(device->ram()->create_surface.flags, 0u);
  ASSERT_EQ(qxl_core_set_primary(core, 64, 48), 0);
  EXPECT_EQ(creates(), 2u);
  // Two surfaces of the same size are not the same either.
  ASSERT_EQ(adopt(good, 4096), 0);
  ASSERT_EQ(adopt(good, 65536), 0);
  EXPECT_EQ(creates(), 4u);
  EXPECT_EQ(destroys(), 4u);
}

TEST_F(Adopt, IsAPrimaryForSurfacesAndDraws) {
  const qxl_surface_desc desc = {SPICE_SURFACE_FMT_8_A, 16, 16, 16};
  qxl_bo bo;
  uint32_t id = 0;

  ASSERT_EQ(create(), 0);
  ASSERT_EQ(qxl_core_start(core), 0);
  ASSERT_EQ(adopt(good), 0);
  ASSERT_EQ(qxl_core_surface_create(core, &bo, &desc, 65536, &new_fence(), &id), 0);
  EXPECT_EQ(creates(), 1u);
  EXPECT_EQ(present_all(fake::Frame(64, 48)), 0);
  qxl_core_surface_evict(core, id);
}

TEST_F(Adopt, OnlyWhatCanBeThePrimary) {
  const qxl_surface_desc bad[] = {
      {SPICE_SURFACE_FMT_32_ARGB, 64, 48, 256},      {SPICE_SURFACE_FMT_16_565, 64, 48, 256},
      {SPICE_SURFACE_FMT_8_A, 64, 48, 64},           {0, 64, 48, 256},
      {SPICE_SURFACE_FMT_32_xRGB, 0, 48, 256},       {SPICE_SURFACE_FMT_32_xRGB, 64, 0, 256},
      {SPICE_SURFACE_FMT_32_xRGB, 64, 48, 252},      {SPICE_SURFACE_FMT_32_xRGB, 64, 48, 258},
      {SPICE_SURFACE_FMT_32_xRGB, 64, 48, 0},        {SPICE_SURFACE_FMT_32_xRGB, 64, 48, INT32_MIN},
      {SPICE_SURFACE_FMT_32_xRGB, 1024, 1025, 4096}, {SPICE_SURFACE_FMT_32_xRGB, 64, 16385, 256},
      {SPICE_SURFACE_FMT_32_xRGB, 16385, 1, 65544},  {SPICE_SURFACE_FMT_32_xRGB, 1, 4, 0x40000000},
  };

  start(640, 480);
  device->clear_stats();
  for (const qxl_surface_desc &desc : bad) {
    EXPECT_FALSE(qxl_core_can_adopt_primary(core, &desc));
    EXPECT_EQ(adopt(desc), -EINVAL);
  }
  EXPECT_TRUE(device->stats().port_writes.empty());
  EXPECT_EQ(device->primary().width, 640u);
  for (const qxl_surface_desc &desc :
       std::initializer_list<qxl_surface_desc>{{SPICE_SURFACE_FMT_32_xRGB, 1024, 1024, 4096},
                                               {SPICE_SURFACE_FMT_32_xRGB, 16384, 64, 65536},
                                               {SPICE_SURFACE_FMT_32_xRGB, 64, 16384, 256},
                                               {SPICE_SURFACE_FMT_32_xRGB, 1, 1, 4}}) {
    EXPECT_TRUE(qxl_core_can_adopt_primary(core, &desc));
    EXPECT_EQ(adopt(desc), 0);
  }
}

TEST_F(Adopt, NeverAnswered) {
  start(64, 48);
  device->bad.never_answers_async = true;
  EXPECT_EQ(adopt(good), -EIO);
  EXPECT_EQ(adopt(good), -EIO);
  device->bad.never_answers_async = false;
  // A reset forgets whose it was.
  ASSERT_EQ(qxl_core_start(core), 0);
  device->clear_stats();
  ASSERT_EQ(qxl_core_set_primary(core, 64, 48), 0);
  EXPECT_EQ(creates(), 1u);
  ASSERT_EQ(qxl_core_set_primary(core, 64, 48), 0);
  EXPECT_EQ(creates(), 1u);
}

TEST_F(Adopt, IsForgottenByAReset) {
  start(64, 48);
  ASSERT_EQ(adopt(good), 0);
  ASSERT_EQ(qxl_core_start(core), 0);
  EXPECT_FALSE(device->has_primary());
  ASSERT_EQ(qxl_core_set_primary(core, 64, 48), 0);
  device->clear_stats();
  ASSERT_EQ(qxl_core_set_primary(core, 64, 48), 0);
  EXPECT_EQ(creates(), 0u);
}

class Monitors : public fake::CoreTest {};

TEST_F(Monitors, OneHead) {
  start(640, 480);
  const qxl_head head = {0, 0, 640, 480};
  ASSERT_EQ(qxl_core_set_monitors(core, &head, 1), 0);
  ASSERT_EQ(device->monitors().size(), 1u);
  EXPECT_EQ(device->monitors()[0].width, 640u);
  EXPECT_EQ(device->monitors()[0].height, 480u);
  EXPECT_EQ(device->monitors()[0].id, 0u);
}

TEST_F(Monitors, OnlyTheLitOnesAndTheyKeepTheirNumbers) {
  start(640, 480);
  const qxl_head all[] = {{0, 0, 320, 480}, {0, 0, 0, 0}, {320, 0, 320, 480}, {0, 0, 0, 0}};
  ASSERT_EQ(qxl_core_set_monitors(core, all, 4), 0);
  const auto shown = device->monitors();
  ASSERT_EQ(shown.size(), 2u);
  EXPECT_EQ(shown[0].id, 0u);
  EXPECT_EQ(shown[1].id, 2u);
  EXPECT_EQ(shown[1].x, 320u);
  EXPECT_GE(device->monitors_max_allowed(), 2);
}

TEST_F(Monitors, NoneLitIsRefused) {
  start(640, 480);
  const qxl_head off = {};
  EXPECT_EQ(qxl_core_set_monitors(core, &off, 1), -EINVAL);
  EXPECT_EQ(qxl_core_set_monitors(core, &off, 0), -EINVAL);
}

TEST_F(Monitors, MoreThanTheDeviceHas) {
  start(640, 480);
  std::vector<qxl_head> many(QXL_MAX_HEADS + 1, {0, 0, 64, 64});
  EXPECT_EQ(qxl_core_set_monitors(core, many.data(), 5), -EINVAL);
  EXPECT_EQ(qxl_core_set_monitors(core, many.data(), QXL_MAX_HEADS + 1), -EINVAL);
  EXPECT_EQ(qxl_core_set_monitors(core, many.data(), 4), 0);
}

TEST_F(Monitors, NeverAnswered) {
  start(640, 480);
  const qxl_head head = {0, 0, 640, 480};
  device->bad.never_answers_async = true;
  EXPECT_EQ(qxl_core_set_monitors(core, &head, 1), -EIO);
}

}  // namespace
