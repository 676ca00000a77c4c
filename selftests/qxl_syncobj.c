// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sync objects, as compositors with explicit synchronisation use them: binary
 * ones and timelines, what becomes of them in other files and as sync files, and
 * commits that wait for a point and signal one.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <xf86drm.h>

#include "card.h"
#include "clock.h"
#include "dumb.h"
#include "ktap.h"
#include "mode.h"

#define WIDTH 640
#define HEIGHT 480
#define EVENT_MS 10000
#define SOON_US 50000

/* Since 6.6; libdrm may be older. */
#ifndef DRM_IOCTL_SYNCOBJ_EVENTFD
struct drm_syncobj_eventfd {
	uint32_t handle;
	uint32_t flags;
	uint64_t point;
	int32_t fd;
	uint32_t pad;
};
#define DRM_IOCTL_SYNCOBJ_EVENTFD DRM_IOWR(0xCF, struct drm_syncobj_eventfd)
#endif

static struct card card;
static struct dumb screen;

static void setup(void)
{
	drmModeModeInfo mode;
	int ret;

	card_open(&card);
	mode_make_slow(&mode, WIDTH, HEIGHT);
	ret = dumb_frame(&screen, card.fd, WIDTH, HEIGHT);
	if (!ret)
		ret = card_show(&card, &mode, screen.fb, 0, 0, 0);
	if (ret)
		ktap_bail("modeset: %d", ret);
}

static int64_t in_us(int64_t us)
{
	return (now_us() + us) * 1000;
}

static int errno_of(int ret)
{
	return ret ? -errno : 0;
}

static uint32_t create(uint32_t flags)
{
	uint32_t handle = 0;
	int ret = drmSyncobjCreate(card.fd, flags, &handle);

	check(!ret && handle, "create: errno %d, handle %u", errno, handle);
	return handle;
}

static void destroy(uint32_t handle)
{
	check(!drmSyncobjDestroy(card.fd, handle), "destroy: errno %d", errno);
}

static int wait_for(uint32_t handle, int64_t us, uint32_t flags)
{
	return drmSyncobjWait(card.fd, &handle, 1, in_us(us), flags, NULL);
}

static int wait_point(uint32_t handle, uint64_t point, int64_t us, uint32_t flags)
{
	return drmSyncobjTimelineWait(card.fd, &handle, &point, 1, in_us(us),
				      flags, NULL);
}

static int signal_point(uint32_t handle, uint64_t point)
{
	return errno_of(drmSyncobjTimelineSignal(card.fd, &handle, &point, 1));
}

#define FOR_SUBMIT DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT
#define AVAILABLE DRM_SYNCOBJ_WAIT_FLAGS_WAIT_AVAILABLE

static void capabilities(void)
{
	uint64_t value = 0;

	check(!drmGetCap(card.fd, DRM_CAP_SYNCOBJ, &value) && value == 1,
	      "DRM_CAP_SYNCOBJ: %" PRIu64, value);
	value = 0;
	check(!drmGetCap(card.fd, DRM_CAP_SYNCOBJ_TIMELINE, &value) && value == 1,
	      "DRM_CAP_SYNCOBJ_TIMELINE: %" PRIu64, value);
}

static void binary(void)
{
	uint32_t handle = create(0);
	int ret;

	ret = wait_for(handle, 0, 0);
	check(ret == -EINVAL, "wait for what was never submitted: %d", ret);
	ret = wait_for(handle, SOON_US, FOR_SUBMIT);
	check(ret == -ETIME, "wait for a submission: %d", ret);
	ret = errno_of(drmSyncobjSignal(card.fd, &handle, 1));
	check(!ret, "signal: %d", ret);
	ret = wait_for(handle, 0, 0);
	check(!ret, "wait for what is signalled: %d", ret);
	ret = errno_of(drmSyncobjReset(card.fd, &handle, 1));
	check(!ret, "reset: %d", ret);
	ret = wait_for(handle, 0, 0);
	check(ret == -EINVAL, "wait after a reset: %d", ret);
	destroy(handle);
	handle = create(DRM_SYNCOBJ_CREATE_SIGNALED);
	ret = wait_for(handle, 0, 0);
	check(!ret, "wait for one created signalled: %d", ret);
	destroy(handle);
}

