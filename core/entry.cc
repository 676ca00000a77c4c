// SPDX-License-Identifier: GPL-2.0-only
// The border: every extern "C" function of the core, and the only place where
// an Error becomes an errno.
#include <algorithm>

#include "core/base/errno.h"
#include "core/device.h"
#include "core/draw_parser.h"
#include "core/edid.h"
#include "qxl_core.h"

namespace {

using qxl::Device;
using qxl::Error;
using qxl::SurfaceId;

int errno_of(Error error) {
  switch (error) {
    case Error::kNoDevice:
      return qxl::kEnodev;
    case Error::kNoMemory:
      return qxl::kEnomem;
    case Error::kNoSpace:
      return qxl::kEnospc;
    case Error::kInvalid:
      return qxl::kEinval;
    case Error::kLost:
      return qxl::kEio;
    case Error::kAgain:
      return qxl::kEagain;
  }
  return qxl::kEinval;
}

template <typename T>
int errno_of(const qxl::Result<T>& result) {
  return result.ok() ? 0 : errno_of(result.error());
}

// SAFETY: a qxl_core is only ever made by qxl_core_create(), from a Device.
Device& device(qxl_core* core) {
  return *reinterpret_cast<Device*>(core);
}

const Device& device(const qxl_core* core) {
  return *reinterpret_cast<const Device*>(core);
}

}  // namespace

