# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# The benchmark's phases of a desktop; x11-phase.sh, whose helpers they use, sources this.
#
# After `driver` the others are about that one, on whose card X and Weston run. It is in $state/card, its
# interrupt's name in $state/interrupt.
# shellcheck source=bench-driver.sh
. /qxl/bench-driver

config=$state/xorg.conf
[ ! -r $state/card ] || weston_options=("--drm-device=$(basename "$(cat $state/card)")")

# xorg_card XORG_DRIVER: the section that has Xorg draw on $card, and with what
xorg_card() {
	local address
	address=$(realpath "/sys/class/drm/${card##*/}/device" | grep -o '0000:[0-9a-f:.]*' | tail -n 1)
	printf 'Section "Device"\n\tIdentifier "card"\n\tDriver "%s"\n\tBusID "PCI:%d:%d:%d"\nEndSection\n' \
		"$1" "0x${address:5:2}" "0x${address:8:2}" "0x${address:11}"
}

# ours|in-tree|virtio_gpu XORG_DRIVER
phase_driver() {
	soon 20 grep -qx 0 /sys/module/qxl/refcnt
	result $? "nobody uses the last one"
	take_driver "$1" /qxl/qxl-in-tree.ko
	result $? "there is a card"
	udevadm settle --timeout=20
	echo "$card" > $state/card
	echo "$interrupt" > $state/interrupt
	{ cat /qxl/xorg.conf; xorg_card "$2"; } > $config
	finish
}

# WIDTH HEIGHT
phase_start_here() {
	counters > $state/before
	start_server
	result $? "Xorg answers"
	mode_is "$1" "$2"
	result $? "the mode is $1x$2"
	finish
}

# kernel|modules
phase_symbols() { tell_symbols "$1"; }

# counted COMMAND...: what the command says, and what is counted meanwhile
counted() { QXL_CARD=$(cat $state/card) /qxl/count "$(cat $state/interrupt)" "$@"; }

# OPERATION:TIMES...: what x11perf's operations cost. Each is done a few times to warm up, a few times, and many times: the
# difference of these two is theirs, without what starting x11perf costs. After its counts: how many there were of what.
phase_x11perf_counted() {
	local operation times
	for operation; do
		for times in 1 1 "${operation#*:}"; do
			counted x11perf -repeat 1 -reps "$times" "-${operation%:*}" > $state/counted 2>&1
			result $? "x11perf ends well"
			grep '^@@count ' $state/counted
			sed -n 's/^ *\([0-9]*\) reps @ .*): \(.*\)/@@counted \2|\1/p' $state/counted
		done
	done
	finish
}

# A terminal that fills the screen, and waits to be told to scroll.
phase_terminal() {
	rm -f $state/scroll* $state/nothing
	start_weston
	echo $weston > $state/weston
	mkfifo $state/scroll $state/scrolled
	pkill weston-simple
	WESTON_CONFIG_FILE=/qxl/weston.ini weston-terminal --fullscreen --shell=/qxl/scroller > $state/terminal.out 2>&1 &
	soon 30 test -e $state/scroller
	result $? "a terminal is up"
	sleep 5
	finish
}

# processor: the milliseconds that the guest has worked
processor() { awk '/^cpu / { print ($2 + $3 + $4 + $7 + $8) * 10 }' /proc/stat; }

# scroll: has the terminal do so until all is shown
scroll() {
	echo > $state/scroll
	read -r < $state/scrolled && sleep 2
}

phase_scroll() {
	local before
	before=$(processor)
	export state
	export -f scroll
	counted bash -c scroll
	result $? "all lines are out"
	echo "@@counted scroll|1"
	echo "# processor: $(($(processor) - before)) ms"
	finish
}

phase_terminal_ends() {
	kill -TERM "$(cat $state/weston)"
	soon 20 is_gone "$(cat $state/weston)"
	result $? "Weston ends"
	finish
}
