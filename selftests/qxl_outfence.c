// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fences of commits that outlive what they came from: the file, the device, the
 * client. They use the CRTC's or the writeback connector's lock and name, so the
 * driver must keep both, and itself, until the last of them is gone; and no longer.
 * What is wrong here a kernel with KASAN tells at once.
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/sync_file.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xf86drm.h>

#include "card.h"
#include "clock.h"
#include "counters.h"
#include "dumb.h"
#include "fence.h"
#include "ktap.h"
#include "mode.h"
#include "plug.h"
#include "sysfs.h"
#include "writeback.h"

#define WIDTH 640
#define HEIGHT 480
#define FENCE_MS 10000
#define MANY 40
/* What the driver may still remember of fences that nobody has. */
#define FEW 4
#define GOES_US 5000000
/* Longer than the driver's longest time between two looks. */
#define STAYS_US 600000

#define USERS "/sys/module/qxl/refcnt"

enum { CRTC, WRITEBACK, FENCES };

/* A client, and what it got. */
struct client {
	struct card card;
	struct dumb frame;
	struct dumb target;
	int fences[FENCES];
	struct sync_fence_info names[FENCES];
};

static char address[PLUG_ADDRESS];

static void setup(void)
{
	plug_setup(address);
}

/* Users of the module ------------------------------------------------------------- */

static void check_users(uint64_t wanted, const char *when)
{
	int64_t start = now_us();
	uint64_t users;

	do {
		users = sysfs_number(USERS);
		if (users == wanted)
			return;
		usleep(10000);
	} while (now_us() - start < GOES_US);
	check(false, "%s the module has %" PRIu64 " users, not %" PRIu64, when,
	      users, wanted);
}

/* That is: not only until the driver looks again. */
static void check_still_in_use(uint64_t unused, const char *when)
{
	usleep(STAYS_US);
	check(sysfs_number(USERS) > unused, "%s nothing holds the module", when);
}

/* Clients ------------------------------------------------------------------------- */

static int show(struct client *client, bool slow)
{
	drmModeModeInfo mode;

	if (slow)
		mode_make_slow(&mode, WIDTH, HEIGHT);
	else
		mode_make(&mode, WIDTH, HEIGHT, 60);
	return card_show(&client->card, &mode, client->frame.fb, 0, 0, 0);
}

/* A head with a blanking every two seconds has fences that can be seen waiting. */
static bool client_start(struct client *client, bool slow)
{
	int ret;

	memset(client, 0, sizeof(*client));
	for (int i = 0; i < FENCES; i++)
		client->fences[i] = -1;
	ret = plug_open(&client->card, address);
	if (!check(!ret, "open: %d", ret))
		return false;
	ret = dumb_frame(&client->frame, client->card.fd, WIDTH, HEIGHT);
	if (!ret)
		ret = dumb_frame(&client->target, client->card.fd, WIDTH, HEIGHT);
	if (!ret)
		ret = show(client, slow);
	return check(!ret, "show: %d", ret);
}

static int flip(struct client *client, int32_t *fence, uint32_t flags)
{
	struct card_flip what = {
		.fb = client->frame.fb,
		.in_fence = -1,
		.out_fence = fence,
		.flags = flags,
	};

	return card_flip(&client->card, &what);
}

static int write_back(struct client *client)
{
	struct card *card = &client->card;
	drmModeAtomicReq *request = drmModeAtomicAlloc();
	struct writeback writeback;
	int ret;

	drmSetClientCap(card->fd, DRM_CLIENT_CAP_WRITEBACK_CONNECTORS, 1);
	writeback_find(card, card->crtc_index, &writeback);
	drmModeAtomicAddProperty(request, writeback.id, writeback.crtc_id,
				 card->crtc);
	drmModeAtomicAddProperty(request, writeback.id, writeback.fb_id,
				 client->target.fb);
	drmModeAtomicAddProperty(request, writeback.id, writeback.out_fence,
				 (uintptr_t)&client->fences[WRITEBACK]);
	ret = card_commit(card, request, 0, 0);
	drmModeAtomicFree(request);
	return ret;
}

