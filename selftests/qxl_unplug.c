// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device is removed from PCI under a client that uses all of it at once: a
 * flip, a fence and blanking that are waited for, draws, updates and objects in
 * threads, mappings, exported buffers, files of debugfs. Everybody gets an
 * error, nobody a signal, nothing is left behind, and the device works when it
 * is back. After an unbind nothing of the old client reaches the hardware, which
 * may be somebody else's.
 *
 * usage: qxl_unplug
 *        qxl_unplug host: the virtual machine's owner takes the device out
 */
#include <drm_fourcc.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/dma-buf.h>
#include <poll.h>
#include <pthread.h>
#include <spice/enums.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xf86drm.h>

#include "card.h"
#include "clock.h"
#include "counters.h"
#include "dumb.h"
#include "exec.h"
#include "host.h"
#include "klog.h"
#include "ktap.h"
#include "plug.h"

#define WIDTH 640
#define HEIGHT 480
#define ROUNDS 4
#define VRAM_BYTES (1u << 20)
#define WAIT_MS 5000
#define BUSY_STEPS 3
#define BUSY_US 20000000
#define ENDS_US 30000000
/* Much less than the driver would wait for a host that does not answer. */
#define REMOVE_US 5000000
#define FILES 3
/* The end of BAR 0, where rings are that the host looks at. */
#define RAM_HEADER (64u << 10)
#define FOREIGN 0x5a
#define BARS 6

static char address[PLUG_ADDRESS];
static uint64_t bos_before;

/* The client ---------------------------------------------------------------- */

/* Something of the client's, with what user space still has of it. */
struct thing {
	const char *name;
	uint32_t handle;
	void *map;
	size_t bytes;
	int dma_buf;
	void *dma_buf_map;
};

enum { DUMB, NEXT, UNTOUCHED, VRAM, VRAM_UNTOUCHED, SURFACE, NUM_THINGS };

struct client {
	struct card card;
	struct dumb frames[2];
	struct dumb untouched;
	struct object vram;
	struct object vram_untouched;
	struct surface surface;
	uint32_t surface_fb;
	int next; /* which thing is flipped to */
	uint32_t next_fb;
	struct thing things[NUM_THINGS];
	int out_fence;
	int debugfs[FILES];
	atomic_bool gone; /* from here on an error is what is right */
};

static void export(struct client *client, struct thing *thing)
{
	int ret = drmPrimeHandleToFD(client->card.fd, thing->handle,
				     DRM_CLOEXEC | DRM_RDWR, &thing->dma_buf);

	if (!check(!ret, "export of %s: errno %d", thing->name, errno))
		return;
	thing->dma_buf_map = mmap(NULL, thing->bytes, PROT_READ | PROT_WRITE,
				  MAP_SHARED, thing->dma_buf, 0);
	check(thing->dma_buf_map != MAP_FAILED, "mmap of exported %s: errno %d",
	      thing->name, errno);
}

static void list_things(struct client *client)
{
	const struct thing things[NUM_THINGS] = {
		[DUMB] = { "a dumb buffer", client->frames[0].handle,
			   client->frames[0].map, client->frames[0].size },
		[NEXT] = { "the next dumb buffer", client->frames[1].handle,
			   client->frames[1].map, client->frames[1].size },
		[UNTOUCHED] = { "an untouched dumb buffer",
				client->untouched.handle, client->untouched.map,
				client->untouched.size },
		[VRAM] = { "VRAM", client->vram.handle, client->vram.map,
			   client->vram.bytes },
		[VRAM_UNTOUCHED] = { "untouched VRAM",
				     client->vram_untouched.handle,
				     client->vram_untouched.map,
				     client->vram_untouched.bytes },
		[SURFACE] = { "a surface", client->surface.object.handle,
			      client->surface.object.map,
			      client->surface.object.bytes },
	};

	memcpy(client->things, things, sizeof(things));
	for (int i = 0; i < NUM_THINGS; i++)
		export(client, &client->things[i]);
}

static int add_surface_fb(struct client *client)
{
	const uint32_t handles[4] = { client->surface.object.handle };
	const uint32_t pitches[4] = { client->surface.stride };
	const uint32_t offsets[4] = { 0 };

	return drmModeAddFB2(client->card.fd, WIDTH, HEIGHT, DRM_FORMAT_XRGB8888,
			     handles, pitches, offsets, &client->surface_fb, 0);
}

