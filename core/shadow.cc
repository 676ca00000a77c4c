// SPDX-License-Identifier: GPL-2.0-only
#include "core/shadow.h"

#include "core/compare.h"
#include "qxl_k.h"

namespace qxl {

void Shadow::resize(uint32_t width, uint32_t height) {
  uint32_t columns = (width + kTileWidth - 1) / kTileWidth;
  uint32_t rows = (height + kTileHeight - 1) / kTileHeight;
  size_t tiles = size_t{columns} * rows;
  size_t bytes = size_t{width} * height * kBytesPerPixel;
  if (bytes + 2 * tiles > capacity_) {
    release();
    pixels_ = static_cast<uint8_t*>(qxl_k_alloc(bytes + 2 * tiles));
    if (!pixels_) return;
    capacity_ = bytes + 2 * tiles;
  }
  marks_ = pixels_ + bytes;
  known_ = marks_ + tiles;
  width_ = width;
  height_ = height;
  columns_ = columns;
  rows_ = rows;
  forget(extent());
}

void Shadow::release() {
  qxl_k_free(pixels_);
  pixels_ = marks_ = known_ = nullptr;
  capacity_ = 0;
  width_ = height_ = columns_ = rows_ = 0;
}

// Tiles ---------------------------------------------------------------------------

Shadow::Tiles Shadow::tiles_around(const qxl_rect& area) {
  return {.x1 = static_cast<uint32_t>(area.x1) / kTileWidth,
          .y1 = static_cast<uint32_t>(area.y1) / kTileHeight,
          .x2 = (static_cast<uint32_t>(area.x2) + kTileWidth - 1) / kTileWidth,
          .y2 = (static_cast<uint32_t>(area.y2) + kTileHeight - 1) / kTileHeight};
}

// None: x1 >= x2 or y1 >= y2. At the right and lower edge of the head tiles are cut.
Shadow::Tiles Shadow::tiles_inside(const qxl_rect& area) const {
  auto x2 = static_cast<uint32_t>(area.x2);
  auto y2 = static_cast<uint32_t>(area.y2);
  return {.x1 = (static_cast<uint32_t>(area.x1) + kTileWidth - 1) / kTileWidth,
          .y1 = (static_cast<uint32_t>(area.y1) + kTileHeight - 1) / kTileHeight,
          .x2 = x2 == width_ ? columns_ : x2 / kTileWidth,
          .y2 = y2 == height_ ? rows_ : y2 / kTileHeight};
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

void Shadow::set_known(const Tiles& tiles, uint8_t value) {
  if (tiles.x1 >= tiles.x2) return;
  for (uint32_t y = tiles.y1; y < tiles.y2; ++y)
    __builtin_memset(known(tiles.x1, y), value, tiles.x2 - tiles.x1);
}

bool Shadow::knows(const qxl_rect& rect) const {
  Tiles tiles = tiles_around(rect);
  for (uint32_t y = tiles.y1; y < tiles.y2; ++y)
    for (uint32_t x = tiles.x1; x < tiles.x2; ++x)
      if (!*known(x, y)) return false;
  return true;
}

// Whether the frame differs in a part of a tile.
bool Shadow::changed(const FrameReader& frame, const qxl_rect& part) const {
  uint32_t width = width_of(part);
  for (int32_t y = part.y1; y < part.y2; ++y)
    if (!same_pixels(frame.span(part.x1, y, width), at(part.x1, y), width)) return true;
  return false;
}

// Marks the tiles of row `y` that differ inside `area`.
void Shadow::mark_changed(const FrameReader& frame, const qxl_rect& area, const qxl_rect& same,
                          uint32_t y) {
  Tiles tiles = tiles_around(area);
  qxl_rect row = intersect(area, pixels_under({0, y, columns_, y + 1}));
  for (uint32_t x = tiles.x1; x < tiles.x2; ++x) {
    qxl_rect part = intersect(row, pixels_under({x, y, x + 1, y + 1}));
    mark(x, y) = !*known(x, y) || (!contains(same, part) && changed(frame, part));
  }
}

Shadow::Changes Shadow::compare(const FrameReader& frame, const qxl_rect& area,
                                const qxl_rect& same) {
  Tiles tiles = tiles_around(area);
  Changes changes = {};
  for (uint32_t y = tiles.y1; y < tiles.y2; ++y) {
    mark_changed(frame, area, same, y);
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
  uint32_t width = width_of(move.dest);
  for (uint32_t i = 0; i < height_of(move.dest); ++i) {
    int32_t row = static_cast<int32_t>(i);
    int32_t y = move.dy > 0 ? move.dest.y2 - 1 - row : move.dest.y1 + row;
    auto* to = pixels_ + offset(move.dest.x1, y);
    const auto* from = at(move.dest.x1 - move.dx, y - move.dy);
    if (move.dy != 0)
      copy_pixels(to, from, width);
    else
      __builtin_memmove(to, from, size_t{width} * kBytesPerPixel);
  }
}

}  // namespace qxl
