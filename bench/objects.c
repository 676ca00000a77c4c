// SPDX-License-Identifier: GPL-2.0-only
/* What the Xorg driver does: objects, surfaces, draws; and dumb buffers. */
#include <errno.h>
#include <qxl_drm.h>
#include <spice/enums.h>
#include <string.h>
#include <xf86drm.h>

#include "bench.h"
#include "exec.h"
#include "ktap.h"

#define SURFACE_SIDE 64
#define DRAWS 64

static struct surface target;
static struct exec_draw draws[DRAWS];

static int close_handle(struct bench *bench, uint32_t handle)
{
	struct drm_gem_close close = { .handle = handle };

	return drmIoctl(bench->card.fd, DRM_IOCTL_GEM_CLOSE, &close) ? -errno :
								       0;
}

static int alloc_and_close(struct bench *bench, uint32_t bytes)
{
	struct drm_qxl_alloc alloc = { .size = bytes };

	if (drmIoctl(bench->card.fd, DRM_IOCTL_QXL_ALLOC, &alloc))
		return -errno;
	return close_handle(bench, alloc.handle);
}

static int run_alloc_page(struct bench *bench, uint32_t i)
{
	(void)i;
	return alloc_and_close(bench, 4096);
}

static int run_alloc_mib(struct bench *bench, uint32_t i)
{
	(void)i;
	return alloc_and_close(bench, 1 << 20);
}

static int run_alloc_surface(struct bench *bench, uint32_t i)
{
	struct drm_qxl_alloc_surf alloc = {
		.format = SPICE_SURFACE_FMT_32_xRGB,
		.width = SURFACE_SIDE,
		.height = SURFACE_SIDE,
		.stride = SURFACE_SIDE * 4,
	};

	(void)i;
	if (drmIoctl(bench->card.fd, DRM_IOCTL_QXL_ALLOC_SURF, &alloc))
		return -errno;
	return close_handle(bench, alloc.handle);
}

/* Fills, one beside the other, so that the server drops none as hidden. */
static void fill_target(uint32_t n, uint32_t i)
{
	const struct drm_mode_rect area = { n % 8 * 8, n / 8 * 8, n % 8 * 8 + 8,
					    n / 8 * 8 + 8 };

	exec_fill(&draws[n], &target, &area, (i * 31 + n) & 0xffffff);
}

static int begin_target(struct bench *bench)
{
	return surface_alloc(&target, bench->card.fd, SPICE_SURFACE_FMT_32_xRGB,
			     SURFACE_SIDE, SURFACE_SIDE, false);
}

static void end_target(struct bench *bench)
{
	(void)bench;
	object_destroy(&target.object);
}

static void prepare_draws(struct bench *bench, uint32_t i)
{
	(void)bench;
	for (uint32_t n = 0; n < DRAWS; n++)
		fill_target(n, i);
}

static int run_one_draw(struct bench *bench, uint32_t i)
{
	(void)i;
	return exec_send(bench->card.fd, draws, 1);
}

static int run_draws(struct bench *bench, uint32_t i)
{
	(void)i;
	return exec_send(bench->card.fd, draws, DRAWS);
}

static int run_surface(struct bench *bench, uint32_t i)
{
	int ret = begin_target(bench);

	if (ret)
		return ret;
	fill_target(0, i);
	ret = exec_send(bench->card.fd, draws, 1);
	end_target(bench);
	return ret;
}

static int run_dumb(struct bench *bench, uint32_t i)
{
	struct dumb dumb;
	int ret = dumb_create(&dumb, bench->card.fd, BENCH_WIDTH, BENCH_HEIGHT);

	(void)i;
	return ret ? ret : dumb_close(&dumb);
}

const struct operation object_operations[] = {
	{ .name = "QXL_ALLOC and close, 4 KiB",
	  .run = run_alloc_page,
	  .runs = 100 },
	{ .name = "QXL_ALLOC and close, 1 MiB", .run = run_alloc_mib, .runs = 50 },
	{ .name = "ALLOC_SURF 64x64 and close",
	  .run = run_alloc_surface,
	  .runs = 100 },
	{ .name = "surface create, fill, close", .run = run_surface, .runs = 100 },
	{ .name = "EXECBUFFER, 1 command",
	  .begin = begin_target,
	  .prepare = prepare_draws,
	  .run = run_one_draw,
	  .end = end_target,
	  .runs = 100 },
	{ .name = "EXECBUFFER, 64 commands, each",
	  .begin = begin_target,
	  .prepare = prepare_draws,
	  .run = run_draws,
	  .end = end_target,
	  .runs = 20,
	  .per_run = DRAWS },
	{ .name = "dumb 1080p create and destroy", .run = run_dumb, .runs = 50 },
};
const uint32_t object_operation_count = ARRAY_SIZE(object_operations);
