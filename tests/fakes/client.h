// SPDX-License-Identifier: GPL-2.0-only
// User space of the execbuffer ioctl: BOs, and one command with what its
// relocations lead to. Builds good commands; tests and fuzzers spoil them.
#pragma once

#include <spice/enums.h>
#include <spice/qxl_dev.h>

#include <deque>
#include <vector>

#include "qxl_core.h"

namespace fake {

struct Place {
  uint32_t bo;
  uint64_t offset;
};

// A bitmap as a client describes it.
struct ClientImage {
  uint8_t format;
  uint32_t width;
  uint32_t height;
  uint32_t stride;
  uint8_t flags = QXL_BITMAP_TOP_DOWN | QXL_BITMAP_DIRECT;
  uint8_t image_flags = 0;
  uint64_t id = 0;
};

class Client {
 public:
  // BOs; the result is the index.
  uint32_t add_data(uint64_t bytes);
  uint32_t add_surface(const qxl_surface_desc &desc, uint32_t id = 0);
  uint8_t *data(const Place &at) { return &memory[at.bo].at(at.offset); }
  const uint8_t *data(const Place &at) const { return &memory[at.bo].at(at.offset); }
  template <typename T>
  void put(const Place &at, const T &value) {
    __builtin_memcpy(data(at), &value, sizeof(value));
  }

  // Good commands. Each forgets the one before.
  void fill(uint32_t target, const qxl_rect &area, uint32_t color);
  void copy_bits(uint32_t target, const qxl_rect &area, int32_t x, int32_t y);
  // The image, or its first chunk, is described at @image.
  void copy_surface(uint32_t target, const qxl_rect &area, uint32_t source, const Place &image,
                    int32_t x = 0, int32_t y = 0);
  void copy_bitmap(uint32_t target, const qxl_rect &area, const ClientImage &bitmap,
                   const Place &image, const Place &pixels, int32_t x = 0, int32_t y = 0);
  void composite(uint32_t target, const qxl_rect &area, uint32_t flags, uint32_t source,
                 const Place &image);
  // Additions to the composite.
  void mask(uint32_t surface, const Place &image);
  void transform(uint64_t field, const Place &at);
  // A QXLDataChunk of @bytes at @at; the one at @previous leads there.
  void chunk(const Place &at, uint32_t bytes);
  void next_chunk(const Place &at, const Place &previous, uint32_t bytes);

  // Relocations: of an address, of a surface's id.
  qxl_reloc &reloc(const Place &field, const Place &value);
  qxl_reloc &surface_reloc(const Place &field, uint32_t surface);
  // The one that is for this field of the command.
  qxl_reloc &reloc_of(uint64_t field);
  void drop_reloc(uint64_t field);

  int parse();
  int execute(qxl_core *core) {
    const int error = execute_some(core);

    qxl_core_execute_end(core);
    return error;
  }
  // Of several: the last is execute()'s.
  int execute_some(qxl_core *core) {
    return qxl_core_execute_draw(core, &draw, bos.data(), (uint32_t)bos.size());
  }
  int run(qxl_core *core) {
    const int error = parse();

    return error ? error : execute(core);
  }

  std::vector<qxl_exec_bo> bos;
  std::deque<std::vector<uint8_t>> memory;  // by index of the BO
  QXLDrawable drawable;
  uint32_t type;
  uint32_t size;  // bytes of it that are sent
  std::vector<qxl_reloc> relocs;
  std::vector<qxl_piece> pieces;  // of what was parsed
  qxl_draw draw;

 private:
  void begin(uint8_t draw_type, uint32_t target, const qxl_rect &area);
  void surface_image(uint64_t field, uint32_t surface, const Place &image);
};

}  // namespace fake
