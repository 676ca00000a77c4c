// SPDX-License-Identifier: GPL-2.0-only
#include "pattern.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct prng prng_start(uint32_t seed)
{
	/* xorshift must not start at 0 */
	return (struct prng){ .state = seed * 0x9e3779b97f4a7c15ull + 1 };
}

uint32_t prng_below(struct prng *prng, uint32_t limit)
{
	prng->state ^= prng->state >> 12;
	prng->state ^= prng->state << 25;
	prng->state ^= prng->state >> 27;
	return ((prng->state * 0x2545f4914f6cdd1dull >> 32) * limit) >> 32;
}

static uint32_t mix(uint32_t value)
{
	value = (value ^ value >> 15) * 0x85ebca6bu;
	return value ^ value >> 13;
}

static uint32_t pattern_pixel(uint32_t x, uint32_t y, uint32_t row, uint32_t seed)
{
	uint32_t noise = mix(x * 0x9e3779b1u ^ row);
	uint32_t red, green, blue;

	/* every fourth block of 64x16 is one-pixel structure, as text is */
	if (((x >> 6) + (y >> 4) + seed) % 4 == 0)
		return noise & 0x10000 ? 0xffffff : 0x202020;
	red = x + seed * 37;
	green = y + seed * 11;
	blue = noise >> 8;
	return (noise & 0xff000000) | (red & 0xff) << 16 | (green & 0xff) << 8 |
	       (blue & 0xff);
}

static uint32_t row_of(uint32_t y, uint32_t seed)
{
	return mix(y * 0xc2b2ae35u + seed);
}

static uint32_t clamp(int32_t value, uint32_t limit)
{
	if (value < 0)
		return 0;
	return (uint32_t)value < limit ? (uint32_t)value : limit;
}

void pattern_fill(const struct picture *picture,
		  const struct drm_mode_rect *rect, uint32_t seed)
{
	uint32_t x1 = clamp(rect->x1, picture->width);
	uint32_t y1 = clamp(rect->y1, picture->height);
	uint32_t x2 = clamp(rect->x2, picture->width);
	uint32_t y2 = clamp(rect->y2, picture->height);

	for (uint32_t y = y1; y < y2; y++) {
		uint32_t *line = picture->pixels + (uint64_t)y * picture->pitch;
		uint32_t row = row_of(y, seed);

		for (uint32_t x = x1; x < x2; x++)
			line[x] = pattern_pixel(x, y, row, seed);
	}
}

void pattern_draw(const struct picture *picture, uint32_t seed)
{
	const struct drm_mode_rect all = {
		.x2 = picture->width,
		.y2 = picture->height,
	};

	pattern_fill(picture, &all, seed);
}

void pattern_squares(const struct picture *picture,
		     struct drm_mode_rect *squares, uint32_t count,
		     uint32_t seed)
{
	const uint32_t columns = 64, rows = PATTERN_SQUARES / columns;

	for (uint32_t i = 0; i < count; i++) {
		int32_t x = 3 +
			    (int32_t)(i % columns * (picture->width / columns));
		int32_t y = 2 + (int32_t)(i / columns * (picture->height / rows));
		struct drm_mode_rect square = { x, y, x + PATTERN_SQUARE,
						y + PATTERN_SQUARE };

		pattern_fill(picture, &square, seed);
		if (squares)
			squares[i] = square;
	}
}

uint64_t pattern_differences(const struct picture *picture, uint32_t seed)
{
	uint64_t differences = 0;

	for (uint32_t y = 0; y < picture->height; y++) {
		const uint32_t *line = picture->pixels +
				       (uint64_t)y * picture->pitch;
		uint32_t row = row_of(y, seed);

		for (uint32_t x = 0; x < picture->width; x++)
			differences += line[x] != pattern_pixel(x, y, row, seed);
	}
	return differences;
}

struct picture picture_new(uint32_t width, uint32_t height)
{
	struct picture picture = {
		.pixels = calloc((uint64_t)width * height, sizeof(uint32_t)),
		.pitch = width,
		.width = width,
		.height = height,
	};

	if (!picture.pixels) {
		perror("picture");
		exit(1);
	}
	return picture;
}

void picture_free(struct picture *picture)
{
	free(picture->pixels);
	picture->pixels = NULL;
}

static void save_row(const uint32_t *line, uint32_t width, FILE *file)
{
	for (uint32_t x = 0; x < width; x++) {
		putc(line[x] >> 16 & 0xff, file);
		putc(line[x] >> 8 & 0xff, file);
		putc(line[x] & 0xff, file);
	}
}

int picture_save(const struct picture *picture, const char *path)
{
	FILE *file = fopen(path, "wb");
	bool failed;

	if (!file)
		return -errno;
	fprintf(file, "P6\n%u %u\n255\n", picture->width, picture->height);
	for (uint32_t y = 0; y < picture->height; y++)
		save_row(picture->pixels + (uint64_t)y * picture->pitch,
			 picture->width, file);
	failed = ferror(file);
	if (fclose(file) || failed)
		return -EIO;
	return 0;
}

int picture_save_reference(const struct picture *picture, const char *path)
{
	int ret = picture_save(picture, path);

	if (ret)
		fprintf(stderr, "%s: %s\n", path, strerror(-ret));
	return ret ? 1 : 0;
}
