// SPDX-License-Identifier: GPL-2.0-only
// Real threads on both sides of the rings; most useful under TSan. The host's
// thread sleeps unless it is notified: a lost wake-up hangs, and the wait's
// bound turns it into a lost device, which fails the test.
#include <cstring>
#include <functional>
#include <mutex>
#include <thread>

#include "client.h"
#include "rig.h"

namespace {

using fake::ClientImage;

class Threads : public fake::ThreadedTest {
 protected:
  void run(std::vector<std::function<void()>> bodies) {
    std::vector<std::thread> threads;

    for (auto &body : bodies) threads.emplace_back(body);
    for (std::thread &thread : threads) thread.join();
  }
  // The host is done with all that was pushed.
  void expect_all_consumed() {
    EXPECT_TRUE(eventually([&] {
      const auto stats = device->stats();
      return stats.draws + stats.surface_creates + stats.surface_destroys == counters().commands;
    }));
    EXPECT_EQ(counters().lost, 0u);
    EXPECT_EQ(counters().bad_releases, 0u);
  }

  std::mutex fences_mutex;
  std::vector<std::unique_ptr<qxl_fence>> fences;
};

TEST_F(Threads, SeveralPresent) {
  std::vector<std::function<void()>> bodies;
  std::vector<fake::Frame> frames;

  start_threaded(640, 480);
  for (uint32_t i = 0; i < 4; i++) frames.emplace_back(160, 480, i);
  for (uint32_t i = 0; i < 4; i++)
    bodies.push_back([&, i] {
      for (int n = 0; n < 25; n++)
        EXPECT_EQ(present(frames[i], {{0, 0, 160, 100}, {0, 100, 160, 480}}, (int)i * 160, 0), 0);
    });
  run(bodies);
  expect_all_consumed();
  device->stop_thread();
  for (int i = 0; i < 4; i++)
    for (uint32_t y = 0; y < 480; y += 37)
      ASSERT_EQ(device->pixel(i * 160 + 5, (int)y), frames[(size_t)i].pixel(5, y));
}

TEST_F(Threads, PresentCursorAndSurfaces) {
  const fake::Frame frame(64, 64, 9);

  config.n_surfaces = 12;
  start_threaded(640, 480);
  device->hold_last = 5;
  auto surfaces = [&] {
    const qxl_surface_desc desc = {SPICE_SURFACE_FMT_32_xRGB, 16, 16, 64};
    for (int i = 0; i < 100; i++) {
      qxl_bo bo;
      auto fence = std::make_unique<qxl_fence>();
      uint32_t id;
      const int error = qxl_core_surface_create(core, &bo, &desc, 0, fence.get(), &id);
      if (error) {
        ASSERT_EQ(error, -ENOSPC);
        device->flush_releases();
        qxl_core_collect(core);
        continue;
      }
      qxl_bo *found = qxl_core_surface_lookup(core, id);
      ASSERT_EQ(found, &bo);
      found->put();
      qxl_core_surface_evict(core, id);
      std::lock_guard guard(fences_mutex);
      fences.push_back(std::move(fence));
    }
  };
  run({[&] {
         for (int i = 0; i < 300; i++) EXPECT_EQ(present(frame, {{0, 0, 64, 64}}, i, 0), 0);
       },
       [&] {
         for (int i = 0; i < 300; i++) {
           const qxl_cursor_image image = {frame.pixels.data(), nullptr, 256, 64, 64, 0, 0};
           EXPECT_EQ(i % 10 ? qxl_core_cursor_move(core, 0, i, i)
                            : qxl_core_cursor_set(core, 0, &image, i, i),
                     0);
         }
       },
       surfaces, surfaces,
       [&] {
         for (int i = 0; i < 300; i++) {
           if (qxl_bo *bo = qxl_core_surface_lookup(core, 1 + (uint32_t)i % 11)) bo->put();
           counters();
         }
       }});
  qxl_core_flush(core);  // what was evicted last, nobody has woken the host for
  expect_all_consumed();
  device->stop_thread();
  qxl_core_stop(core, 0);
  for (auto &fence : fences) EXPECT_EQ(fence->signals, 1);
}

TEST_F(Threads, UnderMemoryPressure) {
  const fake::Frame frame(512, 512, 1);

  config.ram_bytes = 8 << 20;
  start_threaded(512, 512);
  device->hold_last = 8;
  auto body = [&] {
    for (int i = 0; i < 15; i++) EXPECT_EQ(present_all(frame), 0);
  };
  run({body, body, body});
  expect_all_consumed();
  EXPECT_GT(counters().memory_waits, 0u);
}

TEST_F(Threads, NoWakeUpIsLost) {
  const fake::Frame frame(16, 16, 1);

  start_threaded(64, 64);
  for (int i = 0; i < 1500; i++) {
    ASSERT_EQ(present_all(frame), 0);
    // Long enough, at times, for the host to go to sleep.
    if (i % 3 == 0) std::this_thread::sleep_for(std::chrono::microseconds(i % 50));
  }
  expect_all_consumed();
  EXPECT_EQ(device->stats().draws, 1500u);
}

TEST_F(Threads, FullRingNeverHangs) {
  const fake::Frame frame(16, 16, 1);
  const std::vector<qxl_rect> many(256, {0, 0, 4, 4});

  start_threaded(64, 64);
  device->commands_per_step = 2;
  auto body = [&] {
    for (int i = 0; i < 4; i++) EXPECT_EQ(present(frame, many), 0);
  };
  run({body, body, body});
  expect_all_consumed();
}

TEST_F(Threads, PrimaryAndMonitorsFromManyThreads) {
  const qxl_head head = {0, 0, 64, 64};

  start_threaded(64, 64);
  auto sizes = [&](uint32_t width) {
    return [&, width] {
      for (int i = 0; i < 30; i++) EXPECT_EQ(qxl_core_set_primary(core, width, 64), 0);
    };
  };
  run({sizes(64), sizes(128), [&] {
         for (int i = 0; i < 30; i++) EXPECT_EQ(qxl_core_set_monitors(core, &head, 1), 0);
       }});
  EXPECT_EQ(counters().lost, 0u);
}

// lose() wakes who waits for a ring slot, for memory and for an async I/O.
TEST_F(Threads, LoseWakesAllWaiters) {
  const fake::Frame frame(64, 64, 1);
  const qxl_rect area = {0, 0, 8, 8};
  std::atomic<int> failed{0};

  start_threaded(640, 480);
  ASSERT_EQ(set_pointer(), 0);
  device->bad.stops_consuming = true;
  device->bad.never_answers_async = true;
  device->bad.ignores_oom = true;
  std::vector<std::thread> threads;
  // Ring slots.
  threads.emplace_back([&] {
    while (!present(frame, {{0, 0, 8, 8}}));
    failed++;
  });
  threads.emplace_back([&] {
    while (!qxl_core_cursor_move(core, 0, 1, 1));
    failed++;
  });
  // I/O, and whoever waits for its turn.
  for (int i = 0; i < 2; i++)
    threads.emplace_back([&] {
      EXPECT_EQ(qxl_core_surface_update(core, 0, &area), -EIO);
      failed++;
    });
  EXPECT_TRUE(eventually([&] { return counters().ring_waits >= 2; }));
  EXPECT_EQ(failed, 0);
  const auto before = std::chrono::steady_clock::now();
  qxl_core_lose(core);
  for (std::thread &thread : threads) thread.join();
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(10));
  EXPECT_EQ(failed, 4);
}

