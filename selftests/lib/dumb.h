/* SPDX-License-Identifier: GPL-2.0-only */
/* Dumb buffers. Functions return 0 or a negative errno. */
#ifndef DUMB_H
#define DUMB_H

#include <stdint.h>

#include "pattern.h"

/* All zero: nothing there. Owns its handle, its framebuffer and its mapping. */
struct dumb {
	int fd; /* not owned */
	uint32_t handle;
	uint32_t fb;
	uint32_t width; /* pixels */
	uint32_t height;
	uint32_t pitch; /* bytes */
	uint64_t size;  /* bytes */
	void *map;
};

/* 32 bits per pixel, or so many. */
int dumb_create_deep(struct dumb *dumb, int fd, uint32_t width, uint32_t height,
		     uint32_t bits);
int dumb_create(struct dumb *dumb, int fd, uint32_t width, uint32_t height);

/* A new mapping of the whole buffer, to be unmapped by the caller; or NULL. */
void *dumb_mmap(const struct dumb *dumb);

/* The buffer's own mapping, in dumb->map. */
int dumb_map(struct dumb *dumb);

/* @format is a DRM fourcc of the buffer's bits per pixel. */
int dumb_add_fb(struct dumb *dumb, uint32_t format);

/* Create, map and add a framebuffer, XRGB8888 or another; cleans up after an error. */
int dumb_frame_deep(struct dumb *dumb, int fd, uint32_t width, uint32_t height,
		    uint32_t bits, uint32_t format);
int dumb_frame(struct dumb *dumb, int fd, uint32_t width, uint32_t height);

/* Gives the handle back and keeps the mapping. */
int dumb_close(struct dumb *dumb);

/* Undoes everything; fine with what is partly or not at all there. */
void dumb_destroy(struct dumb *dumb);

/* The mapped buffer, of 32 bits per pixel, as something to draw on. */
struct picture dumb_picture(const struct dumb *dumb);

#endif
