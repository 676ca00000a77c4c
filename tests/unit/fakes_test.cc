// SPDX-License-Identifier: GPL-2.0-only
// The fakes notice what they are there to notice.
#include <algorithm>
#include <functional>
#include <thread>

#include "rig.h"

namespace {

class Fakes : public fake::KernelTest {
 protected:
  void expect_one(const std::string &part) {
    const auto found = forgive();

    ASSERT_EQ(found.size(), 1u) << part;
    EXPECT_NE(found[0].find(part), std::string::npos) << found[0];
  }
};

TEST_F(Fakes, RecursiveLock) {
  qxl_k_mutex *mutex = qxl_k_mutex_create(QXL_K_MUTEX_IO);

  qxl_k_mutex_lock(mutex);
  qxl_k_mutex_lock(mutex);
  expect_one("recursively");
  qxl_k_mutex_unlock(mutex);
  qxl_k_mutex_unlock(mutex);
  qxl_k_mutex_destroy(mutex);
}

TEST_F(Fakes, UnlockByAStranger) {
  qxl_k_spinlock *lock = qxl_k_spinlock_create(QXL_K_LOCK_CORE);

  qxl_k_spinlock_lock(lock);
  std::thread([&] { qxl_k_spinlock_unlock(lock); }).join();
  expect_one("does not hold");
  qxl_k_spinlock_unlock(lock);
  qxl_k_spinlock_destroy(lock);
}

TEST_F(Fakes, SleepingUnderASpinlock) {
  qxl_k_spinlock *lock = qxl_k_spinlock_create(QXL_K_LOCK_CORE);
  qxl_k_event *event = qxl_k_event_create();

  qxl_k_spinlock_lock(lock);
  qxl_k_free(qxl_k_alloc(8));
  expect_one("alloc");
  qxl_k_event_wait(event, 0, 10);
  expect_one("event_wait");
  qxl_k_mutex_destroy(qxl_k_mutex_create(QXL_K_MUTEX_IO));
  expect_one("mutex_create");
  qxl_k_spinlock_unlock(lock);
  qxl_k_idr_preload();
  qxl_k_free(qxl_k_alloc(8));
  expect_one("alloc");
  qxl_k_idr_preload_end();
  qxl_k_event_destroy(event);
  qxl_k_spinlock_destroy(lock);
}

TEST_F(Fakes, LockOrderAndInterrupts) {
  qxl_k_spinlock *outer = qxl_k_spinlock_create(QXL_K_LOCK_CORE);
  qxl_k_spinlock *inner = qxl_k_spinlock_create(QXL_K_LOCK_SURFACE_IDS);

  qxl_k_spinlock_lock(inner);
  qxl_k_spinlock_lock(outer);
  expect_one("taken inside");
  qxl_k_spinlock_unlock(outer);
  qxl_k_spinlock_unlock(inner);
  {
    fake::IrqSection irq;
    qxl_k_spinlock_lock(outer);
    expect_one("interrupt handler");
    qxl_k_spinlock_unlock(outer);
  }
  qxl_k_spinlock_destroy(outer);
  qxl_k_spinlock_destroy(inner);
}

TEST_F(Fakes, Leaks) {
  void *memory = qxl_k_alloc(8);
  qxl_k_mutex *mutex = qxl_k_mutex_create(QXL_K_MUTEX_IO);

  kernel.check_nothing_left();
  expect_one("1 allocations, 0 events, 0 idrs, 1 mutexes");
  qxl_k_free(memory);
  qxl_k_mutex_destroy(mutex);
}

TEST_F(Fakes, HeldLockAtTheEnd) {
  qxl_k_mutex *mutex = qxl_k_mutex_create(QXL_K_MUTEX_IO);

  qxl_k_mutex_lock(mutex);
  qxl_k_mutex_destroy(mutex);
  expect_one("destroyed while held");
  kernel.reset();
}

TEST_F(Fakes, FailTheNth) {
  kernel.fail_allocation_at(2);
  void *one = qxl_k_alloc(8), *two = qxl_k_alloc(8), *three = qxl_k_alloc(8);
  EXPECT_NE(one, nullptr);
  EXPECT_EQ(two, nullptr);
  EXPECT_NE(three, nullptr);
  EXPECT_TRUE(kernel.allocation_failed());
  qxl_k_free(one);
  qxl_k_free(three);
}

TEST_F(Fakes, FenceTwice) {
  qxl_fence fence;

  qxl_k_fence_signal(&fence, 0);
  qxl_k_fence_signal(&fence, 0);
  expect_one("twice");
}

TEST_F(Fakes, IdrRules) {
  qxl_k_idr *idr = qxl_k_idr_create();
  qxl_k_spinlock *lock = qxl_k_spinlock_create(QXL_K_LOCK_CORE);
  int x;

  EXPECT_EQ(qxl_k_idr_find(idr, 1), nullptr);
  expect_one("no lock held");
  qxl_k_idr_preload();
  qxl_k_spinlock_lock(lock);
  EXPECT_EQ(qxl_k_idr_alloc(idr, 1, 4), 1);
  EXPECT_EQ(qxl_k_idr_alloc(idr, 1, 4), 2);
  qxl_k_idr_remove(idr, 1);
  EXPECT_EQ(qxl_k_idr_alloc(idr, 1, 4), 3);  // cyclic
  EXPECT_EQ(qxl_k_idr_alloc(idr, 1, 4), 1);
  EXPECT_EQ(qxl_k_idr_alloc(idr, 1, 4), -ENOSPC);
  qxl_k_idr_replace(idr, 2, &x);
  EXPECT_EQ(qxl_k_idr_find(idr, 2), &x);
  EXPECT_EQ(qxl_k_idr_find(idr, 3), nullptr);
  qxl_k_idr_remove(idr, 9);
  expect_one("not reserved");
  for (uint32_t id : {1, 2, 3}) qxl_k_idr_remove(idr, id);
  qxl_k_spinlock_unlock(lock);
  qxl_k_idr_preload_end();
  qxl_k_idr_destroy(idr);
  qxl_k_spinlock_destroy(lock);
}

TEST_F(Fakes, WaitingMovesTheClock) {
  qxl_k_event *event = qxl_k_event_create();
  const uint64_t before = qxl_k_time_ms();

  EXPECT_FALSE(qxl_k_event_wait(event, 0, 40000));
  EXPECT_EQ(qxl_k_time_ms(), before + 40000);
  qxl_k_event_signal(event);
  EXPECT_TRUE(qxl_k_event_wait(event, 0, 40000));
  EXPECT_EQ(qxl_k_time_ms(), before + 40000);
  qxl_k_event_destroy(event);
}

TEST_F(Fakes, PromotionNeedsTheLock) {
  qxl_bo bo;

  EXPECT_TRUE(qxl_k_bo_get_unless_zero(&bo));
  expect_one("no spinlock");
}

// The device: each rule, broken by hand.
class Rules : public fake::KernelTest {
 protected:
  static constexpr uint64_t draw_at = 8 << 20;

