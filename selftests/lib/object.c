// SPDX-License-Identifier: GPL-2.0-only
#include "object.h"

#include <errno.h>
#include <qxl_drm.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <xf86drm.h>

static int map(struct object *object)
{
	struct drm_qxl_map args = { .handle = object->handle };

	if (drmIoctl(object->fd, DRM_IOCTL_QXL_MAP, &args))
		return -errno;
	object->map = mmap(NULL, object->bytes, PROT_READ | PROT_WRITE,
			   MAP_SHARED, object->fd, args.offset);
	if (object->map != MAP_FAILED)
		return 0;
	object->map = NULL;
	return -errno;
}

static int adopt(struct object *object, int fd, uint32_t handle, size_t bytes)
{
	int ret;

	*object = (struct object){ .fd = fd, .handle = handle, .bytes = bytes };
	ret = map(object);
	if (ret)
		object_destroy(object);
	return ret;
}

int object_alloc(struct object *object, int fd, size_t bytes)
{
	struct drm_qxl_alloc args = { .size = bytes };

	*object = (struct object){};
	if (drmIoctl(fd, DRM_IOCTL_QXL_ALLOC, &args))
		return -errno;
	return adopt(object, fd, args.handle, bytes);
}

void object_close(struct object *object)
{
	struct drm_gem_close args = { .handle = object->handle };

	if (object->handle)
		drmIoctl(object->fd, DRM_IOCTL_GEM_CLOSE, &args);
	object->handle = 0;
}

void object_destroy(struct object *object)
{
	if (object->map)
		munmap(object->map, object->bytes);
	object_close(object);
	*object = (struct object){};
}

int surface_alloc(struct surface *surface, int fd, uint32_t format,
		  uint32_t width, uint32_t height, bool bottom_up)
{
	int32_t stride = (width * raster_pixel_bytes(format) + 3) & ~3u;
	struct drm_qxl_alloc_surf args = {
		.format = format,
		.width = width,
		.height = height,
		.stride = bottom_up ? -stride : stride,
	};

	*surface = (struct surface){ .format = format,
				     .width = width,
				     .height = height,
				     .stride = args.stride };
	if (drmIoctl(fd, DRM_IOCTL_QXL_ALLOC_SURF, &args))
		return -errno;
	return adopt(&surface->object, fd, args.handle, (size_t)stride * height);
}

int surface_update(const struct surface *surface)
{
	struct drm_qxl_update_area args = { .handle = surface->object.handle,
					    .right = surface->width,
					    .bottom = surface->height };

	return drmIoctl(surface->object.fd, DRM_IOCTL_QXL_UPDATE_AREA, &args) ?
		       -errno :
		       0;
}

int surface_alloc_on_host(struct surface *surface, int fd, uint32_t format,
			  uint32_t width, uint32_t height, bool bottom_up)
{
	int ret = surface_alloc(surface, fd, format, width, height, bottom_up);

	return ret ? ret : surface_update(surface);
}

struct raster surface_raster(const struct surface *surface)
{
	uint8_t *top = surface->object.map;

	if (surface->stride < 0)
		top += (size_t)-surface->stride * (surface->height - 1);
	return (struct raster){ .top = top,
				.stride = surface->stride,
				.width = surface->width,
				.height = surface->height,
				.format = surface->format };
}
