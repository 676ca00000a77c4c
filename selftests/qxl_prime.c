// SPDX-License-Identifier: GPL-2.0-only
/*
 * Our buffers as dma-bufs: mapped, looked at by the processor, come home as what
 * they are, alive as long as anybody has them. What other devices do with them
 * is in qxl_import.
 */
#include <drm_fourcc.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/dma-buf.h>
#include <spice/enums.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xf86drm.h>

#include "canvas.h"
#include "card.h"
#include "counters.h"
#include "dumb.h"
#include "host.h"
#include "ktap.h"
#include "prime.h"

#define WIDTH 640
#define HEIGHT 480
#define FILL 0x00336699

static struct card card;
static uint64_t bos_before;
static uint64_t dma_bufs_before;

static const struct drm_mode_rect middle = { 100, 100, 300, 200 };

static void setup(void)
{
	card_open(&card);
	counter_read(card.path, "bos", &bos_before);
	prime_count(&dma_bufs_before);
}

static void check_nothing_left(void)
{
	counters_check_idle(card.path, bos_before);
	prime_check_count(dma_bufs_before);
}

static bool frame_create(struct dumb *dumb, uint32_t seed)
{
	struct picture picture;
	int ret = dumb_frame(dumb, card.fd, WIDTH, HEIGHT);

	if (!check(!ret, "a buffer: %d", ret))
		return false;
	picture = dumb_picture(dumb);
	pattern_draw(&picture, seed);
	return true;
}

static int export_handle(uint32_t handle)
{
	int dma_buf = prime_export(card.fd, handle);

	check(dma_buf >= 0, "export: %d", dma_buf);
	return dma_buf;
}

static uint64_t differences(void *pixels, const struct dumb *dumb, uint32_t seed)
{
	struct picture picture = dumb_picture(dumb);

	picture.pixels = pixels;
	return pattern_differences(&picture, seed);
}

/* Mapping ------------------------------------------------------------------------- */

static void check_mapping(int dma_buf, void *ours, uint64_t bytes)
{
	uint8_t *theirs = prime_mmap(dma_buf, bytes);
	uint64_t last = bytes - 1;
	int ret;

	check(prime_size(dma_buf) == bytes, "%" PRIu64 " bytes, not %" PRIu64,
	      prime_size(dma_buf), bytes);
	if (!check(theirs, "mmap: errno %d", errno))
		return;
	ret = prime_sync(dma_buf, DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW);
	check(!ret, "SYNC_START: %d", ret);
	check(!memcmp(ours, theirs, bytes), "they are not the same");
	theirs[last] ^= 0xff;
	check(((uint8_t *)ours)[last] == theirs[last], "what is written there");
	ret = prime_sync(dma_buf, DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW);
	check(!ret, "SYNC_END: %d", ret);
	munmap(theirs, bytes);
}

static void map_dumb(void)
{
	struct dumb dumb;
	int dma_buf;

	if (!frame_create(&dumb, 1))
		return;
	dma_buf = export_handle(dumb.handle);
	check_mapping(dma_buf, dumb.map, dumb.size);
	close(dma_buf);
	dumb_destroy(&dumb);
	check_nothing_left();
}

static void map_vram(void)
{
	struct object object;
	int dma_buf, ret = object_alloc(&object, card.fd, 128 << 10);

	if (!check(!ret, "ALLOC: %d", ret))
		return;
	memset(object.map, 0x5a, object.bytes);
	dma_buf = export_handle(object.handle);
	check_mapping(dma_buf, object.map, object.bytes);
	close(dma_buf);
	object_destroy(&object);
	check_nothing_left();
}

static void bad_syncs(void)
{
	struct dumb dumb;
	int dma_buf, ret;

	if (!frame_create(&dumb, 1))
		return;
	dma_buf = export_handle(dumb.handle);
	ret = prime_sync(dma_buf, DMA_BUF_SYNC_START);
	check(ret == -EINVAL, "no direction: %d", ret);
	ret = prime_sync(dma_buf, ~0ull);
	check(ret == -EINVAL, "all flags: %d", ret);
	check(!prime_mmap(dma_buf, dumb.size + 4096), "more than there is");
	close(dma_buf);
	dumb_destroy(&dumb);
}

/* What the host drew --------------------------------------------------------------- */

