// SPDX-License-Identifier: GPL-2.0-only
#include "core/cursor.h"

#include <spice/qxl_dev.h>

#include "core/protocol/commands.h"

namespace qxl {

template <typename Build>
Result<> Cursor::send(uint32_t bytes, Build build) {
  auto release = submission_.reserve_one(Pool::kCursor, bytes);
  if (!release.ok()) return release.error();
  Release& command = *release.value();
  build(CommandMemory{Submission::pointer(command), submission_.address(command)});
  return submission_.submit_one(Queue::kCursor, QXL_CMD_CURSOR, command);
}

Result<> Cursor::set(const qxl_cursor_image& image, int32_t x, int32_t y) {
  if (image.width == 0 || image.width > QXL_CURSOR_MAX || image.height == 0 ||
      image.height > QXL_CURSOR_MAX || image.hot_x >= image.width || image.hot_y >= image.height)
    return Error::kInvalid;
  return send(cursor_bytes(image.width, image.height),
              [&](CommandMemory memory) { build_cursor_set(memory, image, x, y); });
}

Result<> Cursor::move(int32_t x, int32_t y) {
  return send(kCursorMoveBytes, [=](CommandMemory memory) { build_cursor_move(memory, x, y); });
}

Result<> Cursor::hide() {
  return send(kCursorMoveBytes, [](CommandMemory memory) { build_cursor_hide(memory); });
}

}  // namespace qxl