  void SetUp() override {
    KernelTest::SetUp();
    ram().int_mask = 0x2f;
    ram().mem_slot = {device.ram_base, device.ram_base + (15 << 20)};
    write(QXL_IO_MEMSLOT_ADD, 1);
    ram().create_surface = {.width = 64,
                            .height = 64,
                            .stride = 256,
                            .format = SPICE_SURFACE_FMT_32_xRGB,
                            .position = 0,
                            .mouse_mode = 0,
                            .flags = 0,
                            .type = 0,
                            .mem = 1ull << 56};
  }
  void native() {
    write(QXL_IO_CREATE_PRIMARY);
    ASSERT_TRUE(device.has_primary());
  }
  QXLRam &ram() { return *device.ram(); }
  void write(uint32_t port, uint8_t value = 0) { device.port_write(port, value); }
  QXLDrawable &draw() { return *(QXLDrawable *)(device.ram_memory() + draw_at); }
  // A fill that breaks no rule.
  void good_fill() {
    draw() = {};
    draw().release_info.id = 1;
    draw().type = QXL_DRAW_FILL;
    draw().effect = QXL_EFFECT_OPAQUE;
    draw().bbox = {0, 0, 8, 8};
    for (int i = 0; i < 3; i++) draw().surfaces_dest[i] = -1;
    draw().u.fill.brush.type = SPICE_BRUSH_TYPE_SOLID;
    draw().u.fill.brush.u.color = 0x123456;
    draw().u.fill.rop_descriptor = SPICE_ROPD_OP_PUT;
  }
  void push(uint32_t type = QXL_CMD_DRAW, uint64_t at = (1ull << 56) | draw_at) {
    QXLCommandRing &ring = ram().cmd_ring;

    ring.items[ring.prod & 31].el = {at, type, 0};
    ring.prod = ring.prod + 1;
    device.step();
  }
  void expect_broken(const std::string &part) {
    const auto found = forgive();

    ASSERT_FALSE(found.empty()) << part;
    EXPECT_NE(found[0].find(part), std::string::npos) << found[0];
  }

