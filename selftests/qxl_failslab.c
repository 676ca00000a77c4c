// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every call with its n-th fault point failing (an allocation, a copy from or
 * to user space), for n = 1 until no fault was met. It must then succeed, each
 * failure must be a clean one, and nothing may be left behind.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <qxl_drm.h>
#include <spice/enums.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xf86drm.h>

#include "card.h"
#include "counters.h"
#include "dumb.h"
#include "exec.h"
#include "ktap.h"

#define FAULTS_MAX 3000
#define OBJECT_BYTES (64 << 10)
#define SIDE 64
#define SURFACE_32 32
#define FILES_OF_A_TRY 8

/*
 * What a call left, for the call's undo and for calls that need something. The
 * file is its own: where copying the answer out fails, nobody knows the handle
 * that DRM has made, and only the file's end gives it back.
 */
struct scene {
	int node;
	uint32_t handle;
	uint32_t fb;
	int fd;
	void *map;
};

struct faulty_call {
	const char *name;
	int (*prepare)(struct scene *scene); /* no faults; may be NULL */
	int (*call)(struct scene *scene);    /* 0 or a negative errno */
};

static struct card card;
static struct dumb frames[2];
static struct dumb pointer;
static int zeroes;
static int first_fd; /* of those that a try opens */
static drmModeModeInfo mode;
static int fail_nth = -1;
static struct exec_draw draws[3];

static int done(int ret)
{
	return ret ? -errno : 0;
}

/* Fault injection ----------------------------------------------------------- */

