// SPDX-License-Identifier: GPL-2.0-only
/*
 * What can be seen from outside: debugfs, tracepoints, fdinfo and messages,
 * held against what the test did.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <qxl_drm.h>
#include <spice/enums.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xf86drm.h>

#include "card.h"
#include "counters.h"
#include "dumb.h"
#include "klog.h"
#include "ktap.h"
#include "object.h"
#include "trace.h"

#define SIDE 37
#define BYTES 45056 /* of no other object here */
#define MIB (UINT64_C(1) << 20)

static struct card card;

static void setup(void)
{
	card_open(&card);
}

/* debugfs -------------------------------------------------------------------- */

static FILE *debugfs_open(const char *name)
{
	const char *number = strpbrk(card.path, "0123456789");
	char file[96];

	snprintf(file, sizeof(file), "/sys/kernel/debug/dri/%s/%s", number, name);
	return fopen(file, "r");
}

/* Lines of a file that have all these words, in any place. */
static unsigned int lines_with(const char *name, const char *const words[],
			       unsigned int count)
{
	FILE *file = debugfs_open(name);
	unsigned int lines = 0;
	char line[256];

	if (!check(file, "no %s", name))
		return 0;
	while (fgets(line, sizeof(line), file)) {
		unsigned int found = 0;

		for (unsigned int i = 0; i < count; i++)
			found += strstr(line, words[i]) != NULL;
		lines += found == count;
	}
	fclose(file);
	return lines;
}

static void objects(void)
{
	static const char *const words[] = { "vram", " 45056 " };
	struct object object;
	int ret = object_alloc(&object, card.fd, BYTES);

	if (!check(!ret, "ALLOC: %d", ret))
		return;
	check(lines_with("qxl_bos", words, ARRAY_SIZE(words)) == 1,
	      "the object is not in qxl_bos");
	object_destroy(&object);
	check(lines_with("qxl_bos", words, ARRAY_SIZE(words)) == 0,
	      "the object is still in qxl_bos");
}

static void surfaces(void)
{
	/* width, height, stride, place */
	static const char *const words[] = { " 37 ", " 148 ", " surface " };
	struct surface surface;
	int ret = surface_alloc(&surface, card.fd, SPICE_SURFACE_FMT_32_xRGB,
				SIDE, SIDE, false);

	if (!check(!ret, "ALLOC_SURF: %d", ret))
		return;
	check(lines_with("qxl_surfaces", words, ARRAY_SIZE(words)) == 0,
	      "a surface that the host does not know is in qxl_surfaces");
	ret = surface_update(&surface);
	check(!ret, "UPDATE_AREA: %d", ret);
	check(lines_with("qxl_surfaces", words, ARRAY_SIZE(words)) == 1,
	      "the surface is not in qxl_surfaces");
	object_destroy(&surface.object);
	check(lines_with("qxl_surfaces", words, ARRAY_SIZE(words)) == 0,
	      "the surface is still in qxl_surfaces");
}

/* Each surface on the host has a slot set aside for its destroy command. */
static void slots(void)
{
	static struct surface surfaces[64];
	unsigned int count = 0;
	uint64_t used = 0;
	int ret = 0;

	for (; !ret && count < ARRAY_SIZE(surfaces); count++)
		ret = surface_alloc_on_host(&surfaces[count], card.fd,
					    SPICE_SURFACE_FMT_32_xRGB, SIDE,
					    SIDE, false);
	check(!ret, "surface %u on the host: %d", count, ret);
	if (check(counter_read(card.path, "release_slots", &used), "no counter"))
		check(used >= ARRAY_SIZE(surfaces), "%" PRIu64 " slots", used);
	while (count-- > 0)
		object_destroy(&surfaces[count].object);
	counter_check(card.path, "command_ring_used", 0);
}

/* Tracepoints ---------------------------------------------------------------- */

static void tracing(void (*act)(void))
{
	if (trace_start())
		act();
	else
		ktap_skip("this kernel has no tracepoints of the driver");
}

static void show_and_flip(void)
{
	static const struct drm_mode_rect clip = { 20, 30, 60, 80 };
	drmModeModeInfo mode;
	struct dumb frame;
	int ret = dumb_frame(&frame, card.fd, 640, 480);

	card_mode(&card, 640, 480, &mode);
	if (!ret)
		ret = card_show(&card, &mode, frame.fb, 0, 0, 0);
	if (!ret)
		ret = card_update(&card, frame.fb, &clip, 1, 0, 0);
	check(!ret, "to show something: %d", ret);
	check(trace_count("qxl_present", "rects=1 first=40x50+20+30") == 1,
	      "the damage was not traced");
	check(trace_count("qxl_submit", "type=draw") >= 2, "no draws");
	check(trace_count("qxl_lost", NULL) == 0, "a loss");
	dumb_destroy(&frame);
}

static void presents(void)
{
	tracing(show_and_flip);
}

