// SPDX-License-Identifier: GPL-2.0-only
// What the host holds: one record for each command from its allocation until
// the host gives it back through the release ring.
#pragma once

#include <cstdint>

#include "core/arena.h"
#include "core/base/ids.h"
#include "core/base/result.h"
#include "qxl_k.h"

namespace qxl {

enum class ReleaseState : uint8_t {
  kFree,
  kHeld,      // allocated by the driver, not on a ring
  kInFlight,  // the host may read it
};

// Everything that one command needs until the host releases it.
struct Release {
  Arena* arena;         // where `extent` goes back to
  Extent extent;        // the command starts with its QXLReleaseInfo here
  qxl_fence* fence;     // signalled and dropped at release; may be null
  uint32_t generation;  // of this use of the record; part of the id
  uint32_t next_free;
  SurfaceId surface;  // freed at release unless it is the primary
  ReleaseState state;
};

// A fixed table of records. The caller serialises.
//
// INVARIANT: an id names one use of one record. A record's generation moves on
// when it is freed, so an id that the host repeats or makes up finds nothing.
class ReleaseTable {
 public:
  static constexpr uint32_t kRecords = 8192;

  ReleaseTable() = default;
  ~ReleaseTable() { qxl_k_free(records_); }
  ReleaseTable(const ReleaseTable&) = delete;
  ReleaseTable& operator=(const ReleaseTable&) = delete;

  // May sleep. kNoMemory.
  Result<> create();

  // A record with `bytes` of `arena` behind it, or null when either is out.
  // Its QXLReleaseInfo is written.
  [[nodiscard]] Release* allocate(Arena& arena, uint64_t bytes);
  // Gives record and memory back; the fence and the surface are the caller's.
  void free(Release& release);

  // The record in flight that `id` names, or null.
  [[nodiscard]] Release* find(ReleaseId id);
  // Any record in flight, from `index` on (advanced past it), or null.
  [[nodiscard]] Release* next_in_flight(uint32_t& index);

  [[nodiscard]] ReleaseId id_of(const Release& release) const;
  [[nodiscard]] uint32_t in_use() const { return in_use_; }

  // The id that the host wrote as the next of the chain; ReleaseId{0} ends it.
  // The word is the host's: validate with find().
  [[nodiscard]] static ReleaseId chained(const Release& release);

 private:
  Release* records_ = nullptr;  // owned
  uint32_t first_free_ = 0;
  uint32_t in_use_ = 0;
};

}  // namespace qxl
