// SPDX-License-Identifier: GPL-2.0-only
// The pointer, on its own ring.
#include <climits>

#include "rig.h"

namespace {

class Cursor : public fake::CoreTest {
 protected:
  qxl_cursor_image image(uint32_t width, uint32_t height, uint32_t hot_x = 0, uint32_t hot_y = 0,
                         uint32_t extra = 0) {
    pixels = std::make_unique<fake::Frame>(width, height, ++seed, extra);
    return {pixels->pixels.data(), pixels->pitch, width, height, hot_x, hot_y};
  }

  std::unique_ptr<fake::Frame> pixels;
  uint32_t seed = 0;
};

TEST_F(Cursor, Set) {
  start();
  const auto shape = image(64, 64, 5, 7);
  ASSERT_EQ(qxl_core_cursor_set(core, &shape, 100, 200), 0);
  pump();
  const auto shown = device->cursor();
  EXPECT_TRUE(shown.visible);
  EXPECT_EQ(shown.x, 100);
  EXPECT_EQ(shown.y, 200);
  EXPECT_EQ(shown.width, 64u);
  EXPECT_EQ(shown.hot_x, 5u);
  EXPECT_EQ(shown.hot_y, 7u);
  EXPECT_EQ(shown.pixels, pixels->pixels);
}

TEST_F(Cursor, EverySizeAndPitch) {
  start();
  for (auto [width, height] : std::initializer_list<std::pair<uint32_t, uint32_t>>{
           {1, 1}, {1, 64}, {64, 1}, {24, 24}, {33, 47}}) {
    const auto shape = image(width, height, width - 1, height - 1, 128);
    ASSERT_EQ(qxl_core_cursor_set(core, &shape, 0, 0), 0);
    pump();
    const auto shown = device->cursor();
    ASSERT_EQ(shown.pixels.size(), width * height);
    for (uint32_t y = 0; y < height; y++)
      for (uint32_t x = 0; x < width; x++)
        ASSERT_EQ(shown.pixels[y * width + x] & 0xffffff, pixels->pixel(x, y));
  }
}

TEST_F(Cursor, BadImages) {
  start();
  for (auto [w, h, hx, hy] : std::initializer_list<std::array<uint32_t, 4>>{{0, 1, 0, 0},
                                                                            {1, 0, 0, 0},
                                                                            {65, 1, 0, 0},
                                                                            {1, 65, 0, 0},
                                                                            {16, 16, 16, 0},
                                                                            {16, 16, 0, 16},
                                                                            {~0u, ~0u, 0, 0}}) {
    fake::Frame frame(64, 64);
    const qxl_cursor_image bad = {frame.pixels.data(), 256, w, h, hx, hy};
    EXPECT_EQ(qxl_core_cursor_set(core, &bad, 0, 0), -EINVAL);
  }
  pump();
  EXPECT_EQ(device->stats().cursor_sets, 0u);
}

TEST_F(Cursor, MoveAndHide) {
  start();
  const auto shape = image(16, 16);
  ASSERT_EQ(qxl_core_cursor_set(core, &shape, 1, 2), 0);
  ASSERT_EQ(qxl_core_cursor_move(core, -3, -4), 0);
  pump();
  EXPECT_EQ(device->cursor().x, -3);
  EXPECT_EQ(device->cursor().y, -4);
  ASSERT_EQ(qxl_core_cursor_hide(core), 0);
  pump();
  EXPECT_FALSE(device->cursor().visible);
  // A new shape is not needed to move.
  EXPECT_EQ(device->stats().cursor_sets, 1u);
}

TEST_F(Cursor, PositionsThatDoNotFitAreClamped) {
  start();
  ASSERT_EQ(qxl_core_cursor_move(core, INT_MAX, INT_MIN), 0);
  pump();
  EXPECT_EQ(device->cursor().x, 32767);
  EXPECT_EQ(device->cursor().y, -32768);
}

TEST_F(Cursor, ShapeMemoryStaysIntactWhileShown) {
  start();
  const auto shape = image(64, 64);
  ASSERT_EQ(qxl_core_cursor_set(core, &shape, 0, 0), 0);
  pump();
  for (int i = 0; i < 1000; i++) ASSERT_EQ(qxl_core_cursor_move(core, i, i), 0);
  const auto other = image(64, 64);
  // The fake checks the old shape when it gives it back.
  ASSERT_EQ(qxl_core_cursor_set(core, &other, 0, 0), 0);
  pump();
  EXPECT_EQ(counters().lost, 0u);
}

TEST_F(Cursor, ManyShapes) {
  start();
  for (int i = 0; i < 500; i++) {
    const auto shape = image(64, 64);
    ASSERT_EQ(qxl_core_cursor_set(core, &shape, i, i), 0);
  }
  pump();
  EXPECT_EQ(device->cursor().pixels, pixels->pixels);
  EXPECT_EQ(counters().cursor_commands, 500u);
}

TEST_F(Cursor, BeforeAnyPrimary) {
  ASSERT_EQ(create(), 0);
  ASSERT_EQ(qxl_core_start(core), 0);
  const auto shape = image(16, 16);
  EXPECT_EQ(qxl_core_cursor_set(core, &shape, 0, 0), -EINVAL);
  EXPECT_EQ(qxl_core_cursor_move(core, 0, 0), -EINVAL);
  EXPECT_EQ(qxl_core_cursor_hide(core), -EINVAL);
  pump();
  // And nothing of it shows up afterwards.
  ASSERT_EQ(qxl_core_set_primary(core, 64, 64), 0);
  pump();
  EXPECT_EQ(device->stats().cursor_sets, 0u);
  EXPECT_EQ(counters().cursor_commands, 0u);
}

TEST_F(Cursor, DoesNotAllocate) {
  start();
  kernel.fail_every_allocation(true);
  const auto shape = image(64, 64);
  EXPECT_EQ(qxl_core_cursor_set(core, &shape, 0, 0), 0);
  EXPECT_EQ(qxl_core_cursor_move(core, 1, 1), 0);
  kernel.fail_every_allocation(false);
}

}  // namespace
