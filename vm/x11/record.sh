#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Runs in the desktop root, on the host: writes what Xvfb shows to /mnt/pictures.
#
# usage: record.sh WIDTHxHEIGHT STEPS...; the step `session` is what still-clients.sh starts.
set -eu
size=$1
shift
export DISPLAY=:7 HOME=/tmp LC_ALL=C.UTF-8
# A thin line that runs half way between two pixels: Xvfb's own choice is not that of the servers with hardware, whose
# is octants 2 to 5 (of the masks in their miline.h, this sum).
bias=216
Xvfb $DISPLAY -screen 0 "${size}x24" -dpi 96 -linebias $bias -nocursor -noreset -nolisten tcp -nolisten local \
	> /tmp/xvfb.log 2>&1 &
server=$!
trap 'kill $server; wait $server || :' EXIT
tries=0
until [ -S /tmp/.X11-unix/X7 ]; do
	if [ $((tries += 1)) -gt 300 ]; then
		cat /tmp/xvfb.log
		exit 1
	fi
	sleep 0.1
done

steps=
session=
for step in "$@"; do
	if [ "$step" = session ]; then
		session=1
	else
		steps="$steps $step"
	fi
done
# shellcheck disable=SC2086
/mnt/xdraw record /mnt/pictures $steps
if [ -n "$session" ]; then
	/mnt/still-clients.sh
	sleep 4
	/mnt/xdraw snapshot /mnt/pictures session
	# shellcheck disable=SC2046
	kill $(cat /tmp/still-clients)
fi
