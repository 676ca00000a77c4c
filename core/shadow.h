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
// INVARIANT: while the contents are known, they are what the host shows once it
// has executed all commands: what goes to the host is read from here.
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

  // For a head of this size, with contents that are not known. Without memory
  // there is no shadow, as after release(). May sleep.
  void resize(uint32_t width, uint32_t height);
  void release();
  [[nodiscard]] bool exists() const { return pixels_ != nullptr; }
  [[nodiscard]] qxl_rect extent() const { return rect_of_size(width_, height_); }

  [[nodiscard]] bool known() const { return known_; }
  void forget() { known_ = false; }
  // `rect` is being sent: with all of it the contents are known.
  void learn(const qxl_rect& rect) {
    known_ |= width_of(rect) == width_ && height_of(rect) == height_;
  }

  [[nodiscard]] const uint8_t* at(int32_t x, int32_t y) const {
    return pixels_ +
           (size_t{width_} * static_cast<uint32_t>(y) + static_cast<uint32_t>(x)) * kBytesPerPixel;
  }

  // Tiles that `area` touches.
  [[nodiscard]] static uint32_t tiles_of(const qxl_rect& area);
  // Marks the tiles of `area` in which the frame differs from the contents.
  Changes compare(const FrameReader& frame, const qxl_rect& area);
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
  [[nodiscard]] static qxl_rect pixels_under(const Tiles& tiles);
  [[nodiscard]] uint8_t& mark(uint32_t x, uint32_t y) { return marks_[size_t{columns_} * y + x]; }
  [[nodiscard]] size_t offset(int32_t x, int32_t y) const {
    return (size_t{width_} * static_cast<uint32_t>(y) + static_cast<uint32_t>(x)) * kBytesPerPixel;
  }
  [[nodiscard]] bool all_marked(const Tiles& tiles, uint32_t y);
  void mark_changed(const FrameReader& frame, const qxl_rect& area, uint32_t y);

  uint8_t* pixels_ = nullptr;  // packed rows; the marks are behind them
  uint8_t* marks_ = nullptr;   // one for each tile
  uint32_t width_ = 0;
  uint32_t height_ = 0;
  uint32_t columns_ = 0;  // of tiles
  bool known_ = false;
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
