// SPDX-License-Identifier: GPL-2.0-only
// The I/O ports (QXL_IO_*), with the order of checks that QEMU has.
#include <cstdlib>
#include <cstring>

#include "device.h"
#include "report.h"

namespace fake {
namespace {

constexpr uint32_t none = UINT32_MAX;

bool is_async(uint32_t port) {
  return port == QXL_IO_MONITORS_CONFIG_ASYNC ||
         (port >= QXL_IO_UPDATE_AREA_ASYNC && port <= QXL_IO_FLUSH_SURFACES_ASYNC);
}

bool works_in_vga_mode(uint32_t port) {
  switch (port) {
    case QXL_IO_RESET:
    case QXL_IO_SET_MODE:
    case QXL_IO_MEMSLOT_ADD:
    case QXL_IO_MEMSLOT_DEL:
    case QXL_IO_CREATE_PRIMARY:
    case QXL_IO_UPDATE_IRQ:
    case QXL_IO_LOG:
    case QXL_IO_MEMSLOT_ADD_ASYNC:
    case QXL_IO_CREATE_PRIMARY_ASYNC:
      return true;
    default:
      return false;
  }
}

uint32_t sync_of(uint32_t port) {
  switch (port) {
    case QXL_IO_UPDATE_AREA_ASYNC:
      return QXL_IO_UPDATE_AREA;
    case QXL_IO_MEMSLOT_ADD_ASYNC:
      return QXL_IO_MEMSLOT_ADD;
    case QXL_IO_CREATE_PRIMARY_ASYNC:
      return QXL_IO_CREATE_PRIMARY;
    case QXL_IO_DESTROY_PRIMARY_ASYNC:
      return QXL_IO_DESTROY_PRIMARY;
    default:
      return port;
  }
}

}  // namespace

// A thread that has just published, or found no memory, may be overtaken by a
// reset before it writes the port. With nothing on the rings that is harmless.
bool FakeDevice::is_late_wake_up(uint32_t port) {
  return (port == QXL_IO_NOTIFY_CMD || port == QXL_IO_NOTIFY_CURSOR || port == QXL_IO_NOTIFY_OOM) &&
         rings_empty();
}

bool FakeDevice::rings_empty() {
  const QXLCommandRing &commands = ram()->cmd_ring;
  const QXLCursorRing &cursor = ram()->cursor_ring;

  return load(&commands.prod) == load(&commands.cons) && load(&cursor.prod) == load(&cursor.cons);
}

void FakeDevice::port_write(uint32_t port, uint8_t value) {
  std::lock_guard guard(mutex_);

  stats_.port_writes[port]++;
  if (guest_bug_ && port != QXL_IO_RESET) return;
  if (guest_bug_ && !rings_empty()) violation("commands are left on the rings: the server spins");
  if (config_.revision <= QXL_REVISION_STABLE_V10 && port > QXL_IO_FLUSH_RELEASE) {
    bug("port %u on revision %u", port, config_.revision);
    return;
  }
  if (mode_ == Mode::vga && !works_in_vga_mode(port)) {
    // Nice to buggy guests, but a driver should know its mode.
    if (!is_late_wake_up(port)) violation("port %u in VGA mode", port);
    if (is_async(port)) raise_locked(QXL_INTERRUPT_IO_CMD);
    return;
  }
  if (is_async(port) && !begin_async(port)) return;
  dispatch(sync_of(port), value);
}

bool FakeDevice::begin_async(uint32_t port) {
  if (async_ != none) {
    bug("async I/O %u started before %u was complete", port, async_);
    return false;
  }
  async_ = port;
  kick_ = true;
  kicked_.notify_all();
  return true;
}

// One step later than the write, as the worker thread would.
bool FakeDevice::finish_async() {
  if (async_ == none || guest_bug_ || bad.never_answers_async) return false;
  async_ = none;
  raise_locked(QXL_INTERRUPT_IO_CMD);
  return true;
}

void FakeDevice::dispatch(uint32_t port, uint8_t value) {
  switch (port) {
    case QXL_IO_NOTIFY_CMD:
    case QXL_IO_NOTIFY_CURSOR:
      kick_ = true;
      kicked_.notify_all();
      break;
    case QXL_IO_UPDATE_IRQ:
      update_irq();
      break;
    case QXL_IO_NOTIFY_OOM:
      out_of_memory();
      break;
    case QXL_IO_RESET:
      reset();
      break;
    case QXL_IO_MEMSLOT_ADD:
      add_slot(value);
      break;
    case QXL_IO_MEMSLOT_DEL:
      if (value >= slots || !slots_[value].active)
        bug("MEMSLOT_DEL of slot %u", value);
      else
        slots_[value].active = false;
      break;
    case QXL_IO_CREATE_PRIMARY:
      if (value)
        bug("CREATE_PRIMARY with value %u", value);
      else
        create_primary();
      break;
    case QXL_IO_DESTROY_PRIMARY:
      if (value)
        bug("DESTROY_PRIMARY with value %u", value);
      else
        destroy_primary();
      break;
    case QXL_IO_UPDATE_AREA:
      update_area();
      break;
    case QXL_IO_MONITORS_CONFIG_ASYNC:
      set_monitors();
      break;
    case QXL_IO_FLUSH_RELEASE:
      push_releases(true);
      break;
    case QXL_IO_FLUSH_SURFACES_ASYNC:
      flush_commands();
      break;
    default:
      bug("unexpected port %u", port);
  }
}

void FakeDevice::add_slot(uint8_t index) {
  const uint64_t start = ram()->mem_slot.mem_start;
  const uint64_t end = ram()->mem_slot.mem_end;
  const uint64_t ram_end = ram_base + config_.ram_bytes;
  const uint64_t surface_end = surface_base + config_.surface_bytes;

  if (index >= slots || index < shadow_rom_.slots_start || index > shadow_rom_.slots_end) {
    bug("MEMSLOT_ADD: slot %u", index);
    return;
  }
  if (slots_[index].active)
    bug("MEMSLOT_ADD: slot %u is active", index);
  else if (start > end)
    bug("MEMSLOT_ADD: start %lx > end %lx", (long)start, (long)end);
  else if (start >= ram_base && end <= ram_end)
    slots_[index] = {true, ram_.data() + (start - ram_base), end - start, true};
  else if (start >= surface_base && end <= surface_end)
    slots_[index] = {true, surface_bar_.data() + (start - surface_base), end - start, false};
  else
    bug("MEMSLOT_ADD: %lx-%lx is in no BAR", (long)start, (long)end);
}

void FakeDevice::create_primary() {
  const QXLSurfaceCreate sc = ram()->create_surface;
  const uint64_t bytes = (uint64_t)llabs(sc.stride) * sc.height;
  const uint32_t mask = load(&ram()->int_mask);

  if (mode_ == Mode::native) {
    bug("CREATE_PRIMARY while there is one");
    return;
  }
  if (!(mask & QXL_INTERRUPT_CLIENT_MONITORS_CONFIG) || mask == ~0u)
    violation("int_mask is %#x: client monitors are not asked for", mask);
  if (sc.width == 0 || sc.height == 0 || bytes > config_.vgamem_bytes || sc.stride % 4) {
    bug("CREATE_PRIMARY: %ux%u, stride %d", sc.width, sc.height, sc.stride);
    return;
  }
  if (llabs(sc.stride) < sc.width * 4ll || sc.format != SPICE_SURFACE_FMT_32_xRGB ||
      sc.type != QXL_SURF_TYPE_PRIMARY) {
    bug("CREATE_PRIMARY: stride %d, format %u, type %u", sc.stride, sc.format, sc.type);
    return;
  }
  const bool keep_data = sc.flags & QXL_SURF_FLAG_KEEP_DATA;
  auto *memory = resolve<uint8_t>(sc.mem, bytes, "primary");

  if (!memory) return;
  // In BAR 0 only the part that is meant for it; anywhere among the
  // surfaces, where it is a BO with something on it.
  if (ram_.contains(memory, bytes) && memory != ram_.data() + shadow_rom_.draw_area_offset)
    violation("the primary is not in the primary area");
  if (!ram_.contains(memory, bytes) && !keep_data)
    violation("a primary in surface memory is cleared");
  mode_ = Mode::native;
  primary_seen_ = true;
  primary_ = {sc.width, sc.height, sc.stride, sc.format, sc.mem};
  picture_.create(sc.width, sc.height, sc.format, sc.stride, memory, keep_data);
}

// The server flushes the rings and lets go of what depends on surface 0.
void FakeDevice::destroy_primary() {
  if (mode_ != Mode::native) return;
  if (!bad.stops_consuming) flush_commands();
  stats_.held_by_primary = held_.size();
  while (!held_.empty()) {
    release(held_.front());
    held_.pop_front();
  }
  if (cursor_shape_) {
    release(*cursor_shape_);
    cursor_shape_.reset();
    cursor_ = {};
  }
  mode_ = Mode::undefined;
  primary_ = {};
  picture_ = {};
}

void FakeDevice::update_area() {
  const QXLRect area = ram()->update_area;
  const uint32_t id = ram()->update_surface;

  if (id >= config_.n_surfaces) {
    bug("UPDATE_AREA: surface %u", id);
    return;
  }
  if (area.left >= area.right || area.top >= area.bottom || area.left < 0 || area.top < 0) {
    bug("UPDATE_AREA: %d,%d-%d,%d", area.left, area.top, area.right, area.bottom);
    return;
  }
  flush_commands();
  render_pending();
  const Canvas *shown = canvas(id);

  if (!shown)
    violation("UPDATE_AREA: no surface %u", id);
  else if (area.right > (int64_t)shown->width || area.bottom > (int64_t)shown->height)
    violation("UPDATE_AREA outside surface %u", id);
  else
    shown->write_back(area);
}

void FakeDevice::set_monitors() {
  const QXLPHYSICAL at = ram()->monitors_config;
  const auto *config = resolve<QXLMonitorsConfig>(at, sizeof(QXLMonitorsConfig), "monitors config");

  if (!config) return;
  if (config->count == 0 || config->max_allowed == 0 || config->count > config->max_allowed) {
    violation("monitors: count %u, max_allowed %u", config->count, config->max_allowed);
    return;
  }
  const uint64_t bytes = sizeof(*config) + config->count * sizeof(QXLHead);

  if (!resolve<uint8_t>(at, bytes, "monitors heads")) return;
  for (uint16_t i = 0; i < config->count; i++) {
    const QXLHead &head = config->heads[i];

    if (head.surface_id != 0) violation("monitor %u on surface %u", i, head.surface_id);
    if ((uint64_t)head.x + head.width > primary_.width ||
        (uint64_t)head.y + head.height > primary_.height)
      violation("monitor %u outside the primary", i);
  }
  monitors_.assign(config->heads, config->heads + config->count);
  max_allowed_ = config->max_allowed;
}

// Ignored while the guest has releases to collect.
void FakeDevice::out_of_memory() {
  QXLReleaseRing &ring = ram()->release_ring;

  if (load(&ring.prod) != load(&ring.cons) || bad.ignores_oom) return;
  oom_running_ = true;
  if (!bad.stops_consuming) flush_commands();
  if (bunch_ == 0)
    for (size_t left = oom_frees; left && !held_.empty(); left--) {
      release(held_.front());
      held_.pop_front();
    }
  oom_running_ = false;
  if (bunch_) push_releases(true);
}

}  // namespace fake
