// SPDX-License-Identifier: GPL-2.0-only
// What a head's monitor says of itself: one block of EDID 1.4.
#pragma once

#include <cstdint>
#include <span>

#include "qxl_types.h"

namespace qxl {

// Fills the block. One block is all: a size that its timing cannot express (more
// than 4095 pixels a side) is divided there, and the native one is in the list
// of modes only. A DisplayID extension could say it, but user space takes modes
// from the kernel, and names, size and serial from here.
void make_edid(const qxl_monitor& monitor, std::span<uint8_t, QXL_EDID_BYTES> edid);

}  // namespace qxl
