// SPDX-License-Identifier: GPL-2.0-only
// Words at addresses of any alignment.
#pragma once

#include <cstdint>

namespace qxl {

template <typename Word>
Word load(const uint8_t* from) {
  Word word = 0;
  __builtin_memcpy(&word, from, sizeof(word));
  return word;
}

template <typename Word>
void store(uint8_t* to, Word word) {
  __builtin_memcpy(to, &word, sizeof(word));
}

}  // namespace qxl
