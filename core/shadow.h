// SPDX-License-Identifier: GPL-2.0-only
// What a head shows, as the driver sent it, kept in memory that is fast to read.
#pragma once

#include <cstdint>

#include "core/frame_reader.h"
#include "core/rect.h"

namespace qxl {

// A block that shows what was (dx, dy) pixels to the left and above of it.
// An empty one: nothing has moved.
struct Move {
  qxl_rect dest;
  int32_t dx;
  int32_t dy;
};

// Not thread-safe: a head's commits come one after the other. Rectangles lie
// inside the shadow and are not empty.
//
// INVARIANT: the contents of a tile that is known are what the host shows once it
// has executed all commands: what goes to the host passes through here.
class Shadow {
 public:
  // Changes are looked for by tiles of so many pixels.
  static constexpr uint32_t kTileWidth = FrameReader::kSpan;
  static constexpr uint32_t kTileHeight = 16;

  struct Changes {
    uint32_t tiles;   // that have changed
    qxl_rect bounds;  // around them, inside what was compared; if any have
  };

  Shadow() = default;
  ~Shadow() { release(); }
  Shadow(const Shadow&) = delete;
  Shadow& operator=(const Shadow&) = delete;

  // For a head of this size, with contents that are not known. Memory of a larger
  // one is kept. Without any there is no shadow, as after release(). May sleep.
  void resize(uint32_t width, uint32_t height);
  void release();
  [[nodiscard]] bool exists() const { return pixels_ != nullptr; }
  [[nodiscard]] qxl_rect extent() const { return rect_of_size(width_, height_); }

  // What the host shows there is not known any more.
  void forget(const qxl_rect& rect) { set_known(tiles_around(rect), 0); }
  // `rect` is being sent by way of this shadow: the tiles inside it are known.
  void learn(const qxl_rect& rect) { set_known(tiles_inside(rect), 1); }
  [[nodiscard]] bool knows(const qxl_rect& rect) const;

  [[nodiscard]] const uint8_t* at(int32_t x, int32_t y) const { return pixels_ + offset(x, y); }

  // Tiles that `area` touches.
  [[nodiscard]] static uint32_t tiles_of(const qxl_rect& area);
  // Marks the tiles of `area` in which the frame differs from the contents, or in
  // which they are not known. What is in `same` need not be looked at.
  Changes compare(const FrameReader& frame, const qxl_rect& area, const qxl_rect& same);
  // The marked tiles, as rectangles.
  class Marked;

  // Takes over `count` of the frame's pixels from (x, y) on.
  void update(const FrameReader& frame, int32_t x, int32_t y, uint32_t count) {
    frame.copy(x, y, count, pixels_ + offset(x, y));
  }
  void move(const Move& move);

 private:
  struct Tiles {
    uint32_t x1, y1, x2, y2;
  };

  [[nodiscard]] static Tiles tiles_around(const qxl_rect& area);
  [[nodiscard]] Tiles tiles_inside(const qxl_rect& area) const;
  [[nodiscard]] static qxl_rect pixels_under(const Tiles& tiles);
  [[nodiscard]] uint8_t& mark(uint32_t x, uint32_t y) { return marks_[size_t{columns_} * y + x]; }
  [[nodiscard]] uint8_t* known(uint32_t x, uint32_t y) const {
    return known_ + size_t{columns_} * y + x;
  }
  void set_known(const Tiles& tiles, uint8_t value);
  [[nodiscard]] size_t offset(int32_t x, int32_t y) const {
    return (size_t{width_} * static_cast<uint32_t>(y) + static_cast<uint32_t>(x)) * kBytesPerPixel;
  }
  [[nodiscard]] bool all_marked(const Tiles& tiles, uint32_t y);
  [[nodiscard]] bool changed(const FrameReader& frame, const qxl_rect& part) const;
  void mark_changed(const FrameReader& frame, const qxl_rect& area, const qxl_rect& same,
                    uint32_t y);

  uint8_t* pixels_ = nullptr;  // packed rows; what there is for each tile is behind them
  uint8_t* marks_ = nullptr;   // 1: has changed
  uint8_t* known_ = nullptr;   // 1: known
  size_t capacity_ = 0;        // bytes at pixels_
  uint32_t width_ = 0;
  uint32_t height_ = 0;
  uint32_t columns_ = 0;  // of tiles
  uint32_t rows_ = 0;
};

// Goes through the marks that compare() has left in `area`, and removes them.
class Shadow::Marked {
 public:
  Marked(Shadow& shadow, const qxl_rect& area)
      : shadow_(shadow), area_(area), left_(tiles_around(area)) {}
  // Some of them that make up one rectangle, or false when none is left.
  bool next(qxl_rect& rect);

 private:
  qxl_rect take(uint32_t x);

  Shadow& shadow_;
  qxl_rect area_;
  Tiles left_;  // none above
};

}  // namespace qxl
