// SPDX-License-Identifier: GPL-2.0-only
// The monitors config (QXLMonitorsConfig): which part of the primary each head
// shows.
#pragma once

#include <cstdint>
#include <span>

#include "core/base/result.h"
#include "qxl_types.h"

namespace qxl {

// Bytes of VRAM the config needs. The host reads it again after a migration,
// so it has a place of its own that nothing else is written to.
inline constexpr uint32_t kMonitorsBytes = 4096;

// Writes the heads that are on, keeping their numbers as ids. kInvalid when
// all are off (the device wants one), or when there are more than
// QXL_MAX_HEADS.
Result<> write_monitors(uint8_t* memory, std::span<const qxl_head> heads);

}  // namespace qxl
