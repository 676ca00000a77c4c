// SPDX-License-Identifier: GPL-2.0-only
/*
 * Damage: what is claimed must reach the client, through DIRTYFB and through
 * FB_DAMAGE_CLIPS. Each list starts from the same picture, and only pixels
 * inside the claimed rectangles change.
 *
 * usage: qxl_damage
 *        qxl_damage --reference LIST FILE
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <xf86drm.h>

#include "card.h"
#include "clock.h"
#include "dumb.h"
#include "host.h"
#include "ktap.h"

#define WIDTH 800
#define HEIGHT 600
#define BASE_SEED 21
#define DAMAGE_SEED 22
#define RECTS_MAX 1000
/* DRM_MODE_FB_DIRTY_MAX_CLIPS */
#define DIRTYFB_MAX 256

struct list {
	struct drm_mode_rect rects[RECTS_MAX];
	uint32_t count;
};

struct list_kind {
	const char *name;
	void (*make)(struct list *list);
};

static struct card card;
static struct dumb screen;

static void add(struct list *list, int32_t x1, int32_t y1, int32_t x2, int32_t y2)
{
	list->rects[list->count++] = (struct drm_mode_rect){ x1, y1, x2, y2 };
}

static void make_one(struct list *list)
{
	add(list, 301, 199, 401, 333);
}

static void make_all(struct list *list)
{
	add(list, 0, 0, WIDTH, HEIGHT);
}

/* Eight: four corners, four edges, down to one pixel. */
static void make_edges(struct list *list)
{
	add(list, 0, 0, 1, 1);
	add(list, WIDTH - 3, 0, WIDTH, 2);
	add(list, 0, HEIGHT - 17, 33, HEIGHT);
	add(list, WIDTH - 1, HEIGHT - 1, WIDTH, HEIGHT);
	add(list, 0, 100, 2, 300);
	add(list, WIDTH - 1, 100, WIDTH, 300);
	add(list, 100, 0, 300, 1);
	add(list, 100, HEIGHT - 2, 301, HEIGHT);
}

static void make_overlapping(struct list *list)
{
	for (int i = 0; i < 8; i++)
		add(list, 100 + i * 13, 90 + i * 7, 260 + i * 13, 190 + i * 7);
	/* the same one twice, and one inside another */
	add(list, 500, 300, 600, 400);
	add(list, 500, 300, 600, 400);
	add(list, 520, 320, 530, 330);
}

static void make_scattered(struct list *list, uint32_t count, uint32_t largest)
{
	struct prng prng = prng_start(count);

	while (list->count < count) {
		uint32_t width = 1 + prng_below(&prng, largest);
		uint32_t height = 1 + prng_below(&prng, largest);
		uint32_t x = prng_below(&prng, WIDTH - width + 1);
		uint32_t y = prng_below(&prng, HEIGHT - height + 1);

		add(list, x, y, x + width, y + height);
	}
}

static void make_256(struct list *list)
{
	make_scattered(list, DIRTYFB_MAX, 24);
}

static void make_1000(struct list *list)
{
	make_scattered(list, RECTS_MAX, 8);
}

/* Empty and outside ones among good ones. */
static void make_odd(struct list *list)
{
	add(list, 10, 10, 60, 60);
	add(list, 100, 100, 100, 150);
	add(list, 100, 100, 150, 100);
	add(list, 0, 0, 0, 0);
	add(list, WIDTH - 20, 50, WIDTH + 20, 90);
	add(list, 50, HEIGHT - 20, 90, HEIGHT + 300);
	add(list, WIDTH, 0, WIDTH + 10, 10);
	add(list, 0, HEIGHT, 10, HEIGHT + 10);
	add(list, 30000, 30000, 32000, 32000);
	add(list, 65535, 65535, 65535, 65535);
	add(list, 300, 300, 350, 350);
}

/* Corners swapped, which paints nothing. */
static void make_inverted(struct list *list)
{
	add(list, 10, 10, 60, 60);
	add(list, 200, 100, 100, 150);
	add(list, 100, 200, 150, 100);
	add(list, 250, 250, 150, 150);
	add(list, 65535, 65535, 0, 0);
	add(list, 300, 300, 350, 350);
}

