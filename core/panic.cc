// SPDX-License-Identifier: GPL-2.0-only
#include "core/panic.h"

#include <spice/qxl_dev.h>

#include <cstddef>

#include "core/protocol/ring.h"
#include "core/rect.h"
#include "core/release.h"

namespace qxl {
namespace {

constexpr uint64_t kGranule = Arena::kGranule;
static_assert(kCopyPixels <= kGranule && sizeof(QXLDrawable) <= kGranule &&
              sizeof(QXLCursorCmd) <= kGranule);
// In front of a head's pixels.
constexpr uint64_t kFill = 0 * kGranule;
constexpr uint64_t kCopy = 1 * kGranule;
constexpr uint64_t kPointer = 2 * kGranule;
constexpr uint64_t kPixels = 3 * kGranule;

// For all heads together. Delays are counted, because the clock's lock may be held by a
// processor that has been stopped.
constexpr uint32_t kWaitUs = 100;
constexpr uint32_t kMaxWaits = 5'000'000 / kWaitUs;

constexpr uint64_t round_up(uint64_t bytes) {
  return (bytes + kGranule - 1) & ~(kGranule - 1);
}

qxl_rect place_of(const qxl_head& head, const qxl_rect& primary) {
  qxl_rect whole = rect_of_size(head.width, head.height);
  return intersect(moved(whole, static_cast<int32_t>(head.x), static_cast<int32_t>(head.y)),
                   primary);
}

// Of a head that is off: nothing.
uint64_t wanted_bytes(const qxl_rect& place) {
  return empty(place) ? 0 : kPixels + round_up(pixels_of(place) * kBytesPerPixel);
}

// A ring without what the driver believes of it: only the words that the host goes by.
template <typename Ring>
class BareRing : private RingWords<Ring> {
  using Words = RingWords<Ring>;

 public:
  explicit BareRing(void* ring) : Words(ring) {}

  [[nodiscard]] bool full() const {
    return load_acquire(this->prod()) - load_acquire(this->cons()) >= Words::kItems;
  }

  // SAFETY: nothing else runs that pushes. A command that another processor has staged
  // and not published lies where this one goes, and never comes to be.
  void push(const QXLCommand& command) {
    uint32_t prod = load_acquire(this->prod());
    __builtin_memcpy(this->item(prod), &command, sizeof(command));
    full_fence();  // commands are in memory, whatever its caching, before the index
    store_release(this->prod(), prod + 1);
    full_fence();
  }
};

}  // namespace

void PanicScreen::setup(void* ram, uint8_t* vram, uint64_t offset, uint64_t bytes) {
  ram_ = static_cast<uint8_t*>(ram);
  vram_ = vram;
  offset_ = offset;
  bytes_ = bytes;
}

// Where the heads together want more than there is, each gets its share of it. The same
// arguments give the same slice, so a screen that is drawn twice is drawn in one place.
Result<PanicScreen::Slice> PanicScreen::slice(std::span<const qxl_head> heads, uint32_t index,
                                              const qxl_rect& primary) const {
  if (index >= heads.size()) return Error::kInvalid;
  uint64_t total = 0;
  for (const qxl_head& head : heads) total += wanted_bytes(place_of(head, primary));
  auto share = [&](const qxl_head& head) {
    uint64_t wanted = wanted_bytes(place_of(head, primary));
    return total <= bytes_ ? wanted : wanted * bytes_ / total & ~(kGranule - 1);
  };

  Slice slice = {.head = place_of(heads[index], primary), .offset = 0, .rows = 0};
  if (empty(slice.head)) return Error::kNoDevice;
  for (const qxl_head& head : heads.first(index)) slice.offset += share(head);
  uint64_t bytes = share(heads[index]);
  if (bytes <= kPixels) return Error::kNoMemory;
  uint64_t rows = (bytes - kPixels) / (uint64_t{width_of(slice.head)} * kBytesPerPixel);
  uint32_t height = height_of(slice.head);
  slice.rows = rows < height ? static_cast<uint32_t>(rows) : height;
  if (slice.rows == 0) return Error::kNoMemory;
  return slice;
}

Result<qxl_panic_buffer> PanicScreen::buffer(std::span<const qxl_head> heads, uint32_t index,
                                             const qxl_rect& primary) const {
  auto found = slice(heads, index, primary);
  if (!found.ok()) return found.error();
  const Slice& slice = found.value();
  return qxl_panic_buffer{.pixels = vram_ + slice.offset + kPixels,
                          .width = width_of(slice.head),
                          .height = slice.rows,
                          .pitch = width_of(slice.head) * kBytesPerPixel};
}

// Nobody takes these commands back: their ids name no record.
CommandMemory PanicScreen::command(uint64_t offset, const Memslot& main) {
  QXLReleaseInfo info = {.id = uint64_t{ReleaseTable::kRecords} + commands_++};
  __builtin_memcpy(vram_ + offset, &info, sizeof(info));
  return {.pointer = vram_ + offset, .address = main.address(offset_ + offset)};
}

// The host is woken whether it asked or not, and before anything is waited for: who was
// to do that may have been stopped before.
template <typename Ring>
bool PanicScreen::push(void* ring, CommandMemory memory, uint32_t type, uint32_t notify_port) {
  BareRing<Ring> bare(ring);
  if (bare.full()) qxl_k_port_write(dev_, notify_port, 0);
  for (; bare.full(); qxl_k_delay_us(kWaitUs))
    if (waits_++ >= kMaxWaits) return false;
  bare.push({.data = memory.address.value(), .type = type, .padding = 0});
  qxl_k_port_write(dev_, notify_port, 0);
  return true;
}

bool PanicScreen::draw(CommandMemory memory) {
  return push<QXLCommandRing>(ram_ + offsetof(QXLRam, cmd_ring), memory, QXL_CMD_DRAW,
                              QXL_IO_NOTIFY_CMD);
}

void PanicScreen::hide_pointer(CommandMemory memory) {
  build_cursor_hide(memory);
  push<QXLCursorRing>(ram_ + offsetof(QXLRam, cursor_ring), memory, QXL_CMD_CURSOR,
                      QXL_IO_NOTIFY_CURSOR);
}

void PanicScreen::show(std::span<const qxl_head> heads, uint32_t index, const qxl_rect& primary,
                       const Memslot& main) {
  auto found = slice(heads, index, primary);
  if (!found.ok()) return;
  const Slice& slice = found.value();
  uint32_t missing = height_of(slice.head) - slice.rows;
  if (missing != 0) {
    CommandMemory fill = command(slice.offset + kFill, main);
    build_fill(fill, slice.head, 0);
    if (!draw(fill)) return;
  }
  qxl_rect dest = slice.head;
  dest.y1 += static_cast<int32_t>(missing / 2);
  dest.y2 = dest.y1 + static_cast<int32_t>(slice.rows);
  CommandMemory copy = command(slice.offset + kCopy, main);
  build_copy(copy, dest,
             {.data = main.address(offset_ + slice.offset + kPixels),
              .width = width_of(dest),
              .height = slice.rows,
              .stride = width_of(dest) * kBytesPerPixel});
  if (draw(copy)) hide_pointer(command(slice.offset + kPointer, main));
}

}  // namespace qxl
