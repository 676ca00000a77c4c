// SPDX-License-Identifier: GPL-2.0-only
#include "report.h"

#include <cstdarg>
#include <cstdio>
#include <mutex>
#include <utility>

namespace fake {
namespace {

// Enough to understand a failure; a broken loop must not fill the memory.
constexpr size_t kept_at_most = 50;

std::mutex mutex;
std::vector<std::string> found;

}  // namespace

void violation(const char *format, ...) {
  char text[512];
  va_list arguments;

  va_start(arguments, format);
  vsnprintf(text, sizeof(text), format, arguments);
  va_end(arguments);

  std::lock_guard guard(mutex);
  if (found.size() < kept_at_most) found.emplace_back(text);
}

std::vector<std::string> take_violations() {
  std::lock_guard guard(mutex);

  return std::exchange(found, {});
}

}  // namespace fake

#ifdef __SANITIZE_THREAD__
// A race fails the test in which it was seen.
extern "C" void __tsan_on_report(void *) {
  fake::violation("ThreadSanitizer reported (see above)");
}
#endif
