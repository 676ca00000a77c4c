// SPDX-License-Identifier: GPL-2.0-only
// The pointer, on its own ring (QXLCursorCmd).
#pragma once

#include "core/submit.h"
#include "qxl_core.h"

namespace qxl {

// Upload memory the cursor ring needs: the shape on screen, one to replace it
// and moves in between, several times over because releases come in bunches.
inline constexpr uint64_t kCursorArenaBytes = 1 << 20;

class Cursor {
 public:
  explicit Cursor(Submission& submission) : submission_(submission) {}

  // All may sleep. kLost; kInvalid for an image larger than QXL_CURSOR_MAX, an
  // empty one, or a hotspot outside it.
  Result<> set(const qxl_cursor_image& image, int32_t x, int32_t y);
  Result<> move(int32_t x, int32_t y);
  Result<> hide();

 private:
  template <typename Build>
  Result<> send(uint32_t bytes, Build build);

  Submission& submission_;
};

}  // namespace qxl
