// SPDX-License-Identifier: GPL-2.0-only
// The panic screen: the one way to the host that takes no lock.
#pragma once

#include <cstdint>
#include <span>

#include "core/base/result.h"
#include "core/protocol/commands.h"
#include "core/protocol/memslot.h"
#include "qxl_core.h"

namespace qxl {

// What a panicking kernel shows (QXL_DRAW_COPY, QXL_CURSOR_HIDE). All other processors
// have been stopped wherever they were, perhaps with a lock held, perhaps between a
// command's place on the ring and the index that shows it to the host; the host goes on.
// So nothing here takes a lock, allocates, sleeps, logs or reads a clock, and of the
// driver's own state only words are used that are whole at any time.
//
// INVARIANT: no command makes the host read VRAM, the memory that BOs are in, so writing
// there harms nothing that the host has been given. Commands and pixels lie there; that
// BOs lose what they hold does not matter any more.
class PanicScreen {
 public:
  explicit PanicScreen(qxl_device* dev) : dev_(dev) {}

  // `ram`: the mapped QXLRam. `vram`, of `bytes` bytes, is at `offset` of the main
  // memslot.
  void setup(void* ram, uint8_t* vram, uint64_t offset, uint64_t bytes);

  // Where the picture of head `index` is to be drawn. `heads` are cut to `primary`. A
  // head that memory does not hold whole gets fewer rows. kNoDevice: it is off.
  // kNoMemory: it has no rows.
  [[nodiscard]] Result<qxl_panic_buffer> buffer(std::span<const qxl_head> heads, uint32_t index,
                                                const qxl_rect& primary) const;
  // Has the host show what was drawn there, the missing rows black, and hide the pointer.
  // Waits, bounded, for room on the rings.
  void show(std::span<const qxl_head> heads, uint32_t index, const qxl_rect& primary,
            const Memslot& main);

 private:
  // A head's part of VRAM: its commands, then the pixels of so many rows.
  struct Slice {
    qxl_rect head;
    uint64_t offset;
    uint32_t rows;
  };

  [[nodiscard]] Result<Slice> slice(std::span<const qxl_head> heads, uint32_t index,
                                    const qxl_rect& primary) const;
  [[nodiscard]] CommandMemory command(uint64_t offset, const Memslot& main);
  template <typename Ring>
  bool push(void* ring, CommandMemory memory, uint32_t type, uint32_t notify_port);
  bool draw(CommandMemory memory);
  void hide_pointer(CommandMemory memory);

  qxl_device* const dev_;
  uint8_t* ram_ = nullptr;
  uint8_t* vram_ = nullptr;
  uint64_t offset_ = 0;
  uint64_t bytes_ = 0;
  uint32_t commands_ = 0;  // so far
  uint32_t waits_ = 0;     // so far, for all heads
};

}  // namespace qxl
