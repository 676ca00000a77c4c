// SPDX-License-Identifier: GPL-2.0-only
#include "host.h"

#include <spice/qxl_dev.h>

#include <cstring>

#include "scheduler.h"
#include "world.h"

namespace explore {
namespace {

constexpr uint64_t primary_bytes = page;  // 32 x 32
// As little as the core takes: few surfaces fill the memory for commands.
constexpr uint64_t ram_header_offset = 0x314000;
constexpr uint64_t ram_base = 0xc0000000;
constexpr uint64_t surface_base = 0xd0000000;
constexpr uint64_t surface_bar_bytes = 1 << 20;
constexpr uint8_t first_slot = 1;
constexpr uint8_t generation = 1;
constexpr uint32_t no_port = UINT32_MAX;

struct HostSurface {
  bool exists;
  bool dying;  // its destroy is taken and not given back
  uint64_t offset;
  uint32_t width, height;
  uint64_t create;  // offset of the command, which it keeps; 0: not
};

struct State {
  HostConfig config;
  bool awake;
  bool has_primary;
  bool silent;
  bool excused;
  bool oom;
  uint32_t async;
  unsigned bunched;
  uint64_t last_release;  // offset; the end of the bunch
  unsigned creates, destroys, surfaces;
};

alignas(page) uint8_t ram[ram_header_offset + 4 * page];
QXLRom rom;
State host;
HostSurface surfaces[max_ids];
qxl_core *guest;

QXLRam &header() {
  return *reinterpret_cast<QXLRam *>(ram + ram_header_offset);
}

void reset() {
  host.awake = host.oom = host.has_primary = false;
  host.async = no_port;
  host.bunched = host.surfaces = 0;
  memset(surfaces, 0, sizeof(surfaces[0]) * host.config.n_surfaces);
  header().magic = QXL_RAM_MAGIC;
  header().int_pending = header().int_mask = 0;
  SPICE_RING_INIT(&header().cmd_ring);
  SPICE_RING_INIT(&header().cursor_ring);
  SPICE_RING_INIT(&header().release_ring);
  header().release_ring.items[0].el = 0;
}

// Where a guest address is in its slot.
uint64_t offset_of(QXLPHYSICAL address, uint8_t slot, uint64_t bytes, uint64_t limit) {
  const uint64_t offset = address & 0xffffffffffff;

  if (address >> 48 != (uint64_t)(slot << 8 | generation) || offset > limit ||
      bytes > limit - offset) {
    fail("address %#llx is nowhere", (unsigned long long)address);
    return 0;
  }
  return offset;
}

QXLReleaseInfo &info_at(uint64_t offset) {
  return *reinterpret_cast<QXLReleaseInfo *>(ram + offset);
}

// Releases ------------------------------------------------------------------------

void push_releases() {
  QXLReleaseRing &ring = header().release_ring;

  if (!host.bunched || ring.prod - ring.cons + 1 == QXL_RELEASE_RING_SIZE) return;
  // All that was taken goes back with this bunch.
  for (uint32_t id = 1; id < host.config.n_surfaces; id++) surfaces[id].dying = false;
  ring.items[(ring.prod + 1) & (QXL_RELEASE_RING_SIZE - 1)].el = 0;
  ring.prod = ring.prod + 1;
  trace("host gives back %u commands", host.bunched);
  if (ring.prod == ring.notify_on_prod) header().int_pending |= QXL_INTERRUPT_DISPLAY;
  host.bunched = 0;
}

// The head of a bunch waits in the producer's item, not published yet.
void release(uint64_t command) {
  QXLReleaseRing &ring = header().release_ring;

  // Id and next share a word.
  const uint64_t id = info_at(command).id;

  info_at(command).next = 0;
  if (host.bunched == 0)
    ring.items[ring.prod & (QXL_RELEASE_RING_SIZE - 1)].el = id;
  else
    info_at(host.last_release).next = id;
  host.last_release = command;
  host.bunched++;
}

// Commands ------------------------------------------------------------------------

void create_surface(uint32_t id, const QXLSurface &desc, uint64_t command) {
  HostSurface &surface = surfaces[id];

  if (surface.exists) fail("create of surface %u, which the host has", id);
  if (surface.dying) fail("id %u is used again before its destroy came back", id);
  surface.exists = true;
  surface.offset =
      offset_of(desc.data, first_slot + 1, (uint64_t)desc.stride * desc.height, surface_bar_bytes);
  surface.width = desc.width;
  surface.height = desc.height;
  surface.create = host.config.early_create && id == 1 ? 0 : command;
  if (!surface.create) release(command);
  host.creates++;
  host.surfaces++;
}

void destroy_surface(uint32_t id, uint64_t command) {
  HostSurface &surface = surfaces[id];

  if (!surface.exists) {
    fail("destroy of surface %u, which the host does not have", id);
    return;
  }
  surface.exists = false;
  surface.dying = true;
  host.destroys++;
  host.surfaces--;
  // The surface kept its create command until now.
  if (surface.create) release(surface.create);
  release(command);
}

bool commands_waiting() {
  return header().cmd_ring.prod != header().cmd_ring.cons;
}

void check_ready_for_commands() {
  if (!host.has_primary) fail("a command on the ring of a device that was reset");
}

void take_command() {
  QXLCommandRing &ring = header().cmd_ring;
  const QXLCommand item = ring.items[ring.cons % QXL_COMMAND_RING_SIZE].el;

  ring.cons = ring.cons + 1;
  if (ring.cons == ring.notify_on_cons) header().int_pending |= QXL_INTERRUPT_DISPLAY;
  check_ready_for_commands();
  if (item.type != QXL_CMD_SURFACE) {
    fail("command of type %u", item.type);
    return;
  }
  const uint64_t at = offset_of(item.data, first_slot, sizeof(QXLSurfaceCmd), ram_header_offset);
  QXLSurfaceCmd command;

  memcpy(&command, ram + at, sizeof(command));
  trace("host takes %s %u", command.type == QXL_SURFACE_CMD_CREATE ? "create" : "destroy",
        command.surface_id);
  if (command.surface_id == 0 || command.surface_id >= host.config.n_surfaces)
    fail("surface command for id %u", command.surface_id);
  else if (command.type == QXL_SURFACE_CMD_CREATE)
    create_surface(command.surface_id, command.u.surface_create, at);
  else
    destroy_surface(command.surface_id, at);
}

void drain_commands() {
  while (commands_waiting()) take_command();
}

void update_area() {
  const uint32_t id = header().update_surface;
  const QXLRect area = header().update_area;

  drain_commands();
  if (id == 0 || id >= host.config.n_surfaces || !surfaces[id].exists)
    fail("UPDATE_AREA of surface %u, which the host does not have", id);
  else if (area.right > (int32_t)surfaces[id].width || area.bottom > (int32_t)surfaces[id].height)
    fail("UPDATE_AREA outside of surface %u", id);
}

void finish_async() {
  if (host.async == QXL_IO_UPDATE_AREA_ASYNC)
    update_area();
  else
    host.has_primary = host.async == QXL_IO_CREATE_PRIMARY_ASYNC;
  host.async = no_port;
  header().int_pending |= QXL_INTERRUPT_IO_CMD;
}

// The rim's handler and its thread (qxl_irq.c).
void interrupt() {
  if (!(header().int_pending & header().int_mask)) return;
  trace("interrupt %#x", header().int_pending);
  if (qxl_core_interrupt(guest) & QXL_IRQ_RELEASES) qxl_core_collect(guest);
}

}  // namespace

void host_power_on(const HostConfig &config) {
  host = {};
  host.config = config;
  guest = nullptr;
  rom = {};
  rom.slot_generation = generation;
  memset(surfaces, 0, sizeof(surfaces));
  memset(ram, 0, sizeof(ram));
  reset();
  add_to_snapshot(&host, sizeof(host));
  add_to_snapshot(surfaces, sizeof(surfaces[0]) * config.n_surfaces);
  // What is in use of it.
  add_to_snapshot(&header(), offsetof(QXLRam, log_buf));
  add_to_snapshot(&header().cmd_ring, sizeof(QXLCommandRing));
  add_to_snapshot(&header().release_ring, sizeof(QXLReleaseRing));
  add_to_snapshot(&header().update_area, sizeof(QXLRect));
  add_to_snapshot(&header().update_surface, sizeof(uint32_t));
}

qxl_resources host_resources() {
  qxl_resources res = {};

  res.rom = &rom;
  res.ram = ram;
  res.ram_header = &header();
  res.rom_bytes = sizeof(rom);
  res.ram_bytes = sizeof(ram);
  res.ram_base = ram_base;
  res.surface_bytes = surface_bar_bytes;
  res.surface_base = surface_base;
  res.revision = 5;
  return res;
}

qxl_rom_info host_rom() {
  qxl_rom_info info = {};

  info.ram_header_offset = ram_header_offset;
  info.primary_bytes = primary_bytes;
  info.n_surfaces = host.config.n_surfaces;
  info.slots_start = first_slot;
  info.slots_end = first_slot + 1;
  info.slot_id_bits = 8;
  info.slot_gen_bits = 8;
  return info;
}

uint32_t host_ids() {
  return host.config.n_surfaces;
}

void host_connect(qxl_core *core) {
  guest = core;
}

void host_port_write(uint32_t port, uint8_t) {
  switch (port) {
    case QXL_IO_NOTIFY_CMD:
      host.awake = true;
      break;
    case QXL_IO_NOTIFY_OOM:
      // Rule 5: destroying needs no memory.
      if (fibre_state().evictions) fail("evict asks for memory");
      host.oom = header().release_ring.prod == header().release_ring.cons;
      break;
    case QXL_IO_RESET:
      // Nobody may have woken it up for them.
      if (commands_waiting()) check_ready_for_commands();
      reset();
      break;
    case QXL_IO_CREATE_PRIMARY_ASYNC:
    case QXL_IO_DESTROY_PRIMARY_ASYNC:
    case QXL_IO_UPDATE_AREA_ASYNC:
      if (host.async != no_port) fail("async I/O %u before %u was done", port, host.async);
      host.async = port;
      break;
    default:
      break;
  }
}

void host_falls_silent() {
  host.silent = true;
}

// A server looks at its rings whenever anything wakes it up, a client's message for example.
bool host_has_work() {
  const bool woken = host.awake || host.oom || host.async != no_port;

  return !host.silent && (woken || commands_waiting());
}

void host_step() {
  QXLCommandRing &ring = header().cmd_ring;

  if (host.async != no_port) {
    finish_async();
  } else if (host.oom) {
    host.oom = false;
    drain_commands();
    push_releases();
  } else if (commands_waiting()) {
    take_command();
  } else {
    // Sleeps only after arming; nobody can come between.
    ring.notify_on_prod = ring.prod + 1;
    host.awake = false;
  }
  if (host.bunched >= host.config.bunch) push_releases();
  interrupt();
}

void host_main() {
  fibre_state().wait = {};
  for (;;) {
    host_step();
    wait_for({.kind = Wait::work});
  }
}

void host_check_id_free(uint32_t id) {
  if (!host.excused && (surfaces[id].exists || surfaces[id].dying))
    fail("id %u is given out before the host released its destroy", id);
}

bool host_uses_memory(uint64_t offset) {
  if (host.excused) return false;
  for (uint32_t id = 1; id < host.config.n_surfaces; id++)
    if ((surfaces[id].exists || surfaces[id].dying) && surfaces[id].offset == offset) return true;
  return false;
}

unsigned host_surfaces() {
  return host.surfaces;
}

unsigned host_creates() {
  return host.creates;
}

unsigned host_destroys() {
  return host.destroys;
}

void host_excuse() {
  host.excused = true;
}

bool host_excused() {
  return host.excused;
}

}  // namespace explore
