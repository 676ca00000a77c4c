// SPDX-License-Identifier: GPL-2.0-only
#include "core/shadow.h"

#include "qxl_k.h"

namespace qxl {

void Shadow::resize(uint32_t width, uint32_t height) {
  known_ = false;
  if (width == width_ && height == height_) return;
  release();
  uint32_t columns = (width + kTileWidth - 1) / kTileWidth;
  uint32_t rows = (height + kTileHeight - 1) / kTileHeight;
  size_t bytes = size_t{width} * height * kBytesPerPixel;
  pixels_ = static_cast<uint8_t*>(qxl_k_alloc(bytes + size_t{columns} * rows));
  if (!pixels_) return;
  marks_ = pixels_ + bytes;
  width_ = width;
  height_ = height;
  columns_ = columns;
}

void Shadow::release() {
  qxl_k_free(pixels_);
  pixels_ = marks_ = nullptr;
  width_ = height_ = columns_ = 0;
  known_ = false;
}

// Tiles ---------------------------------------------------------------------------

Shadow::Tiles Shadow::tiles_around(const qxl_rect& area) {
  return {.x1 = static_cast<uint32_t>(area.x1) / kTileWidth,
          .y1 = static_cast<uint32_t>(area.y1) / kTileHeight,
          .x2 = (static_cast<uint32_t>(area.x2) + kTileWidth - 1) / kTileWidth,
          .y2 = (static_cast<uint32_t>(area.y2) + kTileHeight - 1) / kTileHeight};
}

qxl_rect Shadow::pixels_under(const Tiles& tiles) {
  return {.x1 = static_cast<int32_t>(tiles.x1 * kTileWidth),
          .y1 = static_cast<int32_t>(tiles.y1 * kTileHeight),
          .x2 = static_cast<int32_t>(tiles.x2 * kTileWidth),
          .y2 = static_cast<int32_t>(tiles.y2 * kTileHeight)};
}

uint32_t Shadow::tiles_of(const qxl_rect& area) {
  Tiles tiles = tiles_around(area);
  return (tiles.x2 - tiles.x1) * (tiles.y2 - tiles.y1);
}

// Marks the tiles of row `y` that differ inside `area`.
void Shadow::mark_changed(const FrameReader& frame, const qxl_rect& area, uint32_t y) {
  Tiles tiles = tiles_around(area);
  qxl_rect row = intersect(area, pixels_under({0, y, columns_, y + 1}));
  for (uint32_t x = tiles.x1; x < tiles.x2; ++x) {
    qxl_rect part = intersect(row, pixels_under({x, y, x + 1, y + 1}));
    size_t bytes = size_t{width_of(part)} * kBytesPerPixel;
    int32_t line = part.y1;
    while (line < part.y2 && __builtin_memcmp(frame.span(part.x1, line, width_of(part)),
                                              at(part.x1, line), bytes) == 0)
      ++line;
    mark(x, y) = line < part.y2;
  }
}

Shadow::Changes Shadow::compare(const FrameReader& frame, const qxl_rect& area) {
  Tiles tiles = tiles_around(area);
  Changes changes = {};
  for (uint32_t y = tiles.y1; y < tiles.y2; ++y) {
    mark_changed(frame, area, y);
    for (uint32_t x = tiles.x1; x < tiles.x2; ++x) {
      if (!mark(x, y)) continue;
      qxl_rect part = intersect(area, pixels_under({x, y, x + 1, y + 1}));
      changes.bounds = changes.tiles == 0 ? part : around(changes.bounds, part);
      ++changes.tiles;
    }
  }
  return changes;
}

// Whether all tiles of row `y` between the columns of `tiles` are marked.
bool Shadow::all_marked(const Tiles& tiles, uint32_t y) {
  for (uint32_t x = tiles.x1; x < tiles.x2; ++x)
    if (!mark(x, y)) return false;
  return true;
}

// From the tile at `x` of the first row as far right as tiles are marked, and as
// far down as rows have all of the same.
qxl_rect Shadow::Marked::take(uint32_t x) {
  Tiles block = {x, left_.y1, x + 1, left_.y1 + 1};
  while (block.x2 < left_.x2 && shadow_.mark(block.x2, block.y1)) ++block.x2;
  while (block.y2 < left_.y2 && shadow_.all_marked(block, block.y2)) ++block.y2;
  for (uint32_t y = block.y1; y < block.y2; ++y)
    __builtin_memset(&shadow_.mark(x, y), 0, block.x2 - x);
  return intersect(area_, pixels_under(block));
}

bool Shadow::Marked::next(qxl_rect& rect) {
  for (; left_.y1 < left_.y2; ++left_.y1) {
    for (uint32_t x = left_.x1; x < left_.x2; ++x) {
      if (!shadow_.mark(x, left_.y1)) continue;
      rect = take(x);
      return true;
    }
  }
  return false;
}

// Contents ------------------------------------------------------------------------

// Rows in the order in which none is overwritten before it has moved.
void Shadow::move(const Move& move) {
  size_t bytes = size_t{width_of(move.dest)} * kBytesPerPixel;
  for (uint32_t i = 0; i < height_of(move.dest); ++i) {
    int32_t row = static_cast<int32_t>(i);
    int32_t y = move.dy > 0 ? move.dest.y2 - 1 - row : move.dest.y1 + row;
    __builtin_memmove(pixels_ + offset(move.dest.x1, y), at(move.dest.x1 - move.dx, y - move.dy),
                      bytes);
  }
}

}  // namespace qxl
