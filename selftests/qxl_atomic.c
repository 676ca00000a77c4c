// SPDX-License-Identifier: GPL-2.0-only
/*
 * Atomic commits: those that only test change nothing, wrong ones say what is
 * wrong, and those that do not block do not.
 */
#include <drm_fourcc.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xf86drm.h>
#include <unistd.h>

#include "card.h"
#include "clock.h"
#include "counters.h"
#include "dumb.h"
#include "host.h"
#include "ktap.h"
#include "mode.h"

#define HEADS 4
#define WIDTH 640
#define HEIGHT 480
#define SEED 120
#define ROUNDS 20
#define SNAPSHOT_MAX (128 * 1024)
#define EVENT_MS 20000
/* A frame has reached the host by then, and its blanking is far away. */
#define SHOWN_MS 300

static struct card card;
static struct card heads[HEADS];
static unsigned int count;
static struct dumb screen, other, large, image, large_image;

static void make(struct dumb *dumb, uint32_t width, uint32_t height)
{
	int ret = dumb_frame(dumb, card.fd, width, height);

	if (ret)
		ktap_bail("framebuffer %ux%u: %d", width, height, ret);
}

static void make_image(struct dumb *dumb, uint32_t side)
{
	int ret = dumb_create(dumb, card.fd, side, side);

	if (!ret)
		ret = dumb_add_fb(dumb, DRM_FORMAT_ARGB8888);
	if (ret)
		ktap_bail("image of %u: %d", side, ret);
}

static void show(void)
{
	drmModeModeInfo mode;
	int ret;

	mode_make(&mode, WIDTH, HEIGHT, 60);
	ret = card_show(&heads[0], &mode, screen.fb, 0, 0, 0);
	if (ret)
		ktap_bail("modeset: %d", ret);
}

static void setup(void)
{
	struct picture picture;

	card_open(&card);
	while (count < HEADS && !card_open_head(&card, count, &heads[count]))
		count++;
	make(&screen, WIDTH, HEIGHT);
	make(&other, WIDTH, HEIGHT);
	make(&large, 1920, 1080);
	make_image(&image, 64);
	make_image(&large_image, 65);
	picture = dumb_picture(&screen);
	pattern_draw(&picture, SEED);
	for (unsigned int i = 0; i < count; i++)
		card_off(&heads[i]);
	show();
}

/* What is tested ---------------------------------------------------------- */

/*
 * A request that "add" fills. Blobs that it creates stay for the life of the
 * file, which is short.
 */
struct request {
	const char *name;
	void (*add)(drmModeAtomicReq *request);
	uint32_t flags;     /* of the commit, with those that only test */
	int wanted;         /* 0 or a negative errno */
	unsigned int heads; /* that it needs */
};

static void add_property(drmModeAtomicReq *request, uint32_t object,
			 uint32_t property, uint64_t value)
{
	drmModeAtomicAddProperty(request, object, property, value);
}

static void add_mode(drmModeAtomicReq *request, unsigned int i, uint32_t width,
		     uint32_t height, uint32_t fb)
{
	drmModeModeInfo mode;
	uint32_t blob;
	int ret;

	mode_make(&mode, width, height, 60);
	ret = card_add_show(&heads[i], request, &mode, fb, 0, 0, &blob);
	check(!ret, "mode blob: %d", ret);
}

static void add_flip(drmModeAtomicReq *request)
{
	add_property(request, heads[0].primary.id, heads[0].primary.fb_id,
		     other.fb);
}

static void add_modeset(drmModeAtomicReq *request)
{
	add_mode(request, 0, 800, 600, large.fb);
}

static void add_all_on(drmModeAtomicReq *request)
{
	for (unsigned int i = 0; i < count; i++)
		add_mode(request, i, 800, 600, large.fb);
}

static void add_all_off(drmModeAtomicReq *request)
{
	for (unsigned int i = 0; i < count; i++)
		card_add_off(&heads[i], request);
}

static void add_inactive(drmModeAtomicReq *request)
{
	add_property(request, heads[0].crtc, heads[0].crtc_active, 0);
}