TEST_F(Threads, LoseWakesWhoWaitsForMemory) {
  const fake::Frame frame(1024, 1024, 1);

  start_threaded(1024, 1024);
  device->hold_last = SIZE_MAX;
  device->bad.ignores_oom = true;
  std::thread thread([&] { while (!present_all(frame)); });
  EXPECT_TRUE(eventually([&] { return counters().memory_waits > 1; }));
  qxl_core_lose(core);
  thread.join();
  EXPECT_EQ(counters().lost, 1u);
}

// The first commands of all want a primary: one is made.
TEST_F(Threads, CreatorsNeedOnePrimary) {
  const qxl_surface_desc desc = {SPICE_SURFACE_FMT_32_xRGB, 16, 16, 64};
  std::vector<std::function<void()>> bodies;
  std::vector<qxl_fence *> made = new_fences(4);
  qxl_bo bo[4];
  uint32_t ids[4];

  ASSERT_EQ(create(), 0);
  device->after_interrupt = [this] { run_deferred(); };
  device->start_thread();
  ASSERT_EQ(qxl_core_start(core), 0);
  for (uint32_t i = 0; i < 4; i++)
    bodies.push_back([&, i] {
      EXPECT_EQ(qxl_core_surface_create(core, &bo[i], &desc, 0, made[i], &ids[i]), 0);
    });
  run(bodies);
  EXPECT_EQ(device->stats().port_writes[QXL_IO_CREATE_PRIMARY_ASYNC], 1u);
  for (uint32_t id : ids) qxl_core_surface_evict(core, id);
  qxl_core_flush(core);
  expect_all_consumed();
}

