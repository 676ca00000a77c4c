// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writes the plain pattern as a PPM: what a screen shows after one pattern_draw(),
 * and after pattern_squares() of all, if their seed is given. Runs on the host.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pattern.h"

int main(int argc, char **argv)
{
	struct picture picture;
	int ret;

	if (argc != 5 && argc != 6) {
		fprintf(stderr,
			"usage: qxl_pattern WIDTH HEIGHT SEED [SEED] FILE\n");
		return 2;
	}
	picture = picture_new(strtoul(argv[1], NULL, 10),
			      strtoul(argv[2], NULL, 10));
	pattern_draw(&picture, strtoul(argv[3], NULL, 10));
	if (argc == 6)
		pattern_squares(&picture, NULL, PATTERN_SQUARES,
				strtoul(argv[4], NULL, 10));
	ret = picture_save_reference(&picture, argv[argc - 1]);
	picture_free(&picture);
	return ret;
}
