// SPDX-License-Identifier: GPL-2.0-only
// Giving commands back: bunches of 32, chained through release_info.next.
#include "device.h"
#include "report.h"

namespace fake {
namespace {

constexpr uint32_t bunch_size = 32;

uint64_t *producer_item(QXLReleaseRing &ring) {
  const uint32_t index = load(&ring.prod) & (QXL_RELEASE_RING_SIZE - 1);

  return (uint64_t *)((uint8_t *)&ring + offsetof(QXLReleaseRing, items) +
                      index * sizeof(uint64_t));
}

}  // namespace

// The guest gave its word that this memory stays as it was.
void FakeDevice::check_unchanged(const Held &held) {
  for (const Region &region : held.regions)
    if (hash_of(region.at, region.bytes) != region.hash)
      violation(
          "memory of command %#lx changed while the host "
          "held it",
          (long)held.id);
  if (held.info->id != held.id) violation("release id %#lx was overwritten", (long)held.id);
}

// The head of a bunch waits in the ring's producer item, not published yet.
void FakeDevice::release(Held &held) {
  uint64_t *item = producer_item(ram()->release_ring);

  if (held.drawing)
    render(held);
  else
    check_unchanged(held);
  held.info->next = 0;
  if (*item == 0)
    *item = held.id;
  else
    last_release_->next = held.id;
  last_release_ = held.info;
  bunch_++;
  push_releases(false);
}

void FakeDevice::push_releases(bool flush) {
  QXLReleaseRing &ring = ram()->release_ring;
  const uint32_t prod = load(&ring.prod);

  // One item is always the open bunch: seven can be published.
  if (prod - load(&ring.cons) + 1 == QXL_RELEASE_RING_SIZE) return;
  if (!flush && (oom_running_ || bunch_ < bunch_size)) return;
  ring.items[(prod + 1) & (QXL_RELEASE_RING_SIZE - 1)].el = 0;
  store(&ring.prod, prod + 1);
  if (prod + 1 == load(&ring.notify_on_prod)) raise_locked(QXL_INTERRUPT_DISPLAY);
  bunch_ = 0;
  last_release_ = nullptr;
}

void FakeDevice::release_held(size_t count) {
  std::lock_guard guard(mutex_);

  for (; count && !held_.empty(); count--) {
    release(held_.front());
    held_.pop_front();
  }
}

void FakeDevice::flush_releases() {
  {
    std::lock_guard guard(mutex_);

    if (bunch_) push_releases(true);
  }
  irq_window();
}

// A release the guest may not have asked for.
void FakeDevice::push_raw_release(uint64_t id) {
  {
    std::lock_guard guard(mutex_);

    if (bunch_) push_releases(true);
    *producer_item(ram()->release_ring) = id;
    push_releases(true);
  }
  irq_window();
}

}  // namespace fake
