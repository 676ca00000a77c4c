// SPDX-License-Identifier: GPL-2.0-only
/*
 * CRCs of what the host shows, from DRM's files in debugfs: those of the very
 * pictures that were shown, whatever way they took.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <spice/enums.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <xf86drm.h>

#include "card.h"
#include "clock.h"
#include "counters.h"
#include "crc.h"
#include "dumb.h"
#include "exec.h"
#include "heads.h"
#include "ktap.h"
#include "pattern.h"
#include "sysfs.h"

#define WIDTH 640
#define HEIGHT 480
#define EVENT_MS 5000
#define ENTRY_MS 10000
#define QUIET_MS 300
#define FLIPS 12
#define RELEASE_US 2000000
#define AGAIN 3000

static const struct drm_mode_rect all = { 0, 0, WIDTH, HEIGHT };

static struct card card;
static drmModeModeInfo mode;
static struct dumb frames[2];

static void setup(void)
{
	int file;

	card_open(&card);
	card_mode(&card, WIDTH, HEIGHT, &mode);
	for (int i = 0; i < 2; i++)
		if (dumb_frame(&frames[i], card.fd, WIDTH, HEIGHT))
			ktap_bail("no frame: errno %d", errno);
	file = crc_choose(&card, card.crtc_index, "auto");
	if (file == -ENOENT || file == -EACCES)
		ktap_skip_all("no CRCs in debugfs: %d", file);
}

static void paint(const struct dumb *frame, uint32_t seed)
{
	struct picture picture = dumb_picture(frame);

	pattern_draw(&picture, seed);
}

static uint32_t crc_of_frame(const struct dumb *frame)
{
	struct picture picture = dumb_picture(frame);

	return crc_of(&picture, &all);
}

static void show(uint32_t fb)
{
	int ret = card_show(&card, &mode, fb, 0, 0, 0);

	check(!ret, "show: %d", ret);
}

static void update(const struct dumb *frame, const struct drm_mode_rect *clip)
{
	int ret = card_update(&card, frame->fb, clip, clip ? 1 : 0, 0, 0);

	check(!ret, "update: %d", ret);
}

static uint32_t check_crc(uint32_t crtc_index, uint32_t want, const char *what)
{
	uint32_t crc = ~want;
	int ret = crc_shown(&card, crtc_index, &crc);

	check(!ret && crc == want, "%s: %d, CRC %08x, not %08x", what, ret, crc,
	      want);
	return crc;
}

static void check_frame(const struct dumb *frame, const char *what)
{
	check_crc(card.crtc_index, crc_of_frame(frame), what);
}

/* Cases -------------------------------------------------------------------------- */

static void sources(void)
{
	int ret, file;

	card_off(&card);
	file = crc_open(&card, card.crtc_index);
	check(file == -EIO, "open of a CRTC that is off: %d", file);
	for (unsigned int i = 0; i < 2; i++) {
		static const char *const wrong[] = { "pipe", "auto2" };

		ret = crc_choose(&card, card.crtc_index, wrong[i]);
		check(ret == -EINVAL, "source %s: %d", wrong[i], ret);
	}
	show(frames[0].fb);
	file = crc_open(&card, card.crtc_index);
	check(file >= 0, "open: %d", file);
	ret = crc_open(&card, card.crtc_index);
	check(ret == -EBUSY, "open once more: %d", ret);
	ret = crc_choose(&card, card.crtc_index, "auto");
	check(ret == -EBUSY, "source of an open file: %d", ret);
	close(file);
	file = crc_open(&card, card.crtc_index);
	check(file >= 0, "open again: %d", file);
	close(file);
}

static void one_picture(void)
{
	paint(&frames[0], 41);
	show(frames[0].fb);
	check_frame(&frames[0], "a pattern");
	paint(&frames[1], 42);
	update(&frames[1], NULL);
	check_frame(&frames[1], "another");
	check(crc_of_frame(&frames[0]) != crc_of_frame(&frames[1]),
	      "the patterns are the same");
}

static void one_pixel(void)
{
	static const struct drm_mode_rect corner = { WIDTH - 1, HEIGHT - 1,
						     WIDTH, HEIGHT };
	uint32_t *last = (uint32_t *)((char *)frames[0].map +
				      (HEIGHT - 1) * frames[0].pitch) +
			 WIDTH - 1;
	uint32_t first, crc;

	update(&frames[0], NULL);
	first = crc_of_frame(&frames[0]);
	check_crc(card.crtc_index, first, "before");
	*last ^= 1;
	update(&frames[0], &corner);
	crc = check_crc(card.crtc_index, crc_of_frame(&frames[0]), "one bit");
	check(crc != first, "one bit changes nothing");
	*last ^= 1;
	update(&frames[0], &corner);
	check_crc(card.crtc_index, first, "back");
	/* not seen */
	*last ^= 0xff000000;
	update(&frames[0], &corner);
	check_crc(card.crtc_index, first, "the unused byte");
}

