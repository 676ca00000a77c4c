// SPDX-License-Identifier: GPL-2.0-only
// The device's structures, byte for byte. The numbers are worked out by hand
// from the protocol's packed declarations: the header that the module is built
// with must agree with them.
#include <gtest/gtest.h>
#include <spice/qxl_dev.h>

#include <cstddef>

namespace {

#define EXPECT_AT(type, field, offset) EXPECT_EQ(offsetof(type, field), offset##u)
#define EXPECT_SIZE(type, bytes) EXPECT_EQ(sizeof(type), bytes##u)

TEST(Layout, Rom) {
  EXPECT_AT(QXLRom, magic, 0);
  EXPECT_AT(QXLRom, id, 4);
  EXPECT_AT(QXLRom, modes_offset, 24);
  EXPECT_AT(QXLRom, num_pages, 28);
  EXPECT_AT(QXLRom, pages_offset, 32);
  EXPECT_AT(QXLRom, draw_area_offset, 36);
  EXPECT_AT(QXLRom, surface0_area_size, 40);
  EXPECT_AT(QXLRom, ram_header_offset, 44);
  EXPECT_AT(QXLRom, mm_clock, 48);
  EXPECT_AT(QXLRom, n_surfaces, 52);
  EXPECT_AT(QXLRom, flags, 56);
  EXPECT_AT(QXLRom, slots_start, 64);
  EXPECT_AT(QXLRom, slots_end, 65);
  EXPECT_AT(QXLRom, slot_gen_bits, 66);
  EXPECT_AT(QXLRom, slot_id_bits, 67);
  EXPECT_AT(QXLRom, slot_generation, 68);
  EXPECT_AT(QXLRom, client_present, 69);
  EXPECT_AT(QXLRom, client_capabilities, 70);
  EXPECT_AT(QXLRom, client_monitors_config_crc, 128);
  EXPECT_AT(QXLRom, client_monitors_config, 132);
  EXPECT_AT(QXLRom, client_monitors_config.heads, 136);
  EXPECT_SIZE(QXLRom, 1160);
  EXPECT_EQ(QXL_ROM_MAGIC, 0x4f525851u);  // "QXRO"
}

TEST(Layout, Rings) {
  EXPECT_SIZE(QXLCommand, 16);
  EXPECT_AT(QXLCommand, data, 0);
  EXPECT_AT(QXLCommand, type, 8);
  EXPECT_SIZE(QXLCommandRing, 532);  // 20 + 32 * 16
  EXPECT_SIZE(QXLCursorRing, 532);
  EXPECT_SIZE(QXLReleaseRing, 84);  // 20 + 8 * 8
  EXPECT_AT(QXLCommandRing, num_items, 0);
  EXPECT_AT(QXLCommandRing, prod, 4);
  EXPECT_AT(QXLCommandRing, notify_on_prod, 8);
  EXPECT_AT(QXLCommandRing, cons, 12);
  EXPECT_AT(QXLCommandRing, notify_on_cons, 16);
  EXPECT_AT(QXLCommandRing, items, 20);
  EXPECT_AT(QXLReleaseRing, items, 20);
}

TEST(Layout, Ram) {
  EXPECT_AT(QXLRam, magic, 0);
  EXPECT_AT(QXLRam, int_pending, 4);
  EXPECT_AT(QXLRam, int_mask, 8);
  EXPECT_AT(QXLRam, log_buf, 12);
  EXPECT_AT(QXLRam, cmd_ring, 4108);
  EXPECT_AT(QXLRam, cursor_ring, 4640);
  EXPECT_AT(QXLRam, release_ring, 5172);
  EXPECT_AT(QXLRam, update_area, 5256);
  EXPECT_AT(QXLRam, update_surface, 5272);
  EXPECT_AT(QXLRam, mem_slot, 5276);
  EXPECT_AT(QXLRam, create_surface, 5292);
  EXPECT_AT(QXLRam, flags, 5332);
  EXPECT_AT(QXLRam, monitors_config, 5340);
  EXPECT_SIZE(QXLRam, 5348);
  EXPECT_EQ(alignof(QXLRam), 4u);
  EXPECT_EQ(QXL_RAM_MAGIC, 0x41525851u);  // "QXRA"
}

TEST(Layout, Registers) {
  EXPECT_SIZE(QXLMemSlot, 16);
  EXPECT_AT(QXLMemSlot, mem_end, 8);
  EXPECT_SIZE(QXLSurfaceCreate, 40);
  EXPECT_AT(QXLSurfaceCreate, stride, 8);
  EXPECT_AT(QXLSurfaceCreate, format, 12);
  EXPECT_AT(QXLSurfaceCreate, flags, 24);
  EXPECT_AT(QXLSurfaceCreate, type, 28);
  EXPECT_AT(QXLSurfaceCreate, mem, 32);
  EXPECT_SIZE(QXLRect, 16);
  EXPECT_AT(QXLRect, top, 0);
  EXPECT_AT(QXLRect, left, 4);
  EXPECT_AT(QXLRect, bottom, 8);
  EXPECT_AT(QXLRect, right, 12);
}

TEST(Layout, Drawable) {
  EXPECT_SIZE(QXLReleaseInfo, 8);
  EXPECT_SIZE(QXLClip, 12);
  EXPECT_SIZE(QXLQMask, 17);
  EXPECT_AT(QXLDrawable, release_info, 0);
  EXPECT_AT(QXLDrawable, surface_id, 8);
  EXPECT_AT(QXLDrawable, effect, 12);
  EXPECT_AT(QXLDrawable, type, 13);
  EXPECT_AT(QXLDrawable, self_bitmap, 14);
  EXPECT_AT(QXLDrawable, self_bitmap_area, 15);
  EXPECT_AT(QXLDrawable, bbox, 31);
  EXPECT_AT(QXLDrawable, clip, 47);
  EXPECT_AT(QXLDrawable, mm_time, 59);
  EXPECT_AT(QXLDrawable, surfaces_dest, 63);
  EXPECT_AT(QXLDrawable, surfaces_rects, 75);
  EXPECT_AT(QXLDrawable, u, 123);
  EXPECT_SIZE(QXLCopy, 44);
  EXPECT_AT(QXLCopy, src_bitmap, 0);
  EXPECT_AT(QXLCopy, src_area, 8);
  EXPECT_AT(QXLCopy, rop_descriptor, 24);
  EXPECT_AT(QXLCopy, scale_mode, 26);
  EXPECT_AT(QXLCopy, mask, 27);
  EXPECT_SIZE(QXLBrush, 20);
  EXPECT_SIZE(QXLFill, 39);
  EXPECT_AT(QXLFill, rop_descriptor, 20);
  EXPECT_AT(QXLFill, mask, 22);
  EXPECT_SIZE(QXLCopyBits, 8);
  EXPECT_SIZE(QXLOpaque, 64);
  EXPECT_SIZE(QXLText, 68);
  EXPECT_SIZE(QXLDrawable, 191);  // 123 + the largest, QXLText
}

TEST(Layout, Image) {
  EXPECT_SIZE(QXLImageDescriptor, 18);
  EXPECT_AT(QXLImageDescriptor, id, 0);
  EXPECT_AT(QXLImageDescriptor, type, 8);
  EXPECT_AT(QXLImageDescriptor, flags, 9);
  EXPECT_AT(QXLImageDescriptor, width, 10);
  EXPECT_AT(QXLImageDescriptor, height, 14);
  EXPECT_SIZE(QXLBitmap, 30);
  EXPECT_AT(QXLBitmap, format, 0);
  EXPECT_AT(QXLBitmap, flags, 1);
  EXPECT_AT(QXLBitmap, x, 2);
  EXPECT_AT(QXLBitmap, y, 6);
  EXPECT_AT(QXLBitmap, stride, 10);
  EXPECT_AT(QXLBitmap, palette, 14);
  EXPECT_AT(QXLBitmap, data, 22);
  EXPECT_AT(QXLImage, bitmap, 18);
  EXPECT_SIZE(QXLImage, 48);
  EXPECT_SIZE(QXLDataChunk, 20);
  EXPECT_AT(QXLDataChunk, prev_chunk, 4);
  EXPECT_AT(QXLDataChunk, next_chunk, 12);
  EXPECT_AT(QXLDataChunk, data, 20);
  EXPECT_SIZE(QXLClipRects, 24);
  EXPECT_AT(QXLClipRects, chunk, 4);
}

TEST(Layout, Cursor) {
  EXPECT_SIZE(QXLCursorHeader, 18);
  EXPECT_AT(QXLCursorHeader, unique, 0);
  EXPECT_AT(QXLCursorHeader, type, 8);
  EXPECT_AT(QXLCursorHeader, width, 10);
  EXPECT_AT(QXLCursorHeader, height, 12);
  EXPECT_AT(QXLCursorHeader, hot_spot_x, 14);
  EXPECT_AT(QXLCursorHeader, hot_spot_y, 16);
  EXPECT_SIZE(QXLCursor, 42);
  EXPECT_AT(QXLCursor, data_size, 18);
  EXPECT_AT(QXLCursor, chunk, 22);
  EXPECT_AT(QXLCursorCmd, type, 8);
  EXPECT_AT(QXLCursorCmd, u.set.position, 9);
  EXPECT_AT(QXLCursorCmd, u.set.visible, 13);
  EXPECT_AT(QXLCursorCmd, u.set.shape, 14);
  EXPECT_AT(QXLCursorCmd, u.position, 9);
  EXPECT_AT(QXLCursorCmd, device_data, 22);
  EXPECT_SIZE(QXLCursorCmd, 150);
}

TEST(Layout, Surface) {
  EXPECT_SIZE(QXLSurface, 24);
  EXPECT_AT(QXLSurface, format, 0);
  EXPECT_AT(QXLSurface, width, 4);
  EXPECT_AT(QXLSurface, height, 8);
  EXPECT_AT(QXLSurface, stride, 12);
  EXPECT_AT(QXLSurface, data, 16);
  EXPECT_AT(QXLSurfaceCmd, surface_id, 8);
  EXPECT_AT(QXLSurfaceCmd, type, 12);
  EXPECT_AT(QXLSurfaceCmd, flags, 13);
  EXPECT_AT(QXLSurfaceCmd, u.surface_create, 17);
  EXPECT_SIZE(QXLSurfaceCmd, 41);
}

TEST(Layout, Monitors) {
  EXPECT_SIZE(QXLHead, 28);
  EXPECT_AT(QXLHead, id, 0);
  EXPECT_AT(QXLHead, surface_id, 4);
  EXPECT_AT(QXLHead, width, 8);
  EXPECT_AT(QXLHead, height, 12);
  EXPECT_AT(QXLHead, x, 16);
  EXPECT_AT(QXLHead, y, 20);
  EXPECT_AT(QXLHead, flags, 24);
  EXPECT_SIZE(QXLMonitorsConfig, 4);
  EXPECT_AT(QXLMonitorsConfig, max_allowed, 2);
  EXPECT_AT(QXLMonitorsConfig, heads, 4);
}

TEST(Layout, Numbers) {
  EXPECT_EQ(QXL_IO_NOTIFY_CMD, 0);
  EXPECT_EQ(QXL_IO_NOTIFY_CURSOR, 1);
  EXPECT_EQ(QXL_IO_UPDATE_IRQ, 3);
  EXPECT_EQ(QXL_IO_NOTIFY_OOM, 4);
  EXPECT_EQ(QXL_IO_RESET, 5);
  EXPECT_EQ(QXL_IO_MEMSLOT_ADD, 8);
  EXPECT_EQ(QXL_IO_UPDATE_AREA_ASYNC, 16);
  EXPECT_EQ(QXL_IO_CREATE_PRIMARY_ASYNC, 18);
  EXPECT_EQ(QXL_IO_DESTROY_PRIMARY_ASYNC, 19);
  EXPECT_EQ(QXL_IO_MONITORS_CONFIG_ASYNC, 24);
  EXPECT_EQ(QXL_CMD_DRAW, 1);
  EXPECT_EQ(QXL_CMD_CURSOR, 3);
  EXPECT_EQ(QXL_CMD_SURFACE, 5);
  EXPECT_EQ(QXL_DRAW_FILL, 1);
  EXPECT_EQ(QXL_DRAW_COPY, 3);
  EXPECT_EQ(QXL_COPY_BITS, 4);
  EXPECT_EQ(QXL_EFFECT_OPAQUE, 1);
  EXPECT_EQ(QXL_BITMAP_DIRECT, 1);
  EXPECT_EQ(QXL_BITMAP_TOP_DOWN, 4);
  EXPECT_EQ(SPICE_ROPD_OP_PUT, 8);
  EXPECT_EQ(SPICE_BITMAP_FMT_32BIT, 8);
  EXPECT_EQ(SPICE_SURFACE_FMT_32_xRGB, 32);
  EXPECT_EQ(SPICE_SURFACE_FMT_32_ARGB, 96);
}

}  // namespace
