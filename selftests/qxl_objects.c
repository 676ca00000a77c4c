// SPDX-License-Identifier: GPL-2.0-only
/* Buffer objects of the qxl ioctls: zeroed, kept under pressure, gone when closed. */
#include <errno.h>
#include <inttypes.h>
#include <qxl_drm.h>
#include <spice/enums.h>
#include <string.h>
#include <sys/mman.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

#include "card.h"
#include "counters.h"
#include "dumb.h"
#include "ktap.h"
#include "object.h"

#define MIB (1u << 20)

static struct card card;
/* So that there is a primary: the host takes commands from then on. */
static struct dumb screen;

static int show(uint32_t fb, uint32_t width, uint32_t height)
{
	drmModeModeInfo mode;

	card_mode(&card, width, height, &mode);
	return card_show(&card, &mode, fb, 0, 0, DRM_MODE_ATOMIC_ALLOW_MODESET);
}

static void setup(void)
{
	card_open(&card);
	if (dumb_frame(&screen, card.fd, 1024, 768) || show(screen.fb, 1024, 768))
		ktap_bail("no screen: errno %d", errno);
}

static int surface_create(struct object *object, uint32_t width, uint32_t height)
{
	struct surface surface;
	int ret = surface_alloc(&surface, card.fd, SPICE_SURFACE_FMT_32_xRGB,
				width, height, false);

	*object = surface.object;
	return ret;
}

static int update_area(const struct object *object, uint32_t right,
		       uint32_t bottom)
{
	struct drm_qxl_update_area args = { .handle = object->handle,
					    .right = right,
					    .bottom = bottom };

	return drmIoctl(card.fd, DRM_IOCTL_QXL_UPDATE_AREA, &args) ? -errno : 0;
}

/* Some words in each page, different for each seed. */
static void mark(const struct object *object, uint32_t seed)
{
	uint32_t *words = object->map;

	for (size_t i = 0; i < object->bytes / 4; i += 256)
		words[i] = (seed << 20) ^ (i * 2654435761u);
}

static uint64_t marks_lost(const struct object *object, uint32_t seed)
{
	const uint32_t *words = object->map;
	uint64_t lost = 0;

	for (size_t i = 0; i < object->bytes / 4; i += 256)
		lost += words[i] != ((seed << 20) ^ (uint32_t)(i * 2654435761u));
	return lost;
}

static uint64_t dirty_words(const struct object *object)
{
	const uint32_t *words = object->map;
	uint64_t dirty = 0;

	for (size_t i = 0; i < object->bytes / 4; i++)
		dirty += words[i] != 0;
	return dirty;
}

static void vram_is_zeroed(void)
{
	struct object object;

	for (int round = 0; round < 3; round++) {
		int ret = object_alloc(&object, card.fd, MIB);

		if (!check(!ret, "round %d: ALLOC: %d", round, ret))
			return;
		check(!dirty_words(&object), "round %d: not zero", round);
		memset(object.map, 0xa5, object.bytes);
		object_destroy(&object);
	}
}

/* Fills objects of 4 MiB well past what the device holds, and looks again. */
static void check_pressure(int (*create)(struct object *), const char *size_name)
{
	enum { MOST = 64 };
	struct object objects[MOST];
	uint64_t room = 0;
	unsigned int count;

	if (!check(counter_read(card.path, size_name, &room), "no %s", size_name))
		return;
	count = 2 * room / (4 * MIB);
	if (count > MOST)
		count = MOST;
	for (unsigned int i = 0; i < count; i++) {
		int ret = create(&objects[i]);

		if (!check(!ret, "object %u of %u: %d", i, count, ret))
			count = i;
		else
			mark(&objects[i], i);
	}
	for (unsigned int i = 0; i < count; i++) {
		check(!marks_lost(&objects[i], i), "object %u lost contents", i);
		object_destroy(&objects[i]);
	}
	ktap_note("%u objects of 4 MiB in %" PRIu64 " MiB", count, room / MIB);
}

static int create_vram_4m(struct object *object)
{
	return object_alloc(object, card.fd, 4 * MIB);
}

/* A surface that the host knows: it must be read back before it moves. */
static int create_surface_4m(struct object *object)
{
	int ret = surface_create(object, 1024, 1024);

	return ret ? ret : update_area(object, 1024, 1024);
}

static void vram_pressure(void)
{
	check_pressure(create_vram_4m, "vram_bytes");
}

static void surface_pressure(void)
{
	check_pressure(create_surface_4m, "surface_bytes");
	counter_check(card.path, "surfaces", 0);
}

static void surface_keeps_contents(void)
{
	struct object object;
	int ret = surface_create(&object, 256, 256);

	if (!check(!ret, "ALLOC_SURF: %d", ret))
		return;
	check(!dirty_words(&object), "not zero at first");
	mark(&object, 7);
	counter_check(card.path, "surfaces", 0);
	ret = update_area(&object, 256, 256);
	check(!ret, "UPDATE_AREA: %d", ret);
	counter_check(card.path, "surfaces", 1);
	ret = update_area(&object, 16, 1);
	check(!ret, "UPDATE_AREA of a part: %d", ret);
	check(!marks_lost(&object, 7), "contents changed");
	object_destroy(&object);
	counter_check(card.path, "surfaces", 0);
	counter_check(card.path, "surface_used_bytes", 0);
}

