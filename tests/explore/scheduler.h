// SPDX-License-Identifier: GPL-2.0-only
// Runs fibres one at a time and explores in which order, depth first. Each run
// starts from the same snapshot (world.h), follows the choices of the one before
// up to the last that has an alternative, and takes that. A switch away from a
// fibre that could go on is a preemption; a run has at most so many. Choices
// that cost none (who goes on when one blocks or ends) are all explored. A run
// that comes to a state which another has gone on from ends there.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace explore {

constexpr int max_fibres = 6;
constexpr int main_fibre = -1;  // set-up and checks, outside of any run

// What a fibre waits for before it goes on.
struct Wait {
  enum Kind { nothing, lock, event, fence, work, sleep };

  Kind kind = nothing;
  const void *on = nullptr;
  uint32_t seen = 0;
  uint64_t deadline_ms = 0;  // 0: for ever
};

// Per fibre; cleared before each run.
struct FibreState {
  bool done = false;
  bool timed_out = false;
  Wait wait;
  int spinlocks = 0;
  int preloads = 0;
  int evictions = 0;  // inside qxl_core_surface_evict()
};

// One run's outcome.
struct Failure {
  std::string text;
  std::string choices;
};

// For the code under test and its environment ---------------------------------

// The fibre that runs, or main_fibre.
int current_fibre();
FibreState &fibre_state();

// A scheduling point: others may run first.
void point();
// The same; goes on only when @wait is over. False when its time was.
bool wait_for(const Wait &wait);
// One of 0 .. @options - 1, all explored; costs no preemption.
unsigned choose(unsigned options);

uint64_t now_ms();
void advance_ms(uint64_t ms);

// Something is wrong: ends the run. Returns on the main fibre only.
void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

// For the explorer ---------------------------------------------------------------

struct Body {
  const char *name;
  void (*run)();
};

// Fibres of the runs to come. The last is the host: it never ends, and a run
// is over when it is the only one left and has nothing to do.
void set_fibres(const std::vector<Body> &bodies);

struct Bound {
  unsigned preemptions;
  uint64_t max_runs;
  double max_seconds;
};

struct Explored {
  uint64_t runs = 0;
  uint64_t cut = 0;  // of these, ended at a state seen before
  uint64_t points = 0;
  bool complete = false;
  bool failed = false;
  Failure failure;
};

// @restore before and @check after each run; check() may fail().
Explored explore(const Bound &bound, void (*restore)(), void (*check)());
// One run along @choices, told step by step when @verbose.
Explored replay(const std::string &choices, bool verbose, void (*restore)(), void (*check)());

// Notes what happens, when a replay is verbose.
void trace(const char *format, ...) __attribute__((format(printf, 1, 2)));
// The choices of the run in progress.
std::string choices_so_far();
// Forgets failures of the main fibre, and tells whether there was one.
bool take_failure(Failure &failure);

}  // namespace explore
