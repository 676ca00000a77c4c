/* SPDX-License-Identifier: GPL-2.0-only */
/* Buffer objects of the qxl ioctls. Functions return 0 or a negative errno. */
#ifndef OBJECT_H
#define OBJECT_H

#include "raster.h"

/* All zero: nothing there. Owns its handle and its mapping. */
struct object {
	int fd; /* not owned */
	uint32_t handle;
	size_t bytes;
	void *map;
};

/* DRM_IOCTL_QXL_ALLOC, mapped. */
int object_alloc(struct object *object, int fd, size_t bytes);

/* Gives the handle back and keeps the mapping. */
void object_close(struct object *object);

/* Undoes everything; fine with what is partly or not at all there. */
void object_destroy(struct object *object);

struct surface {
	struct object object;
	uint32_t format; /* SPICE_SURFACE_FMT_* */
	uint32_t width;  /* pixels */
	uint32_t height;
	int32_t stride; /* bytes; negative: rows from the bottom up */
};

/* DRM_IOCTL_QXL_ALLOC_SURF, mapped, with the shortest stride there is. */
int surface_alloc(struct surface *surface, int fd, uint32_t format,
		  uint32_t width, uint32_t height, bool bottom_up);

/* The same, and the host has it. Whatever comes of it may be destroyed. */
int surface_alloc_on_host(struct surface *surface, int fd, uint32_t format,
			  uint32_t width, uint32_t height, bool bottom_up);

/* Waits until all that was drawn is in memory (DRM_IOCTL_QXL_UPDATE_AREA). */
int surface_update(const struct surface *surface);

/* The mapped surface. */
struct raster surface_raster(const struct surface *surface);

#endif
