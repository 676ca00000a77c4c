// SPDX-License-Identifier: GPL-2.0-only
/*
 * Threads on one device for a while (seconds as the argument): surfaces beyond
 * what the device has ids for, draws on them, handles closed under another
 * thread's hands or guessed, VRAM and surface memory filled past their sizes,
 * flips, damage, cursor, files that come and go. No error but the documented
 * ones, what was written or drawn is not lost, and nothing is left at the end.
 *
 * usage: qxl_stress [SECONDS]
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <qxl_drm.h>
#include <spice/enums.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xf86drm.h>

#include "card.h"
#include "clock.h"
#include "counters.h"
#include "dumb.h"
#include "exec.h"
#include "ktap.h"

#define SECONDS_DEFAULT 20
#define MIB (1u << 20)
#define SURFACE_32 32
#define SLOTS 1400
#define SIDE_MIN 4
#define SIDE_MAX 96
#define HANDLES_GUESSED 4096
/* Surfaces, and objects for filling, of a crowd above what the device has. */
#define IDS_BEYOND 64
#define FILLS_BEYOND 4
#define FILL_SIDE 1024
#define FILL_BYTES (4 * MIB)
#define FILLS_MAX 64
/* Surfaces that draws go to and from, and draws of a call. */
#define DRAWN_WIDTH 160
#define DRAWN_HEIGHT 120
#define DRAWN_CALLS 12
#define DRAWN_MEMORY (1 * MIB)
#define WIDTH 1024
#define HEIGHT 768
#define ERRNO_MAX 200
/* Under KCSAN to compare a frame takes eight seconds, on an idle host. */
#define EVENT_MS 60000
#define PATIENCE_SECONDS 60

/* What a thread does over and over, and what came of it. */
struct worker {
	const char *name;
	void (*step)(struct worker *worker);
	pthread_t thread;
	struct prng prng;
	/* How many the device has of what the worker takes, NULL if it does not
	 * matter, and the most that it had at once.
	 */
	const uint64_t *limit;
	uint64_t most;
	uint64_t lost; /* words that were not what it made them */
	uint64_t steps;
	uint64_t errors[ERRNO_MAX];
};

static struct card card;
static struct dumb frames[2];
static struct dumb pointer;
static int objects_fd; /* a file of its own: closing it gives all back */
static atomic_uint slots[SLOTS]; /* handles of surfaces; 0: none */
static atomic_bool stop;
static atomic_uint surface_memory_filled; /* so many times */
static int seconds = SECONDS_DEFAULT;
static uint64_t surface_ids;
static uint64_t vram_fills;
static uint64_t surface_fills;

/* Counts what came of a call, 0 or a negative errno, and returns it. */
static int result(struct worker *worker, int ret)
{
	worker->errors[-ret % ERRNO_MAX]++;
	return ret;
}

static int call(struct worker *worker, int fd, unsigned long request, void *args)
{
	return result(worker, drmIoctl(fd, request, args) ? -errno : 0);
}

static int handle_close(struct worker *worker, int fd, uint32_t handle)
{
	struct drm_gem_close args = { .handle = handle };

	return call(worker, fd, DRM_IOCTL_GEM_CLOSE, &args);
}

static void *object_map(struct worker *worker, int fd, uint32_t handle,
			size_t bytes)
{
	struct drm_qxl_map args = { .handle = handle };
	void *map;

	if (call(worker, fd, DRM_IOCTL_QXL_MAP, &args))
		return NULL;
	map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		   args.offset);
	return map == MAP_FAILED ? NULL : map;
}

static void update(struct worker *worker, int fd, uint32_t handle, uint32_t side)
{
	struct drm_qxl_update_area args = { .handle = handle,
					    .right = side,
					    .bottom = side };

	call(worker, fd, DRM_IOCTL_QXL_UPDATE_AREA, &args);
}

/* Workers ------------------------------------------------------------------- */

