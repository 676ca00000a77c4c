// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device goes away and comes back under a client that has a mode set, a
 * mapping and a pending flip. The client gets errors, never a signal, and its
 * file may be closed before or after the device is back.
 */
#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xf86drm.h>

#include "card.h"
#include "clock.h"
#include "crc.h"
#include "dumb.h"
#include "host.h"
#include "ktap.h"
#include "plug.h"

#define WIDTH 640
#define HEIGHT 480
#define ROUNDS 5
#define READER_WAITS_US 300000
#define GOES_US 10000000

/* What a client has in hand when the device goes. */
struct client {
	struct card card;
	struct dumb shown;
	struct dumb next;
	struct dumb untouched; /* mapped, no page ever used */
};

static char address[PLUG_ADDRESS];

static void setup(void)
{
	plug_setup(address);
}

static int light(struct card *card, const struct dumb *dumb)
{
	drmModeModeInfo mode;

	card_mode(card, WIDTH, HEIGHT, &mode);
	return card_show(card, &mode, dumb->fb, 0, 0, 0);
}

static void draw(const struct dumb *dumb, uint32_t seed)
{
	struct picture picture = dumb_picture(dumb);

	pattern_draw(&picture, seed);
}

static bool client_start(struct client *client)
{
	int fd, ret;

	memset(client, 0, sizeof(*client));
	ret = plug_open(&client->card, address);
	if (!check(!ret, "open: %d", ret))
		return false;
	fd = client->card.fd;
	ret = dumb_frame(&client->shown, fd, WIDTH, HEIGHT);
	if (!ret)
		ret = dumb_frame(&client->next, fd, WIDTH, HEIGHT);
	if (!ret)
		ret = dumb_frame(&client->untouched, fd, WIDTH, HEIGHT);
	if (!check(!ret, "buffers: %d", ret))
		return false;
	draw(&client->shown, 1);
	draw(&client->next, 2);
	ret = light(&client->card, &client->shown);
	check(!ret, "modeset: %d", ret);
	ret = drmModePageFlip(fd, client->card.crtc, client->next.fb,
			      DRM_MODE_PAGE_FLIP_EVENT, NULL);
	check(!ret, "flip: %d", ret);
	return true;
}

static void check_gone(const char *what, int ret)
{
	check(ret == -ENODEV || ret == -EIO, "%s on the old file: %d", what, ret);
}

static void check_ioctls_fail(struct client *client)
{
	struct card *card = &client->card;
	drmModeClip clip = { 0, 0, WIDTH, HEIGHT };
	struct dumb dumb;

	check_gone("CREATE_DUMB", dumb_create(&dumb, card->fd, 64, 64));
	check_gone("DIRTYFB",
		   drmModeDirtyFB(card->fd, client->shown.fb, &clip, 1));
	check_gone("PAGE_FLIP", drmModePageFlip(card->fd, card->crtc,
						client->shown.fb, 0, NULL));
	check_gone("ATOMIC", card_off(card));
	check_gone("SETCURSOR", drmModeMoveCursor(card->fd, card->crtc, 1, 1));
}

/* The pending flip's event may still come; waiting for it must end. */
static void take_event(struct card *card)
{
	struct card_event event;
	int ret = card_wait_event(card, &event, 200);

	check(!ret || ret == -ETIMEDOUT || ret == -ENODEV || ret == -EIO,
	      "event on the old file: %d", ret);
}

static void check_access(const struct dumb *dumb, const char *what)
{
	plug_check_access(dumb->map, dumb->size, what);
}

static void check_mappings(struct client *client)
{
	check_access(&client->shown, "shown");
	check_access(&client->next, "next");
	check_access(&client->untouched, "untouched");
}

static void client_end(struct client *client)
{
	dumb_destroy(&client->untouched);
	dumb_destroy(&client->next);
	dumb_destroy(&client->shown);
	card_close(&client->card);
}

