// SPDX-License-Identifier: GPL-2.0-only
// A value or an error. Errors become an errno in entry.cc alone.
#pragma once

#include <cstdint>
#include <type_traits>
#include <utility>

namespace qxl {

enum class Error : uint8_t {
  kNoDevice,  // the ROM, or the device behind it, is not one to drive
  kNoMemory,
  kNoSpace,  // all ids in use
  kInvalid,  // the caller's argument
  kLost,     // the device does not answer any more
  kAgain,    // the host is at it: later
};

template <typename T = void>
class [[nodiscard]] Result {
 public:
  constexpr Result(T value) : value_(std::move(value)), ok_(true) {}
  constexpr Result(Error error) : error_(error), ok_(false) {}

  [[nodiscard]] constexpr bool ok() const { return ok_; }
  [[nodiscard]] constexpr Error error() const { return error_; }
  // SAFETY: only after ok().
  [[nodiscard]] constexpr T& value() { return value_; }
  [[nodiscard]] constexpr const T& value() const { return value_; }

 private:
  static_assert(std::is_trivially_destructible_v<T>,
                "results carry plain values; ownership goes through out parameters");
  union {
    T value_;
    Error error_;
  };
  bool ok_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  constexpr Result() = default;
  constexpr Result(Error error) : error_(error), ok_(false) {}

  [[nodiscard]] constexpr bool ok() const { return ok_; }
  [[nodiscard]] constexpr Error error() const { return error_; }

 private:
  Error error_ = Error::kInvalid;
  bool ok_ = true;
};

}  // namespace qxl

// Returns the error of a Result<> to the caller.
#define QXL_TRY(expression)                                                    \
  do {                                                                         \
    if (auto qxl_try_ = (expression); !qxl_try_.ok()) return qxl_try_.error(); \
  } while (false)
