// SPDX-License-Identifier: GPL-2.0-only
// The pointer, on its own ring.
#include "core/cursor.h"

#include <climits>
#include <cstring>

#include "core/arena.h"
#include "rig.h"

namespace {

// After so many all of the pointer's memory has been written to.
constexpr int kMovesPerArena = qxl::kCursorArenaBytes / qxl::Arena::kGranule + 1;

class Cursor : public fake::CoreTest {
 protected:
  qxl_cursor_image image(uint32_t width, uint32_t height, uint32_t hot_x = 0, uint32_t hot_y = 0,
                         uint32_t extra = 0) {
    pixels = std::make_unique<fake::Frame>(width, height, ++seed, extra);
    return {pixels->pixels.data(), nullptr, pixels->pitch, width, height, hot_x, hot_y};
  }

  std::unique_ptr<fake::Frame> pixels;
  uint32_t seed = 0;
};

TEST_F(Cursor, Set) {
  start();
  const auto shape = image(64, 64, 5, 7);
  ASSERT_EQ(qxl_core_cursor_set(core, 0, &shape, 100, 200), 0);
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
    ASSERT_EQ(qxl_core_cursor_set(core, 0, &shape, 0, 0), 0);
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
    const qxl_cursor_image bad = {frame.pixels.data(), nullptr, 256, w, h, hx, hy};
    EXPECT_EQ(qxl_core_cursor_set(core, 0, &bad, 0, 0), -EINVAL);
  }
  pump();
  EXPECT_EQ(device->stats().cursor_sets, 0u);
}

// The image passes the head's table, as what is under it does.
TEST_F(Cursor, Lut) {
  qxl_lut lut;

  for (int i = 0; i < 256; i++) {
    lut.red[i] = (uint8_t)(255 - i);
    lut.green[i] = (uint8_t)(i / 2);
    lut.blue[i] = (uint8_t)i;
  }
  start();
  auto shape = image(33, 17, 1, 2, 64);
  for (uint32_t &pixel : pixels->pixels) pixel |= 0xff000000;
  pixels->at_pixel(32, 16) = 0x80804000;
  pixels->at_pixel(0, 0) = 0;
  shape.lut = &lut;
  ASSERT_EQ(qxl_core_cursor_set(core, 0, &shape, 0, 0), 0);
  pump();
  const auto shown = device->cursor();
  ASSERT_EQ(shown.pixels.size(), 33u * 17);
  for (uint32_t y = 0; y < 17; y++)
    for (uint32_t x = 0; x < 33; x++) {
      const uint32_t pixel = pixels->pixel(x, y);
      uint32_t want =
          0xff000000 | (255 - (pixel >> 16)) << 16 | (pixel >> 9 & 0x7f) << 8 | (pixel & 0xff);
      if (x == 32 && y == 16) want = 0x80002000;
      if (x == 0 && y == 0) want = 0;
      ASSERT_EQ(shown.pixels[y * 33 + x], want) << x << "," << y;
    }
}

TEST_F(Cursor, MoveAndHide) {
  start();
  const auto shape = image(16, 16);
  ASSERT_EQ(qxl_core_cursor_set(core, 0, &shape, 1, 2), 0);
  ASSERT_EQ(qxl_core_cursor_move(core, 0, -3, -4), 0);
  pump();
  EXPECT_EQ(device->cursor().x, -3);
  EXPECT_EQ(device->cursor().y, -4);
  ASSERT_EQ(qxl_core_cursor_hide(core, 0), 0);
  pump();
  EXPECT_FALSE(device->cursor().visible);
  // A new shape is not needed to move.
  EXPECT_EQ(device->stats().cursor_sets, 1u);
}

TEST_F(Cursor, PositionsThatDoNotFitAreClamped) {
  start();
  ASSERT_EQ(set_pointer(), 0);
  ASSERT_EQ(qxl_core_cursor_move(core, 0, INT_MAX, INT_MIN), 0);
  pump();
  EXPECT_EQ(device->cursor().x, 32767);
  EXPECT_EQ(device->cursor().y, -32768);
}

TEST_F(Cursor, ShapeMemoryStaysIntactWhileShown) {
  start();
  const auto shape = image(64, 64);
  ASSERT_EQ(qxl_core_cursor_set(core, 0, &shape, 0, 0), 0);
  pump();
  for (int i = 0; i < 1000; i++) ASSERT_EQ(qxl_core_cursor_move(core, 0, i, i), 0);
  const auto other = image(64, 64);
  // The fake checks the old shape when it gives it back.
  ASSERT_EQ(qxl_core_cursor_set(core, 0, &other, 0, 0), 0);
  pump();
  EXPECT_EQ(counters().lost, 0u);
}

