// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE /* memfd_create() and seals */
#include "foreign.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/dma-heap.h>
#include <linux/udmabuf.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "card.h"
#include "ktap.h"
#include "prime.h"

static int of_card(struct foreign *foreign, const struct exporter *exporter,
		   uint32_t width, uint32_t height)
{
	char path[32];
	int ret;

	foreign->card = card_open_driver(exporter->name, exporter->number, path,
					 sizeof(path));
	if (foreign->card < 0)
		return foreign->card;
	ret = dumb_create(&foreign->pixels, foreign->card, width, height);
	if (!ret)
		ret = dumb_map(&foreign->pixels);
	if (ret)
		return ret;
	foreign->dma_buf = prime_export(foreign->card, foreign->pixels.handle);
	return foreign->dma_buf < 0 ? foreign->dma_buf : 0;
}

/* Whole pages, rows packed. */
static void lay_out(struct dumb *pixels, uint32_t width, uint32_t height)
{
	uint64_t page = sysconf(_SC_PAGESIZE);

	pixels->width = width;
	pixels->height = height;
	pixels->pitch = width * 4;
	pixels->size = (uint64_t)pixels->pitch * height;
	pixels->size = (pixels->size + page - 1) / page * page;
}

static int map(struct foreign *foreign, int fd)
{
	foreign->pixels.map = prime_mmap(fd, foreign->pixels.size);
	return foreign->pixels.map ? 0 : -errno;
}

static int of_memory(struct foreign *foreign, int device, int memory)
{
	struct udmabuf_create args = { .memfd = memory,
				       .flags = UDMABUF_FLAGS_CLOEXEC,
				       .size = foreign->pixels.size };

	if (ftruncate(memory, foreign->pixels.size) ||
	    fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK))
		return -errno;
	foreign->dma_buf = ioctl(device, UDMABUF_CREATE, &args);
	return foreign->dma_buf < 0 ? -errno : map(foreign, memory);
}

static int of_udmabuf(struct foreign *foreign, const struct exporter *exporter,
		      uint32_t width, uint32_t height)
{
	int device = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);
	int memory, ret;

	if (device < 0)
		return -errno;
	lay_out(&foreign->pixels, width, height);
	memory = memfd_create(exporter->name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	ret = memory < 0 ? -errno : of_memory(foreign, device, memory);
	close(memory);
	close(device);
	return ret;
}

static int of_heap(struct foreign *foreign, const struct exporter *exporter,
		   uint32_t width, uint32_t height)
{
	struct dma_heap_allocation_data args = { .fd_flags = O_RDWR | O_CLOEXEC };
	int device = open("/dev/dma_heap/system", O_RDWR | O_CLOEXEC);
	int ret;

	(void)exporter;
	if (device < 0)
		return -errno;
	lay_out(&foreign->pixels, width, height);
	args.len = foreign->pixels.size;
	ret = ioctl(device, DMA_HEAP_IOCTL_ALLOC, &args) ? -errno : 0;
	close(device);
	if (ret)
		return ret;
	foreign->dma_buf = args.fd;
	return map(foreign, args.fd);
}

const struct exporter foreign_vgem = { "vgem", of_card, 0 };
const struct exporter foreign_virtio = { "virtio_gpu", of_card, 0 };
const struct exporter foreign_qxl = { "qxl", of_card, 1 };
const struct exporter foreign_udmabuf = { "udmabuf", of_udmabuf, 0 };
const struct exporter foreign_heap = { "dma_heap", of_heap, 0 };

int foreign_create(struct foreign *foreign, const struct exporter *exporter,
		   uint32_t width, uint32_t height)
{
	int ret;

	*foreign = (struct foreign){ .card = -1, .dma_buf = -1 };
	ret = exporter->create(foreign, exporter, width, height);
	if (ret)
		foreign_destroy(foreign);
	return ret;
}

bool foreign_want(struct foreign *foreign, const struct exporter *exporter,
		  uint32_t width, uint32_t height)
{
	int ret = foreign_create(foreign, exporter, width, height);

	if (ret == -ENODEV || ret == -ENOENT) {
		ktap_skip("this machine has no buffers of %s", exporter->name);
		return false;
	}
	return check(!ret, "a buffer of %s: %d", exporter->name, ret);
}

void foreign_destroy(struct foreign *foreign)
{
	dumb_destroy(&foreign->pixels);
	if (foreign->dma_buf >= 0)
		close(foreign->dma_buf);
	if (foreign->card >= 0)
		close(foreign->card);
	foreign->card = foreign->dma_buf = -1;
}
