// SPDX-License-Identifier: GPL-2.0-only
// The ROM is copied once, then validated; what is wrong is named.
#include "rig.h"

namespace {

class Rom : public fake::CoreTest {
 protected:
  void SetUp() override {
    CoreTest::SetUp();
    device = std::make_unique<fake::FakeDevice>(config);
    resources = device->resources();
    resources.ram_header = nullptr;
  }
  void TearDown() override {
    device.reset();
    CoreTest::TearDown();
  }
  int read() { return qxl_core_read_rom(device->handle(), &resources, &info); }
  // Refused, in one line that names the field.
  void expect_refused(const char *field) {
    kernel.clear_log();
    EXPECT_EQ(read(), -ENODEV) << field;
    EXPECT_EQ(kernel.log().size(), 1u) << field;
    EXPECT_TRUE(kernel.logged(field)) << field;
  }

  qxl_resources resources = {};
  qxl_rom_info info = {};
};

TEST_F(Rom, GoodOneIsCopied) {
  ASSERT_EQ(read(), 0);
  EXPECT_EQ(info.ram_header_offset, device->rom()->ram_header_offset);
  EXPECT_EQ(info.primary_offset, 0u);
  EXPECT_EQ(info.primary_bytes, config.vgamem_bytes);
  EXPECT_EQ(info.id, 0u);
  EXPECT_EQ(info.n_surfaces, config.n_surfaces);
  EXPECT_EQ(info.slots_start, 1);
  EXPECT_EQ(info.slots_end, 7);
  EXPECT_EQ(info.slot_id_bits, 8);
  EXPECT_EQ(info.slot_gen_bits, 8);
  EXPECT_TRUE(kernel.log().empty());
}

TEST_F(Rom, TooSmall) {
  resources.rom_bytes = 100;
  expect_refused("size");
}

TEST_F(Rom, Magic) {
  device->rom()->magic = 0x12345678;
  expect_refused("magic");
}

TEST_F(Rom, RamHeaderOffset) {
  for (uint32_t bad : {0xfffff000u, (uint32_t)config.ram_bytes, (uint32_t)config.ram_bytes - 4096,
                       1u, device->rom()->ram_header_offset + 1}) {
    device->rom()->ram_header_offset = bad;
    expect_refused("ram_header_offset");
  }
}

TEST_F(Rom, RamHeaderOffsetZeroLeavesNoPrimary) {
  device->rom()->ram_header_offset = 0;
  EXPECT_EQ(read(), -ENODEV);
}

TEST_F(Rom, DrawAreaOffset) {
  for (uint32_t bad : {1u, device->rom()->ram_header_offset, 0xfffff000u}) {
    device->rom()->draw_area_offset = bad;
    expect_refused("draw_area_offset");
  }
}

TEST_F(Rom, Surface0AreaSize) {
  for (uint32_t bad : {0u, device->rom()->ram_header_offset + 1, ~0u}) {
    device->rom()->surface0_area_size = bad;
    expect_refused("surface0_area_size");
  }
}

TEST_F(Rom, PrimaryAndOffsetTogether) {
  device->rom()->draw_area_offset = device->rom()->ram_header_offset - 4096;
  device->rom()->surface0_area_size = 8192;
  expect_refused("surface0_area_size");
}

TEST_F(Rom, SlotIdBits) {
  for (uint8_t bad : {0, 9, 64, 255}) {
    device->rom()->slot_id_bits = bad;
    expect_refused("slot_id_bits");
  }
}

TEST_F(Rom, SlotGenBits) {
  for (uint8_t bad : {9, 56, 255}) {
    device->rom()->slot_gen_bits = bad;
    expect_refused("slot_gen_bits");
  }
}

TEST_F(Rom, SlotsEnd) {
  device->rom()->slot_id_bits = 2;
  device->rom()->slots_end = 4;
  expect_refused("slots_end");
}

TEST_F(Rom, SlotsStart) {
  // One slot is too few.
  device->rom()->slots_start = 7;
  expect_refused("slots_start");
  device->rom()->slots_start = 255;
  expect_refused("slots_start");
}

TEST_F(Rom, NSurfaces) {
  for (uint32_t bad : {0u, 1u, 0x80000000u, ~0u}) {
    device->rom()->n_surfaces = bad;
    expect_refused("n_surfaces");
  }
}

// Any single byte of garbage either is harmless or is refused, and a core
// made from what was accepted fits its memory.
TEST_F(Rom, GarbageNeverGetsThrough) {
  std::mt19937 random(1);
  const QXLRom good = *device->rom();
  unsigned accepted = 0;

  for (int i = 0; i < 3000; i++) {
    auto *bytes = (uint8_t *)device->rom();

    *device->rom() = good;
    for (int n = 0; n < 3; n++) bytes[random() % 72] = (uint8_t)random();
    if (read()) continue;
    accepted++;
    EXPECT_LE(info.primary_offset + info.primary_bytes, info.ram_header_offset);
    EXPECT_LE(info.ram_header_offset + sizeof(QXLRam), resources.ram_bytes);
    EXPECT_LT(info.slots_start, info.slots_end);
    EXPECT_LT(info.slots_end, 1u << info.slot_id_bits);
    EXPECT_GE(info.n_surfaces, 2u);
  }
  EXPECT_GT(accepted, 0u);
  *device->rom() = good;
}

TEST_F(Rom, ClientCapabilities) {
  resources = device->resources();
  ASSERT_EQ(read(), 0);
  ASSERT_EQ(qxl_core_create(device->handle(), &resources, &info, 1, &core), 0);
  EXPECT_FALSE(qxl_core_client_has(core, 3));
  device->set_client_capability(3);
  device->set_client_capability(463);
  EXPECT_TRUE(qxl_core_client_has(core, 3));
  EXPECT_FALSE(qxl_core_client_has(core, 2));
  EXPECT_TRUE(qxl_core_client_has(core, 463));
  EXPECT_FALSE(qxl_core_client_has(core, 464));
  EXPECT_FALSE(qxl_core_client_has(core, ~0u));
  qxl_core_destroy(core);
  core = nullptr;
}

}  // namespace
