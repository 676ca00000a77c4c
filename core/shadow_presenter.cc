// SPDX-License-Identifier: GPL-2.0-only
#include "core/shadow_presenter.h"

#include <spice/qxl_dev.h>

#include "core/protocol/commands.h"

namespace qxl {
namespace {

// Fewer changed tiles than this are sent before anything would be found.
constexpr uint32_t kMinMotionTiles = 16;
constexpr uint32_t kBatch = 16;

bool most_of(uint32_t tiles, const qxl_rect& rect) {
  return tiles >= (Shadow::tiles_of(rect) + 1) / 2;
}

// Whether user space draws the same pixels on both.
bool same_place(const qxl_frame& a, const qxl_frame& b) {
  return a.offset == b.offset && a.pitch == b.pitch && a.format == b.format;
}

}  // namespace

// One call of present() on a head with a shadow. Collects rectangles for the
// copying presenter, which updates the shadow with them: what is found changed
// once more until then is sent twice. A command that depends on what the host
// shows must not overtake them.
class ShadowPresenter::Update {
 public:
  Update(ShadowPresenter& presenter, Head& head, const Reference& reference,
         const qxl_rect& primary)
      : presenter_(presenter),
        head_(head),
        shadow_(head.shadow),
        place_(head.place),
        visible_(moved(intersect(primary, place_), -place_.x1, -place_.y1)),
        reference_(reference),
        frame_(*reference.frame, reference.frame->dx - place_.x1, reference.frame->dy - place_.y1),
        looks_(head.patience.looks()) {}

  // `rects` are the frame's.
  Result<> add_all(std::span<const qxl_rect> rects) {
    bool covers = covers_all(rects);
    if (covers && (head_.fresh || !looks_) && can_refer()) return refer();
    head_.fresh = false;
    if (!covers && presenter_.reads_another(head_, *reference_.frame)) return replace();
    for (const qxl_rect& rect : rects) {
      qxl_rect area = intersect(frame_.place(rect), visible_);
      if (!empty(area)) QXL_TRY(add(area));
    }
    return flush();
  }

  void judge(Patience& patience) const {
    if (looks_) patience.judge(looked_pixels_, looked_sent_, pixels_of(shadow_.extent()));
  }

 private:
  // Whether all of the head is to be shown anew.
  [[nodiscard]] bool covers_all(std::span<const qxl_rect> rects) const {
    for (const qxl_rect& rect : rects)
      if (contains(frame_.place(rect), visible_)) return true;
    return false;
  }

  // The part of the frame that the head shows.
  [[nodiscard]] qxl_rect part() const {
    const qxl_frame& frame = *reference_.frame;
    return moved(visible_, place_.x1 - frame.dx, place_.y1 - frame.dy);
  }

  [[nodiscard]] bool can_refer() const {
    return presenter_.references_.can_present(reference_, part());
  }

  Result<> refer() {
    shadow_.forget(visible_);
    head_.fresh = false;
    head_.referenced = *reference_.frame;
    return presenter_.references_.present(reference_, part(),
                                          moved(visible_, place_.x1, place_.y1), head_.readers);
  }

  // The frame that the host may still read is user space's to draw on now. All of
  // this one covers it, once: from then on the shadow knows the head again.
  Result<> replace() {
    qxl_rect area = intersect(frame_.place(rect_of_size(reference_.frame->width,
                                                        reference_.frame->height)),
                              visible_);
    looks_ = true;
    shadow_.forget(visible_);
    if (!empty(area)) QXL_TRY(send(area));
    return flush();
  }

  Result<> add(const qxl_rect& area) {
    if (!looks_) {
      shadow_.forget(area);
      return send(area);
    }
    bool known = shadow_.knows(area);
    uint64_t before = sent_pixels_;
    QXL_TRY(add_changes(area, known));
    uint64_t sent = sent_pixels_ - before;
    add_relaxed(&presenter_.spared_bytes_, (pixels_of(area) - sent) * kBytesPerPixel);
    if (known) {
      looked_pixels_ += pixels_of(area);
      looked_sent_ += sent;
    }
    return {};
  }

  Result<> flush() {
    uint32_t count = count_;
    count_ = 0;
    PixelSource pixels = looks_ ? PixelSource(frame_, shadow_) : PixelSource(frame_);
    return presenter_.copies_.present(pixels, {rects_, count}, shadow_.extent(), place_.x1,
                                      place_.y1);
  }

