// SPDX-License-Identifier: GPL-2.0-only
/*
 * Preloaded into QEMU: the SPICE server tells QXL devices about clients late, as
 * on a busy host. It does so on threads of its own whenever the virtual machine
 * goes on, which it does after each reset of a device, and never forgets a
 * device that was taken out.
 *
 * QXL_LATE_MS: milliseconds.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <spice.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct late {
	QXLInterface interface;     /* what the server has; first */
	const QXLInterface *device; /* QEMU's */
};

static void set_client_capabilities(QXLInstance *instance, uint8_t present,
				    uint8_t caps[SPICE_CAPABILITIES_SIZE])
{
	const struct late *late = (const struct late *)instance->base.sif;
	const char *ms = getenv("QXL_LATE_MS");

	usleep(ms ? atoi(ms) * 1000 : 0);
	late->device->set_client_capabilities(instance, present, caps);
}

static const SpiceBaseInterface *make_late(const SpiceBaseInterface *base)
{
	struct late *late = malloc(sizeof(*late));

	if (!late)
		abort();
	late->device = (const QXLInterface *)base;
	late->interface = *late->device;
	late->interface.set_client_capabilities = set_client_capabilities;
	return &late->interface.base;
}

int spice_server_add_interface(SpiceServer *server, SpiceBaseInstance *instance)
{
	int (*add)(SpiceServer *server, SpiceBaseInstance *instance);

	*(void **)&add = dlsym(RTLD_NEXT, "spice_server_add_interface");
	if (!strcmp(instance->sif->type, SPICE_INTERFACE_QXL))
		instance->sif = make_late(instance->sif);
	return add(server, instance);
}