/* One of each kind; a slow head's is pending. */
static bool client_get_fences(struct client *client)
{
	int ret = write_back(client);

	check(!ret, "writeback: %d", ret);
	ret = flip(client, &client->fences[CRTC], DRM_MODE_ATOMIC_NONBLOCK);
	if (!check(!ret, "flip: %d", ret))
		return false;
	for (int i = 0; i < FENCES; i++)
		if (!fence_info(client->fences[i], &client->names[i]))
			return false;
	return true;
}

/* Mappings first: each has the file, too. */
static void client_close_card(struct client *client)
{
	dumb_destroy(&client->frame);
	dumb_destroy(&client->target);
	card_close(&client->card);
}

static void client_close_fence(struct client *client, int which)
{
	close(client->fences[which]);
	client->fences[which] = -1;
}

/* Fences -------------------------------------------------------------------------- */

/* Newer kernels have words of their own for the names of a signalled fence. */
static void check_names(const struct sync_fence_info *now,
			const struct sync_fence_info *before)
{
	check(!strcmp(now->driver_name, before->driver_name) ||
		      !strcmp(now->driver_name, "detached-driver"),
	      "driver \"%.32s\", was \"%.32s\"", now->driver_name,
	      before->driver_name);
	check(!strcmp(now->obj_name, before->obj_name) ||
		      !strcmp(now->obj_name, "signaled-timeline"),
	      "timeline \"%.32s\", was \"%.32s\"", now->obj_name,
	      before->obj_name);
}

static void check_fence(const struct client *client, int which)
{
	struct sync_fence_info info;
	int state = fence_state(client->fences[which], FENCE_MS);

	check(state == 1, "fence %d is not signalled: %d", which, state);
	if (fence_info(client->fences[which], &info))
		check_names(&info, &client->names[which]);
}

/* Whoever merges them looks at them, too. */
static void check_merging(const struct client *client)
{
	struct sync_merge_data merge = {
		.name = "both",
		.fd2 = client->fences[WRITEBACK],
	};
	int ret = ioctl(client->fences[CRTC], SYNC_IOC_MERGE, &merge);

	if (check(!ret, "SYNC_IOC_MERGE: errno %d", errno))
		close(merge.fence);
}

/* Cases --------------------------------------------------------------------------- */

/* Commits with a fence each, in @fences; NULL: each is closed at once. */
static void flip_many(struct client *client, int32_t *fences)
{
	for (int i = 0; i < MANY; i++) {
		int32_t fence = -1;
		int ret = flip(client, &fence, 0);

		if (!check(!ret && fence >= 0, "flip %d: %d", i, ret))
			return;
		if (fences)
			fences[i] = fence;
		else
			close(fence);
	}
}

static uint64_t remembered(struct client *client)
{
	uint64_t count = UINT64_MAX;

	counter_read(client->card.path, "out_fences", &count);
	return count;
}

/* However many come: the driver's memory of them does not grow. */
static void forgotten(void)
{
	int32_t fences[MANY];
	struct client client;

	memset(fences, 0xff, sizeof(fences));
	if (!client_start(&client, false))
		return;
	flip_many(&client, NULL);
	check(remembered(&client) <= FEW, "%" PRIu64 " that were closed",
	      remembered(&client));
	flip_many(&client, fences);
	check(remembered(&client) >= MANY, "%" PRIu64 " of %d that are open",
	      remembered(&client), MANY);
	for (int i = 0; i < MANY; i++)
		close(fences[i]);
	flip_many(&client, NULL);
	check(remembered(&client) <= FEW, "%" PRIu64 " that were open",
	      remembered(&client));
	client_close_card(&client);
}

