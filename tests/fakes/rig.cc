// SPDX-License-Identifier: GPL-2.0-only
#include "rig.h"

#include <chrono>
#include <thread>

namespace fake {

void KernelTest::TearDown() {
  kernel.check_nothing_left();
  for (const std::string &text : take_violations()) ADD_FAILURE() << text;
  kernel.on_wait = nullptr;
  kernel.on_delay = nullptr;
  kernel.on_staged = nullptr;
  kernel.on_irq_window = nullptr;
}

Frame::Frame(uint32_t w, uint32_t h, uint32_t seed, uint32_t extra_pitch)
    : width(w), height(h), pitch(w * 4 + extra_pitch), pixels((size_t)(pitch / 4) * h) {
  scribble(seed);
}

void Frame::scribble(uint32_t seed) {
  uint32_t i = 0;

  for (uint32_t &pixel : pixels) pixel = (i++ * 2654435761u) ^ (seed * 40503u + 0x5a5a5a);
}

qxl_frame Frame::at(int32_t dx, int32_t dy, uint32_t head) const {
  return {.pixels = pixels.data(),
          .lut = nullptr,
          .pitch = pitch,
          .width = width,
          .height = height,
          .dx = dx,
          .dy = dy,
          .head = head,
          .format = QXL_PIXELS_XRGB8888,
          .more = false};
}

void CoreTest::SetUp() {
  KernelTest::SetUp();
}

int CoreTest::create() {
  device = std::make_unique<FakeDevice>(config);
  device->on_interrupt = [this] { on_interrupt(); };
  kernel.on_irq_window = [this] {
    if (core) device->deliver_interrupts();
  };
  kernel.on_wait = [this] {
    const bool worked = device->step();

    return run_deferred() || worked;
  };
  kernel.on_delay = [this] { device->step(); };

  qxl_resources resources = device->resources();

  if (int error = qxl_core_read_rom(device->handle(), &resources, &rom)) return error;
  return qxl_core_create(device->handle(), &resources, &rom, heads, &core);
}

void CoreTest::start(uint32_t width, uint32_t height) {
  ASSERT_EQ(create(), 0);
  ASSERT_EQ(qxl_core_start(core), 0);
  ASSERT_EQ(qxl_core_set_primary(core, width, height), 0);
  ASSERT_TRUE(device->has_primary());
}

void CoreTest::destroy_core() {
  if (!core) return;
  qxl_core_stop(core, 0);
  qxl_core_destroy(core);
  core = nullptr;
}

void CoreTest::TearDown() {
  destroy_core();
  if (device) device->check_rom_unchanged();
  KernelTest::TearDown();
  device.reset();
}

// The rim's handler; the rest of the work is left for a worker.
void CoreTest::on_interrupt() {
  const uint32_t bits = qxl_core_interrupt(core);

  irq_bits |= bits;
  if (bits & QXL_IRQ_RELEASES) deferred++;
  // Only a reset would lower the line now.
  if (bits & QXL_IRQ_ERROR) device->intx_enabled = false;
}

uint64_t CoreTest::flush_until_lost() {
  const uint64_t before = kernel.now_ms();

  while (kernel.now_ms() - before < 60000) {
    qxl_core_flush(core);
    if (counters().lost) return kernel.now_ms() - before;
    kernel.advance_ms(50);
  }
  return 0;
}

bool CoreTest::run_deferred() {
  if (!deferred.exchange(0)) return false;
  AtomicSection no_sleeping;
  qxl_core_collect(core);
  return true;
}

void CoreTest::pump() {
  do {
    device->drain();
  } while (run_deferred());
}

int CoreTest::present(const Frame &frame, const std::vector<qxl_rect> &rects, int32_t dx,
                      int32_t dy) {
  const qxl_frame view = frame.at(dx, dy);

  return qxl_core_present(core, &view, rects.data(), (uint32_t)rects.size());
}

int CoreTest::present_all(const Frame &frame) {
  return present(frame, {{0, 0, (int32_t)frame.width, (int32_t)frame.height}});
}

int CoreTest::set_pointer(const Frame &frame, uint32_t head, int32_t x, int32_t y) {
  const qxl_cursor_image image = {frame.pixels.data(), nullptr, frame.pitch, 16, 16, 0, 0};
  return qxl_core_cursor_set(core, head, &image, x, y);
}

int CoreTest::set_pointer(uint32_t head, int32_t x, int32_t y) {
  return set_pointer(Frame(16, 16, head), head, x, y);
}

qxl_counters CoreTest::counters() const {
  qxl_counters counters = {};

  qxl_core_get_counters(core, &counters);
  return counters;
}

void CoreTest::expect_picture(const std::vector<uint32_t> &expected) {
  const std::vector<uint32_t> shown = device->picture();

  ASSERT_EQ(shown.size(), expected.size());
  for (size_t i = 0; i < shown.size(); i++)
    ASSERT_EQ(shown[i], expected[i])
        << "at " << i % device->primary().width << "," << i / device->primary().width;
}

void ThreadedTest::SetUp() {
  CoreTest::SetUp();
  kernel.set_threaded(true);
}

void ThreadedTest::start_threaded(uint32_t width, uint32_t height) {
  ASSERT_EQ(create(), 0);
  device->after_interrupt = [this] { run_deferred(); };
  device->start_thread();
  ASSERT_EQ(qxl_core_start(core), 0);
  ASSERT_EQ(qxl_core_set_primary(core, width, height), 0);
}

bool ThreadedTest::eventually(const std::function<bool()> &condition, unsigned timeout_ms) {
  for (unsigned i = 0; i < timeout_ms; i++) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return condition();
}

// Stopping the core needs no host thread: it resets the device.
void ThreadedTest::TearDown() {
  if (device) device->stop_thread();
  CoreTest::TearDown();
}

}  // namespace fake