/* The host moves what the guest says is new. */
static void scrolled(void)
{
	const uint32_t lines = 48;
	const struct drm_mode_rect bottom = { 0, HEIGHT - lines, WIDTH, HEIGHT };
	struct picture picture = dumb_picture(&frames[0]);
	uint64_t before = 0, after = 0;

	show(frames[0].fb);
	paint(&frames[0], 43);
	update(&frames[0], NULL);
	counter_read(card.path, "moved_bytes", &before);
	memmove(frames[0].map, (char *)frames[0].map + lines * frames[0].pitch,
		(size_t)(HEIGHT - lines) * frames[0].pitch);
	pattern_fill(&picture, &bottom, 44);
	update(&frames[0], NULL);
	counter_read(card.path, "moved_bytes", &after);
	check(after > before, "nothing was moved");
	check_frame(&frames[0], "scrolled");
	memcpy(frames[1].map, frames[0].map, frames[0].size);
	card_off(&card);
	show(frames[1].fb);
	check_frame(&frames[1], "the same, shown as a whole");
}

static int flip(uint32_t fb, uint32_t *sequence)
{
	struct card_event event;
	int ret = card_update(
		&card, fb, NULL, 0,
		DRM_MODE_PAGE_FLIP_EVENT | DRM_MODE_ATOMIC_NONBLOCK, 0);

	if (!ret)
		ret = card_wait_event(&card, &event, EVENT_MS);
	*sequence = event.sequence;
	return ret;
}

/* The first entry of @sequence or later. */
static bool entry_of(int file, uint32_t sequence, struct crc_entry *entry)
{
	int ret;

	do {
		ret = crc_read(file, entry, ENTRY_MS);
	} while (!ret && (int32_t)(entry->frame - sequence) < 0);
	return check(!ret && entry->has_frame, "entry of frame %u: %d",
		     sequence, ret);
}

/* An event's frame is the one whose CRC has the picture, and none is torn. */
static void each_frame(void)
{
	uint32_t want[2], sequence, last = 0;
	struct crc_entry entry;
	int file, ret;

	paint(&frames[0], 45);
	paint(&frames[1], 46);
	for (int i = 0; i < 2; i++)
		want[i] = crc_of_frame(&frames[i]);
	show(frames[1].fb);
	file = crc_open(&card, card.crtc_index);
	for (int i = 0; check(file >= 0, "open: %d", file) && i < FLIPS; i++) {
		ret = flip(frames[i % 2].fb, &sequence);
		if (!check(!ret, "flip %d: %d", i, ret) ||
		    !entry_of(file, sequence, &entry))
			break;
		check(entry.crc == want[i % 2], "flip %d: CRC %08x, not %08x",
		      i, entry.crc, want[i % 2]);
		check(!i || (int32_t)(entry.frame - last) > 0,
		      "frame %u after %u", entry.frame, last);
		last = entry.frame;
	}
	close(file);
}

/* What is committed at once after an event is not in that event's frame. */
static void the_next_commit_is_later(void)
{
	uint32_t want[2], sequences[FLIPS];
	struct crc_entry entry;
	int file, ret;

	for (int i = 0; i < 2; i++)
		want[i] = crc_of_frame(&frames[i]);
	file = crc_open(&card, card.crtc_index);
	if (!check(file >= 0, "open: %d", file))
		return;
	for (int i = 0; i < FLIPS; i++) {
		ret = flip(frames[i % 2].fb, &sequences[i]);
		if (!check(!ret, "flip %d: %d", i, ret))
			break;
	}
	for (int i = 0; i < FLIPS && entry_of(file, sequences[i], &entry); i++)
		if (entry.frame == sequences[i])
			check(entry.crc == want[i % 2],
			      "frame %u: CRC %08x, not %08x", entry.frame,
			      entry.crc, want[i % 2]);
	close(file);
}

/* Draws on it are seen without a commit. */
static void adopted_surface(void)
{
	static const struct drm_mode_rect area = { 100, 50, 300, 77 };
	struct surface surface;
	struct picture picture;
	struct exec_draw draw;
	uint32_t fb = 0;
	int ret = surface_alloc(&surface, card.fd, SPICE_SURFACE_FMT_32_xRGB,
				WIDTH, HEIGHT, false);

	if (!check(!ret, "ALLOC_SURF: %d", ret))
		return;
	picture = (struct picture){ .pixels = surface.object.map,
				    .pitch = WIDTH,
				    .width = WIDTH,
				    .height = HEIGHT };
	pattern_draw(&picture, 47);
	ret = drmModeAddFB(card.fd, WIDTH, HEIGHT, 24, 32, WIDTH * 4,
			   surface.object.handle, &fb);
	check(!ret, "ADDFB: %d", ret);
	show(fb);
	check_crc(card.crtc_index, crc_of(&picture, &all), "a surface");
	exec_fill(&draw, &surface, &area, 0x123456);
	ret = exec_send(card.fd, &draw, 1);
	check(!ret, "EXECBUFFER: %d", ret);
	pattern_draw(&picture, 47);
	for (int32_t y = area.y1; y < area.y2; y++)
		for (int32_t x = area.x1; x < area.x2; x++)
			picture.pixels[y * WIDTH + x] = 0x123456;
	check_crc(card.crtc_index, crc_of(&picture, &all), "drawn on");
	show(frames[0].fb);
	check_frame(&frames[0], "after the surface");
	drmModeRmFB(card.fd, fb);
	object_destroy(&surface.object);
}

