// SPDX-License-Identifier: GPL-2.0-only
#include "core/surface.h"

#include <spice/enums.h>
#include <spice/qxl_dev.h>

#include <utility>

#include "core/protocol/commands.h"

namespace qxl {

uint32_t bytes_per_pixel(uint32_t format) {
  switch (format) {
    case SPICE_SURFACE_FMT_8_A:
      return 1;
    case SPICE_SURFACE_FMT_16_555:
    case SPICE_SURFACE_FMT_16_565:
      return 2;
    case SPICE_SURFACE_FMT_32_xRGB:
    case SPICE_SURFACE_FMT_32_ARGB:
      return 4;
    default:
      return 0;
  }
}

Result<size_t> surface_size(const qxl_surface_desc& desc) {
  uint64_t row = uint64_t{desc.width} * bytes_per_pixel(desc.format);
  // A negative stride means rows from the bottom up.
  int64_t wide_stride = desc.stride;
  auto stride = static_cast<uint64_t>(wide_stride < 0 ? -wide_stride : wide_stride);
  // A server that has to send a client such a surface aborts.
  if (desc.format == SPICE_SURFACE_FMT_16_565) return Error::kInvalid;
  if (row == 0 || desc.height == 0 || stride < row || stride % 4 != 0) return Error::kInvalid;
  return stride * desc.height;  // below 2^63
}

Result<> Surfaces::setup(uint32_t n_surfaces) {
  destroys_ = static_cast<Release**>(qxl_k_alloc(sizeof(Release*) * n_surfaces));
  if (!destroys_) return Error::kNoMemory;
  return {};
}

// Until `condition` holds, waits for what dying surfaces will give back.
// kNoSpace when none is dying: then somebody must evict. Whether any is dying is
// asked first: what the last of them gives back must be found by `condition`.
template <typename Condition>
Result<> Surfaces::obtain(Condition condition) {
  bool done = false;
  auto decided = [&] {
    bool dying = ids_.any_dying();
    done = condition();
    return done || !dying;
  };
  if (!decided()) QXL_TRY(submission_.wait_until(decided));
  if (!done) return Error::kNoSpace;
  return {};
}

Result<SurfaceId> Surfaces::reserve_id() {
  Result<SurfaceId> id = Error::kNoSpace;
  QXL_TRY(obtain([&] {
    id = ids_.reserve();
    return id.ok() || id.error() != Error::kNoSpace;
  }));
  return id;
}

Result<Surfaces::Commands> Surfaces::reserve_commands() {
  const uint64_t bytes[2] = {kSurfaceBytes, kSurfaceBytes};
  Release* releases[2];
  QXL_TRY(obtain([&] {
    uint32_t count = submission_.try_reserve(Pool::kSurface, bytes, releases);
    if (count == 1) submission_.cancel(*releases[0]);
    return count == 2;
  }));
  return Commands{releases[0], releases[1]};
}

Result<SurfaceId> Surfaces::create(qxl_bo* bo, const qxl_surface_desc& desc, DeviceAddress data,
                                   qxl_fence* destroyed) {
  // Cheap to find out now; later it would be a surface that the host lacks.
  QXL_TRY(submission_.usable());
  auto id = reserve_id();
  if (!id.ok()) return id;
  auto commands = reserve_commands();
  if (!commands.ok()) {
    ids_.free(id.value());
    return commands.error();
  }
  auto [create, destroy] = commands.value();
  build_surface_destroy({Submission::pointer(*destroy), submission_.address(*destroy)}, id.value());
  // INVARIANT: an id is reused only after the host released its destroy
  // command: the record frees it then.
  destroy->surface = id.value();
  destroy->fence = destroyed;
  destroys_[id.value().value()] = destroy;
  build_surface_create({Submission::pointer(*create), submission_.address(*create)}, id.value(),
                       desc, data);
  ids_.publish(id.value(), bo);
  auto sent = submission_.submit_one(Queue::kDisplay, QXL_CMD_SURFACE, *create);
  if (sent.ok()) return id;
  // A reset may have looked for surfaces already: none that the host lacks stays.
  destroy->fence = nullptr;
  evict(id.value());
  return sent.error();
}

void Surfaces::evict(SurfaceId id) {
  // INVARIANT: free evicts first. From here on no lookup finds the BO.
  if (!ids_.unpublish(id)) return;
  Release* destroy = std::exchange(destroys_[id.value()], nullptr);
  (void)submission_.push(Queue::kDisplay, QXL_CMD_SURFACE, {&destroy, 1}, Wait::kLong);
}

}  // namespace qxl