/* More surfaces alive than there are ids: idle ones are reaped, none is lost. */
static void more_surfaces_than_ids(void)
{
	enum { SURFACES = 1500 };
	static struct object objects[SURFACES];
	unsigned int count = 0;
	int ret = 0;

	for (; count < SURFACES; count++) {
		ret = surface_create(&objects[count], 16, 16);
		if (ret)
			break;
		mark(&objects[count], count);
		ret = update_area(&objects[count], 16, 16);
		if (ret)
			break;
	}
	check(count == SURFACES, "surface %u: %d", count, ret);
	for (unsigned int i = 0; i < count; i++) {
		check(!marks_lost(&objects[i], i), "surface %u lost contents", i);
		ret = update_area(&objects[i], 16, 16);
		check(!ret, "UPDATE_AREA again of %u: %d", i, ret);
		check(!marks_lost(&objects[i], i), "surface %u changed", i);
	}
	for (unsigned int i = 0; i < count; i++)
		object_destroy(&objects[i]);
	counter_check(card.path, "surfaces", 0);
}

/* Ids come back only with the host's release, which must be asked for. */
static void surfaces_come_and_go(void)
{
	for (int i = 0; i < 3000; i++) {
		struct object object;
		int ret = surface_create(&object, 8, 8);

		if (!ret)
			ret = update_area(&object, 8, 8);
		object_destroy(&object);
		if (!check(!ret, "surface %d: %d", i, ret))
			return;
	}
	counter_check(card.path, "surfaces", 0);
}

static void mapping_outlives_surface(void)
{
	struct object object;
	int ret = surface_create(&object, 256, 256);

	if (!check(!ret, "ALLOC_SURF: %d", ret))
		return;
	mark(&object, 9);
	ret = update_area(&object, 256, 256);
	check(!ret, "UPDATE_AREA: %d", ret);
	object_close(&object);
	check(!marks_lost(&object, 9), "contents lost with the handle");
	surface_pressure();
	check(!marks_lost(&object, 9),
	      "contents lost when others took its place");
	object_destroy(&object);
	counter_check(card.path, "surfaces", 0);
}

/* Bytes of the device's memory that objects have. */
static uint64_t used(void)
{
	uint64_t vram = 0, surfaces = 0;

	check(counter_read(card.path, "vram_used_bytes", &vram) &&
		      counter_read(card.path, "surface_used_bytes", &surfaces),
	      "no counters");
	return vram + surfaces;
}

/* For a moment, so that the driver has it mapped. */
static void show_surface(const struct object *object, uint32_t width,
			 uint32_t height)
{
	uint32_t fb;
	int ret = drmModeAddFB(card.fd, width, height, 24, 32, width * 4,
			       object->handle, &fb);

	if (!check(!ret, "AddFB: %d", ret))
		return;
	check(!show(fb, width, height), "the surface is not shown");
	check(!show(screen.fb, 1024, 768), "the screen does not come back");
	drmModeRmFB(card.fd, fb);
}

/* Surfaces that fill what is left of the device's memory; how many. */
static unsigned int fill_up(struct object *objects, unsigned int most)
{
	unsigned int count = 0;
	uint64_t room = 0;

	check(counter_read(card.path, "surface_bytes", &room), "no counters");
	for (; count < most && used() + 4 * MIB <= room; count++) {
		int ret = surface_create(&objects[count], 1024, 1024);

		if (!check(!ret, "surface %u: %d", count, ret))
			break;
		mark(&objects[count], count);
	}
	return count;
}

/*
 * The host is in no hurry to destroy what was closed: the last ones are still there
 * when their memory goes to others, before that of any surface in use.
 */
static void closed_surfaces_make_room(void)
{
	enum { SMALL = 64, LARGE = 32, MORE = 4 };
	struct object small[SMALL], large[LARGE], more[MORE];
	unsigned int count;

	for (int i = 0; i < SMALL; i++) {
		int ret = surface_create(&small[i], 256, 252);

		if (!ret && i == 0)
			show_surface(&small[i], 256, 252);
		check(!ret && !update_area(&small[i], 256, 252), "surface %d", i);
	}
	count = fill_up(large, LARGE);
	for (int i = SMALL - 1; i >= 0; i--)
		object_destroy(&small[i]);
	for (int i = 0; i < MORE; i++)
		check(!surface_create(&more[i], 1024, 1024), "no room");
	for (int i = 0; i < MORE; i++)
		object_destroy(&more[i]);
	for (unsigned int i = 0; i < count; i++) {
		check(!marks_lost(&large[i], i), "surface %u lost contents", i);
		object_destroy(&large[i]);
	}
	counter_check(card.path, "surfaces", 0);
	counter_check(card.path, "surface_used_bytes", 0);
	counter_check(card.path, "awaited_fences", 0);
}

