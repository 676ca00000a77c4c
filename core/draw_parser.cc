// SPDX-License-Identifier: GPL-2.0-only
#include "core/draw_parser.h"

#include <spice/enums.h>
#include <spice/qxl_dev.h>

#include <cstddef>

#include "core/protocol/emit.h"
#include "core/surface.h"

namespace qxl {
namespace {

static_assert(QXL_MAX_COMMAND_BYTES == sizeof(QXLDrawable) - kAfterReleaseInfo);

// Fields of a composite's flags; the values are pixman's.
constexpr uint32_t kCompositeOpMask = 0xff;
constexpr uint32_t kSourceFilterShift = 8;
constexpr uint32_t kMaskFilterShift = 11;
constexpr uint32_t kFilterMask = 7;
// Beyond are convolutions, which need parameters that no command carries.
constexpr uint32_t kLastFilter = 4;
// The server sets the HAS_ flags itself.
constexpr uint32_t kCompositeFlags =
    SPICE_COMPOSITE_FLAGS_MASK &
    ~uint32_t{SPICE_COMPOSITE_HAS_MASK | SPICE_COMPOSITE_HAS_SRC_TRANSFORM |
              SPICE_COMPOSITE_HAS_MASK_TRANSFORM};

// Where in the client's memory something is. bo == QXL_NO_BO: nowhere.
struct Place {
  uint32_t bo = QXL_NO_BO;
  uint64_t offset = 0;
  [[nodiscard]] bool somewhere() const { return bo != QXL_NO_BO; }
};

qxl_rect from_device(const QXLRect& rect) {
  return {.x1 = rect.left, .y1 = rect.top, .x2 = rect.right, .y2 = rect.bottom};
}

bool inside(const qxl_rect& rect, uint32_t width, uint32_t height) {
  return rect.x1 >= 0 && rect.y1 >= 0 && rect.x1 < rect.x2 && rect.y1 < rect.y2 &&
         static_cast<uint32_t>(rect.x2) <= width && static_cast<uint32_t>(rect.y2) <= height;
}

bool same_size(const qxl_rect& a, const qxl_rect& b) {
  return int64_t{a.x2} - a.x1 == int64_t{b.x2} - b.x1 &&
         int64_t{a.y2} - a.y1 == int64_t{b.y2} - b.y1;
}

// Of the bitmap formats without a palette; 0 for any other.
uint32_t bitmap_bytes_per_pixel(uint8_t format) {
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

// An image's sides fit 15 bits, as a pixmap's of X do; so that one row always fits
// upload memory, and for cache_id().
constexpr uint32_t kMostSide = (1 << 15) - 1;

// The server keeps an image by its id, and draws that one for every later image
// with the id, whatever size that says it has: a smaller one aborts the server.
// So the id says the size, too, and the bytes of a pixel. Never 0, which is the
// id of all that is not cached.
uint64_t cache_id(const QXLImage& image) {
  uint64_t depth = bitmap_bytes_per_pixel(image.bitmap.format) / 2;
  return image.descriptor.id << 32 | depth << 30 | uint64_t{image.bitmap.x} << 15 | image.bitmap.y;
}

// PIXMAN_OP_CLEAR to SATURATE, the disjoint, the conjoint and the blend modes.
bool operator_exists(uint32_t op) {
  return op <= 0x0d || (op >= 0x10 && op <= 0x1b) || (op >= 0x20 && op <= 0x2b) ||
         (op >= 0x30 && op <= 0x3e);
}

class Parser {
 public:
  Parser(const qxl_command& command, std::span<const qxl_exec_bo> bos, std::span<qxl_piece> pieces)
      : command_(command), bos_(bos), pieces_(pieces) {}

  Result<> parse(qxl_draw& draw);

 private:
  // Relocations: each names a field of the command or of what it leads to.
  const qxl_reloc* take(uint32_t node, uint64_t offset);
  [[nodiscard]] bool all_taken() const;
  Result<Place> address(uint32_t node, uint64_t offset, uint64_t raw);
  Result<uint32_t> surface(uint32_t node, uint64_t offset);

  template <typename T>
  Result<> read(const Place& at, T& value) const;
  [[nodiscard]] const qxl_surface_desc& desc(uint32_t bo) const { return bos_[bo].surface; }
  [[nodiscard]] bool is_surface(const qxl_reloc& reloc) const {
    return reloc.surface && desc(reloc.src).width != 0;
  }
  [[nodiscard]] bool carries(size_t bytes) const {
    return command_.size >= offsetof(QXLDrawable, u) - kAfterReleaseInfo + bytes;
  }

  Result<> header(qxl_draw& draw);
  Result<> dependencies();
  Result<> body(qxl_draw& draw);
  Result<> fill(qxl_draw& draw);
  Result<> copy(qxl_draw& draw);
  Result<> copy_bits(qxl_draw& draw);
  // Not inlined, and image() neither: their locals are a frame of their own.
  [[gnu::noinline]] Result<> composite(qxl_draw& draw);
  Result<> composite_source(uint64_t field, uint64_t raw, uint64_t transform_field,
                            uint64_t transform_raw, qxl_draw_source& source);
  Result<> no_mask(uint64_t field, const QXLQMask& mask);
  [[gnu::noinline]] Result<> image(const Place& at, qxl_draw& draw, uint32_t& width,
                                   uint32_t& height);
  Result<> bitmap(const Place& at, const QXLImage& image, qxl_draw_image& out);
  Result<> pixels(const Place& at, uint8_t flags, qxl_draw_image& out);
  Result<> chunks(Place at, qxl_draw_image& out);
  Result<> add_piece(uint32_t bo, uint64_t offset, uint64_t bytes, uint64_t& left);

  const qxl_command& command_;
  std::span<const qxl_exec_bo> bos_;
  std::span<qxl_piece> pieces_;
  uint32_t num_pieces_ = 0;
  uint64_t taken_[(QXL_MAX_RELOCS + 63) / 64] = {};  // relocations, by bit
  QXLDrawable drawable_ = {};
};

// Relocations -----------------------------------------------------------------

// The last one for this field counts, as if all were applied in order.
const qxl_reloc* Parser::take(uint32_t node, uint64_t offset) {
  const qxl_reloc* last = nullptr;
  for (uint32_t i = 0; i < command_.num_relocs; ++i) {
    const qxl_reloc& reloc = command_.relocs[i];
    if (reloc.dst != node || reloc.dst_offset != offset) continue;
    taken_[i / 64] |= uint64_t{1} << (i % 64);
    last = &reloc;
  }
  return last;
}

// One that no field took would write where a client may not write.
bool Parser::all_taken() const {
  for (uint32_t i = 0; i < command_.num_relocs; ++i)
    if (!(taken_[i / 64] >> (i % 64) & 1)) return false;
  return true;
}

// An address comes from a relocation, or it is zero.
Result<Place> Parser::address(uint32_t node, uint64_t offset, uint64_t raw) {
  const qxl_reloc* reloc = take(node, offset);
  if (!reloc) {
    if (raw != 0) return Error::kInvalid;
    return Place{};
  }
  if (reloc->surface) return Error::kInvalid;
  return Place{reloc->src, reloc->src_offset};
}

Result<uint32_t> Parser::surface(uint32_t node, uint64_t offset) {
  const qxl_reloc* reloc = take(node, offset);
  if (!reloc || !is_surface(*reloc)) return Error::kInvalid;
  return reloc->src;
}

template <typename T>
Result<> Parser::read(const Place& at, T& value) const {
  const qxl_exec_bo& bo = bos_[at.bo];
  if (!bo.data || bo.bytes < sizeof(value) || at.offset > bo.bytes - sizeof(value))
    return Error::kInvalid;
  __builtin_memcpy(&value, static_cast<const uint8_t*>(bo.data) + at.offset, sizeof(value));
  // SAFETY: the client can still write there. Without this the compiler could read
  // again, after a check, what it has just copied.
  asm volatile("" : "+m"(value) : : "memory");
  return {};
}

// The command -----------------------------------------------------------------

Result<> Parser::parse(qxl_draw& draw) {
  if (command_.type != QXL_CMD_DRAW || command_.num_relocs > QXL_MAX_RELOCS ||
      command_.size > QXL_MAX_COMMAND_BYTES || !carries(0))
    return Error::kInvalid;
  __builtin_memcpy(reinterpret_cast<uint8_t*>(&drawable_) + kAfterReleaseInfo, command_.bytes,
                   command_.size);
  draw = {};
  draw.source.bo = draw.mask.bo = QXL_NO_BO;
  QXL_TRY(header(draw));
  QXL_TRY(dependencies());
  QXL_TRY(body(draw));
  if (!all_taken()) return Error::kInvalid;
  return {};
}

Result<> Parser::header(qxl_draw& draw) {
  auto target = surface(QXL_NO_BO, offsetof(QXLDrawable, surface_id));
  if (!target.ok()) return target.error();
  draw.target = target.value();
  draw.type = drawable_.type;
  draw.effect = drawable_.effect;
  draw.area = from_device(drawable_.bbox);
  if (draw.effect > QXL_EFFECT_OPAQUE_BRUSH || drawable_.self_bitmap != 0 ||
      drawable_.clip.type != SPICE_CLIP_TYPE_NONE ||
      !inside(draw.area, desc(draw.target).width, desc(draw.target).height))
    return Error::kInvalid;
  return {};
}

// Which surfaces are read: said anew from what is read, so that it is true.
Result<> Parser::dependencies() {
  for (size_t i = 0; i < 3; ++i) {
    uint64_t field = offsetof(QXLDrawable, surfaces_dest) + i * sizeof(int32_t);
    const qxl_reloc* reloc = take(QXL_NO_BO, field);
    if (reloc ? !is_surface(*reloc) : drawable_.surfaces_dest[i] != -1) return Error::kInvalid;
  }
  return {};
}

Result<> Parser::body(qxl_draw& draw) {
  switch (draw.type) {
    case QXL_DRAW_FILL:
      return fill(draw);
    case QXL_DRAW_COPY:
      return copy(draw);
    case QXL_COPY_BITS:
      return copy_bits(draw);
    case QXL_DRAW_COMPOSITE:
      return composite(draw);
    default:
      return Error::kInvalid;
  }
}

Result<> Parser::no_mask(uint64_t field, const QXLQMask& mask) {
  auto at = address(QXL_NO_BO, field + offsetof(QXLQMask, bitmap), mask.bitmap);
  if (!at.ok() || at.value().somewhere()) return Error::kInvalid;
  return {};
}

Result<> Parser::fill(qxl_draw& draw) {
  const QXLFill& fill = drawable_.u.fill;
  if (!carries(sizeof(fill)) || fill.brush.type != SPICE_BRUSH_TYPE_SOLID ||
      fill.rop_descriptor > SPICE_ROPD_MASK)
    return Error::kInvalid;
  draw.color = fill.brush.u.color;
  draw.rop = fill.rop_descriptor;
  return no_mask(offsetof(QXLDrawable, u.fill.mask), fill.mask);
}

Result<> Parser::copy_bits(qxl_draw& draw) {
  const QXLCopyBits& bits = drawable_.u.copy_bits;
  if (!carries(sizeof(bits))) return Error::kInvalid;
  int64_t right = int64_t{bits.src_pos.x} + draw.area.x2 - draw.area.x1;
  int64_t bottom = int64_t{bits.src_pos.y} + draw.area.y2 - draw.area.y1;
  if (bits.src_pos.x < 0 || bits.src_pos.y < 0 || right > desc(draw.target).width ||
      bottom > desc(draw.target).height)
    return Error::kInvalid;
  draw.source.x = bits.src_pos.x;
  draw.source.y = bits.src_pos.y;
  return {};
}

// One to one: the device would scale, but no client asks it to.
Result<> Parser::copy(qxl_draw& draw) {
  const QXLCopy& copy = drawable_.u.copy;
  if (!carries(sizeof(copy)) || copy.rop_descriptor > SPICE_ROPD_MASK ||
      copy.scale_mode >= SPICE_IMAGE_SCALE_MODE_ENUM_END)
    return Error::kInvalid;
  auto at = address(QXL_NO_BO, offsetof(QXLDrawable, u.copy.src_bitmap), copy.src_bitmap);
  if (!at.ok() || !at.value().somewhere()) return Error::kInvalid;
  uint32_t width = 0;
  uint32_t height = 0;
  QXL_TRY(image(at.value(), draw, width, height));
  qxl_rect source = from_device(copy.src_area);
  if (!inside(source, width, height) || !same_size(source, draw.area)) return Error::kInvalid;
  draw.source.x = source.x1;
  draw.source.y = source.y1;
  draw.rop = copy.rop_descriptor;
  draw.scale_mode = copy.scale_mode;
  return no_mask(offsetof(QXLDrawable, u.copy.mask), copy.mask);
}

Result<> Parser::composite(qxl_draw& draw) {
  const QXLComposite& composite = drawable_.u.composite;
  uint32_t flags = composite.flags;
  if (!carries(sizeof(composite)) || flags & ~kCompositeFlags ||
      !operator_exists(flags & kCompositeOpMask) ||
      (flags >> kSourceFilterShift & kFilterMask) > kLastFilter ||
      (flags >> kMaskFilterShift & kFilterMask) > kLastFilter)
    return Error::kInvalid;
  draw.flags = flags;
  QXL_TRY(composite_source(offsetof(QXLDrawable, u.composite.src), composite.src,
                           offsetof(QXLDrawable, u.composite.src_transform),
                           composite.src_transform, draw.source));
  QXL_TRY(composite_source(offsetof(QXLDrawable, u.composite.mask), composite.mask,
                           offsetof(QXLDrawable, u.composite.mask_transform),
                           composite.mask_transform, draw.mask));
  if (draw.source.bo == QXL_NO_BO) return Error::kInvalid;
  draw.source.x = composite.src_origin.x;
  draw.source.y = composite.src_origin.y;
  draw.mask.x = composite.mask_origin.x;
  draw.mask.y = composite.mask_origin.y;
  return {};
}

// A picture of a composite: a surface, or none.
Result<> Parser::composite_source(uint64_t field, uint64_t raw, uint64_t transform_field,
                                  uint64_t transform_raw, qxl_draw_source& source) {
  auto at = address(QXL_NO_BO, field, raw);
  if (!at.ok()) return at.error();
  auto transform = address(QXL_NO_BO, transform_field, transform_raw);
  if (!transform.ok()) return transform.error();
  if (transform.value().somewhere()) {
    QXL_TRY(read(transform.value(), source.transform));
    source.transformed = true;
  }
  if (!at.value().somewhere()) return {};
  QXLImageDescriptor descriptor;
  QXL_TRY(read(at.value(), descriptor));
  if (descriptor.type != SPICE_IMAGE_TYPE_SURFACE) return Error::kInvalid;
  auto bo =
      surface(at.value().bo, at.value().offset + offsetof(QXLImage, surface_image.surface_id));
  if (!bo.ok()) return bo.error();
  source.bo = bo.value();
  return {};
}

// Images ----------------------------------------------------------------------

// The source of a copy: a surface or a bitmap, as deep as the target.
Result<> Parser::image(const Place& at, qxl_draw& draw, uint32_t& width, uint32_t& height) {
  QXLImage image;
  QXL_TRY(read(at, image));
  uint32_t depth = bytes_per_pixel(desc(draw.target).format);
  if (image.descriptor.type == SPICE_IMAGE_TYPE_SURFACE) {
    auto bo = surface(at.bo, at.offset + offsetof(QXLImage, surface_image.surface_id));
    if (!bo.ok() || bytes_per_pixel(desc(bo.value()).format) != depth) return Error::kInvalid;
    draw.source.bo = bo.value();
    width = desc(bo.value()).width;
    height = desc(bo.value()).height;
    return {};
  }
  QXL_TRY(bitmap(at, image, draw.image));
  if (draw.image.bytes_per_pixel != depth) return Error::kInvalid;
  width = draw.image.width;
  height = draw.image.height;
  return {};
}

Result<> Parser::bitmap(const Place& at, const QXLImage& image, qxl_draw_image& out) {
  const QXLBitmap& bits = image.bitmap;
  out.bytes_per_pixel = bitmap_bytes_per_pixel(bits.format);
  uint64_t row = uint64_t{bits.x} * out.bytes_per_pixel;
  if (image.descriptor.type != SPICE_IMAGE_TYPE_BITMAP || row == 0 || bits.y == 0 ||
      bits.x > kMostSide || bits.y > kMostSide || bits.stride < row ||
      uint64_t{bits.stride} * bits.y > INT32_MAX || !(bits.flags & QXL_BITMAP_TOP_DOWN))
    return Error::kInvalid;
  auto palette = address(at.bo, at.offset + offsetof(QXLImage, bitmap.palette), bits.palette);
  if (!palette.ok() || palette.value().somewhere()) return Error::kInvalid;
  out.format = bits.format;
  out.width = bits.x;
  out.height = bits.y;
  out.stride = bits.stride;
  out.cached = image.descriptor.flags & QXL_IMAGE_CACHE && image.descriptor.id != 0 &&
               image.descriptor.id <= UINT32_MAX;
  if (out.cached) out.cache_id = cache_id(image);
  auto data = address(at.bo, at.offset + offsetof(QXLImage, bitmap.data), bits.data);
  if (!data.ok() || !data.value().somewhere()) return Error::kInvalid;
  return pixels(data.value(), bits.flags, out);
}

Result<> Parser::pixels(const Place& at, uint8_t flags, qxl_draw_image& out) {
  out.pieces = pieces_.data();
  if (flags & QXL_BITMAP_DIRECT) {
    uint64_t left = uint64_t{out.stride} * out.height;
    QXL_TRY(add_piece(at.bo, at.offset, left, left));
  } else {
    QXL_TRY(chunks(at, out));
  }
  out.num_pieces = num_pieces_;
  return {};
}

// Each link of the chain takes a relocation, so that a chain without end runs
// out of pieces.
Result<> Parser::chunks(Place at, qxl_draw_image& out) {
  uint64_t left = uint64_t{out.stride} * out.height;
  while (at.somewhere()) {
    QXLDataChunk chunk;
    QXL_TRY(read(at, chunk));
    // The way back is not used; whatever stands there is harmless.
    auto previous = address(at.bo, at.offset + offsetof(QXLDataChunk, prev_chunk), 0);
    if (!previous.ok()) return previous.error();
    QXL_TRY(add_piece(at.bo, at.offset + sizeof(chunk), chunk.data_size, left));
    auto next = address(at.bo, at.offset + offsetof(QXLDataChunk, next_chunk), chunk.next_chunk);
    if (!next.ok()) return next.error();
    at = next.value();
  }
  if (left != 0) return Error::kInvalid;
  return {};
}

Result<> Parser::add_piece(uint32_t bo, uint64_t offset, uint64_t bytes, uint64_t& left) {
  const qxl_exec_bo& memory = bos_[bo];
  if (!memory.data || offset > memory.bytes || bytes > memory.bytes - offset || bytes > left ||
      num_pieces_ == pieces_.size())
    return Error::kInvalid;
  pieces_[num_pieces_++] = {.offset = offset, .bo = bo, .bytes = static_cast<uint32_t>(bytes)};
  left -= bytes;
  return {};
}

}  // namespace

Result<> parse_draw(const qxl_command& command, std::span<const qxl_exec_bo> bos,
                    std::span<qxl_piece> pieces, qxl_draw& draw) {
  return Parser(command, bos, pieces).parse(draw);
}

}  // namespace qxl