  fake::FakeDevice device;
};

TEST_F(Rules, GoodFillIsFine) {
  native();
  good_fill();
  push();
  EXPECT_EQ(device.pixel(3, 3), 0x123456u);
  EXPECT_TRUE(forgive().empty());
}

TEST_F(Rules, TwoAsyncs) {
  write(QXL_IO_CREATE_PRIMARY_ASYNC);
  write(QXL_IO_DESTROY_PRIMARY_ASYNC);
  expect_broken("started before");
  // guest_bug: everything but RESET is ignored.
  write(QXL_IO_DESTROY_PRIMARY);
  EXPECT_TRUE(device.has_primary());
  write(QXL_IO_RESET);
  EXPECT_FALSE(device.guest_bug());
}

TEST_F(Rules, PrimaryTooLarge) {
  ram().create_surface.height = 20000;
  write(QXL_IO_CREATE_PRIMARY_ASYNC);
  expect_broken("CREATE_PRIMARY");
  device.step();
  EXPECT_EQ(ram().int_pending & QXL_INTERRUPT_IO_CMD, 0u);
}

TEST_F(Rules, PrimaryStride) {
  ram().create_surface.stride = 257;
  write(QXL_IO_CREATE_PRIMARY);
  expect_broken("stride 257");
}

TEST_F(Rules, PrimaryTwice) {
  native();
  write(QXL_IO_CREATE_PRIMARY);
  expect_broken("while there is one");
}

TEST_F(Rules, PrimaryValue) {
  write(QXL_IO_CREATE_PRIMARY, 1);
  expect_broken("value");
}

TEST_F(Rules, InterruptMask) {
  for (uint32_t mask : {0xfu, ~0u}) {
    ram().int_mask = mask;
    write(QXL_IO_CREATE_PRIMARY);
    expect_broken("int_mask");
    write(QXL_IO_DESTROY_PRIMARY);
  }
}

TEST_F(Rules, Slots) {
  write(QXL_IO_MEMSLOT_ADD, 1);
  expect_broken("active");
  write(QXL_IO_RESET);
  ram().mem_slot = {device.ram_base, device.ram_base + (17 << 20)};
  write(QXL_IO_MEMSLOT_ADD, 2);
  expect_broken("no BAR");
  write(QXL_IO_RESET);
  ram().mem_slot = {device.ram_base + 4096, device.ram_base};
  write(QXL_IO_MEMSLOT_ADD, 2);
  expect_broken("start");
  write(QXL_IO_RESET);
  write(QXL_IO_MEMSLOT_ADD, 8);
  expect_broken("slot 8");
}

TEST_F(Rules, Ports) {
  native();
  write(99);
  expect_broken("unexpected port");
}

TEST_F(Rules, UpdateArea) {
  native();
  ram().update_surface = 0;
  ram().update_area = {5, 5, 5, 10};
  write(QXL_IO_UPDATE_AREA);
  expect_broken("UPDATE_AREA");
  write(QXL_IO_RESET);
}

TEST_F(Rules, VgaMode) {
  write(QXL_IO_NOTIFY_CMD);  // late, with nothing on the ring
  EXPECT_TRUE(forgive().empty());
  write(QXL_IO_MONITORS_CONFIG_ASYNC);
  expect_broken("VGA mode");
  good_fill();
  push();
  expect_broken("VGA mode");
}

TEST_F(Rules, Addresses) {
  native();
  good_fill();
  push(QXL_CMD_DRAW, (2ull << 56) | draw_at);
  expect_broken("slot 2");
  write(QXL_IO_RESET);
  SetUp();
  native();
  push(QXL_CMD_DRAW, (1ull << 56) | (1ull << 48) | draw_at);
  expect_broken("generation");
  write(QXL_IO_RESET);
  SetUp();
  native();
  push(QXL_CMD_DRAW, (1ull << 56) | ((15 << 20) - 8));
  expect_broken("leaves its slot");
}

TEST_F(Rules, Drawables) {
  native();
  good_fill();
  draw().bbox.right = 65;
  push();
  expect_broken("outside its surface");
  good_fill();
  draw().release_info.id = 0;
  push();
  expect_broken("release id 0");
  good_fill();
  draw().type = 77;
  push();
  expect_broken("drawable type");
  good_fill();
  draw().clip.type = 9;
  push();
  expect_broken("clip type");
  good_fill();
  draw().surface_id = 3;
  push();
  expect_broken("surface 3");
  push(QXL_CMD_MESSAGE);
  expect_broken("aborts the host");
}

TEST_F(Rules, ClipChunk) {
  auto *clip = (QXLClipRects *)(device.ram_memory() + draw_at + 4096);

  native();
  good_fill();
  draw().clip = {SPICE_CLIP_TYPE_RECTS, (1ull << 56) | (draw_at + 4096)};
  *clip = {2, {16, 0, 0, {}}};
  push();
  expect_broken("chunks hold 16 bytes instead of 32");
}

TEST_F(Rules, MemoryChangedTooEarly) {
  native();
  device.hold_last = 10;
  good_fill();
  push();
  draw().u.fill.brush.u.color = 0;
  device.release_held(1);
  expect_broken("changed while the host held it");
}

TEST_F(Rules, MonitorsCount) {
  auto *config = (QXLMonitorsConfig *)(device.ram_memory() + draw_at);

  native();
  ram().monitors_config = (1ull << 56) | draw_at;
  config->count = 0;
  config->max_allowed = 4;
  write(QXL_IO_MONITORS_CONFIG_ASYNC);
  expect_broken("count 0");
  device.step();
  config->count = 5;
  config->max_allowed = 4;
  write(QXL_IO_MONITORS_CONFIG_ASYNC);
  expect_broken("count 5");
}

// Draws of clients: what would be refused, or would end a real server.
class DrawRules : public Rules {
 protected:
  static constexpr uint64_t base = 1ull << 56;
  static constexpr uint64_t surface_draw = (8 << 20) + 8192;
  static constexpr uint64_t image_at = draw_at + 1024;
  static constexpr uint64_t mask_at = draw_at + 1536;
  static constexpr uint64_t pixels_at = draw_at + 2048;

