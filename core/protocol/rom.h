// SPDX-License-Identifier: GPL-2.0-only
// The device's ROM (QXLRom): what the host says about the device.
#pragma once

#include <cstdint>
#include <span>

#include "core/base/result.h"
#include "qxl_core.h"

namespace qxl {

// Copies the ROM once and checks the copy, so that nothing the host changes
// later can be believed unchecked. Logs the field that is wrong. kNoDevice.
Result<qxl_rom_info> read_rom(qxl_device* dev, const qxl_resources& res);

// Fields that the host changes at run time; read anew at each call.
[[nodiscard]] uint8_t rom_slot_generation(const void* rom);
[[nodiscard]] bool rom_client_has(const void* rom, uint32_t capability);

// The heads that the client asks for, one entry of `heads` each; a width of 0 is
// one that is off. How many the client names. kAgain when the CRC is not that of
// the list; kNoMemory. May sleep.
Result<uint32_t> rom_client_monitors(const void* rom, std::span<qxl_head> heads);

// Bits in QXLRom.client_capabilities.
inline constexpr uint32_t kClientCapabilityBits = 58 * 8;

}  // namespace qxl
