// SPDX-License-Identifier: GPL-2.0-only
#include "raster.h"

#include <spice/enums.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pattern.h"

uint32_t raster_pixel_bytes(uint32_t format)
{
	switch (format) {
	case SPICE_SURFACE_FMT_8_A:
		return 1;
	case SPICE_SURFACE_FMT_16_555:
	case SPICE_SURFACE_FMT_16_565:
		return 2;
	default:
		return 4;
	}
}

uint32_t raster_pixel_mask(uint32_t format)
{
	switch (format) {
	case SPICE_SURFACE_FMT_8_A:
		return 0xff;
	case SPICE_SURFACE_FMT_16_555:
		return 0x7fff;
	case SPICE_SURFACE_FMT_16_565:
		return 0xffff;
	case SPICE_SURFACE_FMT_32_xRGB:
		return 0xffffff;
	default:
		return 0xffffffff;
	}
}

struct raster raster_new(uint32_t format, uint32_t width, uint32_t height)
{
	struct raster raster = {
		.stride = (ptrdiff_t)width * raster_pixel_bytes(format),
		.width = width,
		.height = height,
		.format = format,
	};

	raster.top = calloc(height, raster.stride);
	if (!raster.top) {
		perror("raster");
		exit(1);
	}
	return raster;
}

void raster_free(struct raster *raster)
{
	free(raster->top);
	raster->top = NULL;
}

static uint8_t *pixel_at(const struct raster *raster, uint32_t x, uint32_t y)
{
	return raster->top + (ptrdiff_t)y * raster->stride +
	       (size_t)x * raster_pixel_bytes(raster->format);
}

static uint32_t get(const struct raster *raster, uint32_t x, uint32_t y)
{
	const void *pixel = pixel_at(raster, x, y);

	switch (raster_pixel_bytes(raster->format)) {
	case 1:
		return *(const uint8_t *)pixel;
	case 2:
		return *(const uint16_t *)pixel;
	default:
		return *(const uint32_t *)pixel;
	}
}

static void put(const struct raster *raster, uint32_t x, uint32_t y,
		uint32_t value)
{
	void *pixel = pixel_at(raster, x, y);

	switch (raster_pixel_bytes(raster->format)) {
	case 1:
		*(uint8_t *)pixel = value;
		break;
	case 2:
		*(uint16_t *)pixel = value;
		break;
	default:
		*(uint32_t *)pixel = value;
	}
}

/* Channels -------------------------------------------------------------------- */

static uint32_t channel(uint32_t pixel, uint32_t shift)
{
	return pixel >> shift & 0xff;
}

/* The product of two channels, where 255 is one; rounded. */
static uint32_t multiply(uint32_t a, uint32_t b)
{
	uint32_t product = a * b + 0x80;

	return (product + (product >> 8)) >> 8;
}

static uint32_t multiply_pixel(uint32_t pixel, uint32_t factor)
{
	uint32_t result = 0;

	for (uint32_t shift = 0; shift < 32; shift += 8)
		result |= multiply(channel(pixel, shift), factor) << shift;
	return result;
}

static uint32_t add_pixels(uint32_t a, uint32_t b)
{
	uint32_t result = 0;

	for (uint32_t shift = 0; shift < 32; shift += 8) {
		uint32_t sum = channel(a, shift) + channel(b, shift);

		result |= (sum < 0xff ? sum : 0xff) << shift;
	}
	return result;
}

static uint32_t premultiply(uint32_t pixel)
{
	return (pixel & 0xff000000) |
	       (multiply_pixel(pixel, pixel >> 24) & 0xffffff);
}

/* Draws ------------------------------------------------------------------------ */

void raster_noise(const struct raster *raster, uint32_t seed)
{
	struct prng prng = prng_start(seed);

	for (uint32_t y = 0; y < raster->height; y++) {
		for (uint32_t x = 0; x < raster->width; x++) {
			uint32_t pixel = prng_below(&prng, UINT32_MAX);

			if (raster->format == SPICE_SURFACE_FMT_32_ARGB)
				pixel = premultiply(pixel);
			put(raster, x, y, pixel);
		}
	}
}