/* A surface into a random slot; what was there is closed. */
static void create_surfaces(struct worker *worker)
{
	uint32_t side = SIDE_MIN + prng_below(&worker->prng, SIDE_MAX - SIDE_MIN);
	struct drm_qxl_alloc_surf args = { .format = SURFACE_32,
					   .width = side,
					   .height = side,
					   .stride = side * 4 };
	uint32_t old;

	if (call(worker, objects_fd, DRM_IOCTL_QXL_ALLOC_SURF, &args))
		return;
	update(worker, objects_fd, args.handle, side);
	old = atomic_exchange(&slots[prng_below(&worker->prng, SLOTS)],
			      args.handle);
	if (old)
		handle_close(worker, objects_fd, old);
}

static void update_surfaces(struct worker *worker)
{
	uint32_t handle = slots[prng_below(&worker->prng, SLOTS)];

	if (handle)
		update(worker, objects_fd, handle,
		       1 + prng_below(&worker->prng, SIDE_MAX));
	usleep(5000);
}

/* Onto what another thread may close meanwhile. */
static void draw_on_others(struct worker *worker)
{
	static const struct drm_mode_rect area = { 0, 0, SIDE_MIN, SIDE_MIN };
	struct surface target = {
		.object = { .fd = objects_fd,
			    .handle = slots[prng_below(&worker->prng, SLOTS)] },
	};
	struct exec_draw draw;

	if (target.object.handle) {
		exec_fill(&draw, &target, &area, worker->steps);
		result(worker, exec_send(objects_fd, &draw, 1));
	}
	usleep(2000);
}

/* Somebody else's, who still believes in it. */
static void close_others(struct worker *worker)
{
	uint32_t handle = slots[prng_below(&worker->prng, SLOTS)];

	if (handle)
		handle_close(worker, objects_fd, handle);
	usleep(20 * 1000);
}

static void guess_handles(struct worker *worker)
{
	uint32_t handle = prng_below(&worker->prng, HANDLES_GUESSED);
	uint32_t *map;

	switch (prng_below(&worker->prng, 32)) {
	case 0:
		handle_close(worker, objects_fd, handle);
		break;
	case 1:
		map = object_map(worker, objects_fd, handle, 4096);
		if (!map)
			break;
		*map = handle;
		munmap(map, 4096);
		break;
	default:
		update(worker, objects_fd, handle, 4);
	}
	usleep(1000);
}

static void had(struct worker *worker, uint64_t count)
{
	if (count > worker->most)
		worker->most = count;
}

/* An object of FILL_BYTES; 0: none. */
static uint32_t memory_create(struct worker *worker, int fd)
{
	struct drm_qxl_alloc args = { .size = FILL_BYTES };

	return call(worker, fd, DRM_IOCTL_QXL_ALLOC, &args) ? 0 : args.handle;
}

static uint32_t large_surface_create(struct worker *worker, int fd)
{
	struct drm_qxl_alloc_surf args = { .format = SURFACE_32,
					   .width = FILL_SIDE,
					   .height = FILL_SIDE,
					   .stride = FILL_SIDE * 4 };

	if (call(worker, fd, DRM_IOCTL_QXL_ALLOC_SURF, &args))
		return 0;
	update(worker, fd, args.handle, 64);
	return args.handle;
}

static void mark(uint32_t *map, uint32_t seed)
{
	for (size_t i = 0; i < FILL_BYTES / 4; i += MIB / 4)
		map[i] = seed + i;
}

static unsigned int marks_lost(const uint32_t *map, uint32_t seed)
{
	unsigned int lost = 0;

	for (size_t i = 0; i < FILL_BYTES / 4; i += MIB / 4)
		lost += map[i] != seed + i;
	return lost;
}

/*
 * In a file of its own: a handle that somebody else had closed might by now be
 * another's object. Memory that is mapped outlives its handle.
 */
