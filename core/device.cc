// SPDX-License-Identifier: GPL-2.0-only
#include "core/device.h"

#include <spice/enums.h>
#include <spice/qxl_dev.h>

#include <cstddef>
#include <new>

#include "core/base/errno.h"
#include "core/monitors.h"

namespace qxl {
namespace {

constexpr uint64_t kPage = 4096;
constexpr uint64_t kMiB = 1 << 20;
// Below this, presenting large rectangles would crawl.
constexpr uint64_t kMinUploadBytes = 1 * kMiB;
constexpr uint64_t kMaxUploadBytes = 64 * kMiB;
constexpr uint64_t kMinSurfaceArenaBytes = uint64_t{64} * 1024;
constexpr uint32_t kMaxPrimarySide = 16384;
// What is there for the device's sake before anybody wants to see anything.
constexpr uint32_t kFirstPrimaryWidth = 640;
constexpr uint32_t kFirstPrimaryHeight = 480;
constexpr uint64_t kFirstPrimaryStride = uint64_t{kFirstPrimaryWidth} * 4;

constexpr uint32_t kInterrupts = QXL_INTERRUPT_DISPLAY | QXL_INTERRUPT_CURSOR |
                                 QXL_INTERRUPT_IO_CMD | QXL_INTERRUPT_ERROR |
                                 QXL_INTERRUPT_CLIENT_MONITORS_CONFIG;

// What a word reads as that is on no bus any more.
constexpr uint32_t kVanished = ~uint32_t{0};

// Memory for two commands of every surface, but no more than `most`.
uint64_t surface_arena_bytes(uint32_t n_surfaces, uint64_t most) {
  uint64_t wanted = uint64_t{n_surfaces} * 2 * Arena::kGranule;
  uint64_t bytes = wanted < most ? wanted : most;
  if (bytes < kMinSurfaceArenaBytes) bytes = kMinSurfaceArenaBytes;
  return bytes & ~(kPage - 1);
}

}  // namespace

Device::Device(qxl_device* dev, const qxl_resources& res, const qxl_rom_info& rom, uint32_t heads)
    : dev_(dev),
      res_(res),
      rom_(rom),
      heads_(heads),
      submission_(dev, ids_, io_done_event_),
      presenter_(submission_),
      executor_(submission_),
      cursor_(submission_),
      surfaces_(submission_, ids_),
      panic_(dev) {}

Result<Device*> Device::create(qxl_device* dev, const qxl_resources& res, const qxl_rom_info& rom,
                               uint32_t heads) {
  void* memory = qxl_k_alloc(sizeof(Device));
  if (!memory) return Error::kNoMemory;
  auto* device = new (memory) Device(dev, res, rom, heads);
  auto ready = device->allocate();
  if (ready.ok()) return device;
  destroy(device);
  return ready.error();
}

void Device::destroy(Device* device) {
  if (!device) return;
  device->~Device();
  qxl_k_free(device);
}

Result<> Device::allocate() {
  QXL_TRY(divide_memory());
  panic_.setup(res_.ram_header, static_cast<uint8_t*>(res_.ram) + layout_.vram_offset,
               layout_.vram_offset, layout_.vram_bytes);
  if (!io_lock_.create(QXL_K_MUTEX_IO) || !io_done_event_.create()) return Error::kNoMemory;
  QXL_TRY(cursor_.create(heads_));
  QXL_TRY(ids_.create(rom_.n_surfaces));
  QXL_TRY(surfaces_.setup(rom_.n_surfaces));
  auto pool = [this](uint64_t offset, uint64_t bytes) {
    return Submission::Memory{static_cast<uint8_t*>(res_.ram) + offset, offset, bytes};
  };
  return submission_.create(res_.ram_header, {pool(upload_offset_, layout_.upload_bytes),
                                              pool(cursor_offset_, kCursorArenaBytes),
                                              pool(surfaces_offset_, surfaces_bytes_)});
}

// BAR 0: the primary as the ROM has it, then the monitors config, the arenas of
// cursor, surfaces and uploads, and up to the RAM header what is left for
// buffers. A create and a destroy command fit for each surface, where there is
// room for that many.
Result<> Device::divide_memory() {
  uint64_t begin = (rom_.primary_offset + rom_.primary_bytes + kPage - 1) & ~(kPage - 1);
  uint64_t fixed = kMonitorsBytes + kCursorArenaBytes + kMinSurfaceArenaBytes;
  uint64_t end = rom_.ram_header_offset;
  if (begin > end || end - begin < fixed + 2 * kMinUploadBytes) {
    qxl_k_log(dev_, QXL_K_LOG_ERROR,
              "%llu KiB of memory beside the primary is too little: start QEMU with a larger "
              "ram_size_mb",
              static_cast<unsigned long long>(begin > end ? 0 : (end - begin) / 1024));
    return Error::kNoDevice;
  }
  monitors_offset_ = begin;
  cursor_offset_ = monitors_offset_ + kMonitorsBytes;
  surfaces_offset_ = cursor_offset_ + kCursorArenaBytes;
  surfaces_bytes_ = surface_arena_bytes(rom_.n_surfaces, (end - begin) / 8);
  upload_offset_ = surfaces_offset_ + surfaces_bytes_;
  uint64_t half = (end - upload_offset_) / 2 & ~(kPage - 1);
  layout_.upload_bytes = half < kMaxUploadBytes ? half : kMaxUploadBytes;
  layout_.vram_offset = upload_offset_ + layout_.upload_bytes;
  layout_.vram_bytes = end - layout_.vram_offset;
  return {};
}

template <typename T>
void Device::write_ram(size_t offset, const T& value) {
  __builtin_memcpy(static_cast<uint8_t*>(res_.ram_header) + offset, &value, sizeof(value));
}

uint32_t* Device::ram_word(size_t offset) const {
  return reinterpret_cast<uint32_t*>(static_cast<uint8_t*>(res_.ram_header) + offset);
}

// Up and down -----------------------------------------------------------------

// QXL_IO_MEMSLOT_ADD. The device picks the generation, which is part of every
// address in the slot.
Result<Memslot> Device::add_slot(uint8_t index, uint64_t base, uint64_t bytes) {
  write_ram(offsetof(QXLRam, mem_slot), QXLMemSlot{.mem_start = base, .mem_end = base + bytes});
  qxl_k_port_write(dev_, QXL_IO_MEMSLOT_ADD, index);
  uint8_t generation = rom_slot_generation(res_.rom);
  if (generation >= 1u << rom_.slot_gen_bits) {
    qxl_k_log(dev_, QXL_K_LOG_ERROR, "memory slot %u has generation %u", index, generation);
    return Error::kNoDevice;
  }
  return Memslot(index, generation, rom_.slot_id_bits, rom_.slot_gen_bits);
}

Result<> Device::bring_up() {
  auto main = add_slot(rom_.slots_start, res_.ram_base, rom_.ram_header_offset);
  if (!main.ok()) return main.error();
  auto surface = add_slot(rom_.slots_start + 1, res_.surface_base, res_.surface_bytes);
  if (!surface.ok()) return surface.error();
  main_slot_ = main.value();
  surface_slot_ = surface.value();
  QXL_TRY(submission_.open(main_slot_));
  store_release(ram_word(offsetof(QXLRam, int_pending)), 0);
  store_release(ram_word(offsetof(QXLRam, int_mask)), kInterrupts);
  qxl_k_port_write(dev_, QXL_IO_UPDATE_IRQ, 0);
  return {};
}

void Device::forget_primary() {
  primary_adopted_ = false;
  cursor_.primary_ends();
  primary_memory_ = {};
  store_release(&primary_width_, 0);
  store_release(&primary_height_, 0);
}

// QXL_IO_RESET of a closed device, also when it found a guest bug that no interrupt
// told of.
void Device::reset() {
  submission_.wait_for_pushes();
  if (load_acquire(ram_word(offsetof(QXLRam, int_pending))) & QXL_INTERRUPT_ERROR)
    submission_.withdraw();
  qxl_k_port_write(dev_, QXL_IO_RESET, 0);
}

Result<> Device::start() {
  submission_.close();
  Guard guard(io_lock_);
  reset();
  forget_primary();
  submission_.forget(kEio);
  if (load_acquire(ram_word(offsetof(QXLRam, magic))) != QXL_RAM_MAGIC) {
    qxl_k_log(dev_, QXL_K_LOG_ERROR, "the RAM header has no QXL magic after a reset");
    return Error::kNoDevice;
  }
  return bring_up();
}

void Device::stop(int error) {
  submission_.close();
  Guard guard(io_lock_);
  store_release(ram_word(offsetof(QXLRam, int_mask)), 0);
  reset();
  forget_primary();
  submission_.forget(error);
}

// What is pending already is not asked for again.
void Device::leave() {
  store_release(ram_word(offsetof(QXLRam, int_pending)), QXL_INTERRUPT_CLIENT);
}

uint32_t Device::interrupt() {
  uint32_t pending = exchange(ram_word(offsetof(QXLRam, int_pending)), 0);
  if (pending == 0 || pending == kVanished) return QXL_IRQ_NONE;
  uint32_t work = QXL_IRQ_HANDLED;
  if (pending & QXL_INTERRUPT_IO_CMD) {
    store_release(&io_done_, 1);
    io_done_event_.signal();
  }
  if (pending & (QXL_INTERRUPT_DISPLAY | QXL_INTERRUPT_CURSOR)) {
    submission_.progress();
    work |= QXL_IRQ_RELEASES;
  }
  if (pending & QXL_INTERRUPT_CLIENT_MONITORS_CONFIG) work |= QXL_IRQ_MONITORS;
  if (pending & QXL_INTERRUPT_ERROR) {
    // A device that found a guest bug obeys one port only; without a reset it
    // would hold the interrupt line for ever.
    submission_.fail();
    submission_.withdraw();
    qxl_k_port_write(dev_, QXL_IO_RESET, 0);
    return work | QXL_IRQ_ERROR;
  }
  qxl_k_port_write(dev_, QXL_IO_UPDATE_IRQ, 0);
  return work;
}

// Asynchronous I/O: one command in flight, which io_lock_ sees to.
Result<> Device::execute(uint32_t port) {
  if (submission_.lost()) return Error::kLost;
  store_release(&io_done_, 0);
  uint64_t deadline = qxl_k_time_ms() + kHostTimeoutMs;
  uint32_t seen = io_done_event_.count();
  qxl_k_port_write(dev_, port, 0);
  while (!load_acquire(&io_done_)) {
    uint64_t now = qxl_k_time_ms();
    if (submission_.lost()) return Error::kLost;
    if (now >= deadline) {
      qxl_k_log(dev_, QXL_K_LOG_ERROR, "I/O command %u did not end in %u s: device lost", port,
                kHostTimeoutMs / 1000);
      submission_.declare_lost();
      return Error::kLost;
    }
    io_done_event_.wait(seen, static_cast<uint32_t>(deadline - now));
    seen = io_done_event_.count();
  }
  return {};
}

// The primary -------------------------------------------------------------------

qxl_rect Device::primary() const {
  return {.x1 = 0,
          .y1 = 0,
          .x2 = static_cast<int32_t>(load_acquire(&primary_width_)),
          .y2 = static_cast<int32_t>(load_acquire(&primary_height_))};
}

Result<> Device::destroy_primary() {
  if (primary_width_ == 0) return {};
  submission_.settle();
  forget_primary();
  return execute(QXL_IO_DESTROY_PRIMARY_ASYNC);
}

Result<> Device::create_primary(const QXLSurfaceCreate& create, const void* memory) {
  if (lost()) return Error::kLost;
  QXL_TRY(destroy_primary());
  write_ram(offsetof(QXLRam, create_surface), create);
  QXL_TRY(execute(QXL_IO_CREATE_PRIMARY_ASYNC));
  primary_memory_ = Readback(memory, create.height, create.stride);
  store_release(&primary_height_, create.height);
  store_release(&primary_width_, create.width);
  submission_.start_accepting();
  cursor_.primary_begins();
  return {};
}

Result<> Device::create_own_primary(uint32_t width, uint32_t height) {
  QXLSurfaceCreate create = {};
  create.width = width;
  create.height = height;
  create.stride = static_cast<int32_t>(width * 4);
  create.format = SPICE_SURFACE_FMT_32_xRGB;
  create.type = QXL_SURF_TYPE_PRIMARY;
  create.mem = main_slot_.address(rom_.primary_offset).value();
  return create_primary(create, static_cast<uint8_t*>(res_.ram) + rom_.primary_offset);
}

bool Device::primary_fits(uint32_t width, uint32_t height) const {
  return width != 0 && height != 0 && width <= kMaxPrimarySide && height <= kMaxPrimarySide &&
         uint64_t{width} * height * 4 <= rom_.primary_bytes;
}

Result<> Device::set_primary(uint32_t width, uint32_t height) {
  if (!primary_fits(width, height)) return Error::kInvalid;
  Guard guard(io_lock_);
  if (width == primary_width_ && height == primary_height_ && !primary_adopted_) return {};
  return create_own_primary(width, height);
}

bool Device::can_adopt_primary(const qxl_surface_desc& desc) const {
  auto size = surface_size(desc);
  return size.ok() && size.value() <= rom_.primary_bytes &&
         desc.format == SPICE_SURFACE_FMT_32_xRGB && desc.width <= kMaxPrimarySide &&
         desc.height <= kMaxPrimarySide;
}

Result<> Device::adopt_primary(const qxl_surface_desc& desc, uint64_t offset, const void* memory) {
  if (!can_adopt_primary(desc)) return Error::kInvalid;
  Guard guard(io_lock_);
  QXLSurfaceCreate create = {};
  create.width = desc.width;
  create.height = desc.height;
  create.stride = desc.stride;
  create.format = desc.format;
  create.flags = QXL_SURF_FLAG_KEEP_DATA;
  create.type = QXL_SURF_TYPE_PRIMARY;
  create.mem = surface_slot_.address(offset).value();
  QXL_TRY(create_primary(create, memory));
  primary_adopted_ = true;
  return {};
}

Result<> Device::need_primary() {
  if (load_acquire(&primary_width_) != 0) return {};
  Guard guard(io_lock_);
  if (primary_width_ != 0) return {};
  const uint64_t rows = rom_.primary_bytes / kFirstPrimaryStride;
  if (rows == 0) return Error::kNoDevice;
  return create_own_primary(kFirstPrimaryWidth, rows < kFirstPrimaryHeight
                                                    ? static_cast<uint32_t>(rows)
                                                    : kFirstPrimaryHeight);
}

Result<> Device::update_primary(const qxl_rect& area) {
  if (submission_.lost()) return Error::kLost;  // and there is no primary
  if (!contains(primary(), area)) return Error::kInvalid;
  return update_area(kPrimarySurface, area);
}

// INVARIANT: what is read is what the host was asked for: under the lock the
// primary stays what it is, and nobody frees its memory.
Result<> Device::read_primary(const qxl_rect& area, void* pixels, size_t pitch) {
  Guard guard(io_lock_);
  QXL_TRY(update_primary(area));
  primary_memory_.copy(area, pixels, pitch);
  return {};
}

Result<uint32_t> Device::crc_of_primary(const qxl_rect& area) {
  Guard guard(io_lock_);
  if (auto updated = update_primary(area); !updated.ok()) return updated.error();
  return primary_memory_.crc(area);
}

Result<> Device::set_monitors(std::span<const qxl_head> heads) {
  if (heads.size() > heads_) return Error::kInvalid;
  cursor_.set_heads(heads);
  Guard guard(io_lock_);
  if (lost()) return Error::kLost;
  QXL_TRY(write_monitors(static_cast<uint8_t*>(res_.ram) + monitors_offset_, heads));
  full_fence();
  write_ram(offsetof(QXLRam, monitors_config), main_slot_.address(monitors_offset_).value());
  if (primary_adopted_)
    presenter_.forget_heads();
  else
    presenter_.set_heads(heads);
  return execute(QXL_IO_MONITORS_CONFIG_ASYNC);
}

Result<> Device::present(const qxl_frame& frame, std::span<const qxl_rect> rects) {
  if (submission_.lost()) return Error::kLost;  // even where there is nothing to show
  if (submission_.stalled(Queue::kDisplay)) return Error::kAgain;
  auto result = presenter_.present(frame, rects, primary());
  // Once for a commit, however much it was.
  if (!result.ok())
    submission_.wake(Queue::kDisplay);
  else if (!frame.more)
    submission_.end_draws();
  return result;
}

Result<> Device::blank(const qxl_rect& rect) {
  if (submission_.lost()) return Error::kLost;
  return presenter_.blank(rect, primary());
}

// Surfaces ------------------------------------------------------------------------

Result<SurfaceId> Device::create_surface(qxl_bo* bo, const qxl_surface_desc& desc, uint64_t offset,
                                         qxl_fence* destroyed) {
  QXL_TRY(need_primary());
  return surfaces_.create(bo, desc, surface_slot_.address(offset), destroyed);
}

Result<> Device::update_area(SurfaceId id, const qxl_rect& area) {
  if (lost()) return Error::kLost;
  write_ram(offsetof(QXLRam, update_area),
            QXLRect{.top = area.y1, .left = area.x1, .bottom = area.y2, .right = area.x2});
  write_ram(offsetof(QXLRam, update_surface), id.value());
  return execute(QXL_IO_UPDATE_AREA_ASYNC);
}

Result<> Device::update_surface(SurfaceId id, const qxl_rect& area) {
  Guard guard(io_lock_);
  return update_area(id, area);
}

// Panic ---------------------------------------------------------------------------

Result<qxl_panic_buffer> Device::panic_buffer(std::span<const qxl_head> heads,
                                              uint32_t head) const {
  if (submission_.lost()) return Error::kLost;
  return panic_.buffer(heads, head, primary());
}

void Device::panic_show(std::span<const qxl_head> heads, uint32_t head) {
  if (!submission_.lost()) panic_.show(heads, head, primary(), main_slot_);
}

void Device::fill_counters(qxl_counters& counters) {
  submission_.fill_counters(counters);
  counters.presented_rects = presenter_.presented_rects();
  counters.presented_bytes = presenter_.presented_bytes();
  counters.moved_bytes = presenter_.moved_bytes();
  counters.spared_bytes = presenter_.spared_bytes();
}

}  // namespace qxl
