// SPDX-License-Identifier: GPL-2.0-only
// Clients' draws on their way to the host: once each, with the pixels that the
// client had when execute() ran.
#include <sys/mman.h>

#include <algorithm>
#include <cstring>

#include "client.h"
#include "rig.h"

namespace {

using fake::ClientImage;
using fake::Place;

using Pixels = std::vector<uint8_t>;

struct Depth {
  const char *name;
  uint32_t surface;
  uint8_t bitmap;
  uint32_t bpp;
};

constexpr Depth depths[] = {
    {"8", SPICE_SURFACE_FMT_8_A, SPICE_BITMAP_FMT_8BIT_A, 1},
    {"555", SPICE_SURFACE_FMT_16_555, SPICE_BITMAP_FMT_16BIT, 2},
    {"565", SPICE_SURFACE_FMT_16_565, SPICE_BITMAP_FMT_16BIT, 2},
    {"xRGB", SPICE_SURFACE_FMT_32_xRGB, SPICE_BITMAP_FMT_32BIT, 4},
    {"ARGB", SPICE_SURFACE_FMT_32_ARGB, SPICE_BITMAP_FMT_32BIT, 4},
    {"RGBA on ARGB", SPICE_SURFACE_FMT_32_ARGB, SPICE_BITMAP_FMT_RGBA, 4},
};

uint32_t aligned(uint32_t bytes) {
  return (bytes + 3) & ~3u;
}

class Executor : public fake::CoreTest {
 protected:
  // Surfaces that a test makes lie one after another in their BAR.
  uint32_t surface(uint32_t format, uint32_t width, uint32_t height) {
    const uint32_t row = width * fake::surface_bytes_per_pixel(format);
    const qxl_surface_desc desc = {format, width, height, (int32_t)aligned(row) + 8};
    uint32_t id = 0;

    EXPECT_EQ(
        qxl_core_surface_create(core, &bos.emplace_back(), &desc, next_offset, &new_fence(), &id),
        0);
    ids.push_back(id);
    next_offset += (uint64_t)desc.stride * height;
    return client.add_surface(desc, id);
  }
  // Data with a pattern.
  uint32_t data(uint64_t bytes) {
    const uint32_t bo = client.add_data(bytes);

    scribble(bo, 1);
    return bo;
  }
  void scribble(uint32_t bo, uint32_t seed) {
    std::mt19937 random(seed);

    for (uint8_t &byte : client.memory[bo]) byte = (uint8_t)random();
  }
  Pixels shown(uint32_t surface) { return device->surface_pixels(client.bos[surface].surface_id); }
  // What a copy leaves there: @from as the client has the image now.
  Pixels expected(uint32_t target, Pixels before, const Pixels &from, uint32_t bpp) {
    const qxl_draw &draw = client.draw;
    const uint32_t width = client.bos[target].surface.width;
    const uint64_t row = (uint64_t)(draw.area.x2 - draw.area.x1) * bpp;

    for (int y = draw.area.y1; y < draw.area.y2; y++)
      memcpy(&before.at(((uint64_t)y * width + (uint32_t)draw.area.x1) * bpp),
             &from.at((uint64_t)(draw.source.y + y - draw.area.y1) * draw.image.stride +
                      (uint64_t)draw.source.x * bpp),
             row);
    return before;
  }
  Pixels image_bytes() const {
    Pixels all;

    for (uint32_t i = 0; i < client.draw.image.num_pieces; i++) {
      const qxl_piece &piece = client.pieces[i];
      const auto *from = (const uint8_t *)client.bos[piece.bo].data + piece.offset;

      all.insert(all.end(), from, from + piece.bytes);
    }
    return all;
  }
  // Executes what the client has built, then spoils all its memory.
  void copy_and_check(uint32_t target, uint32_t bpp, const char *what = "") {
    const Pixels before = shown(target);

    ASSERT_EQ(client.parse(), 0) << what;
    const Pixels after = expected(target, before, image_bytes(), bpp);
    ASSERT_EQ(client.execute(core), 0) << what;
    for (auto &memory : client.memory) std::fill(memory.begin(), memory.end(), 0xee);
    EXPECT_TRUE(shown(target) == after) << what;
  }
  void settle() {
    pump();
    device->release_held(SIZE_MAX);
    device->flush_releases();
    pump();
  }
  void TearDown() override {
    for (uint32_t id : ids) qxl_core_surface_evict(core, id);
    CoreTest::TearDown();
  }

