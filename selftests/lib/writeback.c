// SPDX-License-Identifier: GPL-2.0-only
#include "writeback.h"

#include "ktap.h"

static bool reaches_crtc(const struct card *card,
			 const drmModeConnector *connector, uint32_t crtc_index)
{
	drmModeEncoder *encoder = drmModeGetEncoder(card->fd,
						    connector->encoders[0]);
	bool reaches = encoder && encoder->possible_crtcs == 1u << crtc_index;

	drmModeFreeEncoder(encoder);
	return reaches;
}

static void find_properties(const struct card *card, struct writeback *connector)
{
	const struct {
		const char *name;
		uint32_t *id;
	} properties[] = {
		{ "CRTC_ID", &connector->crtc_id },
		{ "WRITEBACK_FB_ID", &connector->fb_id },
		{ "WRITEBACK_OUT_FENCE_PTR", &connector->out_fence },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(properties); i++)
		*properties[i].id = card_find_property(card, connector->id,
						       DRM_MODE_OBJECT_CONNECTOR,
						       properties[i].name, NULL);
}

unsigned int writeback_find(const struct card *card, uint32_t crtc_index,
			    struct writeback *found)
{
	drmModeRes *resources = drmModeGetResources(card->fd);
	unsigned int count = 0;

	*found = (struct writeback){};
	for (int i = 0; resources && i < resources->count_connectors; i++) {
		drmModeConnector *connector =
			drmModeGetConnector(card->fd, resources->connectors[i]);

		if (connector &&
		    connector->connector_type == DRM_MODE_CONNECTOR_WRITEBACK) {
			count++;
			if (reaches_crtc(card, connector, crtc_index))
				found->id = connector->connector_id;
		}
		drmModeFreeConnector(connector);
	}
	drmModeFreeResources(resources);
	if (found->id)
		find_properties(card, found);
	return count;
}
