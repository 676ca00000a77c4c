// SPDX-License-Identifier: GPL-2.0-only
// trace.c: what is traced must make sense to who reads it. A command that is
// submitted is released once, with the same id and size.
#include <map>

#include "kernel.h"
#include "report.h"

namespace {

struct Traced {
  std::mutex mutex;
  std::map<std::pair<qxl_device *, uint64_t>, uint64_t> in_flight;
  uint64_t submits = 0;
  uint64_t losses = 0;
};

Traced &traced() {
  static Traced instance;

  return instance;
}

}  // namespace

namespace fake {

void reset_traces() {
  std::lock_guard guard(traced().mutex);

  traced().in_flight.clear();
  traced().submits = 0;
  traced().losses = 0;
}

Traces traces() {
  std::lock_guard guard(traced().mutex);

  return {traced().submits, traced().in_flight.size(), traced().losses};
}

}  // namespace fake

void qxl_k_trace_submit(struct qxl_device *dev, uint32_t type, uint64_t id, uint64_t bytes) {
  if (fake::FakeKernel::get().on_staged) fake::FakeKernel::get().on_staged();
  std::lock_guard guard(traced().mutex);

  traced().submits++;
  if (type == 0 || bytes == 0)
    fake::violation("traced: a command of type %u with %llu bytes", type,
                    static_cast<unsigned long long>(bytes));
  if (!traced().in_flight.insert({{dev, id}, bytes}).second)
    fake::violation("traced: %#llx is submitted twice", static_cast<unsigned long long>(id));
}

void qxl_k_trace_release(struct qxl_device *dev, uint64_t id, uint64_t bytes, int error) {
  std::lock_guard guard(traced().mutex);
  auto found = traced().in_flight.find({dev, id});

  if (error > 0 || found == traced().in_flight.end() || found->second != bytes) {
    fake::violation("traced: %#llx is released with %llu bytes, %d",
                    static_cast<unsigned long long>(id), static_cast<unsigned long long>(bytes),
                    error);
    return;
  }
  traced().in_flight.erase(found);
}

void qxl_k_trace_lost(struct qxl_device *) {
  std::lock_guard guard(traced().mutex);

  traced().losses++;
}
