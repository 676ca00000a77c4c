// SPDX-License-Identifier: GPL-2.0-only
// A slow host: memory and ring slots run out, and every wait is bounded.
#include "rig.h"

namespace {

class Backpressure : public fake::CoreTest {
 protected:
  // With a head, whose shadow finds again what was put off.
  void start_head(uint32_t width, uint32_t height) {
    start(width, height);
    light(width, height);
  }
  void light(uint32_t width, uint32_t height) {
    const qxl_head head = {.x = 0, .y = 0, .width = width, .height = height};

    ASSERT_EQ(qxl_core_set_monitors(core, &head, 1), 0);
  }
};

TEST_F(Backpressure, BytesInFlightAreBounded) {
  qxl_layout layout = {};

  start(640, 480);
  qxl_core_get_layout(core, &layout);
  device->hold_last = SIZE_MAX;  // until asked
  for (int i = 0; i < 100; i++) {
    ASSERT_EQ(present_all(fake::Frame(640, 480)), 0);
    ASSERT_LE(counters().in_flight_bytes, layout.upload_bytes);
  }
  EXPECT_LE(device->stats().held_bytes_max, layout.upload_bytes);
  EXPECT_GT(counters().memory_waits, 0u);
  EXPECT_GT(counters().oom_notifies, 0u);
  EXPECT_EQ(counters().lost, 0u);
}

// The host answers the first request: not one second of waiting.
TEST_F(Backpressure, OneRequestIsEnough) {
  start(640, 480);
  device->hold_last = SIZE_MAX;
  const uint64_t before = kernel.now_ms();
  for (int i = 0; i < 30; i++) ASSERT_EQ(present_all(fake::Frame(640, 480)), 0);
  EXPECT_LT(kernel.now_ms() - before, 1000u);
  EXPECT_LE(counters().oom_notifies, 30u);
}

// What the next frame needs is asked for when this one has been sent: a compositor
// that draws meanwhile does not wait.
TEST_F(Backpressure, AsksBeforeTheNextOneMustWait) {
  start(640, 480);
  device->hold_last = SIZE_MAX;
  for (int i = 0; i < 100; i++) {
    ASSERT_EQ(present_all(fake::Frame(640, 480)), 0);
    pump();
    kernel.advance_ms(16);
  }
  EXPECT_EQ(counters().memory_waits, 0u);
  EXPECT_GT(counters().oom_notifies, 0u);
  // Not while there is room for another.
  const uint64_t before = counters().oom_notifies;
  for (int i = 0; i < 100; i++) ASSERT_EQ(present(fake::Frame(640, 480), {{0, 0, 8, 8}}), 0);
  EXPECT_EQ(counters().oom_notifies, before);
}

// Requests make the server drop drawables and kill video: rate-limited.
TEST_F(Backpressure, RequestsAreRateLimited) {
  start(640, 480);
  device->hold_last = SIZE_MAX;
  device->bad.ignores_oom = true;
  const uint64_t before = kernel.now_ms();
  int error = 0;
  while (!error) error = present_all(fake::Frame(640, 480));
  EXPECT_EQ(error, -EIO);
  const uint64_t took = kernel.now_ms() - before;
  EXPECT_GE(took, 40000u);
  EXPECT_LE(took, 45000u);
  EXPECT_GT(counters().oom_notifies, 1u);
  EXPECT_LE(counters().oom_notifies, took / 10 + 1);
  EXPECT_EQ(counters().lost, 1u);
  EXPECT_TRUE(kernel.logged("lost"));
  device->bad.ignores_oom = false;
}

// Also when something wakes the waiter all the time without helping.
TEST_F(Backpressure, RequestsAreRateLimitedWhateverWakes) {
  int wakes = 0;

  start(640, 480);
  device->hold_last = SIZE_MAX;
  device->bad.ignores_oom = true;
  kernel.on_wait = [&] {
    device->step();
    if (++wakes % 5 == 0) return false;
    device->raise(QXL_INTERRUPT_DISPLAY);
    return true;
  };
  const uint64_t before = kernel.now_ms();
  while (!present_all(fake::Frame(640, 480)));
  EXPECT_GT(wakes, 100);
  EXPECT_LE(counters().oom_notifies, (kernel.now_ms() - before) / 10 + 1);
}

// NOTIFY_OOM is ignored while the release ring is not empty: drain it first.
TEST_F(Backpressure, DrainsBeforeItAsks) {
  start(640, 480);
  device->hold_last = SIZE_MAX;
  while (counters().memory_waits == 0) {
    ASSERT_EQ(present_all(fake::Frame(640, 480)), 0);
    // There is always something to collect.
    device->release_held(1);
    device->flush_releases();
  }
  SUCCEED();
}

TEST_F(Backpressure, FullRingWaitsForTheHost) {
  std::vector<qxl_rect> rects;

  start(640, 480);
  device->commands_per_step = 3;
  for (int i = 0; i < 200; i++) rects.push_back({i, i, i + 8, i + 8});
  const fake::Frame frame(640, 480, 1);
  ASSERT_EQ(present(frame, rects), 0);
  EXPECT_GT(counters().ring_waits, 0u);
  EXPECT_EQ(counters().commands, 200u);
  for (int i = 0; i < 200; i++)
    EXPECT_EQ(device->pixel(i, i), frame.pixel((uint32_t)i, (uint32_t)i));
}

TEST_F(Backpressure, HostThatStopsConsuming) {
  std::vector<qxl_rect> rects(64, {0, 0, 8, 8});

  start(640, 480);
  device->bad.stops_consuming = true;
  const uint64_t before = kernel.now_ms();
  EXPECT_EQ(present(fake::Frame(64, 64), rects), -EIO);
  EXPECT_GE(kernel.now_ms() - before, 40000u);
  EXPECT_LE(kernel.now_ms() - before, 45000u);
  EXPECT_EQ(counters().lost, 1u);
  EXPECT_EQ(kernel.losses_found, 1u);
  // What was never on the ring is not held.
  EXPECT_LE(counters().in_flight, 32u);
  const uint64_t lost_at = kernel.now_ms();
  EXPECT_EQ(present(fake::Frame(64, 64), rects), -EIO);
  EXPECT_EQ(kernel.now_ms(), lost_at);
}

// Somebody asks again and again, until it counts as gone.
TEST_F(Backpressure, StalledForGood) {
  start_head(640, 480);
  device->bad.stops_consuming = true;
  for (uint32_t i = 0; !qxl_core_is_stalled(core); i++) present_all(fake::Frame(640, 480, i));
  const uint64_t took = flush_until_lost();
  EXPECT_GE(took, 38000u);
  EXPECT_LE(took, 45000u);
  EXPECT_EQ(kernel.losses_found, 1u);
  // A ring that makes no sense, and nothing of ours with the host: no better.
  device->bad.stops_consuming = false;
  ASSERT_EQ(qxl_core_start(core), 0);
  ASSERT_EQ(qxl_core_set_primary(core, 640, 480), 0);
  light(640, 480);
  pump();
  device->bad.stops_consuming = true;
  device->ram()->cmd_ring.cons = device->ram()->cmd_ring.prod + 1;
  EXPECT_EQ(present_all(fake::Frame(640, 480, 1000)), -EAGAIN);
  EXPECT_GT(flush_until_lost(), 0u);
}

TEST_F(Backpressure, FullCursorRing) {
  start(640, 480);
  ASSERT_EQ(set_pointer(), 0);
  pump();
  device->bad.stops_consuming = true;
  int error = 0;
  int moves = 0;
  while (!error && moves < 100) error = qxl_core_cursor_move(core, 0, moves++, 0);
  EXPECT_EQ(error, -EAGAIN);
  EXPECT_EQ(moves, 33);
}

// What the pointer is by then, when the host takes commands again.
TEST_F(Backpressure, PointerCatchesUp) {
  start(640, 480);
  ASSERT_EQ(set_pointer(), 0);
  pump();
  for (bool hide : {false, true}) {
    device->bad.stops_consuming = true;
    for (int i = 0; i < 40; i++) qxl_core_cursor_move(core, 0, i, 0);
    EXPECT_EQ(qxl_core_cursor_catch_up(core), -EAGAIN);
    EXPECT_EQ(qxl_core_cursor_move(core, 0, 200, 100), -EAGAIN);
    if (hide) {
      EXPECT_EQ(qxl_core_cursor_hide(core, 0), -EAGAIN);
    }
    device->bad.stops_consuming = false;
    pump();
    EXPECT_NE(device->cursor().x, 200);
    EXPECT_EQ(qxl_core_cursor_catch_up(core), 0);
    pump();
    EXPECT_EQ(device->cursor().visible, !hide);
    if (!hide) {
      EXPECT_EQ(device->cursor().x, 200);
      EXPECT_EQ(device->cursor().y, 100);
      ASSERT_EQ(qxl_core_cursor_move(core, 0, 1, 1), 0);
    }
    const uint32_t commands = counters().cursor_commands;
    EXPECT_EQ(qxl_core_cursor_catch_up(core), 0);
    EXPECT_EQ(counters().cursor_commands, commands);
  }
}

// One that takes a command now and then gets each part of a picture once, until it
// has all of it.
TEST_F(Backpressure, SlowHostGetsAllOfAPicture) {
  const fake::Frame frame(1024, 900, 3);
  int attempts = 1;

  start_head(1024, 900);
  device->commands_per_step = 1;
  device->bad.stops_consuming = true;
  for (uint32_t i = 50; present_all(fake::Frame(1024, 900, i)) == 0;) i++;
  const uint64_t before = counters().presented_bytes;
  for (; present_all(frame) == -EAGAIN; attempts++) {
    ASSERT_LT(attempts, 10);
    device->bad.stops_consuming = false;
    device->step();
    device->bad.stops_consuming = true;
    qxl_core_flush(core);
  }
  EXPECT_GT(attempts, 1);
  EXPECT_LE(counters().presented_bytes - before, 1024u * 900 * 4 * 3 / 2);
  device->bad.stops_consuming = false;
  pump();
  for (uint32_t y = 0; y < 900; y += 13)
    for (uint32_t x = 0; x < 1024; x += 17)
      ASSERT_EQ(device->pixel((int)x, (int)y), frame.pixel(x, y)) << x << ' ' << y;
}

// While a client reads nothing: pictures are put off after a second, and after that
// at once, and the last one is right in the end.
TEST_F(Backpressure, PutOffAndShownLater) {
  const std::vector<qxl_rect> rects(1, {0, 0, 8, 8});
  const fake::Frame last(640, 480, 7);

  start_head(640, 480);
  device->bad.stops_consuming = true;
  for (uint32_t i = 0; i < 32; i++) ASSERT_EQ(present(fake::Frame(64, 64, 200 + i), rects), 0) << i;
  const uint64_t before = kernel.now_ms();
  EXPECT_EQ(present(fake::Frame(64, 64), rects), -EAGAIN);
  const uint64_t gave_up_at = kernel.now_ms();
  EXPECT_GE(gave_up_at - before, 2000u);
  EXPECT_LE(gave_up_at - before, 3000u);
  for (uint32_t i = 0; i < 100; i++) EXPECT_EQ(present_all(fake::Frame(640, 480, i)), -EAGAIN);
  EXPECT_EQ(kernel.now_ms(), gave_up_at);
  EXPECT_TRUE(qxl_core_is_stalled(core));
  EXPECT_EQ(counters().stalls, 1u);
  EXPECT_LE(counters().in_flight, 32u);
  device->bad.stops_consuming = false;
  pump();
  qxl_core_flush(core);
  EXPECT_FALSE(qxl_core_is_stalled(core));
  ASSERT_EQ(present_all(last), 0);
  EXPECT_EQ(counters().lost, 0u);
  for (uint32_t y = 0; y < 480; y += 13)
    for (uint32_t x = 0; x < 640; x += 17)
      ASSERT_EQ(device->pixel((int)x, (int)y), last.pixel(x, y)) << x << ' ' << y;
}

// The display's connection is stuck, the pointer's is not: the host goes on taking
// and giving back pointer commands.
TEST_F(Backpressure, APointerThatMovesIsNoPicture) {
  const std::vector<qxl_rect> rects(1, {0, 0, 8, 8});
  int32_t x = 0;

  start_head(640, 480);
  ASSERT_EQ(set_pointer(), 0);
  pump();
  device->bad.stops_drawing = true;
  for (uint32_t i = 0; i < 32; i++) ASSERT_EQ(present(fake::Frame(64, 64, 200 + i), rects), 0) << i;
  const auto wait = kernel.on_wait;
  kernel.on_wait = [&] {
    EXPECT_EQ(qxl_core_cursor_move(core, 0, ++x, 0), 0);
    wait();
    device->flush_releases();
    return false;  // time passes
  };
  const uint64_t before = kernel.now_ms();
  EXPECT_EQ(present(fake::Frame(64, 64), rects), -EAGAIN);
  EXPECT_GE(kernel.now_ms() - before, 2000u);
  EXPECT_LE(kernel.now_ms() - before, 3000u);
  EXPECT_GT(x, 10);
  EXPECT_TRUE(qxl_core_is_stalled(core));
  kernel.on_wait = wait;
  EXPECT_EQ(qxl_core_cursor_move(core, 0, 0, 0), 0);
  EXPECT_TRUE(qxl_core_is_stalled(core));
  EXPECT_EQ(present(fake::Frame(64, 64), rects), -EAGAIN);
  EXPECT_EQ(counters().lost, 0u);
  device->bad.stops_drawing = false;
  pump();
  EXPECT_FALSE(qxl_core_is_stalled(core));
}

// And the other way round.
TEST_F(Backpressure, PicturesDoNotWaitForThePointer) {
  int error = 0;
  uint32_t i = 0;

  start_head(640, 480);
  ASSERT_EQ(set_pointer(), 0);
  pump();
  device->bad.stops_pointing = true;
  const auto wait = kernel.on_wait;
  kernel.on_wait = [&] {
    EXPECT_EQ(present_all(fake::Frame(640, 480, ++i)), 0);
    wait();
    return false;
  };
  const uint64_t before = kernel.now_ms();
  for (int moves = 0; !error && moves < 100; moves++)
    error = qxl_core_cursor_move(core, 0, moves, 0);
  EXPECT_EQ(error, -EAGAIN);
  EXPECT_GE(kernel.now_ms() - before, 2000u);
  EXPECT_LE(kernel.now_ms() - before, 3000u);
  kernel.on_wait = wait;
  EXPECT_FALSE(qxl_core_is_stalled(core));
  EXPECT_EQ(present_all(fake::Frame(640, 480, 7)), 0);
  EXPECT_EQ(counters().lost, 0u);
}

TEST_F(Backpressure, RecoversAfterAReset) {
  std::vector<qxl_rect> rects(64, {0, 0, 8, 8});

  start(64, 64);
  device->bad.stops_consuming = true;
  EXPECT_EQ(present(fake::Frame(64, 64), rects), -EIO);
  device->bad.stops_consuming = false;
  ASSERT_EQ(qxl_core_start(core), 0);
  EXPECT_EQ(counters().in_flight, 0u);
  EXPECT_EQ(counters().in_flight_bytes, 0u);
  ASSERT_EQ(qxl_core_set_primary(core, 64, 64), 0);
  EXPECT_EQ(present(fake::Frame(64, 64), rects), 0);
}

// Everything comes back in the end, whatever the host's habits.
TEST_F(Backpressure, NothingLeaksUnderAnyPolicy) {
  start(640, 480);
  for (size_t hold : {0u, 1u, 7u, 31u, 33u, 100u}) {
    device->hold_last = hold;
    device->oom_frees = hold ? hold : 1;
    for (int i = 0; i < 150; i++)
      ASSERT_EQ(present(fake::Frame(64, 64), {{0, 0, 64, 64}, {10, 0, 20, 10}}), 0);
  }
  pump();
  device->release_held(SIZE_MAX);
  device->flush_releases();
  pump();
  device->flush_releases();
  pump();
  EXPECT_EQ(counters().in_flight, 0u);
  EXPECT_EQ(counters().in_flight_bytes, 0u);
  EXPECT_EQ(counters().releases, counters().commands);
}

// A few commands that the host keeps for long (here: of surfaces, which live
// until they are destroyed), spread over the arena, must not make a large
// rectangle impossible: Submission::largest() promises that waiting helps.
TEST_F(Backpressure, LongLivedCommandsDoNotBlockLargeRectangles) {
  fake::Frame frame(1024, 1024, 3);
  const qxl_surface_desc desc = {SPICE_SURFACE_FMT_32_xRGB, 16, 16, 64};
  qxl_bo bo[8];
  std::vector<qxl_fence *> fences = new_fences(8);
  uint32_t ids[8];
  qxl_layout layout = {};

  start(1024, 1024);
  qxl_core_get_layout(core, &layout);
  // The arena is filled evenly between the surfaces.
  const int32_t rows = (int32_t)(layout.upload_bytes / 9 / 4096);
  for (int i = 0; i < 8; i++) {
    ASSERT_EQ(qxl_core_surface_create(core, &bo[i], &desc, 0, fences[i], &ids[i]), 0);
    ASSERT_EQ(present(frame, {{0, 0, 1024, rows}}), 0);
  }
  pump();
  EXPECT_EQ(present_all(frame), 0) << "device lost although the host released all it could";
  EXPECT_EQ(counters().lost, 0u);
  for (uint32_t id : ids) qxl_core_surface_evict(core, id);
}

// As many surfaces as there is memory for: they may not starve presenting.
TEST_F(Backpressure, AllSurfacesLeaveRoomToPresent) {
  const qxl_surface_desc desc = {SPICE_SURFACE_FMT_32_xRGB, 16, 16, 64};
  std::vector<qxl_bo> bo(1023);
  std::vector<qxl_fence *> fences = new_fences(1023);
  std::vector<uint32_t> ids(1023);

  config.ram_bytes = 8 << 20;  // the smallest that QEMU makes
  start(1024, 768);
  size_t made = 0;
  int error = 0;
  while (made < ids.size() && error == 0) {
    error = qxl_core_surface_create(core, &bo[made], &desc, 0, fences[made], &ids[made]);
    made += error == 0;
  }
  EXPECT_EQ(error, -ENOSPC);
  EXPECT_GE(made, 256u);
  EXPECT_EQ(present_all(fake::Frame(1024, 768)), 0);
  for (size_t i = 0; i < made; i++) qxl_core_surface_evict(core, ids[i]);
  EXPECT_EQ(counters().lost, 0u);
}

}  // namespace
