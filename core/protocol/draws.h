// SPDX-License-Identifier: GPL-2.0-only
// The builder of a client's draw, from what was found to be in order.
#pragma once

#include "core/base/ids.h"
#include "core/protocol/commands.h"
#include "qxl_exec.h"

namespace qxl {

// A surface as a draw refers to it.
struct DrawSurface {
  SurfaceId id;
  uint32_t width;
  uint32_t height;
};

struct DrawSurfaces {
  SurfaceId target;
  DrawSurface source;  // looked at if draw.source has a BO
  DrawSurface mask;    // the same
};

// Bytes to reserve for a draw without pixels; where they go otherwise, and what
// is in front of them: kCopyPixels.
extern const uint32_t kDrawBytes;

// Writes the draw with its images and transforms. The pixels of draw.image are
// the caller's to put behind it, in rows of `stride` bytes.
void build_draw(CommandMemory memory, const qxl_draw& draw, const DrawSurfaces& surfaces,
                uint32_t stride);

}  // namespace qxl
