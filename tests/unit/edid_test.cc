// SPDX-License-Identifier: GPL-2.0-only
// The EDID of a head's monitor: what edid-decode thinks of it, and what it says.
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "qxl_core.h"

namespace {

using Edid = std::array<uint8_t, QXL_EDID_BYTES>;

struct Size {
  uint32_t width;
  uint32_t height;
};

constexpr Size kSizes[] = {
    {1, 1},       {64, 64},       {320, 200},   {377, 377},   {640, 480},   {641, 359},
    {800, 600},   {801, 601},     {1023, 767},  {1024, 768},  {1280, 1024}, {1366, 768},
    {1919, 1081}, {1920, 1080},   {2560, 1440}, {3440, 1440}, {3840, 2160}, {4095, 4095},
    {4096, 2160}, {4097, 2161},   {5120, 2880}, {7680, 4320}, {8192, 8192}, {9637, 5421},
    {9637, 9637}, {16384, 16384}, {16384, 1},   {1, 16384},   {600, 2000},  {16383, 101},
};

// CVT with reduced blanking at 60 Hz, nearly.
qxl_timing timing(Size size) {
  const uint32_t cell = (size.width + 7) / 8 * 8;
  const uint32_t vtotal = size.height + std::max(14u, size.height / 35);
  qxl_timing t = {.clock_khz = 0,
                  .hdisplay = size.width,
                  .hsync_start = cell + 48,
                  .hsync_end = cell + 80,
                  .htotal = cell + 160,
                  .vdisplay = size.height,
                  .vsync_start = size.height + 3,
                  .vsync_end = size.height + 9,
                  .vtotal = vtotal,
                  .hsync_positive = true,
                  .vsync_positive = false};
  const uint64_t khz = uint64_t{t.htotal} * vtotal * 60 / 1000;
  t.clock_khz = static_cast<uint32_t>(std::max<uint64_t>(khz / 250 * 250, 250));
  return t;
}

Edid make(Size size, uint32_t number = 1, uint32_t serial = 0x1001) {
  const qxl_monitor monitor = {.serial = serial, .number = number, .timing = timing(size)};
  Edid edid;
  edid.fill(0xa5);
  qxl_core_make_edid(&monitor, edid.data());
  return edid;
}

uint32_t at(const Edid &edid, uint32_t offset, uint32_t high_offset, uint32_t shift) {
  return edid[offset] | (uint32_t{edid[high_offset]} >> shift & 15) << 8;
}
uint32_t active_width(const Edid &edid) {
  return at(edid, 56, 58, 4);
}
uint32_t active_height(const Edid &edid) {
  return at(edid, 59, 61, 4);
}
uint32_t clock_khz(const Edid &edid) {
  return (edid[54] | edid[55] << 8) * 10;
}
double refresh(const Edid &edid) {
  const uint32_t htotal = active_width(edid) + at(edid, 57, 58, 0);
  const uint32_t vtotal = active_height(edid) + at(edid, 60, 61, 0);
  return clock_khz(edid) * 1000.0 / htotal / vtotal;
}
bool says_native(const Edid &edid) {
  return edid[24] & 2;
}
std::string text(const Edid &edid, uint32_t descriptor) {
  return {reinterpret_cast<const char *>(edid.data()) + descriptor + 5, 13};
}

std::string in_words(const Edid &edid) {
  const std::string name = testing::TempDir() + "qxl-edid-" + std::to_string(getpid());
  std::ofstream(name, std::ios::binary)
      .write(reinterpret_cast<const char *>(edid.data()), edid.size());
  FILE *decoder = popen(("edid-decode --check " + name + " 2>&1").c_str(), "r");
  std::string words;
  for (int c; decoder && (c = fgetc(decoder)) != EOF;) words += static_cast<char>(c);
  if (decoder) pclose(decoder);
  std::remove(name.c_str());
  return words;
}

TEST(Edid, DecodesWithoutAWarning) {
  for (const Size &size : kSizes) {
    for (uint32_t number : {1u, uint32_t{QXL_MAX_HEADS}}) {
      const std::string words = in_words(make(size, number));
      EXPECT_NE(words.find("EDID conformity: PASS"), std::string::npos)
          << size.width << "x" << size.height << "\n"
          << words;
      EXPECT_EQ(words.find("Warnings:"), std::string::npos)
          << size.width << "x" << size.height << "\n"
          << words;
    }
  }
}

TEST(Edid, ADecoderFindsAWrongByte) {
  Edid edid = make({1024, 768});
  edid[60] ^= 1;
  EXPECT_NE(in_words(edid).find("EDID conformity: FAIL"), std::string::npos);
}

TEST(Edid, SaysWhoItIs) {
  const std::string words = in_words(make({1024, 768}, 3, 0x01002003));
  for (const char *wanted :
       {"Manufacturer: RHT", "Model: 256", "Serial Number: 16785411", "Product Name: 'SPICE 3'",
        "Serial Number: '01002003'", "Digital display", "27 cm x 20 cm", "1024x768",
        "(271 mm x 203 mm)", "1920x1080", "Default (sRGB)"})
    EXPECT_NE(words.find(wanted), std::string::npos) << wanted << "\n" << words;
}

TEST(Edid, TextsEndAndArePadded) {
  const Edid edid = make({1024, 768}, 16, 0xfedcba98);
  EXPECT_EQ(text(edid, 72), "SPICE 16\n    ");
  EXPECT_EQ(text(edid, 90), "FEDCBA98\n    ");
}

TEST(Edid, IsTheSameForTheSameMonitor) {
  EXPECT_EQ(make({801, 601}, 2, 7), make({801, 601}, 2, 7));
  std::set<Edid> different;
  for (uint32_t head = 1; head <= QXL_MAX_HEADS; ++head)
    different.insert(make({801, 601}, head, 0x1000 + head));
  different.insert(make({801, 602}, 1, 0x1001));
  different.insert(make({802, 601}, 1, 0x1001));
  EXPECT_EQ(different.size(), QXL_MAX_HEADS + 2u);
}

TEST(Edid, TimingIsTheModesOwn) {
  for (const Size size : {Size{1023, 767}, Size{1920, 1080}, Size{3840, 2160}, Size{600, 2000}}) {
    const qxl_timing wanted = timing(size);
    const Edid edid = make(size);
    EXPECT_EQ(active_width(edid), size.width);
    EXPECT_EQ(active_height(edid), size.height);
    EXPECT_EQ(active_width(edid) + at(edid, 57, 58, 0), wanted.htotal);
    EXPECT_EQ(active_height(edid) + at(edid, 60, 61, 0), wanted.vtotal);
    EXPECT_EQ(clock_khz(edid), wanted.clock_khz);
    EXPECT_EQ(edid[62], wanted.hsync_start - wanted.hdisplay);
    EXPECT_EQ(edid[63], 32);
    EXPECT_EQ(edid[64], 3 << 4 | 6);
    EXPECT_EQ(edid[71], 0x18 | 2) << "sync: separate, positive across only";
    EXPECT_TRUE(says_native(edid));
  }
}

TEST(Edid, TooManyPixelsAreDivided) {
  for (const Size size : {Size{7680, 4320}, Size{8192, 8192}, Size{16384, 9216}}) {
    const Edid edid = make(size);
    EXPECT_GT(active_width(edid), 2000u);
    EXPECT_EQ(active_width(edid), size.width / (size.width / active_width(edid)));
    EXPECT_NEAR(1.0 * active_width(edid) / active_height(edid), 1.0 * size.width / size.height,
                .01);
    EXPECT_FALSE(says_native(edid));
  }
  EXPECT_NEAR(refresh(make({7680, 4320})), 60, 1);
}

TEST(Edid, ClockStaysInItsField) {
  const Edid high = make({4095, 4095});
  EXPECT_EQ(active_width(high), 4095u);
  EXPECT_EQ(clock_khz(high), 655350u);
  EXPECT_FALSE(says_native(high));
  const Edid little = make({320, 200});
  EXPECT_EQ(clock_khz(little), 10000u);
  EXPECT_EQ(active_width(little), 320u);
  EXPECT_NEAR(refresh(little), 60, 2);
}

TEST(Edid, SizeIsThatOf96DotsPerInch) {
  EXPECT_EQ(qxl_monitor_mm(960), 254u);
  EXPECT_EQ(qxl_monitor_mm(16384), 4335u);
  const Edid large = make({7680, 4320});
  EXPECT_EQ(large[21], 203);
  EXPECT_EQ(large[22], 114);
  for (const Size size : {Size{9700, 5400}, Size{1920, 10}, Size{64, 64}}) {
    const Edid edid = make(size);
    for (uint32_t byte : {21, 22, 66, 67, 68}) EXPECT_EQ(edid[byte], 0) << size.width;
  }
}

}  // namespace
