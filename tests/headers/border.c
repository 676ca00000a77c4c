// SPDX-License-Identifier: GPL-2.0-only
/* The border's layout as C sees it; unit/border_test.cc has the same numbers. */
#include "qxl_core.h"

#define AT(type, field, at) \
	_Static_assert(offsetof(struct type, field) == (at), #type "." #field)
#define SIZE(type, bytes) \
	_Static_assert(sizeof(struct type) == (bytes), #type)

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
SIZE(qxl_frame, 32);
AT(qxl_frame, dy, 24);
SIZE(qxl_cursor_image, 32);
AT(qxl_cursor_image, hot_y, 24);
SIZE(qxl_surface_desc, 16);
AT(qxl_surface_desc, stride, 12);
SIZE(qxl_counters, 120);
AT(qxl_counters, lost, 112);