void raster_fill(const struct raster *raster, const struct drm_mode_rect *area,
		 uint32_t pixel)
{
	for (int32_t y = area->y1; y < area->y2; y++)
		for (int32_t x = area->x1; x < area->x2; x++)
			put(raster, x, y, pixel);
}

/* Through memory of its own, so that the order of rows does not matter. */
void raster_copy(const struct raster *to, const struct drm_mode_rect *area,
		 const struct raster *from, int32_t x, int32_t y)
{
	uint32_t height = area->y2 - area->y1;
	struct raster held = raster_new(from->format, area->x2 - area->x1,
					height);

	for (uint32_t row = 0; row < height; row++)
		memcpy(pixel_at(&held, 0, row), pixel_at(from, x, y + row),
		       held.stride);
	for (uint32_t row = 0; row < height; row++)
		memcpy(pixel_at(to, area->x1, area->y1 + row),
		       pixel_at(&held, 0, row), held.stride);
	raster_free(&held);
}

uint64_t raster_differences(const struct raster *a, const struct raster *b)
{
	uint32_t mask = raster_pixel_mask(a->format);
	uint64_t differences = 0;

	for (uint32_t y = 0; y < a->height; y++)
		for (uint32_t x = 0; x < a->width; x++)
			differences += ((get(a, x, y) ^ get(b, x, y)) & mask) !=
				       0;
	return differences;
}

/* Composite -------------------------------------------------------------------- */

static uint32_t to_argb(uint32_t pixel, uint32_t format)
{
	switch (format) {
	case SPICE_SURFACE_FMT_8_A:
		return pixel << 24;
	case SPICE_SURFACE_FMT_32_xRGB:
		return pixel | 0xff000000;
	default:
		return pixel;
	}
}

static uint32_t from_argb(uint32_t pixel, uint32_t format)
{
	return format == SPICE_SURFACE_FMT_8_A ? pixel >> 24 : pixel;
}

/* Whether a coordinate of the target has a pixel; the middle of one decides. */
static bool locate(const struct raster_source *source, int32_t at,
		   uint32_t limit, uint32_t *place)
{
	int64_t middle = ((int64_t)at << 16) + 0x8000;
	int64_t pixel = middle * source->step >> 32;

	if (source->repeat)
		pixel = ((pixel % limit) + limit) % limit;
	*place = pixel;
	return pixel >= 0 && pixel < limit;
}

static uint32_t fetch(const struct raster_source *source, int32_t x, int32_t y)
{
	const struct raster *raster = source->raster;
	uint32_t column, row;

	if (!locate(source, source->x + x, raster->width, &column) ||
	    !locate(source, source->y + y, raster->height, &row))
		return 0;
	return to_argb(get(raster, column, row), raster->format);
}

static uint32_t combine(enum raster_operator op, uint32_t source, uint32_t target)
{
	switch (op) {
	case RASTER_OVER:
		return add_pixels(source,
				  multiply_pixel(target, 0xff - (source >> 24)));
	case RASTER_ADD:
		return add_pixels(source, target);
	default:
		return source;
	}
}

void raster_composite(const struct raster *to, const struct drm_mode_rect *area,
		      enum raster_operator op,
		      const struct raster_source *source,
		      const struct raster_source *mask)
{
	for (int32_t y = area->y1; y < area->y2; y++) {
		for (int32_t x = area->x1; x < area->x2; x++) {
			uint32_t pixel = fetch(source, x - area->x1,
					       y - area->y1);

			if (mask)
				pixel = multiply_pixel(pixel,
						       fetch(mask, x - area->x1,
							     y - area->y1) >>
							       24);
			pixel = combine(op, pixel,
					to_argb(get(to, x, y), to->format));
			put(to, x, y, from_argb(pixel, to->format));
		}
	}
}
