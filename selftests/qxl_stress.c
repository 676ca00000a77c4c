// SPDX-License-Identifier: GPL-2.0-only
/*
 * Threads on one device for a while (seconds as the argument): surfaces beyond
 * what the device has ids for, handles closed under another thread's hands or
 * guessed, VRAM filled past its size, flips, damage, cursor, files that come
 * and go. No error but the documented ones, and nothing is left at the end.
 *
 * usage: qxl_stress [SECONDS]
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <qxl_drm.h>
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
#include "ktap.h"

#define SECONDS_DEFAULT 20
#define MIB (1u << 20)
#define SURFACE_32 32
/* More than any device has ids for, if n_surfaces is the usual 1024. */
#define SLOTS 1400
#define SIDE_MAX 96
#define HANDLES_GUESSED 4096
#define FILL_BYTES (4 * MIB)
#define FILLS_MAX 24
#define WIDTH 1024
#define HEIGHT 768
#define ERRNO_MAX 200
#define EVENT_MS 20000

/* What a thread does over and over, and what came of it. */
struct worker {
	const char *name;
	void (*step)(struct worker *worker);
	pthread_t thread;
	struct prng prng;
	uint64_t steps;
	uint64_t errors[ERRNO_MAX];
};

static struct card card;
static struct dumb frames[2];
static struct dumb pointer;
static int objects_fd;		/* a file of its own: closing it gives all back */
static atomic_uint slots[SLOTS];	/* handles of surfaces; 0: none */
static atomic_bool stop;
static int seconds = SECONDS_DEFAULT;

static int call(struct worker *worker, int fd, unsigned long request, void *args)
{
	int ret = drmIoctl(fd, request, args) ? -errno : 0;

	worker->errors[-ret % ERRNO_MAX]++;
	return ret;
}

static int handle_close(struct worker *worker, uint32_t handle)
{
	struct drm_gem_close args = { .handle = handle };

	return call(worker, objects_fd, DRM_IOCTL_GEM_CLOSE, &args);
}

static void *object_map(struct worker *worker, uint32_t handle, size_t bytes)
{
	struct drm_qxl_map args = { .handle = handle };
	void *map;

	if (call(worker, objects_fd, DRM_IOCTL_QXL_MAP, &args))
		return NULL;
	map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, objects_fd,
		   args.offset);
	return map == MAP_FAILED ? NULL : map;
}

static void update(struct worker *worker, uint32_t handle, uint32_t side)
{
	struct drm_qxl_update_area args = { .handle = handle,
					    .right = side, .bottom = side };

	call(worker, objects_fd, DRM_IOCTL_QXL_UPDATE_AREA, &args);
}

/* Workers ------------------------------------------------------------------- */

/* A surface into a random slot; what was there is closed. */
static void create_surfaces(struct worker *worker)
{
	uint32_t side = 4 + prng_below(&worker->prng, SIDE_MAX - 4);
	struct drm_qxl_alloc_surf args = { .format = SURFACE_32,
					   .width = side, .height = side,
					   .stride = side * 4 };
	uint32_t old;

	if (call(worker, objects_fd, DRM_IOCTL_QXL_ALLOC_SURF, &args))
		return;
	update(worker, args.handle, side);
	old = atomic_exchange(&slots[prng_below(&worker->prng, SLOTS)],
			      args.handle);
	if (old)
		handle_close(worker, old);
}

static void update_surfaces(struct worker *worker)
{
	uint32_t handle = slots[prng_below(&worker->prng, SLOTS)];

	if (handle)
		update(worker, handle, 1 + prng_below(&worker->prng, SIDE_MAX));
}

/* Somebody else's, who still believes in it. */
static void close_others(struct worker *worker)
{
	uint32_t handle = slots[prng_below(&worker->prng, SLOTS)];

	if (handle)
		handle_close(worker, handle);
	usleep(20 * 1000);
}

static void guess_handles(struct worker *worker)
{
	uint32_t handle = prng_below(&worker->prng, HANDLES_GUESSED);
	uint32_t *map;

	switch (prng_below(&worker->prng, 32)) {
	case 0:
		handle_close(worker, handle);
		break;
	case 1:
		map = object_map(worker, handle, 4096);
		if (!map)
			break;
		*map = handle;
		munmap(map, 4096);
		break;
	default:
		update(worker, handle, 4);
	}
}

