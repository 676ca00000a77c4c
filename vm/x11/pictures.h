/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A file of reference pictures: one after the other, each a header of one block and rows of
 * 32-bit pixels, padded to a block. A guest reads it as a disk, so it may be followed by anything.
 */
#ifndef PICTURES_H
#define PICTURES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct picture {
	uint32_t width;
	uint32_t height;
	uint32_t *pixels; /* width * height, 0xRRGGBB; the owner frees it */
};

/* Appends a picture; ends the program on failure. */
void picture_append(FILE *file, const char *name, const struct picture *picture);

/* Reads the picture of a name and a size; false when the file has none. */
bool picture_find(const char *path, const char *name, uint32_t width,
		  uint32_t height, struct picture *picture);

/* Writes a binary PPM; false, with errno, on failure. */
bool picture_write_ppm(const char *path, const struct picture *picture);

#endif
