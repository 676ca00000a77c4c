#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Runs the benchmark on each driver in turn.
#
# usage: bench.sh counted|timed|profile ours|in-tree|virtio_gpu...
#
# Counted, profile: the guest's time is not the host's, which is not asked for anything then. Profile: what code is
# where is told, of the kernel itself once.
#
# Nothing comes after in-tree: unloaded after use it leaves its interrupt and its memory managers behind, and the kernel
# does not survive the next driver.

# The card of the DRM driver $1.
card_of() {
	for card in /dev/dri/card*; do
		grep -q "^$1 " "/sys/kernel/debug/dri/${card##*/card}/name" && echo "$card"
	done
}

# Lines of /proc/kallsyms with $1.
tell_symbols() {
	sed -n "/$1/s/^\([0-9a-f]*\) [tTwW] /@@symbol \1 /p" /proc/kallsyms
}

kind=$1
[ "$kind" = timed ] || unset QXL_HOST_CHANNEL
[ "$kind" = profile ] && tell_symbols '^[^[]*$'
shift
for driver in "$@"; do
	echo "@@driver $driver"
	name=qxl interrupt=qxl
	case $driver in
	in-tree) rmmod qxl && insmod /tests/qxl-in-tree.ko ;;
	virtio_gpu) name=virtio_gpu interrupt=virtio ;;
	esac
	[ "$kind" = profile ] && tell_symbols '\['
	QXL_CARD=$(card_of $name) timeout -s KILL 300 /tests/qxl_bench $interrupt || echo "@@broken $driver $?"
done
