// SPDX-License-Identifier: GPL-2.0-only
// What the SPICE client wants the heads to be: a list in the ROM that the host
// rewrites whenever it likes (PEER-DEFECTS 21).
#include <cstring>

#include "rig.h"

namespace {

class ClientMonitors : public fake::CoreTest {
 protected:
  void SetUp() override {
    CoreTest::SetUp();
    start();
  }
  void ask(const std::vector<QXLURect> &rects) {
    QXLRom &said = *device->rom();

    said.client_monitors_config = {};
    said.client_monitors_config.count = (uint16_t)rects.size();
    std::copy(rects.begin(), rects.end(), said.client_monitors_config.heads);
    seal();
  }
  void seal() {
    QXLRom &said = *device->rom();

    said.client_monitors_config_crc =
        qxl_k_crc32(0, &said.client_monitors_config, sizeof(said.client_monitors_config));
  }
  int read(uint32_t count = 4) {
    heads.assign(count, {1, 1, 1, 1});
    return qxl_core_client_monitors(core, heads.data(), count, &wanted);
  }

  std::vector<qxl_head> heads;
  uint32_t wanted = ~0u;
};

constexpr QXLURect rect(uint32_t x, uint32_t y, uint32_t width, uint32_t height) {
  return {.top = y, .left = x, .bottom = y + height, .right = x + width};
}

void expect_head(const qxl_head &head, uint32_t x, uint32_t y, uint32_t width, uint32_t height) {
  EXPECT_EQ(head.x, x);
  EXPECT_EQ(head.y, y);
  EXPECT_EQ(head.width, width);
  EXPECT_EQ(head.height, height);
}

// The check value that the CRC's definition gives for "123456789", unsealed.
TEST_F(ClientMonitors, CrcIsTheHosts) {
  EXPECT_EQ(qxl_k_crc32(0, "123456789", 9), 0x2dfd2d88u);
}

TEST_F(ClientMonitors, NothingIsSaidAtFirst) {
  ASSERT_EQ(read(), 0);
  EXPECT_EQ(wanted, 0u);
  for (const qxl_head &head : heads) EXPECT_EQ(head.width, 0u);
}

TEST_F(ClientMonitors, Heads) {
  ask({rect(0, 0, 1023, 767), rect(1023, 100, 800, 600)});
  ASSERT_EQ(read(), 0);
  EXPECT_EQ(wanted, 2u);
  expect_head(heads[0], 0, 0, 1023, 767);
  expect_head(heads[1], 1023, 100, 800, 600);
  EXPECT_EQ(heads[2].width, 0u);
  EXPECT_EQ(heads[3].width, 0u);
}

TEST_F(ClientMonitors, EmptyAndInvertedOnesAreOff) {
  ask({rect(0, 0, 0, 0),
       {.top = 10, .left = 10, .bottom = 20, .right = 5},
       {.top = 10, .left = 10, .bottom = 10, .right = 50},
       rect(5, 6, 7, 8)});
  ASSERT_EQ(read(), 0);
  EXPECT_EQ(wanted, 4u);
  for (int i = 0; i < 3; i++) EXPECT_EQ(heads[i].width, 0u);
  expect_head(heads[3], 5, 6, 7, 8);
}

TEST_F(ClientMonitors, MoreThanThereIsRoomFor) {
  ask(std::vector<QXLURect>(64, rect(0, 0, 640, 480)));
  ASSERT_EQ(read(2), 0);
  EXPECT_EQ(wanted, 64u);
  expect_head(heads[1], 0, 0, 640, 480);
}

// The count is the host's word: 64 are all that the list has.
TEST_F(ClientMonitors, CountBeyondTheList) {
  ask({rect(0, 0, 640, 480)});
  device->rom()->client_monitors_config.count = 65535;
  seal();
  ASSERT_EQ(read(QXL_MAX_HEADS), 0);
  EXPECT_EQ(wanted, 64u);
  EXPECT_EQ(heads[1].width, 0u);
}

TEST_F(ClientMonitors, HalfWrittenListIsNotBelieved) {
  ask({rect(0, 0, 640, 480)});
  device->rom()->client_monitors_config.heads[0].right = 800;
  EXPECT_EQ(read(), -EAGAIN);
  EXPECT_EQ(wanted, ~0u);
  seal();
  ASSERT_EQ(read(), 0);
  EXPECT_EQ(heads[0].width, 800u);
}

TEST_F(ClientMonitors, NoMemory) {
  kernel.fail_allocation_at(1);
  EXPECT_EQ(read(), -ENOMEM);
  EXPECT_EQ(read(), 0);
}

}  // namespace
