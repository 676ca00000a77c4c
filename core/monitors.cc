// SPDX-License-Identifier: GPL-2.0-only
#include "core/monitors.h"

#include <spice/qxl_dev.h>

#include "core/base/ids.h"

namespace qxl {

static_assert(sizeof(QXLMonitorsConfig) + QXL_MAX_HEADS * sizeof(QXLHead) <= kMonitorsBytes);

Result<> write_monitors(uint8_t* memory, std::span<const qxl_head> heads) {
  if (heads.size() > QXL_MAX_HEADS) return Error::kInvalid;
  QXLMonitorsConfig config = {};
  config.max_allowed = static_cast<uint16_t>(heads.size());
  for (size_t i = 0; i < heads.size(); ++i) {
    if (heads[i].width == 0) continue;
    QXLHead head = {.id = static_cast<uint32_t>(i),
                    .surface_id = kPrimarySurface.value(),
                    .width = heads[i].width,
                    .height = heads[i].height,
                    .x = heads[i].x,
                    .y = heads[i].y,
                    .flags = 0};
    __builtin_memcpy(memory + sizeof(config) + config.count * sizeof(head), &head, sizeof(head));
    ++config.count;
  }
  if (config.count == 0) return Error::kInvalid;
  __builtin_memcpy(memory, &config, sizeof(config));
  return {};
}

}  // namespace qxl