  Result<> add_changes(const qxl_rect& area, bool known) {
    Shadow::Changes changes = shadow_.compare(frame_, area, {});
    if (known && changes.tiles >= kMinMotionTiles) QXL_TRY(follow_motion(area, changes));
    return send_changes(area, changes);
  }

  // Has the host move what has moved; `changes` are what is left.
  Result<> follow_motion(const qxl_rect& area, Shadow::Changes& changes) {
    QXL_TRY(flush());  // what is looked for is what the host will have by then
    Move move = MotionSearch(frame_, shadow_, changes.bounds).find();
    if (empty(move.dest) || !shadow_.knows(moved(move.dest, -move.dx, -move.dy))) return {};
    QXL_TRY(execute(move));
    changes = shadow_.compare(frame_, area, move.dest);
    return {};
  }

  Result<> send_changes(const qxl_rect& area, const Shadow::Changes& changes) {
    if (changes.tiles == 0) return {};
    if (most_of(changes.tiles, area)) return send(area);
    if (most_of(changes.tiles, changes.bounds)) return send(changes.bounds);
    Shadow::Marked marked(shadow_, changes.bounds);
    for (qxl_rect rect; marked.next(rect);) QXL_TRY(send(rect));
    return {};
  }

  // The shadow moves as the host does.
  Result<> execute(const Move& move) {
    QXL_TRY(presenter_.copies_.move(moved(move.dest, place_.x1, place_.y1), move.dx, move.dy));
    shadow_.move(move);
    add_relaxed(&presenter_.moved_bytes_, pixels_of(move.dest) * kBytesPerPixel);
    return {};
  }

  Result<> send(const qxl_rect& rect) {
    if (looks_) shadow_.learn(rect);
    sent_pixels_ += pixels_of(rect);
    rects_[count_++] = rect;
    return count_ < kBatch ? Result<>{} : flush();
  }

  ShadowPresenter& presenter_;
  Head& head_;
  Shadow& shadow_;
  const qxl_rect place_;
  const qxl_rect visible_;  // of the head
  const Reference& reference_;
  const FrameReader frame_;
  bool looks_;
  uint64_t sent_pixels_ = 0;
  uint64_t looked_pixels_ = 0;  // of what was known
  uint64_t looked_sent_ = 0;
  uint32_t count_ = 0;
  qxl_rect rects_[kBatch];
};

void ShadowPresenter::set_heads(std::span<const qxl_head> heads) {
  for (size_t i = 0; i < QXL_MAX_HEADS; ++i) {
    qxl_head head = i < heads.size() ? heads[i] : qxl_head{};
    heads_[i].patience = {};
    heads_[i].fresh = true;
    heads_[i].place = moved(rect_of_size(head.width, head.height), static_cast<int32_t>(head.x),
                            static_cast<int32_t>(head.y));
    if (head.width != 0)
      heads_[i].shadow.resize(head.width, head.height);
    else
      heads_[i].shadow.release();
  }
}

void ShadowPresenter::forget_heads() {
  for (Head& head : heads_) head.shadow.release();
}

bool ShadowPresenter::reads_another(const Head& head, const qxl_frame& frame) {
  if (load_acquire(&head.readers) == 0 || same_place(frame, head.referenced)) return false;
  submission_.collect();
  return load_acquire(&head.readers) != 0;
}

Result<> ShadowPresenter::present(const qxl_frame& frame, std::span<const qxl_rect> rects,
                                  const qxl_rect& primary, qxl_fence** reading) {
  if (frame.head >= QXL_MAX_HEADS || !heads_[frame.head].shadow.exists())
    return copies_.present(frame, rects, primary);
  Head& head = heads_[frame.head];
  Reference reference = {.frame = &frame, .reading = reading && *reading ? reading : nullptr};
  Update update(*this, head, reference, primary);
  auto result = update.add_all(rects);
  // What was not sent, the shadow must not claim to be on screen.
  if (!result.ok()) head.shadow.forget(head.shadow.extent());
  update.judge(head.patience);
  return result;
}

Result<> ShadowPresenter::blank(const qxl_rect& dest, const qxl_rect& primary) {
  for (Head& head : heads_) {
    qxl_rect area = intersect(head.place, dest);
    if (head.shadow.exists() && !empty(area))
      head.shadow.forget(moved(area, -head.place.x1, -head.place.y1));
  }
  return copies_.blank(dest, primary);
}

}  // namespace qxl
