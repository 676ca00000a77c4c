// SPDX-License-Identifier: GPL-2.0-only
// Presenting by reference: the host reads frames of the surface BAR where they are, whenever it
// likes, and in the end shows what was presented.
#include <algorithm>
#include <cstring>

#include "core/patience.h"
#include "rig.h"

namespace {

using Rects = std::vector<qxl_rect>;

constexpr int kWidth = 320;
constexpr int kHeight = 240;
constexpr uint64_t kPixels = uint64_t{kWidth} * kHeight;
constexpr qxl_rect kAll = {0, 0, kWidth, kHeight};
constexpr qxl_rect kPart = {40, 30, 60, 50};

class Reference : public fake::CoreTest {
 protected:
  void SetUp() override {
    CoreTest::SetUp();
    start(kWidth, kHeight);
    light();
    device->hold_last = 1000;
    expected.assign(kPixels, 0);
  }
  void light() {
    const qxl_head head = {0, 0, kWidth, kHeight};

    ASSERT_EQ(qxl_core_set_monitors(core, &head, 1), 0);
  }

  // The n-th frame of the surface BAR.
  qxl_frame frame(uint64_t n) {
    const uint64_t offset = n * kPixels * 4;

    return {.pixels = device->surface_memory() + offset,
            .offset = offset,
            .lut = nullptr,
            .pitch = kWidth * 4,
            .width = kWidth,
            .height = kHeight,
            .dx = 0,
            .dy = 0,
            .head = 0,
            .format = QXL_PIXELS_XRGB8888};
  }
  void scribble(const qxl_frame &view, const qxl_rect &rect = kAll) {
    for (int y = rect.y1; y < rect.y2; y++)
      for (int x = rect.x1; x < rect.x2; x++) put(view, x, y, (uint32_t)random());
  }
  static void put(const qxl_frame &view, int x, int y, uint32_t pixel) {
    std::memcpy((uint8_t *)view.pixels + (size_t)y * view.pitch + (size_t)x * 4, &pixel, 4);
  }
  static uint32_t get(const qxl_frame &view, int x, int y) {
    uint32_t pixel;

    std::memcpy(&pixel, (const uint8_t *)view.pixels + (size_t)y * view.pitch + (size_t)x * 4, 4);
    return pixel & 0xffffff;
  }

  // Presents with a fence, and says whether the host is to read the frame.
  bool show(const qxl_frame &view, const Rects &rects = {kAll}) {
    fence = &new_fence();
    qxl_fence *reading = fence;

    EXPECT_EQ(qxl_core_present(core, &view, rects.data(), (uint32_t)rects.size(), &reading), 0);
    EXPECT_TRUE(!reading || reading == fence);
    return !reading;
  }
  void expect_shown(const qxl_frame &view) {
    for (int y = 0; y < kHeight; y++)
      for (int x = 0; x < kWidth; x++) expected[(size_t)(y * kWidth + x)] = get(view, x, y);
    expect_picture(expected);
  }
  // Whole frames that all differ, until the head is not looked at any more.
  void change_until_referenced() {
    for (int i = 0; i < 20; i++) {
      scribble(frame(0));
      if (show(frame(0)) && i > 0) return;
    }
    FAIL() << "the driver keeps looking";
  }

