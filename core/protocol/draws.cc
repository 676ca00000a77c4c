// SPDX-License-Identifier: GPL-2.0-only
#include "core/protocol/draws.h"

#include <spice/enums.h>
#include <spice/qxl_dev.h>

#include "core/protocol/emit.h"

namespace qxl {
namespace {

struct [[gnu::packed]] DrawCommand {
  QXLDrawable drawable;
  QXLImage source;
  QXLImage mask;
  QXLTransform source_transform;
  QXLTransform mask_transform;
};
static_assert(sizeof(DrawCommand) <= kCopyPixels);
static_assert(sizeof(QXLTransform) == sizeof(qxl_transform));

qxl_rect moved_to(const qxl_rect& rect, int32_t x, int32_t y) {
  return {.x1 = x, .y1 = y, .x2 = x + rect.x2 - rect.x1, .y2 = y + rect.y2 - rect.y1};
}

qxl_rect all_of(const DrawSurface& surface) {
  return {.x1 = 0,
          .y1 = 0,
          .x2 = static_cast<int32_t>(surface.width),
          .y2 = static_cast<int32_t>(surface.height)};
}

class Builder {
 public:
  Builder(CommandMemory memory, const qxl_draw& draw, const DrawSurfaces& surfaces)
      : memory_(memory), draw_(draw), surfaces_(surfaces) {}

  void build(uint32_t stride) {
    header();
    switch (draw_.type) {
      case QXL_DRAW_FILL:
        fill();
        return emit(memory_, command_, sizeof(QXLDrawable));
      case QXL_COPY_BITS:
        command_.drawable.u.copy_bits.src_pos = {.x = draw_.source.x, .y = draw_.source.y};
        return emit(memory_, command_, sizeof(QXLDrawable));
      case QXL_DRAW_COPY:
        copy(stride);
        return emit(memory_, command_, offsetof(DrawCommand, mask));
      default:
        composite();
        return emit(memory_, command_);
    }
  }

 private:
  void header() {
    QXLDrawable& drawable = command_.drawable;
    drawable.surface_id = surfaces_.target.value();
    drawable.effect = draw_.effect;
    drawable.type = draw_.type;
    drawable.bbox = to_device(draw_.area);
    drawable.clip.type = SPICE_CLIP_TYPE_NONE;
    for (size_t i = 0; i < 3; ++i) drawable.surfaces_dest[i] = -1;
  }

  void fill() {
    QXLFill& fill = command_.drawable.u.fill;
    fill.brush.type = SPICE_BRUSH_TYPE_SOLID;
    fill.brush.u.color = draw_.color;
    fill.rop_descriptor = draw_.rop;
  }

  void copy(uint32_t stride) {
    QXLCopy& copy = command_.drawable.u.copy;
    qxl_rect area = moved_to(draw_.area, draw_.source.x, draw_.source.y);
    copy.src_bitmap = at(memory_, offsetof(DrawCommand, source)).value();
    copy.src_area = to_device(area);
    copy.rop_descriptor = draw_.rop;
    copy.scale_mode = draw_.scale_mode;
    if (draw_.source.bo == QXL_NO_BO) {
      bitmap(stride);
    } else {
      surface_image(command_.source, surfaces_.source);
      depends_on(0, surfaces_.source, area);
    }
  }

  void bitmap(uint32_t stride) {
    QXLImage& image = command_.source;
    image.descriptor.type = SPICE_IMAGE_TYPE_BITMAP;
    image.descriptor.id = draw_.image.cached ? draw_.image.cache_id : 0;
    image.descriptor.flags = draw_.image.cached ? QXL_IMAGE_CACHE : 0;
    image.descriptor.width = draw_.image.width;
    image.descriptor.height = draw_.image.height;
    image.bitmap.format = static_cast<uint8_t>(draw_.image.format);
    image.bitmap.flags = QXL_BITMAP_DIRECT | QXL_BITMAP_TOP_DOWN;
    image.bitmap.x = draw_.image.width;
    image.bitmap.y = draw_.image.height;
    image.bitmap.stride = stride;
    image.bitmap.data = at(memory_, kCopyPixels).value();
  }

  void composite() {
    QXLComposite& composite = command_.drawable.u.composite;
    composite.flags = draw_.flags;
    composite.src = at(memory_, offsetof(DrawCommand, source)).value();
    composite.src_origin = origin(draw_.source);
    surface_image(command_.source, surfaces_.source);
    depends_on(0, surfaces_.source, all_of(surfaces_.source));
    if (draw_.source.transformed)
      composite.src_transform =
          transform(offsetof(DrawCommand, source_transform), draw_.source.transform);
    if (draw_.mask.bo == QXL_NO_BO) return;
    composite.mask = at(memory_, offsetof(DrawCommand, mask)).value();
    composite.mask_origin = origin(draw_.mask);
    surface_image(command_.mask, surfaces_.mask);
    depends_on(1, surfaces_.mask, all_of(surfaces_.mask));
    if (draw_.mask.transformed)
      composite.mask_transform =
          transform(offsetof(DrawCommand, mask_transform), draw_.mask.transform);
  }

  static QXLPoint16 origin(const qxl_draw_source& source) {
    return {.x = static_cast<int16_t>(source.x), .y = static_cast<int16_t>(source.y)};
  }

  static void surface_image(QXLImage& image, const DrawSurface& surface) {
    image.descriptor.type = SPICE_IMAGE_TYPE_SURFACE;
    image.surface_image.surface_id = surface.id.value();
  }

  // The host finishes what is drawn on that surface first.
  void depends_on(size_t index, const DrawSurface& surface, const qxl_rect& area) {
    command_.drawable.surfaces_dest[index] = static_cast<int32_t>(surface.id.value());
    command_.drawable.surfaces_rects[index] = to_device(area);
  }

  uint64_t transform(size_t offset, const qxl_transform& transform) {
    __builtin_memcpy(reinterpret_cast<uint8_t*>(&command_) + offset, &transform,
                     sizeof(transform));
    return at(memory_, offset).value();
  }

  CommandMemory memory_;
  const qxl_draw& draw_;
  const DrawSurfaces& surfaces_;
  DrawCommand command_ = {};
};

}  // namespace

const uint32_t kDrawBytes = sizeof(DrawCommand);

void build_draw(CommandMemory memory, const qxl_draw& draw, const DrawSurfaces& surfaces,
                uint32_t stride) {
  Builder(memory, draw, surfaces).build(stride);
}

}  // namespace qxl
