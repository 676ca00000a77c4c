#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Unloads and loads the driver, with the console on it. QXL_MODULE is the path of qxl.ko; without
# it modprobe must know the module.

rounds=20
wait_tenths=50

# The cards of the driver's devices, by their folders in sysfs.
cards() {
	for card in /sys/bus/pci/drivers/qxl/*/drm/card*; do
		[ -c "/dev/dri/${card##*/}" ] && echo "${card##*/}"
	done
}

uptime_seconds() {
	cut -d. -f1 /proc/uptime
}

has_card() {
	[ -n "$(cards)" ]
}

try_rmmod() {
	rmmod qxl 2> /tmp/qxl_reload.rmmod
}

# Waits until the function $1 succeeds.
wait_for() {
	tenths=0
	until "$1"; do
		tenths=$((tenths + 1))
		[ "$tenths" -gt "$wait_tenths" ] && return 1
		sleep 0.1
	done
}

load() {
	if [ -n "$QXL_MODULE" ]; then
		insmod "$QXL_MODULE"
	else
		modprobe qxl
	fi
}

framebuffer_console() {
	for console in /sys/class/vtconsole/vtcon*; do
		grep -q "frame buffer" "$console/name" && echo "$console"
	done
}

# DRM's console takes no reference on the module on the kernels this runs on; where one does, it
# is told to let go, and that is said.
unload() {
	try_rmmod && return 0
	for console in $(framebuffer_console); do
		echo "# round $round: $(cat /sys/module/qxl/refcnt) references, unbinding ${console##*/}"
		echo 0 > "$console/bind"
	done
	wait_for try_rmmod && return 0
	echo "# round $round: $(cat /tmp/qxl_reload.rmmod)"
	return 1
}

# One round; prints what went wrong.
reload() {
	unload || return 1
	if [ -d /sys/module/qxl ] || has_card; then
		echo "# round $round: module or card still there after rmmod"
		return 1
	fi
	if ! load; then
		echo "# round $round: can't load: ${QXL_MODULE:-qxl}"
		return 1
	fi
	if ! wait_for has_card; then
		echo "# round $round: no card after load"
		return 1
	fi
}

echo "KTAP version 1"
if ! grep -qs 'PCI_ID=1B36:0100' /sys/bus/pci/devices/*/uevent; then
	echo "1..0 # SKIP this machine has no QXL device"
	exit 4
fi
if [ -n "$QXL_MODULE" ] && [ ! -f "$QXL_MODULE" ]; then
	echo "1..0 # SKIP no file $QXL_MODULE (QXL_MODULE)"
	exit 4
fi

echo "1..$rounds"
echo "# console: $(framebuffer_console | tr '\n' ' ')fb: $(cat /proc/fb 2> /dev/null)"
[ -d /sys/module/qxl ] || load
start=$(uptime_seconds)
failed=0
round=1
while [ "$round" -le "$rounds" ]; do
	if reload; then
		echo "ok $round reload $round, $(cards | tr '\n' ' ')"
	else
		echo "not ok $round reload $round"
		failed=$((failed + 1))
	fi
	round=$((round + 1))
done
echo "# Totals: pass:$((rounds - failed)) fail:$failed xfail:0 xpass:0 skip:0 error:0"
echo "# took $(($(uptime_seconds) - start)) s"
[ "$failed" -eq 0 ]
