/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The line to the VM harness, which sees what a SPICE client sees. The tty is
 * named by QXL_HOST_CHANNEL; a request is one line, and so is its answer.
 */
#ifndef HOST_H
#define HOST_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Has the host compare the client's picture with what "@reference FILE" writes
 * when run among the test programs on the host. A difference fails the
 * running case; without a channel the case is skipped.
 */
bool host_check_picture(const char *name, uint32_t width, uint32_t height,
			const char *reference, ...)
	__attribute__((format(printf, 4, 5)));

/*
 * True when the client's pointer is what the format says: "hidden", or "shown
 * WIDTH HEIGHT HOT-X HOT-Y". A check; without a channel the case is skipped.
 */
bool host_check_cursor(const char *wanted, ...)
	__attribute__((format(printf, 1, 2)));

/*
 * Has the client ask for heads, "WxH+X+Y" each, which it does while something in
 * the guest holds the agent's port open. A check; false without a host to ask.
 */
bool host_ask_for_monitors(const char *layout);

/*
 * Has the client read nothing for so long, beginning now: the server fills up, and
 * then the device takes no more commands. A check; false without a host to ask.
 */
bool host_pause_client(unsigned int seconds);

/*
 * How many videos the server has begun to send since this was called first, in
 * a guest of the shape "video". Negative, with the case failed or skipped,
 * without an answer.
 */
int host_count_streams(void);

/* What the host has counted so far. */
struct host_counts {
	uint64_t received; /* bytes, by the client, of all displays */
	uint64_t events;   /* that QEMU has traced */
	uint64_t busy_ns; /* of processors, by QEMU's threads that show pictures */
};

/* Once neither bytes nor events grow any more. False: nobody counts. */
bool host_counts(struct host_counts *counts);

/*
 * Whether the virtual machine's owner can take the device under test out; false,
 * with the case skipped, where nobody can.
 */
bool host_can_unplug(void);

/* Has it taken out, which the guest's kernel has to agree to. A check. */
bool host_unplug(void);

/* Has one of the same kind put in, at another address. A check. */
bool host_plug(void);

/*
 * Pictures and pointers are those of this device of the guest from now on,
 * counted as its cards are; 0 is the first. Without this: the one that the guest's
 * shape says.
 */
void host_select_display(unsigned int display);

/*
 * Whether this machine is a guest that was started to be reset, rebooted and
 * hibernated: the kernel's parameter qxl_vm.reboots says so.
 */
bool host_gives_machine_away(void);

/*
 * Whether this machine may be suspended to RAM, which not every emulator survives:
 * the kernel's parameter qxl_vm.sleeps says so.
 */
bool host_lets_sleep(void);

/*
 * Has the host wake this machine up once it sleeps, which has to begin within a
 * minute. False without a host: then something else has to.
 */
bool host_will_wake(void);

/*
 * Has the host save this machine to a file, end QEMU, and let another one go on
 * from there, with a new client. A check; false without a host.
 */
bool host_move(void);

/* Has the host reset this machine: does not return. Without a host it does. */
void host_reset(void);

/* Has the host keep a picture under @name, for people; nothing is checked. */
void host_shot(const char *name);

#endif