// Clients draw, each on its own surface, while the primary changes under them.
TEST_F(Threads, ClientsDrawWhileThePrimaryChanges) {
  const qxl_surface_desc desc = {SPICE_SURFACE_FMT_32_xRGB, 64, 48, 256};
  const ClientImage image = {SPICE_BITMAP_FMT_32BIT, 64, 48, 256};
  std::vector<std::function<void()>> bodies;
  std::vector<qxl_fence *> made = new_fences(3);
  qxl_bo bo[3];
  uint32_t ids[3];
  fake::Client clients[3];

  start_threaded(64, 48);
  device->hold_last = 5;
  for (uint32_t i = 0; i < 3; i++) {
    ASSERT_EQ(qxl_core_surface_create(core, &bo[i], &desc, 65536 * (i + 1), made[i], &ids[i]), 0);
    bodies.push_back([&, i] {
      fake::Client &client = clients[i];
      const uint32_t target = client.add_surface(desc, ids[i]);
      const uint32_t data = client.add_data(16384);

      for (uint32_t n = 0; n < 60; n++) {
        memset(client.data({data, 100}), (int)(n + i), 48 * 256);
        client.copy_bitmap(target, {0, 0, 64, 48}, image, {data, 0}, {data, 100});
        EXPECT_EQ(client.run(core), 0);
        client.fill(target, {0, 0, 1, 1}, n + i);
        EXPECT_EQ(client.run(core), 0);
      }
    });
  }
  bodies.push_back([&] {
    for (uint32_t n = 0; n < 10; n++) {
      EXPECT_EQ(
          qxl_core_adopt_primary(core, &desc, 65536 * 5, device->surface_memory() + 65536 * 5), 0);
      EXPECT_EQ(qxl_core_set_primary(core, 64, 48), 0);
    }
  });
  run(bodies);
  expect_all_consumed();
  device->stop_thread();
  for (uint32_t i = 0; i < 3; i++) {
    const auto got = device->surface_pixels(ids[i]);
    EXPECT_EQ(got.at(0), 59 + i);
    EXPECT_EQ(got.at(64 * 48 * 4 - 1), 59 + i);
    qxl_core_surface_evict(core, ids[i]);
  }
}

// Unplug: stop while others are still presenting. They get -EIO or were done.
TEST_F(Threads, StopWhileOthersWork) {
  const fake::Frame frame(64, 64, 1);

  start_threaded(640, 480);
  ASSERT_EQ(set_pointer(), 0);
  auto body = [&] {
    int error = 0;
    while (!error) error = present_all(frame);
    EXPECT_EQ(error, -EIO);
  };
  auto cursor = [&] {
    int error = 0;
    while (!error) error = qxl_core_cursor_move(core, 0, 1, 1);
    EXPECT_EQ(error, -EIO);
  };
  std::thread one(body), two(body), three(cursor);
  EXPECT_TRUE(eventually([&] { return counters().commands > 50; }));
  qxl_core_stop(core, -EIO);
  one.join();
  two.join();
  three.join();
  EXPECT_EQ(counters().in_flight, 0u);
  EXPECT_EQ(counters().in_flight_bytes, 0u);
}

// A reset beside it would leave a command on a ring that the device takes for empty.
TEST_F(Threads, StopWaitsForAPush) {
  const fake::Frame frame(64, 64, 1);
  std::atomic<bool> pushing{false};

  start_threaded(640, 480);
  device->clear_stats();
  kernel.on_staged = [&] {
    if (pushing.exchange(true)) return;
    EXPECT_FALSE(eventually([&] { return device->stats().port_writes[QXL_IO_RESET] != 0; }, 100));
  };
  std::thread pusher([&] { EXPECT_EQ(present_all(frame), 0); });
  EXPECT_TRUE(eventually([&] { return pushing.load(); }));
  qxl_core_stop(core, -EIO);
  pusher.join();
  EXPECT_EQ(device->stats().port_writes[QXL_IO_RESET], 1u);
}

}  // namespace
