// SPDX-License-Identifier: GPL-2.0-only
#include "client.h"

#include <algorithm>
#include <cstddef>
#include <cstdlib>

namespace fake {

uint32_t Client::add_data(uint64_t bytes) {
  const std::vector<uint8_t> &added = memory.emplace_back(bytes);

  bos.push_back({.data = added.data(), .bytes = bytes, .surface = {}, .surface_id = 0});
  return (uint32_t)bos.size() - 1;
}

uint32_t Client::add_surface(const qxl_surface_desc &desc, uint32_t id) {
  memory.emplace_back();
  bos.push_back({.data = nullptr, .bytes = 0, .surface = desc, .surface_id = id});
  return (uint32_t)bos.size() - 1;
}

void Client::begin(uint8_t draw_type, uint32_t target, const qxl_rect &area) {
  drawable = {};
  drawable.type = draw_type;
  drawable.effect = QXL_EFFECT_OPAQUE;
  drawable.bbox = {area.y1, area.x1, area.y2, area.x2};
  drawable.clip.type = SPICE_CLIP_TYPE_NONE;
  for (int i = 0; i < 3; i++) drawable.surfaces_dest[i] = -1;
  type = QXL_CMD_DRAW;
  size = QXL_MAX_COMMAND_BYTES;
  relocs.clear();
  surface_reloc({QXL_NO_BO, offsetof(QXLDrawable, surface_id)}, target);
}

void Client::fill(uint32_t target, const qxl_rect &area, uint32_t color) {
  begin(QXL_DRAW_FILL, target, area);
  drawable.u.fill.brush.type = SPICE_BRUSH_TYPE_SOLID;
  drawable.u.fill.brush.u.color = color;
  drawable.u.fill.rop_descriptor = SPICE_ROPD_OP_PUT;
}

void Client::copy_bits(uint32_t target, const qxl_rect &area, int32_t x, int32_t y) {
  begin(QXL_COPY_BITS, target, area);
  drawable.u.copy_bits.src_pos = {x, y};
}

void Client::surface_image(uint64_t field, uint32_t surface, const Place &image) {
  QXLImage described = {};

  described.descriptor.type = SPICE_IMAGE_TYPE_SURFACE;
  described.descriptor.width = bos[surface].surface.width;
  described.descriptor.height = bos[surface].surface.height;
  put(image, described);
  reloc({QXL_NO_BO, field}, image);
  surface_reloc({image.bo, image.offset + offsetof(QXLImage, surface_image)}, surface);
}

void Client::copy_surface(uint32_t target, const qxl_rect &area, uint32_t source,
                          const Place &image, int32_t x, int32_t y) {
  begin(QXL_DRAW_COPY, target, area);
  drawable.u.copy.src_area = {y, x, y + (area.y2 - area.y1), x + (area.x2 - area.x1)};
  drawable.u.copy.rop_descriptor = SPICE_ROPD_OP_PUT;
  surface_image(offsetof(QXLDrawable, u.copy.src_bitmap), source, image);
  surface_reloc({QXL_NO_BO, offsetof(QXLDrawable, surfaces_dest)}, source);
}

void Client::copy_bitmap(uint32_t target, const qxl_rect &area, const ClientImage &bitmap,
                         const Place &image, const Place &pixels, int32_t x, int32_t y) {
  QXLImage described = {};

  begin(QXL_DRAW_COPY, target, area);
  drawable.u.copy.src_area = {y, x, y + (area.y2 - area.y1), x + (area.x2 - area.x1)};
  drawable.u.copy.rop_descriptor = SPICE_ROPD_OP_PUT;
  described.descriptor.type = SPICE_IMAGE_TYPE_BITMAP;
  described.descriptor.id = bitmap.id;
  described.descriptor.flags = bitmap.image_flags;
  described.descriptor.width = bitmap.width;
  described.descriptor.height = bitmap.height;
  described.bitmap.format = bitmap.format;
  described.bitmap.flags = bitmap.flags;
  described.bitmap.x = bitmap.width;
  described.bitmap.y = bitmap.height;
  described.bitmap.stride = bitmap.stride;
  put(image, described);
  reloc({QXL_NO_BO, offsetof(QXLDrawable, u.copy.src_bitmap)}, image);
  reloc({image.bo, image.offset + offsetof(QXLImage, bitmap.data)}, pixels);
}

void Client::composite(uint32_t target, const qxl_rect &area, uint32_t flags, uint32_t source,
                       const Place &image) {
  begin(QXL_DRAW_COMPOSITE, target, area);
  drawable.u.composite.flags = flags;
  surface_image(offsetof(QXLDrawable, u.composite.src), source, image);
}

void Client::mask(uint32_t surface, const Place &image) {
  surface_image(offsetof(QXLDrawable, u.composite.mask), surface, image);
}

void Client::transform(uint64_t field, const Place &at) {
  // The identity, 16.16.
  put(at, QXLTransform{0x10000, 0, 0, 0, 0x10000, 0});
  reloc({QXL_NO_BO, field}, at);
}

void Client::chunk(const Place &at, uint32_t bytes) {
  QXLDataChunk header = {};

  header.data_size = bytes;
  put(at, header);
}

void Client::next_chunk(const Place &at, const Place &previous, uint32_t bytes) {
  chunk(at, bytes);
  reloc({previous.bo, previous.offset + offsetof(QXLDataChunk, next_chunk)}, at);
}

qxl_reloc &Client::reloc(const Place &field, const Place &value) {
  relocs.push_back({.dst_offset = field.offset,
                    .src_offset = value.offset,
                    .dst = field.bo,
                    .src = value.bo,
                    .surface = false});
  return relocs.back();
}

qxl_reloc &Client::surface_reloc(const Place &field, uint32_t surface) {
  qxl_reloc &added = reloc(field, {surface, 0});

  added.surface = true;
  return added;
}

qxl_reloc &Client::reloc_of(uint64_t field) {
  for (qxl_reloc &each : relocs)
    if (each.dst == QXL_NO_BO && each.dst_offset == field) return each;
  abort();
}

void Client::drop_reloc(uint64_t field) {
  const qxl_reloc &found = reloc_of(field);

  relocs.erase(relocs.begin() + (&found - relocs.data()));
}

// Everything has exactly its size, for AddressSanitizer to see what is read.
int Client::parse() {
  const auto *from = (const uint8_t *)&drawable + sizeof(QXLReleaseInfo);
  std::vector<uint8_t> bytes(from, from + std::min<uint32_t>(size, QXL_MAX_COMMAND_BYTES));
  const std::vector<qxl_reloc> sent = relocs;
  const qxl_command command = {.bytes = bytes.data(),
                               .relocs = sent.data(),
                               .type = type,
                               .size = size,
                               .num_relocs = (uint32_t)sent.size()};

  pieces = std::vector<qxl_piece>(relocs.size());
  return qxl_core_parse_draw(&command, bos.data(), (uint32_t)bos.size(), pieces.data(), &draw);
}

}  // namespace fake
