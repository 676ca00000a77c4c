// SPDX-License-Identifier: GPL-2.0-only
#include "world.h"

#include <climits>
#include <cstdio>
#include <cstdlib>

#include "report.h"

namespace fuzz {

uint64_t Input::interesting() {
  static constexpr uint64_t values[] = {0,
                                        1,
                                        2,
                                        3,
                                        4,
                                        7,
                                        8,
                                        15,
                                        16,
                                        18,
                                        19,
                                        20,
                                        24,
                                        32,
                                        48,
                                        63,
                                        64,
                                        65,
                                        96,
                                        100,
                                        101,
                                        105,
                                        127,
                                        128,
                                        255,
                                        256,
                                        4095,
                                        4096,
                                        65535,
                                        65536,
                                        INT32_MAX,
                                        INT32_MAX - 1ull,
                                        1ull << 31,
                                        UINT32_MAX,
                                        1ull << 32,
                                        (1ull << 32) + 1,
                                        1ull << 48,
                                        1ull << 56,
                                        INT64_MAX,
                                        1ull << 63,
                                        UINT64_MAX,
                                        UINT64_MAX - 7,
                                        UINT64_MAX - 19,
                                        UINT64_MAX - 47};
  const uint8_t which = byte();

  if (which < std::size(values)) return values[which];
  return which & 1 ? take<uint16_t>() : take<uint64_t>();
}

World::World(const fake::DeviceConfig &config) {
  fake::FakeKernel &kernel = fake::FakeKernel::get();
  qxl_rom_info rom;

  kernel.reset();
  device = std::make_unique<fake::FakeDevice>(config);
  device->on_interrupt = [this] {
    if (qxl_core_interrupt(core) & QXL_IRQ_RELEASES) deferred_++;
  };
  kernel.on_irq_window = [this] {
    if (core) device->deliver_interrupts();
  };
  kernel.on_wait = [this] {
    const bool worked = device->step();

    return run_deferred() || worked;
  };
  const qxl_resources resources = device->resources();

  expect(!qxl_core_read_rom(device->handle(), &resources, &rom) &&
             !qxl_core_create(device->handle(), &resources, &rom, 1, &core) &&
             !qxl_core_start(core) && !qxl_core_set_primary(core, 100, 80),
         "a core on a device that is in order");
}

bool World::run_deferred() {
  if (!deferred_) return false;
  deferred_ = 0;
  qxl_core_collect(core);
  return true;
}

void World::settle() {
  do device->drain();
  while (run_deferred());
}

void expect(bool condition, const char *what) {
  if (condition) return;
  fprintf(stderr, "not so: %s\n", what);
  abort();
}

void expect_no_violation(const char *where) {
  const auto found = fake::take_violations();

  for (const std::string &text : found) fprintf(stderr, "%s: %s\n", where, text.c_str());
  if (!found.empty()) abort();
}

}  // namespace fuzz
