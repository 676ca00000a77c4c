// SPDX-License-Identifier: GPL-2.0-only
// What the builders of commands share: writing a finished command to its memory.
#pragma once

#include <spice/qxl_dev.h>

#include <cstddef>

#include "core/protocol/commands.h"

namespace qxl {

inline constexpr size_t kAfterReleaseInfo = sizeof(QXLReleaseInfo);

// Writes the first `bytes` of a command built on the stack, all but its
// QXLReleaseInfo: the memory may be write-combined, so it is written once, front
// to back.
template <typename T>
inline void emit(CommandMemory memory, const T& command, size_t bytes = sizeof(T)) {
  __builtin_memcpy(memory.pointer + kAfterReleaseInfo,
                   reinterpret_cast<const uint8_t*>(&command) + kAfterReleaseInfo,
                   bytes - kAfterReleaseInfo);
}

inline DeviceAddress at(CommandMemory memory, size_t offset) {
  return DeviceAddress{memory.address.value() + offset};
}

inline QXLRect to_device(const qxl_rect& rect) {
  return {.top = rect.y1, .left = rect.x1, .bottom = rect.y2, .right = rect.x2};
}

}  // namespace qxl
