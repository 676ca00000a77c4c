#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What the demo's terminal runs: says what is drawing this window, then a shell.
driver=$(basename "$(readlink /sys/class/drm/card*/device/driver)")
version=$(cat /sys/module/qxl/version 2> /dev/null)
printf '\n  Linux %s\n' "$(uname -r)"
printf '  Weston\n  DRM driver %s %s\n' "$driver" "$version"
printf '  module: %s\n\n' "$(grep -w ^qxl /proc/modules | cut -d' ' -f1-3)"
for mode in /sys/class/drm/card*-*/modes; do
	connector=${mode%/modes}
	[ "$(cat "$connector/status")" != connected ] ||
		printf '  %s: %s\n' "${connector##*/}" "$(head -n1 "$mode")"
done
touch /tmp/greeted
exec bash --norc