  fake::Client client;
  std::deque<qxl_bo> bos;
  std::vector<uint32_t> ids;
  uint64_t next_offset = 0;
};

// Every kind -----------------------------------------------------------------------

TEST_F(Executor, Fill) {
  start();
  for (const Depth &depth : depths) {
    const uint32_t target = surface(depth.surface, 33, 20);
    const uint32_t color = 0x12345678;

    client.fill(target, {1, 2, 32, 20}, color);
    ASSERT_EQ(client.run(core), 0);
    const Pixels got = shown(target);
    for (uint32_t y = 0; y < 20; y++)
      for (uint32_t x = 0; x < 33; x++) {
        const bool in = x >= 1 && x < 32 && y >= 2;
        EXPECT_EQ(memcmp(&got[(y * 33 + x) * depth.bpp], &color, depth.bpp) == 0, in)
            << depth.name << x << "," << y;
      }
  }
  EXPECT_EQ(device->stats().fills, std::size(depths));
}

TEST_F(Executor, CopyBitsThatOverlap) {
  start();
  const uint32_t target = surface(SPICE_SURFACE_FMT_8_A, 40, 30);
  const uint32_t bo = data(4096);

  client.copy_bitmap(target, {0, 0, 40, 30}, {SPICE_BITMAP_FMT_8BIT_A, 40, 30, 40}, {bo, 0},
                     {bo, 100});
  ASSERT_EQ(client.run(core), 0);
  const Pixels before = shown(target);
  Pixels after = before;
  for (uint32_t y = 0; y < 25; y++) memcpy(&after[(y + 3) * 40 + 5], &before[y * 40 + 4], 30);
  client.copy_bits(target, {5, 3, 35, 28}, 4, 0);
  ASSERT_EQ(client.run(core), 0);
  EXPECT_TRUE(shown(target) == after);
  EXPECT_EQ(device->stats().bit_copies, 1u);
}

TEST_F(Executor, CopyBetweenSurfaces) {
  start();
  const uint32_t from = surface(SPICE_SURFACE_FMT_16_565, 50, 40);
  const uint32_t to = surface(SPICE_SURFACE_FMT_16_565, 30, 30);
  const uint32_t bo = data(8192);

  device->hold_last = 1000;  // rendered as late as can be
  client.copy_bitmap(from, {0, 0, 50, 40}, {SPICE_BITMAP_FMT_16BIT, 50, 40, 100}, {bo, 0},
                     {bo, 100});
  ASSERT_EQ(client.run(core), 0);
  const Pixels source = image_bytes();
  client.copy_surface(to, {10, 12, 30, 30}, from, {bo, 0}, 30, 22);
  ASSERT_EQ(client.run(core), 0);
  // What is drawn on the source afterwards is not seen.
  client.fill(from, {0, 0, 50, 40}, 0);
  ASSERT_EQ(client.run(core), 0);
  const Pixels got = shown(to);
  for (uint32_t y = 12; y < 30; y++)
    EXPECT_EQ(memcmp(&got[(y * 30 + 10) * 2], &source[((y + 10) * 50 + 30) * 2], 40), 0) << y;
  EXPECT_EQ(got[0], 0);
  EXPECT_EQ(device->stats().surface_copies, 1u);
  // And on itself.
  client.copy_surface(to, {0, 0, 20, 18}, to, {bo, 0}, 10, 12);
  ASSERT_EQ(client.run(core), 0);
  EXPECT_EQ(memcmp(shown(to).data(), &got[(12 * 30 + 10) * 2], 40), 0);
}

// The fake looks at everything in it, and draws nothing.
TEST_F(Executor, Composite) {
  start();
  const uint32_t target = surface(SPICE_SURFACE_FMT_32_xRGB, 64, 48);
  const uint32_t source = surface(SPICE_SURFACE_FMT_32_ARGB, 30, 20);
  const uint32_t alpha = surface(SPICE_SURFACE_FMT_8_A, 9, 7);
  const uint32_t bo = data(4096);

  for (uint32_t s : {source, alpha, target}) {
    client.composite(target, {0, 0, 64, 48}, 3 | SPICE_COMPOSITE_SRC_REPEAT0, s, {bo, 0});
    EXPECT_EQ(client.run(core), 0);
    client.transform(offsetof(QXLDrawable, u.composite.src_transform), {bo, 500});
    EXPECT_EQ(client.run(core), 0);
    client.mask(alpha, {bo, 200});
    EXPECT_EQ(client.run(core), 0);
    client.transform(offsetof(QXLDrawable, u.composite.mask_transform), {bo, 600});
    EXPECT_EQ(client.run(core), 0);
  }
  pump();
  EXPECT_EQ(device->stats().composites, 12u);
}

// The host would read whatever lies there.
TEST_F(Executor, TransformOfAMaskThatIsNotThere) {
  start();
  const uint32_t target = surface(SPICE_SURFACE_FMT_32_xRGB, 64, 48);
  const uint32_t bo = data(4096);

  client.composite(target, {0, 0, 64, 48}, QXL_OP_OVER, target, {bo, 0});
  client.transform(offsetof(QXLDrawable, u.composite.mask_transform), {bo, 600});
  EXPECT_EQ(client.run(core), 0);
  pump();
  EXPECT_EQ(device->stats().composites, 1u);
}

// Bitmaps --------------------------------------------------------------------------

TEST_F(Executor, BitmapsInAllDepths) {
  start();
  device->hold_last = 1000;
  for (const Depth &depth : depths)
    for (uint32_t extra : {0u, 1u, 3u, 64u}) {
      const uint32_t target = surface(depth.surface, 41, 23);
      const uint32_t bo = data(40000);
      const ClientImage image = {depth.bitmap, 37, 29, 37 * depth.bpp + extra};

      // Unaligned, and a part of it that is not a corner.
      client.copy_bitmap(target, {3, 1, 33, 22}, image, {bo, 1}, {bo, 101}, 5, 7);
      copy_and_check(target, depth.bpp, depth.name);
    }
  EXPECT_TRUE(device->stats().stream_friendly);
  EXPECT_EQ(device->stats().copies, 4 * std::size(depths));
}

TEST_F(Executor, OnePixel) {
  start();
  for (const Depth &depth : depths) {
    const uint32_t target = surface(depth.surface, 5, 5);
    const uint32_t bo = data(200);

    client.copy_bitmap(target, {4, 4, 5, 5}, {depth.bitmap, 1, 1, depth.bpp}, {bo, 0},
                       {bo, 200 - depth.bpp});
    copy_and_check(target, depth.bpp, depth.name);
  }
}

// The chunks end in the middle of rows, of pixels, and in what is between rows.
TEST_F(Executor, ChunksEndAnywhere) {
  start();
  const uint32_t target = surface(SPICE_SURFACE_FMT_32_xRGB, 64, 48);
  const uint32_t row = 24 * 4, stride = row + 12, rows = 30;
  const std::vector<std::vector<uint32_t>> splits = {
      {1, 1, 1},
      {row, 12, row, 12},
      {row - 1, 2, 11, row + 5},
      {stride, stride, stride},
      {row + 11, 1, stride * 5 + 1, 0, 0, 7},
      {stride * rows - 1},
      {0, 0, stride * rows},
  };

  for (const auto &split : splits) {
    const uint32_t one = data(30000), two = data(30000);
    ClientImage image = {SPICE_BITMAP_FMT_32BIT, 24, rows, stride};
    uint32_t left = stride * rows;
    Place at = {one, 100};

    image.flags = QXL_BITMAP_TOP_DOWN;
    client.copy_bitmap(target, {7, 5, 30, 33}, image, {one, 0}, at, 1, 2);
    client.chunk(at, split[0]);
    left -= split[0];
    for (size_t i = 1; i <= split.size(); i++) {
      const uint32_t bytes = i < split.size() ? split[i] : left;
      const Place to = {i % 2 ? two : one, 3500 * i + i % 5};

      client.next_chunk(to, at, bytes);
      left -= bytes;
      at = to;
    }
    ASSERT_EQ(left, 0u);
    copy_and_check(target, 4, std::to_string(split[0]).c_str());
  }
}

TEST_F(Executor, CacheIds) {
  start();
  const uint32_t target = surface(SPICE_SURFACE_FMT_32_xRGB, 64, 48);
  const uint32_t bo = data(20000);
  ClientImage image = {SPICE_BITMAP_FMT_32BIT, 32, 32, 128};

  image.id = 0x77000001;
  client.copy_bitmap(target, {0, 0, 32, 32}, image, {bo, 0}, {bo, 100});
  ASSERT_EQ(client.run(core), 0);
  pump();
  EXPECT_EQ(device->stats().cached_images, 0u);
  image.image_flags = QXL_IMAGE_CACHE;
  for (int i = 0; i < 3; i++) {
    // The same picture, whichever part of it is drawn.
    client.copy_bitmap(target, {0, 0, 32, 32 - i}, image, {bo, 0}, {bo, 100}, 0, i);
    ASSERT_EQ(client.run(core), 0);
  }
  pump();
  EXPECT_EQ(device->stats().cached_images, 3u);
}

// Bands ----------------------------------------------------------------------------

class Bands : public Executor {
 protected:
  // What the core takes for one upload, and how many rows that makes.
  void SetUp() override {
    Executor::SetUp();
    config.ram_bytes = 9 << 20;
    config.surface_bytes = 16 << 20;
    start();
    qxl_core_get_layout(core, &layout);
    rows = (uint32_t)((layout.upload_bytes / 3 - 384) / (width * 4));
    ASSERT_GT(height, 2 * rows);
    ASSERT_LT(height, 8 * rows);
    target = surface(SPICE_SURFACE_FMT_32_xRGB, width, height);
    bo = data((uint64_t)width * height * 4 + 4096);
  }
  void copy(const qxl_rect &area, int32_t x, int32_t y, uint8_t image_flags = 0) {
    ClientImage image = {SPICE_BITMAP_FMT_32BIT, width, height, width * 4};

    image.image_flags = image_flags;
    image.id = 0x99;
    scribble(bo, (uint32_t)(x + y));
    client.copy_bitmap(target, area, image, {bo, 0}, {bo, 100}, x, y);
    device->clear_stats();
    device->forget_cache();
    copy_and_check(target, 4);
    EXPECT_LE(device->stats().held_bytes_max, layout.upload_bytes);
  }

