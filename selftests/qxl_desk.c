// SPDX-License-Identifier: GPL-2.0-only
/* Writes what a screen of lib/desk.h shows. usage: qxl_desk SEED STEPS FILE */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "desk.h"

int main(int argc, char **argv)
{
	int ret;

	if (argc != 4) {
		fprintf(stderr, "usage: qxl_desk SEED STEPS FILE\n");
		return 2;
	}
	ret = desk_reference(strtoul(argv[1], NULL, 10),
			     strtoul(argv[2], NULL, 10), argv[3]);
	if (ret)
		fprintf(stderr, "%s: %s\n", argv[3], strerror(-ret));
	return ret ? 1 : 0;
}
