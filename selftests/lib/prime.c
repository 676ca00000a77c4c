// SPDX-License-Identifier: GPL-2.0-only
#include "prime.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/dma-buf.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xf86drm.h>

#include "ktap.h"

int prime_export(int fd, uint32_t handle)
{
	int dma_buf;

	if (drmPrimeHandleToFD(fd, handle, DRM_CLOEXEC | DRM_RDWR, &dma_buf))
		return -errno;
	return dma_buf;
}

int prime_import(int fd, int dma_buf, uint32_t *handle)
{
	return drmPrimeFDToHandle(fd, dma_buf, handle) ? -errno : 0;
}

void prime_close_handle(int fd, uint32_t handle)
{
	struct drm_gem_close args = { .handle = handle };

	drmIoctl(fd, DRM_IOCTL_GEM_CLOSE, &args);
}

void *prime_mmap(int dma_buf, uint64_t bytes)
{
	void *map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
			 dma_buf, 0);

	return map == MAP_FAILED ? NULL : map;
}

uint64_t prime_size(int dma_buf)
{
	off_t size = lseek(dma_buf, 0, SEEK_END);

	return size < 0 ? 0 : size;
}

bool prime_is_same(int dma_buf, int other)
{
	struct stat a, b;

	return !fstat(dma_buf, &a) && !fstat(other, &b) &&
	       a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

int prime_sync(int dma_buf, uint64_t flags)
{
	struct dma_buf_sync args = { .flags = flags };

	return drmIoctl(dma_buf, DMA_BUF_IOCTL_SYNC, &args) ? -errno : 0;
}

bool prime_count(uint64_t *count)
{
	FILE *file = fopen("/sys/kernel/debug/dma_buf/bufinfo", "r");
	bool found = false;
	char line[256];

	if (!file)
		return false;
	while (!found && fgets(line, sizeof(line), file))
		found = strstr(line, " objects,") &&
			sscanf(line, "Total %" SCNu64, count) == 1;
	fclose(file);
	return found;
}

/* What is closed goes a little later. */
void prime_check_count(uint64_t count)
{
	uint64_t now = count;

	for (int tries = 0; tries < 100; tries++) {
		if (!prime_count(&now) || now == count)
			return;
		usleep(50 * 1000);
	}
	check(false, "%" PRIu64 " dma-bufs, not %" PRIu64, now, count);
}

int prime_frame(struct dumb *dumb, int fd, int dma_buf, const struct dumb *like,
		uint32_t format)
{
	int ret;

	*dumb = *like;
	dumb->fd = fd;
	dumb->handle = dumb->fb = 0;
	dumb->map = NULL;
	ret = prime_import(fd, dma_buf, &dumb->handle);
	if (!ret)
		ret = dumb_add_fb(dumb, format);
	if (ret)
		dumb_destroy(dumb);
	return ret;
}
