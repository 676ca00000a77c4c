/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pixels of 1, 2 or 4 bytes, and what the host's draws should do to them. No
 * DRM device is needed.
 */
#ifndef RASTER_H
#define RASTER_H

#include <drm.h>
#include <drm_mode.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Does not own its pixels. Rows go either way through memory. */
struct raster {
	uint8_t *top;     /* the upper row */
	ptrdiff_t stride; /* bytes from a row to the one below */
	uint32_t width;   /* pixels */
	uint32_t height;
	uint32_t format; /* SPICE_SURFACE_FMT_* */
};

/* Of a SPICE_SURFACE_FMT_* with whole bytes. */
uint32_t raster_pixel_bytes(uint32_t format);

/* The bits of a pixel that say something. */
uint32_t raster_pixel_mask(uint32_t format);

/* Zeroed memory of its own, packed, to be freed with raster_free(). Ends when there is none. */
struct raster raster_new(uint32_t format, uint32_t width, uint32_t height);
void raster_free(struct raster *raster);

/* Random pixels, the same for the same seed; ARGB ones are premultiplied. */
void raster_noise(const struct raster *raster, uint32_t seed);

void raster_fill(const struct raster *raster, const struct drm_mode_rect *area,
		 uint32_t pixel);

/* @area of @to shows @from from @x, @y on; they may be the same and overlap. */
void raster_copy(const struct raster *to, const struct drm_mode_rect *area,
		 const struct raster *from, int32_t x, int32_t y);

/* The pixels of two rasters of one format and size that differ. */
uint64_t raster_differences(const struct raster *a, const struct raster *b);

/* A picture that a composite reads: source or mask. */
struct raster_source {
	const struct raster *raster;
	int32_t x; /* of the point that lands on the area's corner */
	int32_t y;
	uint32_t step; /* 16.16: pixels of it for one of the target */
	bool repeat;   /* else transparent black is around it */
};

/* Porter and Duff's operators, as pixman numbers them. */
enum raster_operator {
	RASTER_SRC = 1,
	RASTER_OVER = 3,
	RASTER_ADD = 12,
};

/* @mask may be NULL. Nearest pixels, eight bits a channel. */
void raster_composite(const struct raster *to, const struct drm_mode_rect *area,
		      enum raster_operator op,
		      const struct raster_source *source,
		      const struct raster_source *mask);

#endif
