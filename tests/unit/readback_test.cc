// SPDX-License-Identifier: GPL-2.0-only
// What the host has drawn, read back.
#include <algorithm>

#include "rig.h"

namespace {

// Bit by bit, over the bytes of packed pixels with a fourth byte of 0.
uint32_t crc_of(const std::vector<uint32_t> &pixels) {
  uint32_t crc = 0;

  for (const uint32_t pixel : pixels)
    for (int bit = 0; bit < 32; bit++)
      crc = crc >> 1 ^ ((crc ^ (pixel & 0xffffff) >> bit) & 1 ? 0xedb88320 : 0);
  return crc;
}

class Readback : public fake::CoreTest {
 protected:
  // The area's pixels, X byte and all. Around them nothing may be written.
  std::vector<uint32_t> read(const qxl_rect &area) {
    const auto width = (uint32_t)(area.x2 - area.x1), height = (uint32_t)(area.y2 - area.y1);
    const uint32_t pitch = width + 3;
    std::vector<uint32_t> rows((size_t)pitch * height, guard), packed;

    EXPECT_EQ(qxl_core_read_primary(core, &area, rows.data(), (size_t)pitch * 4), 0);
    for (size_t i = 0; i < rows.size(); i++)
      if (i % pitch < width)
        packed.push_back(rows[i]);
      else
        EXPECT_EQ(rows[i], guard) << "pixel " << i;
    return packed;
  }

  // Of what is on the host's screen.
  std::vector<uint32_t> shown(const qxl_rect &area) {
    const std::vector<uint32_t> all = device->picture();
    std::vector<uint32_t> part;

    for (int32_t y = area.y1; y < area.y2; y++)
      for (int32_t x = area.x1; x < area.x2; x++)
        part.push_back(all[(size_t)y * device->primary().width + (size_t)x]);
    return part;
  }

  uint32_t crc(const qxl_rect &area) {
    uint32_t value = 0;

    EXPECT_EQ(qxl_core_crc_of_primary(core, &area, &value), 0);
    return value;
  }

  uint32_t updates() { return device->stats().port_writes[QXL_IO_UPDATE_AREA_ASYNC]; }
  static void expect_area(const QXLRect &asked, const qxl_rect &area) {
    EXPECT_EQ(asked.left, area.x1);
    EXPECT_EQ(asked.top, area.y1);
    EXPECT_EQ(asked.right, area.x2);
    EXPECT_EQ(asked.bottom, area.y2);
  }

