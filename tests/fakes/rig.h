// SPDX-License-Identifier: GPL-2.0-only
// A core on a fake device in a fake kernel, wired as the rim wires them, and
// the fixture that turns every violation into a failure.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <deque>
#include <memory>
#include <random>
#include <vector>

#include "device.h"
#include "kernel.h"
#include "qxl_core.h"
#include "report.h"

namespace fake {

// Anything that runs on the fake kernel.
class KernelTest : public ::testing::Test {
 protected:
  void SetUp() override { kernel.reset(); }
  void TearDown() override;

  // What the test itself provoked: the violations, which are forgiven.
  static std::vector<std::string> forgive() { return take_violations(); }

  FakeKernel &kernel = FakeKernel::get();
};

// A framebuffer whose pixels say where they are.
class Frame {
 public:
  Frame(uint32_t width, uint32_t height, uint32_t seed = 0, uint32_t extra_pitch = 0);
  qxl_frame at(int32_t dx = 0, int32_t dy = 0, uint32_t head = 0) const;
  void scribble(uint32_t seed);
  uint32_t pixel(uint32_t x, uint32_t y) const {
    return pixels[(size_t)y * (pitch / 4) + x] & 0xffffff;
  }
  uint32_t &at_pixel(uint32_t x, uint32_t y) { return pixels[(size_t)y * (pitch / 4) + x]; }

  uint32_t width, height, pitch;
  std::vector<uint32_t> pixels;
};

class CoreTest : public KernelTest {
 protected:
  void SetUp() override;
  void TearDown() override;

  // Before make(): another device or another number of heads.
  DeviceConfig config;
  uint32_t heads = 4;

  // Builds device and core; not started.
  int create();
  // All of it up to a primary of this size.
  void start(uint32_t width = 640, uint32_t height = 480);
  void destroy_core();

  int present(const Frame &frame, const std::vector<qxl_rect> &rects, int32_t dx = 0,
              int32_t dy = 0);
  int present_all(const Frame &frame);
  // A pointer of 16 x 16 pixels, its hotspot in a corner; of the caller's pixels, or
  // those of Frame(16, 16, head).
  int set_pointer(const Frame &frame, uint32_t head, int32_t x, int32_t y);
  int set_pointer(uint32_t head = 0, int32_t x = 0, int32_t y = 0);
  // Lets the host and the deferred work run until nothing happens.
  void pump();
  // What the rim does while the host does nothing: how many ms until the device is
  // lost; 0: it is not.
  uint64_t flush_until_lost();
  // The rim's deferred work.
  bool run_deferred();
  qxl_counters counters() const;

  // Fences live longer than the core, which may hold them to the end.
  qxl_fence &new_fence() { return fences_.emplace_back(); }
  std::vector<qxl_fence *> new_fences(size_t count) {
    std::vector<qxl_fence *> all(count);

    for (qxl_fence *&fence : all) fence = &new_fence();
    return all;
  }

  // What the host must show: tests draw here what they present.
  void expect_picture(const std::vector<uint32_t> &expected);

  std::unique_ptr<FakeDevice> device;
  qxl_core *core = nullptr;
  qxl_rom_info rom = {};
  std::atomic<uint32_t> irq_bits{0};  // all that were returned
  std::atomic<uint32_t> deferred{0};  // work the handler asked for

 private:
  void on_interrupt();

  std::deque<qxl_fence> fences_;
};

// Real threads on guest and host side.
class ThreadedTest : public CoreTest {
 protected:
  void SetUp() override;
  void TearDown() override;
  void start_threaded(uint32_t width = 640, uint32_t height = 480);
  // Waits until the condition holds, at most this long.
  static bool eventually(const std::function<bool()> &condition, unsigned timeout_ms = 20000);
};

}  // namespace fake
