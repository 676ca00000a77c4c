// SPDX-License-Identifier: GPL-2.0-only
#include "core/release.h"

#include <spice/qxl_dev.h>

#include "core/base/assert.h"

namespace qxl {
namespace {

constexpr uint32_t kEnd = ReleaseTable::kRecords;

}  // namespace

Result<> ReleaseTable::create() {
  records_ = static_cast<Release*>(qxl_k_alloc(sizeof(Release) * kRecords));
  if (!records_) return Error::kNoMemory;
  for (uint32_t i = 0; i < kRecords; ++i) {
    records_[i].generation = 1;
    records_[i].next_free = i + 1;
  }
  first_free_ = 0;
  return {};
}

ReleaseId ReleaseTable::id_of(const Release& release) const {
  auto index = static_cast<uint64_t>(&release - records_);
  return ReleaseId{uint64_t{release.generation} << 32 | index};
}

Release* ReleaseTable::allocate(Arena& arena, uint64_t bytes) {
  if (first_free_ == kEnd) return nullptr;
  Extent extent = arena.allocate(bytes);
  if (extent.count == 0) return nullptr;
  Release& release = records_[first_free_];
  first_free_ = release.next_free;
  ++in_use_;
  release.arena = &arena;
  release.extent = extent;
  release.fence = nullptr;
  release.surface = kPrimarySurface;
  release.state = ReleaseState::kHeld;
  QXLReleaseInfo info = {.id = id_of(release).value()};
  __builtin_memcpy(arena.pointer(extent), &info, sizeof(info));
  return &release;
}

void ReleaseTable::free(Release& release) {
  QXL_ASSERT(release.state != ReleaseState::kFree);
  release.arena->free(release.extent);
  release.state = ReleaseState::kFree;
  // Generation 0 would make id 0 possible, which ends a chain.
  if (++release.generation == 0) release.generation = 1;
  release.next_free = first_free_;
  --in_use_;
  first_free_ = static_cast<uint32_t>(&release - records_);
}

Release* ReleaseTable::find(ReleaseId id) {
  uint64_t index = id.value() & 0xffffffff;
  if (index >= kRecords) return nullptr;
  Release& release = records_[index];
  if (release.state != ReleaseState::kInFlight || id_of(release) != id) return nullptr;
  return &release;
}

Release* ReleaseTable::next_in_flight(uint32_t& index) {
  while (index < kRecords) {
    Release& release = records_[index++];
    if (release.state == ReleaseState::kInFlight) return &release;
  }
  return nullptr;
}

ReleaseId ReleaseTable::chained(const Release& release) {
  QXLReleaseInfo info;
  __builtin_memcpy(&info, release.arena->pointer(release.extent), sizeof(info));
  return ReleaseId{info.next};
}

}  // namespace qxl