TEST_F(Cursor, ManyShapes) {
  start();
  for (int i = 0; i < 500; i++) {
    const auto shape = image(64, 64);
    ASSERT_EQ(qxl_core_cursor_set(core, 0, &shape, i, i), 0);
  }
  pump();
  EXPECT_EQ(device->cursor().pixels, pixels->pixels);
  EXPECT_EQ(counters().cursor_commands, 500u);
}

TEST_F(Cursor, BeforeAnyPrimary) {
  ASSERT_EQ(create(), 0);
  ASSERT_EQ(qxl_core_start(core), 0);
  const auto shape = image(16, 16);
  EXPECT_EQ(qxl_core_cursor_set(core, 0, &shape, 0, 0), -EINVAL);
  EXPECT_EQ(qxl_core_cursor_move(core, 0, 0, 0), -EINVAL);
  EXPECT_EQ(qxl_core_cursor_hide(core, 0), -EINVAL);
  pump();
  // And nothing of it shows up afterwards.
  ASSERT_EQ(qxl_core_set_primary(core, 64, 64), 0);
  pump();
  EXPECT_EQ(device->stats().cursor_sets, 0u);
  EXPECT_EQ(counters().cursor_commands, 0u);
}

TEST_F(Cursor, HeadsThatThereAreNot) {
  start();
  EXPECT_EQ(set_pointer(heads), -EINVAL);
  EXPECT_EQ(qxl_core_cursor_move(core, heads, 0, 0), -EINVAL);
  EXPECT_EQ(qxl_core_cursor_hide(core, ~0u), -EINVAL);
  EXPECT_EQ(qxl_core_cursor_move(core, 1, 0, 0), -EINVAL) << "it has no image";
  pump();
  EXPECT_EQ(counters().cursor_commands, 0u);
}

// Several heads, one pointer ----------------------------------------------------------

class SharedPointer : public fake::CoreTest {
 protected:
  // Two heads of 100 x 100 side by side.
  void SetUp() override {
    CoreTest::SetUp();
    start(200, 100);
    const qxl_head places[] = {{0, 0, 100, 100}, {100, 0, 100, 100}};
    ASSERT_EQ(qxl_core_set_monitors(core, places, 2), 0);
  }

  void set(uint32_t head, int32_t x, int32_t y) { ASSERT_EQ(set_pointer(head, x, y), 0); }
  void move(uint32_t head, int32_t x, int32_t y) {
    ASSERT_EQ(qxl_core_cursor_move(core, head, x, y), 0);
  }
  void hide(uint32_t head) { ASSERT_EQ(qxl_core_cursor_hide(core, head), 0); }

  void expect_shown(uint32_t head, int32_t x, int32_t y) {
    pump();
    const fake::CursorState shown = device->cursor();
    EXPECT_TRUE(shown.visible);
    EXPECT_EQ(shown.x, x);
    EXPECT_EQ(shown.y, y);
    EXPECT_EQ(shown.pixels, fake::Frame(16, 16, head).pixels);
  }
  void expect_hidden() {
    pump();
    EXPECT_FALSE(device->cursor().visible);
  }
};

// A compositor that moves the pointer to another head hides it on the first one
// and shows it on the second, in two commits.
TEST_F(SharedPointer, HideThenShow) {
  set(0, 50, 50);
  hide(0);
  expect_hidden();
  set(1, 150, 50);
  expect_shown(1, 150, 50);
}

TEST_F(SharedPointer, ShowThenHide) {
  set(0, 50, 50);
  set(1, 150, 50);
  hide(0);
  expect_shown(1, 150, 50);
  hide(1);
  expect_hidden();
}

TEST_F(SharedPointer, WhoHidesLastLeavesNothing) {
  set(0, 50, 50);
  set(1, 150, 50);
  hide(1);
  expect_shown(0, 50, 50);
  move(0, 60, 60);
  expect_shown(0, 60, 60);
  hide(0);
  expect_hidden();
}

// Across the border both heads show a part of it: the one that has the hotspot wins.
TEST_F(SharedPointer, AcrossTheBorder) {
  set(0, 95, 50);
  set(1, 95, 50);
  expect_shown(0, 95, 50);
  move(1, 98, 50);
  expect_shown(0, 95, 50);
  move(0, 98, 50);
  expect_shown(0, 98, 50);
  move(0, 102, 50);
  move(1, 102, 50);
  expect_shown(1, 102, 50);
  move(0, 104, 50);
  expect_shown(1, 102, 50);
}

TEST_F(SharedPointer, WhatIsHiddenDoesNotComeBack) {
  set(0, 50, 50);
  hide(0);
  set(1, 150, 50);
  hide(1);
  expect_hidden();
  hide(0);
  hide(1);
  expect_hidden();
  EXPECT_EQ(device->stats().cursor_hides, 2u);
}

