// SPDX-License-Identifier: GPL-2.0-only
#include "scene.h"

#include <stdio.h>
#include <string.h>

#include "host.h"
#include "ktap.h"

/* All heads side by side. */
static void scene_size(const struct scene *scene, uint32_t *width,
		       uint32_t *height)
{
	*width = *height = 0;
	for (unsigned int i = 0; i < SCENE_HEADS; i++) {
		*width += scene->heads[i].width;
		if (scene->heads[i].height > *height)
			*height = scene->heads[i].height;
	}
}

void scene_draw_head(const struct picture *picture, const struct scene_head *head)
{
	struct picture part = *picture;

	part.width = head->width;
	part.height = head->height;
	pattern_draw(&part, head->seed);
	for (uint32_t i = 0; i < head->count; i++)
		pattern_fill(&part, &head->rects[i], head->rect_seed);
}

int scene_save(const struct scene *scene, const char *path)
{
	struct picture picture, place;
	uint32_t width, height;
	int ret;

	scene_size(scene, &width, &height);
	picture = picture_new(width, height);
	place = picture;
	for (unsigned int i = 0; i < SCENE_HEADS; i++) {
		if (!scene->heads[i].width)
			continue;
		scene_draw_head(&place, &scene->heads[i]);
		place.pixels += scene->heads[i].width;
	}
	ret = picture_save(&picture, path);
	picture_free(&picture);
	return ret;
}

bool scene_check(const struct scene *scene, const char *program)
{
	uint32_t width, height;

	scene_size(scene, &width, &height);
	return host_check_picture(scene->name, width, height,
				  "%s --reference %s", program, scene->name);
}

bool scene_is_reference(int argc, char **argv, const struct scene *scenes,
			unsigned int count, int *status)
{
	int ret = -1;

	if (argc != 4 || strcmp(argv[1], "--reference"))
		return false;
	for (unsigned int i = 0; i < count; i++)
		if (!strcmp(scenes[i].name, argv[2]))
			ret = scene_save(&scenes[i], argv[3]);
	if (ret)
		fprintf(stderr, "reference %s in %s: %d\n", argv[2], argv[3],
			ret);
	*status = ret ? 1 : 0;
	return true;
}
