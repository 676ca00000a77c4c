// SPDX-License-Identifier: GPL-2.0-only
#include "core/surface.h"

#include <spice/enums.h>
#include <spice/qxl_dev.h>

#include <utility>

#include "core/protocol/commands.h"

namespace qxl {
namespace {

// 0 for a format that is no surface's.
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

}  // namespace

Result<size_t> surface_size(const qxl_surface_desc& desc) {
  uint64_t row = uint64_t{desc.width} * bytes_per_pixel(desc.format);
  // A negative stride means rows from the bottom up.
  int64_t wide_stride = desc.stride;
  auto stride = static_cast<uint64_t>(wide_stride < 0 ? -wide_stride : wide_stride);
  if (row == 0 || desc.height == 0 || stride < row || stride % 4 != 0) return Error::kInvalid;
  return stride * desc.height;  // below 2^63
}

Result<> Surfaces::setup(uint32_t n_surfaces) {
  destroys_ = static_cast<Release**>(qxl_k_alloc(sizeof(Release*) * n_surfaces));
  if (!destroys_) return Error::kNoMemory;
  return {};
}

Result<> Surfaces::set_aside_destroy(SurfaceId id, qxl_fence* destroyed) {
  auto reserved = submission_.reserve_one(Queue::kDisplay, kSurfaceBytes);
  if (!reserved.ok()) return reserved.error();
  Release& destroy = *reserved.value();
  build_surface_destroy({Submission::pointer(destroy), submission_.address(destroy)}, id);
  // INVARIANT: an id is reused only after the host released its destroy
  // command: the record frees it then.
  destroy.surface = id;
  destroy.fence = destroyed;
  destroys_[id.value()] = &destroy;
  return {};
}

Result<SurfaceId> Surfaces::create(qxl_bo* bo, const qxl_surface_desc& desc, DeviceAddress data,
                                   qxl_fence* destroyed) {
  auto id = ids_.reserve();
  if (!id.ok()) return id;
  auto create = submission_.reserve_one(Queue::kDisplay, kSurfaceBytes);
  if (!create.ok()) {
    ids_.free(id.value());
    return create.error();
  }
  Release* command = create.value();
  auto set_aside = set_aside_destroy(id.value(), destroyed);
  if (!set_aside.ok()) {
    submission_.cancel(*command);
    ids_.free(id.value());
    return set_aside.error();
  }
  build_surface_create({Submission::pointer(*command), submission_.address(*command)}, id.value(),
                       desc, data);
  ids_.publish(id.value(), bo);
  // When the device is lost on the way the surface stays as it would after a
  // loss a moment later: eviction finishes it.
  (void)submission_.submit(Queue::kDisplay, QXL_CMD_SURFACE, {&command, 1});
  return id;
}

void Surfaces::evict(SurfaceId id) {
  // INVARIANT: free evicts first. From here on no lookup finds the BO.
  if (!ids_.unpublish(id)) return;
  Release* destroy = std::exchange(destroys_[id.value()], nullptr);
  (void)submission_.submit(Queue::kDisplay, QXL_CMD_SURFACE, {&destroy, 1});
}

}  // namespace qxl
