// SPDX-License-Identifier: GPL-2.0-only
#include "core/upload.h"

#include <spice/qxl_dev.h>

#include "core/protocol/commands.h"
#include "core/rect.h"

namespace qxl {
namespace {

// Bands of one batch; with what reserve() needs for them this stays well
// inside a kernel stack frame.
constexpr uint32_t kBands = 16;
static_assert(kBands <= Submission::kBatch);

uint64_t pixel_bytes(const qxl_rect& rect) {
  return pixels_of(rect) * kBytesPerPixel;
}

}  // namespace

// Cuts rectangles to what is visible and into bands that fit upload memory:
// full width, as high as may be, so that the usual rectangle stays whole.
class CopyPresenter::BandIterator {
 public:
  BandIterator(std::span<const qxl_rect> rects, const qxl_rect& visible, uint64_t largest)
      : rects_(rects), visible_(visible), room_(largest - kCopyPixels) {}

  // The next band, or false at the end.
  bool next(qxl_rect& band) {
    while (empty(rest_)) {
      if (rects_.empty()) return false;
      rest_ = intersect(rects_.front(), visible_);
      rects_ = rects_.subspan(1);
    }
    uint64_t rows = room_ / (uint64_t{width_of(rest_)} * kBytesPerPixel);
    band = rest_;
    if (rows < height_of(rest_)) band.y2 = band.y1 + static_cast<int32_t>(rows);
    rest_.y1 = band.y2;
    return true;
  }

 private:
  std::span<const qxl_rect> rects_;
  qxl_rect visible_;
  uint64_t room_;  // bytes of pixels a band may have; at least one row's
  qxl_rect rest_ = {};
};

Result<> CopyPresenter::present(const qxl_frame& frame, std::span<const qxl_rect> rects,
                                const qxl_rect& primary) {
  qxl_rect visible =
      intersect(rect_of_size(frame.width, frame.height), moved(primary, -frame.dx, -frame.dy));
  FrameReader reader(frame, 0, 0);
  return present(PixelSource(reader, Wait::kLong), rects, visible, frame.dx, frame.dy);
}

Result<> CopyPresenter::present(const PixelSource& pixels, std::span<const qxl_rect> rects,
                                const qxl_rect& visible, int32_t dx, int32_t dy) {
  BandIterator iterator(rects, visible, submission_.largest(Pool::kUpload));
  qxl_rect bands[kBands];
  uint32_t count = 0;
  Result<> result;
  while (result.ok() && iterator.next(bands[count])) {
    if (++count < kBands) continue;
    result = present_batch(pixels, {bands, count}, dx, dy);
    count = 0;
  }
  if (result.ok()) return present_batch(pixels, {bands, count}, dx, dy);
  for (qxl_rect rest; iterator.next(rest);) pixels.forget(rest);
  return result;
}

Result<> CopyPresenter::present_batch(const PixelSource& pixels, std::span<const qxl_rect> bands,
                                      int32_t dx, int32_t dy) {
  Result<> result;
  while (result.ok() && !bands.empty()) {
    uint32_t sent = 0;
    result = present_some(pixels, bands, dx, dy, sent);
    bands = bands.subspan(sent);
  }
  for (const qxl_rect& band : bands) pixels.forget(band);
  return result;
}

// As many as there is memory for, at least one; `sent` of them, also after an error.
Result<> CopyPresenter::present_some(const PixelSource& pixels, std::span<const qxl_rect> bands,
                                     int32_t dx, int32_t dy, uint32_t& sent) {
  uint64_t bytes[kBands];
  Release* releases[kBands];
  for (size_t i = 0; i < bands.size(); ++i) bytes[i] = kCopyPixels + pixel_bytes(bands[i]);
  auto reserved = submission_.reserve(Pool::kUpload, {bytes, bands.size()},
                                      {releases, bands.size()}, pixels.wait());
  if (!reserved.ok()) return reserved.error();
  for (uint32_t i = 0; i < reserved.value(); ++i)
    copy_band(pixels, bands[i], moved(bands[i], dx, dy), *releases[i]);
  return submission_.push(Queue::kDisplay, QXL_CMD_DRAW, {releases, reserved.value()},
                          pixels.wait(), &sent);
}

// Rows are packed: a stride wider than the rectangle would turn off the
// server's compression.
void CopyPresenter::copy_band(const PixelSource& pixels, const qxl_rect& band, const qxl_rect& dest,
                              const Release& release) {
  CommandMemory memory = {Submission::pointer(release), submission_.address(release)};
  uint32_t stride = width_of(band) * kBytesPerPixel;
  auto* to = memory.pointer + kCopyPixels;
  for (int32_t y = band.y1; y < band.y2; ++y, to += stride)
    pixels.copy(band.x1, y, width_of(band), to);
  Bitmap bitmap = {.data = DeviceAddress{memory.address.value() + kCopyPixels},
                   .width = width_of(band),
                   .height = height_of(band),
                   .stride = stride};
  build_copy(memory, dest, bitmap);
  add_relaxed(&rects_, 1);
  add_relaxed(&bytes_, pixel_bytes(band));
}

Result<> CopyPresenter::blank(const qxl_rect& dest, const qxl_rect& primary) {
  qxl_rect visible = intersect(dest, primary);
  if (empty(visible)) return {};
  auto release = submission_.reserve_one(Pool::kUpload, kFillBytes);
  if (!release.ok()) return release.error();
  Release& command = *release.value();
  build_fill({Submission::pointer(command), submission_.address(command)}, visible, 0);
  return submission_.submit_one(Queue::kDisplay, QXL_CMD_DRAW, command);
}

Result<> CopyPresenter::move(const qxl_rect& dest, int32_t dx, int32_t dy) {
  auto release = submission_.reserve_one(Pool::kUpload, kCopyBitsBytes, Wait::kBriefly);
  if (!release.ok()) return release.error();
  Release* command = release.value();
  build_copy_bits({Submission::pointer(*command), submission_.address(*command)}, dest, dx, dy);
  return submission_.push(Queue::kDisplay, QXL_CMD_DRAW, {&command, 1}, Wait::kBriefly);
}

}  // namespace qxl
