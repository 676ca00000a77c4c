// SPDX-License-Identifier: GPL-2.0-only
#include "core/protocol/rom.h"

#include <spice/qxl_dev.h>

#include <cstddef>
#include <type_traits>

#include "core/base/atomic.h"

namespace qxl {
namespace {

constexpr uint64_t kPage = 4096;
// Surface ids are array indices in the host; no device has offered more.
constexpr uint32_t kMaxSurfaces = 65536;

static_assert(sizeof(QXLRom::client_capabilities) * 8 == kClientCapabilityBits);

template <typename T>
T rom_field(const void* rom, size_t offset) {
  T value;
  __builtin_memcpy(&value, static_cast<const uint8_t*>(rom) + offset, sizeof(value));
  return value;
}

Error refuse(qxl_device* dev, const char* field, uint64_t value) {
  qxl_k_log(dev, QXL_K_LOG_ERROR, "malformed ROM: %s is %#llx", field,
            static_cast<unsigned long long>(value));
  return Error::kNoDevice;
}

bool page_aligned(uint64_t value) {
  return value % kPage == 0;
}

Result<> check_areas(qxl_device* dev, const qxl_rom_info& rom, const qxl_resources& res) {
  if (!page_aligned(rom.ram_header_offset) || rom.ram_header_offset > res.ram_bytes ||
      res.ram_bytes - rom.ram_header_offset < sizeof(QXLRam))
    return refuse(dev, "ram_header_offset", rom.ram_header_offset);
  if (!page_aligned(rom.primary_offset) || rom.primary_offset >= rom.ram_header_offset)
    return refuse(dev, "draw_area_offset", rom.primary_offset);
  if (rom.primary_bytes == 0 || rom.primary_bytes > rom.ram_header_offset - rom.primary_offset)
    return refuse(dev, "surface0_area_size", rom.primary_bytes);
  return {};
}

Result<> check_slots(qxl_device* dev, const qxl_rom_info& rom) {
  // An address needs its offset bits: 48 are what every device leaves.
  if (rom.slot_id_bits == 0 || rom.slot_id_bits > 8)
    return refuse(dev, "slot_id_bits", rom.slot_id_bits);
  if (rom.slot_gen_bits > 8) return refuse(dev, "slot_gen_bits", rom.slot_gen_bits);
  if (rom.slots_end >= 1u << rom.slot_id_bits) return refuse(dev, "slots_end", rom.slots_end);
  // Two slots are needed: one for BAR 0 and one for the surfaces.
  if (rom.slots_start >= rom.slots_end) return refuse(dev, "slots_start", rom.slots_start);
  return {};
}

Result<> check(qxl_device* dev, const qxl_rom_info& rom, const qxl_resources& res) {
  QXL_TRY(check_areas(dev, rom, res));
  QXL_TRY(check_slots(dev, rom));
  if (rom.n_surfaces < 2 || rom.n_surfaces > kMaxSurfaces)
    return refuse(dev, "n_surfaces", rom.n_surfaces);
  return {};
}

// An empty or inverted rectangle is a head that is off.
qxl_head head_of(const QXLURect& rect) {
  if (rect.right <= rect.left || rect.bottom <= rect.top) return {};
  return {.x = rect.left,
          .y = rect.top,
          .width = rect.right - rect.left,
          .height = rect.bottom - rect.top};
}

// `monitors` is a copy. Its count is the host's: it has room for no more than 64.
template <typename Monitors>
uint32_t client_heads(const Monitors& monitors, std::span<qxl_head> heads) {
  constexpr uint32_t kMost = std::extent_v<decltype(monitors.heads)>;
  uint32_t count = monitors.count < kMost ? monitors.count : kMost;
  for (uint32_t i = 0; i < heads.size(); ++i)
    heads[i] = i < count ? head_of(monitors.heads[i]) : qxl_head{};
  return count;
}

}  // namespace

Result<qxl_rom_info> read_rom(qxl_device* dev, const qxl_resources& res) {
  if (res.rom_bytes < sizeof(QXLRom)) return refuse(dev, "its size", res.rom_bytes);
  auto magic = rom_field<uint32_t>(res.rom, offsetof(QXLRom, magic));
  if (magic != QXL_ROM_MAGIC) return refuse(dev, "magic", magic);

  qxl_rom_info rom = {};
  rom.ram_header_offset = rom_field<uint32_t>(res.rom, offsetof(QXLRom, ram_header_offset));
  rom.primary_offset = rom_field<uint32_t>(res.rom, offsetof(QXLRom, draw_area_offset));
  rom.primary_bytes = rom_field<uint32_t>(res.rom, offsetof(QXLRom, surface0_area_size));
  rom.id = rom_field<uint32_t>(res.rom, offsetof(QXLRom, id));
  rom.n_surfaces = rom_field<uint32_t>(res.rom, offsetof(QXLRom, n_surfaces));
  rom.slots_start = rom_field<uint8_t>(res.rom, offsetof(QXLRom, slots_start));
  rom.slots_end = rom_field<uint8_t>(res.rom, offsetof(QXLRom, slots_end));
  rom.slot_id_bits = rom_field<uint8_t>(res.rom, offsetof(QXLRom, slot_id_bits));
  rom.slot_gen_bits = rom_field<uint8_t>(res.rom, offsetof(QXLRom, slot_gen_bits));
  QXL_TRY(check(dev, rom, res));
  return rom;
}

uint8_t rom_slot_generation(const void* rom) {
  return load_acquire(static_cast<const uint8_t*>(rom) + offsetof(QXLRom, slot_generation));
}

Result<uint32_t> rom_client_monitors(const void* rom, std::span<qxl_head> heads) {
  using Monitors = decltype(QXLRom::client_monitors_config);
  // Too large for a kernel's stack.
  auto* copy = static_cast<Monitors*>(qxl_k_alloc(sizeof(Monitors)));
  if (!copy) return Error::kNoMemory;
  auto crc = rom_field<uint32_t>(rom, offsetof(QXLRom, client_monitors_config_crc));
  __builtin_memcpy(copy,
                   static_cast<const uint8_t*>(rom) + offsetof(QXLRom, client_monitors_config),
                   sizeof(*copy));
  Result<uint32_t> wanted = Error::kAgain;
  if (qxl_k_crc32(0, copy, sizeof(*copy)) == crc) wanted = client_heads(*copy, heads);
  qxl_k_free(copy);
  return wanted;
}

bool rom_client_has(const void* rom, uint32_t capability) {
  if (capability >= kClientCapabilityBits) return false;
  const auto* bits = static_cast<const uint8_t*>(rom) + offsetof(QXLRom, client_capabilities);
  return load_relaxed(bits + capability / 8) & (1u << (capability % 8));
}

}  // namespace qxl