static void fill(struct worker *worker,
		 uint32_t (*create)(struct worker *worker, int fd))
{
	int fd = open(card.path, O_RDWR | O_CLOEXEC);
	uint32_t *maps[FILLS_MAX];
	unsigned int count = 0;

	while (count < FILLS_MAX && count < *worker->limit + FILLS_BEYOND &&
	       !stop) {
		uint32_t handle = create(worker, fd);

		maps[count] = handle ?
				      object_map(worker, fd, handle, FILL_BYTES) :
				      NULL;
		if (!maps[count])
			break;
		mark(maps[count], count);
		if (count++ % 2)
			handle_close(worker, fd, handle);
	}
	had(worker, count);
	for (unsigned int i = 0; i < count; i++) {
		worker->lost += marks_lost(maps[i], i);
		munmap(maps[i], FILL_BYTES);
	}
	close(fd);
}

static void fill_vram(struct worker *worker)
{
	fill(worker, memory_create);
}

static void fill_surface_memory(struct worker *worker)
{
	fill(worker, large_surface_create);
	surface_memory_filled++;
}

/*
 * Two surfaces, what they ought to hold, and memory for images: in a file of its
 * own, like fill(). All zero: nothing there.
 */
struct drawing {
	int fd;
	struct surface target;
	struct surface source;
	struct raster target_want;
	struct raster source_want;
	struct raster pixels;
	struct exec_memory memory;
};

static int drawing_surface(struct worker *worker, struct drawing *drawing,
			   struct surface *surface, struct raster *want)
{
	*want = raster_new(SURFACE_32, DRAWN_WIDTH, DRAWN_HEIGHT);
	return result(worker, surface_alloc(surface, drawing->fd, SURFACE_32,
					    DRAWN_WIDTH, DRAWN_HEIGHT,
					    prng_below(&worker->prng, 2)));
}

static int drawing_create(struct worker *worker, struct drawing *drawing)
{
	int ret;

	*drawing = (struct drawing){
		.fd = open(card.path, O_RDWR | O_CLOEXEC),
		.pixels = raster_new(SURFACE_32, DRAWN_WIDTH, DRAWN_HEIGHT),
	};
	raster_noise(&drawing->pixels, worker->steps);
	ret = drawing_surface(worker, drawing, &drawing->target,
			      &drawing->target_want);
	if (!ret)
		ret = drawing_surface(worker, drawing, &drawing->source,
				      &drawing->source_want);
	if (!ret)
		ret = result(worker, object_alloc(&drawing->memory.object,
						  drawing->fd, DRAWN_MEMORY));
	return ret;
}

static void drawing_destroy(struct drawing *drawing)
{
	object_destroy(&drawing->memory.object);
	object_destroy(&drawing->source.object);
	object_destroy(&drawing->target.object);
	raster_free(&drawing->pixels);
	raster_free(&drawing->source_want);
	raster_free(&drawing->target_want);
	close(drawing->fd);
}

static struct drm_mode_rect some_area(struct worker *worker)
{
	uint16_t x = prng_below(&worker->prng, DRAWN_WIDTH / 2);
	uint16_t y = prng_below(&worker->prng, DRAWN_HEIGHT / 2);

	return (struct drm_mode_rect){
		x,
		y,
		x + 1 + prng_below(&worker->prng, DRAWN_WIDTH / 2),
		y + 1 + prng_below(&worker->prng, DRAWN_HEIGHT / 2),
	};
}

/* A bitmap onto the source, in chunks of some hundred bytes. */
static void draw_bitmap(struct worker *worker, struct drawing *drawing,
			struct exec_draw *draw)
{
	const struct exec_bitmap bitmap = {
		.format = SPICE_BITMAP_FMT_32BIT,
		.chunk = 4096 + prng_below(&worker->prng, 4096),
	};
	struct drm_mode_rect area = some_area(worker);

	exec_copy(draw, &drawing->source, &area, 0, 0);
	exec_image_bitmap(draw, &drawing->memory, &drawing->memory, &bitmap,
			  &drawing->pixels);
	raster_copy(&drawing->source_want, &area, &drawing->pixels, 0, 0);
}

