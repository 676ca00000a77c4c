// SPDX-License-Identifier: GPL-2.0-only
// The core's building blocks on their own.
#include <algorithm>
#include <chrono>
#include <set>
#include <thread>

#include "core/arena.h"
#include "core/base/ids.h"
#include "core/base/result.h"
#include "core/protocol/memslot.h"
#include "core/protocol/ring.h"
#include "core/release.h"
#include "rig.h"

namespace {

using qxl::Arena;
using qxl::Error;
using qxl::Extent;
using qxl::ReleaseId;

qxl::Result<int> half(int n) {
  if (n % 2) return Error::kInvalid;
  return n / 2;
}

qxl::Result<> both(int a, int b) {
  QXL_TRY(half(a));
  QXL_TRY(half(b));
  return {};
}

TEST(ResultTest, ValueOrError) {
  EXPECT_TRUE(half(4).ok());
  EXPECT_EQ(half(4).value(), 2);
  EXPECT_FALSE(half(3).ok());
  EXPECT_EQ(half(3).error(), Error::kInvalid);
}

TEST(ResultTest, TryPropagates) {
  EXPECT_TRUE(both(2, 4).ok());
  EXPECT_EQ(both(1, 4).error(), Error::kInvalid);
  EXPECT_EQ(both(2, 3).error(), Error::kInvalid);
}

template <typename A, typename B>
concept Comparable = requires(A a, B b) { a == b; };

TEST(IdTest, DifferentIdsDoNotMix) {
  static_assert(Comparable<ReleaseId, ReleaseId>);
  static_assert(!Comparable<ReleaseId, qxl::DeviceAddress>);
  static_assert(!std::is_convertible_v<uint64_t, ReleaseId>);
  static_assert(!std::is_convertible_v<ReleaseId, uint64_t>);
}

TEST(MemslotTest, Addresses) {
  // As QEMU has it: 8 bits of slot, 8 of generation, 48 of offset.
  EXPECT_EQ(qxl::Memslot(1, 0, 8, 8).address(0x1234).value(), 0x0100000000001234u);
  EXPECT_EQ(qxl::Memslot(7, 0xab, 8, 8).address(0).value(), 0x07ab000000000000u);
  EXPECT_EQ(qxl::Memslot(3, 1, 4, 4).address(1).value(), 0x3100000000000001u);
  EXPECT_EQ(qxl::Memslot(1, 0, 1, 0).address(5).value(), 0x8000000000000005u);
}

class ArenaTest : public fake::KernelTest {
 protected:
  static constexpr uint64_t bytes = 64 * 1024;

