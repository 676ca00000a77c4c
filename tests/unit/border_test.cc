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

template <typename T> constexpr bool is_plain =
	std::is_standard_layout_v<T> && std::is_trivially_copyable_v<T>;

static_assert(is_plain<qxl_rect> && is_plain<qxl_resources> &&
	      is_plain<qxl_rom_info> && is_plain<qxl_layout> &&
	      is_plain<qxl_head> && is_plain<qxl_frame> &&
	      is_plain<qxl_cursor_image> && is_plain<qxl_surface_desc> &&
	      is_plain<qxl_counters>);

TEST(Border, Rect)
{
	EXPECT_SIZE(qxl_rect, 16);
	EXPECT_AT(qxl_rect, x1, 0);
	EXPECT_AT(qxl_rect, y1, 4);
	EXPECT_AT(qxl_rect, x2, 8);
	EXPECT_AT(qxl_rect, y2, 12);
}

TEST(Border, Resources)
{
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

TEST(Border, RomInfo)
{
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

TEST(Border, Frame)
{
	EXPECT_SIZE(qxl_frame, 32);
	EXPECT_AT(qxl_frame, pixels, 0);
	EXPECT_AT(qxl_frame, pitch, 8);
	EXPECT_AT(qxl_frame, width, 12);
	EXPECT_AT(qxl_frame, height, 16);
	EXPECT_AT(qxl_frame, dx, 20);
	EXPECT_AT(qxl_frame, dy, 24);
}

TEST(Border, Small)
{
	EXPECT_SIZE(qxl_layout, 24);
	EXPECT_AT(qxl_layout, upload_bytes, 16);
	EXPECT_SIZE(qxl_head, 16);
	EXPECT_AT(qxl_head, width, 8);
	EXPECT_SIZE(qxl_cursor_image, 32);
	EXPECT_AT(qxl_cursor_image, hot_y, 24);
	EXPECT_SIZE(qxl_surface_desc, 16);
	EXPECT_AT(qxl_surface_desc, stride, 12);
	EXPECT_SIZE(qxl_counters, 120);
	EXPECT_AT(qxl_counters, lost, 112);
}

TEST(Border, InterruptBitsAreDistinct)
{
	EXPECT_EQ(QXL_IRQ_HANDLED | QXL_IRQ_RELEASES | QXL_IRQ_MONITORS |
			  QXL_IRQ_ERROR,
		  15u);
	EXPECT_EQ(QXL_IRQ_NONE, 0u);
}

} // namespace
