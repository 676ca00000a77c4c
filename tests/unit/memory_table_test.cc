// SPDX-License-Identifier: GPL-2.0-only
// The tables of docs/memory.md, computed by the core: the document must say
// what the core does. QXL_UPDATE_DOCS=1 writes them instead.
#include <spice/enums.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <sstream>
#include <string>

#include "rig.h"
#include "selftests/lib/screens.h"

namespace {

constexpr uint64_t MiB = 1 << 20;

// Properties of QEMU's qxl-vga, with their defaults. vram64_size_mb 0: not given.
struct Options {
  uint64_t vgamem_mb = 16;
  uint64_t ram_size_mb = 64;
  uint64_t vram_size_mb = 64;
  uint64_t vram64_size_mb = 0;
};

struct Screen {
  uint32_t width;
  uint32_t height;
  uint32_t heads;  // side by side
};

// What was given besides the defaults.
struct Machine {
  const char *options;
  Options values;
};

constexpr uint64_t max_vgamem_mb = 256;
constexpr uint64_t max_ram_mb = 512;

const std::initializer_list<Machine> machines = {
    {"", {}},
    {"vgamem_mb=8", {.vgamem_mb = 8}},
    {"vgamem_mb=24", {.vgamem_mb = 24}},
    {"vgamem_mb=32", {.vgamem_mb = 32}},
    {"vgamem_mb=32,ram_size_mb=128", {.vgamem_mb = 32, .ram_size_mb = 128}},
    {"vgamem_mb=64", {.vgamem_mb = 64}},
    {"vgamem_mb=64,ram_size_mb=256", {.vgamem_mb = 64, .ram_size_mb = 256}},
    {"vgamem_mb=128", {.vgamem_mb = 128}},
    {"vgamem_mb=256", {.vgamem_mb = 256}},
    {"ram_size_mb=16", {.ram_size_mb = 16}},
    {"ram_size_mb=100", {.ram_size_mb = 100}},
    {"vram_size_mb=100", {.vram_size_mb = 100}},
    {"vram64_size_mb=32", {.vram64_size_mb = 32}},
    {"vram64_size_mb=256", {.vram64_size_mb = 256}},
};

uint64_t power_of_two(uint64_t least) {
  uint64_t value = 1;

  while (value < least) value *= 2;
  return value;
}

// What QEMU makes of them. vm/memory_table asks QEMU the same.
Options rounded(Options given) {
  Options made;

  made.vgamem_mb = std::clamp<uint64_t>(given.vgamem_mb, 8, max_vgamem_mb);
  made.ram_size_mb = std::max(given.ram_size_mb, made.vgamem_mb * 2);
  made.vram64_size_mb = std::max(given.vram64_size_mb, given.vram_size_mb);
  made.vgamem_mb = power_of_two(made.vgamem_mb);
  made.ram_size_mb = std::min(power_of_two(made.ram_size_mb), max_ram_mb);
  made.vram_size_mb = power_of_two(given.vram_size_mb);
  made.vram64_size_mb = power_of_two(made.vram64_size_mb);
  return made;
}

// "7.9"
std::string tenths(uint64_t bytes) {
  char text[32];

  snprintf(text, sizeof(text), "%.1f", (double)bytes / MiB);
  return text;
}

// The folder above tests/unit.
std::filesystem::path document() {
  return std::filesystem::path(__FILE__).parent_path() / "../../docs/memory.md";
}

std::string read_document() {
  std::ostringstream text;

  text << std::ifstream(document()).rdbuf();
  return text.str();
}

class MemoryTable : public fake::CoreTest {
 protected:
  // Runs @use on a core whose device was given these options.
  template <typename F>
  auto with_core(const Options &given, F use) {
    const Options made = rounded(given);

    config.vgamem_bytes = made.vgamem_mb * MiB;
    config.ram_bytes = made.ram_size_mb * MiB;
    config.surface_bytes = made.vram64_size_mb * MiB;
    EXPECT_EQ(create(), 0);
    qxl_core_get_layout(core, &layout);
    const auto result = use();
    qxl_core_destroy(core);
    core = nullptr;
    return result;
  }

  // Whether the core makes this the primary, its own memory or a surface.
  bool fits(const Options &given, const qxl_surface_desc &desc) {
    return with_core(given, [&] {
      const bool fits = qxl_core_primary_fits(core, desc.width, desc.height);

      EXPECT_EQ(qxl_core_can_adopt_primary(core, &desc), fits);
      return fits;
    });
  }

