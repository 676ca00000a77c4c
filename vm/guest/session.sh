#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The desktop guest after its disk is there: driver, udev, seatd, Weston, clients.
#
# /qxl/environment sets QXL_CLIENTS (clients to start, separated by ;), QXL_TERMINAL (not empty: a terminal
# too), QXL_SAMPLE (seconds between memory samples for the soak) and QXL_AGENT (not empty: the agent's port is
# held open, so that the client may ask for heads, and Weston's log is told). Says on ttyS1, in lines that begin
# with @@, what happens.
exec < /dev/null > /dev/ttyS1 2>&1
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8
# shellcheck source=/dev/null
. /qxl/environment

say() { echo "@@$*"; }

insmod /qxl/qxl.ko || { say "fail insmod qxl"; poweroff -f; }
say "loaded $(cut -d' ' -f1 /proc/uptime)"

/usr/lib/systemd/systemd-udevd --daemon
udevadm trigger --action=add --subsystem-match=drm --subsystem-match=input --subsystem-match=graphics
udevadm settle --timeout=20
say "udev $(cut -d' ' -f1 /proc/uptime)"

if [ -n "$QXL_AGENT" ]; then
	exec 3<> /dev/vport0p1 || { say "fail no agent's port"; poweroff -f; }
	tail --retry -n +1 -F /tmp/weston.log 2> /dev/null | sed -u 's/^/@@log /' &
fi

export XDG_RUNTIME_DIR=/run/desktop WAYLAND_DISPLAY=wayland-1
mkdir $XDG_RUNTIME_DIR && chmod 700 $XDG_RUNTIME_DIR
seatd > /tmp/seatd.log 2>&1 &
tries=0
until [ -S /run/seatd.sock ] || [ $((tries += 1)) -gt 50 ]; do sleep 0.1; done
weston --backend=drm --renderer=pixman --continue-without-input --config=/qxl/weston.ini \
	--socket=$WAYLAND_DISPLAY --idle-time=0 --log=/tmp/weston.log &
weston=$!
tries=0
until [ -S $XDG_RUNTIME_DIR/$WAYLAND_DISPLAY ]; do
	if ! kill -0 $weston 2> /dev/null || [ $((tries += 1)) -gt 600 ]; then
		say "fail weston"
		cat /tmp/weston.log /tmp/seatd.log
		break
	fi
	sleep 0.1
done
say "weston $(cut -d' ' -f1 /proc/uptime)"

# A terminal first, so that the moving windows end up on top of it.
if [ -n "$QXL_TERMINAL" ]; then
	WESTON_CONFIG_FILE=/qxl/weston.ini weston-terminal --shell=/qxl/greeting > /tmp/terminal.log 2>&1 &
	tries=0
	until [ -e /tmp/greeted ] || [ $((tries += 1)) -gt 200 ]; do sleep 0.1; done
	sleep 1
fi

declare -A clients dead
cat /tmp/terminal.log
while read -r -d';' client; do
	[ -n "$client" ] || continue
	$client > /tmp/client.log 2>&1 &
	clients[$!]=$client
done <<< "$QXL_CLIENTS;"
say "clients $(cut -d' ' -f1 /proc/uptime)"

# -1 is what the driver doesn't tell. The same device has a file per minor: one is enough.
sample() {
	local slab unreclaim vram=-1 flight=-1 file name value
	while read -r name value _; do
		case $name in
		Slab:) slab=$value ;;
		SUnreclaim:) unreclaim=$value ;;
		esac
	done < /proc/meminfo
	for file in /sys/kernel/debug/dri/*/qxl_counters; do
		[ -r "$file" ] || continue
		while read -r name value; do
			case $name in
			vram_used_bytes | surface_used_bytes) vram=$((vram < 0 ? value : vram + value)) ;;
			in_flight_bytes) flight=$value ;;
			esac
		done < "$file"
		break
	done
	say "sample $SECONDS $slab $unreclaim $vram $flight"
}

while :; do
	for pid in $weston "${!clients[@]}"; do
		if ! kill -0 "$pid" 2> /dev/null && [ -z "${dead[$pid]}" ]; then
			dead[pid]=1
			say "died ${clients[$pid]:-weston}"
			tail -n 20 /tmp/weston.log /tmp/client.log
		fi
	done
	[ -z "$QXL_SAMPLE" ] || sample
	sleep "${QXL_SAMPLE:-2}"
done