  std::mt19937 random{11};
  std::vector<uint32_t> expected;
  qxl_fence *fence = nullptr;  // of the last present
};

TEST_F(Reference, TheFirstFrameOfAHeadIsRead) {
  scribble(frame(0));
  EXPECT_TRUE(show(frame(0)));
  pump();
  EXPECT_EQ(device->stats().references, 1u);
  EXPECT_EQ(counters().presented_bytes, 0u);
  EXPECT_EQ(counters().referenced_bytes, kPixels * 4);
  expect_shown(frame(0));
}

TEST_F(Reference, TheFenceIsTheRelease) {
  EXPECT_TRUE(show(frame(0)));
  pump();
  EXPECT_FALSE(fence->signalled());
  device->release_held(1);
  device->flush_releases();
  pump();
  EXPECT_TRUE(fence->signalled());
  EXPECT_EQ(fence->error, 0);
}

// In a head that is at rest with its first frame, a cursor blinks or a word is typed.
TEST_F(Reference, SmallChangesAreCopied) {
  scribble(frame(0));
  EXPECT_TRUE(show(frame(0)));
  scribble(frame(0), kPart);
  EXPECT_FALSE(show(frame(0), {kPart}));
  EXPECT_EQ(counters().presented_bytes, 20u * 20 * 4);
  // What is drawn there and not presented yet is not owed to anybody.
  expect_shown(frame(0));
}

// The host looks late: by then user space draws the next picture.
TEST_F(Reference, AnotherFrameCoversWhatIsStillRead) {
  scribble(frame(0));
  std::memcpy((void *)frame(1).pixels, frame(0).pixels, kPixels * 4);
  EXPECT_TRUE(show(frame(0)));
  scribble(frame(1), kPart);
  EXPECT_FALSE(show(frame(1), {kPart}));
  scribble(frame(0));
  expect_shown(frame(1));
  // It is covered: from now on only what changes is sent.
  const auto before = counters().presented_bytes;
  std::memcpy((void *)frame(0).pixels, frame(1).pixels, kPixels * 4);
  scribble(frame(0), kPart);
  EXPECT_FALSE(show(frame(0), {kPart}));
  scribble(frame(1));
  expect_shown(frame(0));
  EXPECT_LT(counters().presented_bytes - before, kPixels * 4 / 8);
}

// Also when a head with no device memory under its frame comes next.
TEST_F(Reference, ACopiedFrameCoversWhatIsStillRead) {
  fake::Frame other(kWidth, kHeight, 3);
  qxl_frame view = other.at();
  fence = &new_fence();
  qxl_fence *reading = fence;

  scribble(frame(0));
  EXPECT_TRUE(show(frame(0)));
  ASSERT_EQ(qxl_core_present(core, &view, &kPart, 1, &reading), 0);
  scribble(frame(0));
  expect_shown(view);
}

TEST_F(Reference, TheSameMemoryWithOtherRowsIsAnotherFrame) {
  qxl_frame narrow = frame(0);

  narrow.pitch = (kWidth + 16) * 4;
  scribble(frame(0));
  scribble(frame(1));
  EXPECT_TRUE(show(frame(0)));
  EXPECT_FALSE(show(narrow, {kPart}));
  EXPECT_EQ(counters().presented_bytes, kPixels * 4);
  expect_shown(narrow);
}

TEST_F(Reference, WhatTheHostHasLetGoOfNeedsNoCover) {
  scribble(frame(0));
  std::memcpy((void *)frame(1).pixels, frame(0).pixels, kPixels * 4);
  EXPECT_TRUE(show(frame(0)));
  pump();
  device->release_held(1);
  device->flush_releases();
  scribble(frame(1), kPart);
  EXPECT_FALSE(show(frame(1), {kPart}));
  EXPECT_EQ(counters().presented_bytes, 20u * 20 * 4);
  expect_shown(frame(1));
}

TEST_F(Reference, HeadsThatChangeAsAWholeAreRead) {
  change_until_referenced();
  const auto before = counters();

  for (uint64_t i = 0; i < 7; i++) {
    scribble(frame(i % 2));
    EXPECT_TRUE(show(frame(i % 2))) << i;
    expect_shown(frame(i % 2));
  }
  EXPECT_EQ(counters().presented_bytes, before.presented_bytes);
}

// Then it is looked at again, and what is found is worth it.
TEST_F(Reference, SmallChangesAreFoundAgain) {
  change_until_referenced();
  for (int i = 0; i < 12; i++) {
    scribble(frame(0), kPart);
    show(frame(0));
  }
  const auto before = counters();
  scribble(frame(0), kPart);
  EXPECT_FALSE(show(frame(0)));
  EXPECT_LT(counters().presented_bytes - before.presented_bytes, kPixels);
  expect_shown(frame(0));
}

TEST_F(Reference, WithoutAFenceItIsCopied) {
  const qxl_frame view = frame(0);
  qxl_fence *none = nullptr;

  ASSERT_EQ(qxl_core_present(core, &view, &kAll, 1, nullptr), 0);
  light();
  ASSERT_EQ(qxl_core_present(core, &view, &kAll, 1, &none), 0);
  EXPECT_EQ(counters().referenced_bytes, 0u);
  EXPECT_EQ(counters().presented_bytes, kPixels * 8);
}

// The host shows the frame's own 32 bits, and nothing is between it and them.
TEST_F(Reference, WhatTheHostCannotReadIsCopied) {
  const qxl_lut lut = {};
  qxl_frame views[] = {frame(0), frame(0), frame(0), frame(0), frame(0), frame(0)};
  // Rows of the last frame that fits would end behind the BAR, for all that is shown of them.
  const uint64_t last = device->config().surface_bytes - kPixels * 4;

  views[0].lut = &lut;
  views[1].format = QXL_PIXELS_XRGB2101010;
  views[2].offset = QXL_NOT_IN_DEVICE;
  views[3].offset = 2;
  views[4].offset = last + 4;
  views[5].offset = device->config().surface_bytes;
  for (const qxl_frame &view : views) {
    light();
    EXPECT_FALSE(show(view)) << (int)(&view - views);
  }
  qxl_frame fits = frame(0);
  fits.offset = last;
  light();
  EXPECT_TRUE(show(fits));
  EXPECT_EQ(counters().referenced_bytes, kPixels * 4);
  pump();
}

// A window of a wide desktop: whole rows of the bitmap must be in the BAR, also the last.
TEST_F(Reference, PartOfAWideFrame) {
  qxl_frame wide = frame(0);

  wide.width = kWidth + 100;
  wide.pitch = wide.width * 4;
  wide.dx = -100;
  for (int y = 0; y < kHeight; y++)
    for (int x = 0; x < kWidth + 100; x++) put(wide, x, y, (uint32_t)random());
  EXPECT_TRUE(show(wide, {{0, 0, kWidth + 100, kHeight}}));
  for (int y = 0; y < kHeight; y++)
    for (int x = 0; x < kWidth; x++) expected[(size_t)(y * kWidth + x)] = get(wide, x + 100, y);
  expect_picture(expected);
  light();
  const uint64_t end = device->config().surface_bytes;
  wide.offset = end - uint64_t{wide.pitch} * kHeight;
  wide.pixels = device->surface_memory() + wide.offset;
  EXPECT_FALSE(show(wide, {{0, 0, kWidth + 100, kHeight}}));
}

// One fence for all rectangles: only a single one that covers the head is read.
TEST_F(Reference, RectanglesThatCoverTogetherAreCopied) {
  scribble(frame(0));
  EXPECT_FALSE(show(frame(0), {{0, 0, kWidth, 100}, {0, 100, kWidth, kHeight}}));
  expect_shown(frame(0));
}

TEST_F(Reference, ALossSignalsAndIsNoReader) {
  EXPECT_TRUE(show(frame(0)));
  pump();
  qxl_core_lose(core);
  EXPECT_TRUE(fence->signalled());
  EXPECT_EQ(fence->error, -EIO);
  ASSERT_EQ(qxl_core_start(core), 0);
  ASSERT_EQ(qxl_core_set_primary(core, kWidth, kHeight), 0);
  light();
  scribble(frame(1));
  EXPECT_TRUE(show(frame(1)));
  expect_shown(frame(1));
}

TEST_F(Reference, OnALostDeviceTheFenceStaysTheCallers) {
  const qxl_frame view = frame(0);
  qxl_fence *reading = &new_fence();

  qxl_core_lose(core);
  EXPECT_EQ(qxl_core_present(core, &view, &kAll, 1, &reading), -EIO);
  EXPECT_NE(reading, nullptr);
}

// Frames by turns, each drawn anew right after it was shown last, the host as late as it may be.
TEST_F(Reference, RandomFrames) {
  for (int i = 0; i < 300; i++) {
    const qxl_frame shown = frame((uint64_t)i % 3), last = frame((uint64_t)(i + 2) % 3);
    const int x = (int)(random() % kWidth), y = (int)(random() % kHeight);
    const qxl_rect part = {x, y, std::min(x + 40, kWidth), std::min(y + 40, kHeight)};
    const bool whole = random() % 3 == 0;

    std::memcpy((void *)shown.pixels, last.pixels, kPixels * 4);
    scribble(shown, whole ? kAll : part);
    show(shown, {whole ? kAll : part});
    scribble(last);
    if (random() % 4 == 0) {
      expect_shown(shown);
      device->release_held(random() % 8);
      device->flush_releases();
      pump();
    }
  }
}

}  // namespace
