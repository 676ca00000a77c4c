/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Heads side by side, each with a picture of its own: in framebuffers of a card,
 * and as the reference of what the host shows.
 */
#ifndef SCENE_H
#define SCENE_H

#include "card.h"
#include "dumb.h"
#include "pattern.h"

#define SCENE_HEADS 4

/* What a head shows, by pattern_fill(): all of @seed, then @count rectangles. */
struct scene_head {
	uint32_t width; /* 0: it is off */
	uint32_t height;
	uint32_t seed;
	struct drm_mode_rect rects[2];
	uint32_t count;
	uint32_t rect_seed;
};

struct scene {
	const char *name;
	struct scene_head heads[SCENE_HEADS];
};

/* Draws @head at the upper left of @picture, which may be larger. */
void scene_draw_head(const struct picture *picture,
		     const struct scene_head *head);

/* What the host shows of @scene, as a PPM. 0 or a negative errno. */
int scene_save(const struct scene *scene, const char *path);

/*
 * Has the host compare all of @scene with what "@program --reference NAME FILE"
 * writes. A check.
 */
bool scene_check(const struct scene *scene, const char *program);

/*
 * For the main() of @program: with arguments it writes the reference that they
 * ask for and returns true, with the exit status in @status.
 */
bool scene_is_reference(int argc, char **argv, const struct scene *scenes,
			unsigned int count, int *status);

#endif
