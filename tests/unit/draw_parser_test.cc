// SPDX-License-Identifier: GPL-2.0-only
// What a client may send, and everything next to it that it may not.
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <climits>
#include <functional>
#include <set>
#include <thread>

#include "client.h"

namespace {

using fake::ClientImage;
using fake::Place;

constexpr uint64_t last_byte = UINT64_MAX;
constexpr uint64_t four_gib = uint64_t{1} << 32;
constexpr uint64_t sign_bit = uint64_t{1} << 63;
constexpr uint32_t command = QXL_NO_BO;

#define FIELD(name) offsetof(QXLDrawable, name)

// Bytes that a client sends in front of the union.
constexpr size_t header_bytes = FIELD(u) - sizeof(QXLReleaseInfo);

// One attempt to spoil a good command.
struct Spoiler {
  const char *what;
  std::function<void()> spoil;
};

class DrawParser : public ::testing::Test, protected fake::Client {
 protected:
  static constexpr qxl_rect area = {4, 3, 24, 19};  // 20 x 16
  static constexpr uint64_t pixels_at = 4096;

  DrawParser() {
    xrgb = add_surface({SPICE_SURFACE_FMT_32_xRGB, 64, 48, 256});
    argb = add_surface({SPICE_SURFACE_FMT_32_ARGB, 40, 30, 160});
    rgb16 = add_surface({SPICE_SURFACE_FMT_16_565, 64, 48, 128});
    alpha = add_surface({SPICE_SURFACE_FMT_8_A, 64, 48, -64});
    bo = add_data(65536);
    other = add_data(1024);
  }

  // The good ones ------------------------------------------------------

  void good_fill() { fill(xrgb, area, 0x123456); }
  void good_copy_bits() { copy_bits(xrgb, area, 44, 32); }
  void good_copy_surface() { copy_surface(xrgb, area, argb, {bo, 100}, 20, 14); }
  void good_copy() { copy_bitmap(xrgb, area, image, {bo, 0}, {bo, pixels_at}, 2, 1); }
  // 24 x 18 pixels in three pieces, of two BOs.
  void good_chunks() {
    ClientImage chunked = image;

    chunked.flags = QXL_BITMAP_TOP_DOWN;
    copy_bitmap(xrgb, area, chunked, {bo, 0}, first, 2, 1);
    chunk(first, 1000);
    next_chunk(second, first, 500);
    next_chunk(third, second, 24 * 4 * 18 - 1500);
  }
  void good_composite() { composite(xrgb, area, QXL_OP_OVER, argb, {bo, 0}); }
  void good_masked() {
    good_composite();
    mask(alpha, {other, 200});
    transform(FIELD(u.composite.src_transform), {bo, 300});
    transform(FIELD(u.composite.mask_transform), {bo, 400});
    drawable.u.composite.src_origin = {-3, 7};
    drawable.u.composite.mask_origin = {INT16_MIN, INT16_MAX};
  }
  std::vector<std::pair<const char *, std::function<void()>>> skeletons() {
    return {{"fill", [this] { good_fill(); }},
            {"copy bits", [this] { good_copy_bits(); }},
            {"copy of a surface", [this] { good_copy_surface(); }},
            {"copy", [this] { good_copy(); }},
            {"copy of chunks", [this] { good_chunks(); }},
            {"composite", [this] { good_composite(); }},
            {"composite with a mask", [this] { good_masked(); }}};
  }

  void refuse_all(const std::function<void()> &build, const std::vector<Spoiler> &spoilers) {
    for (const Spoiler &each : spoilers) {
      build();
      ASSERT_EQ(parse(), 0) << "before " << each.what;
      each.spoil();
      EXPECT_EQ(parse(), -EINVAL) << each.what;
    }
  }
  QXLImage *image_at(const Place &at) { return (QXLImage *)data(at); }
  QXLImage *described() { return image_at({bo, 0}); }
  QXLDataChunk *chunk_at(const Place &at) { return (QXLDataChunk *)data(at); }
  // What the draw's pieces hold.
  std::vector<std::pair<uint32_t, uint64_t>> found() const {
    std::vector<std::pair<uint32_t, uint64_t>> all;

    for (uint32_t i = 0; i < draw.image.num_pieces; i++)
      all.push_back({draw.image.pieces[i].bo, draw.image.pieces[i].offset});
    return all;
  }