static int make_objects(struct client *client)
{
	int fd = client->card.fd;
	int ret;

	ret = dumb_frame(&client->frames[0], fd, WIDTH, HEIGHT);
	if (!ret)
		ret = dumb_frame(&client->frames[1], fd, WIDTH, HEIGHT);
	if (!ret)
		ret = dumb_frame(&client->untouched, fd, WIDTH, HEIGHT);
	if (!ret)
		ret = object_alloc(&client->vram, fd, VRAM_BYTES);
	if (!ret)
		ret = object_alloc(&client->vram_untouched, fd, VRAM_BYTES);
	if (!ret)
		ret = surface_alloc_on_host(&client->surface, fd,
					    SPICE_SURFACE_FMT_32_xRGB, WIDTH,
					    HEIGHT, false);
	return ret ? ret : add_surface_fb(client);
}

static void touch(struct client *client)
{
	struct picture picture = dumb_picture(&client->frames[0]);

	pattern_draw(&picture, 1);
	picture = dumb_picture(&client->frames[1]);
	pattern_draw(&picture, 2);
	memset(client->vram.map, 0x33, client->vram.bytes);
	memset(client->surface.object.map, 0x44, client->surface.object.bytes);
}

static void open_debugfs(struct client *client)
{
	const char *names[FILES] = { "qxl_counters", "qxl_bos", "qxl_surfaces" };
	const char *number = strpbrk(client->card.path, "0123456789");
	char path[96];

	for (int i = 0; i < FILES; i++) {
		snprintf(path, sizeof(path), "/sys/kernel/debug/dri/%s/%s",
			 number, names[i]);
		client->debugfs[i] = open(path, O_RDONLY | O_CLOEXEC);
	}
}

static bool client_start(struct client *client, bool screen_is_surface)
{
	drmModeModeInfo mode;
	int ret;

	memset(client, 0, sizeof(*client));
	client->out_fence = -1;
	ret = plug_open(&client->card, address);
	if (!check(!ret, "open: %d", ret))
		return false;
	ret = make_objects(client);
	if (!check(!ret, "objects: %d", ret))
		return false;
	touch(client);
	list_things(client);
	open_debugfs(client);
	client->next = screen_is_surface ? SURFACE : NEXT;
	client->next_fb = screen_is_surface ? client->surface_fb :
					      client->frames[1].fb;
	card_mode(&client->card, WIDTH, HEIGHT, &mode);
	ret = card_show(&client->card, &mode, client->next_fb, 0, 0, 0);
	return check(!ret, "modeset: %d", ret);
}

/* Files first: mappings and exported buffers are the last to go. */
static void client_end(struct client *client)
{
	card_close(&client->card);
	for (int i = 0; i < FILES; i++)
		if (client->debugfs[i] >= 0)
			close(client->debugfs[i]);
	for (int i = 0; i < NUM_THINGS; i++) {
		struct thing *thing = &client->things[i];

		munmap(thing->map, thing->bytes);
		munmap(thing->dma_buf_map, thing->bytes);
		close(thing->dma_buf);
	}
	if (client->out_fence >= 0)
		close(client->out_fence);
}

/* Threads ------------------------------------------------------------------- */

/* What a thread does over and over until it fails; 0 or a negative errno. */
struct worker {
	const char *name;
	int (*step)(struct client *client);
	int error; /* besides -ENODEV, what it may end with; or 0 */
	struct client *client;
	pthread_t thread;
	atomic_int steps;
	int ret;
	bool early;
};

static const struct drm_mode_rect drawn = { 10, 10, 200, 150 };

static int draw(struct client *client)
{
	struct exec_draw fill;

	memset(&fill, 0, sizeof(fill));
	exec_fill(&fill, &client->surface, &drawn, 0x123456);
	return exec_send(client->card.fd, &fill, 1);
}

static int send_pixels(struct client *client)
{
	struct raster pixels = surface_raster(&client->surface);
	const struct exec_bitmap bitmap = { .format = SPICE_BITMAP_FMT_32BIT };
	static const struct drm_mode_rect all = { 0, 0, WIDTH, HEIGHT };
	struct exec_memory memory = {};
	struct exec_draw copy;
	int ret;

	ret = object_alloc(&memory.object, client->card.fd, 2 * VRAM_BYTES);
	if (ret)
		return ret;
	memset(&copy, 0, sizeof(copy));
	exec_copy(&copy, &client->surface, &all, 0, 0);
	exec_image_bitmap(&copy, &memory, &memory, &bitmap, &pixels);
	ret = exec_send(client->card.fd, &copy, 1);
	object_destroy(&memory.object);
	return ret;
}

