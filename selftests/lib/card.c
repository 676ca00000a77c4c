// SPDX-License-Identifier: GPL-2.0-only
#include "card.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xf86drm.h>

#include "ktap.h"
#include "mode.h"

/* Since 6.8 an atomic client must say that it knows of hotspots to see the plane. */
#ifndef DRM_CLIENT_CAP_CURSOR_PLANE_HOTSPOT
#define DRM_CLIENT_CAP_CURSOR_PLANE_HOTSPOT 6
#endif

#define CARDS_MAX 16

static bool is_of(int fd, const char *driver)
{
	drmVersion *version = drmGetVersion(fd);
	bool same = version && !strcmp(version->name, driver);

	drmFreeVersion(version);
	return same;
}

/* Minor numbers need not be dense: a rebound device gets a new one. */
int card_open_driver(const char *driver, uint32_t number, char *path, size_t size)
{
	for (int i = 0; i < CARDS_MAX; i++) {
		int fd;

		snprintf(path, size, "/dev/dri/card%d", i);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (is_of(fd, driver) && !number--)
			return fd;
		close(fd);
	}
	return -ENODEV;
}

static int open_node(struct card *card)
{
	const char *path = getenv("QXL_CARD");

	if (!path) {
		card->fd = card_open_driver("qxl", 0, card->path,
					    sizeof(card->path));
		return card->fd < 0 ? card->fd : 0;
	}
	snprintf(card->path, sizeof(card->path), "%s", path);
	card->fd = open(card->path, O_RDWR | O_CLOEXEC);
	return card->fd < 0 ? -errno : 0;
}

uint32_t card_find_property(const struct card *card, uint32_t object,
			    uint32_t type, const char *name, uint64_t *value)
{
	drmModeObjectProperties *all = drmModeObjectGetProperties(card->fd,
								  object, type);
	uint32_t found = 0;

	for (uint32_t i = 0; all && i < all->count_props && !found; i++) {
		drmModePropertyRes *property =
			drmModeGetProperty(card->fd, all->props[i]);

		if (property && !strcmp(property->name, name)) {
			found = property->prop_id;
			if (value)
				*value = all->prop_values[i];
		}
		drmModeFreeProperty(property);
	}
	drmModeFreeObjectProperties(all);
	return found;
}

static void fill_plane(struct card *card, struct plane *plane, uint32_t id)
{
	const struct {
		const char *name;
		uint32_t *id;
	} properties[] = {
		{ "FB_ID", &plane->fb_id },
		{ "CRTC_ID", &plane->crtc_id },
		{ "SRC_X", &plane->src_x },
		{ "SRC_Y", &plane->src_y },
		{ "SRC_W", &plane->src_w },
		{ "SRC_H", &plane->src_h },
		{ "CRTC_X", &plane->crtc_x },
		{ "CRTC_Y", &plane->crtc_y },
		{ "CRTC_W", &plane->crtc_w },
		{ "CRTC_H", &plane->crtc_h },
		{ "FB_DAMAGE_CLIPS", &plane->damage },
		{ "IN_FENCE_FD", &plane->in_fence },
		{ "HOTSPOT_X", &plane->hotspot_x },
		{ "HOTSPOT_Y", &plane->hotspot_y },
	};

	plane->id = id;
	for (uint32_t i = 0; i < ARRAY_SIZE(properties); i++)
		*properties[i].id = card_find_property(card, id,
						       DRM_MODE_OBJECT_PLANE,
						       properties[i].name, NULL);
}

static void find_planes(struct card *card)
{
	drmModePlaneRes *planes = drmModeGetPlaneResources(card->fd);

	for (uint32_t i = 0; planes && i < planes->count_planes; i++) {
		drmModePlane *plane = drmModeGetPlane(card->fd,
						      planes->planes[i]);
		uint64_t type = DRM_PLANE_TYPE_OVERLAY;

		if (plane && plane->possible_crtcs & 1u << card->crtc_index) {
			card_find_property(card, plane->plane_id,
					   DRM_MODE_OBJECT_PLANE, "type", &type);
			if (type == DRM_PLANE_TYPE_PRIMARY && !card->primary.id)
				fill_plane(card, &card->primary, plane->plane_id);
			if (type == DRM_PLANE_TYPE_CURSOR && !card->cursor.id)
				fill_plane(card, &card->cursor, plane->plane_id);
		}
		drmModeFreePlane(plane);
	}
	drmModeFreePlaneResources(planes);
}

