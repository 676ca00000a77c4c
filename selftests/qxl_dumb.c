// SPDX-License-Identifier: GPL-2.0-only
/* Dumb buffers: geometry, zeroed memory, mappings, bad arguments, lifetime. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <xf86drm.h>

#include "card.h"
#include "clock.h"
#include "dumb.h"
#include "ktap.h"

struct size {
	uint32_t width;
	uint32_t height;
};

static struct card card;

static void setup(void)
{
	card_open(&card);
}

/* The number of 64-bit words that are not zero; sizes are whole pages. */
static uint64_t dirty_words(const struct dumb *dumb)
{
	const uint64_t *words = dumb->map;
	uint64_t dirty = 0;

	for (uint64_t i = 0; i < dumb->size / sizeof(*words); i++)
		dirty += words[i] != 0;
	return dirty;
}

static void check_geometry(const struct dumb *dumb)
{
	check(dumb->pitch >= dumb->width * 4, "%ux%u: pitch %u", dumb->width,
	      dumb->height, dumb->pitch);
	check(dumb->pitch % 4 == 0, "%ux%u: pitch %u", dumb->width,
	      dumb->height, dumb->pitch);
	check(dumb->size >= (uint64_t)dumb->pitch * dumb->height,
	      "%ux%u: size %llu, pitch %u", dumb->width, dumb->height,
	      (unsigned long long)dumb->size, dumb->pitch);
}

static void check_second_mapping(const struct dumb *dumb, uint32_t seed)
{
	struct picture picture = dumb_picture(dumb);
	uint64_t differences;

	picture.pixels = dumb_mmap(dumb);
	if (!check(picture.pixels, "%ux%u: second mmap: errno %d", dumb->width,
		   dumb->height, errno))
		return;
	differences = pattern_differences(&picture, seed);
	check(!differences, "%ux%u: %llu pixels read back wrong", dumb->width,
	      dumb->height, (unsigned long long)differences);
	munmap(picture.pixels, dumb->size);
}

static void round_trip(const void *arg)
{
	const struct size *size = arg;
	struct picture picture;
	struct dumb dumb;
	uint64_t dirty;
	int ret;

	ret = dumb_frame(&dumb, card.fd, size->width, size->height);
	if (!check(!ret, "create, map, add: %d", ret))
		return;
	check_geometry(&dumb);
	dirty = dirty_words(&dumb);
	check(!dirty, "%llu words are not zero at first",
	      (unsigned long long)dirty);
	picture = dumb_picture(&dumb);
	pattern_draw(&picture, size->width);
	check_second_mapping(&dumb, size->width);
	dumb_destroy(&dumb);
}

static void several_at_once(void)
{
	struct dumb dumbs[16];
	struct picture picture;
	uint32_t count;

	for (count = 0; count < ARRAY_SIZE(dumbs); count++) {
		int ret = dumb_frame(&dumbs[count], card.fd, 200 + count * 7,
				     100);

		if (!check(!ret, "buffer %u: %d", count, ret))
			break;
		picture = dumb_picture(&dumbs[count]);
		pattern_draw(&picture, count);
	}
	while (count--) {
		uint64_t differences;

		picture = dumb_picture(&dumbs[count]);
		differences = pattern_differences(&picture, count);
		check(!differences, "buffer %u: %llu pixels are wrong", count,
		      (unsigned long long)differences);
		dumb_destroy(&dumbs[count]);
	}
}

struct bad_create {
	uint32_t width;
	uint32_t height;
	uint32_t bpp;
};

static void check_bad_create(const struct bad_create *bad)
{
	struct drm_mode_create_dumb create = {
		.width = bad->width,
		.height = bad->height,
		.bpp = bad->bpp,
	};
	struct drm_mode_destroy_dumb destroy = { 0 };

	if (!check(drmIoctl(card.fd, DRM_IOCTL_MODE_CREATE_DUMB, &create),
		   "%ux%u, %u bpp: size %llu", bad->width, bad->height,
		   bad->bpp, (unsigned long long)create.size)) {
		destroy.handle = create.handle;
		drmIoctl(card.fd, DRM_IOCTL_MODE_DESTROY_DUMB, &destroy);
		return;
	}
	check(errno == EINVAL || errno == ERANGE || errno == ENOMEM ||
		      errno == E2BIG,
	      "%ux%u, %u bpp: errno %d", bad->width, bad->height, bad->bpp,
	      errno);
}

static void bad_arguments(void)
{
	static const struct bad_create bad[] = {
		{ 0, 16, 32 },
		{ 16, 0, 32 },
		{ 16, 16, 0 },
		{ 0, 0, 0 },
		{ UINT32_MAX, 1, 32 },
		{ UINT32_MAX, UINT32_MAX, 32 },
		{ 0x40000000, 1, 32 },
		{ 0x40000001, 4, 32 },
		{ 0x10000, 0x10000, 32 },
		{ 0x8001, 0x8000, 32 },
		{ 16, 16, UINT32_MAX },
		{ 2, UINT32_MAX, 32 },
	};

	for (uint32_t i = 0; i < ARRAY_SIZE(bad); i++)
		check_bad_create(&bad[i]);
}