/* What is released was submitted, and as often. */
static void create_and_close(void)
{
	struct surface surface;
	uint64_t pending = 1;
	int ret = surface_alloc_on_host(&surface, card.fd,
					SPICE_SURFACE_FMT_32_xRGB, SIDE, SIDE,
					false);

	check(!ret, "a surface on the host: %d", ret);
	object_destroy(&surface.object);
	/* the host gives ids back in bunches; more of them push it on */
	for (int i = 0; pending && i < 50; i++) {
		surface_alloc_on_host(&surface, card.fd,
				      SPICE_SURFACE_FMT_32_xRGB, 8, 8, false);
		object_destroy(&surface.object);
		counter_read(card.path, "surfaces", &pending);
	}
	check(trace_count("qxl_evict", "size=37x37") == 1, "no eviction");
	check(trace_count("qxl_submit", "type=surface") >= 2,
	      "create and destroy were not traced");
	check(trace_count("qxl_release", "error=0") >= 1, "no release");
	check(trace_count("qxl_release", "error=-") == 0, "failed releases");
}

static void surface_events(void)
{
	tracing(create_and_close);
}

static void crowd(void)
{
	struct drm_qxl_getparam args = { .param = QXL_PARAM_NUM_SURFACES };
	struct surface *crowded;
	uint64_t count = 0, wanted;
	int ret = drmIoctl(card.fd, DRM_IOCTL_QXL_GETPARAM, &args);

	wanted = args.value + 8;
	crowded = calloc(wanted, sizeof(*crowded));
	if (!check(!ret && crowded, "errno %d", errno))
		return;
	for (; !ret && count < wanted; count++)
		ret = surface_alloc_on_host(&crowded[count], card.fd,
					    SPICE_SURFACE_FMT_32_xRGB, 8, 8,
					    false);
	check(!ret, "surface %" PRIu64 ": %d", count, ret);
	while (count-- > 0)
		object_destroy(&crowded[count].object);
	free(crowded);
	check(trace_count("qxl_reap", "size=8x8") >= 8, "nothing was reaped");
}

static void reaping(void)
{
	tracing(crowd);
}

/* fdinfo --------------------------------------------------------------------- */

/* A "drm-...:" line's number, in bytes. False: there is none. */
static bool fdinfo_read(const char *key, uint64_t *bytes)
{
	char path[64], line[256], unit[8] = "";
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", card.fd);
	file = fopen(path, "r");
	if (!file)
		return false;
	while (!found && fgets(line, sizeof(line), file))
		found = !strncmp(line, key, strlen(key)) &&
			sscanf(line + strlen(key), ": %" SCNu64 " %7s", bytes,
			       unit) >= 1;
	fclose(file);
	if (!strcmp(unit, "KiB"))
		*bytes <<= 10;
	else if (!strcmp(unit, "MiB"))
		*bytes <<= 20;
	return found;
}

static void fdinfo(void)
{
	uint64_t before = 0, during = 0;
	struct object object;
	int ret;

	if (!fdinfo_read("drm-total-memory", &before)) {
		ktap_skip("this kernel's fdinfo says nothing of memory");
		return;
	}
	ret = object_alloc(&object, card.fd, MIB);
	if (!check(!ret, "ALLOC: %d", ret))
		return;
	check(fdinfo_read("drm-total-memory", &during) && during == before + MIB,
	      "%" PRIu64 " bytes, not %" PRIu64, during, before + MIB);
	object_destroy(&object);
}

/* Messages ------------------------------------------------------------------- */

/* -EINVAL, and the kernel's log has @part. */
static void check_refused(uint32_t width, uint32_t height, const char *part)
{
	int log = klog_open();
	drmModeModeInfo mode;
	struct dumb frame;
	int ret = dumb_frame(&frame, card.fd, width, height);

	if (!check(log >= 0, "kmsg: errno %d", errno))
		return;
	card_mode(&card, width, height, &mode);
	if (check(!ret, "dumb buffer: %d", ret)) {
		ret = card_show(&card, &mode, frame.fb, 0, 0, 0);
		check(ret == -EINVAL, "%ux%u: %d", width, height, ret);
		check(klog_has(log, part), "not said: %s", part);
		dumb_destroy(&frame);
	}
	close(log);
}

static void too_large_a_mode(void)
{
	check_refused(
		8192, 4096,
		"needs 128 MiB, vgamem is 16: start QEMU with vgamem_mb=128,ram_size_mb=512");
	check_refused(16384, 4352,
		      "needs 272 MiB, more than any vgamem_mb of QEMU");
}

static const struct ktap_case cases[] = {
	{ .name = "objects", .run = objects },
	{ .name = "surfaces", .run = surfaces },
	{ .name = "release slots and rings", .run = slots },
	{ .name = "tracing a present", .run = presents },
	{ .name = "tracing a surface", .run = surface_events },
	{ .name = "tracing a reap", .run = reaping },
	{ .name = "fdinfo", .run = fdinfo },
	{ .name = "a mode that does not fit", .run = too_large_a_mode },
};

int main(void)
{
	return ktap_run(cases, ARRAY_SIZE(cases), setup);
}
