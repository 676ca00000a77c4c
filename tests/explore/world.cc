// SPDX-License-Identifier: GPL-2.0-only
#include "world.h"

#include <spice/qxl_dev.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "core/release.h"

namespace explore {
namespace {

constexpr size_t heap_bytes = 4 << 20;
// Release records are taken from the front of a free list: a run reaches few
// more than the set-up did.
constexpr uint32_t spare_records = 16;

struct Range {
  uint8_t *at;
  size_t bytes;
  std::vector<uint8_t> saved;
  bool is_command = false;
};

alignas(4096) uint8_t heap[heap_bytes];
size_t heap_used;
qxl::Release *records;
uint32_t records_in_use;
std::vector<Range> extra;     // added by others
std::vector<Range> snapshot;  // copied back
Range untouched;              // not copied back

void save(void *at, size_t bytes, bool is_command = false) {
  auto *from = static_cast<uint8_t *>(at);

  if (bytes) snapshot.push_back({from, bytes, {from, from + bytes}, is_command});
}

// The commands behind records that are in use: their memory may be used again.
void save_command_memory() {
  for (uint32_t i = 0; i < qxl::ReleaseTable::kRecords; i++) {
    const qxl::Release &record = records[i];

    if (record.state == qxl::ReleaseState::kFree) continue;
    records_in_use = i + 1;
    save(record.arena->pointer(record.extent), sizeof(QXLSurfaceCmd), true);
  }
}

}  // namespace

Clock the_clock;
KernelState kernel;

void *heap_alloc(size_t bytes) {
  const size_t rounded = (bytes + 63) & ~(size_t)63;

  if (rounded > heap_bytes - heap_used) abort();
  void *memory = heap + heap_used;

  heap_used += rounded;
  if (bytes == sizeof(qxl::Release) * qxl::ReleaseTable::kRecords)
    records = static_cast<qxl::Release *>(memory);
  return memory;
}

void heap_reset() {
  memset(heap, 0, heap_used);
  heap_used = 0;
  records = nullptr;
  records_in_use = 0;
  extra.clear();
  snapshot.clear();
  the_clock = {1000};
  kernel = {};
}

void add_to_snapshot(void *at, size_t bytes) {
  extra.push_back({static_cast<uint8_t *>(at), bytes, {}});
}

void take_snapshot() {
  snapshot.clear();
  if (!records) abort();
  save_command_memory();

  auto *reached = reinterpret_cast<uint8_t *>(
      records + std::min(records_in_use + spare_records, qxl::ReleaseTable::kRecords));
  auto *end = reinterpret_cast<uint8_t *>(records + qxl::ReleaseTable::kRecords);

  save(heap, (size_t)(reached - heap));
  save(end, (size_t)(heap + heap_used - end));
  save(&the_clock, sizeof(the_clock));
  save(&kernel, sizeof(kernel));
  for (const Range &range : extra) save(range.at, range.bytes);
  untouched = {reached, (size_t)(end - reached), {reached, end}, false};
}

void restore_snapshot() {
  for (const Range &range : snapshot) memcpy(range.at, range.saved.data(), range.bytes);
}

void Hasher::add(const void *at, size_t bytes) {
  auto *from = static_cast<const uint8_t *>(at);
  uint64_t lanes[4] = {hash_, 1, 2, 3};
  uint64_t words[4];

  // Four at a time: multiplications overlap.
  for (; bytes >= sizeof(words); from += 32, bytes -= 32) {
    memcpy(words, from, sizeof(words));
    for (int i = 0; i < 4; i++) {
      lanes[i] = (lanes[i] ^ words[i]) * 0x9e3779b97f4a7c15;
      lanes[i] ^= lanes[i] >> 32;
    }
  }
  memset(words, 0, sizeof(words));
  memcpy(words, from, bytes);
  for (int i = 0; i < 4; i++) {
    add(lanes[i]);
    add(words[i]);
  }
}

// The snapshot's memory as it is now, and the commands in use.
void hash_world(Hasher &hasher) {
  for (const Range &range : snapshot)
    if (!range.is_command) hasher.add(range.at, range.bytes);
  for (uint32_t i = 0; i < records_in_use + spare_records; i++)
    if (records[i].state != qxl::ReleaseState::kFree)
      hasher.add(records[i].arena->pointer(records[i].extent), sizeof(QXLSurfaceCmd));
}

bool snapshot_is_whole() {
  return !memcmp(untouched.at, untouched.saved.data(), untouched.bytes);
}

unsigned records_taken() {
  unsigned taken = 0;

  for (uint32_t i = 0; i < records_in_use + spare_records; i++)
    taken += records[i].state != qxl::ReleaseState::kFree;
  return taken;
}

uint64_t now_ms() {
  return the_clock.now_ms;
}

void advance_ms(uint64_t ms) {
  the_clock.now_ms += ms;
}

}  // namespace explore
