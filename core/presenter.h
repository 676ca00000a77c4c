// SPDX-License-Identifier: GPL-2.0-only
// What every way of presenting offers; chosen by overload, never by virtual call.
#pragma once

#include <concepts>
#include <span>

#include "core/base/result.h"
#include "qxl_types.h"

namespace qxl {

// Makes the parts of `frame` named by `rects` visible on the primary, whose
// extent is the last argument. Reports what it has presented.
template <typename T>
concept Presenter = requires(T presenter, const T& observer, const qxl_frame& frame,
                             std::span<const qxl_rect> rects, const qxl_rect& primary) {
  { presenter.present(frame, rects, primary) } -> std::same_as<Result<>>;
  { observer.presented_rects() } -> std::same_as<uint64_t>;
  { observer.presented_bytes() } -> std::same_as<uint64_t>;
};

}  // namespace qxl