/* Nobody asks for UPDATE_AREA: SYNC does it. */
static void check_drawing(struct canvas *canvas, const char *what)
{
	int dma_buf = export_handle(canvas->surface.object.handle);
	size_t bytes = canvas->surface.object.bytes;
	struct raster seen = surface_raster(&canvas->surface);
	uint64_t wrong;
	int ret;

	seen.top = prime_mmap(dma_buf, bytes);
	if (!check(seen.top, "%s: mmap: errno %d", what, errno))
		return;
	canvas_fill(canvas, &middle, FILL);
	ret = prime_sync(dma_buf, DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ);
	check(!ret, "%s: SYNC_START: %d", what, ret);
	wrong = raster_differences(&seen, &canvas->want);
	check(!wrong, "%s: %" PRIu64 " pixels differ", what, wrong);
	prime_sync(dma_buf, DMA_BUF_SYNC_END | DMA_BUF_SYNC_READ);
	munmap(seen.top, bytes);
	close(dma_buf);
}

static void surface_is_up_to_date(void)
{
	struct canvas canvas;

	if (!canvas_create(&canvas, card.fd, SPICE_SURFACE_FMT_32_xRGB, WIDTH,
			   HEIGHT, false, 2))
		return;
	check_drawing(&canvas, "a surface");
	canvas_destroy(&canvas);
	check_nothing_left();
}

static void screen_is_up_to_date(void)
{
	struct canvas canvas;
	drmModeModeInfo mode;
	uint32_t fb = 0;
	int ret;

	if (!canvas_create(&canvas, card.fd, SPICE_SURFACE_FMT_32_xRGB, WIDTH,
			   HEIGHT, false, 3))
		return;
	card_mode(&card, WIDTH, HEIGHT, &mode);
	ret = drmModeAddFB(card.fd, WIDTH, HEIGHT, 24, 32, WIDTH * 4,
			   canvas.surface.object.handle, &fb);
	if (!ret)
		ret = card_show(&card, &mode, fb, 0, 0, 0);
	if (check(!ret, "show the surface: %d", ret))
		check_drawing(&canvas, "the screen");
	card_off(&card);
	drmModeRmFB(card.fd, fb);
	canvas_destroy(&canvas);
}

/* Coming home ------------------------------------------------------------------------ */

static void home_on_the_same_file(void)
{
	struct dumb dumb;
	uint32_t handle = 0;
	int dma_buf, again, ret;

	if (!frame_create(&dumb, 4))
		return;
	dma_buf = export_handle(dumb.handle);
	again = export_handle(dumb.handle);
	check(prime_is_same(dma_buf, again), "another dma-buf of the object");
	ret = prime_import(card.fd, dma_buf, &handle);
	check(!ret && handle == dumb.handle, "%d, handle %u, not %u", ret,
	      handle, dumb.handle);
	counter_check(card.path, "bos", bos_before + 1);
	close(again);
	close(dma_buf);
	dumb_destroy(&dumb);
	check_nothing_left();
}

/* All handles that another file gets are to one object, which is the first. */
static void home_on_another_file(void)
{
	int file = open(card.path, O_RDWR | O_CLOEXEC);
	struct dumb dumb, there = {};
	uint32_t handle = 0;
	int dma_buf, again, ret;

	if (!frame_create(&dumb, 5))
		return;
	dma_buf = export_handle(dumb.handle);
	there = dumb;
	there.fd = file;
	there.fb = 0;
	ret = prime_import(file, dma_buf, &there.handle);
	check(!ret, "import: %d", ret);
	ret = prime_import(file, dma_buf, &handle);
	check(!ret && handle == there.handle, "again: %d, handle %u, not %u",
	      ret, handle, there.handle);
	counter_check(card.path, "bos", bos_before + 1);
	again = prime_export(file, there.handle);
	check(prime_is_same(dma_buf, again), "exported again: %d", again);
	ret = dumb_map(&there);
	if (check(!ret, "map: %d", ret)) {
		((uint32_t *)there.map)[77] ^= 0xffffff;
		check(!memcmp(there.map, dumb.map, dumb.size),
		      "what is written there");
	}
	dumb_destroy(&dumb);
	dumb_destroy(&there);
	close(again);
	close(dma_buf);
	close(file);
	check_nothing_left();
}

/* Lifetime ---------------------------------------------------------------------------- */

