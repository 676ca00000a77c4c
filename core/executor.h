// SPDX-License-Identifier: GPL-2.0-only
// Executing clients' draws: copying what they carry, giving them to the host.
#pragma once

#include <span>

#include "core/protocol/draws.h"
#include "core/submit.h"
#include "qxl_exec.h"

namespace qxl {

// Nothing of a client's memory is read by the host: pixels are copied too, so
// no BO with data is busy when execute() returns.
class Executor {
 public:
  explicit Executor(Submission& submission) : submission_(submission) {}

  // See qxl_core_execute_draw(). May sleep. kLost, kInvalid before the first
  // primary.
  Result<> execute(const qxl_draw& draw, std::span<const qxl_exec_bo> bos);

 private:
  Result<> execute_image(const qxl_draw& draw, std::span<const qxl_exec_bo> bos,
                         const DrawSurfaces& surfaces);

  Submission& submission_;
};

}  // namespace qxl
