// SPDX-License-Identifier: GPL-2.0-only
// Presenting only what differs: heads have shadows once the monitors are set.
#include <spice/enums.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <set>
#include <thread>

#include "core/patience.h"
#include "core/pixel_source.h"
#include "rig.h"

namespace {

using Rects = std::vector<qxl_rect>;

constexpr int kWidth = 640;
constexpr int kHeight = 480;
constexpr uint32_t kTile = 64;  // and 16 rows
constexpr qxl_rect kAll = {0, 0, kWidth, kHeight};

class Shadow : public fake::CoreTest {
 protected:
  void SetUp() override {
    CoreTest::SetUp();
    start(kWidth, kHeight);
    set_heads({{0, 0, kWidth, kHeight}});
    expected.assign((size_t)kWidth * kHeight, 0);
    show({kAll});
    pump();
    before = device->stats();
    counters_before = counters();
  }

  void set_heads(const std::vector<qxl_head> &layout) {
    ASSERT_EQ(qxl_core_set_monitors(core, layout.data(), (uint32_t)layout.size()), 0);
  }
  // Presents and models: inside the rectangles the picture is the frame's.
  void show(const Rects &rects) {
    ASSERT_EQ(present(frame, rects), 0);
    for (const qxl_rect &r : rects)
      for (int y = std::max(r.y1, 0); y < std::min(r.y2, kHeight); y++)
        for (int x = std::max(r.x1, 0); x < std::min(r.x2, kWidth); x++)
          expected[(size_t)y * kWidth + (size_t)x] = frame.pixel((uint32_t)x, (uint32_t)y);
  }
  void show_and_check(const Rects &rects = {kAll}) {
    show(rects);
    expect_picture(expected);
  }
  // Moves what is in `from`; what is left behind stays as it is.
  void scroll(const qxl_rect &from, int dx, int dy) {
    const fake::Frame old = frame;

    for (int y = from.y1; y < from.y2; y++)
      for (int x = from.x1; x < from.x2; x++)
        if (x + dx >= from.x1 && x + dx < from.x2 && y + dy >= from.y1 && y + dy < from.y2)
          frame.at_pixel((uint32_t)(x + dx), (uint32_t)(y + dy)) =
              old.pixels[(size_t)y * kWidth + (size_t)x];
  }
  void scribble(const qxl_rect &rect) {
    for (int y = rect.y1; y < rect.y2; y++)
      for (int x = rect.x1; x < rect.x2; x++)
        frame.at_pixel((uint32_t)x, (uint32_t)y) = (uint32_t)random();
  }
  // Since the first picture.
  uint64_t copied() const { return device->stats().copied_pixels - before.copied_pixels; }
  uint32_t copies() const { return device->stats().copies - before.copies; }
  uint32_t moves() const { return device->stats().bit_copies - before.bit_copies; }
  uint64_t spared() const { return counters().spared_bytes - counters_before.spared_bytes; }

