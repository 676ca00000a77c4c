// SPDX-License-Identifier: GPL-2.0-only
/*
 * What happens to a whole machine: its host saves it and goes on with it
 * elsewhere, it hibernates, or it ends while a client flips and draws, after
 * which the next kernel finds a sane device.
 *
 * usage: qxl_power move | hibernate
 *        qxl_power reset | reboot | kexec | booted
 *
 * The latter check the device; all but the last one then end the machine, and
 * the next boot goes on with the next test.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kexec.h>
#include <linux/reboot.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "counters.h"
#include "desk.h"
#include "host.h"
#include "ktap.h"
#include "sysfs.h"

#define DISK "vda"

static struct desk desk;

/* Cases -------------------------------------------------------------------- */

static void check_desk(const char *name)
{
	desk_check_picture(&desk, name);
	desk_check_contents(&desk, name);
	desk_draw(&desk);
	desk_check_picture(&desk, name);
	desk_check_contents(&desk, name);
}

static void move_kind(enum desk_kind kind, const char *name)
{
	desk_show(&desk, kind);
	desk_draw(&desk);
	desk_check_picture(&desk, name);
	desk_draw(&desk);
	if (host_move())
		check_desk(name);
}

static void moved_dumb(void)
{
	move_kind(DESK_DUMB, "moved-dumb");
}

static void moved_surface(void)
{
	move_kind(DESK_SURFACE, "moved-surface");
}

/* Surfaces as screens would change the primary, and QEMU may lose it then. */
static void moved_busy(void)
{
	desk_show(&desk, DESK_DUMB);
	desk_start_client(&desk);
	if (host_move())
		desk_await_client(&desk);
	desk_stop_client(&desk);
	check_desk("moved-busy");
}

static bool make_swap(void)
{
	int ret = system("mkswap /dev/" DISK " >/dev/null");

	return check(!ret, "mkswap: %d", ret) &&
	       check(!swapon("/dev/" DISK, 0), "swapon: errno %d", errno) &&
	       check(!sysfs_write("/sys/power/disk", "reboot"),
		     "hibernating by way of a reboot is not possible");
}

static void hibernated(void)
{
	int ret;

	desk_show(&desk, DESK_SURFACE);
	desk_draw(&desk);
	desk_check_picture(&desk, "before-hibernating");
	desk_start_client(&desk);
	ret = sysfs_write("/sys/power/state", "disk");
	if (check(!ret, "hibernate: %d", ret))
		desk_await_client(&desk);
	desk_stop_client(&desk);
	check_desk("hibernated");
}

static void hibernated_dumb(void)
{
	int ret;

	desk_show(&desk, DESK_DUMB);
	desk_draw(&desk);
	ret = sysfs_write("/sys/power/state", "disk");
	check(!ret, "hibernate: %d", ret);
	check_desk("hibernated-dumb");
}

static void swap_is_there(void)
{
	make_swap();
}

static void sane_device(void)
{
	counter_check(desk.card.path, "resets", 1);
	counter_check(desk.card.path, "bad_releases", 0);
	counter_check(desk.card.path, "lost", 0);
	for (enum desk_kind kind = 0; kind < DESK_KINDS; kind++) {
		desk_show(&desk, kind);
		check_desk("booted");
	}
}

static void nothing_is_left(void)
{
	desk_close(&desk);
}

static void setup(void)
{
	desk_open(&desk);
	if (!host_gives_machine_away())
		ktap_skip_all("this machine is not there to be taken away");
	desk_fill(&desk);
}

/* Only a disk that was made for this. */
static void setup_hibernate(void)
{
	setup();
	if (!sysfs_says("/sys/block/" DISK "/serial", "qxl-swap"))
		ktap_skip_all("there is no disk to hibernate to");
}

/* Leaving ------------------------------------------------------------------ */

static void leave_by_reboot(void)
{
	syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
		LINUX_REBOOT_CMD_RESTART, NULL);
}

static bool load_kernel(void)
{
	char line[4096] = "";
	int kernel = open("/boot/vmlinuz", O_RDONLY | O_CLOEXEC);
	int initrd = open("/boot/initrd", O_RDONLY | O_CLOEXEC);
	FILE *file = fopen("/proc/cmdline", "r");

	if (!file || !fgets(line, sizeof(line), file))
		return false;
	fclose(file);
	line[strcspn(line, "\n")] = '\0';
	return !syscall(SYS_kexec_file_load, kernel, initrd, strlen(line) + 1,
			line, 0ul);
}

/* Without telling anyone, as `kexec -e` does it. */
static void leave_by_kexec(void)
{
	if (!load_kernel()) {
		perror("kexec_file_load");
		return;
	}
	syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
		LINUX_REBOOT_CMD_KEXEC, NULL);
}

static const struct ktap_case move_cases[] = {
	{ .name = "saved and restored with dumb framebuffers",
	  .run = moved_dumb },
	{ .name = "with a surface as the primary", .run = moved_surface },
	{ .name = "under a client that flips and draws", .run = moved_busy },
	{ .name = "nothing is left of it", .run = nothing_is_left },
};

static const struct ktap_case hibernate_cases[] = {
	{ .name = "a disk to hibernate to", .run = swap_is_there },
	{ .name = "hibernated with dumb framebuffers", .run = hibernated_dumb },
	{ .name = "under a client that flips and draws", .run = hibernated },
	{ .name = "nothing is left of it", .run = nothing_is_left },
};

static const struct ktap_case boot_cases[] = {
	{ .name = "a sane device after the boot", .run = sane_device },
};

static const struct {
	const char *name;
	void (*leave)(void);
} ways[] = {
	{ "reset", host_reset },
	{ "reboot", leave_by_reboot },
	{ "kexec", leave_by_kexec },
	{ "booted", NULL },
};

/* Returns only when the machine is still there. */
static int run_boot(const char *name)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(ways); i++) {
		int status;

		if (strcmp(name, ways[i].name))
			continue;
		status = ktap_run(boot_cases, ARRAY_SIZE(boot_cases), setup);
		if (status || !ways[i].leave)
			return status;
		desk_start_client(&desk);
		fflush(stdout);
		ways[i].leave();
		return KSFT_FAIL;
	}
	fprintf(stderr,
		"usage: qxl_power reset|reboot|kexec|booted|move|hibernate\n");
	return 2;
}

int main(int argc, char **argv)
{
	const char *name = argc == 2 ? argv[1] : "";

	if (!strcmp(name, "move"))
		return ktap_run(move_cases, ARRAY_SIZE(move_cases), setup);
	if (!strcmp(name, "hibernate"))
		return ktap_run(hibernate_cases, ARRAY_SIZE(hibernate_cases),
				setup_hibernate);
	return run_boot(name);
}