  void SetUp() override {
    Rules::SetUp();
    native();
    // In VRAM: the fake does not mind.
    surface(5, SPICE_SURFACE_FMT_32_ARGB, 32, 24, 128);
    surface(6, SPICE_SURFACE_FMT_8_A, 32, 24, 32);
    ASSERT_TRUE(forgive().empty());
  }
  void surface(uint32_t id, uint32_t format, uint32_t width, uint32_t height, int32_t stride) {
    auto *command = (QXLSurfaceCmd *)(device.ram_memory() + surface_draw + id * 512);

    *command = {};
    command->release_info.id = 1000 + id;
    command->surface_id = id;
    command->type = QXL_SURFACE_CMD_CREATE;
    command->flags = QXL_SURF_FLAG_KEEP_DATA;
    command->u.surface_create = {format, width, height, stride, base | (9 << 20)};
    push(QXL_CMD_SURFACE, base | (surface_draw + id * 512));
  }
  QXLImage &image(uint64_t at = image_at) { return *(QXLImage *)(device.ram_memory() + at); }
  void copy(uint8_t type) {
    good_fill();
    draw().type = QXL_DRAW_COPY;
    draw().u.copy = {};
    draw().u.copy.src_bitmap = base | image_at;
    draw().u.copy.src_area = {0, 0, 8, 8};
    draw().u.copy.rop_descriptor = SPICE_ROPD_OP_PUT;
    image() = {};
    image().descriptor.type = type;
  }
  void good_bitmap() {
    copy(SPICE_IMAGE_TYPE_BITMAP);
    image().descriptor.width = image().descriptor.height = 8;
    image().bitmap.format = SPICE_BITMAP_FMT_32BIT;
    image().bitmap.flags = QXL_BITMAP_DIRECT | QXL_BITMAP_TOP_DOWN;
    image().bitmap.x = image().bitmap.y = 8;
    image().bitmap.stride = 32;
    image().bitmap.data = base | pixels_at;
  }
  void depends(int index, int32_t id) {
    draw().surfaces_dest[index] = id;
    draw().surfaces_rects[index] = {0, 0, 8, 8};
  }
  void good_surface() {
    copy(SPICE_IMAGE_TYPE_SURFACE);
    image().surface_image.surface_id = 5;
    depends(1, 5);
  }
  void good_composite() {
    good_surface();
    draw().type = QXL_DRAW_COMPOSITE;
    draw().u.composite = {};
    draw().u.composite.src = base | image_at;
  }
  struct Row {
    const char *part;  // of what is said
    std::function<void()> spoil;
  };
  void break_all(const std::function<void()> &good, const std::vector<Row> &rows) {
    good();
    push();
    EXPECT_TRUE(forgive().empty());
    for (const Row &row : rows) {
      good();
      row.spoil();
      push();
      expect_broken(row.part);
      if (!device.guest_bug()) continue;
      write(QXL_IO_RESET);
      SetUp();
    }
  }
};

TEST_F(DrawRules, Headers) {
  break_all([this] { good_fill(); }, {
                                         {"surface 7", [&] { draw().surface_id = 7; }},
                                         {"outside its surface",
                                          [&] {
                                            draw().surface_id = 5;
                                            draw().bbox.right = 33;
                                          }},
                                         {"outside its surface", [&] { draw().bbox.right = 0; }},
                                         {"effect 8", [&] { draw().effect = 8; }},
                                         {"surfaces_dest 7", [&] { depends(0, 7); }},
                                         {"surfaces_dest -2", [&] { depends(2, -2); }},
                                         {"surfaces_rects",
                                          [&] {
                                            depends(0, 5);
                                            draw().surfaces_rects[0].bottom = 25;
                                          }},
                                         {"surfaces_rects",
                                          [&] {
                                            depends(0, 5);
                                            draw().surfaces_rects[0] = {};
                                          }},
                                         {"rop 2048", [&] { draw().u.fill.rop_descriptor = 2048; }},
                                     });
}

TEST_F(DrawRules, CopyBits) {
  const auto good = [this] {
    good_fill();
    draw().type = QXL_COPY_BITS;
    draw().u.copy_bits.src_pos = {56, 56};
  };

  break_all(good, {
                      {"copy bits", [&] { draw().u.copy_bits.src_pos.x = 57; }},
                      {"copy bits", [&] { draw().u.copy_bits.src_pos.y = 57; }},
                      {"copy bits", [&] { draw().u.copy_bits.src_pos.x = -1; }},
                      {"copy bits", [&] { draw().u.copy_bits.src_pos.y = INT32_MAX; }},
                  });
}

TEST_F(DrawRules, Bitmaps) {
  break_all([this] { good_bitmap(); },
            {
                {"image type 1", [&] { image().descriptor.type = SPICE_IMAGE_TYPE_QUIC; }},
                {"image type 200", [&] { image().descriptor.type = 200; }},
                {"stride 31", [&] { image().bitmap.stride = 31; }},
                {"format 6", [&] { image().bitmap.format = SPICE_BITMAP_FMT_16BIT; }},
                {"format 10", [&] { image().bitmap.format = SPICE_BITMAP_FMT_8BIT_A; }},
                {"bitmap: format 8", [&] { draw().surface_id = 6; }},
                {"bitmap: format 8", [&] { image().bitmap.palette = base; }},
                {"scales", [&] { draw().u.copy.src_area.right = 7; }},
                {"source 1,0", [&] { draw().u.copy.src_area = {0, 1, 8, 9}; }},
                {"its bitmap", [&] { image().descriptor.width = 9; }},
                {"scale 2", [&] { draw().u.copy.scale_mode = 2; }},
                {"leaves its slot", [&] { image().bitmap.data = base | ((15 << 20) - 255); }},
                {"leaves its slot", [&] { draw().u.copy.src_bitmap = base | ((15 << 20) - 47); }},
            });
  good_bitmap();
  draw().surface_id = 6;
  image().bitmap.format = SPICE_BITMAP_FMT_8BIT_A;
  image().bitmap.stride = 8;
  push();
  EXPECT_TRUE(forgive().empty());
}

TEST_F(DrawRules, SurfaceImages) {
  break_all([this] { good_surface(); },
            {
                {"surface 7, which is not there", [&] { image().surface_image.surface_id = 7; }},
                {"in no surfaces_dest", [&] { draw().surfaces_dest[1] = -1; }},
                {"in no surfaces_dest", [&] { draw().surfaces_dest[1] = 6; }},
                {"1 bytes per pixel to 4",
                 [&] {
                   image().surface_image.surface_id = 6;
                   depends(1, 6);
                 }},
                {"source 25,0", [&] { draw().u.copy.src_area = {0, 25, 8, 33}; }},
                {"source 0,17", [&] { draw().u.copy.src_area = {17, 0, 25, 8}; }},
                {"source -1,0", [&] { draw().u.copy.src_area = {0, -1, 8, 7}; }},
            });
  // Nothing else draws on itself.
  good_surface();
  image().surface_image.surface_id = 0;
  draw().surfaces_dest[1] = -1;
  push();
  EXPECT_TRUE(forgive().empty());
}

TEST_F(DrawRules, Composites) {
  break_all(
      [this] { good_composite(); },
      {
          {"flags 0xe", [&] { draw().u.composite.flags = 0x0e; }},
          {"flags 0x3f", [&] { draw().u.composite.flags = 0x3f; }},
          {"flags 0x500", [&] { draw().u.composite.flags = 5 << 8; }},
          {"flags 0x600", [&] { draw().u.composite.flags = 6 << 8; }},
          {"flags 0x3000", [&] { draw().u.composite.flags = 6 << 11; }},
          {"flags 0x80000", [&] { draw().u.composite.flags = SPICE_COMPOSITE_HAS_MASK; }},
          {"flags 0x100000", [&] { draw().u.composite.flags = SPICE_COMPOSITE_HAS_SRC_TRANSFORM; }},
          {"flags 0x200000",
           [&] { draw().u.composite.flags = SPICE_COMPOSITE_HAS_MASK_TRANSFORM; }},
          {"flags 0x2000000", [&] { draw().u.composite.flags = 1 << 25; }},
          {"image type 0", [&] { image().descriptor.type = SPICE_IMAGE_TYPE_BITMAP; }},
          {"image: address 0", [&] { draw().u.composite.src = 0; }},
          {"transform", [&] { draw().u.composite.src_transform = base | ((15 << 20) - 23); }},
          {"transform", [&] { draw().u.composite.mask_transform = 1; }},
          {"surface 7",
           [&] {
             image(mask_at) = image();
             image(mask_at).surface_image.surface_id = 7;
             draw().u.composite.mask = base | mask_at;
           }},
          {"surface 6, which is in no",
           [&] {
             image(mask_at) = image();
             image(mask_at).surface_image.surface_id = 6;
             draw().u.composite.mask = base | mask_at;
           }},
      });
}

// Among the surfaces a primary is a BO's, with something on it.
TEST_F(Rules, PrimaryOutsideItsArea) {
  ram().create_surface.mem = (1ull << 56) | 4096;
  write(QXL_IO_CREATE_PRIMARY);
  expect_broken("not in the primary area");
  write(QXL_IO_RESET);
  SetUp();
  ram().mem_slot = {device.surface_base, device.surface_base + (8 << 20)};
  write(QXL_IO_MEMSLOT_ADD, 2);
  ram().create_surface.mem = (2ull << 56) | 4096;
  write(QXL_IO_CREATE_PRIMARY);
  expect_broken("is cleared");
  write(QXL_IO_DESTROY_PRIMARY);
  ram().create_surface.flags = QXL_SURF_FLAG_KEEP_DATA;
  for (int32_t stride : {256, -256}) {
    ram().create_surface.stride = stride;
    std::fill_n(device.surface_memory() + 4096, 4, 0x11);
    std::fill_n(device.surface_memory() + 4096 + 63 * 256, 4, 0x22);
    write(QXL_IO_CREATE_PRIMARY);
    EXPECT_EQ(device.pixel(0, 0), stride > 0 ? 0x111111u : 0x222222u);
    EXPECT_EQ(device.pixel(0, 63), stride > 0 ? 0x222222u : 0x111111u);
    // Written back where it came from, and nowhere else.
    good_fill();
    push();
    ram().update_surface = 0;
    ram().update_area = {0, 0, 1, 1};
    write(QXL_IO_UPDATE_AREA);
    EXPECT_EQ(device.surface_memory()[4096 + (stride > 0 ? 0 : 63 * 256)], 0x56);
    EXPECT_NE(device.surface_memory()[4096 + 4 + (stride > 0 ? 0 : 63 * 256)], 0x56);
    write(QXL_IO_DESTROY_PRIMARY);
  }
  EXPECT_TRUE(forgive().empty());
}

TEST_F(Rules, OldRevisionHasNoMonitors) {
  fake::DeviceConfig old;

  old.revision = 3;
  fake::FakeDevice other(old);
  other.port_write(QXL_IO_MONITORS_CONFIG_ASYNC, 0);
  expect_broken("revision 3");
}

}  // namespace