static int update(struct client *client)
{
	return surface_update(&client->surface);
}

static int allocate(struct client *client)
{
	struct surface surface;
	int ret;

	ret = surface_alloc_on_host(&surface, client->card.fd,
				    SPICE_SURFACE_FMT_32_ARGB, 64, 64, false);
	if (surface.object.handle)
		object_destroy(&surface.object);
	return ret;
}

/* Drawn by the processor, and so new to the host. */
static int damage(struct client *client)
{
	struct thing *shown = &client->things[client->next];
	drmModeClip clip = { 0, 0, WIDTH, HEIGHT };

	memset(shown->map, rand(), shown->bytes);
	return drmModeDirtyFB(client->card.fd, client->next_fb, &clip, 1);
}

static int wait_vblank(struct client *client)
{
	drmVBlank wait = { .request = { .type = DRM_VBLANK_RELATIVE,
					.sequence = 1 } };

	return drmWaitVBlank(client->card.fd, &wait) ? -errno : 0;
}

static int show_and_wait(struct client *client)
{
	struct card_event event;
	int ret;

	ret = card_update(&client->card, client->next_fb, NULL, 0,
			  DRM_MODE_ATOMIC_NONBLOCK | DRM_MODE_PAGE_FLIP_EVENT,
			  1);
	if (!ret)
		ret = card_wait_event(&client->card, &event, WAIT_MS);
	/* The commit with a fence may be at it, and takes the event, too. */
	return ret == -EBUSY ? 0 : ret;
}

static int read_debugfs(struct client *client)
{
	char text[512];

	for (int i = 0; i < FILES; i++)
		if (pread(client->debugfs[i], text, sizeof(text), 0) < 0)
			return -errno;
	return 0;
}

/* Has the connectors looked at, as a hotplug does. */
static int probe(struct client *client)
{
	drmModeConnector *connector = drmModeGetConnector(
		client->card.fd, client->card.connector->connector_id);

	if (!connector)
		return -errno;
	drmModeFreeConnector(connector);
	return 0;
}

static int read_capability(struct client *client)
{
	struct drm_qxl_clientcap args = { .index = 0 };

	if (drmIoctl(client->card.fd, DRM_IOCTL_QXL_CLIENTCAP, &args) &&
	    errno != ENOSYS)
		return -errno;
	return 0;
}

/* That the device is gone is what it says; a file of debugfs has its own way. */
static bool has_ended(const struct worker *worker)
{
	return worker->ret == -ENODEV ||
	       (worker->ret && worker->ret == worker->error);
}

static void *work(void *data)
{
	struct worker *worker = data;
	int64_t start = now_us();

	do {
		worker->ret = worker->step(worker->client);
		worker->steps++;
		/* Not while it is going: one error or another is right then. */
		if (worker->ret && !atomic_load(&worker->client->gone))
			worker->early = true;
	} while (!has_ended(worker) && !worker->early &&
		 now_us() - start < ENDS_US);
	return NULL;
}

static struct worker workers[] = {
	{ .name = "draw", .step = draw },
	{ .name = "send pixels", .step = send_pixels },
	{ .name = "update", .step = update },
	{ .name = "allocate", .step = allocate },
	{ .name = "damage", .step = damage },
	{ .name = "vblank", .step = wait_vblank },
	{ .name = "flip", .step = show_and_wait },
	{ .name = "debugfs", .step = read_debugfs, .error = -EIO },
	{ .name = "probe", .step = probe },
	{ .name = "capability", .step = read_capability },
};

static void start_workers(struct client *client)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(workers); i++) {
		struct worker *worker = &workers[i];

		worker->client = client;
		worker->early = false;
		worker->steps = 0;
		worker->ret = 0;
		if (pthread_create(&worker->thread, NULL, work, worker))
			ktap_bail("no thread");
	}
}

static bool all_are_busy(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(workers); i++)
		if (atomic_load(&workers[i].steps) < BUSY_STEPS)
			return false;
	return true;
}

static void wait_until_busy(void)
{
	int64_t start = now_us();

	while (!all_are_busy() && now_us() - start < BUSY_US)
		usleep(10000);
}

static void join_workers(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(workers); i++) {
		struct worker *worker = &workers[i];

		pthread_join(worker->thread, NULL);
		check(!worker->early, "%s failed before: %d", worker->name,
		      worker->ret);
		check(worker->early || has_ended(worker), "%s does not end: %d",
		      worker->name, worker->ret);
		check(worker->steps >= BUSY_STEPS, "%s was not busy: %d steps",
		      worker->name, worker->steps);
	}
}

