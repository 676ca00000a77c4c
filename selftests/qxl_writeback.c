// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writeback connectors: a framebuffer gets what the host shows of a CRTC, pixel
 * for pixel, after the commit that asks for it.
 */
#include <drm_fourcc.h>
#include <errno.h>
#include <inttypes.h>
#include <spice/enums.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <xf86drm.h>

#include "card.h"
#include "counters.h"
#include "dumb.h"
#include "exec.h"
#include "fence.h"
#include "heads.h"
#include "host.h"
#include "ktap.h"
#include "pattern.h"
#include "writeback.h"

#define WIDTH 640
#define HEIGHT 480
#define FENCE_MS 10000
#define HEADS_MAX 4
#define GUARD 0x5aa5a55a

static const struct drm_mode_rect all = { 0, 0, WIDTH, HEIGHT };

static struct card card;
static drmModeModeInfo mode;
static struct dumb frame, target;
static struct writeback writeback;
static uint64_t bos_before;

static void setup(void)
{
	card_open(&card);
	card_mode(&card, WIDTH, HEIGHT, &mode);
	counter_read(card.path, "bos", &bos_before);
	if (dumb_frame(&frame, card.fd, WIDTH, HEIGHT) ||
	    dumb_frame(&target, card.fd, WIDTH, HEIGHT))
		ktap_bail("no frame: errno %d", errno);
}

/* Commits ------------------------------------------------------------------------ */

/* What a commit asks for; 0 and NULL leave the property alone. */
struct request {
	uint32_t fb;
	uint32_t shown; /* on the primary plane */
	int32_t *fence;
	uint32_t flags;
	bool attach;
	bool detach;
	bool no_fb; /* says so */
};

static int commit(const struct request *request)
{
	drmModeAtomicReq *req = drmModeAtomicAlloc();
	int ret;

	if (request->shown)
		card_add_plane(&card, req, &card.primary, request->shown, 0, 0,
			       WIDTH, HEIGHT);
	if (request->attach || request->detach)
		drmModeAtomicAddProperty(req, writeback.id, writeback.crtc_id,
					 request->attach ? card.crtc : 0);
	if (request->fb || request->no_fb)
		drmModeAtomicAddProperty(req, writeback.id, writeback.fb_id,
					 request->fb);
	if (request->fence)
		drmModeAtomicAddProperty(req, writeback.id, writeback.out_fence,
					 (uintptr_t)request->fence);
	ret = card_commit(&card, req, request->flags, 0);
	drmModeAtomicFree(req);
	return ret;
}

static const struct request attach = { .attach = true };

/* Waits for the fence and gives it back; the error that it signals, or another. */
static int wait_for(int fence)
{
	struct sync_fence_info info;
	int ret = fence_state(fence, FENCE_MS);

	if (ret == 1)
		ret = fence_info(fence, &info) ? info.status : -EIO;
	else if (!ret)
		ret = -ETIMEDOUT;
	close(fence);
	return ret == 1 ? 0 : ret;
}

static void clear(void)
{
	uint32_t *words = target.map;

	for (uint64_t i = 0; i < target.size / sizeof(*words); i++)
		words[i] = GUARD;
}

/* The commit with a writeback of the CRTC into the target. */
static bool write_back(const struct request *asked, const char *what)
{
	struct request request = *asked;
	int32_t fence = -1;
	int ret;

	clear();
	request.fb = target.fb;
	request.fence = &fence;
	ret = commit(&request);
	if (!check(!ret && fence >= 0, "%s: %d, fence %d", what, ret, fence))
		return false;
	ret = wait_for(fence);
	return check(!ret, "%s: fence: %d", what, ret);
}

/* The target has a part of a picture, with nothing in the unused byte. */
static void check_target(const struct picture *want, uint32_t x, const char *what)
{
	struct picture got = dumb_picture(&target);
	uint64_t differences = 0;

	for (uint32_t y = 0; y < got.height; y++)
		for (uint32_t i = 0; i < got.width; i++)
			differences +=
				got.pixels[(uint64_t)y * got.pitch + i] !=
				(want->pixels[(uint64_t)y * want->pitch + x + i] &
				 0xffffff);
	check(!differences, "%s: %" PRIu64 " pixels differ", what, differences);
}