  alignas(512) uint8_t memory[bytes];
};

TEST_F(ArenaTest, AllOfItAndNoMore) {
  Arena arena;

  ASSERT_TRUE(arena.create(memory, 4096, bytes).ok());
  EXPECT_EQ(arena.capacity(), bytes);
  EXPECT_EQ(arena.allocate(bytes + 1).count, 0u);
  const Extent all = arena.allocate(bytes);
  EXPECT_EQ(all.count, bytes / Arena::kGranule);
  EXPECT_EQ(arena.pointer(all), memory);
  EXPECT_EQ(arena.offset(all), 4096u);
  EXPECT_EQ(arena.allocate(1).count, 0u);
  arena.free(all);
  EXPECT_NE(arena.allocate(bytes).count, 0u);
}

TEST_F(ArenaTest, NothingAndTooMuch) {
  Arena arena;

  ASSERT_TRUE(arena.create(memory, 0, bytes).ok());
  EXPECT_EQ(arena.allocate(0).count, 0u);
  EXPECT_EQ(arena.allocate(~0ull).count, 0u);
  EXPECT_EQ(arena.allocate(1ull << 40).count, 0u);
}

TEST_F(ArenaTest, RoundsUpToGranules) {
  Arena arena;

  ASSERT_TRUE(arena.create(memory, 0, bytes).ok());
  EXPECT_EQ(arena.allocate(1).count, 1u);
  EXPECT_EQ(arena.allocate(512).count, 1u);
  EXPECT_EQ(arena.allocate(513).count, 2u);
}

TEST_F(ArenaTest, WrapsToWhatIsFreeInFront) {
  Arena arena;

  ASSERT_TRUE(arena.create(memory, 0, bytes).ok());
  const Extent first = arena.allocate(bytes / 2);
  const Extent second = arena.allocate(bytes / 2);
  arena.free(first);
  EXPECT_EQ(arena.allocate(bytes / 2).first, 0u);
  arena.free(second);
}

// A hole that lies across the point where the last search ended.
TEST_F(ArenaTest, HoleAcrossTheHint) {
  Arena arena;

  ASSERT_TRUE(arena.create(memory, 0, bytes).ok());
  Extent parts[4];
  for (Extent &part : parts) part = arena.allocate(bytes / 4);
  arena.free(parts[0]);
  arena.free(parts[1]);
  parts[0] = arena.allocate(bytes / 4);  // the hint is after it
  arena.free(parts[0]);
  const Extent hole = arena.allocate(bytes / 2);
  EXPECT_EQ(hole.first, 0u);
  EXPECT_EQ(hole.count, bytes / 2 / Arena::kGranule);
}

TEST_F(ArenaTest, RandomAgainstAModel) {
  std::mt19937 random(5);
  std::vector<bool> model(bytes / Arena::kGranule);
  std::vector<Extent> live;
  Arena arena;

  ASSERT_TRUE(arena.create(memory, 0, bytes).ok());
  for (int i = 0; i < 20000; i++) {
    if (random() % 2 && !live.empty()) {
      std::swap(live[random() % live.size()], live.back());
      arena.free(live.back());
      for (uint32_t g = 0; g < live.back().count; g++) model[live.back().first + g] = false;
      live.pop_back();
      continue;
    }
    const uint32_t count = 1 + random() % 40;
    const Extent extent = arena.allocate(count * Arena::kGranule);
    if (extent.count == 0) {
      // Only when there really is no such run.
      uint32_t run = 0;
      for (bool used : model) {
        run = used ? 0 : run + 1;
        ASSERT_LT(run, count);
      }
      continue;
    }
    ASSERT_EQ(extent.count, count);
    ASSERT_LE(extent.first + count, model.size());
    for (uint32_t g = 0; g < count; g++) {
      ASSERT_FALSE(model[extent.first + g]);
      model[extent.first + g] = true;
    }
    live.push_back(extent);
  }
}

TEST_F(ArenaTest, CreateCanFail) {
  Arena arena;

  kernel.fail_allocation_at(1);
  EXPECT_EQ(arena.create(memory, 0, bytes).error(), Error::kNoMemory);
}

class ReleaseTableTest : public ArenaTest {
 protected:
  void SetUp() override {
    ArenaTest::SetUp();
    ASSERT_TRUE(arena.create(memory, 0, bytes).ok());
    ASSERT_TRUE(table.create().ok());
  }
  // KernelTest looks for leaks after the members are gone only if they
  // go first.
  void TearDown() override {
    table.~ReleaseTable();
    new (&table) qxl::ReleaseTable;
    arena.~Arena();
    new (&arena) Arena;
    ArenaTest::TearDown();
  }
  static uint64_t id_in(const qxl::Release &release) {
    return qxl::ReleaseTable::chained(release).value();
  }

  Arena arena;
  qxl::ReleaseTable table;
};

TEST_F(ReleaseTableTest, IdIsWrittenAndNeverZero) {
  qxl::Release *release = table.allocate(arena, 100);

  ASSERT_NE(release, nullptr);
  EXPECT_NE(id_in(*release), 0u);
  // Not the host's yet.
  EXPECT_EQ(table.find(ReleaseId{id_in(*release)}), nullptr);
  release->state = qxl::ReleaseState::kInFlight;
  EXPECT_EQ(table.find(ReleaseId{id_in(*release)}), release);
  table.free(*release);
}

TEST_F(ReleaseTableTest, IdsAreNotRepeated) {
  std::set<uint64_t> seen;

  for (int i = 0; i < 1000; i++) {
    qxl::Release *release = table.allocate(arena, 100);
    ASSERT_NE(release, nullptr);
    EXPECT_TRUE(seen.insert(id_in(*release)).second);
    table.free(*release);
  }
}

TEST_F(ReleaseTableTest, GenerationSkipsZero) {
  qxl::Release *release = table.allocate(arena, 100);

  release->generation = ~0u;
  table.free(*release);
  release = table.allocate(arena, 100);
  EXPECT_EQ(release->generation, 1u);
  EXPECT_NE(id_in(*release), 0u);
  table.free(*release);
}

TEST_F(ReleaseTableTest, RunsOutOfRecordsOrMemory) {
  std::vector<qxl::Release *> all;

  while (qxl::Release *release = table.allocate(arena, 1)) all.push_back(release);
  EXPECT_EQ(all.size(), bytes / Arena::kGranule);
  for (qxl::Release *release : all) table.free(*release);
  EXPECT_EQ(table.allocate(arena, bytes + 1), nullptr);
  qxl::Release *whole = table.allocate(arena, bytes);
  EXPECT_NE(whole, nullptr);
  table.free(*whole);
}

// The two rings, without a device.
class RingTest : public fake::KernelTest {
 protected:
  void SetUp() override {
    KernelTest::SetUp();
    SPICE_RING_INIT(&commands);
    SPICE_RING_INIT(&releases);
  }