/* Waiting ------------------------------------------------------------------- */

/* A commit with a fence, which a thread waits for while the device goes. */
struct waiter {
	int fence;
	short events;
	int ret;
	pthread_t thread;
};

static int commit_with_fence(struct client *client)
{
	struct card *card = &client->card;
	drmModeAtomicReq *request = drmModeAtomicAlloc();
	uint32_t property = card_find_property(
		card, card->crtc, DRM_MODE_OBJECT_CRTC, "OUT_FENCE_PTR", NULL);
	int ret;

	drmModeAtomicAddProperty(request, card->crtc, property,
				 (uintptr_t)&client->out_fence);
	card_add_plane(card, request, &card->primary, client->next_fb, 0, 0,
		       WIDTH, HEIGHT);
	ret = card_commit(card, request,
			  DRM_MODE_ATOMIC_NONBLOCK | DRM_MODE_PAGE_FLIP_EVENT,
			  2);
	drmModeAtomicFree(request);
	return ret;
}

/* The thread that flips may be at it. */
static int commit_when_idle(struct client *client)
{
	int64_t start = now_us();
	int ret;

	do {
		ret = commit_with_fence(client);
	} while (ret == -EBUSY && now_us() - start < WAIT_MS * 1000);
	return ret;
}

static void *wait_for_fence(void *data)
{
	struct waiter *waiter = data;
	struct pollfd pollfd = { .fd = waiter->fence, .events = POLLIN };

	waiter->ret = poll(&pollfd, 1, WAIT_MS);
	waiter->events = pollfd.revents;
	return NULL;
}

/* Gone ---------------------------------------------------------------------- */

static void check_ioctls(struct client *client)
{
	struct card *card = &client->card;
	drmModeModeInfo mode;
	struct object object;
	struct dumb dumb;

	for (unsigned int i = 0; i < ARRAY_SIZE(workers); i++)
		if (workers[i].step != read_debugfs)
			check(workers[i].step(client) == -ENODEV,
			      "%s on the old file", workers[i].name);
	check(dumb_create(&dumb, card->fd, 64, 64) == -ENODEV, "CREATE_DUMB");
	check(object_alloc(&object, card->fd, 4096) == -ENODEV, "ALLOC");
	check(card_off(card) == -ENODEV, "ATOMIC");
	card_mode(card, WIDTH, HEIGHT, &mode);
	check(card_show(card, &mode, client->frames[0].fb, 0, 0, 0) == -ENODEV,
	      "a modeset");
	check(mmap(NULL, 4096, PROT_READ, MAP_SHARED, card->fd, 0) == MAP_FAILED &&
		      errno == ENODEV,
	      "mmap: errno %d", errno);
}

static void check_mappings(struct client *client)
{
	for (int i = 0; i < NUM_THINGS; i++) {
		struct thing *thing = &client->things[i];

		plug_check_access(thing->map, thing->bytes, thing->name);
		plug_check_access(thing->dma_buf_map, thing->bytes, thing->name);
	}
}

/* Who holds an exported buffer may still say that it reads and writes there. */
static void check_dma_bufs(struct client *client)
{
	for (int i = 0; i < NUM_THINGS; i++) {
		struct thing *thing = &client->things[i];
		struct dma_buf_sync sync = { .flags = DMA_BUF_SYNC_START |
						      DMA_BUF_SYNC_RW };
		void *map;

		check(!ioctl(thing->dma_buf, DMA_BUF_IOCTL_SYNC, &sync),
		      "sync of %s: errno %d", thing->name, errno);
		map = mmap(NULL, thing->bytes, PROT_READ | PROT_WRITE,
			   MAP_SHARED, thing->dma_buf, 0);
		if (!check(map != MAP_FAILED, "mmap of exported %s: errno %d",
			   thing->name, errno))
			continue;
		plug_check_access(map, thing->bytes, thing->name);
		munmap(map, thing->bytes);
	}
}

static void check_old_client(struct client *client)
{
	struct card_event event;
	int ret;

	check_ioctls(client);
	do {
		ret = card_wait_event(&client->card, &event, 0);
	} while (!ret);
	check_mappings(client);
	check_dma_bufs(client);
}

/* Where the device's memory is on the bus, from sysfs's file. */
struct resources {
	uint64_t start[BARS];
	uint64_t end[BARS];
};