static void add_too_large_together(drmModeAtomicReq *request)
{
	for (unsigned int i = 0; i < 3; i++)
		add_mode(request, i, 1920, 1080, large.fb);
}

static void add_foreign_connector(drmModeAtomicReq *request)
{
	add_property(request, heads[1].connector->connector_id,
		     heads[1].connector_crtc_id, heads[0].crtc);
}

/* No CRTC has a part in this: the head is off. */
static void add_connector_off(drmModeAtomicReq *request)
{
	add_property(request, heads[1].connector->connector_id,
		     heads[1].connector_crtc_id, 0);
}

static void add_foreign_plane(drmModeAtomicReq *request)
{
	add_property(request, heads[1].primary.id, heads[1].primary.fb_id,
		     screen.fb);
	add_property(request, heads[1].primary.id, heads[1].primary.crtc_id,
		     heads[0].crtc);
}

static void add_pointer(drmModeAtomicReq *request)
{
	card_add_plane(&heads[0], request, &heads[0].cursor, image.fb, 9, 9, 64,
		       64);
}

static void add_large_pointer(drmModeAtomicReq *request)
{
	card_add_plane(&heads[0], request, &heads[0].cursor, large_image.fb, 9,
		       9, 65, 65);
}

static void add_xrgb_pointer(drmModeAtomicReq *request)
{
	card_add_plane(&heads[0], request, &heads[0].cursor, screen.fb, 0, 0,
		       64, 64);
}

static void add_scaled(drmModeAtomicReq *request)
{
	const struct plane *plane = &heads[0].primary;

	add_property(request, plane->id, plane->src_w, (WIDTH / 2) << 16);
	add_property(request, plane->id, plane->src_h, (HEIGHT / 2) << 16);
}

static void add_not_covering(drmModeAtomicReq *request)
{
	card_add_plane(&heads[0], request, &heads[0].primary, screen.fb, 10, 0,
		       WIDTH, HEIGHT);
}

static void add_beyond_the_framebuffer(drmModeAtomicReq *request)
{
	add_property(request, heads[0].primary.id, heads[0].primary.src_x,
		     1 << 16);
}

static void add_half_a_plane(drmModeAtomicReq *request)
{
	add_property(request, heads[0].primary.id, heads[0].primary.fb_id, 0);
}

static void add_unknown_framebuffer(drmModeAtomicReq *request)
{
	add_property(request, heads[0].primary.id, heads[0].primary.fb_id,
		     0xdead);
}

static void add_foreign_property(drmModeAtomicReq *request)
{
	add_property(request, heads[0].crtc, heads[0].primary.fb_id, screen.fb);
}

static void add_unknown_object(drmModeAtomicReq *request)
{
	add_property(request, 0xdead, heads[0].primary.fb_id, screen.fb);
}

#define MODESET DRM_MODE_ATOMIC_ALLOW_MODESET

static const struct request good[] = {
	{ "a flip", add_flip, 0, 0, 1 },
	{ "a mode", add_modeset, MODESET, 0, 1 },
	{ "all heads on", add_all_on, MODESET, 0, 1 },
	{ "all heads off", add_all_off, MODESET, 0, 1 },
	{ "asleep", add_inactive, MODESET, 0, 1 },
	{ "a pointer", add_pointer, 0, 0, 1 },
};

static const struct request bad[] = {
	{ "a mode, not allowed", add_modeset, 0, -EINVAL, 1 },
	{ "too large together", add_too_large_together, MODESET, -EINVAL, 3 },
	{ "another head's connector", add_foreign_connector, MODESET, -EINVAL,
	  2 },
	{ "another head's plane", add_foreign_plane, MODESET, -EINVAL, 2 },
	{ "a pointer of 65x65", add_large_pointer, 0, -EINVAL, 1 },
	{ "a pointer without alpha", add_xrgb_pointer, 0, -EINVAL, 1 },
	{ "scaled", add_scaled, 0, -ERANGE, 1 },
	{ "not covering the head", add_not_covering, 0, -EINVAL, 1 },
	{ "beyond the framebuffer", add_beyond_the_framebuffer, 0, -ENOSPC, 1 },
	{ "a plane with a CRTC and nothing on it", add_half_a_plane, 0, -EINVAL,
	  1 },
	{ "no such framebuffer", add_unknown_framebuffer, 0, -EINVAL, 1 },
	{ "a plane's property of a CRTC", add_foreign_property, 0, -ENOENT, 1 },
	{ "no such object", add_unknown_object, 0, -ENOENT, 1 },
	{ "an event, without a head", add_connector_off,
	  DRM_MODE_PAGE_FLIP_EVENT, -EINVAL, 2 },
	{ "flags that there are not", add_flip, 0x80000, -EINVAL, 1 },
	{ "an immediate flip", add_flip, DRM_MODE_PAGE_FLIP_ASYNC, -EINVAL, 1 },
};

