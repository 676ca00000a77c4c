/* SPDX-License-Identifier: GPL-2.0-only */
/* dma-bufs, ours and other devices'. Functions return 0 or a negative errno. */
#ifndef PRIME_H
#define PRIME_H

#include <stdbool.h>
#include <stdint.h>

#include "dumb.h"

/* The dma-buf of a handle, or a negative errno; to be closed. */
int prime_export(int fd, uint32_t handle);

int prime_import(int fd, int dma_buf, uint32_t *handle);

void prime_close_handle(int fd, uint32_t handle);

/* All of a dma-buf, to be unmapped by the caller; or NULL. */
void *prime_mmap(int dma_buf, uint64_t bytes);

uint64_t prime_size(int dma_buf);
bool prime_is_same(int dma_buf, int other);

/* @flags: DMA_BUF_SYNC_* */
int prime_sync(int dma_buf, uint64_t flags);

/* How many dma-bufs exist; false when the kernel does not say. */
bool prime_count(uint64_t *count);
/* Checks that there are as many, now or after a while. */
void prime_check_count(uint64_t count);

/*
 * A dma-buf as a framebuffer on @fd, without a mapping of its own. @like says
 * how the pixels lie. @format is a DRM fourcc of 32 bits per pixel.
 */
int prime_frame(struct dumb *dumb, int fd, int dma_buf, const struct dumb *like,
		uint32_t format);

#endif