static void show_pattern(uint32_t seed)
{
	struct picture picture = dumb_picture(&frame);
	int ret;

	pattern_draw(&picture, seed);
	ret = card_show(&card, &mode, frame.fb, 0, 0, 0);
	check(!ret, "show: %d", ret);
}

/* Cases -------------------------------------------------------------------------- */

/* Compositors that have not asked must not find another monitor. */
static void only_for_who_asks(void)
{
	struct head heads[HEADS_MAX];
	unsigned int count = heads_find(&card, heads, HEADS_MAX);
	unsigned int found = writeback_find(&card, card.crtc_index, &writeback);
	int ret;

	check(!found, "%u before anybody asked", found);
	ret = drmSetClientCap(card.fd, DRM_CLIENT_CAP_WRITEBACK_CONNECTORS, 1);
	check(!ret, "client cap: errno %d", errno);
	found = writeback_find(&card, card.crtc_index, &writeback);
	check(found >= count, "%u for %u heads", found, count);
	if (!writeback.id)
		ktap_bail("no writeback connector");
}

static void formats(void)
{
	drmModePropertyBlobRes *blob;
	uint64_t id = 0;

	card_find_property(&card, writeback.id, DRM_MODE_OBJECT_CONNECTOR,
			   "WRITEBACK_PIXEL_FORMATS", &id);
	blob = drmModeGetPropertyBlob(card.fd, id);
	if (check(blob && blob->length >= 4, "no formats"))
		check(*(uint32_t *)blob->data == DRM_FORMAT_XRGB8888,
		      "the first is %08x", *(uint32_t *)blob->data);
	drmModeFreePropertyBlob(blob);
}

/* Without a modeset: nobody sees that somebody looks. */
static void a_pattern(void)
{
	struct picture picture = dumb_picture(&frame);
	uint64_t before = 0, after = 0;

	show_pattern(51);
	counter_read(card.path, "commands", &before);
	if (!write_back(&attach, "attach"))
		return;
	check_target(&picture, 0, "attached");
	counter_read(card.path, "commands", &after);
	check(after == before, "%" PRIu64 " commands for the host",
	      after - before);
	host_check_picture("writeback-attached", WIDTH, HEIGHT,
			   "qxl_pattern %u %u 51", WIDTH, HEIGHT);
}

/* What a commit brings is in its own writeback. */
static void with_a_flip(void)
{
	struct request request = {};
	struct picture picture;
	struct dumb next;
	int ret = dumb_frame(&next, card.fd, WIDTH, HEIGHT);

	if (!check(!ret, "frame: %d", ret))
		return;
	picture = dumb_picture(&next);
	pattern_draw(&picture, 52);
	request.shown = next.fb;
	if (write_back(&request, "flip"))
		check_target(&picture, 0, "flipped");
	pattern_draw(&picture, 53);
	request.flags = DRM_MODE_ATOMIC_NONBLOCK;
	if (write_back(&request, "nonblocking"))
		check_target(&picture, 0, "nonblocking");
	/* no fence: done when the commit is */
	pattern_draw(&picture, 54);
	clear();
	ret = commit(&(struct request){ .shown = next.fb, .fb = target.fb });
	check(!ret, "without a fence: %d", ret);
	check_target(&picture, 0, "without a fence");
	ret = commit(&(struct request){ .shown = frame.fb });
	check(!ret, "back: %d", ret);
	dumb_destroy(&next);
}

