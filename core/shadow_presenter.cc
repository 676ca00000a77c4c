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

}  // namespace

// One call of present() on a head with a shadow. Collects rectangles for the
// copying presenter, which updates the shadow with them: what is found changed
// once more until then is sent twice. A command that depends on what the host
// shows must not overtake them.
class ShadowPresenter::Update {
 public:
  Update(ShadowPresenter& presenter, Head& head, const qxl_frame& frame, const qxl_rect& primary)
      : presenter_(presenter),
        shadow_(head.shadow),
        looks_(head.patience.looks()),
        place_(head.place),
        frame_(frame, frame.dx - head.place.x1, frame.dy - head.place.y1),
        primary_(primary) {}

  // `rects` are the frame's.
  Result<> add_all(std::span<const qxl_rect> rects) {
    qxl_rect visible = moved(intersect(primary_, place_), -place_.x1, -place_.y1);
    for (const qxl_rect& rect : rects) {
      qxl_rect area = intersect(frame_.place(rect), visible);
      if (!empty(area)) QXL_TRY(add(area));
    }
    return flush();
  }

  void judge(Patience& patience) const {
    if (looks_) patience.judge(looked_pixels_, looked_sent_, pixels_of(shadow_.extent()));
  }

 private:
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
    PixelSource pixels =
        looks_ ? PixelSource(frame_, shadow_) : PixelSource(frame_, Wait::kBriefly);
    return presenter_.copies_.present(pixels, {rects_, count}, shadow_.extent(), place_.x1,
                                      place_.y1);
  }

  Result<> add_changes(const qxl_rect& area, bool known) {
    Shadow::Changes changes = shadow_.compare(frame_, area, {});
    if (known && changes.tiles >= kMinMotionTiles) QXL_TRY(follow_motion(area, changes));
    // A video's rectangle stays the same; where something was put off only that is
    // sent.
    if (known && most_of(changes.tiles, area)) return send(area);
    return send_changes(changes);
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

  Result<> send_changes(const Shadow::Changes& changes) {
    if (changes.tiles == 0) return {};
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
  Shadow& shadow_;
  const bool looks_;
  const qxl_rect place_;
  const FrameReader frame_;
  const qxl_rect primary_;
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

Result<> ShadowPresenter::present(const qxl_frame& frame, std::span<const qxl_rect> rects,
                                  const qxl_rect& primary) {
  if (frame.head >= QXL_MAX_HEADS || !heads_[frame.head].shadow.exists())
    return copies_.present(frame, rects, primary);
  Head& head = heads_[frame.head];
  Update update(*this, head, frame, primary);
  auto result = update.add_all(rects);
  if (result.ok())
    update.judge(head.patience);
  else
    put_off(head, result.error());
  return result;
}

// What was not sent, the shadow must not claim to be on screen. What was, is not
// sent once more, or a slow host would get the first part of a picture again and again.
void ShadowPresenter::put_off(Head& head, Error error) {
  if (error != Error::kAgain) head.shadow.forget(head.shadow.extent());
  head.patience = {};
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
