// SPDX-License-Identifier: GPL-2.0-only
/*
 * Arguments that the qxl ioctls must refuse, each with its errno, and the ones
 * at the limit that they must take. EXECBUFFER's are in qxl_hostile_exec.
 */
#include <errno.h>
#include <fcntl.h>
#include <qxl_drm.h>
#include <spice/enums.h>
#include <stdlib.h>
#include <unistd.h>
#include <xf86drm.h>

#include "canvas.h"
#include "card.h"
#include "counters.h"
#include "dumb.h"
#include "ktap.h"

#define NO_HANDLE 0x7fffffff
/* Bits of the client's capabilities in the device's ROM. */
#define CAPABILITIES (58 * 8)

static struct card card;
static uint64_t bos_before;

static void setup(void)
{
	card_open(&card);
	counter_read(card.path, "bos", &bos_before);
}

static int call(unsigned long request, void *args)
{
	return drmIoctl(card.fd, request, args) ? -errno : 0;
}

static void gem_close(uint32_t handle)
{
	struct drm_gem_close args = { .handle = handle };

	if (handle)
		call(DRM_IOCTL_GEM_CLOSE, &args);
}

static void check_result(const char *what, int ret, int want)
{
	check(ret == want, "%s: %d, not %d", what, ret, want);
}

/* ALLOC ------------------------------------------------------------------------- */

static int alloc(uint32_t bytes)
{
	struct drm_qxl_alloc args = { .size = bytes };
	int ret = call(DRM_IOCTL_QXL_ALLOC, &args);

	if (!ret)
		gem_close(args.handle);
	return ret;
}

static void alloc_rows(void)
{
	static const struct {
		const char *what;
		uint32_t bytes;
		int want;
	} rows[] = {
		{ "no bytes", 0, -EINVAL },
		{ "a byte", 1, 0 },
		{ "a page", 4096, 0 },
		{ "a page and a byte", 4097, 0 },
		{ "2 GiB", 0x80000000, -ENOMEM },
		{ "rounding up overflows", 0xfffff001, -ENOMEM },
		{ "4 GiB less a byte", 0xffffffff, -ENOMEM },
	};
	uint64_t room = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++)
		check_result(rows[i].what, alloc(rows[i].bytes), rows[i].want);
	if (!counter_read(card.path, "vram_bytes", &room))
		return;
	check_result("all of VRAM", alloc(room), 0);
	check_result("a byte more than VRAM", alloc(room + 1), -ENOMEM);
}

/* MAP ---------------------------------------------------------------------------- */

static void map_rows(void)
{
	struct drm_qxl_alloc memory = { .size = 4096 },
			     closed = { .size = 4096 };
	struct drm_qxl_alloc others = { .size = 4096 };
	int file = open(card.path, O_RDWR | O_CLOEXEC);
	const struct {
		const char *what;
		const uint32_t *handle;
		int want;
	} rows[] = {
		{ "handle 0", &(const uint32_t){ 0 }, -ENOENT },
		{ "no handle", &(const uint32_t){ NO_HANDLE }, -ENOENT },
		{ "the last handle", &(const uint32_t){ 0xffffffff }, -ENOENT },
		{ "a closed handle", &closed.handle, -ENOENT },
		{ "another file's handle", &others.handle, -ENOENT },
		{ "an object", &memory.handle, 0 },
		{ "an object again", &memory.handle, 0 },
	};

	check(!call(DRM_IOCTL_QXL_ALLOC, &closed), "ALLOC");
	check(!call(DRM_IOCTL_QXL_ALLOC, &memory), "ALLOC");
	/* there more objects are open than here */
	for (int i = 0; i < 4; i++)
		check(!drmIoctl(file, DRM_IOCTL_QXL_ALLOC, &others), "ALLOC");
	gem_close(closed.handle);
	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		struct drm_qxl_map args = { .handle = *rows[i].handle };

		check_result(rows[i].what, call(DRM_IOCTL_QXL_MAP, &args),
			     rows[i].want);
	}
	gem_close(memory.handle);
	close(file);
}

/* GETPARAM, CLIENTCAP ------------------------------------------------------------- */

static void getparam_rows(void)
{
	static const struct {
		const char *what;
		uint64_t param;
		int want;
	} rows[] = {
		{ "number of surfaces", QXL_PARAM_NUM_SURFACES, 0 },
		{ "most relocations", QXL_PARAM_MAX_RELOCS, 0 },
		{ "parameter 0", 0, -EINVAL },
		{ "parameter 3", 3, -EINVAL },
		{ "parameter 2^32 + 1", (1ull << 32) + 1, -EINVAL },
		{ "the last parameter", ~0ull, -EINVAL },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		struct drm_qxl_getparam args = { .param = rows[i].param };
		int ret = call(DRM_IOCTL_QXL_GETPARAM, &args);

		check_result(rows[i].what, ret, rows[i].want);
		check(ret || args.value, "%s: none", rows[i].what);
	}
}

