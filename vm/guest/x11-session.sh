#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The X11 guest after its disk is there: driver, udev, then the phases that /qxl/manifest lists.
#
# A manifest line is `SECONDS NAME PHASE ARGUMENTS...`, a phase is one of x11-phase.sh. What it prints goes to ttyS1,
# framed as guest/init-tests.sh does it.
exec < /dev/null > /dev/ttyS1 2>&1
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 QXL_HOST_CHANNEL=/dev/ttyS2

say() { echo "@@$*"; }
off() { echo o > /proc/sysrq-trigger; sleep 60; }

insmod /qxl/qxl.ko || { say "fail insmod qxl"; off; }

/usr/lib/systemd/systemd-udevd --daemon
udevadm trigger --action=add --subsystem-match=drm --subsystem-match=graphics
udevadm settle --timeout=20
say "ready $(cut -d' ' -f1 /proc/uptime)"

while read -r seconds name phase arguments; do
	say "start $name"
	echo "# $(cut -d' ' -f1 /proc/uptime) s after power-on"
	# The words of a manifest line are separate arguments.
	# shellcheck disable=SC2086
	timeout -s KILL "$seconds" /qxl/phase "$phase" $arguments
	status=$?
	echo
	say "end $name $status"
done < /qxl/manifest
say "done"
off
