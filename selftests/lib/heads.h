/* SPDX-License-Identifier: GPL-2.0-only */
/* The heads of a card, connected or not. */
#ifndef HEADS_H
#define HEADS_H

#include "card.h"

struct head {
	uint32_t crtc;
	uint32_t connector;
};

/* Fills in the first @most; how many those are. Ends the program on errors. */
unsigned int heads_find(const struct card *card, struct head *heads,
			unsigned int most);

/* Lights a head with the part of @fb at @x. 0 or a negative errno. */
int head_show(const struct card *card, struct head *head, uint32_t fb,
	      uint32_t x, uint32_t width, uint32_t height);

/* A check. */
void head_off(const struct card *card, const struct head *head);

#endif
