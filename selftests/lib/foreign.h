/* SPDX-License-Identifier: GPL-2.0-only */
/* Buffers that other devices have. Functions return 0 or a negative errno. */
#ifndef FOREIGN_H
#define FOREIGN_H

#include "dumb.h"

struct exporter;

/*
 * A buffer of another device, mapped. pixels.map is the mapping; of a buffer of
 * a DRM device, pixels is its dumb buffer.
 */
struct foreign {
	struct dumb pixels;
	int card;    /* owned; negative: not a DRM device's */
	int dma_buf; /* owned */
};

/* Where buffers come from. */
struct exporter {
	const char *name;
	/* -ENODEV, -ENOENT: this machine has none. */
	int (*create)(struct foreign *foreign, const struct exporter *exporter,
		      uint32_t width, uint32_t height);
	uint32_t number; /* of the cards with that name */
};

extern const struct exporter foreign_vgem;
extern const struct exporter foreign_virtio;
/* Another QXL device. */
extern const struct exporter foreign_qxl;
extern const struct exporter foreign_udmabuf;
extern const struct exporter foreign_heap;

/* 32 bits per pixel. @width is a multiple of 16. */
int foreign_create(struct foreign *foreign, const struct exporter *exporter,
		   uint32_t width, uint32_t height);

/* The same; without such an exporter the running case is skipped. */
bool foreign_want(struct foreign *foreign, const struct exporter *exporter,
		  uint32_t width, uint32_t height);

/* Lets go of everything, as if its process had ended. */
void foreign_destroy(struct foreign *foreign);

#endif
