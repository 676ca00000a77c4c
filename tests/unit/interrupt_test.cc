// SPDX-License-Identifier: GPL-2.0-only
// The interrupt handler's answer for each bit, and acknowledging.
#include "rig.h"

namespace {

class Interrupt : public fake::CoreTest {
 protected:
  void SetUp() override {
    CoreTest::SetUp();
    start(64, 64);
    pump();
    device->clear_stats();
    irq_bits = 0;
  }

  void guest_bug_with_commands() {
    device->bad.stops_consuming = true;
    EXPECT_EQ(present_all(fake::Frame(64, 64)), 0);
    EXPECT_NE(counters().command_ring_used, 0u);
    device->set_guest_bug();
  }
};

TEST_F(Interrupt, SpuriousIsNotOurs) {
  EXPECT_EQ(qxl_core_interrupt(core), (uint32_t)QXL_IRQ_NONE);
  EXPECT_TRUE(device->stats().port_writes.empty());
}

TEST_F(Interrupt, EachBit) {
  for (auto [raised, expected] : std::initializer_list<std::pair<uint32_t, uint32_t>>{
           {QXL_INTERRUPT_DISPLAY, QXL_IRQ_HANDLED | QXL_IRQ_RELEASES},
           {QXL_INTERRUPT_CURSOR, QXL_IRQ_HANDLED | QXL_IRQ_RELEASES},
           {QXL_INTERRUPT_IO_CMD, QXL_IRQ_HANDLED},
           {QXL_INTERRUPT_CLIENT_MONITORS_CONFIG, QXL_IRQ_HANDLED | QXL_IRQ_MONITORS},
           // Last: it takes a reset to silence the device.
           {QXL_INTERRUPT_ERROR, QXL_IRQ_HANDLED | QXL_IRQ_ERROR},
       }) {
    irq_bits = 0;
    device->intx_enabled = true;
    device->raise(raised);
    EXPECT_EQ(irq_bits, expected) << raised;
    EXPECT_EQ(device->ram()->int_pending, 0u);
  }
}

TEST_F(Interrupt, AllAtOnceInOneInterrupt) {
  device->raise(0x3f);
  EXPECT_EQ(device->stats().interrupts, 1u);
  EXPECT_EQ(irq_bits,
            (uint32_t)(QXL_IRQ_HANDLED | QXL_IRQ_RELEASES | QXL_IRQ_MONITORS | QXL_IRQ_ERROR));
  EXPECT_EQ(device->stats().port_writes[QXL_IO_UPDATE_IRQ], 0u);
  EXPECT_EQ(device->stats().port_writes[QXL_IO_RESET], 1u);
  EXPECT_EQ(counters().lost, 1u);
}

TEST_F(Interrupt, UnknownBitsAreAcknowledged) {
  device->ram()->int_mask = device->ram()->int_mask | 0x80000000u;
  device->raise(0x80000000u);
  EXPECT_EQ(device->ram()->int_pending, 0u);
  EXPECT_EQ(device->stats().interrupts, 1u);
}

// The line may be shared with a device that is still there.
TEST_F(Interrupt, VanishedDeviceIsNotOurs) {
  device->ram()->int_pending = ~0u;
  const auto writes = device->stats().port_writes;
  EXPECT_EQ(qxl_core_interrupt(core), (uint32_t)QXL_IRQ_NONE);
  EXPECT_EQ(device->stats().port_writes, writes);
  EXPECT_EQ(counters().lost, 0u);
}

TEST_F(Interrupt, ErrorIsSeenAndResetRecovers) {
  device->set_guest_bug();
  fake::irq_window();
  EXPECT_TRUE(irq_bits & QXL_IRQ_ERROR);
  // What the rim does about it.
  qxl_core_lose(core);
  EXPECT_EQ(kernel.losses_found, 0u);
  EXPECT_EQ(present_all(fake::Frame(64, 64)), -EIO);
  ASSERT_EQ(qxl_core_start(core), 0);
  device->intx_enabled = true;
  ASSERT_EQ(qxl_core_set_primary(core, 64, 64), 0);
  EXPECT_EQ(present_all(fake::Frame(64, 64)), 0);
  EXPECT_FALSE(device->guest_bug());
}

// A guest bug with commands on the ring: the fake forbids a reset that leaves them there.
TEST_F(Interrupt, ErrorTakesBackWhatIsOnTheRings) {
  guest_bug_with_commands();
  fake::irq_window();
  EXPECT_TRUE(irq_bits & QXL_IRQ_ERROR);
  EXPECT_EQ(device->stats().port_writes[QXL_IO_RESET], 1u);
}

TEST_F(Interrupt, StopAfterAnErrorThatNobodySaw) {
  device->intx_enabled = false;
  guest_bug_with_commands();
  qxl_core_stop(core, -EIO);
  EXPECT_EQ(device->stats().port_writes[QXL_IO_RESET], 1u);
}

TEST_F(Interrupt, StartAfterAnErrorThatNobodySaw) {
  device->intx_enabled = false;
  guest_bug_with_commands();
  EXPECT_EQ(qxl_core_start(core), 0);
  EXPECT_EQ(device->stats().port_writes[QXL_IO_RESET], 1u);
}

TEST_F(Interrupt, AfterStopNothingIsTouched) {
  qxl_core_stop(core, 0);
  device->clear_stats();
  EXPECT_EQ(qxl_core_interrupt(core), (uint32_t)QXL_IRQ_NONE);
  EXPECT_TRUE(device->stats().port_writes.empty());
}

// The server goes on telling a device that was taken out about clients.
TEST_F(Interrupt, DeviceThatWasLeftAsksForNone) {
  qxl_core_stop(core, 0);
  qxl_core_leave(core);
  device->take_out();
  for (int i = 0; i < 3; i++) device->raise(QXL_INTERRUPT_CLIENT);
}

// Somebody else's, or ours once more.
TEST_F(Interrupt, DeviceThatWasLeftCanBeStarted) {
  qxl_core_stop(core, 0);
  qxl_core_leave(core);
  ASSERT_EQ(qxl_core_start(core), 0);
  ASSERT_EQ(qxl_core_set_primary(core, 64, 64), 0);
  EXPECT_EQ(present_all(fake::Frame(64, 64)), 0);
}

}  // namespace
