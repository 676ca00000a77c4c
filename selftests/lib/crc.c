// SPDX-License-Identifier: GPL-2.0-only
#include "crc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_BYTES 64
#define FIRST_MS 10000
#define POLYNOMIAL 0xedb88320u

static int open_file(const struct card *card, uint32_t crtc_index,
		     const char *name, int flags)
{
	const char *number = strpbrk(card->path, "0123456789");
	char path[96];
	int file;

	snprintf(path, sizeof(path), "/sys/kernel/debug/dri/%s/crtc-%u/crc/%s",
		 number ? number : "0", crtc_index, name);
	file = open(path, flags | O_CLOEXEC);
	return file < 0 ? -errno : file;
}

int crc_open(const struct card *card, uint32_t crtc_index)
{
	return open_file(card, crtc_index, "data", O_RDONLY);
}

int crc_choose(const struct card *card, uint32_t crtc_index, const char *source)
{
	int file = open_file(card, crtc_index, "control", O_WRONLY);
	int ret;

	if (file < 0)
		return file;
	ret = write(file, source, strlen(source)) < 0 ? -errno : 0;
	close(file);
	return ret;
}

int crc_read(int file, struct crc_entry *entry, int timeout_ms)
{
	struct pollfd pollfd = { .fd = file, .events = POLLIN };
	char line[LINE_BYTES];
	ssize_t got;
	int ret = poll(&pollfd, 1, timeout_ms);

	if (ret <= 0)
		return ret ? -errno : -ETIMEDOUT;
	got = read(file, line, sizeof(line) - 1);
	if (got < 0)
		return -errno;
	line[got] = 0;
	entry->has_frame = sscanf(line, "%x %x", &entry->frame, &entry->crc) ==
			   2;
	return entry->has_frame || sscanf(line, "%*s %x", &entry->crc) == 1 ?
		       0 :
		       -EIO;
}

/* A file that was just opened begins with the next frame. */
int crc_shown(const struct card *card, uint32_t crtc_index, uint32_t *crc)
{
	int file = crc_open(card, crtc_index);
	struct crc_entry entry;
	int ret;

	if (file < 0)
		return file;
	ret = crc_read(file, &entry, FIRST_MS);
	if (!ret)
		*crc = entry.crc;
	close(file);
	return ret;
}

static const uint32_t *table(void)
{
	static uint32_t entries[256];

	if (entries[1])
		return entries;
	for (uint32_t i = 0; i < 256; i++) {
		entries[i] = i;
		for (int bit = 0; bit < 8; bit++)
			entries[i] = entries[i] >> 1 ^
				     (entries[i] & 1 ? POLYNOMIAL : 0);
	}
	return entries;
}

/* CRC-32, the lowest bit first, from 0 on: blue, green, red and a 0. */
uint32_t crc_of(const struct picture *picture, const struct drm_mode_rect *part)
{
	const uint32_t *entries = table();
	uint32_t crc = 0;

	for (int32_t y = part->y1; y < part->y2; y++) {
		const uint32_t *line = picture->pixels +
				       (uint64_t)y * picture->pitch;

		for (int32_t x = part->x1; x < part->x2; x++) {
			uint32_t pixel = line[x] & 0xffffff;

			for (int byte = 0; byte < 4; byte++, pixel >>= 8)
				crc = crc >> 8 ^ entries[(crc ^ pixel) & 0xff];
		}
	}
	return crc;
}