  static constexpr uint32_t width = 1024;
  static constexpr uint32_t height = 1100;
  qxl_layout layout = {};
  uint32_t rows = 0;
  uint32_t target = 0, bo = 0;
};

TEST_F(Bands, WholeImage) {
  device->hold_last = 2;
  copy({0, 0, (int32_t)width, (int32_t)height}, 0, 0);
  EXPECT_EQ(device->stats().copies, (height + rows - 1) / rows);
  EXPECT_EQ(device->stats().copied_pixels, width * height);
  EXPECT_TRUE(device->stats().stream_friendly);
}

// What is not drawn is not sent.
TEST_F(Bands, OnlyTheBandsThatAreSeen) {
  const int32_t r = (int32_t)rows, w = (int32_t)width;

  for (auto [y1, y2, bands] : std::initializer_list<std::tuple<int32_t, int32_t, uint32_t>>{
           {0, 1, 1},
           {r - 1, r, 1},
           {r - 1, r + 1, 2},
           {r, 2 * r, 1},
           {r + 10, r + 20, 1},
           {r + 10, 2 * r + 1, 2},
           {1, (int32_t)height, (height + rows - 1) / rows},
           {(int32_t)height - 1, (int32_t)height, 1}}) {
    // To another place, up or down.
    const int32_t at = y1 / 2;

    copy({5, at, w - 7, at + y2 - y1}, 3, y1);
    EXPECT_EQ(device->stats().copies, bands) << y1 << "-" << y2;
    EXPECT_EQ(device->stats().draws, bands) << y1 << "-" << y2;
  }
}

TEST_F(Bands, NoCacheIdOnPartsOfAnImage) {
  copy({0, 0, (int32_t)width, (int32_t)height}, 0, 0, QXL_IMAGE_CACHE);
  EXPECT_EQ(device->stats().cached_images, 0u);
  copy({0, 0, 1, 1}, 0, 0, QXL_IMAGE_CACHE);
  EXPECT_EQ(device->stats().cached_images, 0u);
}

TEST_F(Bands, InChunks) {
  ClientImage image = {SPICE_BITMAP_FMT_32BIT, width, height, width * 4};
  const uint32_t two = data((uint64_t)width * height * 4);
  const uint32_t first = width * 4 * rows + 1234;

  image.flags = QXL_BITMAP_TOP_DOWN;
  client.copy_bitmap(target, {0, 0, (int32_t)width, (int32_t)height - 1}, image, {bo, 0}, {bo, 100},
                     0, 1);
  client.chunk({bo, 100}, first);
  client.next_chunk({two, 3}, {bo, 100}, width * height * 4 - first);
  device->clear_stats();
  copy_and_check(target, 4);
  EXPECT_EQ(device->stats().copies, (height + rows - 1) / rows);
}

// The host keeps what it can until it is asked.
TEST_F(Bands, MemoryIsWaitedFor) {
  device->hold_last = SIZE_MAX;
  for (int i = 0; i < 4; i++) copy({0, 0, (int32_t)width, (int32_t)height - i}, 0, i);
  EXPECT_GT(counters().memory_waits, 0u);
  EXPECT_EQ(counters().lost, 0u);
  EXPECT_LE(counters().in_flight_bytes, layout.upload_bytes + 64 * 1024);
}

TEST_F(Bands, LongestRow) {
  const uint32_t wide = data(32768 * 4 + 4096);

  for (uint32_t w : {32766u, 32767u, 32768u}) {
    client.copy_bitmap(target, {0, 0, 8, 1}, {SPICE_BITMAP_FMT_32BIT, w, 1, w * 4}, {wide, 0},
                       {wide, 100});
    EXPECT_EQ(client.run(core), w < 32768 ? 0 : -EINVAL);
  }
  settle();
  EXPECT_EQ(counters().in_flight, 1u);  // the surface's create
}

// Its rows, moved to where they are drawn, go far beyond the target.
TEST_F(Bands, HighestImage) {
  const uint32_t high = data(32767 * 32);
  const uint32_t column = surface(SPICE_SURFACE_FMT_8_A, 8, 100);

  for (int32_t y : {0, 10000, 32757}) {
    ((uint8_t *)client.bos[high].data)[32 * y] = 0x5a;
    client.fill(column, {0, 0, 8, 100}, 0);
    ASSERT_EQ(client.run(core), 0);
    client.copy_bitmap(column, {3, 50, 4, 60}, {SPICE_BITMAP_FMT_8BIT_A, 1, 32767, 32}, {bo, 0},
                       {high, 0}, 0, y);
    EXPECT_EQ(client.run(core), 0);
    const Pixels got = shown(column);
    EXPECT_EQ(got[50 * 8 + 3], 0x5a) << y;
  }
}

// Once, in order, or not at all --------------------------------------------------------

TEST_F(Executor, EachIsGivenOnce) {
  start();
  const uint32_t target = surface(SPICE_SURFACE_FMT_32_xRGB, 64, 48);
  const uint32_t bo = data(20000);

  pump();
  device->clear_stats();
  const uint64_t before = counters().commands;
  for (int i = 0; i < 50; i++) {
    client.fill(target, {i, 0, i + 1, 48}, (uint32_t)i);
    ASSERT_EQ(client.run(core), 0);
    client.copy_bitmap(target, {0, 0, 8, 8}, {SPICE_BITMAP_FMT_32BIT, 32, 32, 128}, {bo, 0},
                       {bo, 100});
    ASSERT_EQ(client.run(core), 0);
  }
  EXPECT_EQ(counters().commands, before + 100);
  pump();
  EXPECT_EQ(device->stats().draws, 100u);
  EXPECT_EQ(device->stats().fills, 50u);
  EXPECT_EQ(device->stats().copies, 50u);
  settle();
  EXPECT_EQ(counters().in_flight, 1u);  // the surface's create
}

TEST_F(Executor, FullRingWaitsForTheHost) {
  start();
  const uint32_t target = surface(SPICE_SURFACE_FMT_32_xRGB, 200, 1);

  device->commands_per_step = 3;
  for (int i = 0; i < 200; i++) {
    // Each over what is right of it: the last one counts.
    client.fill(target, {i, 0, 200, 1}, (uint32_t)i);
    ASSERT_EQ(client.run(core), 0);
  }
  EXPECT_GT(counters().ring_waits, 0u);
  EXPECT_EQ(counters().commands, 201u);
  const Pixels got = shown(target);
  for (uint32_t i = 0; i < 200; i++) EXPECT_EQ(got[i * 4], i);
  EXPECT_EQ(device->stats().draws, 200u);
}

TEST_F(Executor, OneWakeUpForACall) {
  start();
  const uint32_t target = surface(SPICE_SURFACE_FMT_32_xRGB, 64, 48);

  pump();
  const uint64_t before = counters().notifies;
  client.fill(target, {0, 0, 64, 48}, 1);
  ASSERT_EQ(client.parse(), 0);
  for (int i = 0; i < 20; i++) ASSERT_EQ(client.execute_some(core), 0);
  EXPECT_EQ(counters().notifies, before);
  qxl_core_execute_end(core);
  EXPECT_EQ(counters().notifies, before + 1);
  qxl_core_execute_end(core);
  EXPECT_EQ(counters().notifies, before + 1);
}

TEST_F(Executor, HostThatStopsConsuming) {
  start();
  const uint32_t target = surface(SPICE_SURFACE_FMT_32_xRGB, 64, 48);

  pump();
  device->bad.stops_consuming = true;
  const uint64_t before = kernel.now_ms();
  client.fill(target, {0, 0, 64, 48}, 1);
  ASSERT_EQ(client.parse(), 0);
  for (int i = 0; i < 32; i++) ASSERT_EQ(client.execute(core), 0) << i;
  EXPECT_EQ(client.execute(core), -EIO);
  EXPECT_GE(kernel.now_ms() - before, 40000u);
  EXPECT_LE(kernel.now_ms() - before, 45000u);
  EXPECT_EQ(counters().lost, 1u);
  EXPECT_EQ(counters().in_flight, 33u);
  const uint64_t lost_at = kernel.now_ms();
  EXPECT_EQ(client.execute(core), -EIO);
  EXPECT_EQ(kernel.now_ms(), lost_at);
  device->bad.stops_consuming = false;
}

// Between two bands: what was given is given, the rest is given back.
TEST_F(Bands, LostOnTheWay) {
  const uint64_t in_flight = (pump(), counters().in_flight);

  client.copy_bitmap(target, {0, 0, (int32_t)width, (int32_t)height},
                     {SPICE_BITMAP_FMT_32BIT, width, height, width * 4}, {bo, 0}, {bo, 100});
  ASSERT_EQ(client.parse(), 0);
  // Memory for three bands, and nothing comes back.
  device->hold_last = SIZE_MAX;
  device->bad.ignores_oom = true;
  EXPECT_EQ(client.execute(core), -EIO);
  EXPECT_EQ(counters().lost, 1u);
  EXPECT_EQ(counters().in_flight, in_flight + 3);
  EXPECT_EQ(client.execute(core), -EIO);
  device->bad.ignores_oom = false;
  device->hold_last = 0;
  ASSERT_EQ(qxl_core_start(core), 0);
  EXPECT_EQ(counters().in_flight, 0u);
  EXPECT_EQ(counters().in_flight_bytes, 0u);
}

// The loss comes while execute() waits, from somebody else.
TEST_F(Bands, LostByAnother) {
  client.copy_bitmap(target, {0, 0, (int32_t)width, (int32_t)height},
                     {SPICE_BITMAP_FMT_32BIT, width, height, width * 4}, {bo, 0}, {bo, 100});
  ASSERT_EQ(client.parse(), 0);
  device->hold_last = SIZE_MAX;
  device->bad.ignores_oom = true;
  kernel.on_wait = [this] {
    device->step();
    qxl_core_lose(core);
    return true;
  };
  const uint64_t before = kernel.now_ms();
  EXPECT_EQ(client.execute(core), -EIO);
  EXPECT_EQ(kernel.now_ms(), before);
  device->bad.ignores_oom = false;
}

TEST_F(Executor, WithoutAPrimary) {
  ASSERT_EQ(create(), 0);
  ASSERT_EQ(qxl_core_start(core), 0);
  const uint32_t target = client.add_surface({SPICE_SURFACE_FMT_32_xRGB, 64, 48, 256}, 1);
  const uint32_t bo = data(20000);

  client.fill(target, {0, 0, 64, 48}, 1);
  EXPECT_EQ(client.run(core), -EINVAL);
  client.copy_bitmap(target, {0, 0, 8, 8}, {SPICE_BITMAP_FMT_32BIT, 32, 32, 128}, {bo, 0},
                     {bo, 100});
  EXPECT_EQ(client.run(core), -EINVAL);
  EXPECT_EQ(counters().commands, 0u);
  EXPECT_EQ(counters().in_flight, 0u);
  qxl_core_lose(core);
  EXPECT_EQ(client.execute(core), -EIO);
}

TEST_F(Executor, AllocatesNothing) {
  start();
  const uint32_t target = surface(SPICE_SURFACE_FMT_32_xRGB, 64, 48);
  const uint32_t bo = data(20000);

  kernel.fail_every_allocation(true);
  client.fill(target, {0, 0, 64, 48}, 1);
  EXPECT_EQ(client.run(core), 0);
  client.copy_bitmap(target, {0, 0, 8, 8}, {SPICE_BITMAP_FMT_32BIT, 32, 32, 128}, {bo, 0},
                     {bo, 100});
  EXPECT_EQ(client.run(core), 0);
  EXPECT_FALSE(kernel.allocation_failed());
  kernel.fail_every_allocation(false);
}

// The client changes what it described after it was checked.
TEST_F(Executor, WhatWasCheckedIsWhatIsDrawn) {
  start();
  const uint32_t target = surface(SPICE_SURFACE_FMT_32_xRGB, 64, 48);
  const uint32_t bo = data(20000);
  const uint32_t data_only = data(4096);
  ClientImage image = {SPICE_BITMAP_FMT_32BIT, 32, 32, 128};

  image.flags = QXL_BITMAP_TOP_DOWN;
  client.copy_bitmap(target, {0, 0, 32, 32}, image, {bo, 0}, {bo, 100});
  client.chunk({bo, 100}, 4000);
  client.next_chunk({data_only, 0}, {bo, 100}, 96);
  ASSERT_EQ(client.parse(), 0);
  for (uint8_t byte : {0xff, 0x80, 0x00, 0x7f}) {
    for (auto &memory : client.memory) std::fill(memory.begin(), memory.end(), byte);
    ASSERT_EQ(client.execute(core), 0);
    EXPECT_EQ(shown(target)[0], byte);
    EXPECT_EQ(shown(target)[31 * 256 + 127], byte);
  }
}

// The adopted primary ----------------------------------------------------------------

class AdoptedPrimary : public Executor {
 protected:
  static constexpr uint32_t width = 100, height = 80;
  static constexpr qxl_surface_desc desc = {SPICE_SURFACE_FMT_32_xRGB, width, height, 416};
  static constexpr uint64_t offset = 65536;

