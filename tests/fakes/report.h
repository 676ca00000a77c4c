// SPDX-License-Identifier: GPL-2.0-only
// What the fakes found wrong. A violation does not stop the code under test:
// the fixture turns every one into a test failure at the end, and the tests of
// the fakes themselves can look at them.
#pragma once

#include <string>
#include <vector>

namespace fake {

void violation(const char *format, ...) __attribute__((format(printf, 1, 2)));

// All violations so far, and forgets them. From any thread.
std::vector<std::string> take_violations();

}  // namespace fake
