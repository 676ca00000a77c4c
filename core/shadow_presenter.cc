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

 private:
  Result<> add(const qxl_rect& area) {
    uint64_t sent = sent_pixels_;
    QXL_TRY(shadow_.known() ? add_changes(area) : send(area));
    add_relaxed(&presenter_.spared_bytes_,
                (pixels_of(area) - (sent_pixels_ - sent)) * kBytesPerPixel);
    return {};
  }

  Result<> flush() {
    uint32_t count = count_;
    count_ = 0;
    return presenter_.copies_.present(PixelSource(frame_, shadow_), {rects_, count},
                                      shadow_.extent(), place_.x1, place_.y1);
  }

  Result<> add_changes(const qxl_rect& area) {
    Shadow::Changes changes = shadow_.compare(frame_, area);
    if (changes.tiles >= kMinMotionTiles) {
      Move move = MotionSearch(frame_, shadow_, changes.bounds).find();
      if (!empty(move.dest)) {
        QXL_TRY(execute(move));
        changes = shadow_.compare(frame_, area);
      }
    }
    if (changes.tiles == 0) return {};
    if (most_of(changes.tiles, area)) return send(area);
    if (most_of(changes.tiles, changes.bounds)) return send(changes.bounds);
    Shadow::Marked marked(shadow_, changes.bounds);
    for (qxl_rect rect; marked.next(rect);) QXL_TRY(send(rect));
    return {};
  }

  // The shadow moves as the host does; whatever is not right then, comparing
  // finds.
  Result<> execute(const Move& move) {
    QXL_TRY(flush());
    QXL_TRY(presenter_.copies_.move(moved(move.dest, place_.x1, place_.y1), move.dx, move.dy));
    shadow_.move(move);
    add_relaxed(&presenter_.moved_bytes_, pixels_of(move.dest) * kBytesPerPixel);
    return {};
  }

  Result<> send(const qxl_rect& rect) {
    shadow_.learn(rect);
    sent_pixels_ += pixels_of(rect);
    rects_[count_++] = rect;
    return count_ < kBatch ? Result<>{} : flush();
  }

  ShadowPresenter& presenter_;
  Shadow& shadow_;
  const qxl_rect place_;
  const FrameReader frame_;
  const qxl_rect primary_;
  uint64_t sent_pixels_ = 0;
  uint32_t count_ = 0;
  qxl_rect rects_[kBatch];
};

void ShadowPresenter::set_heads(std::span<const qxl_head> heads) {
  for (size_t i = 0; i < QXL_MAX_HEADS; ++i) {
    qxl_head head = i < heads.size() ? heads[i] : qxl_head{};
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
  // What was not sent, the shadow must not claim to be on screen.
  if (!result.ok()) head.shadow.forget();
  return result;
}

Result<> ShadowPresenter::blank(const qxl_rect& dest, const qxl_rect& primary) {
  for (Head& head : heads_)
    if (!empty(intersect(head.place, dest))) head.shadow.forget();
  return copies_.blank(dest, primary);
}

}  // namespace qxl