static void bad_handles(void)
{
	struct drm_mode_destroy_dumb destroy = { .handle = 0xdead };
	struct drm_mode_map_dumb map = { .handle = 0xdead };
	struct dumb dumb;
	int ret;

	check(drmIoctl(card.fd, DRM_IOCTL_MODE_DESTROY_DUMB, &destroy) &&
		      (errno == EINVAL || errno == ENOENT),
	      "destroy of no handle: errno %d", errno);
	check(drmIoctl(card.fd, DRM_IOCTL_MODE_MAP_DUMB, &map) && errno == ENOENT,
	      "map of no handle: errno %d", errno);

	if (!check(!dumb_create(&dumb, card.fd, 16, 16), "create: errno %d",
		   errno))
		return;
	destroy.handle = dumb.handle;
	ret = dumb_close(&dumb);
	check(!ret, "destroy: %d", ret);
	check(drmIoctl(card.fd, DRM_IOCTL_MODE_DESTROY_DUMB, &destroy),
	      "handle %u destroyed twice", destroy.handle);
}

static void thousand_times(void)
{
	int64_t start = now_us();

	for (int i = 0; i < 1000; i++) {
		struct dumb dumb;
		int ret = dumb_create(&dumb, card.fd, 64 + i % 64, 64);

		if (!check(!ret, "create %d: %d", i, ret))
			return;
		ret = dumb_close(&dumb);
		if (!check(!ret, "destroy %d: %d", i, ret))
			return;
	}
	ktap_note("1000 x create and destroy: %lld us",
		  (long long)(now_us() - start));
}

/* Makes buffers, requires them to be zero, and leaves them dirty when freed. */
static void dirty_round(int round)
{
	struct dumb dumbs[4];
	uint32_t count;

	for (count = 0; count < ARRAY_SIZE(dumbs); count++) {
		uint64_t dirty;
		int ret = dumb_frame(&dumbs[count], card.fd, 1024, 256);

		if (!check(!ret, "round %d, buffer %u: %d", round, count, ret))
			break;
		dirty = dirty_words(&dumbs[count]);
		check(!dirty, "round %d, buffer %u: %llu words are not zero",
		      round, count, (unsigned long long)dirty);
		memset(dumbs[count].map, 0xa5, dumbs[count].size);
	}
	while (count--)
		dumb_destroy(&dumbs[count]);
}

static void no_old_contents(void)
{
	for (int round = 0; round < 4; round++)
		dirty_round(round);
}

static void mapping_outlives_handle(void)
{
	struct picture picture;
	struct dumb dumb, other;
	uint64_t differences;
	int ret = dumb_frame(&dumb, card.fd, 320, 200);

	if (!check(!ret, "create: %d", ret))
		return;
	picture = dumb_picture(&dumb);
	pattern_draw(&picture, 5);
	ret = drmModeRmFB(card.fd, dumb.fb);
	check(!ret, "RMFB: %d", ret);
	dumb.fb = 0;
	ret = dumb_close(&dumb);
	check(!ret, "close the handle: %d", ret);

	/* what might be given the memory if it were free */
	ret = dumb_frame(&other, card.fd, 320, 200);
	check(!ret, "another one: %d", ret);
	if (!ret)
		memset(other.map, 0xff, other.size);
	differences = pattern_differences(&picture, 5);
	check(!differences, "%llu pixels changed after the handle was closed",
	      (unsigned long long)differences);
	pattern_draw(&picture, 6);
	differences = pattern_differences(&picture, 6);
	check(!differences, "%llu pixels could not be written",
	      (unsigned long long)differences);
	if (!ret)
		dumb_destroy(&other);
	dumb_destroy(&dumb);
}

/* Maps fresh memory after its handle went, so that no page is there yet. */
static void untouched_mapping_outlives_handle(void)
{
	struct dumb dumb;
	uint64_t dirty;
	int ret = dumb_create(&dumb, card.fd, 640, 480);

	if (!check(!ret, "create: %d", ret))
		return;
	ret = dumb_map(&dumb);
	if (check(!ret, "map: %d", ret)) {
		ret = dumb_close(&dumb);
		check(!ret, "close the handle: %d", ret);
		dirty = dirty_words(&dumb);
		check(!dirty, "%llu words are not zero",
		      (unsigned long long)dirty);
	}
	dumb_destroy(&dumb);
}

#define ROUND_TRIP(w, h)                             \
	{                                            \
		.name = "round trip " #w "x" #h,     \
		.run_with = round_trip,              \
		.arg = &(const struct size){ w, h }, \
	}

static const struct ktap_case cases[] = {
	ROUND_TRIP(1, 1),
	ROUND_TRIP(1, 480),
	ROUND_TRIP(7, 5),
	ROUND_TRIP(641, 479),
	ROUND_TRIP(1024, 768),
	ROUND_TRIP(1366, 768),
	ROUND_TRIP(2560, 1440),
	{ .name = "several at once", .run = several_at_once },
	{ .name = "bad arguments", .run = bad_arguments },
	{ .name = "bad handles", .run = bad_handles },
	{ .name = "create and destroy 1000 times", .run = thousand_times },
	{ .name = "no old contents in new buffers", .run = no_old_contents },
	{ .name = "mapping outlives its handle", .run = mapping_outlives_handle },
	{ .name = "untouched mapping outlives its handle",
	  .run = untouched_mapping_outlives_handle },
};

int main(void)
{
	int status = ktap_run(cases, ARRAY_SIZE(cases), setup);

	card_close(&card);
	return status;
}
