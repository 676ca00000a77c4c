// SPDX-License-Identifier: GPL-2.0-only
#include <cerrno>
#include <map>

#include "context.h"
#include "kernel.h"
#include "report.h"

struct qxl_k_idr {
  std::map<uint32_t, void *> pointers;
  uint32_t next = 0;
};

using fake::FakeKernel;

namespace {

// The map itself is unprotected: TSan sees callers that do not serialise.
void serialised(const char *where) {
  if (!fake::locks_held()) fake::violation("%s: no lock held", where);
}

// The first free id at or after @from, cyclically; -ENOSPC.
int free_id(const qxl_k_idr *idr, uint32_t first, uint32_t end, uint32_t from) {
  for (uint32_t i = 0; i < end - first; i++) {
    const uint32_t id = first + (from - first + i) % (end - first);

    if (!idr->pointers.contains(id)) return (int)id;
  }
  return -ENOSPC;
}

}  // namespace

struct qxl_k_idr *qxl_k_idr_create(void) {
  fake::may_sleep("idr_create");
  if (FakeKernel::get().next_allocation_fails()) return nullptr;
  FakeKernel::get().alive.idrs++;
  return new qxl_k_idr;
}

void qxl_k_idr_destroy(struct qxl_k_idr *idr) {
  if (!idr) return;
  if (!idr->pointers.empty()) fake::violation("idr_destroy: %zu ids left", idr->pointers.size());
  FakeKernel::get().alive.idrs--;
  delete idr;
}

void qxl_k_idr_preload(void) {
  fake::may_sleep("idr_preload");
  fake::context().preload_depth++;
}

void qxl_k_idr_preload_end(void) {
  if (fake::context().preload_depth-- <= 0) fake::violation("idr_preload_end without preload");
}

int qxl_k_idr_alloc(struct qxl_k_idr *idr, uint32_t first, uint32_t end) {
  serialised("idr_alloc");
  if (!fake::context().preload_depth) fake::violation("idr_alloc without preload");
  if (first >= end) return -ENOSPC;
  if (FakeKernel::get().next_allocation_fails()) return -ENOMEM;

  const bool inside = idr->next >= first && idr->next < end;
  const int id = free_id(idr, first, end, inside ? idr->next : first);

  if (id < 0) return id;
  idr->pointers[(uint32_t)id] = nullptr;
  idr->next = (uint32_t)id + 1;
  return id;
}

void qxl_k_idr_replace(struct qxl_k_idr *idr, uint32_t id, void *pointer) {
  serialised("idr_replace");

  auto found = idr->pointers.find(id);

  if (found == idr->pointers.end())
    fake::violation("idr_replace: id %u is not reserved", id);
  else
    found->second = pointer;
}

void *qxl_k_idr_find(struct qxl_k_idr *idr, uint32_t id) {
  serialised("idr_find");

  auto found = idr->pointers.find(id);

  return found == idr->pointers.end() ? nullptr : found->second;
}

void qxl_k_idr_remove(struct qxl_k_idr *idr, uint32_t id) {
  serialised("idr_remove");
  if (!idr->pointers.erase(id)) fake::violation("idr_remove: id %u is not reserved", id);
}
