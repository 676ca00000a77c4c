// SPDX-License-Identifier: GPL-2.0-only
// The device itself: memory, reset, interrupts, and what tests ask it.
#include "device.h"

#include <cstdarg>
#include <cstdio>
#include <cstring>

#include "report.h"

namespace fake {
namespace {

constexpr uint64_t page = 4096;

uint64_t page_align(uint64_t bytes) {
  return (bytes + page - 1) / page * page;
}

}  // namespace

uint64_t hash_of(const uint8_t *at, uint64_t bytes) {
  uint64_t hash = 0xcbf29ce484222325;

  for (; bytes >= 8; at += 8, bytes -= 8) {
    uint64_t word;

    memcpy(&word, at, 8);
    hash = (hash ^ word) * 0x9e3779b97f4a7c15;
    hash ^= hash >> 29;
  }
  while (bytes--) hash = (hash ^ *at++) * 0x100000001b3;
  return hash;
}

FakeDevice::FakeDevice(const DeviceConfig &config)
    : config_(config), rom_(rom_bytes), ram_(config.ram_bytes), surface_bar_(config.surface_bytes) {
  handle_.port_write = [this](uint32_t port, uint8_t value) { port_write(port, value); };
  write_rom();
  std::lock_guard guard(mutex_);
  reset();
}

FakeDevice::~FakeDevice() {
  stop_thread();
}

void FakeDevice::write_rom() {
  QXLRom rom = {};
  const uint64_t header = page_align(sizeof(QXLRam));

  rom.magic = QXL_ROM_MAGIC;
  rom.id = config_.id;
  rom.modes_offset = sizeof(QXLRom);
  rom.draw_area_offset = 0;
  rom.surface0_area_size = (uint32_t)config_.vgamem_bytes;
  rom.pages_offset = rom.surface0_area_size;
  rom.num_pages = (uint32_t)((config_.ram_bytes - config_.vgamem_bytes - header) / page);
  rom.ram_header_offset = (uint32_t)(config_.ram_bytes - header);
  rom.n_surfaces = config_.n_surfaces;
  rom.slots_start = 1;
  rom.slots_end = slots - 1;
  rom.slot_gen_bits = 8;
  rom.slot_id_bits = 8;
  shadow_rom_ = rom;
  memcpy(rom_.data(), &rom, sizeof(rom));
}

void FakeDevice::check_rom_unchanged() {
  if (memcmp(rom_.data(), &shadow_rom_, offsetof(QXLRom, client_present)))
    violation("the guest wrote to the ROM");
}

qxl_resources FakeDevice::resources() const {
  qxl_resources res = {};

  res.rom = rom_.data();
  res.ram = ram_.data();
  res.ram_header = ram();
  res.rom_bytes = rom_bytes;
  res.ram_bytes = config_.ram_bytes;
  res.ram_base = ram_base;
  res.surface_bytes = config_.surface_bytes;
  res.surface_base = surface_base;
  res.revision = config_.revision;
  return res;
}

QXLRam *FakeDevice::ram() const {
  return (QXLRam *)(ram_.data() + shadow_rom_.ram_header_offset);
}

void FakeDevice::init_ram() {
  QXLRam *header = ram();

  store(&header->magic, QXL_RAM_MAGIC);
  store(&header->int_pending, 0);
  store(&header->int_mask, 0);
  header->update_surface = 0;
  header->monitors_config = 0;
  SPICE_RING_INIT(&header->cmd_ring);
  SPICE_RING_INIT(&header->cursor_ring);
  SPICE_RING_INIT(&header->release_ring);
  SPICE_RING_PROD_ITEM(&header->release_ring)[0] = 0;
}

// QXL_IO_RESET: the server drains the rings and forgets everything.
void FakeDevice::reset() {
  if (load(&ram()->magic) == QXL_RAM_MAGIC && !bad.stops_consuming) flush_commands();
  held_.clear();
  cursor_shape_.reset();
  cursor_ = {};
  surfaces_.clear();
  cache_.clear();
  monitors_.clear();
  for (Slot &slot : slots_) slot = {};
  async_ = UINT32_MAX;
  guest_bug_ = false;
  primary_seen_ = false;
  primary_ = {};
  picture_ = {};
  bunch_ = 0;
  last_release_ = nullptr;
  init_ram();
  mode_ = config_.id == 0 ? Mode::vga : Mode::undefined;
  line_ = false;
}

void FakeDevice::bug(const char *format, ...) {
  char text[400];
  va_list arguments;

  va_start(arguments, format);
  vsnprintf(text, sizeof(text), format, arguments);
  va_end(arguments);
  violation("guest bug: %s", text);
  guest_bug_ = true;
  raise_locked(QXL_INTERRUPT_ERROR);
}

void FakeDevice::set_guest_bug() {
  std::lock_guard guard(mutex_);

  guest_bug_ = true;
  raise_locked(QXL_INTERRUPT_ERROR);
}

void FakeDevice::take_out() {
  std::lock_guard guard(mutex_);

  taken_out_ = true;
}

void FakeDevice::raise_locked(uint32_t interrupts) {
  const uint32_t old =
      __atomic_fetch_or((uint32_t *)&ram()->int_pending, interrupts, __ATOMIC_SEQ_CST);

  // An edge that is already pending does not look at the line again.
  if ((old & interrupts) == interrupts) return;
  if (taken_out_) violation("an interrupt of a device that was taken out");
  update_irq();
}

void FakeDevice::update_irq() {
  line_ = load(&ram()->int_pending) & load(&ram()->int_mask);
  if (line_) kicked_.notify_all();
}

void FakeDevice::raise(uint32_t interrupts) {
  {
    std::lock_guard guard(mutex_);

    raise_locked(interrupts);
  }
  irq_window();
}

void FakeDevice::deliver_interrupts() {
  for (int round = 0; line_ && intx_enabled && on_interrupt; round++) {
    if (round == 100) {
      violation("interrupt storm: the guest never acknowledges");
      line_ = false;
      return;
    }
    {
      std::lock_guard guard(mutex_);

      stats_.interrupts++;
    }
    {
      IrqSection irq;
      on_interrupt();
    }
    if (after_interrupt) after_interrupt();
  }
}

void FakeDevice::set_client_capability(unsigned bit) {
  __atomic_fetch_or(&rom()->client_capabilities[bit / 8], (uint8_t)(1 << (bit % 8)),
                    __ATOMIC_SEQ_CST);
  __atomic_store_n(&rom()->client_present, 1, __ATOMIC_SEQ_CST);
}

// What the host sees.

uint32_t FakeDevice::pixel(int x, int y) {
  std::lock_guard guard(mutex_);
  uint32_t pixel;

  flush_commands();
  render_pending();
  memcpy(&pixel, picture_.at(x, y), sizeof(pixel));
  return pixel & 0xffffff;
}

std::vector<uint32_t> FakeDevice::picture() {
  const std::vector<uint8_t> bytes = surface_pixels(0);
  std::vector<uint32_t> pixels(bytes.size() / 4);

  if (!pixels.empty()) memcpy(pixels.data(), bytes.data(), bytes.size());
  for (uint32_t &pixel : pixels) pixel &= 0xffffff;
  return pixels;
}

std::vector<uint8_t> FakeDevice::surface_pixels(uint32_t id) {
  std::lock_guard guard(mutex_);

  flush_commands();
  render_pending();
  const Canvas *shown = canvas(id);

  return shown ? shown->pixels : std::vector<uint8_t>{};
}

void FakeDevice::forget_cache() {
  std::lock_guard guard(mutex_);

  cache_.clear();
}

PrimaryState FakeDevice::primary() {
  std::lock_guard guard(mutex_);

  return primary_;
}

bool FakeDevice::has_primary() {
  std::lock_guard guard(mutex_);

  return mode_ == Mode::native;
}

CursorState FakeDevice::cursor() {
  std::lock_guard guard(mutex_);

  return cursor_;
}

std::vector<QXLHead> FakeDevice::monitors() {
  std::lock_guard guard(mutex_);

  return monitors_;
}

uint16_t FakeDevice::monitors_max_allowed() {
  std::lock_guard guard(mutex_);

  return max_allowed_;
}

bool FakeDevice::has_surface(uint32_t id) {
  std::lock_guard guard(mutex_);

  return surfaces_.contains(id);
}

size_t FakeDevice::surfaces() {
  std::lock_guard guard(mutex_);

  return surfaces_.size();
}

size_t FakeDevice::held() {
  std::lock_guard guard(mutex_);

  return held_.size();
}

std::vector<uint64_t> FakeDevice::held_ids() {
  std::lock_guard guard(mutex_);
  std::vector<uint64_t> ids;

  for (const Held &held : held_) ids.push_back(held.id);
  return ids;
}

QXLReleaseInfo *FakeDevice::held_info(size_t index) {
  std::lock_guard guard(mutex_);

  return held_.at(index).info;
}

DeviceStats FakeDevice::stats() {
  std::lock_guard guard(mutex_);

  return stats_;
}

void FakeDevice::clear_stats() {
  std::lock_guard guard(mutex_);

  stats_ = {};
}

bool FakeDevice::guest_bug() {
  std::lock_guard guard(mutex_);

  return guest_bug_;
}

}  // namespace fake
