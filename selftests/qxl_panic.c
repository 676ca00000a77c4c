// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lights a screen and makes the kernel panic: what heads show then is for the host
 * to see (vm/panic). No test of kselftest, for the machine does not survive it.
 *
 * usage: qxl_panic still|heads|surface SCREEN
 *
 * still: one head and a pointer. heads: two heads, to which another process presents
 * without a pause. surface: a surface is the primary, on which another process draws
 * without a pause. SCREEN: what drm_panic is to draw: user, kmsg, qr_code.
 */
#define _GNU_SOURCE /* CPU_SET */
#include <drm_fourcc.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spice/enums.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "card.h"
#include "dumb.h"
#include "exec.h"
#include "host.h"
#include "ktap.h"
#include "mode.h"

#define WIDTH 1024
#define HEIGHT 768
#define HEADS 2
#define HEAD_WIDTH 640
#define HEAD_HEIGHT 480
#define SURFACE_WIDTH 800
#define SURFACE_HEIGHT 600
#define POINTER 64
#define SEED 90
#define BUSY_US 500000

struct scene {
	const char *name;
	void (*light)(void);
	void (*keep_busy)(uint32_t round); /* or NULL; one round of it */
};

static const char *screen;
static const struct scene *scene;
static struct card card;
static struct dumb frame;
static struct dumb pointer;
static struct surface surface;

static int write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t length = strlen(text);
	ssize_t written;

	if (fd < 0)
		return -errno;
	written = write(fd, text, length);
	close(fd);
	return written == length ? 0 : -EIO;
}

/* Scenes --------------------------------------------------------------------- */

static bool make_frame(uint32_t width, uint32_t height)
{
	struct picture picture;
	int ret = dumb_frame(&frame, card.fd, width, height);

	if (!check(!ret, "frame: %d", ret))
		return false;
	picture = dumb_picture(&frame);
	pattern_draw(&picture, SEED);
	return true;
}

static void show_pointer(void)
{
	drmModeAtomicReq *request = drmModeAtomicAlloc();
	int ret = dumb_create(&pointer, card.fd, POINTER, POINTER);

	if (!ret)
		ret = dumb_map(&pointer);
	if (!ret)
		ret = dumb_add_fb(&pointer, DRM_FORMAT_ARGB8888);
	if (!ret) {
		memset(pointer.map, 0xff, pointer.size);
		card_add_plane(&card, request, &card.cursor, pointer.fb, 20, 20,
			       POINTER, POINTER);
		ret = card_commit(&card, request, 0, 0);
	}
	check(!ret, "pointer: %d", ret);
	drmModeAtomicFree(request);
	host_check_cursor("shown %u %u 0 0", POINTER, POINTER);
}

static void light_still(void)
{
	drmModeModeInfo mode;
	int ret;

	if (!make_frame(WIDTH, HEIGHT))
		return;
	card_mode(&card, WIDTH, HEIGHT, &mode);
	ret = card_show(&card, &mode, frame.fb, 0, 0, 0);
	check(!ret, "show: %d", ret);
	show_pointer();
	host_check_picture("panic-still", WIDTH, HEIGHT, "qxl_pattern %u %u %u",
			   WIDTH, HEIGHT, SEED);
}

static void light_heads(void)
{
	drmModeRes *resources = drmModeGetResources(card.fd);
	drmModeModeInfo mode;

	if (!check(resources && resources->count_crtcs >= HEADS, "no heads") ||
	    !make_frame(HEADS * HEAD_WIDTH, HEAD_HEIGHT))
		return;
	mode_make(&mode, HEAD_WIDTH, HEAD_HEIGHT, 60);
	for (int i = 0; i < HEADS; i++) {
		int ret = drmModeSetCrtc(card.fd, resources->crtcs[i], frame.fb,
					 i * HEAD_WIDTH, 0,
					 &resources->connectors[i], 1, &mode);

		check(!ret, "head %d: %d", i, ret);
	}
	drmModeFreeResources(resources);
	host_check_picture("panic-heads", HEADS * HEAD_WIDTH, HEAD_HEIGHT,
			   "qxl_pattern %u %u %u", HEADS * HEAD_WIDTH,
			   HEAD_HEIGHT, SEED);
}