  static constexpr uint32_t guard = 0x12345678;
};

TEST_F(Readback, IsWhatTheHostShows) {
  start(300, 40);
  ASSERT_EQ(present_all(fake::Frame(300, 40, 1)), 0);
  // One pixel, less and more than is copied in one go, all of it.
  for (const qxl_rect &area : std::initializer_list<qxl_rect>{{299, 39, 300, 40},
                                                              {3, 5, 66, 9},
                                                              {3, 5, 67, 9},
                                                              {3, 5, 68, 9},
                                                              {100, 0, 229, 40},
                                                              {0, 0, 300, 40}}) {
    EXPECT_EQ(read(area), shown(area));
    EXPECT_EQ(crc(area), crc_of(shown(area)));
  }
}

// Drawn when the host is asked for it, and no earlier.
TEST_F(Readback, AsksForTheArea) {
  const qxl_rect area = {8, 4, 40, 20};

  start(64, 48);
  ASSERT_EQ(present_all(fake::Frame(64, 48, 2)), 0);
  device->clear_stats();
  read(area);
  EXPECT_EQ(updates(), 1u);
  EXPECT_EQ(device->ram()->update_surface, 0u);
  expect_area(device->ram()->update_area, area);
  crc({0, 0, 64, 48});
  EXPECT_EQ(updates(), 2u);
  expect_area(device->ram()->update_area, {0, 0, 64, 48});
}

TEST_F(Readback, TheUnusedByteSaysNothing) {
  start(64, 48);
  std::vector<uint32_t> first;
  uint32_t value = 0;

  for (const uint32_t unused : {0u, 0xff000000u, 0x5a000000u}) {
    fake::Frame frame(64, 48, 3);
    for (uint32_t &pixel : frame.pixels) pixel = (pixel & 0xffffff) | unused;
    ASSERT_EQ(present_all(frame), 0);
    if (first.empty()) {
      first = read({0, 0, 64, 48});
      value = crc({0, 0, 64, 48});
    }
    EXPECT_EQ(read({0, 0, 64, 48}), first);
    EXPECT_EQ(crc({0, 0, 64, 48}), value);
  }
  EXPECT_TRUE(std::ranges::all_of(first, [](uint32_t pixel) { return pixel <= 0xffffff; }));
}

TEST_F(Readback, EveryPixelCounts) {
  fake::Frame frame(64, 8, 4);
  start(64, 8);
  ASSERT_EQ(present_all(frame), 0);
  const uint32_t before = crc({0, 0, 64, 8});

  for (const uint32_t x : {0u, 31u, 63u}) {
    frame.at_pixel(x, 5) ^= 1;
    ASSERT_EQ(present_all(frame), 0);
    EXPECT_NE(crc({0, 0, 64, 8}), before);
    frame.at_pixel(x, 5) ^= 1;
  }
  ASSERT_EQ(present_all(frame), 0);
  EXPECT_EQ(crc({0, 0, 64, 8}), before);
}

// Equal pictures have equal sums, whichever head's they are.
TEST_F(Readback, TwoHeadsAlike) {
  const qxl_head two[] = {{0, 0, 32, 48}, {32, 0, 32, 48}};

  start(64, 48);
  ASSERT_EQ(qxl_core_set_monitors(core, two, 2), 0);
  const fake::Frame frame(32, 48, 5);
  ASSERT_EQ(present(frame, {{0, 0, 32, 48}}), 0);
  EXPECT_NE(crc({0, 0, 32, 48}), crc({32, 0, 64, 48}));
  const qxl_frame other = frame.at(32, 0, 1);
  const qxl_rect all = {0, 0, 32, 48};
  ASSERT_EQ(qxl_core_present(core, &other, &all, 1), 0);
  EXPECT_EQ(crc({0, 0, 32, 48}), crc({32, 0, 64, 48}));
}

TEST_F(Readback, AnAdoptedPrimary) {
  for (const int32_t stride : {256, 288, -256, -288}) {
    const qxl_surface_desc desc = {SPICE_SURFACE_FMT_32_xRGB, 64, 48, stride};

    start(64, 48);
    ASSERT_EQ(qxl_core_adopt_primary(core, &desc, 8192, device->surface_memory() + 8192), 0);
    ASSERT_EQ(present(fake::Frame(20, 10, 6), {{0, 0, 20, 10}}, 30, 7), 0);
    EXPECT_EQ(read({25, 3, 60, 20}), shown({25, 3, 60, 20}));
    EXPECT_EQ(crc({0, 0, 64, 48}), crc_of(shown({0, 0, 64, 48})));
    // And after it the driver's own again.
    ASSERT_EQ(qxl_core_set_primary(core, 64, 48), 0);
    ASSERT_EQ(present_all(fake::Frame(64, 48, 7)), 0);
    EXPECT_EQ(read({0, 0, 64, 48}), shown({0, 0, 64, 48}));
    destroy_core();
  }
}

TEST_F(Readback, OnlyWhatIsOnThePrimary) {
  uint32_t pixels[4] = {guard, guard, guard, guard};
  uint32_t value = guard;

  start(64, 48);
  device->clear_stats();
  for (const qxl_rect &area : std::initializer_list<qxl_rect>{{0, 0, 65, 48},
                                                              {0, 0, 64, 49},
                                                              {-1, 0, 1, 1},
                                                              {0, -1, 1, 1},
                                                              {64, 0, 65, 1},
                                                              {0, 0, 0, 1},
                                                              {0, 0, 1, 0},
                                                              {10, 10, 9, 11},
                                                              {INT32_MIN, 0, INT32_MAX, 1},
                                                              {INT32_MAX, 0, INT32_MIN, 1}}) {
    EXPECT_EQ(qxl_core_read_primary(core, &area, pixels, 8), -EINVAL);
    EXPECT_EQ(qxl_core_crc_of_primary(core, &area, &value), -EINVAL);
  }
  EXPECT_EQ(updates(), 0u);
  EXPECT_EQ(value, guard);
  EXPECT_TRUE(std::ranges::all_of(pixels, [](uint32_t pixel) { return pixel == guard; }));
}

TEST_F(Readback, WithoutAPrimary) {
  const qxl_rect area = {0, 0, 1, 1};
  uint32_t value = guard;

  ASSERT_EQ(create(), 0);
  EXPECT_EQ(qxl_core_read_primary(core, &area, &value, 4), -EIO);
  ASSERT_EQ(qxl_core_start(core), 0);
  EXPECT_EQ(qxl_core_read_primary(core, &area, &value, 4), -EINVAL);
  EXPECT_EQ(qxl_core_crc_of_primary(core, &area, &value), -EINVAL);
  EXPECT_EQ(value, guard);
}

TEST_F(Readback, NeverAnswered) {
  const qxl_rect area = {0, 0, 1, 1};
  uint32_t value = guard;

  start(64, 48);
  device->bad.never_answers_async = true;
  const uint64_t before = kernel.now_ms();
  ASSERT_EQ(qxl_core_read_primary(core, &area, &value, 4), -EIO);
  EXPECT_LE(kernel.now_ms() - before, 45000u);
  EXPECT_EQ(counters().lost, 1u);
  // From now on at once, and nothing of what is in memory.
  const uint64_t lost_at = kernel.now_ms();
  EXPECT_EQ(qxl_core_crc_of_primary(core, &area, &value), -EIO);
  EXPECT_EQ(kernel.now_ms(), lost_at);
  EXPECT_EQ(value, guard);
  device->bad.never_answers_async = false;
  ASSERT_EQ(qxl_core_start(core), 0);
  EXPECT_EQ(qxl_core_read_primary(core, &area, &value, 4), -EINVAL);
  ASSERT_EQ(qxl_core_set_primary(core, 64, 48), 0);
  EXPECT_EQ(qxl_core_read_primary(core, &area, &value, 4), 0);
  EXPECT_EQ(value, 0u);
}

}  // namespace
