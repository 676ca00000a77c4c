// SPDX-License-Identifier: GPL-2.0-only
#include "heads.h"

#include <errno.h>

#include "ktap.h"
#include "mode.h"

unsigned int heads_find(const struct card *card, struct head *heads,
			unsigned int most)
{
	drmModeRes *resources = drmModeGetResources(card->fd);
	unsigned int count;

	if (!resources)
		ktap_bail("no resources: errno %d", errno);
	count = resources->count_crtcs;
	if (count > most)
		count = most;
	for (unsigned int i = 0; i < count; i++)
		heads[i] = (struct head){ resources->crtcs[i],
					  resources->connectors[i] };
	drmModeFreeResources(resources);
	return count;
}

int head_show(const struct card *card, struct head *head, uint32_t fb,
	      uint32_t x, uint32_t width, uint32_t height)
{
	drmModeModeInfo mode;

	mode_make(&mode, width, height, 60);
	return drmModeSetCrtc(card->fd, head->crtc, fb, x, 0, &head->connector,
			      1, &mode);
}

void head_off(const struct card *card, const struct head *head)
{
	int ret = drmModeSetCrtc(card->fd, head->crtc, 0, 0, 0, NULL, 0, NULL);

	check(!ret, "CRTC %u off: %d", head->crtc, ret);
}
