// SPDX-License-Identifier: GPL-2.0-only
/*
 * Suspend to RAM, where the machine loses all that the device knew: afterwards
 * the SPICE client's picture and the contents of all buffer objects are what
 * they were, and clients go on.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "counters.h"
#include "desk.h"
#include "guest_bug.h"
#include "host.h"
#include "ktap.h"
#include "sysfs.h"

#define ALARM "/sys/class/rtc/rtc0/wakealarm"
/* The clock has whole seconds: with one less the alarm could come too early. */
#define SLEEP_S 2
#define TRIES 4
#define CYCLES 3

static struct desk desk;
static bool deep; /* suspend to RAM, and something that wakes the machine */

/* Sleeping ----------------------------------------------------------------- */

static uint64_t suspends(void)
{
	return sysfs_number("/sys/power/suspend_stats/success");
}

static int set_alarm(unsigned int seconds)
{
	char alarm[16];

	snprintf(alarm, sizeof(alarm), "+%u", seconds);
	sysfs_write(ALARM, "0");
	return sysfs_write(ALARM, alarm);
}

/* -EBUSY when the alarm rang before the machine slept. */
static int sleep_until_woken(unsigned int seconds)
{
	int ret = host_will_wake() ? 0 : set_alarm(seconds);

	return ret ? ret : sysfs_write("/sys/power/state", "mem");
}

static bool can_suspend(void)
{
	if (!deep)
		ktap_skip(
			"this machine has no suspend to RAM, no alarm, or no qxl_vm.sleeps");
	return deep;
}

static bool suspend(void)
{
	uint64_t before = suspends();
	int ret = -EBUSY;

	if (!can_suspend())
		return false;
	for (int i = 1; i <= TRIES && ret == -EBUSY; i++)
		ret = sleep_until_woken(i * SLEEP_S);
	return check(!ret, "suspend: %d", ret) &&
	       check(suspends() == before + 1, "the machine has not slept");
}

static void setup(void)
{
	desk_open(&desk);
	deep = host_lets_sleep() &&
	       !sysfs_write("/sys/power/mem_sleep", "deep") &&
	       !access(ALARM, W_OK);
	desk_fill(&desk);
}

/* Cases -------------------------------------------------------------------- */

static void kind_survives(const void *arg)
{
	enum desk_kind kind = *(const enum desk_kind *)arg;
	const char *before = kind == DESK_DUMB ? "sleep-dumb" : "sleep-surface";
	const char *after = kind == DESK_DUMB ? "woken-dumb" : "woken-surface";

	desk_show(&desk, kind);
	desk_draw(&desk);
	desk_check_picture(&desk, before);
	desk_draw(&desk);
	if (!suspend())
		return;
	desk_check_picture(&desk, after);
	desk_check_contents(&desk, "woken up");
	desk_draw(&desk);
	desk_check_picture(&desk, after);
	desk_check_contents(&desk, "drawn after waking up");
}

static void client_goes_on(void)
{
	for (enum desk_kind kind = 0; kind < DESK_KINDS; kind++) {
		desk_show(&desk, kind);
		desk_start_client(&desk);
		for (int i = 0; i < CYCLES - (int)kind; i++)
			if (suspend())
				desk_await_client(&desk);
		desk_stop_client(&desk);
		desk_check_picture(&desk, "woken-client");
		desk_check_contents(&desk, "after a client's flips");
	}
}

/* The devices are suspended, the machine is not. */
static void called_off(void)
{
	static const char *const levels[] = { "devices", "platform" };

	if (access("/sys/power/pm_test", W_OK) ||
	    sysfs_write("/sys/module/suspend/parameters/pm_test_delay", "0")) {
		ktap_skip("this kernel can't call a suspend off");
		return;
	}
	desk_show(&desk, DESK_SURFACE);
	desk_draw(&desk);
	for (uint32_t i = 0; i < ARRAY_SIZE(levels); i++) {
		int ret = sysfs_write("/sys/power/pm_test", levels[i]);

		if (!ret)
			ret = sysfs_write("/sys/power/state", "mem");
		check(!ret, "%s: %d", levels[i], ret);
		desk_check_picture(&desk, "called-off");
		desk_check_contents(&desk, levels[i]);
		desk_draw(&desk);
	}
	sysfs_write("/sys/power/pm_test", "none");
	desk_check_picture(&desk, "called-off-drawn");
}

/* The reset is under way, or waits to be, when the suspend comes. */
static void lost_device(void)
{
	uint64_t last = 0;

	desk_show(&desk, DESK_DUMB);
	desk_draw(&desk);
	if (!can_suspend() || !guest_bug_provoke(&desk.card) || !suspend())
		return;
	check(counter_await(desk.card.path, "lost", 0, &last), "still lost");
	desk_check_picture(&desk, "lost-and-woken");
	desk_draw(&desk);
	desk_check_picture(&desk, "lost-woken-drawn");
}

static void nothing_is_left(void)
{
	desk_close(&desk);
}

static const enum desk_kind dumb = DESK_DUMB, surface = DESK_SURFACE;

static const struct ktap_case cases[] = {
	{ .name = "dumb framebuffers on two heads",
	  .run_with = kind_survives,
	  .arg = &dumb },
	{ .name = "a surface as the primary",
	  .run_with = kind_survives,
	  .arg = &surface },
	{ .name = "a client that flips and draws", .run = client_goes_on },
	{ .name = "a suspend that is called off", .run = called_off },
	{ .name = "a lost device", .run = lost_device },
	{ .name = "nothing is left of it", .run = nothing_is_left },
};

int main(void)
{
	return ktap_run(cases, ARRAY_SIZE(cases), setup);
}