/* The handle is gone, and then the file it was of. */
static bool outlive(int *dma_buf, void **map, struct dumb *was)
{
	struct card other;
	struct picture picture;
	int ret = card_try_open(&other);

	if (!check(!ret, "open: %d", ret))
		return false;
	ret = dumb_frame(was, other.fd, WIDTH, HEIGHT);
	if (check(!ret, "a buffer: %d", ret)) {
		picture = dumb_picture(was);
		pattern_draw(&picture, 6);
		*dma_buf = prime_export(other.fd, was->handle);
		*map = prime_mmap(*dma_buf, was->size);
	}
	if (was->map)
		munmap(was->map, was->size);
	was->map = NULL;
	drmModeRmFB(other.fd, was->fb);
	dumb_close(was);
	card_close(&other);
	return check(*map, "export and mmap: %d, errno %d", *dma_buf, errno);
}

static void outlives_handle_and_file(void)
{
	struct dumb was = {}, dumb;
	int dma_buf = -1, ret;
	drmModeModeInfo mode;
	void *map = NULL;

	drmDropMaster(card.fd);
	if (!outlive(&dma_buf, &map, &was))
		return;
	drmSetMaster(card.fd);
	check(!differences(map, &was, 6), "what the mapping has");
	ret = prime_frame(&dumb, card.fd, dma_buf, &was, DRM_FORMAT_XRGB8888);
	if (check(!ret, "a framebuffer of it: %d", ret)) {
		close(dma_buf);
		card_mode(&card, WIDTH, HEIGHT, &mode);
		ret = card_show(&card, &mode, dumb.fb, 0, 0, 0);
		check(!ret, "show: %d", ret);
		host_check_picture("prime-home", WIDTH, HEIGHT,
				   "qxl_pattern %u %u 6", WIDTH, HEIGHT);
		card_off(&card);
		dumb_destroy(&dumb);
	}
	check(!differences(map, &was, 6), "what the mapping has at last");
	munmap(map, was.size);
	check_nothing_left();
}

/* Hostile ------------------------------------------------------------------------------- */

static void bad_imports_and_exports(void)
{
	int file = open("/dev/null", O_RDWR | O_CLOEXEC), fd = -1, ret;
	struct dumb dumb;
	uint32_t handle;

	ret = prime_import(card.fd, file, &handle);
	check(ret == -EINVAL, "/dev/null: %d", ret);
	ret = prime_import(card.fd, -1, &handle);
	check(ret == -EBADF, "no file: %d", ret);
	ret = prime_export(card.fd, 0);
	check(ret == -ENOENT, "handle 0: %d", ret);
	ret = prime_export(card.fd, 0x7fffffff);
	check(ret == -ENOENT, "no handle: %d", ret);
	if (frame_create(&dumb, 1)) {
		check(drmPrimeHandleToFD(card.fd, dumb.handle, ~0u, &fd) &&
			      errno == EINVAL,
		      "all flags: errno %d", errno);
		dumb_destroy(&dumb);
	}
	close(file);
	check_nothing_left();
}

/* A mapping that has no page yet reads what its object has. */
static void many_at_once(void)
{
	enum { COUNT = 64 };
	int dma_bufs[COUNT];
	struct dumb dumb;

	for (int i = 0; i < COUNT; i++) {
		int ret = dumb_create(&dumb, card.fd, 64, 64);

		check(!ret, "buffer %d: %d", i, ret);
		dma_bufs[i] = export_handle(dumb.handle);
		dumb_close(&dumb);
	}
	counter_check(card.path, "bos", bos_before + COUNT);
	for (int i = 0; i < COUNT; i++) {
		uint32_t *map = prime_mmap(dma_bufs[i], dumb.size);

		close(dma_bufs[i]);
		if (!check(map, "mmap %d: errno %d", i, errno))
			continue;
		check(!map[0], "buffer %d: %#x", i, map[0]);
		munmap(map, dumb.size);
	}
	check_nothing_left();
}

static const struct ktap_case cases[] = {
	{ .name = "a dumb buffer is mapped", .run = map_dumb },
	{ .name = "an object in VRAM is mapped", .run = map_vram },
	{ .name = "bad syncs and mappings", .run = bad_syncs },
	{ .name = "a surface is up to date", .run = surface_is_up_to_date },
	{ .name = "the screen is up to date", .run = screen_is_up_to_date },
	{ .name = "home on the same file", .run = home_on_the_same_file },
	{ .name = "home on another file", .run = home_on_another_file },
	{ .name = "it outlives handle and file",
	  .run = outlives_handle_and_file },
	{ .name = "bad imports and exports", .run = bad_imports_and_exports },
	{ .name = "many at once", .run = many_at_once },
};

int main(void)
{
	int status = ktap_run(cases, ARRAY_SIZE(cases), setup);

	card_close(&card);
	return status;
}
