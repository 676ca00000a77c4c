// SPDX-License-Identifier: GPL-2.0-only
// Formats and tables: of single pixels, and of frames on their way to the host.
#include "core/pixels.h"

#include <algorithm>
#include <cstring>

#include "core/copy.h"
#include "rig.h"

namespace {

constexpr qxl_pixels kFormats[] = {QXL_PIXELS_XRGB8888, QXL_PIXELS_RGB565, QXL_PIXELS_XRGB1555,
                                   QXL_PIXELS_XRGB2101010};

// Bits of red, green and blue.
struct Layout {
  uint32_t red, green, blue;
};

Layout layout_of(qxl_pixels format) {
  switch (format) {
    case QXL_PIXELS_RGB565:
      return {5, 6, 5};
    case QXL_PIXELS_XRGB1555:
      return {5, 5, 5};
    case QXL_PIXELS_XRGB2101010:
      return {10, 10, 10};
    default:
      return {8, 8, 8};
  }
}

// The first eight of the bits, said again and again.
uint32_t eight_bits(uint32_t value, uint32_t bits) {
  uint32_t result = 0;

  for (uint32_t i = 0; i < 8; i++) result = result << 1 | (value >> (bits - 1 - i % bits) & 1);
  return result;
}

uint32_t decode(qxl_pixels format, uint32_t word) {
  const Layout bits = layout_of(format);
  const auto channel = [&](uint32_t shift, uint32_t count) {
    return eight_bits(word >> shift & ((1u << count) - 1), count);
  };

  return channel(bits.green + bits.blue, bits.red) << 16 | channel(bits.blue, bits.green) << 8 |
         channel(0, bits.blue);
}

uint32_t through(const qxl_lut &lut, uint32_t pixel) {
  return (uint32_t)lut.red[pixel >> 16 & 0xff] << 16 | (uint32_t)lut.green[pixel >> 8 & 0xff] << 8 |
         lut.blue[pixel & 0xff];
}

qxl_lut random_lut(uint32_t seed) {
  std::mt19937 random(seed);
  qxl_lut lut;

  for (int i = 0; i < 256; i++) {
    lut.red[i] = (uint8_t)random();
    lut.green[i] = (uint8_t)random();
    lut.blue[i] = (uint8_t)random();
  }
  return lut;
}

qxl_lut identity() {
  qxl_lut lut;

  for (int i = 0; i < 256; i++) lut.red[i] = lut.green[i] = lut.blue[i] = (uint8_t)i;
  return lut;
}

uint32_t convert_one(qxl_pixels format, uint32_t word) {
  uint32_t pixel = 0xdeadbeef;

  qxl::convert(format, (const uint8_t *)&word, 1, (uint8_t *)&pixel);
  return pixel;
}

// Single pixels -------------------------------------------------------------------

TEST(Pixels, EveryWordOf16Bits) {
  for (const qxl_pixels format : {QXL_PIXELS_RGB565, QXL_PIXELS_XRGB1555})
    for (uint32_t word = 0; word < 0x10000; word++)
      ASSERT_EQ(convert_one(format, word), decode(format, word)) << format << ", " << word;
}

TEST(Pixels, EveryValueOf10Bits) {
  for (uint32_t unused = 0; unused < 4; unused++)
    for (uint32_t value = 0; value < 1024; value++)
      for (uint32_t shift = 0; shift < 30; shift += 10) {
        const uint32_t word = unused << 30 | ((0x15533aa5u & ~(0x3ffu << shift)) | value << shift);
        ASSERT_EQ(convert_one(QXL_PIXELS_XRGB2101010, word), decode(QXL_PIXELS_XRGB2101010, word));
      }
}

TEST(Pixels, KnownColours) {
  EXPECT_EQ(convert_one(QXL_PIXELS_RGB565, 0xf800), 0xff0000u);
  EXPECT_EQ(convert_one(QXL_PIXELS_RGB565, 0x07e0), 0x00ff00u);
  EXPECT_EQ(convert_one(QXL_PIXELS_RGB565, 0x001f), 0x0000ffu);
  EXPECT_EQ(convert_one(QXL_PIXELS_RGB565, 0x8410), 0x848284u);
  EXPECT_EQ(convert_one(QXL_PIXELS_XRGB1555, 0xfc00), 0xff0000u);
  EXPECT_EQ(convert_one(QXL_PIXELS_XRGB1555, 0x03e0), 0x00ff00u);
  EXPECT_EQ(convert_one(QXL_PIXELS_XRGB1555, 0x8000), 0x000000u);
  EXPECT_EQ(convert_one(QXL_PIXELS_XRGB2101010, 0x3ff00000), 0xff0000u);
  EXPECT_EQ(convert_one(QXL_PIXELS_XRGB2101010, 0x20080200), 0x808080u);
  EXPECT_EQ(convert_one(QXL_PIXELS_XRGB2101010, 0x00300c03), 0x000000u);
  EXPECT_EQ(convert_one(QXL_PIXELS_XRGB8888, 0x12345678), 0x12345678u);
}

TEST(Pixels, Bytes) {
  EXPECT_EQ(qxl::bytes_per_pixel(QXL_PIXELS_XRGB8888), 4u);
  EXPECT_EQ(qxl::bytes_per_pixel(QXL_PIXELS_RGB565), 2u);
  EXPECT_EQ(qxl::bytes_per_pixel(QXL_PIXELS_XRGB1555), 2u);
  EXPECT_EQ(qxl::bytes_per_pixel(QXL_PIXELS_XRGB2101010), 4u);
}

// Short rows and long ones, of even and odd length, at any address: those pixels and no others.
TEST(Pixels, Copying) {
  std::vector<uint8_t> from(600), to(600);

  for (size_t i = 0; i < from.size(); i++) from[i] = (uint8_t)(i * 7 + 1);
  for (size_t bytes = 0; bytes <= 2 * qxl::kMinString + 20; bytes++)
    for (size_t at : {0, 1, 4, 7}) {
      std::fill(to.begin(), to.end(), 0);
      qxl::copy_bytes(to.data() + 8 + at, from.data() + at, bytes);
      for (size_t i = 0; i < to.size(); i++) {
        const bool inside = i >= 8 + at && i < 8 + at + bytes;
        ASSERT_EQ(to[i], inside ? from[i - 8] : 0) << bytes << " bytes, byte " << i;
      }
    }
}

TEST(Pixels, CopyingRows) {
  constexpr uint32_t kWidth = 50, kRows = 3;

  for (uint32_t to_pitch : {200u, 204u, 256u})
    for (uint32_t from_pitch : {200u, 232u}) {
      std::vector<uint8_t> from(from_pitch * kRows), to(to_pitch * kRows, 0);
      for (size_t i = 0; i < from.size(); i++) from[i] = (uint8_t)(i * 5 + 1) | 1;
      qxl::copy_rows(to.data(), to_pitch, from.data(), from_pitch, kWidth, kRows);
      for (size_t i = 0; i < to.size(); i++) {
        const size_t row = i / to_pitch, column = i % to_pitch;
        ASSERT_EQ(to[i], column < kWidth * 4 ? from[row * from_pitch + column] : 0)
            << "pitches " << to_pitch << ' ' << from_pitch << ", byte " << i;
      }
    }
}

TEST(Pixels, LutIsByChannel) {
  const qxl_lut lut = random_lut(1);

  for (uint32_t i = 0; i < 256; i++) {
    const uint32_t before = 0xab000000 | i << 16 | (255 - i) << 8 | (i ^ 0x55);
    uint32_t pixel = before;
    qxl::apply(lut, (uint8_t *)&pixel, 1);
    EXPECT_EQ(pixel, 0xab000000 | through(lut, before));
  }
}

TEST(Pixels, PremultipliedLut) {
  const qxl_lut lut = random_lut(2), same = identity();

  for (uint32_t alpha = 0; alpha < 256; alpha++)
    for (uint32_t value = 0; value < 256; value++) {
      const uint32_t before = alpha << 24 | value << 16 | (255 - value) << 8 | (value ^ 0x33);
      uint32_t pixel = before;
      qxl::apply_premultiplied(lut, (uint8_t *)&pixel, 1);
      ASSERT_EQ(pixel >> 24, alpha);
      if (alpha == 0)
        ASSERT_EQ(pixel, before);
      else if (alpha == 255)
        ASSERT_EQ(pixel & 0xffffff, through(lut, before));
      else
        for (uint32_t shift = 0; shift < 24; shift += 8)
          ASSERT_LE(pixel >> shift & 0xff, alpha) << "no such colour";
      if (value > alpha) continue;
      // What was the least that can be told apart stays so.
      pixel = alpha << 24 | value << 16 | value << 8 | value;
      qxl::apply_premultiplied(same, (uint8_t *)&pixel, 1);
      ASSERT_EQ(pixel, alpha << 24 | value << 16 | value << 8 | value);
    }
  // Half transparent white through a table that makes it 100.
  qxl_lut dark = same;
  dark.red[255] = dark.green[255] = dark.blue[255] = 100;
  uint32_t pixel = 0x80808080;
  qxl::apply_premultiplied(dark, (uint8_t *)&pixel, 1);
  EXPECT_EQ(pixel, 0x80323232u);
}

// Frames --------------------------------------------------------------------------

// Memory ends where the last pixel does, for AddressSanitizer to see what is read.
class FormatFrame {
 public:
  FormatFrame(qxl_pixels pixels, uint32_t w, uint32_t h, uint32_t seed, uint32_t extra = 0)
      : format(pixels), width(w), height(h), pitch(w * bytes() + extra) {
    memory.resize((size_t)pitch * (h - 1) + (size_t)w * bytes());
    scribble({0, 0, (int)w, (int)h}, seed);
  }