static void timeline(void)
{
	uint32_t handle = create(0);
	uint64_t value = 1;
	int ret;

	check(!drmSyncobjQuery(card.fd, &handle, &value, 1) && value == 0,
	      "a new timeline is at %" PRIu64, value);
	ret = wait_point(handle, 5, SOON_US, FOR_SUBMIT);
	check(ret == -ETIME, "wait for point 5: %d", ret);
	ret = wait_point(handle, 5, SOON_US, AVAILABLE);
	check(ret == -ETIME, "wait until point 5 is there: %d", ret);
	check(!signal_point(handle, 5), "signal 5: errno %d", errno);
	check(!signal_point(handle, 10), "signal 10: errno %d", errno);
	check(!drmSyncobjQuery(card.fd, &handle, &value, 1) && value == 10,
	      "the timeline is at %" PRIu64 ", not 10", value);
	ret = wait_point(handle, 5, 0, 0);
	check(!ret, "point 5: %d", ret);
	ret = wait_point(handle, 7, 0, 0);
	check(!ret, "point 7, between two: %d", ret);
	ret = wait_point(handle, 11, SOON_US, FOR_SUBMIT);
	check(ret == -ETIME, "point 11: %d", ret);
	destroy(handle);
}

static void *signal_later(void *handle)
{
	usleep(SOON_US);
	signal_point(*(uint32_t *)handle, 3);
	return NULL;
}

/* A client submits after the compositor has begun to wait. */
static void waited_for_before(void)
{
	uint32_t handle = create(0);
	pthread_t thread;
	int ret;

	if (!check(!pthread_create(&thread, NULL, signal_later, &handle),
		   "no thread"))
		return;
	ret = wait_point(handle, 3, EVENT_MS * 1000, FOR_SUBMIT);
	check(!ret, "point 3: %d", ret);
	pthread_join(thread, NULL);
	destroy(handle);
}

static int open_again(void)
{
	int fd = open(card.path, O_RDWR | O_CLOEXEC);

	check(fd >= 0, "%s again: errno %d", card.path, errno);
	drmDropMaster(fd);
	return fd;
}

/* The other file is nobody's master, like a client's. */
static void other_files(void)
{
	uint32_t handle = create(0), there = 0;
	int other = open_again(), fd = -1;
	uint64_t value = 0;

	check(!drmSyncobjHandleToFD(card.fd, handle, &fd) && fd >= 0,
	      "handle to fd: errno %d", errno);
	check(!drmSyncobjFDToHandle(other, fd, &there) && there,
	      "fd to handle: errno %d", errno);
	value = 4;
	check(!drmSyncobjTimelineSignal(other, &there, &value, 1),
	      "signal from there: errno %d", errno);
	check(!wait_point(handle, 4, 0, 0), "point 4 is not signalled here");
	close(fd);
	destroy(handle);
	/* theirs lives on */
	value = 0;
	check(!drmSyncobjQuery(other, &there, &value, 1) && value == 4,
	      "there it is at %" PRIu64, value);
	close(other);
}

