// SPDX-License-Identifier: GPL-2.0-only
// One QXL device: bringing it up and down, synchronous I/O, interrupts.
#pragma once

#include <spice/qxl_dev.h>

#include <span>

#include "core/base/guard.h"
#include "core/cursor.h"
#include "core/executor.h"
#include "core/panic.h"
#include "core/protocol/rom.h"
#include "core/readback.h"
#include "core/shadow_presenter.h"
#include "core/submit.h"
#include "core/surface.h"
#include "qxl_core.h"

namespace qxl {

// Locks: io_lock_ serialises I/O commands and guards the words of QXLRam that
// belong to them; it is taken before any other lock of the core.
class Device {
 public:
  // May sleep. kNoMemory; kNoDevice when BAR 0 leaves too little memory.
  static Result<Device*> create(qxl_device* dev, const qxl_resources& res, const qxl_rom_info& rom,
                                uint32_t heads);
  static void destroy(Device* device);

  [[nodiscard]] const qxl_layout& layout() const { return layout_; }

  // See qxl_core.h for all of these.
  Result<> start() QXL_EXCLUDES(io_lock_);
  void stop(int error) QXL_EXCLUDES(io_lock_);
  void leave();
  [[nodiscard]] bool lost() const { return submission_.lost(); }
  uint32_t interrupt();
  [[nodiscard]] bool primary_fits(uint32_t width, uint32_t height) const;
  Result<> set_primary(uint32_t width, uint32_t height) QXL_EXCLUDES(io_lock_);
  Result<> adopt_primary(const qxl_surface_desc& desc, uint64_t offset, const void* memory)
      QXL_EXCLUDES(io_lock_);
  [[nodiscard]] bool can_adopt_primary(const qxl_surface_desc& desc) const;
  Result<> read_primary(const qxl_rect& area, void* pixels, size_t pitch) QXL_EXCLUDES(io_lock_);
  Result<uint32_t> crc_of_primary(const qxl_rect& area) QXL_EXCLUDES(io_lock_);
  Result<> set_monitors(std::span<const qxl_head> heads) QXL_EXCLUDES(io_lock_);
  Result<> present(const qxl_frame& frame, std::span<const qxl_rect> rects);
  Result<> blank(const qxl_rect& rect);
  Result<SurfaceId> create_surface(qxl_bo* bo, const qxl_surface_desc& desc, uint64_t offset,
                                   qxl_fence* destroyed);
  Result<> update_surface(SurfaceId id, const qxl_rect& area) QXL_EXCLUDES(io_lock_);
  Result<qxl_panic_buffer> panic_buffer(std::span<const qxl_head> heads, uint32_t head) const;
  void panic_show(std::span<const qxl_head> heads, uint32_t head);
  void fill_counters(qxl_counters& counters);

  [[nodiscard]] bool client_has(uint32_t capability) const {
    return rom_client_has(res_.rom, capability);
  }
  Result<uint32_t> client_monitors(std::span<qxl_head> heads) const {
    return rom_client_monitors(res_.rom, heads);
  }
  [[nodiscard]] Executor& executor() { return executor_; }
  [[nodiscard]] Cursor& cursor() { return cursor_; }
  [[nodiscard]] Surfaces& surfaces() { return surfaces_; }
  [[nodiscard]] SurfaceIds& surface_ids() { return ids_; }
  [[nodiscard]] Submission& submission() { return submission_; }

 private:
  Device(qxl_device* dev, const qxl_resources& res, const qxl_rom_info& rom, uint32_t heads);

  Result<> allocate();
  Result<> divide_memory();
  Result<Memslot> add_slot(uint8_t index, uint64_t base, uint64_t bytes) QXL_REQUIRES(io_lock_);
  void reset() QXL_REQUIRES(io_lock_);
  Result<> bring_up() QXL_REQUIRES(io_lock_);
  void forget_primary() QXL_REQUIRES(io_lock_);
  // Starts the asynchronous command of `port` and waits for its interrupt.
  Result<> execute(uint32_t port) QXL_REQUIRES(io_lock_);
  // `memory`: where the guest has it.
  Result<> create_primary(const QXLSurfaceCreate& create, const void* memory)
      QXL_REQUIRES(io_lock_);
  Result<> create_own_primary(uint32_t width, uint32_t height) QXL_REQUIRES(io_lock_);
  Result<> destroy_primary() QXL_REQUIRES(io_lock_);
  // QXL_IO_UPDATE_AREA_ASYNC.
  Result<> update_area(SurfaceId id, const qxl_rect& area) QXL_REQUIRES(io_lock_);
  // Has the host write `area` of the primary back. kInvalid when it is not on it.
  Result<> update_primary(const qxl_rect& area) QXL_REQUIRES(io_lock_);
  // Some primary, so that the device takes commands.
  Result<> need_primary() QXL_EXCLUDES(io_lock_);
  [[nodiscard]] qxl_rect primary() const;

  template <typename T>
  void write_ram(size_t offset, const T& value);
  [[nodiscard]] uint32_t* ram_word(size_t offset) const;

  qxl_device* const dev_;
  const qxl_resources res_;
  const qxl_rom_info rom_;
  const uint32_t heads_;
  qxl_layout layout_ = {};
  uint64_t monitors_offset_ = 0;
  uint64_t upload_offset_ = 0;
  uint64_t cursor_offset_ = 0;
  uint64_t surfaces_offset_ = 0;
  uint64_t surfaces_bytes_ = 0;

  Mutex io_lock_;
  Event io_done_event_;
  uint32_t io_done_ = 0;  // atomic: set by the interrupt
  Memslot surface_slot_;  // changes in bring_up() only
  Memslot main_slot_;
  // Written under io_lock_ while no head shows the primary; 0 x 0: there is none.
  uint32_t primary_width_ = 0;
  uint32_t primary_height_ = 0;
  bool primary_adopted_ QXL_GUARDED_BY(io_lock_) = false;
  Readback primary_memory_ QXL_GUARDED_BY(io_lock_);  // of what has a size

  SurfaceIds ids_;
  Submission submission_;
  ShadowPresenter presenter_;
  Executor executor_;
  Cursor cursor_;
  Surfaces surfaces_;
  PanicScreen panic_;
};

}  // namespace qxl
