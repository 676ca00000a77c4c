// SPDX-License-Identifier: GPL-2.0-only
// The panic screen: shown from a context in which nothing can be locked or
// waited for, whatever the other processors were stopped at.
#include <algorithm>
#include <cstring>

#include "rig.h"

namespace {

constexpr uint32_t kNoise = 0x9e3779b9;

class Panic : public fake::CoreTest {
 protected:
  static constexpr uint32_t kWidth = 640;
  static constexpr uint32_t kHeight = 480;

  void SetUp() override {
    CoreTest::SetUp();
    heads_on = {{0, 0, kWidth, kHeight}, {}, {}, {}};
  }

  static uint32_t pixel_of(uint32_t seed, uint32_t x, uint32_t y) {
    return ((seed + x * 31 + y) * kNoise) & 0xffffff;
  }

  int buffer_of(uint32_t head, qxl_panic_buffer &buffer) const {
    return qxl_core_panic_buffer(core, heads_on.data(), (uint32_t)heads_on.size(), head, &buffer);
  }

  void show(uint32_t head) {
    qxl_core_panic_show(core, heads_on.data(), (uint32_t)heads_on.size(), head);
  }

  // What drm_panic does for a head. Locking, sleeping and allocating are
  // violations in here.
  int panic(uint32_t head, uint32_t seed) {
    const fake::IrqSection stopped;
    qxl_panic_buffer buffer = {};

    if (const int error = buffer_of(head, buffer)) return error;
    for (uint32_t y = 0; y < buffer.height; y++) {
      auto *row = (uint32_t *)((uint8_t *)buffer.pixels + (size_t)y * buffer.pitch);

      for (uint32_t x = 0; x < buffer.width; x++) row[x] = pixel_of(seed, x, y);
    }
    show(head);
    return 0;
  }

  // A panic screen on what is expected, `rows` of it in the middle of the head.
  static void expect_screen(std::vector<uint32_t> &picture, uint32_t pitch, const qxl_head &head,
                            uint32_t seed, uint32_t rows) {
    const uint32_t top = (head.height - rows) / 2;

    for (uint32_t y = 0; y < head.height; y++)
      for (uint32_t x = 0; x < head.width; x++)
        picture[(size_t)(head.y + y) * pitch + head.x + x] =
            y >= top && y < top + rows ? pixel_of(seed, x, y - top) : 0;
  }

  static std::vector<uint32_t> whole_screen(uint32_t seed) {
    std::vector<uint32_t> picture((size_t)kWidth * kHeight);

    expect_screen(picture, kWidth, {0, 0, kWidth, kHeight}, seed, kHeight);
    return picture;
  }

  // The host's work: the guest does not get on any more.
  void host_goes_on() {
    const fake::IrqSection stopped;

    device->drain();
  }

  void expect_shown(const std::vector<uint32_t> &picture) {
    host_goes_on();
    expect_picture(picture);
  }

  uint32_t pushed() const { return device->ram()->cmd_ring.prod; }

