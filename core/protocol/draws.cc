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
    init_drawable(command_.drawable, surfaces_.target, draw_.type, draw_.effect, draw_.area);
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
    init_bitmap(command_.source, static_cast<uint8_t>(draw_.image.format),
                {.data = at(memory_, kCopyPixels),
                 .width = draw_.image.width,
                 .height = draw_.image.height,
                 .stride = stride});
    if (!draw_.image.cached) return;
    command_.source.descriptor.id = draw_.image.cache_id;
    command_.source.descriptor.flags = QXL_IMAGE_CACHE;
  }

  void composite() {
    QXLComposite& composite = command_.drawable.u.composite;
    composite.flags = draw_.flags;
    composite.src = at(memory_, offsetof(DrawCommand, source)).value();
    composite.src_origin = origin(draw_.source);
    composite.src_transform = transform(draw_.source, offsetof(DrawCommand, source_transform));
    picture(0, command_.source, surfaces_.source);
    if (draw_.mask.bo == QXL_NO_BO) return;
    composite.mask = at(memory_, offsetof(DrawCommand, mask)).value();
    composite.mask_origin = origin(draw_.mask);
    composite.mask_transform = transform(draw_.mask, offsetof(DrawCommand, mask_transform));
    picture(1, command_.mask, surfaces_.mask);
  }

  // All of a surface, as the index-th thing that the draw reads.
  void picture(size_t index, QXLImage& image, const DrawSurface& surface) {
    surface_image(image, surface);
    depends_on(index, surface, all_of(surface));
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

  // Its address, or 0: there is none.
  uint64_t transform(const qxl_draw_source& source, size_t offset) {
    if (!source.transformed) return 0;
    __builtin_memcpy(reinterpret_cast<uint8_t*>(&command_) + offset, &source.transform,
                     sizeof(source.transform));
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
