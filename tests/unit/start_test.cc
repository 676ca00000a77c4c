// SPDX-License-Identifier: GPL-2.0-only
// Creating, starting and stopping.
#include <spice/enums.h>
#include <sys/mman.h>

#include <functional>

#include "rig.h"

namespace {

class Start : public fake::CoreTest {};

TEST_F(Start, CreateTouchesNoHardware) {
  ASSERT_EQ(create(), 0);
  EXPECT_TRUE(device->stats().port_writes.empty());
  qxl_core_destroy(core);
  core = nullptr;
}

TEST_F(Start, DestroyOfNothing) {
  qxl_core_destroy(nullptr);
}

TEST_F(Start, LayoutFitsBetweenPrimaryAndHeader) {
  qxl_layout layout = {};

  ASSERT_EQ(create(), 0);
  qxl_core_get_layout(core, &layout);
  EXPECT_GE(layout.vram_offset, rom.primary_offset + rom.primary_bytes);
  EXPECT_LE(layout.vram_offset + layout.vram_bytes, rom.ram_header_offset);
  EXPECT_GT(layout.vram_bytes, 0u);
  EXPECT_GE(layout.upload_bytes, 1u << 20);
  EXPECT_EQ(layout.vram_offset % 4096, 0u);
  EXPECT_EQ(layout.vram_bytes % 4096, 0u);
}

TEST_F(Start, TooLittleMemory) {
  config.ram_bytes = 5 << 20;
  EXPECT_EQ(create(), -ENODEV);
  EXPECT_TRUE(kernel.logged("ram_size_mb"));
  EXPECT_EQ(core, nullptr);
}

TEST_F(Start, SetsUpSlotsAndInterrupts) {
  ASSERT_EQ(create(), 0);
  ASSERT_EQ(qxl_core_start(core), 0);
  auto writes = device->stats().port_writes;
  EXPECT_EQ(writes[QXL_IO_RESET], 1u);
  EXPECT_EQ(writes[QXL_IO_MEMSLOT_ADD], 2u);
  const uint32_t mask = device->ram()->int_mask;
  EXPECT_TRUE(mask & QXL_INTERRUPT_CLIENT_MONITORS_CONFIG);
  EXPECT_TRUE(mask & QXL_INTERRUPT_ERROR);
  EXPECT_TRUE(mask & QXL_INTERRUPT_IO_CMD);
  EXPECT_TRUE(mask & QXL_INTERRUPT_DISPLAY);
  EXPECT_TRUE(mask & QXL_INTERRUPT_CURSOR);
  EXPECT_NE(mask, ~0u);
  EXPECT_EQ(counters().lost, 0u);
}

TEST_F(Start, EveryRevisionAndNumber) {
  for (uint32_t revision : {4u, 5u})
    for (uint32_t id : {0u, 1u}) {
      config.revision = revision;
      config.id = id;
      start();
      destroy_core();
    }
}

TEST_F(Start, OtherSlotGeneration) {
  ASSERT_EQ(create(), 0);
  ASSERT_EQ(qxl_core_start(core), 0);
  ASSERT_EQ(qxl_core_set_primary(core, 64, 64), 0);
  EXPECT_EQ(device->primary().mem >> 56, 1u);
}

// After all that a start sets up has failed in every possible way nothing is
// left, and it works when nothing fails.
TEST_F(Start, EveryAllocationCanFail) {
  uint64_t n = 1;

  for (;; n++) {
    core = nullptr;
    kernel.fail_allocation_at(n);
    const int error = create();

    if (!error) break;
    EXPECT_EQ(error, -ENOMEM);
    EXPECT_EQ(core, nullptr);
    EXPECT_EQ(kernel.live(), fake::Live{}) << "at " << n;
    ASSERT_LT(n, 100u);
  }
  kernel.fail_allocation_at(0);
  EXPECT_GT(n, 5u);
}

TEST_F(Start, StopResetsAndLoses) {
  start();
  ASSERT_EQ(present_all(fake::Frame(64, 64)), 0);
  ASSERT_EQ(set_pointer(), 0);
  qxl_core_stop(core, 0);
  EXPECT_FALSE(device->has_primary());
  EXPECT_EQ(counters().in_flight, 0u);
  EXPECT_EQ(counters().in_flight_bytes, 0u);
  EXPECT_EQ(counters().lost, 1u);
  EXPECT_EQ(qxl_core_set_primary(core, 64, 64), -EIO);
  const qxl_rect all = {0, 0, 64, 64};
  const qxl_head head = {0, 0, 64, 64};
  EXPECT_EQ(qxl_core_cursor_move(core, 0, 1, 1), -EIO);
  EXPECT_EQ(qxl_core_set_monitors(core, &head, 1), -EIO);
  EXPECT_EQ(qxl_core_surface_update(core, 1, &all), -EIO);
  // Nothing may be asked of the device now.
  EXPECT_EQ(device->ram()->int_mask, 0u);
}

// After an unplug the memory may be somebody else's, and is not mapped any more:
// whoever so much as reads it crashes here, too.
TEST_F(Start, StoppedDeviceIsLeftAlone) {
  qxl_bo bo;
  fake::Frame frame(64, 64);

  start();
  ASSERT_EQ(present_all(frame), 0);
  const qxl_surface_desc desc = {SPICE_SURFACE_FMT_32_xRGB, 64, 64, 256};
  uint32_t id = 0;
  ASSERT_EQ(qxl_core_surface_create(core, &bo, &desc, 0, &new_fence(), &id), 0);
  qxl_core_stop(core, -ENODEV);

  auto allow = [&](int access) {
    ASSERT_EQ(mprotect(device->ram_memory(), config.ram_bytes, access), 0);
    ASSERT_EQ(mprotect(device->surface_memory(), config.surface_bytes, access), 0);
  };
  allow(PROT_NONE);
  const auto writes = device->stats().port_writes;
  const qxl_rect all = {0, 0, 64, 64};
  const qxl_head head = {0, 0, 64, 64};
  const uint32_t pixel = 0;
  const qxl_cursor_image image = {&pixel, nullptr, 4, 1, 1, 0, 0};
  EXPECT_EQ(present_all(frame), -EIO);
  EXPECT_EQ(qxl_core_blank(core, &all), -EIO);
  EXPECT_EQ(qxl_core_set_primary(core, 32, 32), -EIO);
  EXPECT_EQ(qxl_core_adopt_primary(core, &desc, 0, device->surface_memory()), -EIO);
  EXPECT_EQ(qxl_core_set_monitors(core, &head, 1), -EIO);
  EXPECT_EQ(qxl_core_cursor_set(core, 0, &image, 1, 1), -EIO);
  EXPECT_EQ(qxl_core_cursor_move(core, 0, 1, 1), -EIO);
  EXPECT_EQ(qxl_core_cursor_hide(core, 0), -EIO);
  EXPECT_EQ(qxl_core_surface_update(core, id, &all), -EIO);
  qxl_core_surface_evict(core, id);
  qxl_core_lose(core);
  qxl_core_collect(core);
  qxl_core_flush(core);
  allow(PROT_READ | PROT_WRITE);
  EXPECT_EQ(device->stats().port_writes, writes);
  EXPECT_EQ(counters().surfaces, 0u);
}

TEST_F(Start, StopTwiceAndBeforeStart) {
  ASSERT_EQ(create(), 0);
  qxl_core_stop(core, -EIO);
  qxl_core_stop(core, -EIO);
}

TEST_F(Start, RestartWorksAgainAndAgain) {
  fake::Frame frame(64, 64);

  start(64, 64);
  for (int i = 0; i < 20; i++) {
    frame.scribble((uint32_t)i);
    ASSERT_EQ(present_all(frame), 0);
    EXPECT_EQ(device->picture()[65], frame.pixel(1, 1));
    qxl_core_stop(core, 0);
    ASSERT_EQ(qxl_core_start(core), 0);
    EXPECT_EQ(counters().lost, 0u);
    ASSERT_EQ(qxl_core_set_primary(core, 64, 64), 0);
  }
  EXPECT_GE(counters().resets, 20u);
}

// Start without stop: the host was reset under us (guest crash dump, resume).
TEST_F(Start, StartTwice) {
  start(64, 64);
  device->hold_last = 100;
  ASSERT_EQ(present_all(fake::Frame(64, 64)), 0);
  ASSERT_EQ(qxl_core_start(core), 0);
  EXPECT_EQ(counters().in_flight, 0u);
  ASSERT_EQ(qxl_core_set_primary(core, 64, 64), 0);
  EXPECT_EQ(present_all(fake::Frame(64, 64)), 0);
}

TEST_F(Start, NotADeviceAfterReset) {
  ASSERT_EQ(create(), 0);
  // The device does not even react to the reset.
  device->handle()->port_write = [](uint32_t, uint8_t) {};
  device->ram()->magic = 0xffffffff;
  EXPECT_EQ(qxl_core_start(core), -ENODEV);
  EXPECT_EQ(counters().lost, 1u);
  EXPECT_TRUE(kernel.logged("magic"));
}

TEST_F(Start, RingsAreNotWhatTheProtocolSays) {
  using Spoil = std::function<void(QXLRam &)>;

  for (const Spoil &spoil : {
           Spoil([](QXLRam &ram) { ram.cmd_ring.num_items = 64; }),
           Spoil([](QXLRam &ram) { ram.cursor_ring.num_items = 0; }),
           Spoil([](QXLRam &ram) { ram.release_ring.num_items = 3; }),
           Spoil([](QXLRam &ram) { ram.cmd_ring.cons = 5; }),
           Spoil([](QXLRam &ram) { ram.release_ring.prod = 99; }),
       }) {
    ASSERT_EQ(create(), 0);
    device->handle()->port_write = [&](uint32_t port, uint8_t value) {
      device->port_write(port, value);
      if (port == QXL_IO_RESET) spoil(*device->ram());
    };
    EXPECT_EQ(qxl_core_start(core), -ENODEV);
    EXPECT_EQ(counters().lost, 1u);
    qxl_core_destroy(core);
    core = nullptr;
  }
}

TEST_F(Start, WildSlotGenerationIsRefused) {
  config.id = 1;
  ASSERT_EQ(create(), 0);
  qxl_core_destroy(core);
  // Only 2 generation bits, but generation 77.
  device->rom()->slot_gen_bits = 2;
  qxl_resources resources = device->resources();
  ASSERT_EQ(qxl_core_read_rom(device->handle(), &resources, &rom), 0);
  ASSERT_EQ(qxl_core_create(device->handle(), &resources, &rom, 1, &core), 0);
  device->handle()->port_write = [&](uint32_t port, uint8_t value) {
    device->port_write(port, value);
    device->rom()->slot_generation = 77;
  };
  EXPECT_EQ(qxl_core_start(core), -ENODEV);
  qxl_core_destroy(core);
  core = nullptr;
  device.reset();
}

}  // namespace
