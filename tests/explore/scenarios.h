// SPDX-License-Identifier: GPL-2.0-only
// What the explorer explores.
#pragma once

#include <string>
#include <vector>

#include "scheduler.h"

namespace explore {

struct Scenario {
  std::string name;
  const char *about;
  void (*set_up)();
  std::vector<Body> bodies;  // without the host
  void (*check)();           // besides what is always checked; may be null
};

// All of them, those with a device that is lost included.
std::vector<Scenario> all_scenarios();

// Set-up; the snapshot is taken. May fail().
void begin_scenario(const Scenario &scenario);
// Before and after each run.
void begin_run();
void check_run();
// Takes everything down.
void end_scenario();

}  // namespace explore
