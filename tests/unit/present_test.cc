// SPDX-License-Identifier: GPL-2.0-only
// Damage: what the host shows equals what was presented, pixel for pixel.
#include <algorithm>
#include <climits>

#include "rig.h"

namespace {

using Rects = std::vector<qxl_rect>;

class Present : public fake::CoreTest {
 protected:
  void SetUp() override {
    CoreTest::SetUp();
    start(width, height);
    expected.assign((size_t)width * height, 0);
  }

  // Draws as the border says: cut to the frame and to the primary.
  void expect(const fake::Frame &frame, const Rects &rects, int dx = 0, int dy = 0) {
    for (const qxl_rect &r : rects)
      for (int64_t y = std::max(r.y1, 0); y < std::min<int64_t>(r.y2, frame.height); y++)
        for (int64_t x = std::max(r.x1, 0); x < std::min<int64_t>(r.x2, frame.width); x++)
          put(x + dx, y + dy, frame.pixel((uint32_t)x, (uint32_t)y));
  }
  void put(int64_t x, int64_t y, uint32_t pixel) {
    if (x >= 0 && y >= 0 && x < width && y < height) expected[(size_t)(y * width + x)] = pixel;
  }
  void present_and_check(const fake::Frame &frame, const Rects &rects, int dx = 0, int dy = 0) {
    ASSERT_EQ(present(frame, rects, dx, dy), 0);
    expect(frame, rects, dx, dy);
    expect_picture(expected);
  }

