// SPDX-License-Identifier: GPL-2.0-only
#include "dumb.h"

#include <drm_fourcc.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

int dumb_create_deep(struct dumb *dumb, int fd, uint32_t width, uint32_t height,
		     uint32_t bits)
{
	struct drm_mode_create_dumb create = {
		.width = width,
		.height = height,
		.bpp = bits,
	};

	memset(dumb, 0, sizeof(*dumb));
	if (drmIoctl(fd, DRM_IOCTL_MODE_CREATE_DUMB, &create))
		return -errno;
	dumb->fd = fd;
	dumb->handle = create.handle;
	dumb->width = width;
	dumb->height = height;
	dumb->pitch = create.pitch;
	dumb->size = create.size;
	return 0;
}

int dumb_create(struct dumb *dumb, int fd, uint32_t width, uint32_t height)
{
	return dumb_create_deep(dumb, fd, width, height, 32);
}

void *dumb_mmap(const struct dumb *dumb)
{
	struct drm_mode_map_dumb map = { .handle = dumb->handle };
	void *address;

	if (drmIoctl(dumb->fd, DRM_IOCTL_MODE_MAP_DUMB, &map))
		return NULL;
	address = mmap(NULL, dumb->size, PROT_READ | PROT_WRITE, MAP_SHARED,
		       dumb->fd, map.offset);
	return address == MAP_FAILED ? NULL : address;
}

int dumb_map(struct dumb *dumb)
{
	dumb->map = dumb_mmap(dumb);
	return dumb->map ? 0 : -errno;
}

int dumb_add_fb(struct dumb *dumb, uint32_t format)
{
	uint32_t handles[4] = { dumb->handle };
	uint32_t pitches[4] = { dumb->pitch };
	uint32_t offsets[4] = { 0 };

	return drmModeAddFB2(dumb->fd, dumb->width, dumb->height, format,
			     handles, pitches, offsets, &dumb->fb, 0);
}

int dumb_frame_deep(struct dumb *dumb, int fd, uint32_t width, uint32_t height,
		    uint32_t bits, uint32_t format)
{
	int ret = dumb_create_deep(dumb, fd, width, height, bits);

	if (ret)
		return ret;
	ret = dumb_map(dumb);
	if (!ret)
		ret = dumb_add_fb(dumb, format);
	if (ret)
		dumb_destroy(dumb);
	return ret;
}

int dumb_frame(struct dumb *dumb, int fd, uint32_t width, uint32_t height)
{
	return dumb_frame_deep(dumb, fd, width, height, 32, DRM_FORMAT_XRGB8888);
}

int dumb_close(struct dumb *dumb)
{
	struct drm_mode_destroy_dumb destroy = { .handle = dumb->handle };

	dumb->handle = 0;
	return drmIoctl(dumb->fd, DRM_IOCTL_MODE_DESTROY_DUMB, &destroy) ?
		       -errno :
		       0;
}

void dumb_destroy(struct dumb *dumb)
{
	if (dumb->fb)
		drmModeRmFB(dumb->fd, dumb->fb);
	if (dumb->map)
		munmap(dumb->map, dumb->size);
	if (dumb->handle)
		dumb_close(dumb);
	memset(dumb, 0, sizeof(*dumb));
}

struct picture dumb_picture(const struct dumb *dumb)
{
	return (struct picture){
		.pixels = dumb->map,
		.pitch = dumb->pitch / sizeof(uint32_t),
		.width = dumb->width,
		.height = dumb->height,
	};
}