static void find_crtc(struct card *card, const drmModeRes *resources)
{
	drmModeEncoder *encoder =
		drmModeGetEncoder(card->fd, card->connector->encoders[0]);

	for (int i = 0; encoder && i < resources->count_crtcs; i++) {
		if (!(encoder->possible_crtcs & 1u << i))
			continue;
		card->crtc = resources->crtcs[i];
		card->crtc_index = i;
		break;
	}
	drmModeFreeEncoder(encoder);
}

static void find_connector(struct card *card, const drmModeRes *resources)
{
	for (int i = 0; i < resources->count_connectors; i++) {
		drmModeConnector *connector =
			drmModeGetConnector(card->fd, resources->connectors[i]);

		if (connector && connector->connection == DRM_MODE_CONNECTED &&
		    connector->count_encoders) {
			card->connector = connector;
			return;
		}
		drmModeFreeConnector(connector);
	}
}

/* What belongs to the connector. */
static int find_objects(struct card *card, const drmModeRes *resources)
{
	if (card->connector && card->connector->count_encoders)
		find_crtc(card, resources);
	if (!card->crtc)
		return -ENXIO;

	find_planes(card);
	card->connector_crtc_id =
		card_find_property(card, card->connector->connector_id,
				   DRM_MODE_OBJECT_CONNECTOR, "CRTC_ID", NULL);
	card->crtc_active = card_find_property(
		card, card->crtc, DRM_MODE_OBJECT_CRTC, "ACTIVE", NULL);
	card->crtc_mode_id = card_find_property(
		card, card->crtc, DRM_MODE_OBJECT_CRTC, "MODE_ID", NULL);
	card->crtc_out_fence = card_find_property(
		card, card->crtc, DRM_MODE_OBJECT_CRTC, "OUT_FENCE_PTR", NULL);
	return card->primary.id && card->crtc_mode_id ? 0 : -ENXIO;
}

static int find_connected_head(struct card *card)
{
	drmModeRes *resources = drmModeGetResources(card->fd);
	int ret;

	if (!resources)
		return -errno;
	find_connector(card, resources);
	ret = find_objects(card, resources);
	drmModeFreeResources(resources);
	return ret;
}

uint64_t card_memory(const struct card *card)
{
	char path[96];
	struct stat status;

	snprintf(path, sizeof(path), "/sys/class/drm/%s/device/resource0",
		 strrchr(card->path, '/') + 1);
	return stat(path, &status) ? 0 : (uint64_t)status.st_size;
}

int card_open_head(const struct card *card, unsigned int number,
		   struct card *head)
{
	drmModeRes *resources = drmModeGetResources(card->fd);
	int ret = -ENXIO;

	if (!resources)
		return -errno;
	memset(head, 0, sizeof(*head));
	head->fd = card->fd;
	memcpy(head->path, card->path, sizeof(head->path));
	if ((int)number < resources->count_connectors) {
		head->connector = drmModeGetConnector(
			card->fd, resources->connectors[number]);
		ret = find_objects(head, resources);
	}
	drmModeFreeResources(resources);
	if (ret)
		card_close_head(head);
	return ret;
}

void card_close_head(struct card *head)
{
	drmModeFreeConnector(head->connector);
	head->connector = NULL;
	head->fd = -1;
}

/* Takes over what opening the node returned. */
static int take_card(struct card *card, int ret)
{
	if (ret) {
		card->fd = -1;
		return ret;
	}
	ret = drmSetMaster(card->fd) ? -errno : 0;
	if (!ret)
		ret = drmSetClientCap(card->fd, DRM_CLIENT_CAP_ATOMIC, 1) ?
			      -errno :
			      0;
	if (!ret) {
		drmSetClientCap(card->fd, DRM_CLIENT_CAP_CURSOR_PLANE_HOTSPOT, 1);
		ret = find_connected_head(card);
	}
	if (ret)
		card_close(card);
	return ret;
}

int card_try_open(struct card *card)
{
	memset(card, 0, sizeof(*card));
	return take_card(card, open_node(card));
}

int card_try_open_number(struct card *card, unsigned int number)
{
	memset(card, 0, sizeof(*card));
	card->fd = card_open_driver("qxl", number, card->path,
				    sizeof(card->path));
	return take_card(card, card->fd < 0 ? card->fd : 0);
}

