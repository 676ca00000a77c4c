// SPDX-License-Identifier: GPL-2.0-only
// From a client's command with its relocations to a draw that the host can be
// trusted with (QXLDrawable, QXLImage, QXLDataChunk).
#pragma once

#include <span>

#include "core/base/result.h"
#include "qxl_exec.h"

namespace qxl {

// See qxl_core_parse_draw(). `pieces` takes the image's, `draw` points there.
// Reads the BOs' memory once: their owner may be writing it. kInvalid.
Result<> parse_draw(const qxl_command& command, std::span<const qxl_exec_bo> bos,
                    std::span<qxl_piece> pieces, qxl_draw& draw);

}  // namespace qxl