/* Memory that is mapped outlives its handle, which others may close. */
static void fill_vram(struct worker *worker)
{
	uint32_t handles[FILLS_MAX];
	uint32_t *maps[FILLS_MAX] = {};
	unsigned int count = 0;

	for (; count < FILLS_MAX && !stop; count++) {
		struct drm_qxl_alloc args = { .size = FILL_BYTES };

		if (call(worker, objects_fd, DRM_IOCTL_QXL_ALLOC, &args))
			break;
		handles[count] = args.handle;
		maps[count] = object_map(worker, args.handle, FILL_BYTES);
		for (size_t i = 0; maps[count] && i < FILL_BYTES / 4; i += MIB / 4)
			maps[count][i] = count;
	}
	for (unsigned int i = 0; i < count; i++) {
		handle_close(worker, handles[i]);
		if (maps[i])
			munmap(maps[i], FILL_BYTES);
	}
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
			  DRM_MODE_ATOMIC_NONBLOCK | DRM_MODE_PAGE_FLIP_EVENT, 0);
	if (!ret)
		ret = card_wait_event(&card, &event, EVENT_MS);
	worker->errors[-ret % ERRNO_MAX]++;
}

static void damage(struct worker *worker)
{
	uint16_t x = prng_below(&worker->prng, WIDTH - 64);
	uint16_t y = prng_below(&worker->prng, HEIGHT - 64);
	drmModeClip clip = { x, y, x + 64, y + 64 };
	int ret = drmModeDirtyFB(card.fd, frames[worker->steps % 2].fb, &clip, 1);

	worker->errors[-ret % ERRNO_MAX]++;
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
	worker->errors[-ret % ERRNO_MAX]++;
	usleep(5000);
}

/* A file that is closed with its objects, a surface on the host among them. */
static void open_and_close(struct worker *worker)
{
	struct drm_qxl_alloc_surf args = { .format = SURFACE_32, .width = 16,
					   .height = 16, .stride = 64 };
	struct drm_qxl_update_area area = { .right = 16, .bottom = 16 };
	struct drm_qxl_alloc memory = { .size = 64 << 10 };
	int fd = open(card.path, O_RDWR | O_CLOEXEC);

	if (fd < 0) {
		worker->errors[errno % ERRNO_MAX]++;
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

	for (int i = 0; i < SLOTS && !stop; i++) {
		struct drm_qxl_alloc_surf args = { .format = SURFACE_32,
						   .width = 8, .height = 8,
						   .stride = 32 };
		struct drm_qxl_update_area area = { .right = 8, .bottom = 8 };

		if (call(worker, fd, DRM_IOCTL_QXL_ALLOC_SURF, &args))
			break;
		area.handle = args.handle;
		call(worker, fd, DRM_IOCTL_QXL_UPDATE_AREA, &area);
	}
	close(fd);
}

static struct worker workers[] = {
	{ .name = "more surfaces than ids", .step = crowd },
	{ .name = "create surfaces", .step = create_surfaces },
	{ .name = "create surfaces too", .step = create_surfaces },
	{ .name = "update surfaces", .step = update_surfaces },
	{ .name = "close others' handles", .step = close_others },
	{ .name = "guess handles", .step = guess_handles },
	{ .name = "fill VRAM", .step = fill_vram },
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
}

static void all_at_once(void)
{
	int64_t end = now_us() + seconds * INT64_C(1000000);

	for (unsigned int i = 0; i < ARRAY_SIZE(workers); i++) {
		workers[i].prng = prng_start(i + 1);
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i]))
			ktap_bail("no thread");
	}
	while (now_us() < end)
		usleep(100 * 1000);
	stop = true;
	for (unsigned int i = 0; i < ARRAY_SIZE(workers); i++) {
		pthread_join(workers[i].thread, NULL);
		report(&workers[i]);
	}
}

static uint64_t bos_before;

static void check_counter(const char *name, uint64_t value)
{
	uint64_t last = 0;
	bool same = counter_await(card.path, name, value, &last);

	check(same, "%s is %" PRIu64 ", not %" PRIu64, name, last, value);
}

static void nothing_is_left(void)
{
	close(objects_fd);
	check_counter("surfaces", 0);
	check_counter("bos", bos_before);
	check_counter("awaited_fences", 0);
	check_counter("bad_releases", 0);
	check_counter("lost", 0);
}

static void setup(void)
{
	drmModeModeInfo mode;

	card_open(&card);
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
	counter_read(card.path, "bos", &bos_before);
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
