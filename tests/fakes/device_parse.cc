// SPDX-License-Identifier: GPL-2.0-only
// Taking commands apart, and every rule about what they may say.
#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "device.h"
#include "report.h"

namespace fake {
namespace {

// The size of a command of this type, up to the end of its union member.
constexpr uint64_t drawable_bytes = sizeof(QXLDrawable);

bool empty(const QXLRect &rect) {
  return rect.left >= rect.right || rect.top >= rect.bottom;
}

bool inside(const QXLRect &rect, int64_t width, int64_t height) {
  return rect.left >= 0 && rect.top >= 0 && rect.right <= width && rect.bottom <= height;
}

}  // namespace

// What a guest address means (slot, generation, offset), or null.
template <typename T>
T *FakeDevice::resolve(QXLPHYSICAL at, uint64_t bytes, const char *what, bool in_ram) {
  const unsigned index = (unsigned)(at >> 56);
  const unsigned generation = (at >> 48) & 0xff;
  const uint64_t offset = at & 0xffffffffffff;

  if (index >= slots || !slots_[index].active) {
    bug("%s: address %#lx: slot %u", what, (long)at, index);
    return nullptr;
  }
  if (generation != shadow_rom_.slot_generation) {
    bug("%s: address %#lx: generation", what, (long)at);
    return nullptr;
  }
  const Slot &slot = slots_[index];

  if (offset > slot.bytes || bytes > slot.bytes - offset) {
    bug("%s: address %#lx + %lu leaves its slot", what, (long)at, (long)bytes);
    return nullptr;
  }
  if (in_ram && !slot.in_ram) {
    bug("%s: address %#lx is not in BAR 0", what, (long)at);
    return nullptr;
  }
  return (T *)(slot.start + offset);
}

template uint8_t *FakeDevice::resolve(QXLPHYSICAL, uint64_t, const char *, bool);
template QXLMonitorsConfig *FakeDevice::resolve(QXLPHYSICAL, uint64_t, const char *, bool);

// Notes memory that must not change until the release.
bool FakeDevice::hold(Held &held, QXLPHYSICAL at, uint64_t bytes, const char *what) {
  const auto *memory = resolve<uint8_t>(at, bytes, what);

  if (!memory) return false;
  held.regions.push_back({memory, bytes, hash_of(memory, bytes)});
  return true;
}

// The command's own memory: release_info is the host's to write, and must be
// in BAR 0 with an id that is not 0 (0 ends a chain).
static bool begin_held(Held &held, uint8_t *memory, uint64_t bytes) {
  held.info = (QXLReleaseInfo *)memory;
  held.id = held.info->id;
  held.regions.push_back(
      {memory + sizeof(QXLReleaseInfo), bytes - sizeof(QXLReleaseInfo),
       hash_of(memory + sizeof(QXLReleaseInfo), bytes - sizeof(QXLReleaseInfo))});
  if (held.id == 0) violation("release id 0");
  return held.id != 0;
}

void FakeDevice::take(const QXLCommand &command) {
  switch (command.type) {
    case QXL_CMD_DRAW:
      take_draw(command.data);
      break;
    case QXL_CMD_SURFACE:
      take_surface(command.data);
      break;
    default:
      violation("command type %u aborts the host", command.type);
      return;
  }
  uint64_t bytes = 0;

  for (const Held &held : held_)
    for (const Region &region : held.regions) bytes += region.bytes;
  stats_.held_bytes_max = std::max(stats_.held_bytes_max, bytes);
  trim_held();
}

void FakeDevice::take_draw(QXLPHYSICAL at) {
  auto *memory = resolve<uint8_t>(at, drawable_bytes, "drawable", true);
  Held held;

  if (!memory || !begin_held(held, memory, drawable_bytes)) return;
  const auto &draw = *(const QXLDrawable *)memory;
  Drawing drawing = {};

  for (const Held &other : held_)
    if (other.id == held.id || other.info == held.info)
      violation("command %#lx is used twice", (long)held.id);
  stats_.draws++;
  drawing.type = draw.type;
  drawing.target = draw.surface_id;
  drawing.bbox = draw.bbox;
  drawing.effect = draw.effect;
  drawing.rop = SPICE_ROPD_OP_PUT;
  if (draw.self_bitmap) violation("self_bitmap");
  if (draw.effect > QXL_EFFECT_OPAQUE_BRUSH) violation("effect %u", draw.effect);
  if (check_target(drawing) && check_dependencies(draw) && parse_clip(draw.clip, held, drawing) &&
      parse_body(draw, held, drawing))
    held.drawing = std::move(drawing);
  held_.push_back(std::move(held));
}

bool FakeDevice::check_target(const Drawing &drawing) {
  const Canvas *target = canvas(drawing.target);
  const QXLRect &bbox = drawing.bbox;

  if (!target)
    violation("draw on surface %u, primary: %d", drawing.target, mode_ == Mode::native);
  else if (empty(bbox) || !inside(bbox, target->width, target->height))
    violation("bbox %d,%d-%d,%d outside its surface", bbox.left, bbox.top, bbox.right, bbox.bottom);
  else
    return true;
  return false;
}

// Surfaces that the draw reads, and where.
bool FakeDevice::check_dependencies(const QXLDrawable &draw) {
  // By index: a reference into a packed array would be misaligned.
  for (int i = 0; i < 3; i++) {
    const int32_t id = draw.surfaces_dest[i];
    const QXLRect &rect = draw.surfaces_rects[i];

    if (id == -1) continue;
    const Canvas *from = canvas((uint32_t)id);

    if (!from) {
      violation("surfaces_dest %d", id);
      return false;
    }
    if (empty(rect) || !inside(rect, from->width, from->height)) {
      violation("surfaces_rects %d,%d-%d,%d outside surface %d", rect.left, rect.top, rect.right,
                rect.bottom, id);
      return false;
    }
  }
  return true;
}

bool FakeDevice::parse_body(const QXLDrawable &draw, Held &held, Drawing &drawing) {
  switch (draw.type) {
    case QXL_DRAW_FILL:
      return parse_fill(draw.u.fill, drawing);
    case QXL_DRAW_COPY:
      return parse_copy(draw, held, drawing);
    case QXL_COPY_BITS:
      return parse_copy_bits(draw.u.copy_bits, drawing);
    case QXL_DRAW_COMPOSITE:
      return parse_composite(draw, held);
    default:
      violation("drawable type %u", draw.type);
      return false;
  }
}

bool FakeDevice::parse_clip(const QXLClip &clip, Held &held, Drawing &drawing) {
  if (clip.type == SPICE_CLIP_TYPE_NONE) {
    drawing.clips = {drawing.bbox};
    return true;
  }
  if (clip.type != SPICE_CLIP_TYPE_RECTS) {
    violation("clip type %u aborts the host", clip.type);
    return false;
  }
  auto *list = resolve<uint8_t>(clip.data, sizeof(QXLClipRects), "clip");

  if (!list) return false;
  const auto &rects = *(const QXLClipRects *)list;
  const uint64_t bytes = rects.num_rects * sizeof(QXLRect);

  if (!hold(held, clip.data, sizeof(QXLClipRects), "clip")) return false;
  auto rows =
      chunks(clip.data + offsetof(QXLClipRects, chunk), bytes, sizeof(QXLRect), held, "clip rects");
  if (!rows) return false;
  for (const uint8_t *row : *rows) {
    QXLRect rect;

    memcpy(&rect, row, sizeof(rect));
    if (empty(rect)) violation("empty clip rectangle");
    drawing.clips.push_back(rect);
  }
  return true;
}

bool FakeDevice::parse_fill(const QXLFill &fill, Drawing &drawing) {
  if (fill.brush.type != SPICE_BRUSH_TYPE_SOLID || fill.rop_descriptor > SPICE_ROPD_MASK ||
      fill.mask.bitmap) {
    violation("fill: brush %u, rop %u", fill.brush.type, fill.rop_descriptor);
    return false;
  }
  drawing.rop = fill.rop_descriptor;
  drawing.color = fill.brush.u.color;
  stats_.fills++;
  return true;
}

bool FakeDevice::parse_copy_bits(const QXLCopyBits &bits, Drawing &drawing) {
  const Canvas &target = *canvas(drawing.target);
  const QXLRect &to = drawing.bbox;
  const int64_t right = (int64_t)bits.src_pos.x + to.right - to.left;
  const int64_t bottom = (int64_t)bits.src_pos.y + to.bottom - to.top;

  if (bits.src_pos.x < 0 || bits.src_pos.y < 0 || right > target.width || bottom > target.height) {
    violation("copy bits: source %d,%d-%ld,%ld outside its surface", bits.src_pos.x, bits.src_pos.y,
              (long)right, (long)bottom);
    return false;
  }
  drawing.source = {bits.src_pos.y, bits.src_pos.x, (int32_t)bottom, (int32_t)right};
  drawing.source_surface = drawing.target;
  stats_.bit_copies++;
  return true;
}

// The image at @at, which must be one; null: it is not.
const QXLImage *FakeDevice::parse_image(QXLPHYSICAL at, Held &held) {
  auto *memory = resolve<uint8_t>(at, sizeof(QXLImage), "image");

  if (!memory || !hold(held, at, sizeof(QXLImage), "image")) return nullptr;
  return (const QXLImage *)memory;
}

// The surface must be there, and the draw must say that it reads it: the host
// would not finish what is drawn there before.
Canvas *FakeDevice::parse_surface_image(const QXLImage &image, const QXLDrawable &draw) {
  const uint32_t id = image.surface_image.surface_id;
  Canvas *from = canvas(id);
  bool listed = id == draw.surface_id;

  for (int i = 0; i < 3; i++) listed |= draw.surfaces_dest[i] == (int32_t)id;
  if (image.descriptor.type != SPICE_IMAGE_TYPE_SURFACE)
    violation("image type %u", image.descriptor.type);
  else if (!from)
    violation("image of surface %u, which is not there", id);
  else if (!listed)
    violation("image of surface %u, which is in no surfaces_dest", id);
  else
    return from;
  return nullptr;
}

bool FakeDevice::parse_copy(const QXLDrawable &draw, Held &held, Drawing &drawing) {
  const QXLCopy &copy = draw.u.copy;
  const QXLRect &from = copy.src_area;
  const QXLRect &to = drawing.bbox;

  if (copy.rop_descriptor > SPICE_ROPD_MASK || copy.mask.bitmap ||
      copy.scale_mode > SPICE_IMAGE_SCALE_MODE_NEAREST) {
    violation("copy: rop %u, scale %u", copy.rop_descriptor, copy.scale_mode);
    return false;
  }
  if ((int64_t)from.right - from.left != to.right - to.left ||
      (int64_t)from.bottom - from.top != to.bottom - to.top) {
    violation("copy: source %d,%d-%d,%d scales", from.left, from.top, from.right, from.bottom);
    return false;
  }
  const QXLImage *image = parse_image(copy.src_bitmap, held);

  if (!image) return false;
  drawing.rop = copy.rop_descriptor;
  drawing.source = from;
  if (image->descriptor.type == SPICE_IMAGE_TYPE_SURFACE)
    return parse_copy_surface(*image, draw, drawing);
  return parse_copy_bitmap(*image, held, drawing);
}

// With other bytes per pixel, or from beyond its edge, the host would abort.
bool FakeDevice::parse_copy_surface(const QXLImage &image, const QXLDrawable &draw,
                                    Drawing &drawing) {
  const Canvas *from = parse_surface_image(image, draw);
  const QXLRect &source = drawing.source;

  if (!from) return false;
  if (from->bpp != canvas(drawing.target)->bpp) {
    violation("copy: %u bytes per pixel to %u", from->bpp, canvas(drawing.target)->bpp);
    return false;
  }
  if (empty(source) || !inside(source, from->width, from->height)) {
    violation("copy: source %d,%d-%d,%d of %ux%u", source.left, source.top, source.right,
              source.bottom, from->width, from->height);
    return false;
  }
  // The plus makes a value: no reference into a packed structure.
  drawing.source_surface = +image.surface_image.surface_id;
  stats_.surface_copies++;
  return true;
}

bool FakeDevice::parse_copy_bitmap(const QXLImage &image, Held &held, Drawing &drawing) {
  const QXLRect &from = drawing.source;

  if (image.descriptor.type != SPICE_IMAGE_TYPE_BITMAP) {
    violation("image type %u", image.descriptor.type);
    return false;
  }
  if (image.descriptor.width != image.bitmap.x || image.descriptor.height != image.bitmap.y)
    violation("image is %ux%u, its bitmap %ux%u", image.descriptor.width, image.descriptor.height,
              image.bitmap.x, image.bitmap.y);
  if (empty(from) || !inside(from, image.bitmap.x, image.bitmap.y)) {
    violation("copy: source %d,%d-%d,%d of %ux%u", from.left, from.top, from.right, from.bottom,
              image.bitmap.x, image.bitmap.y);
    return false;
  }
  if (!parse_bitmap(image.bitmap, held, drawing)) return false;
  if (image.descriptor.flags & QXL_IMAGE_CACHE) {
    check_cache(image.descriptor.id, held.regions.back().hash, "image");
    stats_.cached_images++;
  }
  stats_.copies++;
  stats_.copied_pixels += (uint64_t)image.bitmap.x * image.bitmap.y;
  stats_.last_copy = drawing.bbox;
  stats_.stream_friendly &= drawing.effect == QXL_EFFECT_OPAQUE;
  return true;
}

// Bytes per pixel of the formats that the host takes without a palette.
static unsigned bitmap_bytes_per_pixel(uint8_t format) {
  switch (format) {
    case SPICE_BITMAP_FMT_8BIT_A:
      return 1;
    case SPICE_BITMAP_FMT_16BIT:
      return 2;
    case SPICE_BITMAP_FMT_32BIT:
    case SPICE_BITMAP_FMT_RGBA:
      return 4;
    default:
      return 0;
  }
}

bool FakeDevice::parse_bitmap(const QXLBitmap &bitmap, Held &held, Drawing &drawing) {
  const unsigned bpp = bitmap_bytes_per_pixel(bitmap.format);
  const uint64_t row = (uint64_t)bitmap.x * bpp;
  const uint64_t bytes = (uint64_t)bitmap.stride * bitmap.y;

  if (bpp != canvas(drawing.target)->bpp || bitmap.palette || row == 0 || bitmap.y == 0 ||
      bitmap.stride < row || bytes > INT32_MAX) {
    violation("bitmap: format %u, %ux%u, stride %u", bitmap.format, bitmap.x, bitmap.y,
              bitmap.stride);
    return false;
  }
  // Rows begin at words, and nothing else is between them.
  if (bitmap.stride != (row + 3) / 4 * 4) stats_.stream_friendly = false;
  if (bitmap.flags & QXL_BITMAP_DIRECT) {
    if (!hold(held, bitmap.data, bytes, "bitmap")) return false;
    for (uint32_t y = 0; y < bitmap.y; y++)
      drawing.rows.push_back(held.regions.back().at + (uint64_t)y * bitmap.stride);
  } else {
    auto rows = chunks(bitmap.data, bytes, bitmap.stride, held, "bitmap");
    if (!rows) return false;
    drawing.rows = std::move(*rows);
  }
  if (!(bitmap.flags & QXL_BITMAP_TOP_DOWN)) std::reverse(drawing.rows.begin(), drawing.rows.end());
  return true;
}

// What pixman knows; it is handed the numbers as they are.
static bool composite_flags_good(uint32_t flags) {
  const uint32_t op = flags & 0xff;
  const bool known = op <= 0x0d || (op >= 0x10 && op <= 0x1b) || (op >= 0x20 && op <= 0x2b) ||
                     (op >= 0x30 && op <= 0x3e);

  // 5 and 6 are convolutions, which want parameters; 7 is nothing.
  return known && (flags >> 8 & 7) <= 4 && (flags >> 11 & 7) <= 4 &&
         !(flags & ~SPICE_COMPOSITE_FLAGS_MASK) &&
         !(flags & (SPICE_COMPOSITE_HAS_MASK | SPICE_COMPOSITE_HAS_SRC_TRANSFORM |
                    SPICE_COMPOSITE_HAS_MASK_TRANSFORM));
}

// The pictures may end anywhere: beyond them is what "repeat" says.
bool FakeDevice::parse_composite(const QXLDrawable &draw, Held &held) {
  const QXLComposite &composite = draw.u.composite;
  const QXLPHYSICAL transforms[] = {composite.src_transform, composite.mask_transform};

  stats_.composites++;
  if (!composite_flags_good(composite.flags)) {
    violation("composite: flags %#x", composite.flags);
    return false;
  }
  for (QXLPHYSICAL at : transforms)
    if (at && !hold(held, at, sizeof(QXLTransform), "transform")) return false;
  const QXLImage *source = parse_image(composite.src, held);

  if (!source || !parse_surface_image(*source, draw)) return false;
  if (!composite.mask) return true;
  const QXLImage *mask = parse_image(composite.mask, held);

  return mask && parse_surface_image(*mask, draw);
}

// Follows QXLDataChunks that must hold @wanted bytes in all; the addresses of
// rows of @row bytes. A row must not be split here (a fake's simplification).
std::optional<std::vector<const uint8_t *>> FakeDevice::chunks(QXLPHYSICAL at, uint64_t wanted,
                                                               uint64_t row, Held &held,
                                                               const char *what) {
  std::vector<const uint8_t *> rows;
  uint64_t total = 0;

  for (int count = 0; at; count++) {
    auto *memory = resolve<uint8_t>(at, sizeof(QXLDataChunk), what);

    if (!memory || count == 10000) return {};
    const auto &chunk = *(const QXLDataChunk *)memory;

    if (count == 0 && chunk.prev_chunk) violation("%s: the first chunk has a predecessor", what);
    if (!hold(held, at, sizeof(chunk) + chunk.data_size, what)) return {};
    if (chunk.data_size % row)
      violation("%s: chunk of %u bytes, rows of %lu", what, chunk.data_size, (long)row);
    for (uint64_t i = 0; i + row <= chunk.data_size; i += row) rows.push_back(chunk.data + i);
    total += chunk.data_size;
    at = chunk.next_chunk;
  }
  if (total != wanted) {
    violation("%s: chunks hold %lu bytes instead of %lu", what, (long)total, (long)wanted);
    return {};
  }
  return rows;
}

// A client keeps what has an id: the id must mean the same pixels for ever.
void FakeDevice::check_cache(uint64_t unique, uint64_t hash, const char *what) {
  const auto [entry, fresh] = cache_.emplace(unique, hash);

  if (!fresh && entry->second != hash)
    violation("%s: id %#lx was other pixels before", what, (long)unique);
}

void FakeDevice::take_surface(QXLPHYSICAL at) {
  auto *memory = resolve<uint8_t>(at, sizeof(QXLSurfaceCmd), "surface", true);
  Held held;

  if (!memory || !begin_held(held, memory, sizeof(QXLSurfaceCmd))) return;
  const auto &command = *(const QXLSurfaceCmd *)memory;
  const uint32_t id = command.surface_id;
  const QXLSurface &desc = command.u.surface_create;
  const auto found = surfaces_.find(id);

  if (id == 0 || id >= config_.n_surfaces) {
    bug("surface command for id %u", id);
    return;
  }
  if (command.type == QXL_SURFACE_CMD_DESTROY) {
    stats_.surface_destroys++;
    if (found == surfaces_.end()) {
      violation("destroy of surface %u, which is not there", id);
    } else {
      render_pending();
      // The surface held its create command until now.
      held_.push_back(std::move(found->second.create));
      surfaces_.erase(found);
    }
    held.destroys = id;
    held_.push_back(std::move(held));
    return;
  }
  if (command.type != QXL_SURFACE_CMD_CREATE) {
    violation("surface command type %u", command.type);
    return;
  }
  stats_.surface_creates++;
  if (found != surfaces_.end()) violation("surface %u is there already", id);
  for (const Held &other : held_)
    if (other.destroys == id) violation("id %u reused before its destroy was released", id);
  const uint64_t row = (uint64_t)desc.width * surface_bytes_per_pixel(desc.format);

  if (desc.stride % 4 || row == 0 || desc.height == 0 ||
      (uint64_t)std::abs((int64_t)desc.stride) < row) {
    bug("surface %u: %ux%u, format %u, stride %d", id, desc.width, desc.height, desc.format,
        desc.stride);
    return;
  }
  const uint64_t bytes = (uint64_t)std::abs((int64_t)desc.stride) * desc.height;
  auto *pixels = resolve<uint8_t>(desc.data, bytes, "surface data");

  if (!pixels) return;
  Surface &surface = surfaces_[id];

  surface.desc = desc;
  surface.create = std::move(held);
  surface.canvas.create(desc.width, desc.height, desc.format, desc.stride, pixels,
                        command.flags & QXL_SURF_FLAG_KEEP_DATA);
}

void FakeDevice::take_cursor(const QXLCommand &command) {
  if (command.type != QXL_CMD_CURSOR) {
    violation("cursor ring: command type %u", command.type);
    return;
  }
  auto *memory = resolve<uint8_t>(command.data, sizeof(QXLCursorCmd), "cursor", true);
  Held held;

  if (!memory || !begin_held(held, memory, sizeof(QXLCursorCmd))) return;
  const auto &cmd = *(const QXLCursorCmd *)memory;

  switch (cmd.type) {
    case QXL_CURSOR_SET:
      stats_.cursor_sets++;
      if (!parse_cursor(cmd, held, cursor_)) break;
      // The shape stays the host's until the next one.
      if (cursor_shape_) release(*cursor_shape_);
      cursor_shape_ = std::move(held);
      return;
    case QXL_CURSOR_MOVE:
      stats_.cursor_moves++;
      cursor_.x = cmd.u.position.x;
      cursor_.y = cmd.u.position.y;
      cursor_.visible = !cursor_.pixels.empty();
      break;
    case QXL_CURSOR_HIDE:
      stats_.cursor_hides++;
      cursor_.visible = false;
      break;
    default:
      violation("cursor command type %u", cmd.type);
  }
  release(held);
}

bool FakeDevice::parse_cursor(const QXLCursorCmd &command, Held &held, CursorState &state) {
  const QXLPHYSICAL shape = command.u.set.shape;
  auto *memory = resolve<uint8_t>(shape, sizeof(QXLCursor), "shape");

  if (!memory) return false;
  const auto &cursor = *(const QXLCursor *)memory;
  const QXLCursorHeader &header = cursor.header;
  const uint64_t bytes = (uint64_t)header.width * header.height * 4;

  if (header.type != SPICE_CURSOR_TYPE_ALPHA || bytes == 0 || header.hot_spot_x >= header.width ||
      header.hot_spot_y >= header.height) {
    violation("cursor: type %u, %ux%u, hot %u,%u", header.type, header.width, header.height,
              header.hot_spot_x, header.hot_spot_y);
    return false;
  }
  if (cursor.data_size != bytes) {
    violation("cursor: data_size %u instead of %lu", cursor.data_size, (long)bytes);
    return false;
  }
  if (!hold(held, shape, sizeof(QXLCursor), "shape")) return false;
  auto rows = chunks(shape + offsetof(QXLCursor, chunk), bytes, header.width * 4u, held, "cursor");
  if (!rows) return false;
  state.pixels.clear();
  for (const uint8_t *row : *rows)
    for (unsigned x = 0; x < header.width; x++) {
      uint32_t pixel;

      memcpy(&pixel, row + x * 4, 4);
      state.pixels.push_back(pixel);
    }
  if (header.unique)
    check_cache(header.unique, hash_of((uint8_t *)state.pixels.data(), bytes) ^ header.width,
                "cursor");
  state.width = header.width;
  state.height = header.height;
  state.hot_x = header.hot_spot_x;
  state.hot_y = header.hot_spot_y;
  state.x = command.u.set.position.x;
  state.y = command.u.set.position.y;
  state.visible = command.u.set.visible;
  return true;
}

}  // namespace fake
