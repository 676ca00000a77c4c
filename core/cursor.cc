// SPDX-License-Identifier: GPL-2.0-only
#include "core/cursor.h"

#include <spice/qxl_dev.h>

#include "core/copy.h"
#include "core/pixels.h"
#include "core/protocol/commands.h"
#include "core/rect.h"
#include "qxl_k.h"

namespace qxl {
namespace {

constexpr uint32_t kPixelBytes = 4;
constexpr size_t kImageBytes = size_t{QXL_CURSOR_MAX} * QXL_CURSOR_MAX * kPixelBytes;

bool is_valid(const qxl_cursor_image& image) {
  return image.width != 0 && image.width <= QXL_CURSOR_MAX && image.height != 0 &&
         image.height <= QXL_CURSOR_MAX && image.hot_x < image.width && image.hot_y < image.height;
}

}  // namespace

Result<> Cursor::create(uint32_t heads) {
  pixels_ = static_cast<uint8_t*>(qxl_k_alloc(heads * kImageBytes));
  if (!pixels_ || !lock_.create(QXL_K_MUTEX_CURSOR)) return Error::kNoMemory;
  count_ = heads;
  return {};
}

void Cursor::set_heads(std::span<const qxl_head> heads) {
  Guard guard(lock_);
  for (size_t i = 0; i < count_; ++i) {
    qxl_head head = i < heads.size() ? heads[i] : qxl_head{};
    heads_[i].place = moved(rect_of_size(head.width, head.height), static_cast<int32_t>(head.x),
                            static_cast<int32_t>(head.y));
  }
}

// Whose pointer it is ---------------------------------------------------------------

bool Cursor::has_hotspot(uint32_t head) const {
  const Head& wanted = heads_[head];
  return wanted.x >= wanted.place.x1 && wanted.x < wanted.place.x2 && wanted.y >= wanted.place.y1 &&
         wanted.y < wanted.place.y2;
}

// Whether the pointer may go from who has it to `head`.
bool Cursor::yields_to(uint32_t head) const {
  return owner_ == kNobody || owner_ == head || has_hotspot(head) || !has_hotspot(owner_);
}

// Who gets the pointer when the one that has it hides.
uint32_t Cursor::successor() const {
  uint32_t found = kNobody;
  for (uint32_t i = 0; i < count_; ++i) {
    if (!heads_[i].visible) continue;
    if (has_hotspot(i)) return i;
    if (found == kNobody) found = i;
  }
  return found;
}

// Images ----------------------------------------------------------------------------

uint8_t* Cursor::place_of(uint32_t head) const {
  return pixels_ + head * kImageBytes;
}

// As it is to be seen: what comes of its LUT, which is the caller's.
void Cursor::keep(uint32_t head) {
  qxl_cursor_image& image = heads_[head].image;
  uint8_t* to = place_of(head);
  if (image.pixels == to) return;
  uint32_t pitch = image.width * kPixelBytes;
  copy_rows(to, pitch, static_cast<const uint8_t*>(image.pixels), image.pitch, image.width,
            image.height);
  if (image.lut) apply_premultiplied(*image.lut, to, image.width * image.height);
  image.pixels = to;
  image.pitch = pitch;
  image.lut = nullptr;
}

void Cursor::primary_ends() {
  Guard guard(lock_);
  has_primary_ = false;
  if (owner_ != kNobody) keep(owner_);
}

void Cursor::primary_begins() {
  Guard guard(lock_);
  has_primary_ = true;
  shape_forgotten_ = true;
}

// What the host is told -------------------------------------------------------------

template <typename Build>
Result<> Cursor::send(uint32_t bytes, Build build) {
  behind_ = true;
  auto release = submission_.reserve_one(Pool::kCursor, bytes, Wait::kBriefly);
  if (!release.ok()) return release.error();
  Release& command = *release.value();
  build(CommandMemory{Submission::pointer(command), submission_.address(command)});
  auto sent = submission_.submit_one(Queue::kCursor, QXL_CMD_CURSOR, command, Wait::kBriefly);
  behind_ = !sent.ok();
  return sent;
}

Result<> Cursor::send_hide() {
  return send(kCursorMoveBytes, [](CommandMemory memory) { build_cursor_hide(memory); });
}

Result<> Cursor::send_set(uint32_t head) {
  qxl_cursor_image& image = heads_[head].image;
  const uint8_t* pixels = nullptr;
  auto sent = send(cursor_bytes(image.width, image.height),
                   [&pixels, wanted = heads_[head]](CommandMemory memory) {
                     pixels = build_cursor_set(memory, wanted.image, wanted.x, wanted.y);
                   });
  shape_forgotten_ = !sent.ok();
  if (sent.ok() && image.pixels != place_of(head)) {
    image.pixels = pixels;
    image.pitch = image.width * kPixelBytes;
  }
  return sent;
}

Result<> Cursor::show(uint32_t head, bool fresh) {
  Head& wanted = heads_[head];
  wanted.visible = true;
  if (!yields_to(head)) return {};
  bool is_same = owner_ == head && !fresh && !shape_forgotten_;
  if (owner_ != kNobody && owner_ != head) keep(owner_);
  owner_ = head;
  if (!is_same) return send_set(head);
  return send(kCursorMoveBytes, [x = wanted.x, y = wanted.y](CommandMemory memory) {
    build_cursor_move(memory, x, y);
  });
}

Result<> Cursor::set(uint32_t head, const qxl_cursor_image& image, int32_t x, int32_t y) {
  if (head >= count_ || !is_valid(image)) return Error::kInvalid;
  Guard guard(lock_);
  Head& wanted = heads_[head];
  wanted.image = image;
  wanted.x = x;
  wanted.y = y;
  if (image.lut || !has_primary_) keep(head);
  auto shown = show(head, true);
  if (wanted.image.pixels == image.pixels) keep(head);  // not sent
  return shown;
}

Result<> Cursor::move(uint32_t head, int32_t x, int32_t y) {
  if (head >= count_) return Error::kInvalid;
  Guard guard(lock_);
  if (heads_[head].image.width == 0) return Error::kInvalid;
  heads_[head].x = x;
  heads_[head].y = y;
  return show(head, false);
}

Result<> Cursor::hide(uint32_t head) {
  if (head >= count_) return Error::kInvalid;
  Guard guard(lock_);
  heads_[head].visible = false;
  heads_[head].image = {};
  if (owner_ != head) return {};
  owner_ = successor();
  return owner_ != kNobody ? send_set(owner_) : send_hide();
}

Result<> Cursor::catch_up() {
  Guard guard(lock_);
  if (!behind_) return {};
  return owner_ != kNobody ? send_set(owner_) : send_hide();
}

}  // namespace qxl