static int map_offset(uint32_t handle, uint64_t *offset)
{
	struct drm_qxl_map args = { .handle = handle };
	int ret = drmIoctl(card.fd, DRM_IOCTL_QXL_MAP, &args) ? -errno : 0;

	*offset = args.offset;
	return ret;
}

static void memory_comes_with_use(void)
{
	struct drm_qxl_alloc memory = { .size = MIB };
	struct drm_qxl_alloc_surf surface = {
		.format = SPICE_SURFACE_FMT_32_xRGB,
		.width = 64,
		.height = 64,
		.stride = 256,
	};
	struct object object = { .fd = card.fd };
	uint64_t offset;

	counter_check(card.path, "vram_used_bytes", 0);
	counter_check(card.path, "surface_used_bytes", 0);
	if (!check(!drmIoctl(card.fd, DRM_IOCTL_QXL_ALLOC, &memory), "ALLOC"))
		return;
	object.handle = memory.handle;
	check(used() == 0, "an object that nobody uses has memory");
	check(!map_offset(object.handle, &offset), "MAP");
	check(used() == MIB, "a mapped object has %" PRIu64 " bytes", used());
	object_destroy(&object);
	check(used() == 0, "a closed object has memory");

	if (!check(!drmIoctl(card.fd, DRM_IOCTL_QXL_ALLOC_SURF, &surface),
		   "ALLOC_SURF"))
		return;
	object = (struct object){ .fd = card.fd, .handle = surface.handle };
	check(used() == 0, "a surface that nobody uses has memory");
	check(!update_area(&object, 64, 64), "UPDATE_AREA");
	check(used() >= 64 * 256, "the host's surface has %" PRIu64 " bytes",
	      used());
	object_destroy(&object);
}

/* Asked for where to map it by DRM's own ioctl, which leaves the pages where they are. */
static void drawn_on_elsewhere(void)
{
	struct drm_qxl_alloc_surf args = {
		.format = SPICE_SURFACE_FMT_32_xRGB,
		.width = 256,
		.height = 256,
		.stride = 1024,
	};
	struct object object = { .fd = card.fd, .bytes = 256 * 1024 };
	uint64_t offset;

	if (!check(!drmIoctl(card.fd, DRM_IOCTL_QXL_ALLOC_SURF, &args),
		   "ALLOC_SURF"))
		return;
	object.handle = args.handle;
	check(!drmModeMapDumbBuffer(card.fd, object.handle, &offset),
	      "MAP_DUMB: errno %d", errno);
	object.map = mmap(NULL, object.bytes, PROT_READ | PROT_WRITE,
			  MAP_SHARED, card.fd, (off_t)offset);
	if (check(object.map != MAP_FAILED, "mmap: errno %d", errno)) {
		check(!dirty_words(&object), "not zero");
		mark(&object, 3);
		check(!update_area(&object, 256, 256), "UPDATE_AREA");
		check(used() >= object.bytes, "the host's surface has no memory");
		check(!marks_lost(&object, 3), "contents lost on the way");
	}
	object_destroy(&object);
}

/* The screen's buffer is all that may be left besides the console's. */
static void nothing_leaks(void)
{
	uint64_t before = 0;

	/* what the cases before this closed may still be on its way out */
	counter_check(card.path, "surface_used_bytes", 0);
	counter_check(card.path, "vram_used_bytes", 0);
	if (!check(counter_read(card.path, "bos", &before), "no counters"))
		return;
	for (int i = 0; i < 100; i++) {
		struct object vram, surface;

		check(!object_alloc(&vram, card.fd, 64 * 1024), "ALLOC");
		check(!surface_create(&surface, 32, 32), "ALLOC_SURF");
		check(!update_area(&surface, 32, 32), "UPDATE_AREA");
		object_destroy(&vram);
		object_destroy(&surface);
	}
	counter_check(card.path, "bos", before);
	counter_check(card.path, "surfaces", 0);
	counter_check(card.path, "vram_used_bytes", 0);
	counter_check(card.path, "surface_used_bytes", 0);
	counter_check(card.path, "awaited_fences", 0);
	counter_check(card.path, "bad_releases", 0);
}

static const struct ktap_case cases[] = {
	{ .name = "VRAM objects are zeroed", .run = vram_is_zeroed },
	{ .name = "VRAM pressure keeps contents", .run = vram_pressure },
	{ .name = "surface keeps its contents", .run = surface_keeps_contents },
	{ .name = "surface pressure keeps contents", .run = surface_pressure },
	{ .name = "closed surfaces make room", .run = closed_surfaces_make_room },
	{ .name = "surfaces come and go", .run = surfaces_come_and_go },
	{ .name = "more surfaces than ids", .run = more_surfaces_than_ids },
	{ .name = "mapping outlives its surface",
	  .run = mapping_outlives_surface },
	{ .name = "memory comes with the first use",
	  .run = memory_comes_with_use },
	{ .name = "drawn on before it is the device's",
	  .run = drawn_on_elsewhere },
	{ .name = "nothing leaks", .run = nothing_leaks },
};

int main(void)
{
	return ktap_run(cases, ARRAY_SIZE(cases), setup);
}