TEST_F(SharedPointer, MovesNeedNoImageAgain) {
  set(0, 50, 50);
  set(1, 150, 50);
  pump();
  const uint32_t sets = device->stats().cursor_sets;
  for (int32_t i = 0; i < 10; i++) move(1, 150 + i, 50);
  expect_shown(1, 159, 50);
  EXPECT_EQ(device->stats().cursor_sets, sets);
  move(0, 10, 10);
  expect_shown(0, 10, 10);
  EXPECT_EQ(device->stats().cursor_sets, sets + 1);
}

TEST_F(SharedPointer, AnotherPrimaryNeedsTheImageAgain) {
  set(0, 50, 50);
  pump();
  ASSERT_EQ(qxl_core_set_primary(core, 300, 100), 0);
  pump();
  move(0, 51, 50);
  expect_shown(0, 51, 50);
  EXPECT_EQ(device->stats().cursor_sets, 2u);
}

// As if by another thread: the host forgets it with the old primary, and has its
// memory used again before the new one.
TEST_F(SharedPointer, SetWhileThePrimaryIsReplaced) {
  set(0, 50, 50);
  pump();
  const auto write = device->handle()->port_write;
  device->handle()->port_write = [&](uint32_t port, uint8_t value) {
    if (port == QXL_IO_DESTROY_PRIMARY_ASYNC) set(1, 150, 50);
    if (port == QXL_IO_CREATE_PRIMARY_ASYNC)
      for (int i = 0; i < kMovesPerArena; i++) move(1, 150, 50);
    write(port, value);
  };
  ASSERT_EQ(qxl_core_set_primary(core, 300, 100), 0);
  device->handle()->port_write = write;
  pump();
  move(1, 151, 50);
  expect_shown(1, 151, 50);
}

TEST_F(SharedPointer, ImagesOutliveTheDevicesMemory) {
  set(0, 50, 50);
  set(1, 150, 50);
  qxl_core_stop(core, 0);
  const qxl_resources resources = device->resources();
  memset(resources.ram, 0x5a,
         static_cast<uint8_t *>(resources.ram_header) - static_cast<uint8_t *>(resources.ram));
  ASSERT_EQ(qxl_core_start(core), 0);
  ASSERT_EQ(qxl_core_set_primary(core, 200, 100), 0);
  move(1, 151, 50);
  expect_shown(1, 151, 50);
  hide(1);
  expect_shown(0, 50, 50);
}

// One that was not shown when it was set.
TEST_F(SharedPointer, ImagesAreTakenAtOnce) {
  fake::Frame frame(16, 16, 1);
  set(0, 50, 50);
  ASSERT_EQ(set_pointer(frame, 1, 50, 50), 0);
  frame.scribble(77);
  expect_shown(0, 50, 50);
  hide(0);
  expect_shown(1, 50, 50);
}

// Nor when the host takes nothing.
TEST_F(SharedPointer, ImagesAreTakenWhenTheyCanNotBeSent) {
  fake::Frame frame(16, 16, 1);
  device->bad.stops_consuming = true;
  int ret = 0;
  for (int i = 0; i < 100 && ret == 0; i++) ret = set_pointer(frame, 1, 150, 50);
  EXPECT_EQ(ret, -EAGAIN);
  frame.scribble(77);
  device->bad.stops_consuming = false;
  pump();
  EXPECT_EQ(qxl_core_cursor_catch_up(core), 0);
  expect_shown(1, 150, 50);
}

TEST_F(SharedPointer, WhoHidIsNotMoved) {
  set(0, 50, 50);
  hide(0);
  EXPECT_EQ(qxl_core_cursor_move(core, 0, 51, 50), -EINVAL);
  expect_hidden();
}

// The pointer is handed over while the image that it had is not there any more.
TEST_F(SharedPointer, ImagesAreKept) {
  auto pixels = std::make_unique<fake::Frame>(16, 16, 0);
  ASSERT_EQ(set_pointer(*pixels, 0, 50, 50), 0);
  pixels->scribble(77);
  pixels.reset();
  set(1, 150, 50);
  for (int i = 0; i < kMovesPerArena; i++) move(1, 150, 50);
  hide(1);
  expect_shown(0, 50, 50);
}

TEST_F(Cursor, DoesNotAllocate) {
  start();
  kernel.fail_every_allocation(true);
  const auto shape = image(64, 64);
  EXPECT_EQ(qxl_core_cursor_set(core, 0, &shape, 0, 0), 0);
  EXPECT_EQ(qxl_core_cursor_move(core, 0, 1, 1), 0);
  kernel.fail_every_allocation(false);
}

}  // namespace
