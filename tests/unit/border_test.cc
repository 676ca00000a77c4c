// SPDX-License-Identifier: GPL-2.0-only
// The border's plain data: C and C++ must see the same bytes. The numbers are
// those of the 64-bit C ABIs; headers/border.c asserts the same ones in C.
#include <gtest/gtest.h>

#include <cstddef>
#include <type_traits>

#include "qxl_core.h"

namespace {

#define EXPECT_AT(type, field, offset) EXPECT_EQ(offsetof(type, field), offset##u)
#define EXPECT_SIZE(type, bytes) EXPECT_EQ(sizeof(type), bytes##u)

template <typename T>
constexpr bool is_plain = std::is_standard_layout_v<T> && std::is_trivially_copyable_v<T>;

static_assert(is_plain<qxl_rect> && is_plain<qxl_resources> && is_plain<qxl_rom_info> &&
              is_plain<qxl_layout> && is_plain<qxl_head> && is_plain<qxl_frame> &&
              is_plain<qxl_lut> && is_plain<qxl_panic_buffer> && is_plain<qxl_cursor_image> &&
              is_plain<qxl_timing> && is_plain<qxl_monitor> && is_plain<qxl_surface_desc> &&
              is_plain<qxl_counters> && is_plain<qxl_exec_bo> && is_plain<qxl_reloc> &&
              is_plain<qxl_command> && is_plain<qxl_piece> && is_plain<qxl_draw_image> &&
              is_plain<qxl_transform> && is_plain<qxl_draw_source> && is_plain<qxl_draw>);

TEST(Border, Rect) {
  EXPECT_SIZE(qxl_rect, 16);
  EXPECT_AT(qxl_rect, x1, 0);
  EXPECT_AT(qxl_rect, y1, 4);
  EXPECT_AT(qxl_rect, x2, 8);
  EXPECT_AT(qxl_rect, y2, 12);
}

TEST(Border, Resources) {
  EXPECT_SIZE(qxl_resources, 72);
  EXPECT_AT(qxl_resources, rom, 0);
  EXPECT_AT(qxl_resources, ram, 8);
  EXPECT_AT(qxl_resources, ram_header, 16);
  EXPECT_AT(qxl_resources, rom_bytes, 24);
  EXPECT_AT(qxl_resources, ram_bytes, 32);
  EXPECT_AT(qxl_resources, ram_base, 40);
  EXPECT_AT(qxl_resources, surface_bytes, 48);
  EXPECT_AT(qxl_resources, surface_base, 56);
  EXPECT_AT(qxl_resources, revision, 64);
}

TEST(Border, RomInfo) {
  EXPECT_SIZE(qxl_rom_info, 40);
  EXPECT_AT(qxl_rom_info, ram_header_offset, 0);
  EXPECT_AT(qxl_rom_info, primary_offset, 8);
  EXPECT_AT(qxl_rom_info, primary_bytes, 16);
  EXPECT_AT(qxl_rom_info, id, 24);
  EXPECT_AT(qxl_rom_info, n_surfaces, 28);
  EXPECT_AT(qxl_rom_info, slots_start, 32);
  EXPECT_AT(qxl_rom_info, slots_end, 33);
  EXPECT_AT(qxl_rom_info, slot_id_bits, 34);
  EXPECT_AT(qxl_rom_info, slot_gen_bits, 35);
}

TEST(Border, Frame) {
  EXPECT_SIZE(qxl_frame, 48);
  EXPECT_AT(qxl_frame, pixels, 0);
  EXPECT_AT(qxl_frame, lut, 8);
  EXPECT_AT(qxl_frame, pitch, 16);
  EXPECT_AT(qxl_frame, width, 20);
  EXPECT_AT(qxl_frame, height, 24);
  EXPECT_AT(qxl_frame, dx, 28);
  EXPECT_AT(qxl_frame, dy, 32);
  EXPECT_AT(qxl_frame, head, 36);
  EXPECT_AT(qxl_frame, format, 40);
  EXPECT_AT(qxl_frame, more, 44);
  EXPECT_EQ(sizeof(qxl_pixels), 4u);
  EXPECT_EQ(QXL_PIXELS_XRGB2101010, 3);
}

TEST(Border, Lut) {
  EXPECT_SIZE(qxl_lut, 768);
  EXPECT_AT(qxl_lut, red, 0);
  EXPECT_AT(qxl_lut, green, 256);
  EXPECT_AT(qxl_lut, blue, 512);
}

TEST(Border, Small) {
  EXPECT_SIZE(qxl_layout, 24);
  EXPECT_AT(qxl_layout, upload_bytes, 16);
  EXPECT_SIZE(qxl_head, 16);
  EXPECT_AT(qxl_head, width, 8);
  EXPECT_SIZE(qxl_panic_buffer, 24);
  EXPECT_AT(qxl_panic_buffer, pitch, 16);
  EXPECT_SIZE(qxl_cursor_image, 40);
  EXPECT_AT(qxl_cursor_image, lut, 8);
  EXPECT_AT(qxl_cursor_image, hot_y, 32);
  EXPECT_SIZE(qxl_timing, 40);
  EXPECT_AT(qxl_timing, vtotal, 32);
  EXPECT_AT(qxl_timing, vsync_positive, 37);
  EXPECT_SIZE(qxl_monitor, 48);
  EXPECT_AT(qxl_monitor, timing, 8);
  EXPECT_SIZE(qxl_surface_desc, 16);
  EXPECT_AT(qxl_surface_desc, stride, 12);
  EXPECT_SIZE(qxl_counters, 168);
  EXPECT_AT(qxl_counters, lost, 160);
}

TEST(Border, Command) {
  EXPECT_SIZE(qxl_exec_bo, 40);
  EXPECT_AT(qxl_exec_bo, data, 0);
  EXPECT_AT(qxl_exec_bo, bytes, 8);
  EXPECT_AT(qxl_exec_bo, surface, 16);
  EXPECT_AT(qxl_exec_bo, surface_id, 32);
  EXPECT_SIZE(qxl_reloc, 32);
  EXPECT_AT(qxl_reloc, dst_offset, 0);
  EXPECT_AT(qxl_reloc, src_offset, 8);
  EXPECT_AT(qxl_reloc, dst, 16);
  EXPECT_AT(qxl_reloc, src, 20);
  EXPECT_AT(qxl_reloc, surface, 24);
  EXPECT_SIZE(qxl_command, 32);
  EXPECT_AT(qxl_command, bytes, 0);
  EXPECT_AT(qxl_command, relocs, 8);
  EXPECT_AT(qxl_command, type, 16);
  EXPECT_AT(qxl_command, size, 20);
  EXPECT_AT(qxl_command, num_relocs, 24);
}

TEST(Border, Draw) {
  EXPECT_SIZE(qxl_piece, 16);
  EXPECT_AT(qxl_piece, offset, 0);
  EXPECT_AT(qxl_piece, bo, 8);
  EXPECT_AT(qxl_piece, bytes, 12);
  EXPECT_SIZE(qxl_draw_image, 48);
  EXPECT_AT(qxl_draw_image, pieces, 0);
  EXPECT_AT(qxl_draw_image, cache_id, 8);
  EXPECT_AT(qxl_draw_image, format, 16);
  EXPECT_AT(qxl_draw_image, bytes_per_pixel, 20);
  EXPECT_AT(qxl_draw_image, width, 24);
  EXPECT_AT(qxl_draw_image, height, 28);
  EXPECT_AT(qxl_draw_image, stride, 32);
  EXPECT_AT(qxl_draw_image, num_pieces, 36);
  EXPECT_AT(qxl_draw_image, cached, 40);
  EXPECT_SIZE(qxl_transform, 24);
  EXPECT_SIZE(qxl_draw_source, 40);
  EXPECT_AT(qxl_draw_source, bo, 0);
  EXPECT_AT(qxl_draw_source, x, 4);
  EXPECT_AT(qxl_draw_source, y, 8);
  EXPECT_AT(qxl_draw_source, transformed, 12);
  EXPECT_AT(qxl_draw_source, transform, 16);
  EXPECT_SIZE(qxl_draw, 168);
  EXPECT_AT(qxl_draw, type, 0);
  EXPECT_AT(qxl_draw, effect, 1);
  EXPECT_AT(qxl_draw, scale_mode, 2);
  EXPECT_AT(qxl_draw, rop, 4);
  EXPECT_AT(qxl_draw, target, 8);
  EXPECT_AT(qxl_draw, color, 12);
  EXPECT_AT(qxl_draw, flags, 16);
  EXPECT_AT(qxl_draw, area, 20);
  EXPECT_AT(qxl_draw, source, 36);
  EXPECT_AT(qxl_draw, mask, 76);
  EXPECT_AT(qxl_draw, image, 120);
}

TEST(Border, InterruptBitsAreDistinct) {
  EXPECT_EQ(QXL_IRQ_HANDLED | QXL_IRQ_RELEASES | QXL_IRQ_MONITORS | QXL_IRQ_ERROR, 15u);
  EXPECT_EQ(QXL_IRQ_NONE, 0u);
}

}  // namespace
