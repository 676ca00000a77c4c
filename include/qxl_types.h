/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Plain data that crosses the border between the C rim and the C++ core.
 *
 * Nothing here is a kernel type or a device structure. Both languages assert
 * the layout: sizes and offsets must agree (tests/unit/border_test.cc).
 */
#ifndef QXL_TYPES_H
#define QXL_TYPES_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#endif

/* Heads the driver can drive on one device; the device may allow fewer. */
#define QXL_MAX_HEADS 16

/* Rectangles handed to the core in one call; a longer list takes more calls. */
#define QXL_DAMAGE_BATCH 256

/* Half-open rectangle in pixels: x1 <= x < x2, y1 <= y < y2. */
struct qxl_rect {
	int32_t x1;
	int32_t y1;
	int32_t x2;
	int32_t y2;
};

/* What PCI gave: where the device's memory is and how to reach it. */
struct qxl_resources {
	void *rom; /* mapped ROM BAR, read only */
	void *ram; /* mapped BAR 0, write-combined */
	/* The last part of BAR 0 mapped again, uncached; NULL until the ROM is read. */
	void *ram_header;
	uint64_t rom_bytes;
	uint64_t ram_bytes;
	uint64_t ram_base;      /* bus address of BAR 0 */
	uint64_t surface_bytes; /* BAR 1, or BAR 4 where it is larger */
	uint64_t surface_base;  /* its bus address */
	uint32_t revision;      /* PCI revision id */
};

/* What a valid ROM says, copied once. All offsets are into BAR 0, in bytes. */
struct qxl_rom_info {
	uint64_t ram_header_offset;
	uint64_t primary_offset;
	uint64_t primary_bytes; /* upper bound of stride * height */
	uint32_t id;            /* which of the guest's QXL devices this is */
	/* ids 0 .. n_surfaces - 1, 0 being the primary; not more than are of use */
	uint32_t n_surfaces;
	uint8_t slots_start;
	uint8_t slots_end;
	uint8_t slot_id_bits;
	uint8_t slot_gen_bits;
};

/* How the core divides BAR 0; the rim manages [vram_offset, +vram_bytes). */
struct qxl_layout {
	uint64_t vram_offset;
	uint64_t vram_bytes;
	uint64_t upload_bytes; /* upload arena: bound of bytes in flight */
};

/* One head of the monitors config. Pixels, in the primary's coordinates. */
struct qxl_head {
	uint32_t x;
	uint32_t y;
	uint32_t width; /* 0: the head is off */
	uint32_t height;
};

/*
 * How a framebuffer has its pixels: a little-endian word each, first the unused
 * bits, if any, then red, green and blue. Alpha is unused: nothing lies behind.
 */
enum qxl_pixels {
	QXL_PIXELS_XRGB8888,
	QXL_PIXELS_RGB565,
	QXL_PIXELS_XRGB1555,
	QXL_PIXELS_XRGB2101010,
};

/* What each value of a channel is shown as. */
struct qxl_lut {
	uint8_t red[256];
	uint8_t green[256];
	uint8_t blue[256];
};

/* A mode's timing, as DRM counts: sync pulses from the start of the picture. */
struct qxl_timing {
	uint32_t clock_khz;
	uint32_t hdisplay; /* pixels, and so on to htotal */
	uint32_t hsync_start;
	uint32_t hsync_end;
	uint32_t htotal;
	uint32_t vdisplay; /* lines, and so on to vtotal */
	uint32_t vsync_start;
	uint32_t vsync_end;
	uint32_t vtotal;
	bool hsync_positive;
	bool vsync_positive;
};

/* What a head's monitor is to say of itself. */
struct qxl_monitor {
	uint32_t serial; /* tells it from all others; the same after a reboot */
	uint32_t number; /* of the head, from 1 to QXL_MAX_HEADS */
	struct qxl_timing timing; /* the one it prefers */
};

#define QXL_EDID_BYTES 128u

/* Millimetres of @pixels, 96 to the inch. */
static inline uint32_t qxl_monitor_mm(uint32_t pixels)
{
	return (pixels * 127u + 240u) / 480u;
}

/* A framebuffer to present from. The core only reads the pixels. */
struct qxl_frame {
	const void *pixels; /* mapped for the whole call */
	/* What the pixels pass on their way, the same for the whole call; or NULL. */
	const struct qxl_lut *lut;
	uint32_t pitch; /* bytes between rows */
	uint32_t width; /* pixels */
	uint32_t height;
	int32_t dx;    /* added to a framebuffer coordinate gives */
	int32_t dy;    /* the primary's coordinate */
	uint32_t head; /* which one shows it, as qxl_core_set_monitors() counts */
	enum qxl_pixels format;
	bool more; /* the next call comes at once: the host need not wake for this */
};

/* Where a panic screen is drawn: a head's picture, or the middle rows of it. */
struct qxl_panic_buffer {
	void *pixels;   /* XRGB8888, write-combined device memory */
	uint32_t width; /* pixels */
	uint32_t height;
	uint32_t pitch; /* bytes between rows */
};

/* An ARGB8888 (premultiplied) pointer image. */
struct qxl_cursor_image {
	const void *pixels;
	const struct qxl_lut *lut; /* as a frame's */
	uint32_t pitch;
	uint32_t width;
	uint32_t height;
	uint32_t hot_x;
	uint32_t hot_y;
};

/* A surface as the host sees it. */
struct qxl_surface_desc {
	uint32_t format; /* SPICE_SURFACE_FMT_* */
	uint32_t width;
	uint32_t height;
	int32_t stride; /* bytes; a multiple of 4 */
};

/* Counters, all since load unless "now" is said. Explained in docs/operating.md. */
struct qxl_counters {
	uint64_t commands;        /* pushed on the command ring */
	uint64_t cursor_commands; /* pushed on the cursor ring */
	uint64_t notifies;        /* port writes that woke the host */
	uint64_t releases;        /* commands the host gave back */
	uint64_t bad_releases;    /* ids from the host that named nothing */
	uint64_t ring_waits;      /* pushes that waited for a ring slot */
	uint64_t stalls; /* times that the host was given up for a while */
	uint64_t memory_waits; /* uploads that waited for memory */
	uint64_t oom_notifies; /* requests to the host to free memory */
	uint64_t presented_rects;
	uint64_t presented_bytes;
	uint64_t moved_bytes;       /* of damage that the host moved itself */
	uint64_t spared_bytes;      /* of damage that was not copied */
	uint64_t in_flight;         /* now: commands held by the host */
	uint64_t in_flight_bytes;   /* now: arena bytes held by the host */
	uint64_t release_slots;     /* now: release records in use */
	uint64_t command_ring_used; /* now: commands the host has not taken */
	uint64_t cursor_ring_used;  /* now: the same of the cursor ring */
	uint64_t surfaces;          /* now: surface ids in use */
	uint64_t resets;            /* device resets */
	uint64_t lost; /* now: 1 when the device stopped answering */
};

/* What the interrupt handler found; bits of qxl_core_interrupt()'s result. */
#define QXL_IRQ_NONE 0x0u /* not ours */
#define QXL_IRQ_HANDLED 0x1u
#define QXL_IRQ_RELEASES 0x2u /* run qxl_core_collect() */
#define QXL_IRQ_MONITORS 0x4u /* the client asked for another layout */
#define QXL_IRQ_ERROR 0x8u    /* the device reports a guest bug */

#endif