static void draw_fill(struct worker *worker, struct drawing *drawing,
		      struct exec_draw *draw)
{
	struct drm_mode_rect area = some_area(worker);
	uint32_t pixel = worker->steps * 0x2468acf1;

	exec_fill(draw, &drawing->target, &area, pixel);
	raster_fill(&drawing->target_want, &area, pixel);
}

static void draw_surface(struct worker *worker, struct drawing *drawing,
			 struct exec_draw *draw)
{
	struct drm_mode_rect area = some_area(worker);

	exec_copy(draw, &drawing->target, &area, area.x1, area.y1);
	exec_image_surface(draw, &drawing->memory,
			   offsetof(QXLDrawable, u.copy.src_bitmap), 0,
			   &drawing->source);
	raster_copy(&drawing->target_want, &area, &drawing->source_want,
		    area.x1, area.y1);
}

static void draw_scroll(struct worker *worker, struct drawing *drawing,
			struct exec_draw *draw)
{
	struct drm_mode_rect area = some_area(worker);

	exec_copy_bits(draw, &drawing->target, &area, area.x1 / 2, area.y1 / 2);
	raster_copy(&drawing->target_want, &area, &drawing->target_want,
		    area.x1 / 2, area.y1 / 2);
}

static void draw_composite(struct worker *worker, struct drawing *drawing,
			   struct exec_draw *draw)
{
	const struct raster_source source = { .raster = &drawing->source_want,
					      .step = 1 << 16 };
	struct drm_mode_rect area = some_area(worker);

	exec_composite(draw, &drawing->target, &area,
		       RASTER_ADD | SPICE_COMPOSITE_DEST_OPAQUE |
			       SPICE_COMPOSITE_SOURCE_OPAQUE);
	exec_image_surface(draw, &drawing->memory,
			   offsetof(QXLDrawable, u.composite.src), 0,
			   &drawing->source);
	raster_composite(&drawing->target_want, &area, RASTER_ADD, &source, NULL);
}

/* Pixels that the host has not drawn as they ought to be. */
static uint64_t surface_lost(struct worker *worker,
			     const struct surface *surface,
			     const struct raster *want)
{
	struct raster have = surface_raster(surface);

	return result(worker, surface_update(surface)) ?
		       0 :
		       raster_differences(&have, want);
}

static uint64_t drawing_lost(struct worker *worker, const struct drawing *drawing)
{
	return surface_lost(worker, &drawing->source, &drawing->source_want) +
	       surface_lost(worker, &drawing->target, &drawing->target_want);
}

/* One of each kind, in one call. */
static int draw_all(struct worker *worker, struct drawing *drawing)
{
	static void (*const kinds[])(struct worker *worker,
				     struct drawing *drawing,
				     struct exec_draw *draw) = {
		draw_bitmap, draw_fill,      draw_surface,
		draw_scroll, draw_composite,
	};
	struct exec_draw draws[ARRAY_SIZE(kinds)];

	drawing->memory.used = 0;
	for (unsigned int i = 0; i < ARRAY_SIZE(kinds); i++)
		kinds[i](worker, drawing, &draws[i]);
	return result(worker, exec_send(drawing->fd, draws, ARRAY_SIZE(draws)));
}

static void no_pause(void)
{
}

/* Long enough for surfaces to be the least recently used ones, and to go. */
static void pause_for_fill(void)
{
	unsigned int before = surface_memory_filled;

	while (surface_memory_filled - before < 2 && !stop)
		usleep(100 * 1000);
}

/* From zeroed surfaces to a look at both. */
static void draw(struct worker *worker, void (*pause)(void))
{
	struct drawing drawing;
	int ret = drawing_create(worker, &drawing);

	for (unsigned int calls = 0; !ret && calls < DRAWN_CALLS; calls++) {
		ret = draw_all(worker, &drawing);
		pause();
	}
	if (!ret)
		worker->lost += drawing_lost(worker, &drawing);
	drawing_destroy(&drawing);
}