  uint32_t bytes() const { return qxl::bytes_per_pixel(format); }
  uint8_t *at(int x, int y) { return &memory[(size_t)y * pitch + (size_t)x * bytes()]; }
  uint32_t word(int x, int y) {
    uint32_t word = 0;

    memcpy(&word, at(x, y), bytes());
    return word;
  }
  void scribble(const qxl_rect &rect, uint32_t seed) {
    std::mt19937 random(seed);

    for (int y = rect.y1; y < rect.y2; y++)
      for (int x = rect.x1; x < rect.x2; x++) {
        const uint32_t word = (uint32_t)random();
        memcpy(at(x, y), &word, bytes());
      }
  }
  // Everything moves down; what comes in at the top is new.
  void scroll(int rows, uint32_t seed) {
    for (int y = (int)height - 1; y >= rows; y--)
      memcpy(at(0, y), at(0, y - rows), width * bytes());
    scribble({0, 0, (int)width, rows}, seed);
  }
  // What the host has to show.
  uint32_t shown(int x, int y) {
    const uint32_t pixel = decode(format, word(x, y));

    return lut ? through(*lut, pixel) : pixel;
  }
  qxl_frame view(int32_t dx = 0, int32_t dy = 0) const {
    return {.pixels = memory.data(),
            .lut = lut,
            .pitch = pitch,
            .width = width,
            .height = height,
            .dx = dx,
            .dy = dy,
            .head = 0,
            .format = format,
            .more = false};
  }