  uint32_t xrgb, argb, rgb16, alpha, bo, other;
  ClientImage image = {SPICE_BITMAP_FMT_32BIT, 24, 18, 24 * 4};
  Place first{4, 5000}, second{5, 0}, third{4, 9001};
};

// What is accepted -----------------------------------------------------------------

TEST_F(DrawParser, Fill) {
  good_fill();
  ASSERT_EQ(parse(), 0);
  EXPECT_EQ(draw.type, QXL_DRAW_FILL);
  EXPECT_EQ(draw.effect, QXL_EFFECT_OPAQUE);
  EXPECT_EQ(draw.rop, SPICE_ROPD_OP_PUT);
  EXPECT_EQ(draw.target, xrgb);
  EXPECT_EQ(draw.color, 0x123456u);
  EXPECT_EQ(draw.area.x1, 4);
  EXPECT_EQ(draw.area.y1, 3);
  EXPECT_EQ(draw.area.x2, 24);
  EXPECT_EQ(draw.area.y2, 19);
  EXPECT_EQ(draw.source.bo, QXL_NO_BO);
  EXPECT_EQ(draw.mask.bo, QXL_NO_BO);
  EXPECT_EQ(draw.image.width, 0u);
}

TEST_F(DrawParser, CopyBits) {
  good_copy_bits();
  ASSERT_EQ(parse(), 0);
  EXPECT_EQ(draw.type, QXL_COPY_BITS);
  EXPECT_EQ(draw.source.x, 44);
  EXPECT_EQ(draw.source.y, 32);
  EXPECT_EQ(draw.source.bo, QXL_NO_BO);
}

TEST_F(DrawParser, CopyOfASurface) {
  good_copy_surface();
  ASSERT_EQ(parse(), 0);
  EXPECT_EQ(draw.source.bo, argb);
  EXPECT_EQ(draw.source.x, 20);
  EXPECT_EQ(draw.source.y, 14);
  EXPECT_EQ(draw.image.width, 0u);
  // Of the target itself too.
  copy_surface(xrgb, area, xrgb, {bo, 100}, 0, 0);
  ASSERT_EQ(parse(), 0);
  EXPECT_EQ(draw.source.bo, xrgb);
}

TEST_F(DrawParser, Copy) {
  image.image_flags = QXL_IMAGE_CACHE;
  image.id = 0x12345678;
  good_copy();
  ASSERT_EQ(parse(), 0);
  EXPECT_EQ(draw.source.bo, QXL_NO_BO);
  EXPECT_EQ(draw.source.x, 2);
  EXPECT_EQ(draw.source.y, 1);
  EXPECT_EQ(draw.image.format, SPICE_BITMAP_FMT_32BIT);
  EXPECT_EQ(draw.image.bytes_per_pixel, 4u);
  EXPECT_EQ(draw.image.width, 24u);
  EXPECT_EQ(draw.image.height, 18u);
  EXPECT_EQ(draw.image.stride, 96u);
  EXPECT_TRUE(draw.image.cached);
  // Its size is part of it.
  EXPECT_EQ(draw.image.cache_id, 0x12345678ull << 32 | 2ull << 30 | 24ull << 15 | 18);
  ASSERT_EQ(draw.image.num_pieces, 1u);
  EXPECT_EQ(draw.image.pieces, pieces.data());
  EXPECT_EQ(pieces[0].bo, bo);
  EXPECT_EQ(pieces[0].offset, pixels_at);
  EXPECT_EQ(pieces[0].bytes, 96u * 18);
}

TEST_F(DrawParser, CopyOfChunks) {
  good_chunks();
  ASSERT_EQ(parse(), 0);
  ASSERT_EQ(draw.image.num_pieces, 3u);
  EXPECT_FALSE(draw.image.cached);
  const uint64_t header = sizeof(QXLDataChunk);
  EXPECT_EQ(found(),
            (std::vector<std::pair<uint32_t, uint64_t>>{
                {bo, first.offset + header}, {other, header}, {bo, third.offset + header}}));
  EXPECT_EQ(pieces[0].bytes, 1000u);
  EXPECT_EQ(pieces[1].bytes, 500u);
  EXPECT_EQ(pieces[2].bytes, 96u * 18 - 1500);
}

TEST_F(DrawParser, Composite) {
  good_masked();
  data({bo, 300})[5] = 0x77;
  ASSERT_EQ(parse(), 0);
  EXPECT_EQ(draw.flags, (uint32_t)QXL_OP_OVER);
  EXPECT_EQ(draw.source.bo, argb);
  EXPECT_EQ(draw.source.x, -3);
  EXPECT_EQ(draw.source.y, 7);
  EXPECT_TRUE(draw.source.transformed);
  EXPECT_EQ(memcmp(&draw.source.transform, data({bo, 300}), 24), 0);
  EXPECT_EQ(draw.mask.bo, alpha);
  EXPECT_EQ(draw.mask.x, INT16_MIN);
  EXPECT_EQ(draw.mask.y, INT16_MAX);
  EXPECT_TRUE(draw.mask.transformed);
  good_composite();
  ASSERT_EQ(parse(), 0);
  EXPECT_EQ(draw.mask.bo, QXL_NO_BO);
  EXPECT_FALSE(draw.source.transformed);
  EXPECT_FALSE(draw.mask.transformed);
}

// Nothing of the draw before is left.
TEST_F(DrawParser, EveryDrawIsFresh) {
  good_masked();
  ASSERT_EQ(parse(), 0);
  good_chunks();
  ASSERT_EQ(parse(), 0);
  EXPECT_EQ(draw.flags, 0u);
  EXPECT_EQ(draw.mask.bo, QXL_NO_BO);
  good_fill();
  ASSERT_EQ(parse(), 0);
  EXPECT_EQ(draw.image.num_pieces, 0u);
  EXPECT_EQ(draw.image.pieces, nullptr);
}

// The header ---------------------------------------------------------------------

TEST_F(DrawParser, Header) {
  for (const auto &[name, build] : skeletons()) {
    SCOPED_TRACE(name);
    refuse_all(build, {
                          {"update", [&] { type = QXL_CMD_UPDATE; }},
                          {"cursor", [&] { type = QXL_CMD_CURSOR; }},
                          {"message", [&] { type = QXL_CMD_MESSAGE; }},
                          {"surface", [&] { type = QXL_CMD_SURFACE; }},
                          {"nop", [&] { type = QXL_CMD_NOP; }},
                          {"type + 2^8", [&] { type = QXL_CMD_DRAW + 256; }},
                          {"nothing", [&] { size = 0; }},
                          {"no body", [&] { size = header_bytes; }},
                          {"too long", [&] { size = QXL_MAX_COMMAND_BYTES + 1; }},
                          {"longest", [&] { size = UINT32_MAX; }},
                          {"effect", [&] { drawable.effect = 8; }},
                          {"effect 255", [&] { drawable.effect = 255; }},
                          {"self_bitmap", [&] { drawable.self_bitmap = 1; }},
                          {"self_bitmap 128", [&] { drawable.self_bitmap = 128; }},
                          {"clip rects", [&] { drawable.clip.type = SPICE_CLIP_TYPE_RECTS; }},
                          {"clip 2^8", [&] { drawable.clip.type = 256; }},
                          {"clip all", [&] { drawable.clip.type = UINT32_MAX; }},
                      });
  }
}

TEST_F(DrawParser, EveryDrawableType) {
  const std::set<unsigned> good = {QXL_DRAW_FILL, QXL_DRAW_COPY, QXL_COPY_BITS, QXL_DRAW_COMPOSITE};

  for (const auto &[name, build] : skeletons())
    for (unsigned t = 0; t < 256; t++) {
      build();
      const bool same = drawable.type == t;
      drawable.type = (uint8_t)t;
      const int error = parse();
      EXPECT_TRUE(!same || !error) << name;
      EXPECT_TRUE(good.contains(t) || error) << name << t;
    }
}

TEST_F(DrawParser, EveryEffect) {
  for (unsigned effect = 0; effect < 256; effect++) {
    good_fill();
    drawable.effect = (uint8_t)effect;
    EXPECT_EQ(parse(), effect <= 7 ? 0 : -EINVAL) << effect;
  }
}

// A command may end with its union member, and nowhere before.
TEST_F(DrawParser, Sizes) {
  const std::vector<std::pair<std::function<void()>, size_t>> table = {
      {[this] { good_fill(); }, sizeof(QXLFill)},
      {[this] { good_copy(); }, sizeof(QXLCopy)},
      {[this] { good_copy_bits(); }, sizeof(QXLCopyBits)},
      {[this] { good_composite(); }, sizeof(QXLComposite)},
  };

  for (const auto &[build, bytes] : table)
    for (uint32_t s = 0; s <= QXL_MAX_COMMAND_BYTES + 8; s++) {
      const bool good = s >= header_bytes + bytes && s <= QXL_MAX_COMMAND_BYTES;
      build();
      size = s;
      EXPECT_EQ(parse(), good ? 0 : -EINVAL) << s << " of type " << +drawable.type;
    }
}

TEST_F(DrawParser, Area) {
  const QXLRect good[] = {{0, 0, 48, 64}, {47, 63, 48, 64}, {0, 0, 1, 1}};
  const QXLRect bad[] = {{0, 0, 49, 64},
                         {0, 0, 48, 65},
                         {-1, 0, 48, 64},
                         {0, -1, 48, 64},
                         {5, 5, 5, 6},
                         {5, 5, 6, 5},
                         {6, 5, 5, 6},
                         {5, 6, 6, 5},
                         {48, 64, 49, 65},
                         {0, 0, INT_MAX, INT_MAX},
                         {INT_MIN, 0, 1, 1},
                         {0, INT_MIN, 1, 1},
                         {INT_MIN, INT_MIN, INT_MAX, INT_MAX},
                         {INT_MAX, INT_MAX, INT_MIN, INT_MIN},
                         {0, 0, INT_MIN, INT_MIN}};

  for (const QXLRect &rect : good) {
    good_fill();
    drawable.bbox = rect;
    EXPECT_EQ(parse(), 0);
  }
  for (const QXLRect &rect : bad)
    for (const auto &[name, build] : skeletons()) {
      build();
      drawable.bbox = rect;
      EXPECT_EQ(parse(), -EINVAL) << name << rect.left << rect.top;
    }
  // It is the target's edge that counts.
  fill(argb, {0, 0, 40, 30}, 0);
  EXPECT_EQ(parse(), 0);
  fill(argb, {0, 0, 41, 30}, 0);
  EXPECT_EQ(parse(), -EINVAL);
}

TEST_F(DrawParser, Target) {
  for (const auto &[name, build] : skeletons()) {
    SCOPED_TRACE(name);
    refuse_all(build, {
                          {"none", [&] { drop_reloc(FIELD(surface_id)); }},
                          {"a raw id",
                           [&] {
                             drop_reloc(FIELD(surface_id));
                             drawable.surface_id = 1;
                           }},
                          {"an address", [&] { reloc_of(FIELD(surface_id)).surface = false; }},
                          {"data", [&] { reloc_of(FIELD(surface_id)).src = bo; }},
                          {"one byte on", [&] { reloc_of(FIELD(surface_id)).dst_offset++; }},
                      });
  }
  // Whatever stands in the field itself.
  good_fill();
  drawable.surface_id = UINT32_MAX;
  EXPECT_EQ(parse(), 0);
}

TEST_F(DrawParser, Dependencies) {
  for (size_t i = 0; i < 3; i++) {
    const uint64_t field = FIELD(surfaces_dest) + i * 4;

    for (int32_t raw : {0, 1, -2, 5, INT_MAX, INT_MIN}) {
      good_fill();
      drawable.surfaces_dest[i] = raw;
      EXPECT_EQ(parse(), -EINVAL) << raw;
    }
    good_fill();
    drawable.surfaces_dest[i] = 17;
    surface_reloc({command, field}, argb);
    EXPECT_EQ(parse(), 0);
    relocs.back().surface = false;
    EXPECT_EQ(parse(), -EINVAL);
  }
  good_fill();
  surface_reloc({command, FIELD(surfaces_dest) + 12}, argb);
  EXPECT_EQ(parse(), -EINVAL);
}

// Relocations ------------------------------------------------------------------

// Every relocation of every skeleton: without it, elsewhere, of another kind.
TEST_F(DrawParser, EveryRelocationCounts) {
  for (const auto &[name, build] : skeletons()) {
    build();
    const size_t count = relocs.size();

    for (size_t i = 0; i < count; i++) {
      SCOPED_TRACE(std::string(name) + ", relocation " + std::to_string(i));
      for (uint64_t offset :
           {relocs[i].dst_offset + 1, relocs[i].dst_offset + 4, relocs[i].dst_offset - 1,
            uint64_t{0}, uint64_t{16}, last_byte, last_byte - 7, sign_bit}) {
        build();
        if (offset == relocs[i].dst_offset) continue;
        // The fourth dword is a dependency as well.
        const bool dependency = relocs[i].dst == command &&
                                relocs[i].dst_offset == FIELD(surfaces_dest) &&
                                offset == FIELD(surfaces_dest) + 4;
        relocs[i].dst_offset = offset;
        EXPECT_EQ(parse(), dependency ? 0 : -EINVAL) << offset;
      }
      build();
      relocs[i].surface = !relocs[i].surface;
      EXPECT_EQ(parse(), -EINVAL);
      for (uint32_t dst : {xrgb, bo, other, command}) {
        build();
        if (dst == relocs[i].dst) continue;
        relocs[i].dst = dst;
        EXPECT_EQ(parse(), -EINVAL) << dst;
      }
    }
  }
}

// One without which the command would be another, or none.
TEST_F(DrawParser, MissingRelocations) {
  refuse_all([this] { good_copy(); }, {
                                          {"image", [&] { drop_reloc(FIELD(u.copy.src_bitmap)); }},
                                          {"image, raw",
                                           [&] {
                                             drop_reloc(FIELD(u.copy.src_bitmap));
                                             drawable.u.copy.src_bitmap = 1ull << 56;
                                           }},
                                          {"pixels", [&] { relocs.pop_back(); }},
                                          {"pixels, raw",
                                           [&] {
                                             relocs.pop_back();
                                             described()->bitmap.data = 1;
                                           }},
                                      });
  refuse_all([this] { good_chunks(); }, {
                                            {"the last link", [&] { relocs.pop_back(); }},
                                            {"the last link, raw",
                                             [&] {
                                               relocs.pop_back();
                                               chunk_at(second)->next_chunk = 1;
                                             }},
                                        });
  refuse_all([this] { good_composite(); },
             {
                 {"source", [&] { drop_reloc(FIELD(u.composite.src)); }},
                 {"source, raw",
                  [&] {
                    drop_reloc(FIELD(u.composite.src));
                    drawable.u.composite.src = 4096;
                  }},
                 {"surface", [&] { relocs.pop_back(); }},
                 {"mask, raw", [&] { drawable.u.composite.mask = 1; }},
                 {"transform, raw", [&] { drawable.u.composite.src_transform = 1; }},
                 {"the mask's, raw", [&] { drawable.u.composite.mask_transform = 1; }},
             });
  refuse_all([this] { good_copy_surface(); },
             {
                 {"surface",
                  [&] { std::erase_if(relocs, [&](const qxl_reloc &r) { return r.dst == bo; }); }},
             });
}

// As if they were applied in order.
TEST_F(DrawParser, TheLastOneForAFieldCounts) {
  good_fill();
  surface_reloc({command, FIELD(surface_id)}, argb);
  ASSERT_EQ(parse(), 0);
  EXPECT_EQ(draw.target, argb);
  relocs.back().surface = false;
  EXPECT_EQ(parse(), -EINVAL);
  relocs.push_back(relocs.front());
  ASSERT_EQ(parse(), 0);
  EXPECT_EQ(draw.target, xrgb);

  good_copy();
  const uint64_t field = offsetof(QXLImage, bitmap.data);
  reloc({bo, field}, {bo, last_byte});
  EXPECT_EQ(parse(), -EINVAL);
  reloc({bo, field}, {bo, 7777});
  ASSERT_EQ(parse(), 0);
  EXPECT_EQ(pieces[0].offset, 7777u);
}

// Fields that are not for relocations, or not in this kind of draw.
TEST_F(DrawParser, RelocationsOfOtherFields) {
  const uint64_t fields[] = {0,
                             4,
                             7,
                             FIELD(effect),
                             FIELD(type),
                             FIELD(self_bitmap),
                             FIELD(bbox),
                             FIELD(clip),
                             FIELD(clip.data),
                             FIELD(mm_time),
                             FIELD(surfaces_rects),
                             sizeof(QXLDrawable),
                             sizeof(QXLDrawable) - 8,
                             four_gib,
                             last_byte};

  for (const auto &[name, build] : skeletons())
    for (uint64_t field : fields)
      for (bool surface : {false, true}) {
        build();
        reloc({command, field}, {bo, 0}).surface = surface;
        EXPECT_EQ(parse(), -EINVAL) << name << field;
      }
  refuse_all([this] { good_fill(); },
             {
                 {"pattern", [&] { reloc({command, FIELD(u.fill.brush.u)}, {bo, 0}); }},
                 {"mask", [&] { reloc({command, FIELD(u.fill.mask.bitmap)}, {bo, 0}); }},
                 {"raw mask", [&] { drawable.u.fill.mask.bitmap = 1; }},
             });
  refuse_all([this] { good_copy(); },
             {
                 {"mask", [&] { reloc({command, FIELD(u.copy.mask.bitmap)}, {bo, 0}); }},
                 {"raw mask", [&] { drawable.u.copy.mask.bitmap = 1; }},
                 {"palette", [&] { reloc({bo, offsetof(QXLImage, bitmap.palette)}, {bo, 0}); }},
                 {"raw palette", [&] { described()->bitmap.palette = 1; }},
                 {"surface of a bitmap",
                  [&] { surface_reloc({bo, offsetof(QXLImage, surface_image)}, argb); }},
                 {"pixels of another image",
                  [&] { reloc({bo, 48 + offsetof(QXLImage, bitmap.data)}, {bo, 0}); }},
                 {"a link where there are no chunks",
                  [&] { reloc({bo, pixels_at + offsetof(QXLDataChunk, next_chunk)}, {bo, 0}); }},
             });
  refuse_all([this] { good_copy_bits(); },
             {
                 {"source", [&] { reloc({command, FIELD(u.copy_bits.src_pos)}, {bo, 0}); }},
             });
}

// A null address may come from a relocation as little as any other.
TEST_F(DrawParser, SurfaceForAnAddressAndBack) {
  refuse_all(
      [this] { good_masked(); },
      {
          {"source", [&] { reloc_of(FIELD(u.composite.src)).surface = true; }},
          {"mask", [&] { reloc_of(FIELD(u.composite.mask)).surface = true; }},
          {"transform", [&] { reloc_of(FIELD(u.composite.src_transform)).surface = true; }},
          {"the mask's", [&] { reloc_of(FIELD(u.composite.mask_transform)).surface = true; }},
          {"image in a surface", [&] { reloc_of(FIELD(u.composite.src)).src = argb; }},
          {"transform in a surface",
           [&] { reloc_of(FIELD(u.composite.src_transform)).src = argb; }},
      });
  refuse_all([this] { good_copy(); },
             {
                 {"image in a surface", [&] { reloc_of(FIELD(u.copy.src_bitmap)).src = argb; }},
                 {"pixels in a surface", [&] { relocs.back().src = argb; }},
                 {"pixels are a surface", [&] { relocs.back().surface = true; }},
                 {"pixels are a surface's",
                  [&] {
                    relocs.back() = relocs.front();
                    relocs.back().dst = bo;
                    relocs.back().dst_offset = offsetof(QXLImage, bitmap.data);
                  }},
             });
  refuse_all([this] { good_copy_surface(); }, {
                                                  {"of data",
                                                   [&] {
                                                     for (qxl_reloc &r : relocs)
                                                       if (r.dst == bo) r.src = other;
                                                   }},
                                                  {"by address",
                                                   [&] {
                                                     for (qxl_reloc &r : relocs)
                                                       if (r.dst == bo) r.surface = false;
                                                   }},
                                              });
}

TEST_F(DrawParser, AsManyRelocationsAsThereMayBe) {
  for (const auto &[name, build] : skeletons())
    for (size_t count :
         {QXL_MAX_RELOCS - 1, QXL_MAX_RELOCS, QXL_MAX_RELOCS + 1, 2 * QXL_MAX_RELOCS}) {
      build();
      while (relocs.size() < count) relocs.push_back(relocs.front());
      EXPECT_EQ(parse(), count <= QXL_MAX_RELOCS ? 0 : -EINVAL) << name << count;
    }
}

TEST_F(DrawParser, NoRelocationsAndNoBos) {
  for (const auto &[name, build] : skeletons()) {
    build();
    relocs.clear();
    EXPECT_EQ(parse(), -EINVAL) << name;
  }
}

// Where things are ---------------------------------------------------------------

// The last place where it fits, and one byte further.
TEST_F(DrawParser, Places) {
  struct Row {
    const char *what;
    std::function<void()> build;
    std::function<qxl_reloc &()> which;
    uint64_t last;                       // offset in bo
    std::function<void(uint64_t)> move;  // what is there
  };
  const uint64_t size_of_bo = 65536;
  const Row rows[] = {
      {"pixels", [this] { good_copy(); }, [this]() -> qxl_reloc & { return relocs.back(); },
       size_of_bo - 96 * 18, [](uint64_t) {}},
      {"image", [this] { good_copy(); },
       [this]() -> qxl_reloc & { return reloc_of(FIELD(u.copy.src_bitmap)); },
       size_of_bo - sizeof(QXLImage),
       [this](uint64_t to) {
         memcpy(data({bo, to}), data({bo, 0}), sizeof(QXLImage));
         relocs.back().dst_offset = to + offsetof(QXLImage, bitmap.data);
       }},
      {"transform", [this] { good_masked(); },
       [this]() -> qxl_reloc & { return reloc_of(FIELD(u.composite.src_transform)); },
       size_of_bo - sizeof(QXLTransform), [](uint64_t) {}},
  };

  for (const Row &row : rows) {
    row.build();
    row.move(row.last);
    row.which().src_offset = row.last;
    EXPECT_EQ(parse(), 0) << row.what;
    for (uint64_t offset : {row.last + 1, size_of_bo - 1, size_of_bo, size_of_bo + 1,
                            uint64_t{1} << 32, uint64_t{1} << 63, last_byte - 7, last_byte}) {
      row.build();
      row.which().src_offset = offset;
      EXPECT_EQ(parse(), -EINVAL) << row.what << offset;
    }
  }
}

// Nothing needs to be aligned.
TEST_F(DrawParser, OddPlaces) {
  copy_bitmap(xrgb, area, image, {bo, 33}, {bo, 4097}, 0, 0);
  EXPECT_EQ(parse(), 0);
  EXPECT_EQ(pieces[0].offset, 4097u);
  copy_surface(xrgb, area, argb, {bo, 1});
  EXPECT_EQ(parse(), 0);
}

TEST_F(DrawParser, EmptyAndTinyBos) {
  for (uint64_t bytes : {0u, 1u, 17u, 47u, 48u}) {
    const uint32_t tiny = add_data(bytes);

    good_copy();
    reloc_of(FIELD(u.copy.src_bitmap)).src = tiny;
    EXPECT_EQ(parse(), -EINVAL) << bytes;
    good_copy();
    relocs.back().src = tiny;
    EXPECT_EQ(parse(), -EINVAL) << bytes;
    good_chunks();
    relocs.back().src = tiny;
    relocs.back().src_offset = 0;
    EXPECT_EQ(parse(), -EINVAL) << bytes;
  }
}

// Fill, copy bits, copy ------------------------------------------------------------

TEST_F(DrawParser, FillFields) {
  refuse_all([this] { good_fill(); },
             {
                 {"no brush", [&] { drawable.u.fill.brush.type = SPICE_BRUSH_TYPE_NONE; }},
                 {"pattern", [&] { drawable.u.fill.brush.type = SPICE_BRUSH_TYPE_PATTERN; }},
                 {"brush 2^8", [&] { drawable.u.fill.brush.type += 256; }},
                 {"rop", [&] { drawable.u.fill.rop_descriptor = SPICE_ROPD_MASK + 1; }},
                 {"rop 2^16 - 1", [&] { drawable.u.fill.rop_descriptor = 0xffff; }},
             });
  for (unsigned rop = 0; rop <= SPICE_ROPD_MASK; rop++) {
    good_fill();
    drawable.u.fill.rop_descriptor = (uint16_t)rop;
    ASSERT_EQ(parse(), 0) << rop;
    ASSERT_EQ(draw.rop, rop);
  }
}

TEST_F(DrawParser, CopyBitsSource) {
  for (auto [x, y, good] :
       std::initializer_list<std::tuple<int32_t, int32_t, bool>>{{0, 0, true},
                                                                 {44, 32, true},
                                                                 {45, 32, false},
                                                                 {44, 33, false},
                                                                 {-1, 0, false},
                                                                 {0, -1, false},
                                                                 {INT_MAX, 0, false},
                                                                 {0, INT_MAX, false},
                                                                 {INT_MIN, INT_MIN, false},
                                                                 {INT_MAX - 19, 0, false}}) {
    copy_bits(xrgb, area, x, y);
    EXPECT_EQ(parse(), good ? 0 : -EINVAL) << x << "," << y;
  }
}

TEST_F(DrawParser, CopyFields) {
  refuse_all([this] { good_copy(); },
             {
                 {"rop", [&] { drawable.u.copy.rop_descriptor = SPICE_ROPD_MASK + 1; }},
                 {"scale", [&] { drawable.u.copy.scale_mode = 2; }},
                 {"scale 255", [&] { drawable.u.copy.scale_mode = 255; }},
             });
  for (uint8_t mode : {0, 1}) {
    good_copy();
    drawable.u.copy.scale_mode = mode;
    drawable.u.copy.rop_descriptor = SPICE_ROPD_MASK;
    EXPECT_EQ(parse(), 0);
    EXPECT_EQ(draw.scale_mode, mode);
    EXPECT_EQ(draw.rop, SPICE_ROPD_MASK);
  }
}

TEST_F(DrawParser, SourceArea) {
  // A bitmap of 24 x 18, a surface of 40 x 30, an area of 20 x 16.
  struct {
    std::function<void()> build;
    int32_t width, height;
  } const sources[] = {{[this] { good_copy(); }, 24, 18},
                       {[this] { good_copy_surface(); }, 40, 30}};

  for (const auto &source : sources) {
    const int32_t width = source.width, height = source.height;
    QXLRect &from = drawable.u.copy.src_area;
    const auto at = [&](int64_t x, int64_t y, int64_t w, int64_t h) {
      source.build();
      from = {(int32_t)y, (int32_t)x, (int32_t)(y + h), (int32_t)(x + w)};
      return parse();
    };

    EXPECT_EQ(at(0, 0, 20, 16), 0);
    EXPECT_EQ(at(width - 20, height - 16, 20, 16), 0);
    EXPECT_EQ(at(width - 19, height - 16, 20, 16), -EINVAL);
    EXPECT_EQ(at(width - 20, height - 15, 20, 16), -EINVAL);
    EXPECT_EQ(at(-1, 0, 20, 16), -EINVAL);
    EXPECT_EQ(at(0, -1, 20, 16), -EINVAL);
    EXPECT_EQ(at(0, 0, 19, 16), -EINVAL);
    EXPECT_EQ(at(0, 0, 20, 15), -EINVAL);
    EXPECT_EQ(at(0, 0, 21, 16), -EINVAL);
    EXPECT_EQ(at(0, 0, 20, 17), -EINVAL);
    EXPECT_EQ(at(20, 16, -20, -16), -EINVAL);
    EXPECT_EQ(at(INT_MIN, 0, 20, 16), -EINVAL);
    EXPECT_EQ(at(INT_MAX, INT_MAX, 20, 16), -EINVAL);
    EXPECT_EQ(at(INT_MAX - 20, 0, 20, 16), -EINVAL);
    EXPECT_EQ(at(0, 0, 0, 0), -EINVAL);
  }
}

TEST_F(DrawParser, SurfaceOfAnotherDepth) {
  for (auto [target, source, good] :
       std::initializer_list<std::tuple<uint32_t, uint32_t, bool>>{{xrgb, argb, true},
                                                                   {argb, xrgb, true},
                                                                   {rgb16, rgb16, true},
                                                                   {alpha, alpha, true},
                                                                   {xrgb, rgb16, false},
                                                                   {rgb16, xrgb, false},
                                                                   {xrgb, alpha, false},
                                                                   {alpha, rgb16, false}}) {
    copy_surface(target, area, source, {bo, 0});
    EXPECT_EQ(parse(), good ? 0 : -EINVAL) << target << source;
  }
}

// Images ---------------------------------------------------------------------------

TEST_F(DrawParser, EveryImageType) {
  for (unsigned t = 0; t < 256; t++) {
    good_copy();
    described()->descriptor.type = (uint8_t)t;
    EXPECT_EQ(parse(), t == SPICE_IMAGE_TYPE_BITMAP ? 0 : -EINVAL) << t;
    good_copy_surface();
    image_at({bo, 100})->descriptor.type = (uint8_t)t;
    EXPECT_EQ(parse(), t == SPICE_IMAGE_TYPE_SURFACE ? 0 : -EINVAL) << t;
    good_masked();
    image_at({other, 200})->descriptor.type = (uint8_t)t;
    EXPECT_EQ(parse(), t == SPICE_IMAGE_TYPE_SURFACE ? 0 : -EINVAL) << t;
  }
}

// Each where it has as many bytes per pixel, and nowhere else.
TEST_F(DrawParser, EveryFormat) {
  const std::pair<uint32_t, std::set<unsigned>> table[] = {
      {xrgb, {SPICE_BITMAP_FMT_32BIT, SPICE_BITMAP_FMT_RGBA}},
      {argb, {SPICE_BITMAP_FMT_32BIT, SPICE_BITMAP_FMT_RGBA}},
      {rgb16, {SPICE_BITMAP_FMT_16BIT}},
      {alpha, {SPICE_BITMAP_FMT_8BIT_A}}};

  for (const auto &[target, good] : table)
    for (unsigned format = 0; format < 256; format++) {
      image.format = (uint8_t)format;
      copy_bitmap(target, {0, 0, 20, 16}, image, {bo, 0}, {bo, pixels_at});
      EXPECT_EQ(parse(), good.contains(format) ? 0 : -EINVAL) << format << " on " << target;
    }
}

TEST_F(DrawParser, BitmapFields) {
  QXLBitmap &bits = described()->bitmap;

  refuse_all([this] { good_copy(); },
             {
                 {"no width", [&] { bits.x = 0; }},
                 {"no height", [&] { bits.y = 0; }},
                 {"stride", [&] { bits.stride = 95; }},
                 {"no stride", [&] { bits.stride = 0; }},
                 {"bottom up", [&] { bits.flags = QXL_BITMAP_DIRECT; }},
                 {"width", [&] { bits.x = 25; }},
                 {"width * 4 is 2^32", [&] { bits.x = 1u << 30; }},
                 {"width * 4 is 2^32 + 96", [&] { bits.x = (1u << 30) + 24; }},
                 {"widest", [&] { bits.x = UINT32_MAX; }},
                 {"highest", [&] { bits.y = UINT32_MAX; }},
                 {"stride * height is 2^32",
                  [&] {
                    bits.stride = 1u << 16;
                    bits.y = 1u << 16;
                  }},
                 {"stride * height is 2^31",
                  [&] {
                    bits.stride = 1u << 15;
                    bits.y = 1u << 16;
                  }},
                 {"stride * height is 2^32 + 1728",
                  [&] {
                    bits.stride = 64;
                    bits.x = 16;
                    bits.y = (1u << 26) + 27;
                  }},
                 {"negative stride", [&] { bits.stride = (uint32_t)-96; }},
                 {"more rows than there are", [&] { bits.y = (65536 - pixels_at) / 96 + 1; }},
             });
  for (uint8_t more : {2, 8, 0xf8}) {
    good_copy();
    bits.flags |= more;
    EXPECT_EQ(parse(), 0) << +more;
  }
  good_copy();
  bits.y = (65536 - pixels_at) / 96;
  EXPECT_EQ(parse(), 0);
  good_copy();
  bits.stride = 97;
  EXPECT_EQ(parse(), 0);
  EXPECT_EQ(draw.image.stride, 97u);
  // Not what the client says of its size a second time.
  good_copy();
  described()->descriptor.width = described()->descriptor.height = ~0u;
  EXPECT_EQ(parse(), 0);
  EXPECT_EQ(draw.image.width, 24u);
}

// 2^31 - 1 bytes are the most that the host counts.
TEST_F(DrawParser, LargestBitmap) {
  const uint64_t most = INT32_MAX;
  void *where = mmap(nullptr, most + 1, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

  if (where == MAP_FAILED) GTEST_SKIP() << "no address space";
  bos[other].data = where;
  bos[other].bytes = most + 1;
  image = {SPICE_BITMAP_FMT_8BIT_A, 20, 32767, INT32_MAX / 32767};
  copy_bitmap(alpha, {0, 0, 20, 16}, image, {bo, 0}, {other, 0});
  EXPECT_EQ(parse(), 0);
  image.stride++;
  copy_bitmap(alpha, {0, 0, 20, 16}, image, {bo, 0}, {other, 0});
  EXPECT_EQ(parse(), -EINVAL);
  image = {SPICE_BITMAP_FMT_8BIT_A, 20, 32768, 20};
  copy_bitmap(alpha, {0, 0, 20, 16}, image, {bo, 0}, {other, 0});
  EXPECT_EQ(parse(), -EINVAL);
  munmap(where, most + 1);
}

// Chunks ---------------------------------------------------------------------------

TEST_F(DrawParser, ChunkSizes) {
  const uint32_t rest = 24 * 4 * 18 - 1500;

  refuse_all([this] { good_chunks(); },
             {
                 {"short", [&] { chunk_at(third)->data_size = rest - 1; }},
                 {"long", [&] { chunk_at(third)->data_size = rest + 1; }},
                 {"last is empty", [&] { chunk_at(third)->data_size = 0; }},
                 {"first has all", [&] { chunk_at(first)->data_size = 24 * 4 * 18; }},
                 {"largest", [&] { chunk_at(first)->data_size = UINT32_MAX; }},
                 {"sum is 2^32 more",
                  [&] {
                    chunk_at(second)->data_size = 500u - 1000u;
                    chunk_at(third)->data_size = rest + 1000u;
                  }},
                 {"one less there, more here", [&] { chunk_at(first)->data_size--; }},
             });
  // Empty ones in between do no harm.
  good_chunks();
  chunk_at(second)->data_size = 0;
  chunk_at(third)->data_size = rest + 500;
  EXPECT_EQ(parse(), 0);
  // All in the first; the others are empty.
  good_chunks();
  chunk_at(first)->data_size = 24 * 4 * 18;
  chunk_at(second)->data_size = chunk_at(third)->data_size = 0;
  EXPECT_EQ(parse(), 0);
}

TEST_F(DrawParser, ChunkOutsideItsBo) {
  const uint32_t rest = 24 * 4 * 18 - 1500;

  // To the last byte of its BO, and one too far.
  for (uint64_t beyond : {0u, 1u, 20u}) {
    third = {bo, 65536 - sizeof(QXLDataChunk) - rest + beyond};
    if (third.offset + sizeof(QXLDataChunk) > 65536) continue;
    good_chunks();
    EXPECT_EQ(parse(), beyond ? -EINVAL : 0) << beyond;
  }
  // Its header is all there is room for, and not even that.
  third = {bo, 9001};
  for (uint64_t offset :
       {uint64_t{65536 - sizeof(QXLDataChunk)}, uint64_t{65536 - sizeof(QXLDataChunk) + 1},
        uint64_t{65535}, uint64_t{65536}, last_byte, last_byte - 15, four_gib}) {
    good_chunks();
    relocs.back().src_offset = offset;
    EXPECT_EQ(parse(), -EINVAL) << offset;
  }
  // A chunk that would be good, in a BO that ends before it.
  third = {other, 600};
  good_chunks();
  ASSERT_EQ(parse(), 0);
  bos[other].bytes = 600 + sizeof(QXLDataChunk) + rest - 1;
  EXPECT_EQ(parse(), -EINVAL);
}

TEST_F(DrawParser, ChunksInACircle) {
  const uint64_t next = offsetof(QXLDataChunk, next_chunk);

  // The third leads to the first, the second, itself.
  for (const Place &back : {first, second, third}) {
    good_chunks();
    reloc({third.bo, third.offset + next}, back);
    EXPECT_EQ(parse(), -EINVAL);
    // Empty, so that it is not the bytes that run out.
    for (const Place &each : {first, second, third}) chunk_at(each)->data_size = 0;
    EXPECT_EQ(parse(), -EINVAL);
  }
  // An image that is its own first chunk, and more.
  good_chunks();
  relocs[2].src = bo;
  relocs[2].src_offset = 0;
  EXPECT_EQ(parse(), -EINVAL);
}

TEST_F(DrawParser, WayBackIsNotUsed) {
  good_chunks();
  chunk_at(first)->prev_chunk = chunk_at(second)->prev_chunk = ~0ull;
  EXPECT_EQ(parse(), 0);
  good_chunks();
  reloc({second.bo, offsetof(QXLDataChunk, prev_chunk)}, first);
  reloc({third.bo, third.offset + offsetof(QXLDataChunk, prev_chunk)}, second);
  reloc({bo, first.offset + offsetof(QXLDataChunk, prev_chunk)}, {bo, last_byte});
  ASSERT_EQ(parse(), 0);
  EXPECT_EQ(draw.image.num_pieces, 3u);
  relocs.back().surface = true;
  EXPECT_EQ(parse(), -EINVAL);
}

// As many as there can be links.
TEST_F(DrawParser, ManyChunks) {
  ClientImage column = {SPICE_BITMAP_FMT_8BIT_A, 1, 93, 1};

  column.flags = QXL_BITMAP_TOP_DOWN;
  for (uint32_t count : {93u, 94u}) {
    column.height = count;
    copy_bitmap(alpha, {0, 0, 1, 40}, column, {bo, 0}, {bo, 100});
    chunk({bo, 100}, 1);
    for (uint32_t i = 1; i < count; i++) next_chunk({bo, 100 + 21 * i}, {bo, 79 + 21 * i}, 1);
    ASSERT_EQ(relocs.size(), count + 2);
    ASSERT_EQ(parse(), 0) << count;
    EXPECT_EQ(draw.image.num_pieces, count);
  }
  next_chunk({bo, 100 + 21 * 94}, {bo, 79 + 21 * 94}, 0);
  EXPECT_EQ(parse(), -EINVAL);  // one relocation too many
}

// Composite ------------------------------------------------------------------------

TEST_F(DrawParser, EveryOperator) {
  for (unsigned op = 0; op < 256; op++) {
    const bool good = op <= QXL_OP_SATURATE || (op >= 0x10 && op <= 0x1b) ||  // disjoint
                      (op >= 0x20 && op <= 0x2b) ||                           // conjoint
                      (op >= QXL_OP_MULTIPLY && op <= QXL_OP_HSL_LUMINOSITY);

    good_masked();
    drawable.u.composite.flags = op;
    EXPECT_EQ(parse(), good ? 0 : -EINVAL) << op;
  }
}

TEST_F(DrawParser, EveryFilter) {
  for (uint32_t source = 0; source < 8; source++)
    for (uint32_t of_mask = 0; of_mask < 8; of_mask++) {
      good_masked();
      drawable.u.composite.flags |= source << 8 | of_mask << 11;
      EXPECT_EQ(parse(), source <= 4 && of_mask <= 4 ? 0 : -EINVAL) << source << of_mask;
    }
}

TEST_F(DrawParser, EveryCompositeFlag) {
  for (uint32_t bit = 14; bit < 32; bit++) {
    const bool good = bit <= 18 || (bit >= 22 && bit <= 24);

    good_composite();
    drawable.u.composite.flags |= 1u << bit;
    EXPECT_EQ(parse(), good ? 0 : -EINVAL) << bit;
    if (good) {
      EXPECT_EQ(draw.flags, QXL_OP_OVER | 1u << bit);
    }
  }
}

// Pictures of any depth, and smaller than what they are drawn on.
TEST_F(DrawParser, CompositeOfAnySurface) {
  for (uint32_t target : {xrgb, argb, rgb16, alpha})
    for (uint32_t source : {xrgb, argb, rgb16, alpha}) {
      composite(target, area, QXL_OP_SOURCE, source, {bo, 0});
      EXPECT_EQ(parse(), 0);
    }
}

TEST_F(DrawParser, CompositeOfABitmap) {
  good_copy();
  const std::vector<qxl_reloc> pixels(relocs.end() - 1, relocs.end());
  composite(xrgb, area, QXL_OP_SOURCE, argb, {other, 0});
  reloc_of(FIELD(u.composite.src)).src = bo;
  relocs.pop_back();
  relocs.push_back(pixels[0]);
  EXPECT_EQ(parse(), -EINVAL);
}

// The client writes meanwhile -------------------------------------------------------

// Whatever it reads, it reads once: what is found stays inside its BO.
TEST_F(DrawParser, ClientWritesWhileItIsParsed) {
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP() << "a race on purpose";
#endif
  const uint32_t sizes[] = {24 * 4 * 18 - 1500, UINT32_MAX, 0x80000000};
  std::atomic<bool> stop{false};

  good_chunks();
  volatile uint32_t *size_of_third = (volatile uint32_t *)data({third.bo, third.offset});
  volatile uint8_t *rows = data({bo, offsetof(QXLImage, bitmap.y)});
  std::thread writer([&] {
    for (uint32_t i = 0; !stop; i++) {
      *size_of_third = sizes[i % 3];
      rows[0] = i % 5 ? 18 : 255;
    }
  });
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(200);
  bool inside = true;

  while (inside && std::chrono::steady_clock::now() < end) {
    if (parse()) continue;
    uint64_t total = 0;

    for (uint32_t i = 0; i < draw.image.num_pieces; i++) {
      const qxl_piece &piece = draw.image.pieces[i];

      total += piece.bytes;
      inside &= piece.offset + piece.bytes <= bos[piece.bo].bytes;
    }
    inside &= total == (uint64_t)draw.image.stride * draw.image.height;
  }
  stop = true;
  writer.join();
  EXPECT_TRUE(inside);
}

}  // namespace