static void read_resources(struct resources *resources)
{
	char path[64];
	FILE *file;

	memset(resources, 0, sizeof(*resources));
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource", address);
	file = fopen(path, "r");
	if (!check(file, "%s: errno %d", path, errno))
		return;
	for (int i = 0; i < BARS; i++)
		if (fscanf(file, "%" SCNx64 " %" SCNx64 " %*x",
			   &resources->start[i], &resources->end[i]) != 2)
			break;
	fclose(file);
}

static bool is_inside(const struct resources *resources, uint64_t at)
{
	for (int i = 0; i < BARS; i++)
		if (at && at >= resources->start[i] && at <= resources->end[i])
			return true;
	return false;
}

/* What is there next may have to be mapped in another way. */
static void check_unmapped(const struct resources *resources)
{
	FILE *file = fopen("/proc/vmallocinfo", "r");
	char line[256];

	if (!file)
		return;
	while (fgets(line, sizeof(line), file)) {
		const char *phys = strstr(line, "phys=");

		check(!phys || !is_inside(resources,
					  strtoull(phys + 5, NULL, 16)),
		      "the kernel still has it mapped: %.*s",
		      (int)strcspn(line, "\n"), line);
	}
	fclose(file);
}

/* Under a client that is busy; @how is how. */
static bool take_away(struct client *client, int (*how)(const char *address))
{
	int log = klog_open();
	struct resources resources;
	struct waiter waiter;
	int64_t start;
	int ret;

	read_resources(&resources);
	start_workers(client);
	wait_until_busy();
	ret = commit_when_idle(client);
	check(!ret, "commit: %d", ret);
	waiter.fence = client->out_fence;
	pthread_create(&waiter.thread, NULL, wait_for_fence, &waiter);
	atomic_store(&client->gone, true);
	start = now_us();
	ret = how(address);
	check(!ret, "taking the device away: %d", ret);
	check(now_us() - start < REMOVE_US, "it took %lld ms",
	      (long long)(now_us() - start) / 1000);
	join_workers();
	pthread_join(waiter.thread, NULL);
	check(waiter.ret == 1 && waiter.events & POLLIN,
	      "the fence: poll %d, events %#x", waiter.ret, waiter.events);
	check(!klog_has(log, "still in use"), "something is left in its memory");
	close(log);
	check_unmapped(&resources);
	check_old_client(client);
	return !ret;
}

/* Back ---------------------------------------------------------------------- */

/* A client without a past sets a mode and sees its picture; nothing is left. */
static void check_works_again(const char *name)
{
	struct dumb dumb = {};
	drmModeModeInfo mode;
	struct card card;
	int ret = plug_open(&card, address);

	if (!check(!ret, "open of the new device: %d", ret))
		return;
	ret = dumb_frame(&dumb, card.fd, WIDTH, HEIGHT);
	if (check(!ret, "a framebuffer of the new device: %d", ret)) {
		struct picture picture = dumb_picture(&dumb);

		pattern_draw(&picture, 3);
		card_mode(&card, WIDTH, HEIGHT, &mode);
		ret = card_show(&card, &mode, dumb.fb, 0, 0, 0);
		check(!ret, "modeset on the new device: %d", ret);
	}
	if (name && !ret)
		host_check_picture(name, WIDTH, HEIGHT, "qxl_pattern %u %u 3",
				   WIDTH, HEIGHT);
	card_off(&card);
	dumb_destroy(&dumb);
	counters_check_idle(card.path, bos_before);
	card_close(&card);
}

static void remove_rounds(bool screen_is_surface)
{
	for (int round = 1; round <= ROUNDS; round++) {
		bool close_first = round % 2;
		struct client client;

		if (!client_start(&client, screen_is_surface) ||
		    !take_away(&client, plug_remove))
			return;
		if (close_first)
			client_end(&client);
		check(!plug_rescan(), "rescan: errno %d", errno);
		check_works_again(round == ROUNDS ? "unplug" : NULL);
		if (close_first)
			continue;
		check_mappings(&client);
		client_end(&client);
	}
}

static void removed(void)
{
	remove_rounds(false);
}

static void removed_with_surface_on_screen(void)
{
	remove_rounds(true);
}

/* Somebody else's ----------------------------------------------------------- */

struct bar {
	uint8_t *map;
	size_t bytes;
	size_t start;  /* of what is filled with what is somebody else's */
	size_t end;    /* of that */
	uint8_t *rest; /* what is behind it, as it was */
};