static void draw_at_once(struct worker *worker)
{
	draw(worker, no_pause);
}

static void draw_now_and_then(struct worker *worker)
{
	draw(worker, pause_for_fill);
}

static void flip(struct worker *worker)
{
	struct drm_mode_rect clips[8];
	struct card_event event;
	int ret;

	for (unsigned int i = 0; i < ARRAY_SIZE(clips); i++) {
		clips[i].x1 = prng_below(&worker->prng, WIDTH - 64);
		clips[i].y1 = prng_below(&worker->prng, HEIGHT - 64);
		clips[i].x2 = clips[i].x1 + 1 + prng_below(&worker->prng, 64);
		clips[i].y2 = clips[i].y1 + 1 + prng_below(&worker->prng, 64);
	}
	ret = card_update(&card, frames[worker->steps % 2].fb, clips,
			  worker->steps % 4 ? ARRAY_SIZE(clips) : 0,
			  DRM_MODE_ATOMIC_NONBLOCK | DRM_MODE_PAGE_FLIP_EVENT,
			  0);
	if (!ret)
		ret = card_wait_event(&card, &event, EVENT_MS);
	result(worker, ret);
}

static void damage(struct worker *worker)
{
	uint16_t x = prng_below(&worker->prng, WIDTH - 64);
	uint16_t y = prng_below(&worker->prng, HEIGHT - 64);
	drmModeClip clip = { x, y, x + 64, y + 64 };

	result(worker,
	       drmModeDirtyFB(card.fd, frames[worker->steps % 2].fb, &clip, 1));
	usleep(2000);
}

static void move_cursor(struct worker *worker)
{
	int ret;

	if (worker->steps % 16 == 0)
		ret = drmModeSetCursor2(card.fd, card.crtc,
					worker->steps % 128 ? pointer.handle : 0,
					pointer.width, pointer.height,
					prng_below(&worker->prng, 8), 1);
	else
		ret = drmModeMoveCursor(card.fd, card.crtc,
					prng_below(&worker->prng, WIDTH),
					prng_below(&worker->prng, HEIGHT));
	result(worker, ret);
	usleep(5000);
}

/* A file that is closed with its objects, a surface on the host among them. */
static void open_and_close(struct worker *worker)
{
	struct drm_qxl_alloc_surf args = {
		.format = SURFACE_32, .width = 16, .height = 16, .stride = 64
	};
	struct drm_qxl_update_area area = { .right = 16, .bottom = 16 };
	struct drm_qxl_alloc memory = { .size = 64 << 10 };
	int fd = open(card.path, O_RDWR | O_CLOEXEC);

	if (fd < 0) {
		result(worker, -errno);
		return;
	}
	call(worker, fd, DRM_IOCTL_QXL_ALLOC, &memory);
	if (!call(worker, fd, DRM_IOCTL_QXL_ALLOC_SURF, &args)) {
		area.handle = args.handle;
		call(worker, fd, DRM_IOCTL_QXL_UPDATE_AREA, &area);
	}
	close(fd);
}

/* All ids and more in a file of its own, where nobody else closes any. */
static void crowd(struct worker *worker)
{
	int fd = open(card.path, O_RDWR | O_CLOEXEC);
	uint64_t count = 0;

	for (; count < surface_ids + IDS_BEYOND && !stop; count++) {
		struct drm_qxl_alloc_surf args = { .format = SURFACE_32,
						   .width = 8,
						   .height = 8,
						   .stride = 32 };
		struct drm_qxl_update_area area = { .right = 8, .bottom = 8 };

		if (call(worker, fd, DRM_IOCTL_QXL_ALLOC_SURF, &args))
			break;
		area.handle = args.handle;
		if (call(worker, fd, DRM_IOCTL_QXL_UPDATE_AREA, &area))
			break;
	}
	had(worker, count);
	close(fd);
}