/* The other one goes first, so each is the last that holds all once. */
static void outlives_file(const void *which)
{
	int last = *(const int *)which;
	uint64_t users = sysfs_number(USERS);
	struct client client;

	if (!client_start(&client, false) || !client_get_fences(&client))
		return;
	client_close_card(&client);
	client_close_fence(&client, !last);
	check_still_in_use(users, "with the file closed");
	check_fence(&client, last);
	client_close_fence(&client, last);
	check_users(users, "with the fence closed");
}

/* What was the device's memory is another's now, unless it was kept. */
static void bring_back(void)
{
	struct card card;
	int ret = plug_bind(address);

	check(!ret, "bind: %d", ret);
	ret = plug_open(&card, address);
	if (check(!ret, "open of the new device: %d", ret))
		card_close(&card);
}

static void outlives_device(const void *which)
{
	int last = *(const int *)which;
	uint64_t users = sysfs_number(USERS);
	struct client client;
	int ret;

	if (!client_start(&client, true) || !client_get_fences(&client))
		return;
	check(!fence_state(client.fences[CRTC], 0), "the fence is not pending");
	ret = plug_unbind(address);
	check(!ret, "unbind: %d", ret);
	client_close_card(&client);
	check_still_in_use(users, "without a device");
	bring_back();
	for (int i = 0; i < FENCES; i++)
		check_fence(&client, i);
	check_merging(&client);
	client_close_fence(&client, !last);
	check_still_in_use(users, "with one fence");
	check_fence(&client, last);
	client_close_fence(&client, last);
	check_users(users, "with the fences closed");
}

/* Nothing but a sync object of the device has it, and a file has that. */
static void outlives_in_sync_object(void)
{
	uint64_t users = sysfs_number(USERS);
	struct client client;
	uint32_t handle = 0;
	int file = -1, ret;

	if (!client_start(&client, true) || !client_get_fences(&client))
		return;
	ret = drmSyncobjCreate(client.card.fd, 0, &handle);
	if (!ret)
		ret = drmSyncobjImportSyncFile(client.card.fd, handle,
					       client.fences[CRTC]);
	if (!ret)
		ret = drmSyncobjHandleToFD(client.card.fd, handle, &file);
	check(!ret && file >= 0, "sync object: errno %d", errno);
	client_close_fence(&client, CRTC);
	client_close_fence(&client, WRITEBACK);
	ret = plug_unbind(address);
	check(!ret, "unbind: %d", ret);
	client_close_card(&client);
	check_still_in_use(users, "with a sync object");
	bring_back();
	close(file);
	check_users(users, "with the sync object closed");
}

/* The card's file has the lowest number, and is closed first. */
static void exit_without_device(void)
{
	struct client client;
	bool got = client_start(&client, true) && client_get_fences(&client);

	fence_state(client.fences[CRTC], 0);
	_exit(got && !plug_unbind(address) ? 0 : 1);
}

static void owner_exits(void)
{
	uint64_t users = sysfs_number(USERS);
	int status = -1;
	pid_t child = fork();

	if (!child)
		exit_without_device();
	waitpid(child, &status, 0);
	check(WIFEXITED(status) && !WEXITSTATUS(status),
	      "the client's status is %#x", status);
	check_users(users, "after its exit");
	bring_back();
}

static const int crtc = CRTC, writeback = WRITEBACK;

static const struct ktap_case cases[] = {
	{ .name = "forgotten when nobody has them", .run = forgotten },
	{ .name = "a CRTC's outlives its file",
	  .run_with = outlives_file,
	  .arg = &crtc },
	{ .name = "a writeback's outlives its file",
	  .run_with = outlives_file,
	  .arg = &writeback },
	{ .name = "a CRTC's outlives its device",
	  .run_with = outlives_device,
	  .arg = &crtc },
	{ .name = "a writeback's outlives its device",
	  .run_with = outlives_device,
	  .arg = &writeback },
	{ .name = "one in a sync object outlives its device",
	  .run = outlives_in_sync_object },
	{ .name = "its owner exits without a device", .run = owner_exits },
};

int main(void)
{
	return ktap_run(cases, ARRAY_SIZE(cases), setup);
}