  static constexpr int width = 640;
  static constexpr int height = 480;
  std::vector<uint32_t> expected;
};

TEST_F(Present, WholeFrame) {
  present_and_check(fake::Frame(640, 480, 1), {{0, 0, 640, 480}});
  EXPECT_EQ(device->stats().copies, 1u);
}

TEST_F(Present, OneRectangle) {
  present_and_check(fake::Frame(640, 480, 2), {{10, 20, 74, 84}});
  const auto stats = device->stats();
  EXPECT_EQ(stats.copies, 1u);
  EXPECT_EQ(stats.copied_pixels, 64u * 64);
  EXPECT_EQ(counters().presented_rects, 1u);
  EXPECT_EQ(counters().presented_bytes, 64u * 64 * 4);
}

TEST_F(Present, OnePixelInEachCorner) {
  present_and_check(fake::Frame(640, 480, 3),
                    {{0, 0, 1, 1}, {639, 0, 640, 1}, {0, 479, 1, 480}, {639, 479, 640, 480}});
}

TEST_F(Present, ManyRectangles) {
  Rects rects;

  for (int i = 0; i < QXL_DAMAGE_BATCH; i++)
    rects.push_back({i % 16 * 40, i / 16 * 30, i % 16 * 40 + 16, i / 16 * 30 + 16});
  present_and_check(fake::Frame(640, 480, 4), rects);
  // Each rectangle, never the bounding box of scattered ones.
  EXPECT_EQ(device->stats().copied_pixels, 256u * 256);
}

TEST_F(Present, NoneAndEmptyOnes) {
  const fake::Frame frame(640, 480, 5);

  EXPECT_EQ(present(frame, {}), 0);
  EXPECT_EQ(present(frame, {{0, 0, 0, 0},
                            {5, 5, 5, 10},
                            {5, 5, 10, 5},
                            {10, 10, 5, 5},
                            {INT_MAX, INT_MAX, INT_MIN, INT_MIN}}),
            0);
  pump();
  EXPECT_EQ(device->stats().draws, 0u);
  EXPECT_EQ(counters().commands, 0u);
}

TEST_F(Present, OutsideIsCutOff) {
  const fake::Frame frame(640, 480, 6);

  present_and_check(frame, {{-10, -10, 10, 10}});
  present_and_check(frame, {{630, 470, 700, 500}});
  present_and_check(frame, {{-100, 100, 1000, 110}});
  ASSERT_EQ(
      present(frame, {{640, 0, 700, 480}, {0, 480, 640, 500}, {-50, 0, 0, 480}, {0, -50, 640, 0}}),
      0);
  expect_picture(expected);
}

TEST_F(Present, ExtremeRectangles) {
  const fake::Frame frame(640, 480, 7);

  present_and_check(frame, {{INT_MIN, INT_MIN, INT_MAX, INT_MAX}});
  present_and_check(frame, {{INT_MIN, 3, INT_MAX, 4}});
  ASSERT_EQ(present(frame, {{INT_MAX - 1, INT_MAX - 1, INT_MAX, INT_MAX}}), 0);
  ASSERT_EQ(present(frame, {{INT_MIN, INT_MIN, INT_MIN + 1, INT_MIN + 1}}), 0);
  expect_picture(expected);
}

TEST_F(Present, FrameSmallerOrLargerThanThePrimary) {
  present_and_check(fake::Frame(100, 50, 8), {{0, 0, 640, 480}});
  present_and_check(fake::Frame(1000, 700, 9), {{0, 0, 1000, 700}});
}

TEST_F(Present, Offsets) {
  const fake::Frame frame(320, 240, 10);

  for (auto [dx, dy] : std::initializer_list<std::pair<int, int>>{
           {320, 240}, {600, 400}, {-100, -50}, {-319, -239}})
    present_and_check(frame, {{0, 0, 320, 240}}, dx, dy);
  ASSERT_EQ(present(frame, {{0, 0, 320, 240}}, 640, 0), 0);
  ASSERT_EQ(present(frame, {{0, 0, 320, 240}}, -320, 0), 0);
  ASSERT_EQ(present(frame, {{0, 0, 320, 240}}, 0, 100000), 0);
  expect_picture(expected);
}

TEST_F(Present, PitchWiderThanTheFrame) {
  present_and_check(fake::Frame(640, 480, 11, 256), {{3, 5, 637, 471}});
  // Packed: extra stride would turn off compression.
  EXPECT_TRUE(device->stats().stream_friendly);
}

TEST_F(Present, OverlappingOnesInOrder) {
  const fake::Frame one(640, 480, 12), two(640, 480, 13);

  present_and_check(one, {{0, 0, 100, 100}, {50, 50, 150, 150}});
  present_and_check(two, {{25, 25, 75, 75}});
  present_and_check(one, {{30, 30, 40, 40}});
}

// The frame may be reused as soon as present() returned.
TEST_F(Present, PixelsAreCopied) {
  fake::Frame frame(640, 480, 14);

  device->hold_last = 100;
  ASSERT_EQ(present_all(frame), 0);
  expect(frame, {{0, 0, 640, 480}});
  std::fill(frame.pixels.begin(), frame.pixels.end(), 0xffffffff);
  expect_picture(expected);
}

TEST_F(Present, RandomDamage) {
  std::mt19937 random(42);
  fake::Frame frame(640, 480, 15);

  device->hold_last = 40;
  for (int i = 0; i < 200; i++) {
    Rects rects(random() % 12);

    for (qxl_rect &r : rects) {
      r.x1 = (int)(random() % 700) - 30;
      r.y1 = (int)(random() % 540) - 30;
      r.x2 = r.x1 + (int)(random() % 200);
      r.y2 = r.y1 + (int)(random() % 60);
    }
    frame.scribble((uint32_t)i);
    const int dx = (int)(random() % 60) - 30;
    ASSERT_EQ(present(frame, rects, dx, 0), 0);
    expect(frame, rects, dx, 0);
    if (i % 20 == 19) expect_picture(expected);
  }
  expect_picture(expected);
  EXPECT_EQ(counters().bad_releases, 0u);
}

TEST_F(Present, Blank) {
  const qxl_rect some = {-5, 10, 20, 30}, outside = {640, 0, 700, 10}, none = {3, 3, 3, 3};

  present_and_check(fake::Frame(640, 480, 16), {{0, 0, 640, 480}});
  ASSERT_EQ(qxl_core_blank(core, &some), 0);
  for (int y = 10; y < 30; y++)
    for (int x = 0; x < 20; x++) put(x, y, 0);
  expect_picture(expected);
  EXPECT_EQ(qxl_core_blank(core, &outside), 0);
  EXPECT_EQ(qxl_core_blank(core, &none), 0);
  expect_picture(expected);
  EXPECT_EQ(device->stats().fills, 1u);
}

TEST_F(Present, WithoutAPrimaryShowsNothing) {
  const qxl_rect all = {0, 0, 640, 480};

  ASSERT_EQ(qxl_core_start(core), 0);  // a reset takes the primary away
  EXPECT_EQ(present_all(fake::Frame(640, 480)), 0);
  EXPECT_EQ(qxl_core_blank(core, &all), 0);
  pump();
  EXPECT_EQ(device->stats().draws, 0u);
}

TEST_F(Present, AllocatesNothing) {
  kernel.fail_every_allocation(true);
  EXPECT_EQ(present_all(fake::Frame(640, 480)), 0);
  EXPECT_FALSE(kernel.allocation_failed());
  kernel.fail_every_allocation(false);
}

// A bigger primary than one upload can carry: it goes in bands.
class PresentLarge : public fake::CoreTest {};

TEST_F(PresentLarge, FrameLargerThanTheUploadArena) {
  qxl_layout layout = {};

  config.ram_bytes = 21 << 20;
  config.vgamem_bytes = 16 << 20;
  start(2048, 2048);
  qxl_core_get_layout(core, &layout);
  ASSERT_LT(layout.upload_bytes, 2048u * 2048 * 4);
  const fake::Frame frame(2048, 2048, 1);
  device->hold_last = 2;
  ASSERT_EQ(present_all(frame), 0);
  const auto shown = device->picture();
  for (size_t i = 0; i < shown.size(); i++) ASSERT_EQ(shown[i], frame.pixels[i] & 0xffffff) << i;
  EXPECT_GT(device->stats().copies, 1u);
  EXPECT_LE(device->stats().held_bytes_max, layout.upload_bytes);
  EXPECT_EQ(counters().presented_bytes, 2048u * 2048 * 4);
}

TEST_F(PresentLarge, WidestRow) {
  config.ram_bytes = 8 << 20;
  start(16384, 60);
  const fake::Frame frame(16384, 60, 2);
  ASSERT_EQ(present_all(frame), 0);
  EXPECT_EQ(device->pixel(16383, 59), frame.pixel(16383, 59));
  EXPECT_EQ(device->pixel(0, 30), frame.pixel(0, 30));
}

}  // namespace
