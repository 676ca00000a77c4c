// SPDX-License-Identifier: GPL-2.0-only
// The pointer, on its own ring (QXLCursorCmd).
#pragma once

#include <cstdint>
#include <span>

#include "core/base/guard.h"
#include "core/submit.h"
#include "qxl_core.h"

namespace qxl {

// Upload memory the cursor ring needs: the shape on screen, one to replace it
// and moves in between, several times over because releases come in bunches.
inline constexpr uint64_t kCursorArenaBytes = 1 << 20;

// The host has one pointer, each head may want one of its own. It goes to the
// head that has the hotspot inside; among equals to the one that was changed
// last. When that one hides, the pointer goes to another head that shows one:
// its image is kept here, because the host knows no other than the last.
//
// INVARIANT: an image that is not kept is the last that the host was sent, which
// it holds until another or the end of the primary. So what a head shows is
// copied once, and what it does not show any more is kept before the host is
// told.
//
// lock_ keeps what is decided and what is sent in one order. It is held while
// the cursor ring is waited for, and no I/O command is waited for under it.
class Cursor {
 public:
  explicit Cursor(Submission& submission) : submission_(submission) {}
  ~Cursor() { qxl_k_free(pixels_); }
  Cursor(const Cursor&) = delete;
  Cursor& operator=(const Cursor&) = delete;

  // Before anything else; memory for the images of `heads`. kNoMemory.
  Result<> create(uint32_t heads);

  // Where heads lie on the primary. Does not change who has the pointer. May
  // sleep.
  void set_heads(std::span<const qxl_head> heads) QXL_EXCLUDES(lock_);
  // The host forgets the shape with each primary: before, and when there is another.
  // Both may sleep.
  void primary_ends() QXL_EXCLUDES(lock_);
  void primary_begins() QXL_EXCLUDES(lock_);

  // All may sleep. kLost; kAgain when the host takes nothing: catch_up() is to be
  // called later; kInvalid for a head that there is not, an image larger than
  // QXL_CURSOR_MAX, an empty one, a hotspot outside it, or a move of a head
  // that shows none.
  Result<> set(uint32_t head, const qxl_cursor_image& image, int32_t x, int32_t y)
      QXL_EXCLUDES(lock_);
  Result<> move(uint32_t head, int32_t x, int32_t y) QXL_EXCLUDES(lock_);
  Result<> hide(uint32_t head) QXL_EXCLUDES(lock_);
  // Sends what the pointer is by now, when the host has missed something.
  Result<> catch_up() QXL_EXCLUDES(lock_);

 private:
  // What a head wants to be shown.
  struct Head {
    qxl_cursor_image image;  // kept, or in the host's command; no width: none
    qxl_rect place;
    int32_t x;
    int32_t y;
    bool visible;
  };
  static constexpr uint32_t kNobody = ~0u;

  template <typename Build>
  Result<> send(uint32_t bytes, Build build) QXL_REQUIRES(lock_);
  Result<> send_hide() QXL_REQUIRES(lock_);
  // Where a head's image is kept.
  [[nodiscard]] uint8_t* place_of(uint32_t head) const;
  void keep(uint32_t head) QXL_REQUIRES(lock_);
  [[nodiscard]] bool has_hotspot(uint32_t head) const QXL_REQUIRES(lock_);
  [[nodiscard]] bool yields_to(uint32_t head) const QXL_REQUIRES(lock_);
  [[nodiscard]] uint32_t successor() const QXL_REQUIRES(lock_);
  // `head` has changed: its place, and its image, too, if that is `fresh`.
  Result<> show(uint32_t head, bool fresh) QXL_REQUIRES(lock_);
  Result<> send_set(uint32_t head) QXL_REQUIRES(lock_);

  Submission& submission_;
  uint8_t* pixels_ = nullptr;  // one largest image for each head
  uint32_t count_ = 0;
  Mutex lock_;
  Head heads_[QXL_MAX_HEADS] QXL_GUARDED_BY(lock_) = {};
  uint32_t owner_ QXL_GUARDED_BY(lock_) = kNobody;
  bool behind_ QXL_GUARDED_BY(lock_) = false;  // the host has missed something
  bool has_primary_ QXL_GUARDED_BY(lock_) = false;
  bool shape_forgotten_ QXL_GUARDED_BY(lock_) = false;
};

}  // namespace qxl