  qxl_pixels format;
  const qxl_lut *lut = nullptr;
  uint32_t width, height, pitch;
  std::vector<uint8_t> memory;
};

constexpr int kWidth = 333;  // not a multiple of a tile, nor of anything
constexpr int kHeight = 131;
constexpr qxl_rect kAll = {0, 0, kWidth, kHeight};

class FormatFrames : public fake::CoreTest {
 protected:
  void SetUp() override {
    CoreTest::SetUp();
    start(kWidth, kHeight);
    expected.assign((size_t)kWidth * kHeight, 0);
  }

  void use_shadow() {
    const qxl_head head = {0, 0, kWidth, kHeight};
    ASSERT_EQ(qxl_core_set_monitors(core, &head, 1), 0);
  }
  void show(FormatFrame &frame, const std::vector<qxl_rect> &rects = {kAll}, int dx = 0,
            int dy = 0) {
    const qxl_frame view = frame.view(dx, dy);

    ASSERT_EQ(qxl_core_present(core, &view, rects.data(), (uint32_t)rects.size()), 0);
    for (const qxl_rect &rect : rects)
      for (int y = std::max({rect.y1, 0, -dy});
           y < std::min({rect.y2, (int)frame.height, kHeight - dy}); y++)
        for (int x = std::max({rect.x1, 0, -dx});
             x < std::min({rect.x2, (int)frame.width, kWidth - dx}); x++)
          expected[(size_t)(y + dy) * kWidth + (size_t)(x + dx)] = frame.shown(x, y);
    expect_picture(expected);
  }
  uint64_t commands() { return counters().commands; }