static bool bar_open(struct bar *bar, int number)
{
	struct stat status;
	char path[64];
	int fd;

	memset(bar, 0, sizeof(*bar));
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource%d",
		 address, number);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &status))
		return check(false, "%s: errno %d", path, errno);
	bar->bytes = status.st_size;
	bar->map = mmap(NULL, bar->bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
			fd, 0);
	close(fd);
	return check(bar->map != MAP_FAILED, "mmap of %s: errno %d", path, errno);
}

static void bar_fill(struct bar *bar, size_t start, size_t left_alone)
{
	bar->start = start;
	bar->end = bar->bytes - left_alone;
	memset(bar->map + start, FOREIGN, bar->end - start);
	bar->rest = malloc(left_alone + 1);
	memcpy(bar->rest, bar->map + bar->end, left_alone);
}

/*
 * Where the primary ends. QEMU itself clears what it last showed there, some time
 * after a reset, when it next looks at the VGA that the device is then.
 */
static size_t primary_end(void)
{
	const QXLRom *rom;
	struct bar bar;
	size_t end = 0;

	if (!bar_open(&bar, 2))
		return 0;
	rom = (const QXLRom *)bar.map;
	end = rom->draw_area_offset + rom->surface0_area_size;
	munmap(bar.map, bar.bytes);
	return end;
}

static void bar_check(const struct bar *bar, int number)
{
	const uint64_t *words = (const uint64_t *)bar->map;
	const uint64_t foreign = 0x0101010101010101ull * FOREIGN;
	size_t wrong = 0, first = 0;

	for (size_t i = bar->start / sizeof(*words);
	     i < bar->end / sizeof(*words); i++) {
		if (words[i] == foreign)
			continue;
		if (!wrong++)
			first = i * sizeof(*words);
	}
	check(!wrong, "BAR %d: %zu words are written, first at %#zx", number,
	      wrong, first);
	check(!memcmp(bar->rest, bar->map + bar->end, bar->bytes - bar->end),
	      "BAR %d: something is written at its end", number);
}

static void bar_unmap(struct bar *bar)
{
	munmap(bar->map, bar->bytes);
	free(bar->rest);
}

static void hardware_is_left_alone(void)
{
	struct client client;
	struct bar bars[2];

	if (!client_start(&client, true) || !take_away(&client, plug_unbind))
		return;
	if (!bar_open(&bars[0], 0) || !bar_open(&bars[1], 1))
		return;
	bar_fill(&bars[0], primary_end(), RAM_HEADER);
	bar_fill(&bars[1], 0, 0);
	check_old_client(&client);
	client_end(&client);
	for (int i = 0; i < 2; i++) {
		bar_check(&bars[i], i);
		bar_unmap(&bars[i]);
	}
	check(!plug_bind(address), "bind: errno %d", errno);
	check_works_again("unplug-left-alone");
}

/* The host --------------------------------------------------------------------- */

static bool is_there(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s", address);
	return !access(path, F_OK);
}

/* The guest's kernel lets go of it when QEMU asks. */
static int taken_out(const char *unused)
{
	int64_t start = now_us();

	(void)unused;
	if (!host_unplug())
		return -EIO;
	while (is_there() && now_us() - start < REMOVE_US)
		usleep(10000);
	return is_there() ? -ETIMEDOUT : 0;
}

static void taken_out_by_the_host(void)
{
	if (!host_can_unplug())
		return;
	for (int round = 1; round <= ROUNDS; round++) {
		struct client client;

		if (!client_start(&client, round % 2) ||
		    !take_away(&client, taken_out))
			return;
		client_end(&client);
		if (!host_plug() ||
		    !check(!plug_find(address), "no card of a new device"))
			return;
		check_works_again(NULL);
	}
}

static void setup(void)
{
	struct card card;

	plug_setup(address);
	if (plug_open(&card, address))
		ktap_bail("the card can't be opened again");
	counter_read(card.path, "bos", &bos_before);
	card_close(&card);
}

static const struct ktap_case cases[] = {
	{ .name = "removed and found again", .run = removed },
	{ .name = "removed with a surface on screen",
	  .run = removed_with_surface_on_screen },
	{ .name = "an unbound device is left alone",
	  .run = hardware_is_left_alone },
};

static const struct ktap_case host_cases[] = {
	{ .name = "taken out by the host", .run = taken_out_by_the_host },
};

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "host"))
		return ktap_run(host_cases, ARRAY_SIZE(host_cases), setup);
	return ktap_run(cases, ARRAY_SIZE(cases), setup);
}