static void present(uint32_t round)
{
	struct picture picture = dumb_picture(&frame);

	pattern_draw(&picture, SEED + round % 2);
	drmModeDirtyFB(card.fd, frame.fb, NULL, 0);
}

static void light_surface(void)
{
	uint32_t connector = card.connector->connector_id;
	struct picture picture;
	drmModeModeInfo mode;
	uint32_t fb = 0;
	int ret = surface_alloc(&surface, card.fd, SPICE_SURFACE_FMT_32_xRGB,
				SURFACE_WIDTH, SURFACE_HEIGHT, false);

	if (!ret)
		ret = drmModeAddFB(card.fd, SURFACE_WIDTH, SURFACE_HEIGHT, 24,
				   32, SURFACE_WIDTH * 4, surface.object.handle,
				   &fb);
	if (!check(!ret, "surface: %d", ret))
		return;
	picture = (struct picture){ .pixels = surface.object.map,
				    .pitch = SURFACE_WIDTH,
				    .width = SURFACE_WIDTH,
				    .height = SURFACE_HEIGHT };
	pattern_draw(&picture, SEED);
	mode_make(&mode, SURFACE_WIDTH, SURFACE_HEIGHT, 60);
	ret = drmModeSetCrtc(card.fd, card.crtc, fb, 0, 0, &connector, 1, &mode);
	check(!ret, "show: %d", ret);
	host_check_picture("panic-surface", SURFACE_WIDTH, SURFACE_HEIGHT,
			   "qxl_pattern %u %u %u", SURFACE_WIDTH,
			   SURFACE_HEIGHT, SEED);
}

/* Overlapping, so that the host cannot leave any of them out. */
static void fill(uint32_t round)
{
	struct drm_mode_rect area = { .x1 = round % 400,
				      .y1 = round % 300,
				      .x2 = round % 400 + 300,
				      .y2 = round % 300 + 200 };
	struct exec_draw draw;

	exec_fill(&draw, &surface, &area, round * 2654435761u & 0xffffff);
	exec_send(card.fd, &draw, 1);
}

static const struct scene scenes[] = {
	{ "still", light_still, NULL },
	{ "heads", light_heads, present },
	{ "surface", light_surface, fill },
};

/* Cases ------------------------------------------------------------------------ */

static void setup(void)
{
	static const char parameter[] = "/sys/module/drm/parameters/panic_screen";
	int ret;

	if (access(parameter, F_OK))
		ktap_skip_all("this kernel's DRM has no panic screen");
	ret = write_text(parameter, screen);
	if (ret)
		ktap_bail("%s: %d", parameter, ret);
	card_open(&card);
}

static void is_lit(void)
{
	scene->light();
}

static void pin_to(int processor)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(processor, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		ktap_note("processor %d: errno %d", processor, errno);
}

static void start_busy_process(void)
{
	pid_t child = fork();

	if (child < 0)
		ktap_bail("fork: errno %d", errno);
	if (child)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	pin_to(1);
	for (uint32_t round = 1;; round++)
		scene->keep_busy(round);
}

/* Returns only when there was no panic. */
static void panics(void)
{
	int ret;

	if (scene->keep_busy) {
		start_busy_process();
		pin_to(0);
		usleep(BUSY_US);
	}
	ret = write_text("/proc/sysrq-trigger", "c");
	check(false, "the kernel is still there: %d", ret);
}

static const struct ktap_case cases[] = {
	{ .name = "the screen is lit", .run = is_lit },
	{ .name = "panics", .run = panics },
};

int main(int argc, char **argv)
{
	for (unsigned int i = 0; argc == 3 && i < ARRAY_SIZE(scenes); i++)
		if (!strcmp(argv[1], scenes[i].name))
			scene = &scenes[i];
	if (!scene) {
		fprintf(stderr, "usage: qxl_panic still|heads|surface SCREEN\n");
		return 2;
	}
	screen = argv[2];
	return ktap_run(cases, ARRAY_SIZE(cases), setup);
}