static const struct list_kind lists[] = {
	{ "one", make_one },
	{ "edges", make_edges },
	{ "overlapping", make_overlapping },
	{ "256", make_256 },
	{ "1000", make_1000 },
	{ "odd", make_odd },
	{ "inverted", make_inverted },
	{ "all", make_all },
	{ "none", NULL },
};

static const struct list_kind *find_list(const char *name)
{
	for (uint32_t i = 0; i < ARRAY_SIZE(lists); i++)
		if (!strcmp(lists[i].name, name))
			return &lists[i];
	return NULL;
}

static void make_list(struct list *list, const char *name)
{
	const struct list_kind *kind = find_list(name);

	list->count = 0;
	if (kind->make)
		kind->make(list);
}

static void paint(const struct picture *picture, const struct list *list)
{
	for (uint32_t i = 0; i < list->count; i++)
		pattern_fill(picture, &list->rects[i], DAMAGE_SEED);
}

static int32_t at_most(int32_t value, int32_t limit)
{
	return value < limit ? value : limit;
}

/* Leaves what is inside the framebuffer of what is not empty. */
static void make_valid(struct list *list)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < list->count; i++) {
		struct drm_mode_rect rect = list->rects[i];

		rect.x2 = at_most(rect.x2, WIDTH);
		rect.y2 = at_most(rect.y2, HEIGHT);
		if (rect.x1 < rect.x2 && rect.y1 < rect.y2)
			list->rects[kept++] = rect;
	}
	list->count = kept;
}

static int send_dirtyfb(const struct list *list)
{
	drmModeClip sent[DIRTYFB_MAX];

	for (uint32_t i = 0; i < list->count; i++)
		sent[i] = (drmModeClip){
			.x1 = list->rects[i].x1,
			.y1 = list->rects[i].y1,
			.x2 = list->rects[i].x2,
			.y2 = list->rects[i].y2,
		};
	return drmModeDirtyFB(card.fd, screen.fb, list->count ? sent : NULL,
			      list->count);
}

static int send_clips(const struct list *list)
{
	if (!card.primary.damage)
		return -EOPNOTSUPP;
	return card_update(&card, screen.fb, list->rects, list->count, 0, 0);
}

struct way {
	const char *name;
	int (*send)(const struct list *list);
};

static const struct way dirtyfb = { "dirtyfb", send_dirtyfb };
static const struct way clips = { "clips", send_clips };

struct damage_case {
	const struct way *way;
	const char *list;
	bool is_bad; /* may be refused, as a whole */
};

static void setup(void)
{
	drmModeModeInfo mode;
	int ret;

	card_open(&card);
	card_mode(&card, WIDTH, HEIGHT, &mode);
	ret = dumb_frame(&screen, card.fd, WIDTH, HEIGHT);
	if (!ret)
		ret = card_show(&card, &mode, screen.fb, 0, 0, 0);
	if (ret)
		ktap_bail("modeset %ux%u: %d", WIDTH, HEIGHT, ret);
}

static void start_from_base(void)
{
	const struct list whole = { .rects = { { 0, 0, WIDTH, HEIGHT } },
				    .count = 1 };
	struct picture picture = dumb_picture(&screen);
	int ret;

	pattern_draw(&picture, BASE_SEED);
	ret = send_dirtyfb(&whole);
	check(!ret, "damage of everything: %d", ret);
}

static void check_picture(const char *way, const char *list)
{
	char name[64];

	snprintf(name, sizeof(name), "damage-%s-%s", way, list);
	host_check_picture(name, WIDTH, HEIGHT, "qxl_damage --reference %s",
			   list);
}

static void damage(const void *arg)
{
	const struct damage_case *test = arg;
	struct picture picture = dumb_picture(&screen);
	struct list list;
	int64_t start;
	int ret;

	start_from_base();
	make_list(&list, test->list);
	paint(&picture, &list);
	start = now_us();
	ret = test->way->send(&list);
	ktap_note("%s, %u rectangles: %d, %lld us", test->way->name, list.count,
		  ret, (long long)(now_us() - start));
	if (test->is_bad && ret == -EINVAL) {
		make_valid(&list);
		ret = test->way->send(&list);
	}
	check(!ret, "%s, %u rectangles: %d", test->way->name, list.count, ret);
	check_picture(test->way->name, test->list);
}

