// SPDX-License-Identifier: GPL-2.0-only
// Sections and tables are those of VESA's E-EDID standard, release A2 (EDID 1.4).
#include "core/edid.h"

#include <algorithm>
#include <array>
#include <limits>

namespace qxl {
namespace {

using Block = std::span<uint8_t, QXL_EDID_BYTES>;

// The PNP id of Red Hat, as whose PCI device QXL comes, and its PCI device id.
constexpr std::array<char, 3> kVendor = {'R', 'H', 'T'};
constexpr uint32_t kProduct = 0x0100;
// Desktops know a monitor by what is here: it must never change.
constexpr uint32_t kModelYear = 2020;

// Offsets of the block's sections.
constexpr uint32_t kVendorAt = 8;
constexpr uint32_t kVersionAt = 18;
constexpr uint32_t kDisplayAt = 20;
constexpr uint32_t kColourAt = 25;
constexpr uint32_t kEstablishedAt = 35;
constexpr uint32_t kStandardAt = 38;
constexpr uint32_t kTimingAt = 54;
constexpr uint32_t kNameAt = 72;
constexpr uint32_t kSerialAt = 90;
constexpr uint32_t kRangeAt = 108;
constexpr uint32_t kChecksumAt = QXL_EDID_BYTES - 1;

// What fields hold at most.
constexpr uint32_t kTimingSideMax = 4095;
constexpr uint32_t kTimingClockMin = 1000;  // 10 kHz; readers take less for rubbish
constexpr uint32_t kTimingClockMax = std::numeric_limits<uint16_t>::max();
constexpr uint32_t kMmMax = 2550;  // a byte of centimetres; the timing's field is wider

void put16(Block edid, uint32_t at, uint32_t value) {
  edid[at] = static_cast<uint8_t>(value);
  edid[at + 1] = static_cast<uint8_t>(value >> 8);
}

constexpr uint8_t low(uint32_t value) {
  return static_cast<uint8_t>(value);
}

void put_identity(Block edid, uint32_t serial) {
  uint32_t vendor = 0;
  for (char letter : kVendor) vendor = vendor << 5 | static_cast<uint32_t>(letter - 'A' + 1);
  edid[kVendorAt] = low(vendor >> 8);
  edid[kVendorAt + 1] = low(vendor);
  put16(edid, kVendorAt + 2, kProduct);
  put16(edid, kVendorAt + 4, serial);
  put16(edid, kVendorAt + 6, serial >> 16);
  edid[kVendorAt + 8] = 0xff;  // what follows is the model's year
  edid[kVendorAt + 9] = low(kModelYear - 1990);
  edid[kVersionAt] = 1;
  edid[kVersionAt + 1] = 4;
}

struct Size {
  uint32_t width;
  uint32_t height;
};

// As large as the pixels are at 96 to the inch, which makes desktops scale by
// one. No size at all where a side is no whole centimetre or too many, nor below
// ten each way, which readers do not believe.
Size in_mm(const qxl_timing& timing) {
  Size mm = {qxl_monitor_mm(timing.hdisplay), qxl_monitor_mm(timing.vdisplay)};
  auto [shorter, longer] = std::minmax(mm.width, mm.height);
  bool fits = shorter >= 5 && longer >= 95 && longer <= kMmMax;
  return fits ? mm : Size{0, 0};
}

void put_display(Block edid, Size mm, bool native) {
  constexpr uint8_t kDigital8Bits = 0x80 | 2 << 4;
  constexpr uint8_t kGamma22 = 220 - 100;
  constexpr uint8_t kOffAndSrgb = 0x20 | 0x04;
  constexpr uint8_t kNativeTiming = 0x02;

  edid[kDisplayAt] = kDigital8Bits;
  edid[kDisplayAt + 1] = low((mm.width + 5) / 10);
  edid[kDisplayAt + 2] = low((mm.height + 5) / 10);
  edid[kDisplayAt + 3] = kGamma22;
  edid[kDisplayAt + 4] = kOffAndSrgb | (native ? kNativeTiming : 0);
}

// sRGB: x and y of red, green, blue and white in ten-thousandths; binary
// fractions of ten bits, of which the lower two are packed first.
void put_colour(Block edid) {
  constexpr std::array<uint32_t, 8> kSrgb = {6400, 3300, 3000, 6000, 1500, 600, 3127, 3290};

  for (uint32_t i = 0; i < kSrgb.size(); ++i) {
    uint32_t fraction = (kSrgb[i] * 1024 + 5000) / 10000;
    edid[kColourAt + i / 4] |= low((fraction & 3) << (6 - i % 4 * 2));
    edid[kColourAt + 2 + i] = low(fraction >> 2);
  }
}

// Sizes that desktops offer, at 60 Hz; all of them are in the list of modes.
void put_usual_modes(Block edid) {
  enum Aspect : uint8_t { k16To10 = 0 << 6, k4To3 = 1 << 6, k5To4 = 2 << 6, k16To9 = 3 << 6 };
  struct Standard {
    uint32_t width;
    Aspect aspect;
  };
  constexpr std::array<Standard, 8> kStandard = {{{1280, k16To9},
                                                  {1280, k16To10},
                                                  {1280, k5To4},
                                                  {1440, k16To10},
                                                  {1600, k16To9},
                                                  {1600, k4To3},
                                                  {1680, k16To10},
                                                  {1920, k16To9}}};

  edid[kEstablishedAt] = 1 << 5 | 1 << 0;  // 640x480, 800x600
  edid[kEstablishedAt + 1] = 1 << 3;       // 1024x768
  for (uint32_t i = 0; i < kStandard.size(); ++i) {
    edid[kStandardAt + 2 * i] = low(kStandard[i].width / 8 - 31);
    edid[kStandardAt + 2 * i + 1] = kStandard[i].aspect;
  }
}

// The timing as the descriptor counts: active pixels and what is blank.
struct Axis {
  uint32_t active;
  uint32_t blank;
  uint32_t front;
  uint32_t sync;
};

Axis axis(uint32_t display, uint32_t sync_start, uint32_t sync_end, uint32_t total,
          uint32_t divisor) {
  return {std::max(display / divisor, 1u), total - display, sync_start - display,
          sync_end - sync_start};
}

struct Detailed {
  Axis across;
  Axis down;
  uint32_t clock;  // 10 kHz
  bool native;     // nothing had to give
};

// Too many pixels are divided and too low a clock is raised, by more lines of
// blanking; the refresh stays. Too high a clock is lowered, and the refresh with it.
Detailed detailed(const qxl_timing& t) {
  uint32_t longer = std::max(t.hdisplay, t.vdisplay);
  uint32_t divisor = (longer + kTimingSideMax - 1) / kTimingSideMax;
  Axis across = axis(t.hdisplay, t.hsync_start, t.hsync_end, t.htotal, divisor);
  Axis down = axis(t.vdisplay, t.vsync_start, t.vsync_end, t.vtotal, divisor);
  uint64_t line = across.active + across.blank;
  uint64_t frame = uint64_t{t.htotal} * t.vtotal;
  uint64_t clock = line * (down.active + down.blank) * t.clock_khz / frame / 10;
  bool native = divisor == 1 && clock >= kTimingClockMin && clock <= kTimingClockMax;

  if (clock < kTimingClockMin) {
    clock = kTimingClockMin;
    down.blank = static_cast<uint32_t>(clock * 10 * frame / (line * t.clock_khz)) - down.active;
  }
  return {across, down, static_cast<uint32_t>(std::min<uint64_t>(clock, kTimingClockMax)), native};
}

void put_timing(Block edid, const Detailed& d, const qxl_timing& timing, Size mm) {
  constexpr uint8_t kSeparateSync = 0x18;
  auto bytes = edid.subspan<kTimingAt, 18>();

  put16(edid, kTimingAt, d.clock);
  bytes[2] = low(d.across.active);
  bytes[3] = low(d.across.blank);
  bytes[4] = low(d.across.active >> 8 << 4 | d.across.blank >> 8);
  bytes[5] = low(d.down.active);
  bytes[6] = low(d.down.blank);
  bytes[7] = low(d.down.active >> 8 << 4 | d.down.blank >> 8);
  bytes[8] = low(d.across.front);
  bytes[9] = low(d.across.sync);
  bytes[10] = low(d.down.front << 4 | (d.down.sync & 15));
  bytes[11] = low(d.across.front >> 8 << 6 | d.across.sync >> 8 << 4 | d.down.front >> 4 << 2 |
                  d.down.sync >> 4);
  bytes[12] = low(mm.width);
  bytes[13] = low(mm.height);
  bytes[14] = low(mm.width >> 8 << 4 | mm.height >> 8);
  bytes[17] = kSeparateSync | (timing.vsync_positive ? 4 : 0) | (timing.hsync_positive ? 2 : 0);
}

// Text of up to 13 characters in a descriptor of its own.
class TextDescriptor {
 public:
  TextDescriptor(Block edid, uint32_t at, uint8_t kind) : text_(edid.subspan(at + 5, 13)) {
    edid[at + 3] = kind;
    std::fill(text_.begin(), text_.end(), ' ');
    end();
  }
  void add(char letter) {
    text_[length_++] = static_cast<uint8_t>(letter);
    end();
  }
  void add(const char* text) {
    while (*text) add(*text++);
  }
  void add_decimal(uint32_t value) {
    if (value >= 10) add(static_cast<char>('0' + value / 10 % 10));
    add(static_cast<char>('0' + value % 10));
  }
  void add_hex(uint32_t value) {
    for (int shift = 28; shift >= 0; shift -= 4) add("0123456789ABCDEF"[value >> shift & 15]);
  }