  std::vector<qxl_head> heads_on;
};

TEST_F(Panic, IsShown) {
  start(kWidth, kHeight);
  ASSERT_EQ(present_all(fake::Frame(kWidth, kHeight)), 0);
  ASSERT_EQ(panic(0, 1), 0);
  expect_shown(whole_screen(1));
}

TEST_F(Panic, BufferIsTheHeadWithPackedRows) {
  qxl_panic_buffer buffer = {};

  start(kWidth, kHeight);
  ASSERT_EQ(buffer_of(0, buffer), 0);
  EXPECT_EQ(buffer.width, kWidth);
  EXPECT_EQ(buffer.height, kHeight);
  EXPECT_EQ(buffer.pitch, kWidth * 4);
}

TEST_F(Panic, EachHeadHasItsOwnAtItsPlace) {
  heads_on = {{0, 0, 320, 240}, {}, {320, 0, 320, 480}, {100, 300, 64, 64}};
  start(kWidth, kHeight);
  device->hold_last = 1000;  // nothing is rendered before somebody looks
  std::vector<uint32_t> picture((size_t)kWidth * kHeight);

  for (uint32_t head : {0u, 2u, 3u}) {
    ASSERT_EQ(panic(head, head), 0);
    expect_screen(picture, kWidth, heads_on[head], head, heads_on[head].height);
  }
  EXPECT_EQ(panic(1, 1), -ENODEV);
  expect_shown(picture);
}

TEST_F(Panic, SeveralTimes) {
  start(kWidth, kHeight);
  for (uint32_t i = 0; i < 100; i++) {
    ASSERT_EQ(panic(0, i), 0);
    expect_shown(whole_screen(i));
  }
}

// What the host has taken and not drawn, and what it has not even taken.
TEST_F(Panic, CoversWhatIsPending) {
  start(kWidth, kHeight);
  device->hold_last = 1000;
  ASSERT_EQ(present(fake::Frame(kWidth, kHeight, 1), {{0, 0, 300, 300}}), 0);
  device->step();
  device->bad.stops_consuming = true;
  ASSERT_EQ(present(fake::Frame(kWidth, kHeight, 2), {{100, 100, 640, 480}}), 0);
  ASSERT_EQ(panic(0, 3), 0);
  device->bad.stops_consuming = false;
  expect_shown(whole_screen(3));
}

// The host would be sent what it has not read yet: commands of garbage.
TEST_F(Panic, WritesToVramAndTheRingsAlone) {
  qxl_layout layout = {};

  start(kWidth, kHeight);
  qxl_core_get_layout(core, &layout);
  device->bad.stops_consuming = true;
  ASSERT_EQ(present_all(fake::Frame(kWidth, kHeight)), 0);
  const uint8_t *ram = device->ram_memory();
  const std::vector<uint8_t> before(ram, ram + rom.ram_header_offset);
  ASSERT_EQ(panic(0, 1), 0);

  EXPECT_EQ(memcmp(before.data(), ram, layout.vram_offset), 0);
  EXPECT_NE(memcmp(before.data() + layout.vram_offset, ram + layout.vram_offset, layout.vram_bytes),
            0);
  EXPECT_EQ(layout.vram_offset + layout.vram_bytes, rom.ram_header_offset);
  device->bad.stops_consuming = false;
}

// Another processor has the core lock, and has put a command on the ring that the host
// does not know of.
TEST_F(Panic, InTheMiddleOfAPush) {
  int error = 1;

  start(kWidth, kHeight);
  kernel.on_staged = [&] {
    kernel.on_staged = nullptr;
    EXPECT_EQ(fake::spinlocks_held(), 1);
    error = panic(0, 1);
    host_goes_on();
  };
  ASSERT_EQ(present(fake::Frame(kWidth, kHeight, 5), {{0, 0, 64, 64}}), 0);
  EXPECT_EQ(error, 0);
  expect_picture(whole_screen(1));
}

// Whoever published last may not have come to waking the host.
TEST_F(Panic, WakesAHostThatDidNotAsk) {
  start(kWidth, kHeight);
  ASSERT_EQ(present(fake::Frame(kWidth, kHeight), {{0, 0, 64, 64}}), 0);
  device->clear_stats();
  device->ram()->cmd_ring.notify_on_prod = pushed();
  ASSERT_EQ(panic(0, 1), 0);
  EXPECT_EQ(device->stats().port_writes[QXL_IO_NOTIFY_CMD], 1u);
  EXPECT_EQ(device->stats().port_writes[QXL_IO_NOTIFY_CURSOR], 1u);
}

TEST_F(Panic, WaitsForRoomOnTheRing) {
  start(kWidth, kHeight);
  device->drain();
  device->bad.stops_consuming = true;
  ASSERT_EQ(present(fake::Frame(kWidth, kHeight), std::vector<qxl_rect>(32, {0, 0, 8, 8})), 0);
  ASSERT_EQ(pushed() - device->ram()->cmd_ring.cons, 32u);
  device->bad.stops_consuming = false;
  device->commands_per_step = 1;
  device->clear_stats();
  ASSERT_EQ(panic(0, 1), 0);
  // The sleeper is woken before it is waited for.
  EXPECT_EQ(device->stats().port_writes[QXL_IO_NOTIFY_CMD], 2u);
  expect_shown(whole_screen(1));
}

TEST_F(Panic, DoesNotWaitForEver) {
  uint32_t delays = 0;

  heads_on[1] = heads_on[0];
  start(kWidth, kHeight);
  device->drain();
  device->bad.stops_consuming = true;
  ASSERT_EQ(present(fake::Frame(kWidth, kHeight), std::vector<qxl_rect>(32, {0, 0, 8, 8})), 0);
  kernel.on_delay = [&] { delays++; };
  const uint32_t before = pushed();
  EXPECT_EQ(panic(0, 1), 0);
  EXPECT_EQ(delays, 50000u);  // of 100 us
  EXPECT_EQ(panic(1, 1), 0);
  EXPECT_EQ(delays, 50000u);
  EXPECT_EQ(pushed(), before);
  device->bad.stops_consuming = false;
}

TEST_F(Panic, OfALostDeviceDoesNothing) {
  qxl_panic_buffer buffer = {};

  start(kWidth, kHeight);
  device->drain();
  qxl_core_lose(core);
  const uint32_t before = pushed();
  EXPECT_EQ(buffer_of(0, buffer), -EIO);
  show(0);
  EXPECT_EQ(pushed(), before);
}

// Between two primaries, as in the middle of a modeset.
TEST_F(Panic, WithoutAPrimaryDoesNothing) {
  qxl_panic_buffer buffer = {};

  ASSERT_EQ(create(), 0);
  ASSERT_EQ(qxl_core_start(core), 0);
  device->clear_stats();
  EXPECT_EQ(buffer_of(0, buffer), -ENODEV);
  show(0);
  EXPECT_TRUE(device->stats().port_writes.empty());
}

TEST_F(Panic, OnAPrimaryOfUserSpace) {
  const qxl_surface_desc desc = {SPICE_SURFACE_FMT_32_xRGB, kWidth, kHeight, kWidth * 4};

  start(64, 64);
  ASSERT_EQ(qxl_core_adopt_primary(core, &desc, 8192, device->surface_memory() + 8192), 0);
  ASSERT_EQ(panic(0, 1), 0);
  expect_shown(whole_screen(1));
}

TEST_F(Panic, HidesThePointer) {
  const std::vector<uint32_t> arrow(16 * 16, 0xff00ff00);
  const qxl_cursor_image image = {arrow.data(), nullptr, 64, 16, 16, 0, 0};

  start(kWidth, kHeight);
  ASSERT_EQ(qxl_core_cursor_set(core, 0, &image, 10, 10), 0);
  device->drain();
  ASSERT_TRUE(device->cursor().visible);
  ASSERT_EQ(panic(0, 1), 0);
  host_goes_on();
  EXPECT_FALSE(device->cursor().visible);
}

// Heads that are half of the old and half of the new when the writer is stopped.
TEST_F(Panic, HeadsAreCutToThePrimary) {
  start(kWidth, kHeight);
  heads_on[0] = {600, 400, 640, 480};
  heads_on[1] = {~0u, ~0u, ~0u, ~0u};
  heads_on[2] = {640, 0, 64, 64};
  ASSERT_EQ(panic(0, 1), 0);
  EXPECT_EQ(panic(1, 1), -ENODEV);
  EXPECT_EQ(panic(2, 1), -ENODEV);
  EXPECT_EQ(panic(4, 1), -EINVAL);
  std::vector<uint32_t> picture((size_t)kWidth * kHeight);
  expect_screen(picture, kWidth, {600, 400, 40, 80}, 1, 80);
  expect_shown(picture);
}

class PanicWithLittleMemory : public Panic {
 protected:
  void SetUp() override {
    Panic::SetUp();
    config.vgamem_bytes = 8 << 20;
  }
};

// 3 MiB for a head of 8 MiB: the middle of it, and black around.
TEST_F(PanicWithLittleMemory, ShowsTheMiddleOfTheHead) {
  qxl_panic_buffer buffer = {};
  std::vector<uint32_t> picture((size_t)1920 * 1080);

  heads_on[0] = {0, 0, 1920, 1080};
  start(1920, 1080);
  ASSERT_EQ(present_all(fake::Frame(1920, 1080)), 0);
  ASSERT_EQ(buffer_of(0, buffer), 0);
  EXPECT_LT(buffer.height, 1080u);
  EXPECT_GT(buffer.height, 360u);
  ASSERT_EQ(panic(0, 1), 0);
  expect_screen(picture, 1920, heads_on[0], 1, buffer.height);
  expect_shown(picture);
}

// All stay inside VRAM, and none is in another's.
TEST_F(PanicWithLittleMemory, IsShared) {
  qxl_layout layout = {};
  std::vector<uint32_t> picture((size_t)1920 * 1080);

  heads_on = {{0, 0, 960, 540}, {960, 0, 960, 540}, {0, 540, 1920, 539}, {0, 1079, 1920, 1}};
  start(1920, 1080);
  device->hold_last = 1000;
  qxl_core_get_layout(core, &layout);
  const uint8_t *vram = device->ram_memory() + layout.vram_offset;
  for (uint32_t head = 0; head < 3; head++) {
    qxl_panic_buffer buffer = {};

    ASSERT_EQ(buffer_of(head, buffer), 0);
    ASSERT_GE((uint8_t *)buffer.pixels, vram);
    ASSERT_LE((uint8_t *)buffer.pixels + (size_t)buffer.pitch * buffer.height,
              vram + layout.vram_bytes);
    EXPECT_LT(buffer.height, heads_on[head].height);
    ASSERT_EQ(panic(head, head), 0);
    expect_screen(picture, 1920, heads_on[head], head, buffer.height);
  }
  EXPECT_EQ(panic(3, 3), -ENOMEM);  // a part of a row is none
  expect_shown(picture);
}

}  // namespace