static void refusals(void)
{
	uint32_t handle = create(0), none = 0xdead, made = 0;
	uint64_t point = 1;
	int fd = -1, ret;

	ret = errno_of(drmSyncobjCreate(card.fd, 0x80, &made));
	check(ret == -EINVAL, "flags that there are not: %d", ret);
	ret = errno_of(drmSyncobjDestroy(card.fd, none));
	check(ret == -EINVAL, "destroy of none: %d", ret);
	ret = errno_of(drmSyncobjHandleToFD(card.fd, none, &fd));
	check(ret == -EINVAL, "fd of none: %d", ret);
	ret = errno_of(drmSyncobjFDToHandle(card.fd, card.fd, &made));
	check(ret == -EINVAL, "handle of the card: %d", ret);
	ret = wait_for(none, 0, 0);
	check(ret == -ENOENT, "wait for none: %d", ret);
	ret = errno_of(drmSyncobjSignal(card.fd, &none, 1));
	check(ret == -ENOENT, "signal none: %d", ret);
	ret = errno_of(drmSyncobjTimelineSignal(card.fd, &none, &point, 1));
	check(ret == -ENOENT, "signal a point of none: %d", ret);
	ret = errno_of(drmSyncobjTransfer(card.fd, handle, 1, none, 0, 0));
	check(ret == -ENOENT, "transfer from none: %d", ret);
	ret = errno_of(drmSyncobjExportSyncFile(card.fd, handle, &fd));
	check(ret == -EINVAL, "sync file of what has no fence: %d", ret);
	ret = errno_of(drmSyncobjImportSyncFile(card.fd, handle, card.fd));
	check(ret == -EINVAL, "the card as a sync file: %d", ret);
	destroy(handle);
}

/* An eventfd for a point, so that an event loop can wait for a client. */
static void eventfds(void)
{
	struct drm_syncobj_eventfd request = { .handle = create(0), .point = 6 };
	struct pollfd pollfd = { .events = POLLIN };
	int ret;

	request.fd = eventfd(0, EFD_CLOEXEC);
	pollfd.fd = request.fd;
	ret = errno_of(drmIoctl(card.fd, DRM_IOCTL_SYNCOBJ_EVENTFD, &request));
	if (ret == -EINVAL) {
		ktap_skip("this kernel has no SYNCOBJ_EVENTFD");
	} else if (check(!ret, "SYNCOBJ_EVENTFD: %d", ret)) {
		check(!signal_point(request.handle, 5), "signal 5");
		check(!poll(&pollfd, 1, 0), "the event came with point 5");
		check(!signal_point(request.handle, 6), "signal 6");
		check(poll(&pollfd, 1, EVENT_MS) == 1, "no event for point 6");
	}
	close(request.fd);
	destroy(request.handle);
}

static int flip(int in_fence, int32_t *out_fence, uint64_t user_data)
{
	struct card_flip what = {
		.fb = screen.fb,
		.in_fence = in_fence,
		.out_fence = out_fence,
		.flags = DRM_MODE_ATOMIC_NONBLOCK | DRM_MODE_PAGE_FLIP_EVENT,
		.user_data = user_data,
	};

	return card_flip(&card, &what);
}

static void await_event(uint64_t user_data)
{
	struct card_event event = { 0 };
	int ret = card_wait_event(&card, &event, EVENT_MS);

	check(!ret && event.user_data == user_data,
	      "event of %" PRIu64 ": %d, of %" PRIu64, user_data, ret,
	      event.user_data);
}

/* A point as a sync file that a commit waits for. */
static void point_into_commit(void)
{
	uint32_t line = create(0), single = create(0);
	int fence = -1, ret;

	check(!signal_point(line, 8), "signal 8: errno %d", errno);
	ret = errno_of(drmSyncobjTransfer(card.fd, single, 0, line, 8, 0));
	check(!ret, "transfer to a binary one: %d", ret);
	ret = errno_of(drmSyncobjExportSyncFile(card.fd, single, &fence));
	check(!ret && fence >= 0, "sync file: %d", ret);
	ret = flip(fence, NULL, 1);
	check(!ret, "commit with it: %d", ret);
	await_event(1);
	close(fence);
	destroy(single);
	destroy(line);
}

