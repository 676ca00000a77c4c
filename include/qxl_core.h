/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the core does for the kernel: C++ provides, C calls.
 *
 * Every int result is 0 or a negative errno. "May sleep" functions must be
 * called with no spinlock held. No function keeps a pointer that it was given
 * unless its comment says so.
 *
 * Once the device is lost (it stopped answering, reported a guest bug, or was
 * removed) functions that need the host return -EIO at once.
 */
#ifndef QXL_CORE_H
#define QXL_CORE_H

#include "qxl_exec.h"
#include "qxl_k.h"
#include "qxl_types.h"

#ifdef __cplusplus
extern "C" {
#endif

struct qxl_core;

/*
 * Copies and validates the ROM (QXLRom). -ENODEV, after one log line that
 * names the field, when it is not one this driver can trust.
 */
int qxl_core_read_rom(struct qxl_device *dev, const struct qxl_resources *res,
		      struct qxl_rom_info *rom);

/*
 * Builds the core of one device; touches no hardware. @res->ram_header must be
 * mapped. The mappings must outlive the core. May sleep. -ENOMEM, -ENODEV.
 */
int qxl_core_create(struct qxl_device *dev, const struct qxl_resources *res,
		    const struct qxl_rom_info *rom, uint32_t heads,
		    struct qxl_core **core);

/* Frees the core. Stopped, and no surface left. May sleep. NULL is fine. */
void qxl_core_destroy(struct qxl_core *core);

void qxl_core_get_layout(const struct qxl_core *core, struct qxl_layout *layout);

/*
 * Resets the device and brings up rings, memslots and interrupts
 * (QXL_IO_RESET, QXL_IO_MEMSLOT_ADD). Everything the host held is forgotten.
 * The interrupt handler may run from here on. May sleep. -ENODEV, -EIO.
 */
int qxl_core_start(struct qxl_core *core);

/*
 * Resets the device and gives back all that the host held; fences signal with
 * @error (0 or a negative errno). Until the next start the device is lost, and
 * its memory may be unmapped: only qxl_core_client_has(),
 * qxl_core_client_monitors() and qxl_core_get_counters() need it. May sleep.
 */
void qxl_core_stop(struct qxl_core *core, int error);

/*
 * The last act on a device that is stopped, and whose interrupt handler is gone
 * (QXLRam.int_pending): from here on QEMU asks for no interrupt in its name. The
 * SPICE server keeps telling a device that was taken out about clients, and QEMU
 * 7.2 asks for the interrupt of one that is no more, and aborts, unless it is
 * pending already. Does not sleep.
 */
void qxl_core_leave(struct qxl_core *core);

/*
 * Marks the device lost without touching it: waiters return, fences signal
 * with -EIO. Whoever says so knows what is to become of it: see qxl_k_lost().
 */
void qxl_core_lose(struct qxl_core *core);

/* True from a loss, or a stop, to the next start. Any context. */
bool qxl_core_is_lost(const struct qxl_core *core);

/* Hard interrupt: acknowledges (QXL_IO_UPDATE_IRQ), returns QXL_IRQ_* bits. */
uint32_t qxl_core_interrupt(struct qxl_core *core);

/* Takes back what the host released (QXLReleaseRing). Does not sleep. */
void qxl_core_collect(struct qxl_core *core);

/*
 * The same, and has the host take what is on the ring, and asks it for what it has
 * not handed over yet (QXL_IO_NOTIFY_OOM): to be called every few milliseconds
 * while somebody waits for a fence. When nothing comes back for 40 s the device is
 * lost. Does not sleep.
 */
void qxl_core_flush(struct qxl_core *core);

/*
 * Makes a primary surface of exactly this size, black, unless it is there
 * already (QXL_IO_CREATE_PRIMARY_ASYNC). May sleep. -EINVAL when it does not
 * fit the device's primary area.
 */
int qxl_core_set_primary(struct qxl_core *core, uint32_t width, uint32_t height);

/* Whether qxl_core_set_primary() can make one of this size. */
bool qxl_core_primary_fits(const struct qxl_core *core, uint32_t width,
			   uint32_t height);

/*
 * Makes the surface like @desc at @offset of the surface BAR the primary, with
 * the contents that it has: what is drawn on the primary is drawn there. The
 * host writes to that memory until another primary was set, and forgets what it
 * has not drawn yet: qxl_core_surface_update() of surface 0 comes before.
 * @memory is where that offset is mapped: it is kept and read from, while this
 * is the primary, by the two functions below. May sleep. -EINVAL unless
 * qxl_core_can_adopt_primary().
 */
int qxl_core_adopt_primary(struct qxl_core *core,
			   const struct qxl_surface_desc *desc, uint64_t offset,
			   const void *memory);

/* Whether a surface like @desc can be the primary: 32_xRGB, and no larger. */
bool qxl_core_can_adopt_primary(const struct qxl_core *core,
				const struct qxl_surface_desc *desc);

/*
 * Has the host draw all that it was sent on @area of the primary
 * (QXL_IO_UPDATE_AREA_ASYNC), and copies what it has drawn to rows that are
 * @pitch bytes apart: XRGB8888 with an X of 0. The pointer is not part of it.
 * May sleep. -EINVAL when @area is empty or not on the primary. On error
 * nothing is written.
 */
int qxl_core_read_primary(struct qxl_core *core, const struct qxl_rect *area,
			  void *pixels, size_t pitch);

/* The same, but gives the CRC-32 (crc32_le(), from 0 on) of the packed rows. */
int qxl_core_crc_of_primary(struct qxl_core *core, const struct qxl_rect *area,
			    uint32_t *crc);

/*
 * Tells the host which part of the primary each head shows
 * (QXL_IO_MONITORS_CONFIG_ASYNC). @heads has @count entries, at least one of
 * them on. May sleep.
 */
int qxl_core_set_monitors(struct qxl_core *core, const struct qxl_head *heads,
			  uint32_t count);

/*
 * What the SPICE client wants the heads to be (QXLRom.client_monitors_config):
 * fills @count entries of @heads, those that it wants off or does not name with
 * a width of 0, and says in *@wanted how many it names at all; none: it has not
 * said anything yet. The list is copied once and checked against its CRC.
 * Sizes and places are what the client says: nothing bounds them. May sleep.
 * -EAGAIN: the host was writing it; another interrupt follows. -ENOMEM.
 */
int qxl_core_client_monitors(struct qxl_core *core, struct qxl_head *heads,
			     uint32_t count, uint32_t *wanted);

/*
 * Fills @edid, QXL_EDID_BYTES, with what @monitor says of itself: one block of
 * VESA's EDID 1.4, the same for the same @monitor. Its timing is one of CVT with
 * reduced blanking, the clock not 0. No device is needed. Any context.
 */
void qxl_core_make_edid(const struct qxl_monitor *monitor, uint8_t *edid);

/*
 * Shows @count rectangles of @frame on the primary (QXL_DRAW_COPY). Parts
 * outside the frame or the primary are cut off, empty ones ignored. The
 * pixels have been copied when it returns. Waits, bounded, for ring slots and
 * upload memory: may sleep. -EIO when the device is lost. -EAGAIN when the host
 * has done nothing for two seconds, as while its client reads nothing, and from then
 * on at once until it does something: the caller shows all of the frame
 * later, of which only what the host lacks is sent.
 */
int qxl_core_present(struct qxl_core *core, const struct qxl_frame *frame,
		     const struct qxl_rect *rects, uint32_t count);

/*
 * Whether that is so now. It stays so while nobody calls qxl_core_collect() or
 * qxl_core_flush(). Does not sleep.
 */
bool qxl_core_is_stalled(struct qxl_core *core);

/* Fills a rectangle of the primary with black (QXL_DRAW_FILL). May sleep. */
int qxl_core_blank(struct qxl_core *core, const struct qxl_rect *rect);

/*
 * A head's pointer (QXLCursorCmd). The host shows one for the whole device: that
 * of the head that has the hotspot inside, of several the last that was changed;
 * the others' are kept until that one hides. Positions are those of the hotspot,
 * in the primary's coordinates, and may be negative. May sleep; waits, bounded,
 * for the cursor ring. -EAGAIN: as above; qxl_core_cursor_catch_up() is to be
 * called later. -EINVAL: there is no such head. set: copies the image;
 * -EINVAL when it is larger than QXL_CURSOR_MAX each way or the hotspot is
 * outside it. move: -EINVAL when the head shows none.
 */
#define QXL_CURSOR_MAX 64u
int qxl_core_cursor_set(struct qxl_core *core, uint32_t head,
			const struct qxl_cursor_image *image, int32_t x,
			int32_t y);
int qxl_core_cursor_move(struct qxl_core *core, uint32_t head, int32_t x,
			 int32_t y);
int qxl_core_cursor_hide(struct qxl_core *core, uint32_t head);
/* Sends what the pointer is by now, when the host has missed something. */
int qxl_core_cursor_catch_up(struct qxl_core *core);

/*
 * Bytes of memory behind a surface like @desc. -EINVAL: an unknown format, no
 * pixels, rows that overlap or are not a multiple of 4, or too large to count.
 */
int qxl_core_surface_size(const struct qxl_surface_desc *desc, size_t *bytes);

/*
 * Gives @bo a surface id and queues the host's create command
 * (QXLSurfaceCmd). @offset is the BO's place in the surface BAR. The core
 * remembers @bo by id without owning it and takes over @destroyed, which it
 * signals when the host has released the destroy command. On error nothing is
 * kept and @destroyed still belongs to the caller. The caller holds the BO's
 * reservation and a reference. May sleep; waits, bounded, for ids that the
 * host is about to give back. Makes a primary first if there is none, because
 * the device takes no command without. -ENOSPC: surfaces have all ids; -ENOMEM.
 */
int qxl_core_surface_create(struct qxl_core *core, struct qxl_bo *bo,
			    const struct qxl_surface_desc *desc, uint64_t offset,
			    struct qxl_fence *destroyed, uint32_t *id);

/*
 * A counted reference to the BO behind @id, or NULL. Never a BO whose count
 * has reached zero.
 */
struct qxl_bo *qxl_core_surface_lookup(struct qxl_core *core, uint32_t id);

/* The surface behind @id is being used: it is the last to be reaped. */
void qxl_core_surface_touch(struct qxl_core *core, uint32_t id);

/*
 * For reaping: a counted reference to the surface BO that was least recently
 * used of those used after *@since (0 at first), which is set to its time of
 * use; NULL when there is none.
 */
struct qxl_bo *qxl_core_surface_oldest(struct qxl_core *core, uint64_t *since);

/*
 * Unpublishes @id and queues the host's destroy command from what create set
 * aside. The id is free again when the host released that command, for which it
 * is not woken: it sees it with the next command or qxl_core_flush(). Cannot
 * fail. May sleep for a ring slot, bounded.
 */
void qxl_core_surface_evict(struct qxl_core *core, uint32_t id);

/*
 * Has the host write what it drew on surface @id back to guest memory
 * (QXL_IO_UPDATE_AREA_ASYNC). @area is inside the surface and not empty. The
 * caller holds what keeps the id alive. May sleep.
 */
int qxl_core_surface_update(struct qxl_core *core, uint32_t id,
			    const struct qxl_rect *area);

/*
 * Checks a client's command and everything that its relocations lead to, and
 * turns it into a draw (QXLDrawable). The BOs' memory is read once; @pieces has
 * room for as many as the command has relocations, and @draw points there.
 * -EINVAL: a kind of draw that is not accepted, something outside of what it
 * should be in, or a relocation of what is no address.
 */
int qxl_core_parse_draw(const struct qxl_command *command,
			const struct qxl_exec_bo *bos, uint32_t num_bos,
			struct qxl_piece *pieces, struct qxl_draw *draw);

/*
 * Copies the pixels of a checked draw and queues it, once. The caller holds the
 * reservations of all BOs that it names, whose surfaces have their ids. No BO
 * with data is needed any more when it returns. Waits, bounded, for the ring and
 * for memory, without reacting to signals: may sleep. The host may sleep on until
 * qxl_core_execute_end(), which is owed, also after an error.
 */
int qxl_core_execute_draw(struct qxl_core *core, const struct qxl_draw *draw,
			  const struct qxl_exec_bo *bos, uint32_t num_bos);
/* Wakes the host for all draws since the last time. Any context. */
void qxl_core_execute_end(struct qxl_core *core);

/*
 * The panic screen. Both may be called with all other processors stopped anywhere
 * in here: they take no lock, allocate nothing, don't sleep. @heads are the device's
 * @count heads as the host shows them, of which @head is meant.
 *
 * buffer: where to draw. What was in VRAM is lost. Fewer rows than the head's where
 * memory is short. -ENODEV: the head is off; -ENOMEM; -EIO when the device is lost.
 *
 * show: has the host show it (QXL_DRAW_COPY), with black around and no pointer
 * (QXL_CURSOR_HIDE). For all heads together it waits 5 s at most for room on the
 * rings, and then does nothing. Both may be called again.
 */
int qxl_core_panic_buffer(const struct qxl_core *core,
			  const struct qxl_head *heads, uint32_t count,
			  uint32_t head, struct qxl_panic_buffer *buffer);
void qxl_core_panic_show(struct qxl_core *core, const struct qxl_head *heads,
			 uint32_t count, uint32_t head);

/* True when the SPICE client has capability bit @index (QXLRom). */
bool qxl_core_client_has(struct qxl_core *core, uint32_t index);

void qxl_core_get_counters(struct qxl_core *core, struct qxl_counters *counters);

#ifdef __cplusplus
}
#endif

#endif