/* On the host's surface, drawn by the host. */
static void drawn_by_the_host(void)
{
	static const struct drm_mode_rect fill = { 10, 20, 200, 222 };
	static const struct drm_mode_rect copy = { 300, 100, 500, 300 };
	struct raster want = raster_new(SPICE_SURFACE_FMT_32_xRGB, WIDTH, HEIGHT);
	struct picture picture = { (uint32_t *)want.top, WIDTH, WIDTH, HEIGHT };
	struct exec_draw draws[2];
	struct surface surface;
	uint32_t fb = 0;
	int ret = surface_alloc(&surface, card.fd, SPICE_SURFACE_FMT_32_xRGB,
				WIDTH, HEIGHT, false);

	if (check(!ret, "ALLOC_SURF: %d", ret)) {
		struct raster there = surface_raster(&surface);

		pattern_draw(&picture, 55);
		raster_copy(&there, &all, &want, 0, 0);
		ret = drmModeAddFB(card.fd, WIDTH, HEIGHT, 24, 32, WIDTH * 4,
				   surface.object.handle, &fb);
		check(!ret, "ADDFB: %d", ret);
		ret = card_show(&card, &mode, fb, 0, 0, 0);
		check(!ret, "show: %d", ret);
		exec_fill(&draws[0], &surface, &fill, 0xfedcba);
		exec_copy_bits(&draws[1], &surface, &copy, 50, 60);
		ret = exec_send(card.fd, draws, 2);
		check(!ret, "EXECBUFFER: %d", ret);
		raster_fill(&want, &fill, 0xfedcba);
		raster_copy(&want, &copy, &want, 50, 60);
		if (write_back(&attach, "surface"))
			check_target(&picture, 0, "drawn by the host");
		/* What is on show is the host's to draw on. */
		ret = commit(&(struct request){ .attach = true, .fb = fb });
		check(ret == -EBUSY, "to what is on show: %d", ret);
	}
	show_pattern(56);
	if (fb)
		drmModeRmFB(card.fd, fb);
	object_destroy(&surface.object);
	raster_free(&want);
}

static void check_refused(const char *what, const struct request *request)
{
	int32_t fence = -1;
	struct request with_fence = *request;
	int ret;

	with_fence.fence = &fence;
	ret = commit(&with_fence);
	check(ret == -EINVAL, "%s: %d", what, ret);
	check(fence == -1, "%s: fence %d", what, fence);
	with_fence.flags |= DRM_MODE_ATOMIC_TEST_ONLY;
	with_fence.fence = NULL;
	if (request->fb) {
		ret = commit(&with_fence);
		check(ret == -EINVAL, "%s, test only: %d", what, ret);
	}
}

static void bad_arguments(void)
{
	static const struct {
		const char *what;
		uint32_t width, height, format;
	} wrong[] = {
		{ "too small", WIDTH - 1, HEIGHT, DRM_FORMAT_XRGB8888 },
		{ "too low", WIDTH, HEIGHT - 1, DRM_FORMAT_XRGB8888 },
		{ "too large", WIDTH + 1, HEIGHT, DRM_FORMAT_XRGB8888 },
		{ "ARGB8888", WIDTH, HEIGHT, DRM_FORMAT_ARGB8888 },
	};
	struct request request = { .attach = true };
	int ret;

	show_pattern(57);
	clear();
	for (unsigned int i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct dumb dumb = {};

		ret = dumb_create(&dumb, card.fd, wrong[i].width,
				  wrong[i].height);
		if (!ret)
			ret = dumb_add_fb(&dumb, wrong[i].format);
		check(!ret, "%s: framebuffer: %d", wrong[i].what, ret);
		request.fb = dumb.fb;
		check_refused(wrong[i].what, &request);
		dumb_destroy(&dumb);
	}
	request = (struct request){ .attach = true, .no_fb = true };
	check_refused("a fence without a framebuffer", &request);
	request = (struct request){ .fb = target.fb, .detach = true };
	check_refused("a framebuffer without a CRTC", &request);
	request = (struct request){ .fb = 0x7fffffff, .attach = true };
	check_refused("no framebuffer of that id", &request);
	ret = commit(&(struct request){ .detach = true });
	check(!ret, "detach: %d", ret);
	ret = card_off(&card);
	check(!ret, "off: %d", ret);
	request = (struct request){ .fb = target.fb,
				    .attach = true,
				    .flags = DRM_MODE_ATOMIC_ALLOW_MODESET };
	check_refused("a CRTC that is off", &request);
	for (uint64_t i = 0; i < target.size / 4; i++)
		if (!check(((uint32_t *)target.map)[i] == GUARD,
			   "word %" PRIu64 " was written", i))
			break;
	show_pattern(58);
}

/* The framebuffer is not needed any more when the commit is done. */
static void target_goes_at_once(void)
{
	uint64_t before = 0;
	struct dumb other;
	int ret;

	counter_read(card.path, "bos", &before);
	ret = dumb_frame(&other, card.fd, WIDTH, HEIGHT);
	if (!check(!ret, "frame: %d", ret))
		return;
	ret = commit(&(struct request){ .attach = true, .fb = other.fb });
	check(!ret, "commit: %d", ret);
	dumb_destroy(&other);
	counter_check(card.path, "bos", before);
}

