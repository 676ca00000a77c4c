// SPDX-License-Identifier: GPL-2.0-only
// Waking the host: once, and only when it asked.
#include "rig.h"

namespace {

class Notify : public fake::CoreTest {
 protected:
  void SetUp() override {
    CoreTest::SetUp();
    start(64, 64);
    pump();
    device->clear_stats();
  }
  uint32_t notifies() { return device->stats().port_writes[QXL_IO_NOTIFY_CMD]; }
  int draw(size_t count = 1) { return present(frame, std::vector<qxl_rect>(count, {0, 0, 8, 8})); }

  fake::Frame frame{64, 64, 1};
};

TEST_F(Notify, WhenTheHostSleeps) {
  ASSERT_EQ(draw(), 0);
  EXPECT_EQ(notifies(), 1u);
  EXPECT_EQ(counters().notifies, 1u);
}

TEST_F(Notify, NotWhileTheHostIsAwake) {
  ASSERT_EQ(draw(), 0);
  for (int i = 0; i < 10; i++) ASSERT_EQ(draw(), 0);
  EXPECT_EQ(notifies(), 1u);
  pump();  // it goes to sleep again
  ASSERT_EQ(draw(), 0);
  EXPECT_EQ(notifies(), 2u);
}

// notify_on_prod may be passed by in one publication of many commands.
TEST_F(Notify, ManyCommandsOneNotify) {
  ASSERT_EQ(draw(12), 0);
  EXPECT_EQ(notifies(), 1u);
  pump();
  EXPECT_EQ(device->stats().copies, 12u);
}

TEST_F(Notify, HostThatAsksForTheMiddleOfABatch) {
  const uint32_t prod = device->ram()->cmd_ring.prod;

  device->ram()->cmd_ring.notify_on_prod = prod + 5;
  ASSERT_EQ(draw(8), 0);
  EXPECT_EQ(notifies(), 1u);
}

TEST_F(Notify, NotForAnOldRequest) {
  const uint32_t prod = device->ram()->cmd_ring.prod;

  device->ram()->cmd_ring.notify_on_prod = prod;
  ASSERT_EQ(draw(8), 0);
  EXPECT_EQ(notifies(), 0u);
  device->ram()->cmd_ring.notify_on_prod = prod - 100;
  ASSERT_EQ(draw(1), 0);
  EXPECT_EQ(notifies(), 0u);
}

TEST_F(Notify, IndicesWrapAround) {
  // 2^32 pushes later, simulated: both sides' indices start high.
  device->handle()->port_write = [&](uint32_t port, uint8_t value) {
    device->port_write(port, value);
    if (port != QXL_IO_RESET) return;
    QXLRam &ram = *device->ram();
    ram.cmd_ring.prod = ram.cmd_ring.cons = 0xfffffff0;
    ram.cmd_ring.notify_on_prod = 0xfffffff1;
    ram.cursor_ring.prod = ram.cursor_ring.cons = 0xfffffffe;
    ram.cursor_ring.notify_on_prod = 0xffffffff;
  };
  ASSERT_EQ(qxl_core_start(core), 0);
  ASSERT_EQ(qxl_core_set_primary(core, 64, 64), 0);
  ASSERT_EQ(set_pointer(), 0);
  for (int i = 0; i < 100; i++) {
    frame.scribble((uint32_t)i);
    ASSERT_EQ(present_all(frame), 0);
    ASSERT_EQ(qxl_core_cursor_move(core, 0, i, i), 0);
    pump();
    ASSERT_EQ(device->pixel(5, 5), frame.pixel(5, 5));
    ASSERT_EQ(device->cursor().x, i);
  }
  EXPECT_EQ(counters().lost, 0u);
}

// However many calls a commit takes, while they fit on the ring.
TEST_F(Notify, OneWakeUpForACommit) {
  const qxl_rect rects[] = {{0, 0, 8, 8}, {20, 0, 28, 8}, {40, 0, 48, 8}};
  qxl_frame view = frame.at();

  device->drain();
  const uint32_t before = notifies();
  for (int call = 0; call < 10; call++) {
    frame.scribble((uint32_t)call);
    view.more = call < 9;
    ASSERT_EQ(qxl_core_present(core, &view, rects, 3), 0);
    EXPECT_EQ(notifies(), before + !view.more) << call;
  }
  device->drain();
  // Nor does one that fails keep the host asleep.
  view.more = true;
  device->bad.stops_consuming = true;
  for (int call = 0; call < 20 && qxl_core_present(core, &view, rects, 3) == 0; call++)
    frame.scribble((uint32_t)call + 100);
  EXPECT_EQ(notifies(), before + 2);
}

// Nobody needs it at once, and whoever does flushes.
TEST_F(Notify, NotForADestroyedSurface) {
  const qxl_surface_desc desc = {SPICE_SURFACE_FMT_32_xRGB, 16, 16, 64};
  qxl_bo bo;
  uint32_t id;

  ASSERT_EQ(qxl_core_surface_create(core, &bo, &desc, 0, &new_fence(), &id), 0);
  pump();
  device->clear_stats();
  qxl_core_surface_evict(core, id);
  EXPECT_EQ(notifies(), 0u);
  EXPECT_EQ(counters().surfaces, 1u);
  qxl_core_flush(core);
  EXPECT_EQ(notifies(), 1u);
  pump();
  device->flush_releases();
  pump();
  EXPECT_EQ(counters().surfaces, 0u);
}

TEST_F(Notify, CursorHasItsOwnPort) {
  ASSERT_EQ(set_pointer(), 0);
  EXPECT_EQ(device->stats().port_writes[QXL_IO_NOTIFY_CURSOR], 1u);
  EXPECT_EQ(notifies(), 0u);
}

// The host's consumer index is beyond the producer: no slot is believed.
TEST_F(Notify, ConsumerIndexBeyondTheProducer) {
  device->bad.stops_consuming = true;
  for (uint32_t jump : {1u, 33u, 0x80000000u}) {
    device->ram()->cmd_ring.cons = device->ram()->cmd_ring.prod + jump;
    EXPECT_EQ(draw(), -EIO) << jump;
    EXPECT_EQ(counters().lost, 1u);
    EXPECT_EQ(counters().in_flight, 0u);
    device->ram()->cmd_ring.cons = device->ram()->cmd_ring.prod;
    ASSERT_EQ(qxl_core_start(core), 0);
    ASSERT_EQ(qxl_core_set_primary(core, 64, 64), 0);
  }
}

TEST_F(Notify, ConsumerIndexFarBehind) {
  device->bad.stops_consuming = true;
  device->ram()->cmd_ring.cons = device->ram()->cmd_ring.prod - 1000;
  EXPECT_EQ(draw(), -EIO);
  EXPECT_EQ(counters().lost, 1u);
}

// Between two looks at the full ring the host makes room: no wait is lost.
TEST_F(Notify, RoomThatAppearsWhileArming) {
  device->commands_per_step = 1;
  ASSERT_EQ(draw(32), 0);
  const uint64_t before = kernel.now_ms();
  ASSERT_EQ(draw(200), 0);
  EXPECT_LT(kernel.now_ms() - before, 1000u);
}

}  // namespace
