// SPDX-License-Identifier: GPL-2.0-only
// Drawing on the host's pictures of surfaces. As late as SPICE may: when the
// command is released or somebody looks, so that memory reused too early shows.
#include <spice/enums.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "device.h"

namespace fake {
namespace {

QXLRect intersect(const QXLRect &a, const QXLRect &b) {
  // The plus makes values: no references into packed structures.
  return {std::max(+a.top, +b.top), std::max(+a.left, +b.left), std::min(+a.bottom, +b.bottom),
          std::min(+a.right, +b.right)};
}

// Where pixels come from: a solid colour, rows in memory, or a picture.
const uint8_t *source_pixel(const Drawing &drawing, Canvas *from, int64_t x, int64_t y,
                            unsigned bpp) {
  if (drawing.type == QXL_DRAW_FILL) return (const uint8_t *)&drawing.color;
  if (from) return from->at(x, y);
  return drawing.rows.at((size_t)y) + (size_t)x * bpp;
}

}  // namespace

unsigned surface_bytes_per_pixel(uint32_t format) {
  switch (format) {
    case SPICE_SURFACE_FMT_8_A:
      return 1;
    case SPICE_SURFACE_FMT_16_555:
    case SPICE_SURFACE_FMT_16_565:
      return 2;
    case SPICE_SURFACE_FMT_32_xRGB:
    case SPICE_SURFACE_FMT_32_ARGB:
      return 4;
    default:
      return 0;
  }
}

// Without KEEP_DATA the server clears the surface.
void Canvas::create(uint32_t w, uint32_t h, uint32_t format, int32_t pitch, uint8_t *where,
                    bool keep_data) {
  width = w;
  height = h;
  bpp = surface_bytes_per_pixel(format);
  stride = pitch;
  memory = where;
  pixels.assign((size_t)w * h * bpp, 0);
  if (!keep_data) memset(memory, 0, (size_t)std::abs((int64_t)stride) * h);
  for (uint32_t y = 0; keep_data && y < h; y++) memcpy(at(0, y), row(y), (size_t)w * bpp);
}

uint8_t *Canvas::row(uint32_t y) const {
  const uint32_t line = stride < 0 ? height - 1 - y : y;

  return memory + (size_t)std::abs((int64_t)stride) * line;
}

void Canvas::write_back(const QXLRect &area) const {
  for (int32_t y = area.top; y < area.bottom; y++)
    memcpy(row((uint32_t)y) + (size_t)area.left * bpp,
           &pixels[((size_t)y * width + (size_t)area.left) * bpp],
           (size_t)(area.right - area.left) * bpp);
}

Canvas *FakeDevice::canvas(uint32_t id) {
  const auto found = surfaces_.find(id);

  if (id == 0) return mode_ == Mode::native ? &picture_ : nullptr;
  return found == surfaces_.end() ? nullptr : &found->second.canvas;
}

void FakeDevice::render_rect(const Drawing &drawing, const QXLRect &area) {
  Canvas &to = *canvas(drawing.target);
  const int64_t dx = (int64_t)drawing.source.left - drawing.bbox.left;
  const int64_t dy = (int64_t)drawing.source.top - drawing.bbox.top;
  std::optional<Canvas> before;

  if (drawing.source_surface) {
    const Canvas *from = canvas(*drawing.source_surface);

    if (!from) return;  // with its primary gone, the command is void
    before = *from;
  }
  for (int y = area.top; y < area.bottom; y++)
    for (int x = area.left; x < area.right; x++)
      memcpy(to.at(x, y),
             source_pixel(drawing, before ? &*before : nullptr, x + dx, y + dy, to.bpp), to.bpp);
}

void FakeDevice::render(Held &held) {
  if (!held.drawing) return;
  check_unchanged(held);
  const Drawing &drawing = *held.drawing;

  if (canvas(drawing.target) && drawing.rop == SPICE_ROPD_OP_PUT &&
      drawing.type != QXL_DRAW_COMPOSITE)
    for (const QXLRect &clip : drawing.clips) render_rect(drawing, intersect(clip, drawing.bbox));
  held.drawing.reset();
}

void FakeDevice::render_pending() {
  for (Held &held : held_) render(held);
}

}  // namespace fake