/* A head at an offset: the second of two, each of half the size. */
static void second_head(void)
{
	struct picture picture = dumb_picture(&frame);
	struct writeback second, first = writeback;
	struct dumb whole = target;
	struct head heads[2];
	int ret;

	if (heads_find(&card, heads, 2) < 2) {
		ktap_skip("one head; num_heads=2 is for this");
		return;
	}
	writeback_find(&card, 1, &second);
	ret = commit(&(struct request){ .detach = true });
	check(!ret, "detach: %d", ret);
	ret = head_show(&card, &heads[0], frame.fb, 0, 320, HEIGHT);
	if (!ret)
		ret = head_show(&card, &heads[1], frame.fb, 320, 320, HEIGHT);
	check(!ret, "heads on: %d", ret);
	ret = dumb_frame(&target, card.fd, 320, HEIGHT);
	if (check(!ret, "frame: %d", ret)) {
		uint32_t crtc = card.crtc;

		writeback = second;
		card.crtc = heads[1].crtc;
		if (write_back(&attach, "second"))
			check_target(&picture, 320, "the right half");
		commit(&(struct request){ .detach = true });
		card.crtc = crtc;
		dumb_destroy(&target);
	}
	target = whole;
	writeback = first;
	head_off(&card, &heads[1]);
	show_pattern(59);
}

/* Nothing but writeback lights it: a head like any other. */
static void alone(void)
{
	struct picture picture = dumb_picture(&frame);
	drmModeAtomicReq *req = drmModeAtomicAlloc();
	uint32_t blob = 0;
	int ret;

	card_off(&card);
	pattern_draw(&picture, 60);
	drmModeCreatePropertyBlob(card.fd, &mode, sizeof(mode), &blob);
	clear();
	drmModeAtomicAddProperty(req, writeback.id, writeback.crtc_id, card.crtc);
	drmModeAtomicAddProperty(req, writeback.id, writeback.fb_id, target.fb);
	drmModeAtomicAddProperty(req, card.crtc, card.crtc_active, 1);
	drmModeAtomicAddProperty(req, card.crtc, card.crtc_mode_id, blob);
	card_add_plane(&card, req, &card.primary, frame.fb, 0, 0, WIDTH, HEIGHT);
	ret = card_commit(&card, req, DRM_MODE_ATOMIC_ALLOW_MODESET, 0);
	check(!ret, "commit: %d", ret);
	check_target(&picture, 0, "alone");
	drmModeAtomicFree(req);
	drmModeDestroyPropertyBlob(card.fd, blob);
	req = drmModeAtomicAlloc();
	drmModeAtomicAddProperty(req, writeback.id, writeback.crtc_id, 0);
	drmModeAtomicAddProperty(req, card.crtc, card.crtc_active, 0);
	drmModeAtomicAddProperty(req, card.crtc, card.crtc_mode_id, 0);
	card_add_plane(&card, req, &card.primary, 0, 0, 0, 0, 0);
	ret = card_commit(&card, req, DRM_MODE_ATOMIC_ALLOW_MODESET, 0);
	check(!ret, "off: %d", ret);
	drmModeAtomicFree(req);
}

static void nothing_is_left(void)
{
	dumb_destroy(&frame);
	dumb_destroy(&target);
	counter_check(card.path, "bos", bos_before);
}

static const struct ktap_case cases[] = {
	{ .name = "listed for who asks only", .run = only_for_who_asks },
	{ .name = "formats", .run = formats },
	{ .name = "a pattern, unnoticed", .run = a_pattern },
	{ .name = "with a flip", .run = with_a_flip },
	{ .name = "drawn by the host", .run = drawn_by_the_host },
	{ .name = "bad arguments", .run = bad_arguments },
	{ .name = "the framebuffer goes at once", .run = target_goes_at_once },
	{ .name = "the second head", .run = second_head },
	{ .name = "alone on a head", .run = alone },
	{ .name = "nothing is left", .run = nothing_is_left },
};

int main(void)
{
	int status = ktap_run(cases, ARRAY_SIZE(cases), setup);

	card_off(&card);
	card_close(&card);
	return status;
}
