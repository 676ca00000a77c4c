// SPDX-License-Identifier: GPL-2.0-only
#include "core/executor.h"

#include <spice/qxl_dev.h>

#include "core/base/assert.h"
#include "core/copy.h"

namespace qxl {
namespace {

// Reads the bytes of an image in order, whatever pieces they lie in.
class PieceReader {
 public:
  PieceReader(const qxl_draw_image& image, std::span<const qxl_exec_bo> bos)
      : pieces_(image.pieces, image.num_pieces), bos_(bos) {}

  void read(uint8_t* to, uint64_t bytes) {
    step(bytes, [&to](const uint8_t* from, uint64_t part) {
      copy_bytes(to, from, part);
      to += part;
    });
  }

  void skip(uint64_t bytes) {
    step(bytes, [](const uint8_t*, uint64_t) {});
  }

 private:
  template <typename Visit>
  void step(uint64_t bytes, Visit visit) {
    while (bytes != 0 && !pieces_.empty()) {
      const qxl_piece& piece = pieces_.front();
      uint64_t part = piece.bytes - done_;
      if (part > bytes) part = bytes;
      visit(static_cast<const uint8_t*>(bos_[piece.bo].data) + piece.offset + done_, part);
      bytes -= part;
      done_ += part;
      if (done_ != piece.bytes) continue;
      pieces_ = pieces_.subspan(1);
      done_ = 0;
    }
  }

  std::span<const qxl_piece> pieces_;
  std::span<const qxl_exec_bo> bos_;
  uint64_t done_ = 0;  // of the first piece
};

DrawSurface surface_of(uint32_t bo, std::span<const qxl_exec_bo> bos) {
  if (bo == QXL_NO_BO) return {};
  return {.id = SurfaceId{bos[bo].surface_id},
          .width = bos[bo].surface.width,
          .height = bos[bo].surface.height};
}

// As the SPICE server wants rows: no longer than aligned to 4 bytes.
uint32_t packed_stride(const qxl_draw_image& image) {
  return (image.width * image.bytes_per_pixel + 3) & ~3u;
}

// The part of a copy that rows [first, first + rows) of its image make.
qxl_draw band_of(const qxl_draw& draw, uint32_t first, uint32_t rows) {
  qxl_draw band = draw;
  if (rows == draw.image.height) return band;
  int32_t top = static_cast<int32_t>(first) - draw.source.y + draw.area.y1;
  int32_t bottom = top + static_cast<int32_t>(rows);
  band.image.height = rows;
  band.image.cached = false;  // the id is the whole image's
  band.area.y1 = top > draw.area.y1 ? top : draw.area.y1;
  band.area.y2 = bottom < draw.area.y2 ? bottom : draw.area.y2;
  band.source.y = band.area.y1 - top;
  return band;
}

}  // namespace

Result<> Executor::execute(const qxl_draw& draw, std::span<const qxl_exec_bo> bos) {
  DrawSurfaces surfaces = {.target = surface_of(draw.target, bos).id,
                           .source = surface_of(draw.source.bo, bos),
                           .mask = surface_of(draw.mask.bo, bos)};
  if (draw.image.width != 0) return execute_image(draw, bos, surfaces);
  auto release = submission_.reserve_one(Pool::kUpload, kDrawBytes);
  if (!release.ok()) return release.error();
  Release* command = release.value();
  build_draw({Submission::pointer(*command), submission_.address(*command)}, draw, surfaces, 0);
  return submission_.push(Queue::kDisplay, QXL_CMD_DRAW, {&command, 1}, Wait::kLong);
}

// In bands, each its own draw, when the image is larger than what can be
// reserved at once.
Result<> Executor::execute_image(const qxl_draw& draw, std::span<const qxl_exec_bo> bos,
                                 const DrawSurfaces& surfaces) {
  const qxl_draw_image& image = draw.image;
  uint32_t stride = packed_stride(image);
  uint64_t row = uint64_t{image.width} * image.bytes_per_pixel;
  uint64_t most = (submission_.largest(Pool::kUpload) - kCopyPixels) / stride;
  QXL_ASSERT(most != 0);  // the parser sees to it
  PieceReader reader(image, bos);
  for (uint32_t first = 0; first < image.height;) {
    uint32_t rows = image.height - first;
    if (rows > most) rows = static_cast<uint32_t>(most);
    qxl_draw band = band_of(draw, first, rows);
    first += rows;
    if (band.area.y1 >= band.area.y2) {
      reader.skip(uint64_t{image.stride} * rows);
      continue;
    }
    auto release = submission_.reserve_one(Pool::kUpload, kCopyPixels + uint64_t{stride} * rows);
    if (!release.ok()) return release.error();
    Release* command = release.value();
    uint8_t* pixels = Submission::pointer(*command) + kCopyPixels;
    for (uint32_t i = 0; i < rows; ++i) {
      reader.read(pixels + uint64_t{stride} * i, row);
      reader.skip(image.stride - row);
    }
    build_draw({Submission::pointer(*command), submission_.address(*command)}, band, surfaces,
               stride);
    QXL_TRY(submission_.push(Queue::kDisplay, QXL_CMD_DRAW, {&command, 1}, Wait::kLong));
  }
  return {};
}

}  // namespace qxl