static void two_heads(void)
{
	static const struct drm_mode_rect halves[] = { { 0, 0, 320, 240 },
						       { 320, 0, 640, 240 } };
	struct picture picture = dumb_picture(&frames[0]);
	struct head heads[2];
	int ret = 0;

	if (heads_find(&card, heads, 2) < 2) {
		ktap_skip("one head; num_heads=2 is for this");
		return;
	}
	for (int i = 0; !ret && i < 2; i++)
		ret = head_show(&card, &heads[i], frames[0].fb, halves[i].x1,
				320, 240);
	check(!ret, "heads on: %d", ret);
	for (int i = 0; i < 2; i++)
		check_crc(i, crc_of(&picture, &halves[i]), i ? "right" : "left");
	/* Now the second one lies at the left of what the host has. */
	head_off(&card, &heads[0]);
	check_crc(1, crc_of(&picture, &halves[1]), "right, alone");
	head_off(&card, &heads[1]);
}

/* No entries while the CRTC is off, the right ones when it is on again. */
static void off_while_open(void)
{
	struct crc_entry entry;
	int file, ret;

	show(frames[0].fb);
	file = crc_open(&card, card.crtc_index);
	check(file >= 0, "open: %d", file);
	ret = card_off(&card);
	check(!ret, "off: %d", ret);
	while (!crc_read(file, &entry, QUIET_MS))
		;
	check(crc_read(file, &entry, QUIET_MS) == -ETIMEDOUT,
	      "an entry of a CRTC that is off");
	show(frames[1].fb);
	ret = crc_read(file, &entry, ENTRY_MS);
	check(!ret && entry.crc == crc_of_frame(&frames[1]),
	      "on again: %d, CRC %08x, not %08x", ret, entry.crc,
	      crc_of_frame(&frames[1]));
	close(file);
}

static int module_references(void)
{
	return (int)sysfs_number("/sys/module/qxl/refcnt");
}

/* What files held goes back later: waits, but not long, until so few are left. */
static void await_references(int most)
{
	int64_t start = now_us();

	while (module_references() > most && now_us() - start < RELEASE_US)
		usleep(10000);
}

/* Only the file of CRCs is left open: DRM itself would let the module go. */
static void holds_the_module(void)
{
	int before, file, ret;

	show(frames[0].fb);
	before = module_references();
	file = crc_open(&card, card.crtc_index);
	if (!check(file >= 0, "open: %d", file))
		return;
	check(module_references() == before + 1, "%d references, %d before",
	      module_references(), before);
	for (int i = 0; i < 2; i++)
		dumb_destroy(&frames[i]);
	card_close(&card);
	if (check(module_references() > 0, "no references")) {
		ret = syscall(SYS_delete_module, "qxl", O_NONBLOCK);
		check(ret && (errno == EAGAIN || errno == EBUSY),
		      "delete_module: %d, errno %d", ret, errno);
	}
	close(file);
	await_references(before - 1);
	check(module_references() < before, "%d references after closing",
	      module_references());
	setup();
}

/*
 * What an open file holds goes back later, while the next one is opened and closed:
 * once, or the module's code goes while it is in use.
 */
static void again_and_again(void)
{
	int before;

	usleep(QUIET_MS * 1000); /* what the case before held */
	before = module_references();
	for (int i = 0; i < AGAIN; i++) {
		int file = crc_open(&card, card.crtc_index);

		if (!check(file >= 0, "open %d: %d", i, file))
			return;
		close(file);
		/* At any point of what is done later. */
		for (volatile int spin = i % 997 * 20; spin; spin--)
			;
	}
	await_references(before);
	check(module_references() == before, "%d references, %d before",
	      module_references(), before);
}

static const struct ktap_case cases[] = {
	{ .name = "sources, and what cannot be opened", .run = sources },
	{ .name = "a picture", .run = one_picture },
	{ .name = "one pixel", .run = one_pixel },
	{ .name = "the same picture another way", .run = scrolled },
	{ .name = "each frame", .run = each_frame },
	{ .name = "the next commit is in a later frame",
	  .run = the_next_commit_is_later },
	{ .name = "a surface of the host", .run = adopted_surface },
	{ .name = "two heads", .run = two_heads },
	{ .name = "off and on while it is open", .run = off_while_open },
	{ .name = "opened again and again", .run = again_and_again },
	{ .name = "an open file holds the module", .run = holds_the_module },
};

int main(void)
{
	int status = ktap_run(cases, ARRAY_SIZE(cases), setup);

	card_off(&card);
	for (int i = 0; i < 2; i++)
		dumb_destroy(&frames[i]);
	card_close(&card);
	return status;
}