static void clientcap_rows(void)
{
	static const struct {
		const char *what;
		uint32_t index;
		int want;
	} rows[] = {
		{ "the last bit", CAPABILITIES - 1, -ENOSYS },
		{ "a bit behind", CAPABILITIES, -EINVAL },
		{ "a byte behind", CAPABILITIES + 8, -EINVAL },
		{ "2^31", 0x80000000, -EINVAL },
		{ "2^32 - 1", 0xffffffff, -EINVAL },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		struct drm_qxl_clientcap args = { .index = rows[i].index };

		check_result(rows[i].what, call(DRM_IOCTL_QXL_CLIENTCAP, &args),
			     rows[i].want);
	}
}

/* ALLOC_SURF ---------------------------------------------------------------------- */

#define X SPICE_SURFACE_FMT_32_xRGB
#define A8 SPICE_SURFACE_FMT_8_A

struct surface_row {
	const char *what;
	uint32_t format;
	uint32_t width;
	uint32_t height;
	int32_t stride;
	int want;
};

static const struct surface_row surface_rows[] = {
	{ "no width", X, 0, 8, 32, -EINVAL },
	{ "no height", X, 8, 0, 32, -EINVAL },
	{ "format 0", 0, 8, 8, 32, -EINVAL },
	{ "1 bit", SPICE_SURFACE_FMT_1_A, 8, 8, 32, -EINVAL },
	{ "unknown format", 33, 8, 8, 32, -EINVAL },
	{ "format 2^32 - 1", 0xffffffff, 8, 8, 32, -EINVAL },
	/* The server ends where it has to send a client such a surface. */
	{ "16 bits, 5-6-5", SPICE_SURFACE_FMT_16_565, 8, 8, 16, -EINVAL },
	{ "rows overlap", X, 8, 8, 28, -EINVAL },
	{ "rows overlap, bottom-up", X, 8, 8, -28, -EINVAL },
	{ "odd stride", X, 8, 8, 33, -EINVAL },
	{ "odd stride, bottom-up", X, 8, 8, -33, -EINVAL },
	{ "odd stride of 8 bits", A8, 5, 8, 5, -EINVAL },
	{ "no stride", X, 8, 8, 0, -EINVAL },
	{ "width times 4 overflows", X, 0x40000001, 1, 4, -EINVAL },
	{ "width times 4 overflows to 0", X, 0x40000000, 1, 32, -EINVAL },
	{ "width times 2 overflows", SPICE_SURFACE_FMT_16_555, 0x80000001, 1, 4,
	  -EINVAL },
	{ "width 2^32 - 1", A8, 0xffffffff, 1, 4, -EINVAL },
	{ "largest stride", X, 8, 1, INT32_MAX - 3, -ENOMEM },
	{ "smallest stride", X, 8, 8, INT32_MIN, -ENOMEM },
	{ "smallest stride, one row", X, 8, 1, INT32_MIN, -ENOMEM },
	{ "smallest stride, two rows", X, 8, 2, INT32_MIN, -ENOMEM },
	{ "height 2^32 - 1", X, 8, 0xffffffff, 32, -ENOMEM },
	{ "height 2^31", X, 8, 0x80000000, 32, -ENOMEM },
	{ "bytes overflow 32 bits", X, 0x8000, 0x8000, 0x20000, -ENOMEM },
	{ "bytes overflow 64 bits with a row more", X, 0x1fffffff, 0xffffffff,
	  0x7ffffffc, -ENOMEM },
	{ "a pixel", X, 1, 1, 4, 0 },
	{ "a pixel of 8 bits", A8, 1, 1, 4, 0 },
	{ "15 bits", SPICE_SURFACE_FMT_16_555, 3, 3, 8, 0 },
	{ "bottom-up", X, 8, 8, -32, 0 },
	{ "long stride", X, 1, 8, 65536, 0 },
	{ "long stride, bottom-up", X, 1, 8, -65536, 0 },
	{ "wide", X, 1 << 20, 1, 4 << 20, 0 },
	{ "high", A8, 1, 1 << 20, 4, 0 },
};

static int alloc_surf(const struct surface_row *row)
{
	struct drm_qxl_alloc_surf args = { .format = row->format,
					   .width = row->width,
					   .height = row->height,
					   .stride = row->stride };
	int ret = call(DRM_IOCTL_QXL_ALLOC_SURF, &args);

	if (!ret)
		gem_close(args.handle);
	return ret;
}

/* Surfaces take a row more than they have. */
static void alloc_surf_rows(void)
{
	uint64_t room = 0;
	struct surface_row all = { "all of surface memory", X, 1024, 0, 4096, 0 };
	struct surface_row more = {
		"a row more than surface memory", X, 1024, 0, 4096, -ENOMEM
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(surface_rows); i++)
		check_result(surface_rows[i].what, alloc_surf(&surface_rows[i]),
			     surface_rows[i].want);
	if (!counter_read(card.path, "surface_bytes", &room))
		return;
	all.height = room / 4096 - 1;
	more.height = room / 4096;
	check_result(all.what, alloc_surf(&all), all.want);
	check_result(more.what, alloc_surf(&more), more.want);
}