/* Knobs that a kernel may lack are left alone. */
static void set_knob(const char *kind, const char *name, const char *value)
{
	char path[96];
	int fd;

	snprintf(path, sizeof(path), "/sys/kernel/debug/%s/%s", kind, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (write(fd, value, strlen(value)) < 0)
		ktap_note("%s: errno %d", path, errno);
	close(fd);
}

/* Silently, and allocations that may sleep as well. */
static void set_knobs(void)
{
	static const char *const kinds[] = { "failslab", "fail_page_alloc",
					     "fail_usercopy" };

	for (unsigned int i = 0; i < ARRAY_SIZE(kinds); i++) {
		set_knob(kinds[i], "verbose", "0");
		set_knob(kinds[i], "ignore-gfp-wait", "N");
		set_knob(kinds[i], "min-order", "0");
	}
}

/* Writing is a fault point itself while a fault is still to come. */
static void arm(unsigned int n)
{
	char text[16];
	int size = snprintf(text, sizeof(text), "%u", n);
	ssize_t put;

	do {
		put = pwrite(fail_nth, text, size, 0);
	} while (put < 0 && errno == EFAULT);
	if (put != size)
		ktap_bail("fail-nth: errno %d", errno);
}

/* Whether the fault was met. Reading is a fault point too, a later one. */
static bool disarm(void)
{
	char text[16] = "";
	ssize_t got = pread(fail_nth, text, sizeof(text) - 1, 0);

	arm(0);
	return got > 0 && atoi(text) == 0;
}

/* Calls --------------------------------------------------------------------- */

static int alloc(struct scene *scene)
{
	struct drm_qxl_alloc args = { .size = OBJECT_BYTES };
	int ret = done(drmIoctl(scene->node, DRM_IOCTL_QXL_ALLOC, &args));

	scene->handle = ret ? 0 : args.handle;
	return ret;
}

static int alloc_surf(struct scene *scene)
{
	struct drm_qxl_alloc_surf args = { .format = SURFACE_32,
					   .width = SIDE,
					   .height = SIDE,
					   .stride = SIDE * 4 };
	int ret = done(drmIoctl(scene->node, DRM_IOCTL_QXL_ALLOC_SURF, &args));

	scene->handle = ret ? 0 : args.handle;
	return ret;
}

static int map_offset(struct scene *scene)
{
	struct drm_qxl_map args = { .handle = scene->handle };

	return done(drmIoctl(scene->node, DRM_IOCTL_QXL_MAP, &args));
}

static int update_area(struct scene *scene)
{
	struct drm_qxl_update_area args = { .handle = scene->handle,
					    .right = SIDE,
					    .bottom = SIDE };

	return done(drmIoctl(scene->node, DRM_IOCTL_QXL_UPDATE_AREA, &args));
}

static int alloc_surf_on_host(struct scene *scene)
{
	int ret = alloc_surf(scene);

	return ret ? ret : update_area(scene);
}

static void unmap(struct object *object)
{
	munmap(object->map, object->bytes);
}

/* A fill, a bitmap in chunks and a surface, on a surface that the host lacks. */
static int build_draws(struct scene *scene)
{
	static const struct drm_mode_rect all = { 0, 0, SIDE, SIDE };
	static const struct exec_bitmap layout = {
		.format = SPICE_BITMAP_FMT_32BIT, .chunk = 1000
	};
	struct raster pixels = raster_new(SURFACE_32, SIDE, SIDE);
	struct surface target, source;
	struct exec_memory memory = {};
	int ret = surface_alloc(&target, scene->node, SURFACE_32, SIDE, SIDE,
				false);

	if (!ret)
		ret = surface_alloc(&source, scene->node, SURFACE_32, SIDE,
				    SIDE, true);
	if (!ret)
		ret = object_alloc(&memory.object, scene->node, OBJECT_BYTES);
	if (!ret) {
		exec_fill(&draws[0], &target, &all, 1);
		exec_copy(&draws[1], &target, &all, 0, 0);
		exec_image_bitmap(&draws[1], &memory, &memory, &layout, &pixels);
		exec_copy(&draws[2], &target, &all, 0, 0);
		exec_image_surface(&draws[2], &memory,
				   offsetof(QXLDrawable, u.copy.src_bitmap), 0,
				   &source);
		unmap(&target.object);
		unmap(&source.object);
		unmap(&memory.object);
	}
	raster_free(&pixels);
	return ret;
}

/* Nothing here but the call may meet a fault, so not exec_send(). */
static int execbuffer(struct scene *scene)
{
	struct drm_qxl_command commands[ARRAY_SIZE(draws)];
	struct drm_qxl_execbuffer args = { .commands_num = ARRAY_SIZE(commands),
					   .commands = (uintptr_t)commands };

	for (unsigned int i = 0; i < ARRAY_SIZE(draws); i++)
		commands[i] = exec_command(&draws[i]);
	return done(drmIoctl(scene->node, DRM_IOCTL_QXL_EXECBUFFER, &args));
}

static int build_and_draw(struct scene *scene)
{
	int ret = build_draws(scene);

	return ret ? ret : execbuffer(scene);
}

static int getparam(struct scene *scene)
{
	struct drm_qxl_getparam args = { .param = QXL_PARAM_NUM_SURFACES };

	return done(drmIoctl(scene->node, DRM_IOCTL_QXL_GETPARAM, &args));
}

/* A capability that the client lacks is no failure. */
static int clientcap(struct scene *scene)
{
	struct drm_qxl_clientcap args = { .index = 0 };
	int ret = done(drmIoctl(scene->node, DRM_IOCTL_QXL_CLIENTCAP, &args));

	return ret == -ENOSYS ? 0 : ret;
}

static int create_dumb(struct scene *scene)
{
	struct drm_mode_create_dumb args = { .width = SIDE,
					     .height = SIDE,
					     .bpp = 32 };
	int ret = done(drmIoctl(scene->node, DRM_IOCTL_MODE_CREATE_DUMB, &args));

	scene->handle = ret ? 0 : args.handle;
	return ret;
}

static int add_fb(struct scene *scene)
{
	return done(drmModeAddFB(scene->node, SIDE, SIDE, 24, 32, SIDE * 4,
				 scene->handle, &scene->fb));
}

static int export(struct scene *scene)
{
	return done(drmPrimeHandleToFD(scene->node, scene->handle, DRM_CLOEXEC,
				       &scene->fd));
}

static int map_object(struct scene *scene)
{
	struct drm_qxl_map args = { .handle = scene->handle };

	if (drmIoctl(scene->node, DRM_IOCTL_QXL_MAP, &args))
		return -errno;
	scene->map = mmap(NULL, OBJECT_BYTES, PROT_READ | PROT_WRITE,
			  MAP_SHARED, scene->node, args.offset);
	if (scene->map != MAP_FAILED)
		return 0;
	scene->map = NULL;
	return -errno;
}

static int alloc_and_map(struct scene *scene)
{
	int ret = alloc(scene);

	return ret ? ret : map_object(scene);
}

/* Page faults, in a system call: they end it instead of sending a signal. */
static int fault_in(struct scene *scene)
{
	ssize_t got = read(zeroes, scene->map, OBJECT_BYTES);

	return got == OBJECT_BYTES ? 0 : -EFAULT;
}

static int gem_close(struct scene *scene)
{
	struct drm_gem_close args = { .handle = scene->handle };
	int ret = done(drmIoctl(scene->node, DRM_IOCTL_GEM_CLOSE, &args));

	if (!ret)
		scene->handle = 0;
	return ret;
}

static int other_frame(struct scene *)
{
	static unsigned int turn;
	static const struct drm_mode_rect clips[] = { { 0, 0, 16, 16 },
						      { 50, 50, 90, 70 } };

	return card_update(&card, frames[++turn % 2].fb, clips,
			   ARRAY_SIZE(clips), 0, 0);
}

static int dirty(struct scene *)
{
	drmModeClip clips[] = { { 0, 0, 16, 16 }, { 50, 50, 90, 70 } };

	return drmModeDirtyFB(card.fd, frames[0].fb, clips, ARRAY_SIZE(clips));
}

static int modeset(struct scene *)
{
	int ret = card_off(&card);

	return ret ? ret : card_show(&card, &mode, frames[0].fb, 0, 0, 0);
}

static int cursor(struct scene *)
{
	return done(drmModeSetCursor2(card.fd, card.crtc, pointer.handle, SIDE,
				      SIDE, 1, 1));
}

static int cursor_off(struct scene *)
{
	return done(drmModeSetCursor(card.fd, card.crtc, 0, 0, 0));
}

static int open_node(struct scene *scene)
{
	scene->fd = open(card.path, O_RDWR | O_CLOEXEC);
	return scene->fd < 0 ? -errno : 0;
}

/* Undoes what is there, faultlessly. */
static void strike(struct scene *scene)
{
	if (scene->map)
		munmap(scene->map, OBJECT_BYTES);
	if (scene->fb)
		drmModeRmFB(scene->node, scene->fb);
	/* An exported file whose number was not copied out is open, too. */
	for (int fd = first_fd; fd < first_fd + FILES_OF_A_TRY; fd++)
		close(fd);
}

/* The loop ------------------------------------------------------------------ */

static bool clean(int ret)
{
	return ret == 0 || ret == -ENOMEM || ret == -EFAULT;
}

/* Whether to go on with the next n. */
static bool try_nth(const struct faulty_call *call, unsigned int n,
		    unsigned int *failures)
{
	struct scene scene = { .node = open(card.path, O_RDWR | O_CLOEXEC),
			       .fd = -1 };
	bool met;
	int ret = scene.node < 0 ? -errno : 0;

	if (!ret && call->prepare)
		ret = call->prepare(&scene);
	if (!check(!ret, "before fault %u: %d", n, ret)) {
		strike(&scene);
		return false;
	}
	arm(n);
	ret = call->call(&scene);
	met = disarm();
	*failures += ret != 0;
	if (met)
		check(clean(ret), "fault %u: %d", n, ret);
	else
		check(!ret, "without a fault: %d", ret);
	strike(&scene);
	return met;
}

static void run_call(const void *arg)
{
	const struct faulty_call *call = arg;
	unsigned int n = 1, failures = 0;
	uint64_t bos = 0;

	if (fail_nth < 0) {
		ktap_skip(
			"no /proc/thread-self/fail-nth: this kernel has no fault injection");
		return;
	}
	modeset(NULL);
	counter_read(card.path, "bos", &bos);
	while (n < FAULTS_MAX && try_nth(call, n, &failures))
		n++;
	check(n < FAULTS_MAX, "still failing after %u faults", n);
	if (n == 1)
		ktap_skip("it allocates nothing that can fail");
	cursor_off(NULL);
	counter_check(card.path, "bos", bos);
	counter_check(card.path, "surfaces", 0);
	counter_check(card.path, "lost", 0);
	ktap_note("%s: %u fault points, %u failures", call->name, n - 1,
		  failures);
}

static void setup(void)
{
	card_open(&card);
	card_mode(&card, 640, 480, &mode);
	for (unsigned int i = 0; i < ARRAY_SIZE(frames); i++)
		if (dumb_frame(&frames[i], card.fd, 640, 480))
			ktap_bail("no frame: errno %d", errno);
	if (card_show(&card, &mode, frames[0].fb, 0, 0, 0))
		ktap_bail("no screen: errno %d", errno);
	if (dumb_create(&pointer, card.fd, SIDE, SIDE))
		ktap_bail("no cursor: errno %d", errno);
	zeroes = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	fail_nth = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (fail_nth >= 0)
		set_knobs();
	first_fd = dup(STDIN_FILENO);
	close(first_fd);
}

static const struct faulty_call calls[] = {
	{ "ALLOC", NULL, alloc },
	{ "ALLOC_SURF", NULL, alloc_surf },
	{ "MAP", alloc, map_offset },
	{ "UPDATE_AREA of a new surface", alloc_surf, update_area },
	{ "UPDATE_AREA again", alloc_surf_on_host, update_area },
	{ "EXECBUFFER on new surfaces", build_draws, execbuffer },
	{ "EXECBUFFER again", build_and_draw, execbuffer },
	{ "GETPARAM", NULL, getparam },
	{ "CLIENTCAP", NULL, clientcap },
	{ "CREATE_DUMB", NULL, create_dumb },
	{ "ADDFB", create_dumb, add_fb },
	{ "mmap", alloc, map_object },
	{ "page faults", alloc_and_map, fault_in },
	{ "PRIME export", create_dumb, export },
	{ "GEM_CLOSE of a surface on the host", alloc_surf_on_host, gem_close },
	{ "flip with damage", NULL, other_frame },
	{ "DIRTYFB", NULL, dirty },
	{ "cursor", NULL, cursor },
	{ "modeset", NULL, modeset },
	{ "open", NULL, open_node },
};

int main(void)
{
	struct ktap_case cases[ARRAY_SIZE(calls)] = {};

	for (unsigned int i = 0; i < ARRAY_SIZE(calls); i++) {
		cases[i].name = calls[i].name;
		cases[i].run_with = run_call;
		cases[i].arg = &calls[i];
	}
	return ktap_run(cases, ARRAY_SIZE(cases), setup);
}