extern "C" {

int qxl_core_read_rom(qxl_device* dev, const qxl_resources* res, qxl_rom_info* rom) {
  auto result = qxl::read_rom(dev, *res);
  if (result.ok()) {
    *rom = result.value();
    rom->n_surfaces = std::min(rom->n_surfaces, qxl::Surfaces::kMostIds);
  }
  return errno_of(result);
}

int qxl_core_create(qxl_device* dev, const qxl_resources* res, const qxl_rom_info* rom,
                    uint32_t heads, qxl_core** core) {
  auto result = Device::create(dev, *res, *rom, heads);
  if (result.ok()) *core = reinterpret_cast<qxl_core*>(result.value());
  return errno_of(result);
}

void qxl_core_destroy(qxl_core* core) {
  Device::destroy(reinterpret_cast<Device*>(core));
}

void qxl_core_get_layout(const qxl_core* core, qxl_layout* layout) {
  *layout = device(core).layout();
}

int qxl_core_start(qxl_core* core) {
  return errno_of(device(core).start());
}

void qxl_core_stop(qxl_core* core, int error) {
  device(core).stop(error);
}

void qxl_core_leave(qxl_core* core) {
  device(core).leave();
}

void qxl_core_lose(qxl_core* core) {
  device(core).submission().lose();
}

bool qxl_core_is_lost(const qxl_core* core) {
  return device(core).lost();
}

uint32_t qxl_core_interrupt(qxl_core* core) {
  return device(core).interrupt();
}

void qxl_core_collect(qxl_core* core) {
  device(core).submission().collect();
}

void qxl_core_flush(qxl_core* core) {
  device(core).submission().flush();
}

int qxl_core_set_primary(qxl_core* core, uint32_t width, uint32_t height) {
  return errno_of(device(core).set_primary(width, height));
}

bool qxl_core_primary_fits(const qxl_core* core, uint32_t width, uint32_t height) {
  return device(core).primary_fits(width, height);
}

int qxl_core_adopt_primary(qxl_core* core, const qxl_surface_desc* desc, uint64_t offset,
                           const void* memory) {
  return errno_of(device(core).adopt_primary(*desc, offset, memory));
}

bool qxl_core_can_adopt_primary(const qxl_core* core, const qxl_surface_desc* desc) {
  return device(core).can_adopt_primary(*desc);
}

int qxl_core_read_primary(qxl_core* core, const qxl_rect* area, void* pixels, size_t pitch) {
  return errno_of(device(core).read_primary(*area, pixels, pitch));
}

int qxl_core_crc_of_primary(qxl_core* core, const qxl_rect* area, uint32_t* crc) {
  auto result = device(core).crc_of_primary(*area);
  if (result.ok()) *crc = result.value();
  return errno_of(result);
}

int qxl_core_set_monitors(qxl_core* core, const qxl_head* heads, uint32_t count) {
  return errno_of(device(core).set_monitors({heads, count}));
}

int qxl_core_client_monitors(qxl_core* core, qxl_head* heads, uint32_t count, uint32_t* wanted) {
  auto result = device(core).client_monitors({heads, count});
  if (result.ok()) *wanted = result.value();
  return errno_of(result);
}

void qxl_core_make_edid(const qxl_monitor* monitor, uint8_t* edid) {
  qxl::make_edid(*monitor, std::span<uint8_t, QXL_EDID_BYTES>(edid, QXL_EDID_BYTES));
}

int qxl_core_present(qxl_core* core, const qxl_frame* frame, const qxl_rect* rects,
                     uint32_t count) {
  return errno_of(device(core).present(*frame, {rects, count}));
}

bool qxl_core_is_stalled(qxl_core* core) {
  return device(core).submission().stalled(qxl::Queue::kDisplay);
}

int qxl_core_blank(qxl_core* core, const qxl_rect* rect) {
  return errno_of(device(core).blank(*rect));
}

int qxl_core_cursor_set(qxl_core* core, uint32_t head, const qxl_cursor_image* image, int32_t x,
                        int32_t y) {
  return errno_of(device(core).cursor().set(head, *image, x, y));
}

int qxl_core_cursor_move(qxl_core* core, uint32_t head, int32_t x, int32_t y) {
  return errno_of(device(core).cursor().move(head, x, y));
}

int qxl_core_cursor_hide(qxl_core* core, uint32_t head) {
  return errno_of(device(core).cursor().hide(head));
}

int qxl_core_cursor_catch_up(qxl_core* core) {
  return errno_of(device(core).cursor().catch_up());
}

int qxl_core_surface_size(const qxl_surface_desc* desc, size_t* bytes) {
  auto result = qxl::surface_size(*desc);
  if (result.ok()) *bytes = result.value();
  return errno_of(result);
}

int qxl_core_surface_create(qxl_core* core, qxl_bo* bo, const qxl_surface_desc* desc,
                            uint64_t offset, qxl_fence* destroyed, uint32_t* id) {
  auto result = device(core).create_surface(bo, *desc, offset, destroyed);
  if (result.ok()) *id = result.value().value();
  return errno_of(result);
}

qxl_bo* qxl_core_surface_lookup(qxl_core* core, uint32_t id) {
  return device(core).surface_ids().lookup(SurfaceId{id});
}

void qxl_core_surface_touch(qxl_core* core, uint32_t id) {
  device(core).surface_ids().touch(SurfaceId{id});
}

qxl_bo* qxl_core_surface_oldest(qxl_core* core, uint64_t* since) {
  return device(core).surface_ids().next_oldest(*since);
}

void qxl_core_surface_evict(qxl_core* core, uint32_t id) {
  device(core).surfaces().evict(SurfaceId{id});
}

int qxl_core_surface_update(qxl_core* core, uint32_t id, const qxl_rect* area) {
  return errno_of(device(core).update_surface(SurfaceId{id}, *area));
}

int qxl_core_parse_draw(const qxl_command* command, const qxl_exec_bo* bos, uint32_t num_bos,
                        qxl_piece* pieces, qxl_draw* draw) {
  return errno_of(qxl::parse_draw(*command, {bos, num_bos}, {pieces, command->num_relocs}, *draw));
}

int qxl_core_execute_draw(qxl_core* core, const qxl_draw* draw, const qxl_exec_bo* bos,
                          uint32_t num_bos) {
  return errno_of(device(core).executor().execute(*draw, {bos, num_bos}));
}

void qxl_core_execute_end(qxl_core* core) {
  device(core).submission().end_draws();
}

int qxl_core_panic_buffer(const qxl_core* core, const qxl_head* heads, uint32_t count,
                          uint32_t head, qxl_panic_buffer* buffer) {
  auto result = device(core).panic_buffer({heads, count}, head);
  if (result.ok()) *buffer = result.value();
  return errno_of(result);
}

void qxl_core_panic_show(qxl_core* core, const qxl_head* heads, uint32_t count, uint32_t head) {
  device(core).panic_show({heads, count}, head);
}

bool qxl_core_client_has(qxl_core* core, uint32_t index) {
  return device(core).client_has(index);
}

void qxl_core_get_counters(qxl_core* core, qxl_counters* counters) {
  device(core).fill_counters(*counters);
}

}  // extern "C"