  // The smallest vgamem_mb that does, or 0.
  uint64_t least_vgamem(const qxl_surface_desc &desc) {
    for (uint64_t mb = 8; mb <= max_vgamem_mb; mb *= 2)
      if (fits({.vgamem_mb = mb, .ram_size_mb = mb * 2}, desc)) return mb;
    return 0;
  }

  // The smallest ram_size_mb with upload memory for all of the screen, or 0.
  uint64_t ram_for_whole_screen(uint64_t vgamem_mb, uint64_t bytes) {
    for (uint64_t mb = vgamem_mb * 2; mb <= max_ram_mb; mb *= 2)
      if (with_core({.vgamem_mb = vgamem_mb, .ram_size_mb = mb},
                    [&] { return layout.upload_bytes >= bytes; }))
        return mb;
    return 0;
  }

  std::string screen_row(const Screen &screen);
  std::string screens();
  std::string machine_row(const Machine &machine);
  std::string splits();
  // Compares the part of the document between the marks of @name, or writes it.
  void check(const std::string &name, const std::string &table);

  qxl_layout layout = {};
};

std::string MemoryTable::screen_row(const Screen &screen) {
  const uint32_t width = screen.width * screen.heads;
  const qxl_surface_desc desc = {SPICE_SURFACE_FMT_32_xRGB, width, screen.height,
                                 (int32_t)width * 4};
  const uint64_t vgamem = least_vgamem(desc);
  std::ostringstream row;
  size_t bytes = 0;

  EXPECT_EQ(qxl_core_surface_size(&desc, &bytes), 0);
  row << "| " << screen.width << "x" << screen.height << " | " << screen.heads << " | "
      << tenths(bytes) << " | ";
  if (!vgamem) return row.str() + "- | - | - | - | - |\n";
  const uint64_t whole = ram_for_whole_screen(vgamem, bytes);
  row << vgamem << " | " << vgamem * 2 << " | " << (whole ? std::to_string(whole) : "-") << " | "
      << power_of_two((bytes + MiB - 1) / MiB) << " | " << screen.heads << " |\n";
  return row.str();
}

std::string MemoryTable::screens() {
  std::string table =
      "| screen | heads | MiB in all | `vgamem_mb` | `ram_size_mb` | "
      "`ram_size_mb`, whole screens in flight | "
      "`vram_size_mb` or `vram64_size_mb`, for Xorg | `max_outputs` |\n"
      "|---|--:|--:|--:|--:|--:|--:|--:|\n";

  for (auto [width, height] : screen_sizes)
    for (uint32_t side_by_side : {1u, 2u, 4u}) table += screen_row({width, height, side_by_side});
  return table;
}

std::string MemoryTable::machine_row(const Machine &machine) {
  const Options made = rounded(machine.values);
  const std::string given =
      std::string("qxl-vga") + (*machine.options ? "," : "") + machine.options;

  return with_core(machine.values, [&] {
    std::ostringstream row;

    row << "| `" << given << "` | " << made.ram_size_mb << " | " << made.vram_size_mb << " | "
        << (made.vram64_size_mb > made.vram_size_mb ? std::to_string(made.vram64_size_mb) : "-")
        << " | " << (rom.primary_bytes / MiB) << " | " << (layout.upload_bytes / MiB) << " | "
        << (layout.vram_bytes / MiB) << " | " << (config.surface_bytes / MiB) << " |\n";
    return row.str();
  });
}

std::string MemoryTable::splits() {
  std::string table =
      "| `-device` | BAR 0 | BAR 1 | BAR 4 | primary | upload | VRAM | surfaces |\n"
      "|---|--:|--:|--:|--:|--:|--:|--:|\n";

  for (const Machine &machine : machines) table += machine_row(machine);
  return table;
}

void MemoryTable::check(const std::string &name, const std::string &table) {
  const std::string begin = "<!-- computed: " + name + " -->\n";
  const std::string end = "<!-- end -->\n";
  std::string text = read_document();
  const size_t from = text.find(begin);
  const size_t to = text.find(end, from);

  ASSERT_NE(from, std::string::npos) << document() << " has no " << begin;
  ASSERT_NE(to, std::string::npos);
  const size_t start = from + begin.size();

  if (getenv("QXL_UPDATE_DOCS"))
    std::ofstream(document()) << text.replace(start, to - start, table);
  else
    EXPECT_EQ(text.substr(start, to - start), table) << "run: make -C tests memory-table";
}

TEST_F(MemoryTable, Screens) {
  check("screens", screens());
}

TEST_F(MemoryTable, Splits) {
  check("splits", splits());
}

}  // namespace
