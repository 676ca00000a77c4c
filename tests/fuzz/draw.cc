// SPDX-License-Identifier: GPL-2.0-only
// Commands of clients. The input picks a good command with all that belongs to
// it, then says how it is spoilt: its bytes, its relocations, the BOs, and what
// is written there after it was checked. What the parser accepts must be inside
// what it names, the host must find nothing wrong with it, and it must draw
// what the client described.
#include <cerrno>
#include <climits>
#include <vector>

#include "client.h"
#include "world.h"

namespace {

using fake::ClientImage;
using fake::Place;
using fuzz::expect;
using fuzz::Input;

using Pixels = std::vector<uint8_t>;

// BOs by index: surfaces, the last of them the primary, then data.
constexpr qxl_surface_desc surfaces[] = {
    {SPICE_SURFACE_FMT_32_xRGB, 64, 48, 260},  {SPICE_SURFACE_FMT_32_ARGB, 40, 30, -160},
    {SPICE_SURFACE_FMT_16_565, 64, 48, 128},   {SPICE_SURFACE_FMT_8_A, 61, 40, 64},
    {SPICE_SURFACE_FMT_32_xRGB, 100, 80, 400},
};
constexpr uint32_t num_surfaces = std::size(surfaces);
constexpr uint32_t large = num_surfaces;
constexpr uint64_t data_bytes[] = {(1 << 20) + 13, 4096, 65};
constexpr uint32_t num_bos = num_surfaces + std::size(data_bytes);
// Only the beginning of the large one is written to.
constexpr uint64_t written_bytes = 65536;

const fake::DeviceConfig config = {
    .ram_bytes = 5 << 20, .vgamem_bytes = 1 << 20, .surface_bytes = 1 << 20, .n_surfaces = 16};

struct LateWrite {
  Place at;
  uint64_t value;
};

class DrawFuzzer {
 public:
  DrawFuzzer();
  void run(Input in);

 private:
  void restore();
  void build(Input &in);
  void build_bitmap(Input &in, uint32_t target, const qxl_rect &area);
  void build_chunks(Input &in, Place at, uint32_t bytes);
  void spoil(Input &in);
  void spoil_reloc(Input &in);
  Place place(Input &in, uint64_t bytes);
  void write(const Place &at, uint64_t value, size_t bytes);

  void check_draw() const;
  void check_source(const qxl_draw_source &source) const;
  void check_image() const;
  void check_field(uint64_t field, bool surface, uint64_t raw) const;
  void check_relocations() const;
  void execute();
  Pixels expected(const Pixels &before) const;
  const uint8_t *source_pixel(int64_t x, int64_t y) const;
  Pixels image_bytes() const;

