// SPDX-License-Identifier: GPL-2.0-only
#include "pictures.h"

#include <stdlib.h>
#include <string.h>

#include "ktap.h"

#define BLOCK 4096
#define MAGIC "xdraw picture 1"

struct header {
	char magic[16];
	char name[64];
	uint32_t width;
	uint32_t height;
};

static size_t padded(size_t size)
{
	return (size + BLOCK - 1) / BLOCK * BLOCK;
}

static size_t pixel_bytes(uint32_t width, uint32_t height)
{
	return (size_t)width * height * sizeof(uint32_t);
}

void picture_append(FILE *file, const char *name, const struct picture *picture)
{
	size_t size = pixel_bytes(picture->width, picture->height);
	struct header header = { .magic = MAGIC,
				 .width = picture->width,
				 .height = picture->height };
	static const char zeros[BLOCK];

	snprintf(header.name, sizeof(header.name), "%s", name);
	fwrite(&header, sizeof(header), 1, file);
	fwrite(zeros, BLOCK - sizeof(header), 1, file);
	fwrite(picture->pixels, size, 1, file);
	fwrite(zeros, padded(size) - size, 1, file);
	if (fflush(file) || ferror(file))
		ktap_bail("the picture '%s' can not be written", name);
}

static bool read_pixels(FILE *file, struct picture *picture)
{
	size_t size = pixel_bytes(picture->width, picture->height);

	picture->pixels = malloc(size);
	if (!picture->pixels)
		return false;
	if (fseek(file, BLOCK - (long)sizeof(struct header), SEEK_CUR) == 0 &&
	    fread(picture->pixels, size, 1, file) == 1)
		return true;
	free(picture->pixels);
	return false;
}

bool picture_find(const char *path, const char *name, uint32_t width,
		  uint32_t height, struct picture *picture)
{
	FILE *file = fopen(path, "rb");
	struct header header;
	bool found = false;
	long at = 0;

	if (!file)
		return false;
	while (!found && fseek(file, at, SEEK_SET) == 0 &&
	       fread(&header, sizeof(header), 1, file) == 1 &&
	       !memcmp(header.magic, MAGIC, sizeof(MAGIC))) {
		at += BLOCK +
		      (long)padded(pixel_bytes(header.width, header.height));
		if (strncmp(header.name, name, sizeof(header.name)) ||
		    header.width != width || header.height != height)
			continue;
		picture->width = width;
		picture->height = height;
		found = read_pixels(file, picture);
	}
	fclose(file);
	return found;
}

bool picture_write_ppm(const char *path, const struct picture *picture)
{
	FILE *file = fopen(path, "wb");
	bool written;

	if (!file)
		return false;
	fprintf(file, "P6\n%u %u\n255\n", picture->width, picture->height);
	for (size_t i = 0; i < (size_t)picture->width * picture->height; i++) {
		uint32_t pixel = picture->pixels[i];
		const char rgb[] = { (char)(pixel >> 16), (char)(pixel >> 8),
				     (char)pixel };

		fwrite(rgb, sizeof(rgb), 1, file);
	}
	written = !ferror(file);
	return !fclose(file) && written;
}