  void SetUp() override {
    Executor::SetUp();
    start(64, 64);
    std::mt19937 random(9);
    for (uint64_t i = 0; i < 416 * height; i++) memory()[i] = (uint8_t)random();
    ASSERT_EQ(qxl_core_adopt_primary(core, &desc, offset, device->surface_memory() + offset), 0);
    target = client.add_surface(desc, 0);
  }
  uint8_t *memory() const { return device->surface_memory() + offset; }
  std::vector<uint32_t> in_memory() const {
    std::vector<uint32_t> pixels(width * height);

    for (uint32_t y = 0; y < height; y++) memcpy(&pixels[y * width], memory() + y * 416, width * 4);
    for (uint32_t &pixel : pixels) pixel &= 0xffffff;
    return pixels;
  }

  uint32_t target = 0;
};

TEST_F(AdoptedPrimary, StartsWithWhatIsThere) {
  EXPECT_EQ(device->primary().width, width);
  EXPECT_EQ(device->primary().height, height);
  EXPECT_EQ(device->primary().stride, 416);
  expect_picture(in_memory());
}

TEST_F(AdoptedPrimary, DrawsAreSeenAndWrittenBack) {
  const uint32_t bo = data(40000);
  const qxl_rect all = {0, 0, width, height};
  const std::vector<uint32_t> before = in_memory();

  client.copy_bitmap(target, {10, 20, 60, 70}, {SPICE_BITMAP_FMT_32BIT, 60, 60, 244}, {bo, 0},
                     {bo, 100}, 5, 6);
  copy_and_check(target, 4);
  client.fill(target, {0, 0, 3, 3}, 0xabcdef);
  ASSERT_EQ(client.run(core), 0);
  EXPECT_EQ(device->pixel(2, 2), 0xabcdefu);
  EXPECT_TRUE(in_memory() == before);
  const std::vector<uint8_t> between(memory() + 400, memory() + 416);
  ASSERT_EQ(qxl_core_surface_update(core, 0, &all), 0);
  expect_picture(in_memory());
  EXPECT_FALSE(in_memory() == before);
  EXPECT_EQ(memcmp(memory() + 400, between.data(), 16), 0);
}

TEST_F(AdoptedPrimary, PresentsToo) {
  const fake::Frame frame(width, height, 3);

  ASSERT_EQ(present(frame, {{5, 5, 200, 200}}), 0);
  EXPECT_EQ(device->pixel(99, 79), frame.pixel(99, 79));
  EXPECT_EQ(device->pixel(4, 4), in_memory()[4 * width + 4]);
}

// With a surface of the same memory, as after the primary was given up.
TEST_F(AdoptedPrimary, IsASurfaceAgainAfterwards) {
  const qxl_rect all = {0, 0, width, height};
  uint32_t id = 0;

  client.fill(target, {0, 0, 50, 50}, 0x445566);
  ASSERT_EQ(client.run(core), 0);
  ASSERT_EQ(qxl_core_surface_update(core, 0, &all), 0);
  ASSERT_EQ(qxl_core_set_primary(core, width, height), 0);
  expect_picture(std::vector<uint32_t>(width * height, 0));
  ASSERT_EQ(qxl_core_surface_create(core, &bos.emplace_back(), &desc, offset, &new_fence(), &id),
            0);
  ids.push_back(id);
  client.bos[target].surface_id = id;
  const Pixels got = shown(target);
  EXPECT_EQ(got[(49 * width + 49) * 4], 0x66);
  client.fill(target, {0, 0, 10, 10}, 0x778899);
  ASSERT_EQ(client.run(core), 0);
  EXPECT_EQ(device->pixel(0, 0), 0u);
  EXPECT_EQ(shown(target)[0], 0x99);
}

TEST_F(AdoptedPrimary, CopyFromAndToIt) {
  const uint32_t other = surface(SPICE_SURFACE_FMT_32_ARGB, 50, 50);
  const uint32_t bo = data(4096);

  client.copy_surface(other, {0, 0, 50, 50}, target, {bo, 0}, 20, 10);
  ASSERT_EQ(client.run(core), 0);
  const Pixels got = shown(other);
  EXPECT_EQ(memcmp(got.data(), memory() + 10 * 416 + 80, 200), 0);
  client.copy_surface(target, {50, 30, 100, 80}, other, {bo, 0});
  ASSERT_EQ(client.run(core), 0);
  EXPECT_EQ(device->pixel(50, 30), in_memory()[10 * width + 20]);
}

}  // namespace