 private:
  void end() {
    if (length_ < text_.size()) text_[length_] = '\n';
  }
  std::span<uint8_t> text_;
  size_t length_ = 0;
};

void put_names(Block edid, const qxl_monitor& monitor) {
  TextDescriptor name(edid, kNameAt, 0xfc);
  name.add("SPICE ");
  name.add_decimal(monitor.number);
  TextDescriptor serial(edid, kSerialAt, 0xff);
  serial.add_hex(monitor.serial);
}

// Whatever there is between 1 Hz and what the fields hold.
void put_range(Block edid) {
  constexpr uint8_t kMaxLinesPlus255 = 1 << 3;
  constexpr uint8_t kLimitsOnly = 1;
  constexpr std::array<uint8_t, 15> kRange = {
      0xfd, kMaxLinesPlus255, 1, 255, 1, 255, 255, kLimitsOnly, '\n', ' ', ' ', ' ', ' ', ' ', ' '};

  std::copy(kRange.begin(), kRange.end(), edid.begin() + kRangeAt + 3);
}

}  // namespace

void make_edid(const qxl_monitor& monitor, Block edid) {
  constexpr std::array<uint8_t, 8> kHeader = {0, 255, 255, 255, 255, 255, 255, 0};
  const Detailed timing = detailed(monitor.timing);
  const Size mm = in_mm(monitor.timing);
  uint8_t sum = 0;

  std::fill(edid.begin(), edid.end(), uint8_t{0});
  std::copy(kHeader.begin(), kHeader.end(), edid.begin());
  put_identity(edid, monitor.serial);
  put_display(edid, mm, timing.native);
  put_colour(edid);
  put_usual_modes(edid);
  put_timing(edid, timing, monitor.timing, mm);
  put_names(edid, monitor);
  put_range(edid);
  for (uint8_t byte : edid) sum = low(sum + byte);
  edid[kChecksumAt] = low(-static_cast<uint32_t>(sum));
}

}  // namespace qxl
