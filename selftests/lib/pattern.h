/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pictures that are the same wherever they are drawn: in a guest's framebuffer
 * and, as the reference, on the host. No DRM device is needed.
 */
#ifndef PATTERN_H
#define PATTERN_H

#include <drm.h>
#include <drm_mode.h>
#include <stdbool.h>
#include <stdint.h>

/* XRGB8888 pixels; does not own them. */
struct picture {
	uint32_t *pixels;
	uint32_t pitch; /* pixels */
	uint32_t width;
	uint32_t height;
};

/* A generator of the same numbers for the same seed (xorshift64*). */
struct prng {
	uint64_t state;
};

struct prng prng_start(uint32_t seed);
/* A number from 0 to @limit - 1. */
uint32_t prng_below(struct prng *prng, uint32_t limit);

/*
 * Paints a rectangle, cut at the picture's edges. A pixel depends on its place
 * and @seed alone: a gradient, blocks of text-like structure, and noise, with
 * noise in the unused byte too. An inverted or empty rectangle paints nothing.
 */
void pattern_fill(const struct picture *picture,
		  const struct drm_mode_rect *rect, uint32_t seed);

/* Paints all of it. */
void pattern_draw(const struct picture *picture, uint32_t seed);

/* Squares that are scattered over a picture, so many in all, so many pixels wide. */
#define PATTERN_SQUARES 4096
#define PATTERN_SQUARE 8

/* Paints the first @count of them; tells where they are, unless @squares is NULL. */
void pattern_squares(const struct picture *picture,
		     struct drm_mode_rect *squares, uint32_t count,
		     uint32_t seed);

/* The number of pixels that differ from pattern_draw(), unused byte included. */
uint64_t pattern_differences(const struct picture *picture, uint32_t seed);

/* Memory of a picture, to be freed with picture_free(). Ends when there's none. */
struct picture picture_new(uint32_t width, uint32_t height);
void picture_free(struct picture *picture);

/* Writes a binary PPM (P6); 0 or a negative errno. */
int picture_save(const struct picture *picture, const char *path);

/* The same for a run as a reference: its exit status, after a message. */
int picture_save_reference(const struct picture *picture, const char *path);

#endif