/* A client without a past sets a mode and sees its picture. */
static void check_works_again(const char *name, bool with_picture)
{
	struct dumb dumb = { 0 };
	struct card card;
	int ret = plug_open(&card, address);

	if (!check(!ret, "open after bind: %d", ret))
		return;
	ret = dumb_frame(&dumb, card.fd, WIDTH, HEIGHT);
	if (check(!ret, "framebuffer after bind: %d", ret)) {
		draw(&dumb, 3);
		ret = light(&card, &dumb);
		check(!ret, "modeset after bind: %d", ret);
	}
	if (with_picture && !ret)
		host_check_picture(name, WIDTH, HEIGHT, "qxl_pattern %u %u 3",
				   WIDTH, HEIGHT);
	card_off(&card);
	dumb_destroy(&dumb);
	card_close(&card);
}

static bool take_away(struct client *client)
{
	int ret = plug_unbind(address);

	if (!check(!ret, "unbind: %d", ret))
		return false;
	check_ioctls_fail(client);
	take_event(&client->card);
	check_mappings(client);
	return true;
}

static void bring_back(void)
{
	int ret = plug_bind(address);

	check(!ret, "bind: %d", ret);
}

static void close_after_bind(void)
{
	for (int round = 1; round <= ROUNDS; round++) {
		struct client client;

		if (!client_start(&client) || !take_away(&client))
			return;
		bring_back();
		check_works_again("rebind-close-after", round == ROUNDS);
		check_mappings(&client);
		client_end(&client);
	}
}

static void close_before_bind(void)
{
	for (int round = 1; round <= ROUNDS; round++) {
		struct client client;

		if (!client_start(&client) || !take_away(&client))
			return;
		client_end(&client);
		bring_back();
		check_works_again("rebind-close-before", round == ROUNDS);
	}
}

/* The mapping alone survives its file and its device. */
static void mapping_is_last(void)
{
	struct client client;
	int ret;

	if (!client_start(&client))
		return;
	card_close(&client.card);
	ret = plug_unbind(address);
	check(!ret, "unbind: %d", ret);
	check_mappings(&client);
	bring_back();
	check_works_again("rebind-mapping", false);
	check_mappings(&client);
	client_end(&client);
}

/* Its exit status says what the last read came to. */
static pid_t start_reader(int file)
{
	pid_t child = fork();
	char line[64];

	if (child)
		return child;
	while (read(file, line, sizeof(line)) > 0)
		;
	_exit(errno);
}

static void check_reader(pid_t child)
{
	int status = -1;

	waitpid(child, &status, 0);
	check(WIFEXITED(status) && WEXITSTATUS(status) == EIO,
	      "the reader's status is %#x", status);
}

/*
 * The CRTC is off, so nothing comes for a reader of CRCs to read; DRM does not
 * let the device go before it is back. Its file is the last thing left.
 */
static void crc_reader_is_waiting(void)
{
	struct client client;
	int64_t start;
	pid_t reader;
	int file;

	if (!client_start(&client))
		return;
	file = crc_open(&client.card, client.card.crtc_index);
	if (file < 0) {
		ktap_skip("no CRCs in debugfs: %d", file);
		client_end(&client);
		return;
	}
	card_off(&client.card);
	reader = start_reader(file);
	usleep(READER_WAITS_US);
	start = now_us();
	take_away(&client);
	check(now_us() - start < GOES_US, "it took %lld us",
	      (long long)(now_us() - start));
	check_reader(reader);
	client_end(&client);
	close(file);
	bring_back();
	check_works_again("rebind-crc", false);
}

static const struct ktap_case cases[] = {
	{ .name = "old file closed after bind", .run = close_after_bind },
	{ .name = "old file closed before bind", .run = close_before_bind },
	{ .name = "mapping is the last thing left", .run = mapping_is_last },
	{ .name = "a reader of CRCs is waiting", .run = crc_reader_is_waiting },
};

int main(void)
{
	return ktap_run(cases, ARRAY_SIZE(cases), setup);
}
