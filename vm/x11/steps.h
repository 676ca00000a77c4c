/* SPDX-License-Identifier: GPL-2.0-only */
/* The drawing steps: each has a picture of its own, so that a difference names the step. */
#ifndef STEPS_H
#define STEPS_H

#include "canvas.h"

struct step {
	const char *name;
	/* draws on a canvas that was just reset; may use ktap's check() */
	void (*draw)(const struct canvas *canvas);
};

/* Each ends with a step without a name. */
extern const struct step fill_steps[];
extern const struct step copy_steps[];
extern const struct step image_steps[];
extern const struct step shape_steps[];
extern const struct step text_steps[];
extern const struct step window_steps[];
extern const struct step render_steps[];
extern const struct step pixmap_steps[];

#endif