static void try_request(const struct request *request, uint32_t flags)
{
	drmModeAtomicReq *atomic = drmModeAtomicAlloc();
	int ret;

	if (request->heads <= count) {
		request->add(atomic);
		ret = card_commit(&card, atomic, request->flags | flags, 0);
		check(ret == request->wanted, "%s: %d, not %d", request->name,
		      ret, request->wanted);
	}
	drmModeAtomicFree(atomic);
}

/* Nothing has changed ----------------------------------------------------- */

struct snapshot {
	char state[SNAPSHOT_MAX]; /* as DRM prints all objects */
	char bos[SNAPSHOT_MAX];   /* places, pins, mappings */
	uint64_t commands;
	uint64_t cursor_commands;
};

static void read_debugfs(const char *name, char *text)
{
	char path[96];
	size_t length = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/sys/kernel/debug/dri/%s/%s",
		 strpbrk(card.path, "0123456789"), name);
	file = fopen(path, "r");
	if (check(file, "%s: errno %d", path, errno)) {
		length = fread(text, 1, SNAPSHOT_MAX - 1, file);
		fclose(file);
		check(length, "%s is empty", path);
	}
	text[length] = '\0';
}

static void take(struct snapshot *snapshot)
{
	read_debugfs("state", snapshot->state);
	read_debugfs("qxl_bos", snapshot->bos);
	check(counter_read(card.path, "commands", &snapshot->commands) &&
		      counter_read(card.path, "cursor_commands",
				   &snapshot->cursor_commands),
	      "no counters");
}

static void check_same(const struct snapshot *a, const struct snapshot *b,
		       const char *after)
{
	check(!strcmp(a->state, b->state), "%s: DRM's state is another", after);
	check(!strcmp(a->bos, b->bos), "%s: buffers, before:\n%s, after:\n%s",
	      after, a->bos, b->bos);
	check(a->commands == b->commands &&
		      a->cursor_commands == b->cursor_commands,
	      "%s: the device was sent %" PRIu64 " + %" PRIu64 " commands",
	      after, b->commands - a->commands,
	      b->cursor_commands - a->cursor_commands);
}

static void check_picture(const char *name)
{
	host_check_picture(name, WIDTH, HEIGHT, "qxl_pattern %u %u %u", WIDTH,
			   HEIGHT, SEED);
}

static struct snapshot *snapshots; /* two of them */

static void tests_change_nothing(void)
{
	take(&snapshots[0]);
	for (int round = 0; round < ROUNDS; round++) {
		for (unsigned int i = 0; i < ARRAY_SIZE(good); i++)
			try_request(&good[i], DRM_MODE_ATOMIC_TEST_ONLY);
		for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++)
			try_request(&bad[i], DRM_MODE_ATOMIC_TEST_ONLY);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(good); i++)
		try_request(&good[i], DRM_MODE_ATOMIC_TEST_ONLY |
					      DRM_MODE_ATOMIC_NONBLOCK);
	take(&snapshots[1]);
	check_same(&snapshots[0], &snapshots[1], "after tests");
	check_picture("atomic-tests");
}

static void refused_ones_change_nothing(void)
{
	take(&snapshots[0]);
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++)
		try_request(&bad[i], 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++)
		try_request(&bad[i], DRM_MODE_ATOMIC_NONBLOCK);
	take(&snapshots[1]);
	check_same(&snapshots[0], &snapshots[1], "after refusals");
	check_picture("atomic-refused");
}