  std::vector<uint32_t> expected;
};

class Formats : public FormatFrames, public ::testing::WithParamInterface<qxl_pixels> {
 protected:
  // Odd places, rows longer and shorter than what is looked at in one go, frames
  // around the screen and inside it.
  void show_all_kinds(const qxl_lut *lut) {
    uint32_t seed = 0;
    for (const uint32_t extra : {0u, 1u, 6u, 64u}) {
      FormatFrame frame(GetParam(), kWidth, kHeight, ++seed, extra);
      frame.lut = lut;
      show(frame);
      show(frame,
           {{1, 1, 2, 2}, {3, 5, 66, 7}, {3, 10, 67, 12}, {3, 15, 68, 17}, {332, 0, 333, 131}});
      frame.scribble(kAll, ++seed);
      show(frame, {{7, 9, 300, 100}});
    }
    FormatFrame large(GetParam(), kWidth + 77, kHeight + 31, ++seed, 2);
    large.lut = lut;
    show(large, {{0, 0, 1000, 1000}}, -5, -3);
    FormatFrame small(GetParam(), 71, 17, ++seed);
    small.lut = lut;
    show(small, {{-5, -5, 70, 16}}, 11, 13);
  }
};

TEST_P(Formats, Copied) {
  show_all_kinds(nullptr);
}

TEST_P(Formats, CopiedThroughALut) {
  const qxl_lut lut = random_lut(3);
  show_all_kinds(&lut);
}

TEST_P(Formats, ByWayOfTheShadow) {
  use_shadow();
  show_all_kinds(nullptr);
}

TEST_P(Formats, ByWayOfTheShadowThroughALut) {
  const qxl_lut lut = random_lut(4);
  use_shadow();
  show_all_kinds(&lut);
}

TEST_P(Formats, UnchangedSendsNothing) {
  const qxl_lut lut = random_lut(5);

  use_shadow();
  for (const qxl_lut *each : {(const qxl_lut *)nullptr, &lut}) {
    FormatFrame frame(GetParam(), kWidth, kHeight, 1);
    frame.lut = each;
    show(frame);
    const uint64_t before = commands();
    show(frame);
    show(frame, {{3, 5, 17, 130}, {332, 130, 333, 131}});
    EXPECT_EQ(commands(), before);
    // The upper bit of blue: something that every format has.
    *(frame.at(332, 130)) ^= GetParam() == QXL_PIXELS_XRGB8888 ? 0x80 : 0x10;
    const bool differs = frame.shown(332, 130) != expected.back();
    show(frame);
    EXPECT_EQ(commands() != before, differs);
  }
}

TEST_P(Formats, ScrollingIsFound) {
  const qxl_lut lut = random_lut(6);

  use_shadow();
  for (const qxl_lut *each : {(const qxl_lut *)nullptr, &lut}) {
    FormatFrame frame(GetParam(), kWidth, kHeight, 1);
    frame.lut = each;
    show(frame);
    const uint32_t before = device->stats().bit_copies;
    frame.scroll(7, 2);
    show(frame);
    EXPECT_EQ(device->stats().bit_copies, before + 1);
  }
}

// All of a head is presented again when its table changes.
TEST_P(Formats, LutChanges) {
  const qxl_lut one = random_lut(7), two = random_lut(8), same = identity();

  use_shadow();
  FormatFrame frame(GetParam(), kWidth, kHeight, 1);
  for (const qxl_lut *each : {(const qxl_lut *)nullptr, &one, &two, (const qxl_lut *)nullptr}) {
    frame.lut = each;
    show(frame);
  }
  if (GetParam() == QXL_PIXELS_XRGB8888) return;
  // The unused byte is 0 then as now.
  const uint64_t before = commands();
  frame.lut = &same;
  show(frame);
  EXPECT_EQ(commands(), before);
}

std::string name_of(const ::testing::TestParamInfo<qxl_pixels> &info) {
  static const char *const names[] = {"XRGB8888", "RGB565", "XRGB1555", "XRGB2101010"};

  return names[info.param];
}

INSTANTIATE_TEST_SUITE_P(Each, Formats, ::testing::ValuesIn(kFormats), name_of);

// Other bits of a pixel that are the same colour are the same picture.
TEST_F(FormatFrames, UnusedBitsAreNotSent) {
  use_shadow();
  for (const qxl_pixels format : {QXL_PIXELS_XRGB1555, QXL_PIXELS_XRGB2101010}) {
    FormatFrame frame(format, kWidth, kHeight, 1);
    show(frame);
    const uint64_t before = commands();
    for (int y = 0; y < kHeight; y++)
      for (int x = 0; x < kWidth; x++) frame.at(x, y)[frame.bytes() - 1] ^= 0x80;
    show(frame);
    EXPECT_EQ(commands(), before);
  }
}

// The same picture in another format is on screen already.
TEST_F(FormatFrames, FromOneToTheOther) {
  use_shadow();
  FormatFrame deep(QXL_PIXELS_XRGB2101010, kWidth, kHeight, 1);
  FormatFrame plain(QXL_PIXELS_XRGB8888, kWidth, kHeight, 1);
  for (int y = 0; y < kHeight; y++)
    for (int x = 0; x < kWidth; x++) {
      const uint32_t word = decode(QXL_PIXELS_XRGB2101010, deep.word(x, y));
      memcpy(plain.at(x, y), &word, 4);
    }
  show(deep);
  const uint64_t before = commands();
  show(plain);
  EXPECT_EQ(commands(), before);
}

TEST_F(FormatFrames, TheLutIsNotKept) {
  auto lut = std::make_unique<qxl_lut>(random_lut(9));

  use_shadow();
  FormatFrame frame(QXL_PIXELS_XRGB8888, kWidth, kHeight, 1);
  frame.lut = lut.get();
  show(frame);
  frame.lut = nullptr;
  lut.reset();
  show(frame);
}

TEST_F(FormatFrames, NothingIsAllocated) {
  const qxl_lut lut = random_lut(10);

  use_shadow();
  FormatFrame frame(QXL_PIXELS_RGB565, kWidth, kHeight, 1);
  frame.lut = &lut;
  kernel.fail_every_allocation(true);
  show(frame);
  EXPECT_FALSE(kernel.allocation_failed());
  kernel.fail_every_allocation(false);
}

}  // namespace