/* A commit's fence becomes a point, which signals when the frame is shown. */
static void commit_into_point(void)
{
	uint32_t line = create(0), single = create(0);
	uint64_t value = 0;
	int32_t fence = -1;
	int ret;

	ret = flip(-1, NULL, 1); /* to begin with a blanking */
	check(!ret, "commit: %d", ret);
	await_event(1);
	ret = flip(-1, &fence, 2);
	check(!ret && fence >= 0, "commit: %d, fence %d", ret, fence);
	ret = errno_of(drmSyncobjImportSyncFile(card.fd, single, fence));
	check(!ret, "import: %d", ret);
	close(fence);
	ret = errno_of(drmSyncobjTransfer(card.fd, line, 20, single, 0, 0));
	check(!ret, "transfer to point 20: %d", ret);
	ret = wait_point(line, 20, 0, AVAILABLE);
	check(!ret, "point 20 is not there: %d", ret);
	ret = wait_point(line, 20, 0, 0);
	check(ret == -ETIME, "point 20 before blanking: %d", ret);
	check(!drmSyncobjQuery(card.fd, &line, &value, 1) && value == 0,
	      "the timeline is at %" PRIu64 " before blanking", value);
	check(!drmSyncobjQuery2(card.fd, &line, &value, 1,
				DRM_SYNCOBJ_QUERY_FLAGS_LAST_SUBMITTED) &&
		      value == 20,
	      "what was submitted last is %" PRIu64, value);
	ret = wait_point(line, 20, EVENT_MS * 1000, 0);
	check(!ret, "point 20: %d", ret);
	check(!drmSyncobjQuery(card.fd, &line, &value, 1) && value == 20,
	      "the timeline is at %" PRIu64 ", not 20", value);
	await_event(2);
	destroy(single);
	destroy(line);
}

/* Each frame waits for the last one's point and signals its own. */
static void timeline_of_commits(void)
{
	uint32_t line = create(0), single = create(0);
	drmModeModeInfo mode;
	int ret = 0;

	mode_make(&mode, WIDTH, HEIGHT, 60);
	check(!card_show(&card, &mode, screen.fb, 0, 0, 0), "60 Hz");
	for (uint64_t frame = 1; !ret && frame <= 20; frame++) {
		int32_t out = -1, in = -1;

		if (frame > 1) {
			ret = drmSyncobjTransfer(card.fd, single, 0, line,
						 frame - 1, 0);
			ret |= drmSyncobjExportSyncFile(card.fd, single, &in);
		}
		check(!ret, "point %" PRIu64 ": errno %d", frame - 1, errno);
		ret = flip(in, &out, frame);
		check(!ret, "frame %" PRIu64 ": %d", frame, ret);
		if (!ret) {
			ret = drmSyncobjImportSyncFile(card.fd, single, out);
			ret |= drmSyncobjTransfer(card.fd, line, frame, single,
						  0, 0);
			check(!ret, "frame %" PRIu64 ": errno %d", frame, errno);
			await_event(frame);
		}
		if (in >= 0)
			close(in);
		if (out >= 0)
			close(out);
	}
	check(!wait_point(line, 20, EVENT_MS * 1000, 0), "the last point");
	destroy(single);
	destroy(line);
}

static const struct ktap_case cases[] = {
	{ .name = "capabilities", .run = capabilities },
	{ .name = "binary", .run = binary },
	{ .name = "timeline", .run = timeline },
	{ .name = "waited for before it is submitted", .run = waited_for_before },
	{ .name = "other files", .run = other_files },
	{ .name = "refusals", .run = refusals },
	{ .name = "eventfd", .run = eventfds },
	{ .name = "a point into a commit", .run = point_into_commit },
	{ .name = "a commit into a point", .run = commit_into_point },
	{ .name = "a timeline of commits", .run = timeline_of_commits },
};

int main(void)
{
	int status = ktap_run(cases, ARRAY_SIZE(cases), setup);

	card_off(&card);
	dumb_destroy(&screen);
	card_close(&card);
	return status;
}
