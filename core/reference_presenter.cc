// SPDX-License-Identifier: GPL-2.0-only
#include "core/reference_presenter.h"

#include <spice/qxl_dev.h>

#include "core/protocol/commands.h"

namespace qxl {
namespace {

// Of the surface BAR.
uint64_t first_byte(const qxl_frame& frame, const qxl_rect& part) {
  return frame.offset + uint64_t{frame.pitch} * static_cast<uint32_t>(part.y1) +
         uint64_t{kBytesPerPixel} * static_cast<uint32_t>(part.x1);
}

}  // namespace

// The server wants whole rows of the bitmap inside the slot, also the last one,
// and ends QEMU otherwise; and it takes no bitmap of 2 GiB.
bool ReferencePresenter::can_present(const Reference& reference, const qxl_rect& part) const {
  if (!reference.reading) return false;
  const qxl_frame& frame = *reference.frame;
  if (frame.format != QXL_PIXELS_XRGB8888 || frame.lut || frame.pitch % 4 != 0) return false;
  if (frame.offset % 4 != 0 || frame.offset >= bytes_) return false;
  uint64_t bytes = uint64_t{frame.pitch} * height_of(part);
  return bytes <= INT32_MAX && first_byte(frame, part) + bytes <= bytes_;
}

Result<> ReferencePresenter::present(const Reference& reference, const qxl_rect& part,
                                     const qxl_rect& dest, uint32_t& readers) {
  auto release = submission_.reserve_one(Pool::kUpload, kCopyBytes);
  if (!release.ok()) return release.error();
  Release& command = *release.value();
  Bitmap bitmap = {.data = slot_.address(first_byte(*reference.frame, part)),
                   .width = width_of(part),
                   .height = height_of(part),
                   .stride = reference.frame->pitch,
                   .unstable = true};
  build_copy({Submission::pointer(command), submission_.address(command)}, dest, bitmap);
  command.fence = *reference.reading;
  *reference.reading = nullptr;
  command.readers = &readers;
  add_relaxed(&readers, 1);
  add_relaxed(&presented_bytes_, pixels_of(part) * kBytesPerPixel);
  return submission_.submit_one(Queue::kDisplay, QXL_CMD_DRAW, command);
}

}  // namespace qxl