static bool file_says(const char *folder, const char *name, const char *text)
{
	char path[256], line[32] = "";
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "r");
	if (!file)
		return false;
	if (!fgets(line, sizeof(line), file))
		line[0] = '\0';
	fclose(file);
	return !strncmp(line, text, strlen(text));
}

static bool machine_has_device(void)
{
	glob_t found;
	bool has = false;

	if (glob("/sys/bus/pci/devices/*", 0, NULL, &found))
		return false;
	for (size_t i = 0; i < found.gl_pathc && !has; i++)
		has = file_says(found.gl_pathv[i], "vendor", "0x1b36") &&
		      file_says(found.gl_pathv[i], "device", "0x0100");
	globfree(&found);
	return has;
}

void card_open(struct card *card)
{
	int ret = card_try_open(card);

	if (ret == -ENODEV && !machine_has_device())
		ktap_skip_all("this machine has no QXL device");
	if (ret)
		ktap_bail("can't use a qxl card (%s): %s", card->path,
			  strerror(-ret));
}

void card_close(struct card *card)
{
	drmModeFreeConnector(card->connector);
	card->connector = NULL;
	if (card->fd >= 0)
		close(card->fd);
	card->fd = -1;
}

bool card_pci_address(const struct card *card, char *address, size_t size)
{
	char path[64], device[PATH_MAX];

	snprintf(path, sizeof(path), "/sys/class/drm/%s/device",
		 strrchr(card->path, '/') + 1);
	if (!realpath(path, device) || !file_says(device, "vendor", "0x1b36"))
		return false;
	snprintf(address, size, "%s", strrchr(device, '/') + 1);
	return true;
}

void card_mode(const struct card *card, uint32_t width, uint32_t height,
	       drmModeModeInfo *mode)
{
	for (int i = 0; i < card->connector->count_modes; i++) {
		const drmModeModeInfo *listed = &card->connector->modes[i];

		if (listed->hdisplay == width && listed->vdisplay == height &&
		    listed->vrefresh == 60) {
			*mode = *listed;
			return;
		}
	}
	mode_make(mode, width, height, 60);
}

/* The part of @fb at @src_x, @src_y on the CRTC at @x, @y, unscaled. */
static void add_plane(drmModeAtomicReq *request, const struct plane *plane,
		      uint32_t fb, uint32_t crtc, uint32_t src_x, uint32_t src_y,
		      int32_t x, int32_t y, uint32_t width, uint32_t height)
{
	const struct {
		uint32_t property;
		uint64_t value;
	} values[] = {
		{ plane->fb_id, fb },
		{ plane->crtc_id, fb ? crtc : 0 },
		{ plane->src_x, (uint64_t)src_x << 16 },
		{ plane->src_y, (uint64_t)src_y << 16 },
		{ plane->src_w, (uint64_t)width << 16 },
		{ plane->src_h, (uint64_t)height << 16 },
		{ plane->crtc_x, (int64_t)x },
		{ plane->crtc_y, (int64_t)y },
		{ plane->crtc_w, width },
		{ plane->crtc_h, height },
	};

	for (uint32_t i = 0; i < ARRAY_SIZE(values); i++)
		drmModeAtomicAddProperty(request, plane->id, values[i].property,
					 values[i].value);
}

void card_add_plane(struct card *card, drmModeAtomicReq *request,
		    const struct plane *plane, uint32_t fb, int32_t x,
		    int32_t y, uint32_t width, uint32_t height)
{
	add_plane(request, plane, fb, card->crtc, 0, 0, x, y, width, height);
}

static void add_crtc(struct card *card, drmModeAtomicReq *request, bool on,
		     uint32_t mode_blob)
{
	drmModeAtomicAddProperty(request, card->connector->connector_id,
				 card->connector_crtc_id, on ? card->crtc : 0);
	drmModeAtomicAddProperty(request, card->crtc, card->crtc_active, on);
	drmModeAtomicAddProperty(request, card->crtc, card->crtc_mode_id,
				 mode_blob);
}

int card_commit(struct card *card, drmModeAtomicReq *request, uint32_t flags,
		uint64_t user_data)
{
	return drmModeAtomicCommit(card->fd, request, flags,
				   (void *)(uintptr_t)user_data);
}

int card_add_show(struct card *card, drmModeAtomicReq *request,
		  const drmModeModeInfo *mode, uint32_t fb, uint32_t x,
		  uint32_t y, uint32_t *blob)
{
	int ret = drmModeCreatePropertyBlob(card->fd, mode, sizeof(*mode), blob);

	if (ret)
		return ret;
	add_crtc(card, request, true, *blob);
	add_plane(request, &card->primary, fb, card->crtc, x, y, 0, 0,
		  mode->hdisplay, mode->vdisplay);
	return 0;
}

