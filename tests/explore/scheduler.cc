// SPDX-License-Identifier: GPL-2.0-only
#include "scheduler.h"

#include <chrono>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <unordered_map>

#include "fibres.h"
#include "world.h"

namespace explore {
namespace {

// A run that takes so many steps goes round in circles.
constexpr uint32_t max_steps = 100000;

struct Choice {
  uint32_t step;
  uint8_t taken;
  uint8_t options;
  uint8_t means;  // fibre or value
  bool is_value;
};

Context main_context;
Context contexts[max_fibres];
FibreState states[max_fibres];
FibreState main_state;
Body bodies[max_fibres];
int fibres;
int running = main_fibre;
int running_before = main_fibre;

// The run in progress.
unsigned preemptions_left;
uint32_t step;
bool run_failed;
Failure run_failure;

// The search.
std::vector<Choice> path;
size_t depth;
bool replaying;
bool verbose_replay;
std::map<uint32_t, unsigned> overrides;
uint64_t points_total;

// States that a run of this search has gone on from, with the preemptions that
// it had left: going on from there again, with no more of them, shows nothing
// new. A state is the snapshot's memory and the fibres' stacks.
std::unordered_map<uint64_t, unsigned> seen;
bool asks_main;  // a fibre wants main to look at its state
bool cut;        // main said: seen

bool over(const FibreState &state) {
  const Wait &wait = state.wait;

  if (state.timed_out) return true;
  switch (wait.kind) {
    case Wait::nothing:
      return true;
    case Wait::sleep:
      return false;
    default:
      return wait_is_over(wait);
  }
}

bool enabled(int fibre) {
  return !states[fibre].done && over(states[fibre]);
}

bool only_host_left() {
  for (int i = 0; i < fibres - 1; i++)
    if (!states[i].done) return false;
  return true;
}

// Nobody can go on: time passes until somebody's wait is over. False when
// nobody waits for that.
bool pass_time() {
  uint64_t next = UINT64_MAX;

  for (int i = 0; i < fibres; i++)
    if (!states[i].done && states[i].wait.deadline_ms && states[i].wait.deadline_ms < next)
      next = states[i].wait.deadline_ms;
  if (next == UINT64_MAX) return false;
  if (next > now_ms()) advance_ms(next - now_ms());
  for (int i = 0; i < fibres; i++)
    if (!states[i].done && states[i].wait.deadline_ms && states[i].wait.deadline_ms <= now_ms())
      states[i].timed_out = true;
  return true;
}

// Which of the options: as the search, or the replay, has it.
unsigned take(const uint8_t *means, unsigned options, bool is_value) {
  if (replaying) {
    const auto found = overrides.find(step);

    if (found == overrides.end()) return 0;
    for (unsigned i = 0; i < options; i++)
      if (means[i] == found->second) return i;
    fail("replay: step %u cannot go to %u", step, found->second);
    return 0;
  }
  if (options == 1) return 0;
  if (depth == path.size()) path.push_back({step, 0, (uint8_t)options, means[0], is_value});
  Choice &choice = path[depth++];

  if (choice.options != options || choice.step != step)
    fail("the run is not deterministic at step %u", step);
  choice.means = means[choice.taken];
  return choice.taken;
}

void go_to(int fibre) {
  Context &from = running == main_fibre ? main_context : contexts[running];

  running_before = running;
  running = fibre;
  switch_context(from, fibre == main_fibre ? main_context : contexts[fibre]);
}

void describe_waits() {
  std::string text;

  for (int i = 0; i < fibres; i++)
    if (!states[i].done)
      text += std::string(" ") + bodies[i].name +
              (states[i].wait.kind == Wait::lock    ? "(lock)"
               : states[i].wait.kind == Wait::event ? "(event)"
               : states[i].wait.kind == Wait::fence ? "(fence)"
                                                    : "");
  fail("deadlock:%s wait", text.c_str());
}

uint64_t hash_of_state(bool may_go_on) {
  Hasher hasher;

  hash_world(hasher);
  hasher.add(may_go_on ? (uint64_t)running : ~(uint64_t)0);
  for (int i = 0; i < fibres; i++) {
    const FibreState &state = states[i];

    hasher.add((uint64_t)state.done << 1 | state.timed_out);
    hasher.add((uint64_t)state.wait.kind << 32 | state.wait.seen);
    hasher.add((uint64_t)state.wait.on);
    hasher.add(state.wait.deadline_ms);
    hasher.add((uint64_t)state.spinlocks << 32 | (unsigned)(state.preloads << 8 | state.evictions));
    hasher.add(contexts[i].stack_pointer, live_bytes(contexts[i]));
  }
  return hasher.value();
}

// On the main fibre, so that all of the others' registers are on their stacks.
bool seen_before(bool may_go_on) {
  const auto [found, is_new] = seen.try_emplace(hash_of_state(may_go_on), preemptions_left);

  if (is_new) return false;
  if (found->second >= preemptions_left) return true;
  found->second = preemptions_left;
  return false;
}

bool asked_may_go_on;

// The run ends here when its state is known.
void look_at_state(bool may_go_on) {
  asks_main = true;
  asked_may_go_on = may_go_on;
  go_to(main_fibre);
}

// Picks who goes on after the current fibre has said what it waits for. When
// it had to wait for time to pass, going to others is no preemption.
void schedule(bool waited = false) {
  uint8_t options[max_fibres];
  unsigned count = 0;

  if (++step > max_steps) fail("no end after %u steps", step);
  points_total++;
  const bool is_over = enabled(running);
  const bool may_go_on = is_over && !waited;

  if (is_over) options[count++] = (uint8_t)running;
  if (!may_go_on || preemptions_left)
    for (int i = 0; i < fibres; i++)
      if (i != running && enabled(i)) options[count++] = (uint8_t)i;
  if (count == 0) {
    if (only_host_left()) {
      go_to(main_fibre);  // the run is over
      return;
    }
    if (!pass_time()) describe_waits();
    schedule(true);
    return;
  }
  if (count > 1 && !replaying && depth == path.size()) look_at_state(may_go_on);
  const unsigned taken = take(options, count, false);

  if (options[taken] == running) return;
  if (may_go_on) preemptions_left--;
  trace("-> %s%s", bodies[options[taken]].name, may_go_on ? " (preemption)" : "");
  go_to(options[taken]);
}

void fibre_entry() {
  bodies[running].run();
  states[running].done = true;
  trace("ends");
  schedule();
  abort();  // nobody goes on here
}

void run_once(void (*restore)(), void (*check)(), unsigned preemptions) {
  restore();
  for (int i = 0; i < fibres; i++) states[i] = {};
  for (int i = 0; i < fibres; i++) make_context(contexts[i], fibre_entry);
  states[fibres - 1].wait.kind = Wait::work;
  step = 0;
  depth = 0;
  preemptions_left = preemptions;
  run_failed = false;

  // Who starts costs nothing.
  uint8_t first[max_fibres];
  unsigned count = 0;

  for (int i = 0; i < fibres; i++)
    if (enabled(i)) first[count++] = (uint8_t)i;
  const unsigned taken = take(first, count, false);

  trace("-> %s", bodies[first[taken]].name);
  cut = asks_main = false;
  go_to(first[taken]);
  while (asks_main) {
    const int asker = running_before;

    asks_main = false;
    running = asker;
    cut = seen_before(asked_may_go_on);
    running = main_fibre;
    if (!cut) go_to(asker);
  }
  main_state = {};
  if (!run_failed && !cut) check();
}

// The next path in depth-first order. False at the end.
bool advance_path() {
  while (!path.empty() && path.back().taken + 1 == path.back().options) path.pop_back();
  if (path.empty()) return false;
  path.back().taken++;
  return true;
}

double seconds() {
  using namespace std::chrono;

  return duration<double>(steady_clock::now().time_since_epoch()).count();
}

void parse(const std::string &choices) {
  overrides.clear();
  for (size_t at = 0; at < choices.size();) {
    unsigned at_step, means;
    int length = 0;

    if (sscanf(choices.c_str() + at, "%u%*1[>=]%u%n", &at_step, &means, &length) != 2) break;
    overrides[at_step] = means;
    at += (size_t)length;
    if (at < choices.size() && choices[at] == ',') at++;
  }
}

}  // namespace

int current_fibre() {
  return running;
}

FibreState &fibre_state() {
  return running == main_fibre ? main_state : states[running];
}

void point() {
  if (running != main_fibre) schedule();
}

bool wait_for(const Wait &wait) {
  FibreState &state = states[running];

  state.wait = wait;
  state.timed_out = false;
  schedule();
  const bool timed_out = state.timed_out;

  state.wait = {};
  state.timed_out = false;
  return !timed_out;
}

unsigned choose(unsigned options) {
  uint8_t values[16];

  if (running == main_fibre) return 0;
  for (unsigned i = 0; i < options; i++) values[i] = (uint8_t)i;
  step++;
  const unsigned taken = take(values, options, true);

  trace("chooses %u", taken);
  return taken;
}

void fail(const char *format, ...) {
  char text[400];
  va_list arguments;

  va_start(arguments, format);
  vsnprintf(text, sizeof(text), format, arguments);
  va_end(arguments);
  if (!run_failed) {
    const char *who = running == main_fibre ? "end" : bodies[running].name;

    run_failed = true;
    run_failure = {std::string(who) + ": " + text, choices_so_far()};
  }
  if (running != main_fibre) go_to(main_fibre);  // and never back
}

void trace(const char *format, ...) {
  va_list arguments;

  if (!verbose_replay) return;
  printf("%6u %-8s ", step, running == main_fibre ? "main" : bodies[running].name);
  va_start(arguments, format);
  vprintf(format, arguments);
  va_end(arguments);
  putchar('\n');
}

std::string choices_so_far() {
  std::string text;

  for (size_t i = 0; i < depth && i < path.size(); i++)
    if (path[i].taken)
      text += (text.empty() ? "" : ",") + std::to_string(path[i].step) +
              (path[i].is_value ? "=" : ">") + std::to_string(path[i].means);
  return text.empty() ? "-" : text;
}

bool take_failure(Failure &failure) {
  if (!run_failed) return false;
  run_failed = false;
  failure = run_failure;
  return true;
}

void set_fibres(const std::vector<Body> &list) {
  fibres = (int)list.size();
  for (int i = 0; i < fibres; i++) bodies[i] = list[(size_t)i];
}

Explored explore(const Bound &bound, void (*restore)(), void (*check)()) {
  const double end = seconds() + bound.max_seconds;
  Explored result;

  replaying = false;
  path.clear();
  seen.clear();
  points_total = 0;
  for (;;) {
    run_once(restore, check, bound.preemptions);
    result.runs++;
    result.cut += cut;
    if (take_failure(result.failure)) {
      result.failed = true;
      break;
    }
    if (!advance_path()) {
      result.complete = true;
      break;
    }
    if (result.runs >= bound.max_runs || (result.runs % 256 == 0 && seconds() > end)) break;
  }
  result.points = points_total;
  return result;
}

Explored replay(const std::string &choices, bool verbose, void (*restore)(), void (*check)()) {
  Explored result;

  parse(choices);
  replaying = true;
  verbose_replay = verbose;
  path.clear();
  run_once(restore, check, UINT32_MAX);
  verbose_replay = false;
  result.runs = 1;
  result.failed = take_failure(result.failure);
  result.failure.choices = choices;
  return result;
}

}  // namespace explore