  alignas(8) QXLCommandRing commands = {};
  struct alignas(8) {
    uint32_t pad = 0;  // so that the items are aligned, as in QXLRam
    QXLReleaseRing releases = {};
  } holder;
  QXLReleaseRing &releases = holder.releases;
};

TEST_F(RingTest, FullAfterThirtyTwo) {
  qxl::ProducerRing<QXLCommandRing> ring(&commands);

  ASSERT_TRUE(ring.reset());
  for (uint64_t i = 0; i < 32; i++) {
    ASSERT_EQ(ring.free_slots(), 32 - i);
    ring.stage(qxl::DeviceAddress{i}, QXL_CMD_DRAW);
  }
  EXPECT_EQ(ring.free_slots(), 0u);
  EXPECT_EQ(commands.prod, 0u);  // staged, not visible
  EXPECT_TRUE(ring.publish());
  EXPECT_EQ(commands.prod, 32u);
  for (uint64_t i = 0; i < 32; i++) EXPECT_EQ(+commands.items[i].el.data, i);
  ring.arm_space_interrupt();
  EXPECT_EQ(commands.notify_on_cons, 1u);
  commands.cons = 1;
  EXPECT_EQ(ring.free_slots(), 1u);
}

TEST_F(RingTest, NotifyDistances) {
  qxl::ProducerRing<QXLCommandRing> ring(&commands);

  for (uint32_t start : {0u, 7u, 0xfffffffdu})
    for (uint32_t count = 1; count < 8; count++)
      for (uint32_t wake = 0; wake < 10; wake++) {
        commands.prod = commands.cons = start;
        commands.notify_on_prod = start + wake;
        ASSERT_TRUE(ring.reset());
        for (uint32_t i = 0; i < count; i++) ring.stage(qxl::DeviceAddress{1}, 1);
        EXPECT_EQ(ring.publish(), wake >= 1 && wake <= count)
            << start << " " << count << " " << wake;
      }
}

TEST_F(RingTest, ResetRefusesOtherGeometry) {
  qxl::ProducerRing<QXLCommandRing> ring(&commands);
  qxl::ReleaseRing release_ring(&releases);

  commands.num_items = 16;
  EXPECT_FALSE(ring.reset());
  commands.num_items = 32;
  commands.cons = 1;
  EXPECT_FALSE(ring.reset());
  releases.num_items = 7;
  EXPECT_FALSE(release_ring.reset());
}

TEST_F(RingTest, PopDrainsAndArms) {
  qxl::ReleaseRing ring(&releases);
  ReleaseId id;

  ASSERT_TRUE(ring.reset());
  EXPECT_TRUE(ring.empty());
  EXPECT_FALSE(ring.pop(id));
  EXPECT_EQ(releases.notify_on_prod, 1u);
  for (uint64_t i = 0; i < 8; i++) releases.items[i].el = i + 100;
  releases.prod = 8;
  for (uint64_t i = 0; i < 8; i++) {
    ASSERT_TRUE(ring.pop(id));
    EXPECT_EQ(id.value(), i + 100);
    EXPECT_EQ(releases.cons, i + 1);
  }
  EXPECT_FALSE(ring.pop(id));
  EXPECT_EQ(releases.notify_on_prod, 9u);
}

// The host's thread interrupts only when asked. Were the ring not looked at
// again after asking, a release in between would wait for ever.
TEST_F(RingTest, NoInterruptIsLost) {
  constexpr uint32_t total = 200000;
  std::atomic<uint32_t> interrupts{1};
  std::atomic<bool> stuck{false};
  qxl::ReleaseRing ring(&releases);

  ASSERT_TRUE(ring.reset());
  std::thread host([&] {
    for (uint32_t i = 0; i < total && !stuck; i++) {
      while (i - fake::load(&releases.cons) == 8 && !stuck) std::this_thread::yield();
      releases.items[i & 7].el = i + 1;
      fake::store(&releases.prod, i + 1);
      if (fake::load(&releases.notify_on_prod) == i + 1) interrupts++;
    }
  });
  uint32_t seen = 0;
  uint64_t next = 1;

  while (next <= total && !stuck) {
    const auto asleep = std::chrono::steady_clock::now();

    while (interrupts == seen && !stuck) {
      std::this_thread::yield();
      stuck = std::chrono::steady_clock::now() - asleep > std::chrono::seconds(10);
    }
    seen = interrupts;
    for (ReleaseId id; ring.pop(id); next++) ASSERT_EQ(id.value(), next);
  }
  host.join();
  EXPECT_FALSE(stuck) << "at " << next;
}

TEST_F(RingTest, PopIgnoresImpossibleIndices) {
  qxl::ReleaseRing ring(&releases);
  ReleaseId id;

  ASSERT_TRUE(ring.reset());
  for (uint32_t prod : {9u, 100u, 0x80000000u, ~0u}) {
    releases.prod = prod;
    EXPECT_FALSE(ring.pop(id));
    EXPECT_EQ(releases.cons, 0u);
  }
}

}  // namespace