/* No list means everything. */
static void everything(const void *arg)
{
	const struct way *way = arg;
	const struct list empty = { .count = 0 };
	struct picture picture = dumb_picture(&screen);
	struct list list;
	int ret;

	start_from_base();
	make_list(&list, "all");
	paint(&picture, &list);
	ret = way->send(&empty);
	check(!ret, "%s without rectangles: %d", way->name, ret);
	check_picture(way->name, "all");
}

/* The base picture stays: nothing of what was refused or aimed elsewhere shows. */
static void framebuffer_not_shown(void)
{
	struct picture picture;
	drmModeClip clip = { 0, 0, WIDTH, HEIGHT };
	struct dumb other;
	int ret;

	start_from_base();
	ret = dumb_frame(&other, card.fd, WIDTH, HEIGHT);
	if (!check(!ret, "framebuffer: %d", ret))
		return;
	picture = dumb_picture(&other);
	pattern_draw(&picture, DAMAGE_SEED);
	ret = drmModeDirtyFB(card.fd, other.fb, &clip, 1);
	check(!ret, "DIRTYFB of what is not shown: %d", ret);
	check_picture("hidden", "none");
	dumb_destroy(&other);
}

static void refusals(void)
{
	static drmModeClip many[DIRTYFB_MAX + 1];
	uint32_t blob;
	int ret;

	ret = drmModeDirtyFB(card.fd, screen.fb, many, ARRAY_SIZE(many));
	check(ret == -EINVAL, "DIRTYFB of %u clips: %d", DIRTYFB_MAX + 1, ret);
	ret = drmModeDirtyFB(card.fd, screen.fb, many, 0);
	check(ret == -EINVAL, "DIRTYFB of an address without clips: %d", ret);
	ret = drmModeDirtyFB(card.fd, 0xdead, many, 1);
	check(ret == -ENOENT, "DIRTYFB of no framebuffer: %d", ret);

	/* not a whole number of rectangles */
	ret = drmModeCreatePropertyBlob(card.fd, many,
					sizeof(struct drm_mode_rect) + 4, &blob);
	if (!check(!ret, "blob: %d", ret))
		return;
	ret = drmModeObjectSetProperty(card.fd, card.primary.id,
				       DRM_MODE_OBJECT_PLANE,
				       card.primary.damage, blob);
	check(ret == -EINVAL, "FB_DAMAGE_CLIPS of 20 bytes: %d", ret);
	drmModeDestroyPropertyBlob(card.fd, blob);
}

#define DAMAGE(way_, list_, bad)                                         \
	{                                                                \
		.name = #way_ " " list_,                                 \
		.run_with = damage,                                      \
		.arg = &(const struct damage_case){ &way_, list_, bad }, \
	}

static const struct ktap_case cases[] = {
	DAMAGE(dirtyfb, "one", false),
	DAMAGE(dirtyfb, "edges", false),
	DAMAGE(dirtyfb, "overlapping", false),
	DAMAGE(dirtyfb, "256", false),
	DAMAGE(dirtyfb, "odd", true),
	DAMAGE(dirtyfb, "inverted", true),
	{ .name = "dirtyfb of everything",
	  .run_with = everything,
	  .arg = &dirtyfb },
	DAMAGE(clips, "one", false),
	DAMAGE(clips, "edges", false),
	DAMAGE(clips, "overlapping", false),
	DAMAGE(clips, "256", false),
	DAMAGE(clips, "1000", false),
	DAMAGE(clips, "odd", true),
	DAMAGE(clips, "inverted", true),
	{ .name = "clips of everything", .run_with = everything, .arg = &clips },
	{ .name = "framebuffer that is not shown", .run = framebuffer_not_shown },
	{ .name = "refusals", .run = refusals },
};

static int write_reference(const char *name, const char *path)
{
	struct picture picture = picture_new(WIDTH, HEIGHT);
	struct list list;
	int ret;

	if (!find_list(name)) {
		fprintf(stderr, "no list '%s'\n", name);
		return 2;
	}
	make_list(&list, name);
	pattern_draw(&picture, BASE_SEED);
	paint(&picture, &list);
	ret = picture_save_reference(&picture, path);
	picture_free(&picture);
	return ret;
}

int main(int argc, char **argv)
{
	int status;

	if (argc == 4 && !strcmp(argv[1], "--reference"))
		return write_reference(argv[2], argv[3]);
	status = ktap_run(cases, ARRAY_SIZE(cases), setup);
	card_off(&card);
	dumb_destroy(&screen);
	card_close(&card);
	return status;
}