/* Without blocking -------------------------------------------------------- */

static int flip_to(uint32_t fb, uint32_t flags, uint64_t user_data)
{
	struct card_flip flip = {
		.fb = fb,
		.in_fence = -1,
		.flags = flags,
		.user_data = user_data,
	};

	return card_flip(&heads[0], &flip);
}

#define NONBLOCK (DRM_MODE_ATOMIC_NONBLOCK | DRM_MODE_PAGE_FLIP_EVENT)

static void await_flip(uint64_t user_data)
{
	struct card_event event = { 0 };
	int ret = card_wait_event(&card, &event, EVENT_MS);

	check(!ret && event.user_data == user_data,
	      "event of %" PRIu64 ": %d, of %" PRIu64, user_data, ret,
	      event.user_data);
}

static void check_no_event(const char *when)
{
	struct card_event event;
	int ret = card_wait_event(&card, &event, 0);

	check(ret == -ETIMEDOUT, "an event %s: %d", when, ret);
}

/* While a flip is pending nobody gets ahead of it. */
static void busy_while_pending(void)
{
	static const struct request pointer = { "a pointer", add_pointer,
						DRM_MODE_ATOMIC_NONBLOCK,
						-EBUSY, 1 };
	static const struct request mode = { "a mode", add_modeset,
					     MODESET | DRM_MODE_ATOMIC_NONBLOCK,
					     -EBUSY, 1 };
	drmModeModeInfo slow;
	int64_t start;
	int ret;

	mode_make_slow(&slow, WIDTH, HEIGHT);
	ret = card_show(&heads[0], &slow, screen.fb, 0, 0, 0);
	check(!ret, "slow mode: %d", ret);
	/* from one blanking to the next */
	ret = flip_to(screen.fb, NONBLOCK, 1);
	check(!ret, "first flip: %d", ret);
	await_flip(1);
	start = now_us();
	ret = flip_to(other.fb, NONBLOCK, 2);
	check(!ret, "second flip: %d", ret);
	/* its pixels are with the host long before its blanking */
	usleep(SHOWN_MS * 1000);
	ret = flip_to(screen.fb, NONBLOCK, 3);
	check(ret == -EBUSY, "flip while one is pending: %d", ret);
	ret = drmModePageFlip(card.fd, heads[0].crtc, screen.fb,
			      DRM_MODE_PAGE_FLIP_EVENT, NULL);
	check(ret == -EBUSY, "legacy flip while one is pending: %d", ret);
	try_request(&pointer, 0);
	try_request(&mode, 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(good); i++)
		try_request(&good[i], DRM_MODE_ATOMIC_TEST_ONLY |
					      DRM_MODE_ATOMIC_NONBLOCK);
	check_no_event("before its blanking");
	ktap_note("%lld us for all of this while a flip was pending",
		  (long long)(now_us() - start));
	/* one that may block is in order: it comes after the flip */
	ret = flip_to(screen.fb, 0, 0);
	check(!ret, "blocking flip: %d", ret);
	await_flip(2);
	check_no_event("that nobody asked for");
	show();
	check_picture("atomic-pending");
}

static const struct ktap_case cases[] = {
	{ .name = "tests change nothing", .run = tests_change_nothing },
	{ .name = "what is refused changes nothing",
	  .run = refused_ones_change_nothing },
	{ .name = "busy while a flip is pending", .run = busy_while_pending },
};

int main(void)
{
	int status;

	snapshots = calloc(2, sizeof(*snapshots));
	if (!snapshots)
		ktap_bail("no memory");
	status = ktap_run(cases, ARRAY_SIZE(cases), setup);
	for (unsigned int i = 0; i < count; i++) {
		card_off(&heads[i]);
		card_close_head(&heads[i]);
	}
	dumb_destroy(&large_image);
	dumb_destroy(&image);
	dumb_destroy(&large);
	dumb_destroy(&other);
	dumb_destroy(&screen);
	card_close(&card);
	free(snapshots);
	return status;
}
