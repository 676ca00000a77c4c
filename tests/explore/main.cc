// SPDX-License-Identifier: GPL-2.0-only
// The explorer's command line.
//
//   explore [SCENARIO...]            explores them, or all
//   explore --list
//   explore --replay SCENARIO:CHOICES    one run, told step by step
//   --preemptions N   --seconds S (per scenario)   --json FILE   --rim-bug NAME
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "rim.h"
#include "scenarios.h"

using namespace explore;

namespace {

struct Options {
  unsigned preemptions = 3;
  double seconds = 0;  // per scenario; 0: as limit() says
  std::string json;
  std::string replay;
  bool list = false;
  std::vector<std::string> names;
};

struct Totals {
  unsigned passed = 0, failed = 0, skipped = 0;
  uint64_t runs = 0;
};

std::string scenario_name;

double seconds_now() {
  using namespace std::chrono;

  return duration<double>(steady_clock::now().time_since_epoch()).count();
}

// A crash of the code under test is a finding: say where.
void crashed(int signal) {
  printf("not ok - %s: signal %d\n  replay: --replay '%s:%s'\n", scenario_name.c_str(), signal,
         scenario_name.c_str(), choices_so_far().c_str());
  fflush(stdout);
  _exit(3);
}

void catch_crashes() {
  static char stack[65536];
  const stack_t alternative = {.ss_sp = stack, .ss_flags = 0, .ss_size = sizeof(stack)};
  struct sigaction action = {};

  sigaltstack(&alternative, nullptr);
  action.sa_handler = crashed;
  action.sa_flags = SA_ONSTACK;
  for (int signal : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT}) sigaction(signal, &action, nullptr);
}

bool report_failure(const Scenario &scenario, const Failure &failure) {
  printf("not ok - %s: %s\n  replay: --replay '%s:%s'\n", scenario.name.c_str(),
         failure.text.c_str(), scenario.name.c_str(), failure.choices.c_str());
  return false;
}

// With a device that is lost at any moment, bound 3 may take minutes; together
// they should not.
double limit(const Scenario &scenario, const Options &options) {
  if (options.seconds != 0) return options.seconds;
  return scenario.name.find('+') == std::string::npos ? 20 : 3.5;
}

// Up to the wanted number of preemptions, one more at a time: what is found
// first has the fewest.
bool explore_one(const Scenario &scenario, const Options &options, Totals &totals) {
  const double start = seconds_now();
  Explored last;
  std::string counts;
  int reached = -1;

  scenario_name = scenario.name;
  begin_scenario(scenario);
  Failure failure;

  if (take_failure(failure)) return report_failure(scenario, failure);
  for (unsigned bound = 0; bound <= options.preemptions; bound++) {
    const double left = limit(scenario, options) - (seconds_now() - start);

    last = explore::explore({bound, UINT64_MAX, left}, begin_run, check_run);
    if (last.failed) return report_failure(scenario, last.failure);
    if (!last.complete) break;
    reached = (int)bound;
  }
  totals.runs += last.runs;
  end_scenario();
  if (take_failure(failure)) return report_failure(scenario, failure);
  printf(
      "ok - %-20s %7llu schedules, %6llu of them cut at a known state, "
      "%3.0f points, %d preemptions%s, %.1f s\n",
      scenario.name.c_str(), (unsigned long long)last.runs, (unsigned long long)last.cut,
      (double)last.points / (double)last.runs, reached, last.complete ? "" : ", no time for more",
      seconds_now() - start);
  fflush(stdout);
  return true;
}

bool wanted(const Scenario &scenario, const Options &options) {
  return options.names.empty() || std::find(options.names.begin(), options.names.end(),
                                            scenario.name) != options.names.end();
}

int explore_all(const Options &options) {
  const double start = seconds_now();
  Totals totals;

  for (const Scenario &scenario : all_scenarios())
    if (wanted(scenario, options)) {
      if (explore_one(scenario, options, totals))
        totals.passed++;
      else
        totals.failed++;
    }
  printf("explorer: %u passed, %u failed, %llu schedules, %.1f s\n", totals.passed, totals.failed,
         (unsigned long long)totals.runs, seconds_now() - start);
  if (!options.json.empty()) {
    FILE *file = fopen(options.json.c_str(), "w");

    if (!file) return 2;
    fprintf(file,
            "{\"passed\": %u, \"failed\": %u, \"skipped\": 0, "
            "\"schedules\": %llu}\n",
            totals.passed, totals.failed, (unsigned long long)totals.runs);
    fclose(file);
  }
  return totals.failed || !totals.passed;
}

int list() {
  for (const Scenario &scenario : all_scenarios())
    printf("%-20s %s\n", scenario.name.c_str(), scenario.about);
  return 0;
}

int replay_one(const std::string &what) {
  const std::string name = what.substr(0, what.find(':'));

  for (const Scenario &scenario : all_scenarios()) {
    if (scenario.name != name) continue;
    scenario_name = name;
    begin_scenario(scenario);
    const Explored run = explore::replay(what.substr(std::min(what.size(), name.size() + 1)), true,
                                         begin_run, check_run);

    printf("%s%s\n", run.failed ? "fails: " : "passes", run.failure.text.c_str());
    return run.failed;
  }
  fprintf(stderr, "no scenario %s\n", name.c_str());
  return 2;
}

const char *value(int argc, char **argv, int &at) {
  if (++at == argc) {
    fprintf(stderr, "%s needs a value\n", argv[at - 1]);
    exit(2);
  }
  return argv[at];
}

Options parse(int argc, char **argv) {
  Options options;

  for (int i = 1; i < argc; i++) {
    const std::string arg = argv[i];

    if (arg == "--list")
      options.list = true;
    else if (arg == "--replay")
      options.replay = value(argc, argv, i);
    else if (arg == "--json")
      options.json = value(argc, argv, i);
    else if (arg == "--preemptions")
      options.preemptions = (unsigned)atoi(value(argc, argv, i));
    else if (arg == "--seconds")
      options.seconds = atof(value(argc, argv, i));
    else if (arg == "--rim-bug" && set_rim_bug(value(argc, argv, i)))
      ;
    else if (arg[0] == '-')
      fprintf(stderr, "unknown: %s\n", arg.c_str()), exit(2);
    else
      options.names.push_back(arg);
  }
  return options;
}

}  // namespace

int main(int argc, char **argv) {
  const Options options = parse(argc, argv);

  catch_crashes();
  if (options.list) return list();
  if (!options.replay.empty()) return replay_one(options.replay);
  return explore_all(options);
}
