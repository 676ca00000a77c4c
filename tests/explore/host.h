// SPDX-License-Identifier: GPL-2.0-only
// The host: a device that takes surface commands, gives them back in bunches,
// and notices what breaks the rules. Small and deterministic; the fakes in
// tests/fakes/ check everything else.
#pragma once

#include <cstddef>
#include <cstdint>

#include "qxl_core.h"

namespace explore {

constexpr uint32_t max_ids = 1024;
constexpr uint64_t page = 4096;

struct HostConfig {
  uint32_t n_surfaces = 3;
  unsigned bunch = 1;  // releases handed over at once
  // The first surface's create command comes back at once, not with its
  // destroy: command memory is then used up to an odd rest.
  bool early_create = false;
};

// Forgets everything; before the core is made.
void host_power_on(const HostConfig &config);
qxl_resources host_resources();
qxl_rom_info host_rom();
// Surface ids are below this.
uint32_t host_ids();
// The core whose interrupt handler is called.
void host_connect(qxl_core *core);

void host_port_write(uint32_t port, uint8_t value);

// The host never answers again.
void host_falls_silent();
bool host_has_work();
// One thing the host does, and the interrupt that comes of it. Calls the core
// like the rim's interrupt handler and its thread.
void host_step();
// The fibre.
void host_main();

// Rule 4: @id is about to be given out.
void host_check_id_free(uint32_t id);
// Whether the host may still read or write surface memory at @offset.
bool host_uses_memory(uint64_t offset);
// Surfaces there are, creates and destroys taken since power on.
unsigned host_surfaces();
unsigned host_creates();
unsigned host_destroys();
// Somebody told the core that the device is lost: it owes the host nothing.
void host_excuse();
bool host_excused();

}  // namespace explore