int card_show(struct card *card, const drmModeModeInfo *mode, uint32_t fb,
	      uint32_t x, uint32_t y, uint32_t flags)
{
	drmModeAtomicReq *request = drmModeAtomicAlloc();
	uint32_t blob;
	int ret = card_add_show(card, request, mode, fb, x, y, &blob);

	if (!ret) {
		ret = card_commit(card, request,
				  flags | DRM_MODE_ATOMIC_ALLOW_MODESET, 0);
		drmModeDestroyPropertyBlob(card->fd, blob);
	}
	drmModeAtomicFree(request);
	return ret;
}

void card_add_off(struct card *card, drmModeAtomicReq *request)
{
	add_crtc(card, request, false, 0);
	add_plane(request, &card->primary, 0, 0, 0, 0, 0, 0, 0, 0);
	if (card->cursor.id)
		add_plane(request, &card->cursor, 0, 0, 0, 0, 0, 0, 0, 0);
}

int card_off(struct card *card)
{
	drmModeAtomicReq *request = drmModeAtomicAlloc();
	int ret;

	card_add_off(card, request);
	ret = card_commit(card, request, DRM_MODE_ATOMIC_ALLOW_MODESET, 0);
	drmModeAtomicFree(request);
	return ret;
}

int card_update(struct card *card, uint32_t fb,
		const struct drm_mode_rect *clips, uint32_t count,
		uint32_t flags, uint64_t user_data)
{
	drmModeAtomicReq *request;
	uint32_t blob = 0;
	int ret;

	if (count) {
		ret = drmModeCreatePropertyBlob(card->fd, clips,
						count * sizeof(*clips), &blob);
		if (ret)
			return ret;
	}
	request = drmModeAtomicAlloc();
	drmModeAtomicAddProperty(request, card->primary.id, card->primary.fb_id,
				 fb);
	if (card->primary.damage)
		drmModeAtomicAddProperty(request, card->primary.id,
					 card->primary.damage, blob);
	ret = card_commit(card, request, flags, user_data);
	drmModeAtomicFree(request);
	if (blob)
		drmModeDestroyPropertyBlob(card->fd, blob);
	return ret;
}

int card_flip(struct card *card, const struct card_flip *flip)
{
	drmModeAtomicReq *request = drmModeAtomicAlloc();
	int ret;

	drmModeAtomicAddProperty(request, card->primary.id, card->primary.fb_id,
				 flip->fb);
	if (flip->in_fence >= 0)
		drmModeAtomicAddProperty(request, card->primary.id,
					 card->primary.in_fence, flip->in_fence);
	if (flip->out_fence)
		drmModeAtomicAddProperty(request, card->crtc,
					 card->crtc_out_fence,
					 (uintptr_t)flip->out_fence);
	ret = card_commit(card, request, flip->flags, flip->user_data);
	drmModeAtomicFree(request);
	return ret;
}

int card_wait_event(struct card *card, struct card_event *event, int timeout_ms)
{
	struct pollfd pollfd = { .fd = card->fd, .events = POLLIN };
	struct drm_event_vblank raw;
	ssize_t got;
	int ret = poll(&pollfd, 1, timeout_ms);

	if (ret <= 0)
		return ret ? -errno : -ETIMEDOUT;
	/* DRM gives whole events only, so this one size gives one at a time */
	got = read(card->fd, &raw, sizeof(raw));
	if (got != sizeof(raw))
		return got < 0 ? -errno : -EIO;
	event->type = raw.base.type;
	event->sequence = raw.sequence;
	event->crtc = raw.crtc_id;
	event->user_data = raw.user_data;
	event->time_us = raw.tv_sec * 1000000ll + raw.tv_usec;
	return 0;
}

bool card_is_showing(struct card *card, uint32_t width, uint32_t height,
		     uint32_t *fb)
{
	drmModeCrtc *crtc = drmModeGetCrtc(card->fd, card->crtc);
	bool same = crtc && crtc->mode_valid && crtc->mode.hdisplay == width &&
		    crtc->mode.vdisplay == height;

	if (fb)
		*fb = crtc ? crtc->buffer_id : 0;
	drmModeFreeCrtc(crtc);
	return same;
}