/* UPDATE_AREA --------------------------------------------------------------------- */

struct area_row {
	const char *what;
	uint32_t top;
	uint32_t left;
	uint32_t bottom;
	uint32_t right;
	int want;
};

/* Of a surface of 8 x 6. */
static const struct area_row area_rows[] = {
	{ "all", 0, 0, 6, 8, 0 },
	{ "the first pixel", 0, 0, 1, 1, 0 },
	{ "the last pixel", 5, 7, 6, 8, 0 },
	{ "the last column", 0, 7, 6, 8, 0 },
	{ "empty", 0, 0, 0, 0, -EINVAL },
	{ "no width", 0, 4, 6, 4, -EINVAL },
	{ "no height", 3, 0, 3, 8, -EINVAL },
	{ "left and right swapped", 0, 8, 6, 0, -EINVAL },
	{ "top and bottom swapped", 6, 0, 0, 8, -EINVAL },
	{ "too wide", 0, 0, 6, 9, -EINVAL },
	{ "too high", 0, 0, 7, 8, -EINVAL },
	{ "sides exchanged", 0, 0, 8, 6, -EINVAL },
	{ "outside", 6, 8, 7, 9, -EINVAL },
	{ "from -1 on", 0xffffffff, 0xffffffff, 6, 8, -EINVAL },
	{ "to -1", 0, 0, 0xffffffff, 0xffffffff, -EINVAL },
	{ "right of 2^31", 0, 0, 6, 0x80000008, -EINVAL },
	{ "left of 2^31", 0, 0x80000000, 6, 8, -EINVAL },
	{ "far away", 0xfffffff0, 0xfffffff0, 0xffffffff, 0xffffffff, -EINVAL },
};

static int update_area(uint32_t handle, const struct area_row *row)
{
	struct drm_qxl_update_area args = { .handle = handle,
					    .top = row->top,
					    .left = row->left,
					    .bottom = row->bottom,
					    .right = row->right };

	return call(DRM_IOCTL_QXL_UPDATE_AREA, &args);
}

/* Objects that are no surface, and no objects. */
static void update_area_handles(void)
{
	static const struct area_row pixel = { "a pixel", 0, 0, 1, 1, 0 };
	struct drm_qxl_alloc memory = { .size = 4096 };
	struct dumb dumb;

	check_result("handle 0", update_area(0, &pixel), -ENOENT);
	check_result("no handle", update_area(NO_HANDLE, &pixel), -ENOENT);
	check(!call(DRM_IOCTL_QXL_ALLOC, &memory), "ALLOC");
	check_result("memory", update_area(memory.handle, &pixel), -EINVAL);
	gem_close(memory.handle);
	check_result("closed memory", update_area(memory.handle, &pixel),
		     -ENOENT);
	check(!dumb_create(&dumb, card.fd, 8, 8), "CREATE_DUMB");
	check_result("a dumb buffer", update_area(dumb.handle, &pixel), -EINVAL);
	dumb_destroy(&dumb);
}

static void update_area_rows(void)
{
	struct surface surface;
	int ret = surface_alloc(&surface, card.fd, X, 8, 6, false);

	if (!check(!ret, "ALLOC_SURF: %d", ret))
		return;
	for (unsigned int i = 0; i < ARRAY_SIZE(area_rows); i++)
		check_result(area_rows[i].what,
			     update_area(surface.object.handle, &area_rows[i]),
			     area_rows[i].want);
	object_destroy(&surface.object);
	update_area_handles();
}

/* Afterwards ---------------------------------------------------------------------- */

static void still_draws(void)
{
	static const struct drm_mode_rect area = { 5, 6, 70, 50 };
	struct canvas canvas = {};

	if (canvas_create(&canvas, card.fd, X, 97, 61, false, 1)) {
		canvas_fill(&canvas, &area, 0x7799bb);
		canvas_check(&canvas, "afterwards");
	}
	canvas_destroy(&canvas);
}

static void nothing_is_left(void)
{
	counters_check_idle(card.path, bos_before);
}

static const struct ktap_case cases[] = {
	{ .name = "ALLOC", .run = alloc_rows },
	{ .name = "MAP", .run = map_rows },
	{ .name = "GETPARAM", .run = getparam_rows },
	{ .name = "CLIENTCAP", .run = clientcap_rows },
	{ .name = "ALLOC_SURF", .run = alloc_surf_rows },
	{ .name = "UPDATE_AREA", .run = update_area_rows },
	{ .name = "draws afterwards", .run = still_draws },
	{ .name = "nothing is left", .run = nothing_is_left },
};

int main(void)
{
	return ktap_run(cases, ARRAY_SIZE(cases), setup);
}
