# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# The driver that is measured: the benchmark's scripts source this.
#
# Nothing comes after in-tree: unloaded after use it leaves its interrupt and its memory managers behind, and the kernel
# does not survive the next driver.

# card_of NAME: the card of this DRM driver
card_of() {
	for card in /dev/dri/card*; do
		grep -q "^$1 " "/sys/kernel/debug/dri/${card##*/card}/name" && echo "$card"
	done
}

# take_driver ours|in-tree|virtio_gpu IN_TREE_MODULE: $card is its card from here on, $interrupt what is in the names of
# the card's interrupts. The kernel's log tells when, too.
take_driver() {
	drm_name=qxl interrupt=qxl
	echo "@@driver $1"
	echo "@@driver $1" > /dev/kmsg
	case $1 in
	in-tree) rmmod qxl && insmod "$2" ;;
	virtio_gpu) drm_name=virtio_gpu interrupt=virtio0 ;;
	esac
	card=$(card_of $drm_name)
	[ -n "$card" ]
}

# tell_symbols kernel|modules: whose functions are where, for the profiler's figures. The kernel's own once, before the
# first driver is taken; those of modules with each driver.
tell_symbols() {
	lines='\['
	[ "$1" = modules ] || lines='^[^[]*$'
	sed -n "/$lines/s/^\([0-9a-f]*\) [tTwW] /@@symbol \1 /p" /proc/kallsyms
}
