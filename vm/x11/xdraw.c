// SPDX-License-Identifier: GPL-2.0-only
/*
 * Draws on an X server, one step after the other, and compares what is then there with what another
 * server has drawn.
 *
 *   xdraw list                           names of the steps
 *   xdraw record FILE [STEP...]          draw, and append each picture to FILE
 *   xdraw snapshot FILE NAME             append what is there now
 *   xdraw check FILE [STEP...]           draw, compare the server's picture and the client's
 *   xdraw plant FILE STEP                the same with one wrong pixel: must fail
 *   xdraw verify FILE NAME               compare what is there now, for which there is a little time
 *   xdraw hold STEP                      draw, and draw again when exposed, until killed
 *   xdraw churn [STEP...]                draw without end
 *   xdraw extract STEP WIDTH HEIGHT OUT  on the host: a picture of the file 'pictures' beside this program
 *
 * Steps are all of them unless named.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "host.h"
#include "ktap.h"
#include "pictures.h"
#include "steps.h"

#define MAX_STEPS 128
#define VERIFY_US (40 * 1000000)
#define PLANTED_X 123
#define PLANTED_Y 77

static const struct step *const groups[] = {
	fill_steps, copy_steps,   image_steps,  shape_steps,
	text_steps, window_steps, render_steps, pixmap_steps,
};

static struct canvas canvas;
static const char *references;
static bool planting;

static unsigned int select_steps(char **names, const struct step *steps[])
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(groups); i++) {
		for (const struct step *step = groups[i]; step->name; step++) {
			char **name = names;

			while (*name && strcmp(*name, step->name))
				name++;
			if (*name || !*names)
				steps[count++] = step;
		}
	}
	if (!count)
		ktap_bail("no such step");
	return count;
}

static struct picture grab(void)
{
	XImage *image = canvas_grab(&canvas);
	struct picture picture = { (uint32_t)image->width,
				   (uint32_t)image->height, NULL };
	size_t count = (size_t)image->width * image->height;

	picture.pixels = malloc(count * sizeof(*picture.pixels));
	if (!picture.pixels)
		ktap_bail("no memory for a picture");
	for (int y = 0; y < image->height; y++)
		memcpy(picture.pixels + (size_t)y * image->width,
		       image->data + (size_t)y * image->bytes_per_line,
		       (size_t)image->width * 4);
	for (size_t i = 0; i < count; i++)
		picture.pixels[i] &= 0xffffff;
	XDestroyImage(image);
	return picture;
}

static void draw(const struct step *step)
{
	canvas_reset(&canvas);
	step->draw(&canvas);
	XSync(canvas.display, False);
}

/* Number of pixels that differ, and the first. */
static size_t differences(const struct picture *want, const struct picture *got,
			  size_t *first)
{
	size_t count = 0;

	for (size_t i = (size_t)want->width * want->height; i-- > 0;) {
		if (want->pixels[i] == got->pixels[i])
			continue;
		*first = i;
		count++;
	}
	return count;
}

static bool find_reference(const char *name, struct picture *want)
{
	return check(picture_find(references, name, canvas.width, canvas.height,
				  want),
		     "no reference '%s' of %dx%d in %s", name, canvas.width,
		     canvas.height, references);
}

static void check_server(const struct picture *want, const struct picture *got)
{
	size_t first = 0;
	size_t count = differences(want, got, &first);

	check(!count,
	      "server: %zu pixels differ, first %zu %zu want %06X got %06X",
	      count, first % want->width, first / want->width,
	      want->pixels[first], got->pixels[first]);
}

static void check_client(const char *name)
{
	char kept[96];

	snprintf(kept, sizeof(kept), "%s-%dx%d%s", name, canvas.width,
		 canvas.height, planting ? "-planted" : "");
	host_check_picture(kept, canvas.width, canvas.height,
			   "xdraw extract %s %d %d", name, canvas.width,
			   canvas.height);
}

static void check_step(const void *arg)
{
	const struct step *step = arg;
	struct picture want, got;

	draw(step);
	if (!find_reference(step->name, &want))
		return;
	if (planting) {
		size_t at = PLANTED_Y * (size_t)want.width + PLANTED_X;

		slab(&canvas, want.pixels[at] ^ 1, PLANTED_X, PLANTED_Y, 1, 1);
	}
	got = grab();
	check_server(&want, &got);
	check_client(step->name);
	free(want.pixels);
	free(got.pixels);
}

