// SPDX-License-Identifier: GPL-2.0-only
#include "core/pixels.h"

#include <cstddef>

namespace qxl {
namespace {

constexpr uint32_t from_5_bits(uint32_t value) {
  return value << 3 | value >> 2;
}

constexpr uint32_t from_6_bits(uint32_t value) {
  return value << 2 | value >> 4;
}

constexpr uint32_t from_10_bits(uint32_t value) {
  return value >> 2;
}

constexpr uint32_t pixel_of(uint32_t red, uint32_t green, uint32_t blue) {
  return red << 16 | green << 8 | blue;
}

constexpr uint32_t from_rgb565(uint16_t word) {
  return pixel_of(from_5_bits(word >> 11), from_6_bits(word >> 5 & 0x3f), from_5_bits(word & 0x1f));
}

constexpr uint32_t from_xrgb1555(uint16_t word) {
  return pixel_of(from_5_bits(word >> 10 & 0x1f), from_5_bits(word >> 5 & 0x1f),
                  from_5_bits(word & 0x1f));
}

constexpr uint32_t from_xrgb2101010(uint32_t word) {
  return pixel_of(from_10_bits(word >> 20 & 0x3ff), from_10_bits(word >> 10 & 0x3ff),
                  from_10_bits(word & 0x3ff));
}

template <typename Word, uint32_t (*Pixel)(Word)>
void convert_words(const uint8_t* from, uint32_t count, uint8_t* to) {
  for (; count > 0; --count, from += sizeof(Word), to += sizeof(uint32_t)) {
    Word word;
    __builtin_memcpy(&word, from, sizeof(word));
    uint32_t result = Pixel(word);
    __builtin_memcpy(to, &result, sizeof(result));
  }
}

// A channel of a premultiplied pixel. One that is brighter than its alpha allows
// counts as white.
uint8_t premultiplied(const uint8_t (&table)[256], uint32_t value, uint32_t alpha) {
  uint32_t alone = value < alpha ? (value * 255 + alpha / 2) / alpha : 255;
  return static_cast<uint8_t>((table[alone] * alpha + 127) / 255);
}

}  // namespace

void convert(qxl_pixels format, const uint8_t* from, uint32_t count, uint8_t* to) {
  switch (format) {
    case QXL_PIXELS_XRGB8888:
      __builtin_memcpy(to, from, size_t{count} * 4);
      break;
    case QXL_PIXELS_RGB565:
      convert_words<uint16_t, from_rgb565>(from, count, to);
      break;
    case QXL_PIXELS_XRGB1555:
      convert_words<uint16_t, from_xrgb1555>(from, count, to);
      break;
    case QXL_PIXELS_XRGB2101010:
      convert_words<uint32_t, from_xrgb2101010>(from, count, to);
      break;
  }
}

void apply(const qxl_lut& lut, uint8_t* pixels, uint32_t count) {
  for (; count > 0; --count, pixels += 4) {
    pixels[0] = lut.blue[pixels[0]];
    pixels[1] = lut.green[pixels[1]];
    pixels[2] = lut.red[pixels[2]];
  }
}

void apply_premultiplied(const qxl_lut& lut, uint8_t* pixels, uint32_t count) {
  for (; count > 0; --count, pixels += 4) {
    uint32_t alpha = pixels[3];
    if (alpha == 0) continue;
    pixels[0] = premultiplied(lut.blue, pixels[0], alpha);
    pixels[1] = premultiplied(lut.green, pixels[1], alpha);
    pixels[2] = premultiplied(lut.red, pixels[2], alpha);
  }
}

}  // namespace qxl