static struct worker workers[] = {
	{ .name = "more surfaces than ids", .step = crowd, .limit = &surface_ids },
	{ .name = "create surfaces", .step = create_surfaces },
	{ .name = "create surfaces too", .step = create_surfaces },
	{ .name = "update surfaces", .step = update_surfaces },
	{ .name = "draw on surfaces", .step = draw_on_others },
	{ .name = "draw of every kind", .step = draw_at_once },
	{ .name = "draw now and then", .step = draw_now_and_then },
	{ .name = "close others' handles", .step = close_others },
	{ .name = "guess handles", .step = guess_handles },
	{ .name = "fill VRAM", .step = fill_vram, .limit = &vram_fills },
	{ .name = "fill surface memory",
	  .step = fill_surface_memory,
	  .limit = &surface_fills },
	{ .name = "flip with damage", .step = flip },
	{ .name = "dirty", .step = damage },
	{ .name = "move the cursor", .step = move_cursor },
	{ .name = "open and close files", .step = open_and_close },
};

static void *work(void *data)
{
	struct worker *worker = data;

	for (; !stop; worker->steps++)
		worker->step(worker);
	return NULL;
}

/* Cases --------------------------------------------------------------------- */

/* Gone in the meantime, not a surface or not that large, or no room. */
static bool expected(int error)
{
	return error == 0 || error == ENOENT || error == EINVAL ||
	       error == ENOMEM || error == ENOSPC || error == EBUSY;
}

static void report(const struct worker *worker)
{
	char text[160] = "";
	size_t used = 0;

	for (int error = 0; error < ERRNO_MAX; error++) {
		if (!worker->errors[error])
			continue;
		check(expected(error), "%s: %" PRIu64 " times errno %d",
		      worker->name, worker->errors[error], error);
		if (used < sizeof(text))
			used += snprintf(text + used, sizeof(text) - used,
					 " %d:%" PRIu64, error,
					 worker->errors[error]);
	}
	ktap_note("%s: %" PRIu64 " rounds, calls by errno%s", worker->name,
		  worker->steps, text);
	check(worker->steps, "%s: not once", worker->name);
	check(!worker->lost, "%s: %" PRIu64 " words or pixels were lost",
	      worker->name, worker->lost);
	if (!worker->limit)
		return;
	ktap_note("%s: %" PRIu64 " at once, the device has %" PRIu64,
		  worker->name, worker->most, *worker->limit);
	check(worker->most > *worker->limit,
	      "%s: %" PRIu64 " at once, not above %" PRIu64, worker->name,
	      worker->most, *worker->limit);
}

/* How much KCSAN has looked at and seen, where the kernel has it. */
static void report_race_detector(void)
{
	FILE *file = fopen("/sys/kernel/debug/kcsan", "r");
	long long value, watchpoints = 0;
	char name[64];

	if (!file)
		return;
	while (fscanf(file, "%63[^:]: %lld ", name, &value) == 2) {
		ktap_note("KCSAN: %s %lld", name, value);
		if (!strcmp(name, "setup_watchpoints"))
			watchpoints = value;
	}
	fclose(file);
	check(watchpoints > 0, "KCSAN has looked at nothing");
}

/* Whether each that has a limit has met it. */
static bool is_enough(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(workers); i++) {
		const struct worker *worker = &workers[i];

		if (worker->limit &&
		    __atomic_load_n(&worker->most, __ATOMIC_RELAXED) <=
			    *worker->limit)
			return false;
	}
	return true;
}

/* Longer than it was asked for where the host is that slow. */
static void all_at_once(void)
{
	int64_t end = now_us() + seconds * INT64_C(1000000);
	int64_t latest = end + PATIENCE_SECONDS * INT64_C(1000000);

	for (unsigned int i = 0; i < ARRAY_SIZE(workers); i++) {
		workers[i].prng = prng_start(i + 1);
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i]))
			ktap_bail("no thread");
	}
	while (now_us() < end || (!is_enough() && now_us() < latest))
		usleep(100 * 1000);
	stop = true;
	for (unsigned int i = 0; i < ARRAY_SIZE(workers); i++) {
		pthread_join(workers[i].thread, NULL);
		report(&workers[i]);
	}
	report_race_detector();
}

