// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "qxl_k.h"

// An invariant of the driver, checked in every build: a failure is a kernel WARN, not a crash.
#define QXL_ASSERT(condition)                              \
  do {                                                     \
    if (!(condition)) [[unlikely]]                         \
      qxl_k_assert_failed(#condition, __FILE__, __LINE__); \
  } while (false)
