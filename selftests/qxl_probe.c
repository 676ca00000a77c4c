// SPDX-License-Identifier: GPL-2.0-only
/* What a client sees before it does anything: driver, capabilities, modes. */
#include <errno.h>
#include <qxl_drm.h>
#include <string.h>
#include <sys/stat.h>
#include <xf86drm.h>

#include "card.h"
#include "dumb.h"
#include "ktap.h"

/* ROM capability bytes, times bits: the range QXL_CLIENTCAP may ask for */
#define CLIENT_CAPS (58 * 8)

static struct card card;

static void setup(void)
{
	card_open(&card);
}

static void driver_is_qxl(void)
{
	drmVersion *version = drmGetVersion(card.fd);
	struct stat status;

	if (!check(version, "drmGetVersion: errno %d", errno))
		return;
	ktap_note("%s: %s %d.%d.%d (%s)", card.path, version->name,
		  version->version_major, version->version_minor,
		  version->version_patchlevel, version->desc);
	check(!strcmp(version->name, "qxl"), "driver name is \"%s\"",
	      version->name);
	check(version->desc_len > 0, "description has %d bytes",
	      version->desc_len);
	drmFreeVersion(version);
	check(!stat("/sys/module/qxl", &status), "/sys/module/qxl: errno %d",
	      errno);
}

static void check_cap(const char *name, uint64_t cap, uint64_t least,
		      uint64_t most)
{
	uint64_t value = 0;
	int ret = drmGetCap(card.fd, cap, &value);

	check(!ret, "%s: %d, errno %d", name, ret, errno);
	check(value >= least && value <= most, "%s is %llu, not %llu to %llu",
	      name, (unsigned long long)value, (unsigned long long)least,
	      (unsigned long long)most);
}

static void capabilities(void)
{
	int ret;

	check_cap("DUMB_BUFFER", DRM_CAP_DUMB_BUFFER, 1, 1);
	check_cap("DUMB_PREFERRED_DEPTH", DRM_CAP_DUMB_PREFERRED_DEPTH, 24, 32);
	check_cap("TIMESTAMP_MONOTONIC", DRM_CAP_TIMESTAMP_MONOTONIC, 1, 1);
	check_cap("CURSOR_WIDTH", DRM_CAP_CURSOR_WIDTH, 64, 64);
	check_cap("CURSOR_HEIGHT", DRM_CAP_CURSOR_HEIGHT, 64, 64);
	ret = drmSetClientCap(card.fd, DRM_CLIENT_CAP_UNIVERSAL_PLANES, 1);
	check(!ret, "UNIVERSAL_PLANES: %d, errno %d", ret, errno);
	ret = drmSetClientCap(card.fd, DRM_CLIENT_CAP_ATOMIC, 1);
	check(!ret, "ATOMIC: %d, errno %d", ret, errno);
}

static void addfb2(void)
{
	struct dumb dumb;
	int ret = dumb_frame(&dumb, card.fd, 64, 64);

	check(!ret, "ADDFB2 of 64x64 XRGB8888: %d", ret);
	if (!ret)
		dumb_destroy(&dumb);
}

static void preferred_mode(void)
{
	unsigned int preferred = 0;

	for (int i = 0; i < card.connector->count_modes; i++)
		if (card.connector->modes[i].type & DRM_MODE_TYPE_PREFERRED)
			preferred++;
	ktap_note("connector %u: %d modes, %u preferred",
		  card.connector->connector_id, card.connector->count_modes,
		  preferred);
	check(card.connector->count_modes > 0, "%d modes",
	      card.connector->count_modes);
	check(preferred == 1, "%u modes are preferred", preferred);
}

static void planes(void)
{
	check(card.primary.damage, "primary plane has no FB_DAMAGE_CLIPS");
	check(card.cursor.id, "no cursor plane");
}

static void try_mode(const drmModeModeInfo *mode)
{
	struct dumb dumb;
	int ret = dumb_frame(&dumb, card.fd, mode->hdisplay, mode->vdisplay);

	if (!check(!ret, "framebuffer for %s: %d", mode->name, ret))
		return;
	ret = card_show(&card, mode, dumb.fb, 0, 0, DRM_MODE_ATOMIC_TEST_ONLY);
	check(!ret, "test-only of %s (%ux%u@%u): %d", mode->name,
	      mode->hdisplay, mode->vdisplay, mode->vrefresh, ret);
	dumb_destroy(&dumb);
}

static void listed_modes_fit(void)
{
	for (int i = 0; i < card.connector->count_modes; i++)
		try_mode(&card.connector->modes[i]);
}

/* Returns 0 or a negative errno. */
static int get_param(uint64_t param, uint64_t *value)
{
	struct drm_qxl_getparam request = { .param = param };
	int ret = drmIoctl(card.fd, DRM_IOCTL_QXL_GETPARAM, &request);

	*value = request.value;
	return ret ? -errno : 0;
}

static void getparam(void)
{
	uint64_t value;
	int ret;

	ret = get_param(QXL_PARAM_NUM_SURFACES, &value);
	check(!ret && value > 0, "NUM_SURFACES: %d, %llu", ret,
	      (unsigned long long)value);
	ret = get_param(QXL_PARAM_MAX_RELOCS, &value);
	check(!ret && value > 0, "MAX_RELOCS: %d, %llu", ret,
	      (unsigned long long)value);
	ret = get_param(0, &value);
	check(ret == -EINVAL, "parameter 0: %d", ret);
	ret = get_param(99, &value);
	check(ret == -EINVAL, "parameter 99: %d", ret);
	ret = get_param(UINT64_MAX, &value);
	check(ret == -EINVAL, "parameter 2^64-1: %d", ret);
}

static int client_cap(uint32_t index)
{
	struct drm_qxl_clientcap request = { .index = index };

	return drmIoctl(card.fd, DRM_IOCTL_QXL_CLIENTCAP, &request) ? -errno : 0;
}

static void clientcap(void)
{
	static const uint32_t beyond[] = {
		CLIENT_CAPS, CLIENT_CAPS + 1, CLIENT_CAPS + 8,
		0x7fffffff,  0x80000000,      UINT32_MAX,
	};

	for (uint32_t i = 0; i < CLIENT_CAPS; i++) {
		int ret = client_cap(i);

		check(!ret || ret == -ENOSYS, "index %u: %d", i, ret);
	}
	for (uint32_t i = 0; i < ARRAY_SIZE(beyond); i++) {
		int ret = client_cap(beyond[i]);

		check(ret == -EINVAL, "index %u: %d", beyond[i], ret);
	}
}

static const struct ktap_case cases[] = {
	{ .name = "driver is qxl", .run = driver_is_qxl },
	{ .name = "capabilities", .run = capabilities },
	{ .name = "ADDFB2", .run = addfb2 },
	{ .name = "connector has a preferred mode", .run = preferred_mode },
	{ .name = "planes", .run = planes },
	{ .name = "every listed mode is accepted", .run = listed_modes_fit },
	{ .name = "GETPARAM", .run = getparam },
	{ .name = "CLIENTCAP", .run = clientcap },
};

int main(void)
{
	int status = ktap_run(cases, ARRAY_SIZE(cases), setup);

	card_close(&card);
	return status;
}
