// SPDX-License-Identifier: GPL-2.0-only
/*
 * What docs/memory.md says of this machine: how BAR 0 is divided, the largest
 * screen that fits is shown, and the next one is refused.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "card.h"
#include "counters.h"
#include "dumb.h"
#include "host.h"
#include "ktap.h"
#include "mode.h"
#include "screens.h"

#define MIB (1024ull * 1024)
#define UPLOAD_MAX (64 * MIB)
/* What the driver keeps for itself: commands, rings; see core/device.cc. */
#define OWN_MAX (3 * MIB)
#define SEED 11

static struct card card;
static uint64_t bar, upload, vram;
static uint64_t primary; /* vgamem_mb, in bytes */

static void setup(void)
{
	card_open(&card);
	bar = card_memory(&card);
	if (!bar)
		ktap_bail("no size of BAR 0: errno %d", errno);
	if (!counter_read(card.path, "upload_bytes", &upload) ||
	    !counter_read(card.path, "vram_bytes", &vram))
		ktap_skip_all("no qxl_counters: debugfs is not mounted");
	/* A power of two is the whole of it, and the rest is the driver's own. */
	for (primary = 8 * MIB; 2 * primary <= bar - upload - vram;)
		primary *= 2;
	ktap_note("BAR 0 %llu MiB: primary %llu, upload %llu, VRAM %llu",
		  bar / MIB, primary / MIB, (unsigned long long)(upload / MIB),
		  (unsigned long long)(vram / MIB));
}

static void bar_is_divided(void)
{
	uint64_t own = bar - primary - upload - vram;

	check(primary * 2 <= bar, "primary %llu MiB of %llu", primary / MIB,
	      bar / MIB);
	check(own <= OWN_MAX, "%llu KiB are nobody's",
	      (unsigned long long)(own / 1024));
	check(upload <= UPLOAD_MAX && upload <= vram,
	      "upload %llu KiB, VRAM %llu KiB",
	      (unsigned long long)(upload / 1024),
	      (unsigned long long)(vram / 1024));
	check(upload == UPLOAD_MAX || vram - upload < MIB / 64,
	      "upload %llu KiB is not half: VRAM %llu KiB",
	      (unsigned long long)(upload / 1024),
	      (unsigned long long)(vram / 1024));
}

/* More than the 128 MiB that the last one of the table needs. */
static const struct screen_size beyond_all = { 8192, 4320 };
/* The largest of DRM's standard modes, and one that every machine shows. */
static const struct screen_size standard_sizes[] = { { 800, 600 },
						     { 4096, 2160 } };

static bool fits(const struct screen_size *screen)
{
	return (uint64_t)screen->width * screen->height * 4 <= primary;
}

static bool is_listed(const struct screen_size *screen)
{
	for (int i = 0; i < card.connector->count_modes; i++)
		if (card.connector->modes[i].hdisplay == screen->width &&
		    card.connector->modes[i].vdisplay == screen->height)
			return true;
	return false;
}

static void list_is_what_fits(void)
{
	for (int i = 0; i < card.connector->count_modes; i++) {
		const drmModeModeInfo *mode = &card.connector->modes[i];
		struct screen_size size = { mode->hdisplay, mode->vdisplay };

		check(fits(&size), "%s does not fit %llu MiB", mode->name,
		      primary / MIB);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(standard_sizes); i++)
		check(is_listed(&standard_sizes[i]) == fits(&standard_sizes[i]),
		      "%ux%u is %slisted with %llu MiB",
		      standard_sizes[i].width, standard_sizes[i].height,
		      is_listed(&standard_sizes[i]) ? "" : "not ",
		      primary / MIB);
}

/* The largest that fits, NULL where there is none; or the one after it. */
static const struct screen_size *at_limit(bool beyond)
{
	unsigned int count = 0;

	while (count < ARRAY_SIZE(screen_sizes) && fits(&screen_sizes[count]))
		count++;
	if (beyond)
		return count < ARRAY_SIZE(screen_sizes) ? &screen_sizes[count] :
							  &beyond_all;
	return count ? &screen_sizes[count - 1] : NULL;
}

/* A mode of that size with a framebuffer; 0 or a negative errno. */
static int make_screen(const struct screen_size *screen, struct dumb *dumb,
		       drmModeModeInfo *mode)
{
	struct picture picture;
	int ret = dumb_frame(dumb, card.fd, screen->width, screen->height);

	mode_make(mode, screen->width, screen->height, 30);
	if (!check(!ret, "framebuffer %s: %d", mode->name, ret))
		return ret;
	picture = dumb_picture(dumb);
	pattern_draw(&picture, SEED);
	return 0;
}

static void largest_is_shown(void)
{
	const struct screen_size *screen = at_limit(false);
	drmModeModeInfo mode;
	struct dumb dumb;
	int ret;

	if (!check(screen, "nothing fits %llu MiB", primary / MIB) ||
	    make_screen(screen, &dumb, &mode))
		return;
	ktap_note("%s fits", mode.name);
	ret = card_show(&card, &mode, dumb.fb, 0, 0, 0);
	if (check(!ret, "modeset %s: %d", mode.name, ret))
		host_check_picture("limits", screen->width, screen->height,
				   "qxl_pattern %u %u %u", screen->width,
				   screen->height, SEED);
	card_off(&card);
	dumb_destroy(&dumb);
}

static void next_is_refused(void)
{
	const struct screen_size *screen = at_limit(true);
	drmModeModeInfo mode;
	struct dumb dumb;
	int ret;

	if (fits(screen)) {
		ktap_skip("every screen fits %llu MiB", primary / MIB);
		return;
	}
	if (make_screen(screen, &dumb, &mode))
		return;
	ktap_note("%s does not fit", mode.name);
	ret = card_show(&card, &mode, dumb.fb, 0, 0, DRM_MODE_ATOMIC_TEST_ONLY);
	check(ret == -EINVAL, "test-only %s: %d", mode.name, ret);
	ret = card_show(&card, &mode, dumb.fb, 0, 0, 0);
	check(ret == -EINVAL, "modeset %s: %d", mode.name, ret);
	dumb_destroy(&dumb);
}

static const struct ktap_case cases[] = {
	{ .name = "BAR 0 is divided as documented", .run = bar_is_divided },
	{ .name = "the list has what fits, and all of it",
	  .run = list_is_what_fits },
	{ .name = "the largest screen is shown", .run = largest_is_shown },
	{ .name = "the next one is refused", .run = next_is_refused },
};

int main(void)
{
	int status = ktap_run(cases, ARRAY_SIZE(cases), setup);

	card_close(&card);
	return status;
}