  fuzz::World world_{config};
  fake::Client client_;
  qxl_bo bo_[num_surfaces];
  qxl_fence fences_[num_surfaces];
  Pixels pattern_;
  std::vector<LateWrite> late_;
  // While a draw is being checked.
  Pixels source_;
};

DrawFuzzer::DrawFuzzer() {
  uint64_t offset = 0;

  for (uint32_t i = 0; i < num_surfaces; i++) {
    const qxl_surface_desc &desc = surfaces[i];
    uint32_t id = 0;

    if (i < num_surfaces - 1)
      expect(!qxl_core_surface_create(world_.core, &bo_[i], &desc, offset, &fences_[i], &id),
             "a surface");
    else
      expect(!qxl_core_adopt_primary(world_.core, &desc, offset,
                                     world_.device->surface_memory() + offset),
             "a primary");
    client_.add_surface(desc, id);
    offset += 65536;
  }
  pattern_.resize(data_bytes[0]);
  for (size_t i = 0; i < pattern_.size(); i++) pattern_[i] = (uint8_t)(i * 7 + i / 251);
  for (uint64_t bytes : data_bytes)
    std::copy_n(pattern_.begin(), bytes, client_.memory[client_.add_data(bytes)].begin());
  world_.settle();
  fuzz::expect_no_violation("set-up");
}

void DrawFuzzer::restore() {
  for (uint32_t i = 0; i < std::size(data_bytes); i++) {
    client_.bos[large + i].bytes = data_bytes[i];
    std::copy_n(pattern_.begin(), std::min(data_bytes[i], written_bytes),
                client_.memory[large + i].begin());
  }
  late_.clear();
  world_.device->forget_cache();
}

// A good command -------------------------------------------------------------------

qxl_rect part_of(Input &in, const qxl_surface_desc &desc) {
  const auto x = (int32_t)in.below(desc.width);
  const auto y = (int32_t)in.below(desc.height);
  const auto width = (int32_t)in.below(desc.width - (uint32_t)x) + 1;
  const auto height = (int32_t)in.below(desc.height - (uint32_t)y) + 1;

  return {x, y, x + width, y + height};
}

uint32_t bpp_of(uint32_t surface) {
  return fake::surface_bytes_per_pixel(surfaces[surface].format);
}

void DrawFuzzer::build(Input &in) {
  const uint8_t kind = in.byte();
  const uint32_t target = in.below(num_surfaces);
  const uint32_t other = in.below(num_surfaces);
  const qxl_surface_desc &to = surfaces[target];
  qxl_rect area = part_of(in, to);

  switch (kind % 7) {
    case 0:
      return client_.fill(target, area, in.take<uint32_t>());
    case 1:
      return client_.copy_bits(target, area,
                               (int32_t)in.below(to.width + 1 - (uint32_t)(area.x2 - area.x1)),
                               (int32_t)in.below(to.height + 1 - (uint32_t)(area.y2 - area.y1)));
    case 2:
      area.x2 = std::min(area.x2, area.x1 + 30);
      area.y2 = std::min(area.y2, area.y1 + 30);
      return client_.copy_surface(target, area, bpp_of(other) == bpp_of(target) ? other : target,
                                  {large, in.below(2000)});
    case 3:
    case 4:
      return build_bitmap(in, target, area);
    default:
      client_.composite(target, area, in.below(14), other, {large, in.below(2000)});
      if (kind & 16)
        client_.transform(offsetof(QXLDrawable, u.composite.src_transform),
                          {large + 1, in.below(2000)});
      if (kind & 32) client_.mask(in.below(num_surfaces), {large + 1, 2048 + in.below(1000)});
      if (kind & 64)
        client_.transform(offsetof(QXLDrawable, u.composite.mask_transform), {large + 1, 3500});
  }
}

// Larger than what is drawn, and sometimes than what can be uploaded at once.
void DrawFuzzer::build_bitmap(Input &in, uint32_t target, const qxl_rect &area) {
  const uint32_t bpp = bpp_of(target);
  const auto wide = (uint32_t)(area.x2 - area.x1);
  const auto high = (uint32_t)(area.y2 - area.y1);
  const uint32_t x = in.byte(), y = in.take<uint16_t>() % 3000;
  const uint8_t how = in.byte();
  ClientImage image = {};

  image.format = bpp == 1    ? SPICE_BITMAP_FMT_8BIT_A
                 : bpp == 2  ? SPICE_BITMAP_FMT_16BIT
                 : (how & 1) ? SPICE_BITMAP_FMT_RGBA
                             : SPICE_BITMAP_FMT_32BIT;
  image.width = wide + x + in.byte();
  image.stride = image.width * bpp + (how >> 4);
  image.height = std::min<uint32_t>(high + y + in.take<uint16_t>(), 980000 / image.stride);
  image.image_flags = how >> 1 & 1;
  image.id = how;
  image.flags = QXL_BITMAP_TOP_DOWN;
  if (how & 4) image.flags |= QXL_BITMAP_DIRECT;
  client_.copy_bitmap(target, area, image, {large, in.below(1000)}, {large, 2000}, (int32_t)x,
                      (int32_t)std::min(y, image.height - high));
  if (!(how & 4)) build_chunks(in, {large, 2000}, image.stride * image.height);
}

// The last one has the rest.
void DrawFuzzer::build_chunks(Input &in, Place at, uint32_t bytes) {
  const uint32_t count = in.below(7);
  const uint32_t small = in.below(300);
  uint32_t sizes[7] = {};
  uint32_t left = bytes;

  for (uint32_t i = 0; i < count; i++) {
    sizes[i] = std::min(in.below(300), left);
    left -= sizes[i];
  }
  sizes[count] = left;
  client_.chunk(at, sizes[0]);
  for (uint32_t i = 1; i <= count; i++) {
    Place next = {large, 4000 + 400 * i};

    if (i < count && small % 2) next = {large + 1, 400 * i};
    client_.next_chunk(next, at, sizes[i]);
    at = next;
  }
}

// Spoiling it ----------------------------------------------------------------------

Place DrawFuzzer::place(Input &in, uint64_t bytes) {
  const uint32_t which = in.below(std::size(data_bytes));
  const uint64_t limit = std::min(data_bytes[which], written_bytes);

  return {large + which, in.take<uint16_t>() % (limit - bytes + 1)};
}

void DrawFuzzer::write(const Place &at, uint64_t value, size_t bytes) {
  memcpy(client_.data(at), &value, bytes);
}

void DrawFuzzer::spoil_reloc(Input &in) {
  qxl_reloc &reloc = client_.relocs[in.below((uint32_t)client_.relocs.size())];

  switch (in.byte() % 8) {
    case 0:
      reloc.dst_offset = in.interesting();
      break;
    case 1:
      reloc.src_offset = in.interesting();
      break;
    case 2:
      reloc.dst_offset += (int8_t)in.byte();
      break;
    case 3:
      reloc.src_offset += (int8_t)in.byte();
      break;
    case 4:
      reloc.dst = in.below(num_bos + 1);
      if (reloc.dst == num_bos) reloc.dst = QXL_NO_BO;
      break;
    case 5:
      reloc.src = in.below(num_bos);
      break;
    case 6:
      reloc.surface = !reloc.surface;
      break;
    case 7:  // to a place where a relocation could be
      reloc.dst_offset = offsetof(QXLDrawable, u) + in.below(80);
      break;
  }
}

void DrawFuzzer::spoil(Input &in) {
  auto *drawable = (uint8_t *)&client_.drawable;
  auto &relocs = client_.relocs;
  const uint8_t how = in.byte();
  const size_t bytes = size_t{1} << (how >> 4 & 3);
  uint64_t value;

  switch (how % 16) {
    case 0:
    case 1:
      value = in.interesting();
      memcpy(drawable + in.below(sizeof(QXLDrawable) + 1 - (uint32_t)bytes), &value, bytes);
      break;
    case 2:  // what is in the union
      value = in.interesting();
      memcpy(drawable + offsetof(QXLDrawable, u) + in.below(50), &value, bytes);
      break;
    case 3:
    case 4:
      value = in.interesting();
      write(place(in, bytes), value, bytes);
      break;
    case 5:  // an image's or a chunk's
      value = in.interesting();
      if (relocs.size() > 1) {
        const qxl_reloc &reloc = relocs[in.below((uint32_t)relocs.size())];
        const uint64_t at = reloc.src_offset + in.below(48);

        if (reloc.src >= large && reloc.src < num_bos && at < written_bytes - 8 &&
            at + bytes <= data_bytes[reloc.src - large])
          write({reloc.src, at}, value, bytes);
      }
      break;
    case 6:
    case 7:
    case 8:
      if (!relocs.empty()) spoil_reloc(in);
      break;
    case 9:
      if (!relocs.empty() && relocs.size() < 2 * QXL_MAX_RELOCS)
        relocs.push_back(relocs[in.below((uint32_t)relocs.size())]);
      break;
    case 10:
      if (!relocs.empty()) relocs.erase(relocs.begin() + in.below((uint32_t)relocs.size()));
      break;
    case 11:
      if (relocs.size() > 1)
        std::swap(relocs[in.below((uint32_t)relocs.size())],
                  relocs[in.below((uint32_t)relocs.size())]);
      break;
    case 12:
      client_.size = in.byte();
      break;
    case 13:
      if (how & 16)
        client_.type = in.byte();
      else if (!relocs.empty())
        relocs.resize(in.below(QXL_MAX_RELOCS + 3), relocs.back());
      break;
    case 14: {
      const uint32_t which = in.below(std::size(data_bytes));

      client_.bos[large + which].bytes = in.take<uint16_t>() % (data_bytes[which] + 1);
      break;
    }
    case 15:
      late_.push_back({place(in, 8), in.interesting()});
      break;
  }
}

// What was accepted ------------------------------------------------------------------

bool inside(int64_t x1, int64_t y1, int64_t x2, int64_t y2, uint32_t width, uint32_t height) {
  return 0 <= x1 && x1 < x2 && x2 <= width && 0 <= y1 && y1 < y2 && y2 <= height;
}

void DrawFuzzer::check_source(const qxl_draw_source &source) const {
  expect(source.bo < num_surfaces, "a source is a surface");
}

// Independent of how the parser got there.
void DrawFuzzer::check_draw() const {
  const qxl_draw &draw = client_.draw;
  const qxl_rect &area = draw.area;

  expect(draw.target < num_surfaces, "the target is a surface");
  expect(inside(area.x1, area.y1, area.x2, area.y2, surfaces[draw.target].width,
                surfaces[draw.target].height),
         "the area is in the target");
  expect(draw.effect <= QXL_EFFECT_OPAQUE_BRUSH, "the effect is one");
  expect(draw.rop <= SPICE_ROPD_MASK, "the raster operation is one");
  expect(draw.scale_mode < SPICE_IMAGE_SCALE_MODE_ENUM_END, "the scale mode is one");
  expect(client_.type == QXL_CMD_DRAW, "the command is a draw");
  check_relocations();
  switch (draw.type) {
    case QXL_DRAW_FILL:
    case QXL_COPY_BITS:
      expect(draw.image.width == 0 && draw.source.bo == QXL_NO_BO && draw.mask.bo == QXL_NO_BO,
             "the target is all there is");
      break;
    case QXL_DRAW_COPY:
      expect(draw.mask.bo == QXL_NO_BO, "there is no mask");
      expect((draw.image.width != 0) != (draw.source.bo != QXL_NO_BO), "a copy has one source");
      if (draw.image.width)
        check_image();
      else
        check_source(draw.source);
      break;
    case QXL_DRAW_COMPOSITE:
      expect(draw.image.width == 0, "a composite has no bitmap");
      check_source(draw.source);
      if (draw.mask.bo != QXL_NO_BO) check_source(draw.mask);
      break;
    default:
      expect(false, "the type is one of four");
  }
}

void DrawFuzzer::check_image() const {
  const qxl_draw_image &image = client_.draw.image;
  uint64_t total = 0;

  expect(image.bytes_per_pixel == bpp_of(client_.draw.target), "a bitmap is as deep as the target");
  expect((uint64_t)image.width * image.bytes_per_pixel <= image.stride, "rows do not overlap");
  expect((uint64_t)image.stride * image.height <= INT32_MAX, "the host can count the bytes");
  expect(image.num_pieces <= client_.relocs.size(), "pieces are no more than relocations");
  expect(image.pieces == client_.pieces.data(), "pieces are the caller's");
  for (uint32_t i = 0; i < image.num_pieces; i++) {
    const qxl_piece &piece = image.pieces[i];

    expect(piece.bo >= large && piece.bo < num_bos, "a piece is in data");
    expect(piece.offset <= client_.bos[piece.bo].bytes &&
               piece.bytes <= client_.bos[piece.bo].bytes - piece.offset,
           "a piece is inside its BO");
    total += piece.bytes;
  }
  expect(total == (uint64_t)image.stride * image.height, "the pieces are the image");
}

// What the command has in a field that the host would follow: the last
// relocation for it counts, and where there is none there is nothing.
void DrawFuzzer::check_field(uint64_t field, bool surface, uint64_t raw) const {
  const qxl_reloc *last = nullptr;

  for (const qxl_reloc &reloc : client_.relocs)
    if (reloc.dst == QXL_NO_BO && reloc.dst_offset == field) last = &reloc;
  expect(!last || last->surface == surface, "a relocation is of the field's kind");
  expect(last || raw == 0, "an address comes from a relocation");
}

bool is_field(uint8_t type, uint64_t offset) {
  switch (offset) {
    case offsetof(QXLDrawable, surface_id):
    case offsetof(QXLDrawable, surfaces_dest):
    case offsetof(QXLDrawable, surfaces_dest) + 4:
    case offsetof(QXLDrawable, surfaces_dest) + 8:
      return true;
    case offsetof(QXLDrawable, u.copy.src_bitmap):
      return type == QXL_DRAW_COPY;
    case offsetof(QXLDrawable, u.composite.src):
    case offsetof(QXLDrawable, u.composite.src_transform):
    case offsetof(QXLDrawable, u.composite.mask):
    case offsetof(QXLDrawable, u.composite.mask_transform):
      return type == QXL_DRAW_COMPOSITE;
    default:
      return false;
  }
}

void DrawFuzzer::check_relocations() const {
  const uint8_t type = client_.draw.type;
  const QXLDrawable &sent = client_.drawable;

  expect(client_.relocs.size() <= QXL_MAX_RELOCS, "relocations are few");
  for (const qxl_reloc &reloc : client_.relocs) {
    expect(reloc.dst != QXL_NO_BO || is_field(type, reloc.dst_offset),
           "a relocation is for a field");
    expect(reloc.dst == QXL_NO_BO || reloc.dst >= large, "a relocation is in data");
  }
  check_field(offsetof(QXLDrawable, surface_id), true, 0);
  for (size_t i = 0; i < 3; i++) check_field(offsetof(QXLDrawable, surfaces_dest) + 4 * i, true, 0);
  if (type == QXL_DRAW_COPY)
    check_field(offsetof(QXLDrawable, u.copy.src_bitmap), false, sent.u.copy.src_bitmap);
  if (type != QXL_DRAW_COMPOSITE) return;
  check_field(offsetof(QXLDrawable, u.composite.src), false, sent.u.composite.src);
  check_field(offsetof(QXLDrawable, u.composite.src_transform), false,
              sent.u.composite.src_transform);
  check_field(offsetof(QXLDrawable, u.composite.mask), false, sent.u.composite.mask);
  check_field(offsetof(QXLDrawable, u.composite.mask_transform), false,
              sent.u.composite.mask_transform);
}

// Drawing it -----------------------------------------------------------------------

Pixels DrawFuzzer::image_bytes() const {
  Pixels all;

  for (uint32_t i = 0; i < client_.draw.image.num_pieces; i++) {
    const qxl_piece &piece = client_.draw.image.pieces[i];
    const uint8_t *from = client_.data({piece.bo, 0}) + piece.offset;

    all.insert(all.end(), from, from + piece.bytes);
  }
  return all;
}

const uint8_t *DrawFuzzer::source_pixel(int64_t x, int64_t y) const {
  const qxl_draw &draw = client_.draw;
  const uint64_t bpp = bpp_of(draw.target);

  if (draw.type == QXL_DRAW_FILL) return (const uint8_t *)&draw.color;
  x += (int64_t)draw.source.x - draw.area.x1;
  y += (int64_t)draw.source.y - draw.area.y1;
  if (draw.image.width) return &source_[(uint64_t)y * draw.image.stride + (uint64_t)x * bpp];
  const uint32_t from = draw.source.bo == QXL_NO_BO ? draw.target : draw.source.bo;

  return &source_[((uint64_t)y * surfaces[from].width + (uint64_t)x) * bpp];
}

Pixels DrawFuzzer::expected(const Pixels &before) const {
  const qxl_draw &draw = client_.draw;
  const uint64_t bpp = bpp_of(draw.target);
  Pixels after = before;

  if (draw.type == QXL_DRAW_COMPOSITE ||
      (draw.type != QXL_COPY_BITS && draw.rop != SPICE_ROPD_OP_PUT))
    return after;
  for (int64_t y = draw.area.y1; y < draw.area.y2; y++)
    for (int64_t x = draw.area.x1; x < draw.area.x2; x++)
      memcpy(&after[((uint64_t)y * surfaces[draw.target].width + (uint64_t)x) * bpp],
             source_pixel(x, y), bpp);
  return after;
}

void DrawFuzzer::execute() {
  const qxl_draw &draw = client_.draw;
  const uint32_t from = draw.source.bo == QXL_NO_BO ? draw.target : draw.source.bo;
  const auto shown = [this](uint32_t bo) {
    return world_.device->surface_pixels(client_.bos[bo].surface_id);
  };

  source_ = draw.image.width ? image_bytes() : shown(from);
  const Pixels after = expected(shown(draw.target));
  const uint32_t draws = world_.device->stats().draws;
  const int error = client_.execute(world_.core);

  expect(!error, "a checked draw is executed");
  expect(shown(draw.target) == after, "it is drawn");
  expect(world_.device->stats().draws > draws, "it reached the host");
  world_.settle();
}

void DrawFuzzer::run(Input in) {
  restore();
  build(in);
  while (!in.empty()) spoil(in);
  if (!client_.parse()) {
    check_draw();
    for (const LateWrite &each : late_) write(each.at, each.value, 8);
    execute();
  }
  fuzz::expect_no_violation("draw");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static DrawFuzzer fuzzer;

  fuzzer.run({data, size});
  return 0;
}