static uint64_t bos_before;

/* The host gives releases back in bunches; for a dying surface it is asked for. */
static void ask_for_releases(void)
{
	struct drm_qxl_alloc_surf args = {
		.format = SURFACE_32, .width = 8, .height = 8, .stride = 32
	};
	struct drm_qxl_update_area area = { .right = 8, .bottom = 8 };
	int fd = open(card.path, O_RDWR | O_CLOEXEC);

	if (!drmIoctl(fd, DRM_IOCTL_QXL_ALLOC_SURF, &args)) {
		area.handle = args.handle;
		drmIoctl(fd, DRM_IOCTL_QXL_UPDATE_AREA, &area);
	}
	close(fd);
}

/*
 * The host keeps the command with the pointer's last shape, shown or not. What
 * it has released since it was last asked stays with it, too.
 */
static void check_in_flight(void)
{
	uint64_t count = 0;

	for (int tries = 0; tries < 50; tries++) {
		ask_for_releases();
		/* What asking made is closed, and stays a while. */
		usleep(200 * 1000);
		if (!check(counter_read(card.path, "in_flight", &count),
			   "no in_flight") ||
		    count <= 1)
			return;
	}
	check(count <= 1, "in_flight is %" PRIu64 ", not 0 or 1", count);
}

static void nothing_is_left(void)
{
	close(objects_fd);
	card_off(&card);
	for (unsigned int i = 0; i < ARRAY_SIZE(frames); i++)
		dumb_destroy(&frames[i]);
	dumb_destroy(&pointer);
	check_in_flight();
	counter_check(card.path, "surfaces", 0);
	counter_check(card.path, "bos", bos_before);
	counter_check(card.path, "awaited_fences", 0);
	counter_check(card.path, "bad_releases", 0);
	counter_check(card.path, "lost", 0);
}

/* Objects for filling; where the driver does not tell, as much as QEMU's default. */
static uint64_t fills_of(const char *counter)
{
	uint64_t bytes = 64 * MIB;

	counter_read(card.path, counter, &bytes);
	return bytes / FILL_BYTES;
}

static void limits(void)
{
	struct drm_qxl_getparam args = { .param = QXL_PARAM_NUM_SURFACES };

	if (drmIoctl(card.fd, DRM_IOCTL_QXL_GETPARAM, &args))
		ktap_bail("no number of surfaces: errno %d", errno);
	surface_ids = args.value;
	vram_fills = fills_of("vram_bytes");
	surface_fills = fills_of("surface_bytes");
}

static void setup(void)
{
	drmModeModeInfo mode;

	card_open(&card);
	limits();
	counter_read(card.path, "bos", &bos_before);
	card_mode(&card, WIDTH, HEIGHT, &mode);
	for (unsigned int i = 0; i < ARRAY_SIZE(frames); i++)
		if (dumb_frame(&frames[i], card.fd, WIDTH, HEIGHT))
			ktap_bail("no frame: errno %d", errno);
	if (card_show(&card, &mode, frames[0].fb, 0, 0, 0))
		ktap_bail("no screen: errno %d", errno);
	if (dumb_create(&pointer, card.fd, 64, 64))
		ktap_bail("no cursor: errno %d", errno);
	objects_fd = open(card.path, O_RDWR | O_CLOEXEC);
	if (objects_fd < 0)
		ktap_bail("%s: errno %d", card.path, errno);
}

int main(int argc, char **argv)
{
	static const struct ktap_case cases[] = {
		{ .name = "all at once", .run = all_at_once },
		{ .name = "nothing is left", .run = nothing_is_left },
	};

	if (argc > 1)
		seconds = atoi(argv[1]);
	return ktap_run(cases, ARRAY_SIZE(cases), setup);
}