  std::mt19937 random{7};
  fake::Frame frame{kWidth, kHeight, 1};
  std::vector<uint32_t> expected;
  fake::DeviceStats before;
  qxl_counters counters_before = {};
};

TEST_F(Shadow, FirstPictureIsWhole) {
  expect_picture(expected);
  EXPECT_EQ(before.copied_pixels, (uint64_t)kWidth * kHeight);
  EXPECT_EQ(counters_before.spared_bytes, 0u);
}

TEST_F(Shadow, UnchangedSendsNothing) {
  const uint64_t commands = counters().commands;

  show({kAll});
  show({{3, 5, 17, 400}, {0, 0, 1, 1}, {639, 479, 640, 480}});
  EXPECT_EQ(counters().commands, commands);
  EXPECT_EQ(spared(), (uint64_t)kWidth * kHeight * 4 + 14 * 395 * 4 + 4 + 4);
  expect_picture(expected);
}

// Every pixel counts: the corners of the picture, of tiles, and in between.
TEST_F(Shadow, OnePixel) {
  for (auto [x, y] : std::initializer_list<std::pair<uint32_t, uint32_t>>{
           {0, 0}, {639, 0}, {0, 479}, {639, 479}, {63, 15}, {64, 16}, {333, 222}}) {
    frame.at_pixel(x, y) ^= 0x010000;
    show_and_check();
  }
  EXPECT_EQ(copies(), 7u);
  EXPECT_EQ(copied(), 7u * kTile * 16);
}

// Outside of the damage nothing is looked at.
TEST_F(Shadow, DamageIsTheLimit) {
  scribble(kAll);
  show_and_check({{10, 10, 20, 20}});
  EXPECT_EQ(copied(), 100u);
  show_and_check({{60, 12, 70, 20}});
  EXPECT_EQ(copied(), 180u);
}

TEST_F(Shadow, ScatteredChangesAreNotJoined) {
  for (uint32_t i = 0; i < 8; i++) frame.at_pixel(i * 80 + 5, i * 60 + 3) ^= 1;
  show_and_check();
  EXPECT_EQ(copies(), 8u);
  EXPECT_EQ(copied(), 8u * kTile * 16);
}

TEST_F(Shadow, NeighboursAreJoined) {
  scribble({64, 16, 256, 64});
  show_and_check();
  EXPECT_EQ(copies(), 1u);
  EXPECT_EQ(copied(), 192u * 48);
}

// As the server wants it: the same rectangle, though parts of it stand still.
TEST_F(Shadow, VideoIsTheSameRectangleEachTime) {
  const qxl_rect video = {101, 67, 421, 307};

  for (int i = 0; i < 25; i++) {
    scribble({video.x1, video.y1 + 30, video.x2, video.y2 - 30});
    show_and_check({video});
    const QXLRect copied_to = device->stats().last_copy;
    EXPECT_EQ(copied_to.left, video.x1);
    EXPECT_EQ(copied_to.top, video.y1);
    EXPECT_EQ(copied_to.right, video.x2);
    EXPECT_EQ(copied_to.bottom, video.y2);
  }
  EXPECT_EQ(copies(), 25u);
  EXPECT_TRUE(device->stats().stream_friendly);
}

// A video in a screen that is flipped as a whole: tiles around it, always the same.
TEST_F(Shadow, VideoInAWholeFrame) {
  std::set<std::vector<int>> boxes;

  for (int i = 0; i < 25; i++) {
    scribble({101, 67, 421, 307});
    show_and_check();
    const QXLRect box = device->stats().last_copy;
    boxes.insert({box.left, box.top, box.right, box.bottom});
  }
  EXPECT_EQ(boxes, (std::set<std::vector<int>>{{64, 64, 448, 320}}));
  EXPECT_EQ(copies(), 25u);
}

TEST_F(Shadow, Scrolling) {
  for (auto [dx, dy] : std::initializer_list<std::pair<int, int>>{
           {0, -16}, {0, 16}, {0, -1}, {0, 137}, {-40, 0}, {40, 0}, {1, 0}, {-200, 0}}) {
    const uint64_t sent = copied();
    const uint32_t moved = moves();

    scroll(kAll, dx, dy);
    show_and_check();
    EXPECT_EQ(moves(), moved + 1) << dx << "," << dy;
    // What has come in, by tiles.
    const uint64_t columns = (uint64_t)(std::abs(dx) + 2 * 64) * kHeight;
    const uint64_t rows = (uint64_t)(std::abs(dy) + 2 * 16) * kWidth;
    EXPECT_LE(copied() - sent, dx != 0 ? columns : rows) << dx << "," << dy;
  }
}

// A page between a side bar that stands still and a scroll bar that goes its own way.
TEST_F(Shadow, ScrollingAPart) {
  const qxl_rect page = {150, 40, 600, 460};

  scroll(page, 0, -48);
  scribble({page.x1, page.y2 - 48, page.x2, page.y2});
  scribble({600, 40, 612, 460});
  show_and_check();
  EXPECT_EQ(moves(), 1u);
  EXPECT_LT(copied(), (uint64_t)kWidth * kHeight / 3);
  EXPECT_GE(counters().moved_bytes - counters_before.moved_bytes, 450u * 300 * 4);
}

// Text on a plain ground: most places look like many others.
TEST_F(Shadow, ScrollingText) {
  std::fill(frame.pixels.begin(), frame.pixels.end(), 0xffffff);
  for (uint32_t line = 0; line < 30; line++)
    for (uint32_t letter = 0; letter < 20 + line * 7 % 50; letter++)
      for (uint32_t row = 4; row < 12; row++)
        for (uint32_t x = 0; x < 6; x++)
          frame.at_pixel(letter * 8 + x, line * 16 + row) = random() % 2 ? 0 : 0xffffff;
  show_and_check();
  const uint64_t sent = copied();
  scroll(kAll, 0, -16);
  std::fill(frame.pixels.end() - 16 * kWidth, frame.pixels.end(), 0xffffff);
  show_and_check();
  EXPECT_EQ(moves(), 1u);
  EXPECT_LE(copied() - sent, 48u * kWidth);
}

// Moves never read what the shadow does not have.
TEST_F(Shadow, ScrollingAtTheEdges) {
  for (int i = 0; i < 4; i++) {
    const qxl_rect part = {i % 2 * 320, i / 2 * 240, i % 2 * 320 + 320, i / 2 * 240 + 240};

    scroll(part, 0, i % 2 ? 24 : -24);
    show_and_check({part});
    scroll(part, i / 2 ? 33 : -33, 0);
    show_and_check({part});
  }
  EXPECT_GE(moves(), 8u);
}

TEST_F(Shadow, NothingThatMovedIsFoundInNoise) {
  scribble(kAll);
  show_and_check();
  EXPECT_EQ(moves(), 0u);
  EXPECT_EQ(copies(), 1u);
}

TEST_F(Shadow, RandomChanges) {
  device->hold_last = 40;
  for (int i = 0; i < 400; i++) {
    Rects rects;

    for (uint32_t n = random() % 4; n > 0; n--) {
      const int x = (int)(random() % kWidth) - 10, y = (int)(random() % kHeight) - 10;
      rects.push_back({x, y, x + (int)(random() % 500), y + (int)(random() % 400)});
    }
    const int x = (int)(random() % 600), y = (int)(random() % 400);
    const qxl_rect part = {x, y, std::min(kWidth, x + 20 + (int)(random() % 300)),
                           std::min(kHeight, y + 20 + (int)(random() % 300))};
    switch (random() % 4) {
      case 0:
        scribble({x, y, x + 30, y + 40});
        break;
      case 1:
        scroll(part, 0, (int)(random() % 60) - 30);
        break;
      case 2:
        scroll(part, (int)(random() % 60) - 30, 0);
        break;
      default:
        scroll(kAll, 0, (int)(random() % 40) - 20);
    }
    show(rects);
    if (i % 10 == 9) expect_picture(expected);
  }
  EXPECT_GT(moves(), 20u);
  EXPECT_EQ(counters().bad_releases, 0u);
}

TEST_F(Shadow, AfterBlankingThatIsSentAgain) {
  const qxl_rect some = {100, 100, 200, 200};

  ASSERT_EQ(qxl_core_blank(core, &some), 0);
  show_and_check();
  EXPECT_EQ(copied(), 3u * kTile * 7 * 16);
}

// The pixels that the host had there before are not there to be moved.
TEST_F(Shadow, WhatIsNotKnownIsNotMoved) {
  const qxl_rect gone = {0, 240, 640, 480};

  ASSERT_EQ(qxl_core_blank(core, &gone), 0);
  for (int y = gone.y1; y < gone.y2; y++)
    for (int x = gone.x1; x < gone.x2; x++) expected[(size_t)(y * kWidth + x)] = 0;
  scroll(kAll, 0, -240);
  show_and_check({{0, 0, 640, 240}});
  EXPECT_EQ(moves(), 0u);
}

TEST_F(Shadow, AfterANewLayoutAllIsSentAgain) {
  set_heads({{0, 0, kWidth, kHeight}});
  show_and_check();
  EXPECT_EQ(copied(), (uint64_t)kWidth * kHeight);
  // What was sent in part is known in part.
  set_heads({{0, 0, kWidth, kHeight}});
  show({{0, 0, 640, 320}});
  show({{0, 0, 640, 320}});
  show_and_check();
  EXPECT_EQ(copied(), (uint64_t)kWidth * kHeight * 2);
  // A tile is known when all of it was sent.
  set_heads({{0, 0, kWidth, kHeight}});
  show({{1, 0, 640, 480}});
  show_and_check();
  EXPECT_EQ(copied(), (uint64_t)kWidth * kHeight * 3 + (kTile - 1) * kHeight);
}

// In a film there is nothing to find, so it is not looked for each time; when
// the film is over it is.
TEST_F(Shadow, LooksLessWhereNothingIsFound) {
  uint32_t blind = 0;

  for (int i = 0; i < 40; i++) {
    scribble(kAll);
    show_and_check();
  }
  EXPECT_EQ(copies(), 40u);
  EXPECT_EQ(moves(), 0u);
  for (uint32_t sent = copies(); blind < 100; blind++, sent = copies()) {
    show_and_check();
    if (copies() == sent) break;
  }
  EXPECT_GT(blind, 0u);
  EXPECT_LT(blind, 70u);
  scroll(kAll, 0, -16);
  show_and_check();
  EXPECT_EQ(moves(), 1u);
}

TEST(Patience, RestsLongerEachTime) {
  qxl::Patience patience;
  const uint64_t head = 1000;

  for (int i = 0; i < 4; i++) {
    EXPECT_TRUE(patience.looks());
    patience.judge(head, head, head);
  }
  for (int rest : {8, 16, 32, 64, 64}) {
    for (int i = 0; i < rest; i++) EXPECT_FALSE(patience.looks()) << rest;
    EXPECT_TRUE(patience.looks());
    patience.judge(head, head - head / 8, head);
  }
}

TEST(Patience, WhatWasFoundAndSmallChangesCountNot) {
  qxl::Patience patience;
  const uint64_t head = 1000;

  for (int i = 0; i < 20; i++) {
    patience.judge(head, head, head);
    patience.judge(head, head / 2, head);
    patience.judge(head / 3, head / 3, head);
    patience.judge(0, 0, head);
    EXPECT_TRUE(patience.looks());
  }
}

TEST_F(Shadow, ANewPrimaryIsBlack) {
  ASSERT_EQ(qxl_core_start(core), 0);
  ASSERT_EQ(qxl_core_set_primary(core, kWidth, kHeight), 0);
  set_heads({{0, 0, kWidth, kHeight}});
  show_and_check();
}

// What did not reach the host is not on screen.
TEST_F(Shadow, AfterALossAllIsSentAgain) {
  scribble(kAll);
  qxl_core_lose(core);
  EXPECT_EQ(present(frame, {kAll}), -EIO);
  ASSERT_EQ(qxl_core_start(core), 0);
  ASSERT_EQ(qxl_core_set_primary(core, kWidth, kHeight), 0);
  set_heads({{0, 0, kWidth, kHeight}});
  show_and_check();
}

TEST_F(Shadow, WithoutMemoryAllIsCopied) {
  set_heads({{0, 0, 0, 0}, {0, 0, 320, 480}});
  kernel.fail_every_allocation(true);
  set_heads({{0, 0, kWidth, kHeight}});
  kernel.fail_every_allocation(false);
  show_and_check();
  show_and_check();
  EXPECT_EQ(copied(), (uint64_t)kWidth * kHeight * 2);
}

// Others draw on it.
TEST_F(Shadow, AnAdoptedPrimaryHasNone) {
  const qxl_surface_desc desc = {SPICE_SURFACE_FMT_32_xRGB, kWidth, kHeight, kWidth * 4};

  ASSERT_EQ(qxl_core_adopt_primary(core, &desc, 0, device->surface_memory()), 0);
  set_heads({{0, 0, kWidth, kHeight}});
  show_and_check();
  show_and_check();
  EXPECT_EQ(copied(), (uint64_t)kWidth * kHeight * 2);
}

// Each head has its own place, its own frame and its own shadow.
TEST_F(Shadow, Heads) {
  set_heads({{320, 0, 320, 480}, {0, 0, 0, 0}, {0, 100, 320, 380}});
  fake::Frame left(320, 380, 3), right(320, 480, 4);
  const qxl_frame left_view = left.at(0, 100, 2), right_view = right.at(320, 0, 0);
  const qxl_rect whole = {0, 0, 1000, 1000};

  for (int round = 0; round < 2; round++) {
    ASSERT_EQ(qxl_core_present(core, &left_view, &whole, 1), 0);
    ASSERT_EQ(qxl_core_present(core, &right_view, &whole, 1), 0);
    for (uint32_t y = 0; y < 480; y++)
      for (uint32_t x = 0; x < 320; x++) {
        if (y >= 100) expected[y * kWidth + x] = left.pixel(x, y - 100);
        expected[y * kWidth + x + 320] = right.pixel(x, y);
      }
    expect_picture(expected);
    EXPECT_EQ(copied(), 320u * 380 + 320 * 480);
  }
}

// A frame that is larger than its head shows a part; the rest is not another head's.
TEST_F(Shadow, FrameLargerThanTheHead) {
  set_heads({{0, 0, 320, 480}, {320, 0, 320, 480}});
  const qxl_frame view = frame.at(-50, 0, 0);
  ASSERT_EQ(qxl_core_present(core, &view, &kAll, 1), 0);
  for (uint32_t y = 0; y < 480; y++)
    for (uint32_t x = 0; x < 320; x++) expected[y * kWidth + x] = frame.pixel(x + 50, y);
  expect_picture(expected);
}

// Whatever user space does meanwhile, the shadow has what is sent.
TEST_F(Shadow, PixelsChangeWhileTheyAreSent) {
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP() << "the race is what is tested";
#endif
  constexpr uint32_t kCount = 256;
  const qxl_frame view = frame.at();
  const qxl::FrameReader reader(view, 0, 0);
  qxl::Shadow shadow;
  shadow.resize(kWidth, kHeight);
  const qxl::PixelSource source(reader, shadow);
  std::atomic<uint32_t> value = 0;
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    volatile uint32_t *row = &frame.at_pixel(0, 1);

    for (; !stop; value++)
      for (uint32_t x = 0; x < kCount; x++) row[x] = value;
  });
  uint32_t sent[kCount];
  uint32_t different = 0;

  while (value < 200000) {
    source.copy(0, 1, kCount, reinterpret_cast<uint8_t *>(sent));
    different += memcmp(sent, shadow.at(0, 1), sizeof(sent)) != 0;
  }
  stop = true;
  writer.join();
  EXPECT_EQ(different, 0u);
}

// What is sent first in the same call is not there to be moved any more.
TEST_F(Shadow, NothingIsMovedFromWhereItHasBeenReplaced) {
  const qxl_rect upper = {0, 0, 640, 160}, lower = {0, 240, 640, 400};

  scroll({0, 0, 640, 400}, 0, 240);
  scribble(upper);
  show_and_check({upper, lower});
  EXPECT_EQ(moves(), 0u);
}

// A head that changes its size back and forth keeps the memory it had.
TEST_F(Shadow, ASmallerHeadAllocatesNothing) {
  kernel.fail_every_allocation(true);
  set_heads({{0, 0, 320, 240}});
  set_heads({{0, 0, kWidth, kHeight}});
  kernel.fail_every_allocation(false);
  show_and_check();
  show_and_check();
  EXPECT_EQ(copied(), (uint64_t)kWidth * kHeight);
}

TEST_F(Shadow, AllocatesNothing) {
  kernel.fail_every_allocation(true);
  scroll(kAll, 0, -16);
  show({kAll});
  EXPECT_FALSE(kernel.allocation_failed());
  kernel.fail_every_allocation(false);
}

}  // namespace
