// SPDX-License-Identifier: GPL-2.0-only
/* The border's layout as C sees it; unit/border_test.cc has the same numbers. */
#include "qxl_core.h"

#define AT(type, field, at)                                                    \
	_Static_assert(offsetof(struct type, field) == (at), #type "." #field)
#define SIZE(type, bytes) _Static_assert(sizeof(struct type) == (bytes), #type)

SIZE(qxl_rect, 16);
SIZE(qxl_resources, 72);
AT(qxl_resources, rom_bytes, 24);
AT(qxl_resources, surface_base, 56);
AT(qxl_resources, revision, 64);
SIZE(qxl_rom_info, 40);
AT(qxl_rom_info, n_surfaces, 28);
AT(qxl_rom_info, slot_gen_bits, 35);
SIZE(qxl_layout, 24);
SIZE(qxl_head, 16);
SIZE(qxl_lut, 768);
AT(qxl_lut, blue, 512);
SIZE(qxl_frame, 48);
AT(qxl_frame, dy, 32);
AT(qxl_frame, format, 40);
AT(qxl_frame, more, 44);
_Static_assert(sizeof(enum qxl_pixels) == 4, "qxl_pixels");
_Static_assert(QXL_PIXELS_XRGB2101010 == 3, "QXL_PIXELS_XRGB2101010");
SIZE(qxl_timing, 40);
AT(qxl_timing, vtotal, 32);
AT(qxl_timing, vsync_positive, 37);
SIZE(qxl_monitor, 48);
AT(qxl_monitor, timing, 8);
SIZE(qxl_panic_buffer, 24);
AT(qxl_panic_buffer, pitch, 16);
SIZE(qxl_cursor_image, 40);
AT(qxl_cursor_image, lut, 8);
AT(qxl_cursor_image, hot_y, 32);
SIZE(qxl_surface_desc, 16);
AT(qxl_surface_desc, stride, 12);
SIZE(qxl_counters, 168);
AT(qxl_counters, lost, 160);
SIZE(qxl_exec_bo, 40);
AT(qxl_exec_bo, surface, 16);
AT(qxl_exec_bo, surface_id, 32);
SIZE(qxl_reloc, 32);
AT(qxl_reloc, dst, 16);
AT(qxl_reloc, surface, 24);
SIZE(qxl_command, 32);
AT(qxl_command, num_relocs, 24);
SIZE(qxl_piece, 16);
AT(qxl_piece, bytes, 12);
SIZE(qxl_draw_image, 48);
AT(qxl_draw_image, stride, 32);
AT(qxl_draw_image, cached, 40);
SIZE(qxl_transform, 24);
SIZE(qxl_draw_source, 40);
AT(qxl_draw_source, transformed, 12);
AT(qxl_draw_source, transform, 16);
SIZE(qxl_draw, 168);
AT(qxl_draw, scale_mode, 2);
AT(qxl_draw, area, 20);
AT(qxl_draw, mask, 76);
AT(qxl_draw, image, 120);