/* Servers repaint after a switch or a restart when their clients do, not at once. */
static void check_now(const void *arg)
{
	int64_t end = now_us() + VERIFY_US;
	struct picture want, got;
	size_t first;

	if (!find_reference(arg, &want))
		return;
	got = grab();
	while (differences(&want, &got, &first) && now_us() < end) {
		usleep(200000);
		free(got.pixels);
		got = grab();
	}
	check_server(&want, &got);
	check_client(arg);
	free(want.pixels);
	free(got.pixels);
}

static int run_check(char **names)
{
	const struct step *steps[MAX_STEPS];
	struct ktap_case cases[MAX_STEPS];
	unsigned int count = select_steps(names, steps);

	for (unsigned int i = 0; i < count; i++)
		cases[i] = (struct ktap_case){ .name = steps[i]->name,
					       .run_with = check_step,
					       .arg = steps[i] };
	return ktap_run(cases, count, NULL);
}

static int run_verify(const char *name)
{
	struct ktap_case one = { .name = name,
				 .run_with = check_now,
				 .arg = name };

	return ktap_run(&one, 1, NULL);
}

static void append(const char *path, const char *name)
{
	FILE *file = fopen(path, "ab");
	struct picture picture;

	if (!file)
		ktap_bail("%s: %s", path, strerror(errno));
	picture = grab();
	picture_append(file, name, &picture);
	free(picture.pixels);
	fclose(file);
}

static int run_record(const char *path, char **names)
{
	const struct step *steps[MAX_STEPS];
	unsigned int count = select_steps(names, steps);

	for (unsigned int i = 0; i < count; i++) {
		draw(steps[i]);
		append(path, steps[i]->name);
	}
	return 0;
}

static __attribute__((noreturn)) void run_hold(char **names)
{
	const struct step *steps[MAX_STEPS];
	XEvent event;

	select_steps(names, steps);
	canvas_reset(&canvas);
	steps[0]->draw(&canvas);
	for (;;) {
		XNextEvent(canvas.display, &event);
		/* the last of a row: each would draw the whole step */
		if (event.type == Expose && !event.xexpose.count) {
			XClearWindow(canvas.display, canvas.window);
			steps[0]->draw(&canvas);
		}
	}
}

static __attribute__((noreturn)) void run_churn(char **names)
{
	const struct step *steps[MAX_STEPS];
	unsigned int count = select_steps(names, steps);

	for (;;) {
		for (unsigned int i = 0; i < count; i++)
			draw(steps[i]);
	}
}

static int run_extract(const char *program, char **words)
{
	const char *slash = strrchr(program, '/');
	struct picture picture;
	char path[4096];

	snprintf(path, sizeof(path), "%.*s/pictures",
		 slash ? (int)(slash - program) : 1, slash ? program : ".");
	if (!picture_find(path, words[0], strtoul(words[1], NULL, 10),
			  strtoul(words[2], NULL, 10), &picture)) {
		fprintf(stderr, "%s has no '%s' of %sx%s\n", path, words[0],
			words[1], words[2]);
		return 1;
	}
	if (!picture_write_ppm(words[3], &picture)) {
		perror(words[3]);
		return 1;
	}
	free(picture.pixels);
	return 0;
}

static int run_list(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(groups); i++) {
		for (const struct step *step = groups[i]; step->name; step++)
			puts(step->name);
	}
	return 0;
}

static int run_on_server(const char *mode, int count, char **words)
{
	if (!strcmp(mode, "hold") && count == 1)
		run_hold(words);
	if (!strcmp(mode, "churn"))
		run_churn(words);
	references = words[0];
	if (!strcmp(mode, "record") && count >= 1)
		return run_record(words[0], words + 1);
	if (!strcmp(mode, "check") && count >= 1)
		return run_check(words + 1);
	planting = !strcmp(mode, "plant");
	if (planting && count == 2)
		return run_check(words + 1);
	if (!strcmp(mode, "verify") && count == 2)
		return run_verify(words[1]);
	if (!strcmp(mode, "snapshot") && count == 2) {
		append(words[0], words[1]);
		return 0;
	}
	return 2;
}

static void look_at_root(void)
{
	XWindowAttributes root;

	XGetWindowAttributes(canvas.display, canvas.root, &root);
	canvas.width = root.width;
	canvas.height = root.height;
}

int main(int argc, char **argv)
{
	int status;

	if (argc == 2 && !strcmp(argv[1], "list"))
		return run_list();
	if (argc == 6 && !strcmp(argv[1], "extract"))
		return run_extract(argv[0], argv + 2);
	if (argc < 2) {
		fprintf(stderr,
			"usage: xdraw list|record|snapshot|check|plant|verify|hold|churn|extract ...\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	canvas_open(&canvas);
	look_at_root();
	status = run_on_server(argv[1], argc - 2, argv + 2);
	canvas_close(&canvas);
	return status;
}
