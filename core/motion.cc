// SPDX-License-Identifier: GPL-2.0-only
#include "core/motion.h"

#include "core/compare.h"

namespace qxl {
namespace {

constexpr int32_t kAnchor = MotionSearch::kAnchor;
constexpr size_t kAnchorBytes = size_t{kAnchor} * kBytesPerPixel;
// Rows below a wanted place in which an anchor is looked for: a line of text
// has some rows with ink.
constexpr int32_t kAnchorRows = 24;
// Wanted places each way.
constexpr int32_t kAnchorGrid = 3;
// What looks alike in many places is not followed everywhere.
constexpr uint32_t kMaxConsidered = 16;
// A moved block is worth a command of its own from this part of the area on.
constexpr uint32_t kWorth = 4;

// Pixels [left, right) of a row.
struct Range {
  int32_t left;
  int32_t right;

  [[nodiscard]] uint64_t width() const {
    return left < right ? static_cast<uint32_t>(right - left) : 0;
  }
};

// One way in which the area may have moved.
class Shift {
 public:
  Shift(const FrameReader& frame, const Shadow& shadow, int32_t dx, int32_t dy)
      : frame_(frame), shadow_(shadow), dx_(dx), dy_(dy) {}

  // Where `area` can have come from the shadow.
  [[nodiscard]] qxl_rect possible(const qxl_rect& area) const {
    return intersect(area, moved(shadow_.extent(), dx_, dy_));
  }

  // The pixels around [anchor, anchor + kAnchor) of row `y` that have moved
  // this way, inside `limits`; none when the anchor's have not. Mostly it is all.
  [[nodiscard]] Range matching(int32_t anchor, int32_t y, Range limits) const {
    if (same(limits.left, y, limits.right - limits.left)) return limits;
    if (!same(anchor, y, kAnchor)) return {anchor, anchor};
    Range range = {anchor, anchor + kAnchor};
    while (int32_t step = same_right(range.right, y, limits.right)) range.right += step;
    while (int32_t step = same_left(range.left, y, limits.left)) range.left -= step;
    return range;
  }

 private:
  [[nodiscard]] bool same(int32_t x, int32_t y, int32_t count) const {
    for (auto left = static_cast<uint32_t>(count); left != 0;) {
      uint32_t some = frame_.look(left);
      if (!same_pixels(frame_.span(x, y, some), shadow_.at(x - dx_, y - dy_), some)) return false;
      x += static_cast<int32_t>(some);
      left -= some;
    }
    return true;
  }
  // How many pixels from `x` on, at most a span; 0: no more. Halving finds the
  // end of a span that is the same in part.
  [[nodiscard]] int32_t same_right(int32_t x, int32_t y, int32_t limit) const {
    int32_t count = limit - x < kSpan ? limit - x : kSpan;
    while (count > 0 && !same(x, y, count)) count /= 2;
    return count > 0 ? count : 0;
  }
  [[nodiscard]] int32_t same_left(int32_t x, int32_t y, int32_t limit) const {
    int32_t count = x - limit < kSpan ? x - limit : kSpan;
    while (count > 0 && !same(x - count, y, count)) count /= 2;
    return count > 0 ? count : 0;
  }

  static constexpr int32_t kSpan = FrameReader::kSpan;

  const FrameReader& frame_;
  const Shadow& shadow_;
  int32_t dx_;
  int32_t dy_;
};

// The largest of the rectangles that row `y` and the rows from there on up to
// `end`, in steps of `step`, have as their top or bottom; `first` is row y's range.
// `others` rows belong to it already.
struct Growth {
  Range range;
  int32_t rows;
};

Growth grow(const Shift& shift, int32_t anchor, Range first, int32_t y, int32_t end, int32_t step,
            int32_t others) {
  Growth best = {first, others};
  uint64_t most = first.width() * static_cast<uint32_t>(others);
  Range range = first;
  for (int32_t rows = others + 1; y != end; y += step, ++rows) {
    range = shift.matching(anchor, y, range);
    uint64_t pixels = range.width() * static_cast<uint32_t>(rows);
    if (pixels == 0) break;
    if (pixels < most) continue;
    most = pixels;
    best = {range, rows};
  }
  return best;
}

}  // namespace

// Something that does not look the same wherever it is put, and was not there.
bool MotionSearch::has_structure() const {
  return __builtin_memcmp(anchor_, anchor_ + kBytesPerPixel, kAnchorBytes - kBytesPerPixel) != 0 &&
         !anchor_is_at(anchor_x_, anchor_y_);
}

bool MotionSearch::find_anchor(int32_t x, int32_t y) {
  anchor_x_ = x;
  for (int32_t row = 0; row < kAnchorRows && y + row < area_.y2; ++row) {
    anchor_y_ = y + row;
    frame_.copy(anchor_x_, anchor_y_, kAnchor, anchor_);
    if (has_structure()) return true;
  }
  return false;
}

// Whether the shadow has the anchor's pixels at (x, y).
bool MotionSearch::anchor_is_at(int32_t x, int32_t y) const {
  return __builtin_memcmp(anchor_, shadow_.at(x, y), kAnchorBytes) == 0;
}

bool MotionSearch::good_enough() const {
  return !empty(best_.dest) && pixels_of(best_.dest) >= pixels_of(area_) / 2;
}

void MotionSearch::consider(int32_t dx, int32_t dy) {
  if (++considered_ > kMaxConsidered) return;
  Shift shift(frame_, shadow_, dx, dy);
  qxl_rect possible = shift.possible(area_);
  Range limits = {possible.x1, possible.x2};
  Growth down = grow(shift, anchor_x_, limits, anchor_y_, possible.y2, 1, 0);
  if (down.rows == 0) return;
  Growth up = grow(shift, anchor_x_, down.range, anchor_y_ - 1, possible.y1 - 1, -1, down.rows);
  int32_t bottom = anchor_y_ + down.rows;
  qxl_rect dest = {up.range.left, bottom - up.rows, up.range.right, bottom};
  if (empty(best_.dest) || pixels_of(dest) > pixels_of(best_.dest)) best_ = {dest, dx, dy};
}

void MotionSearch::search_from_anchor() {
  qxl_rect shadow = shadow_.extent();
  for (int32_t y = shadow.y1; y < shadow.y2 && !good_enough(); ++y)
    if (anchor_is_at(anchor_x_, y)) consider(0, anchor_y_ - y);
  for (int32_t x = shadow.x1; x + kAnchor <= shadow.x2 && !good_enough(); ++x)
    if (anchor_is_at(x, anchor_y_)) consider(anchor_x_ - x, 0);
}

Move MotionSearch::find() {
  int32_t width = area_.x2 - area_.x1;
  int32_t height = area_.y2 - area_.y1;
  if (width < kAnchor) return {};
  for (int32_t i = 0; i < kAnchorGrid * kAnchorGrid && !good_enough(); ++i) {
    int32_t column = i % kAnchorGrid;
    int32_t row = i / kAnchorGrid;
    if (find_anchor(area_.x1 + (width - kAnchor) * (1 + 2 * column) / (2 * kAnchorGrid),
                    area_.y1 + height * (1 + 2 * row) / (2 * kAnchorGrid)))
      search_from_anchor();
  }
  bool worth = !empty(best_.dest) && pixels_of(best_.dest) >= pixels_of(area_) / kWorth;
  return worth ? best_ : Move{};
}

}  // namespace qxl
