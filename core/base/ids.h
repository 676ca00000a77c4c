// SPDX-License-Identifier: GPL-2.0-only
// Numbers that mean different things have different types.
#pragma once

#include <cstdint>

namespace qxl {

template <typename Tag, typename Rep>
class Id {
 public:
  constexpr Id() = default;
  constexpr explicit Id(Rep value) : value_(value) {}
  [[nodiscard]] constexpr Rep value() const { return value_; }
  friend constexpr bool operator==(Id, Id) = default;

 private:
  Rep value_ = 0;
};

// A surface of the device; 0 is the primary.
using SurfaceId = Id<struct SurfaceIdTag, uint32_t>;
// What the driver writes in QXLReleaseInfo.id and the host gives back. Never 0.
using ReleaseId = Id<struct ReleaseIdTag, uint64_t>;
// QXLPHYSICAL: slot, generation and offset, as the device wants them.
using DeviceAddress = Id<struct DeviceAddressTag, uint64_t>;

inline constexpr SurfaceId kPrimarySurface{0};

}  // namespace qxl
