// SPDX-License-Identifier: GPL-2.0-only
// The errors that cross the border as numbers, as Linux on x86 counts them.
#pragma once

namespace qxl {

inline constexpr int kEio = -5;
inline constexpr int kEagain = -11;
inline constexpr int kEnomem = -12;
inline constexpr int kEnodev = -19;
inline constexpr int kEinval = -22;
inline constexpr int kEnospc = -28;

}  // namespace qxl
