#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# What a debug kernel knows after the other tests: leaks of memory in whose allocation the driver had
# a part, and whether lock checking, which gives up after its first report, was on to the end.

kmemleak=/sys/kernel/debug/kmemleak
stats=/proc/lockdep_stats
counters="/sys/kernel/debug/dri/*/qxl_counters"
# kmemleak leaves alone what is younger than 5 s.
age=8

# Each report begins in the first column; its backtrace is indented.
of_the_driver() {
	awk '/^[^ ]/ { flush() } { text = text $0 "\n"; if (/\[qxl\]/) ours = 1 }
		END { flush() }
		function flush() { if (ours) printf "%s", text; text = ""; ours = 0 }'
}

leaks() {
	if ! [ -w $kmemleak ]; then
		echo "ok 1 nothing of the driver leaked # SKIP this kernel has no kmemleak"
		return
	fi
	for _ in 1 2; do
		sleep $age
		# It switches itself off when it runs out of memory for its own records.
		if ! echo scan > $kmemleak; then
			echo "not ok 1 nothing of the driver leaked: kmemleak is off"
			status=1
			return
		fi
	done
	found=$(of_the_driver < $kmemleak)
	echo "# $(grep -c '^unreferenced object' $kmemleak) unreferenced objects in all"
	grep -A 12 '^unreferenced object' $kmemleak | head -n 60 | sed 's/^/# /'
	if [ -z "$found" ]; then
		echo "ok 1 nothing of the driver leaked"
		return
	fi
	echo "$found" | sed 's/^/# ours: /'
	echo "not ok 1 nothing of the driver leaked"
	status=1
}

lock_checks() {
	if ! grep -q debug_locks $stats 2> /dev/null; then
		echo "ok 2 lock checking was on to the end # SKIP this kernel has no lockdep"
		return
	fi
	if grep -q 'debug_locks: *1' $stats; then
		echo "ok 2 lock checking was on to the end"
		return
	fi
	grep -E 'lock-classes|dependencies|debug_locks' $stats | sed 's/^/# /'
	echo "not ok 2 lock checking was on to the end"
	status=1
}

# Only the console may hold anything now.
nothing_left() {
	for file in $counters; do
		[ -r "$file" ] || continue
		sed 's/^/# /' "$file"
		if grep -qE '^(surfaces|awaited_fences|lost) [^0]' "$file"; then
			echo "not ok 3 no surface and no awaited fence is left"
			status=1
			return
		fi
	done
	echo "ok 3 no surface and no awaited fence is left"
}

status=0
echo "KTAP version 1"
if ! grep -qs 'PCI_ID=1B36:0100' /sys/bus/pci/devices/*/uevent; then
	echo "1..0 # SKIP this machine has no QXL device"
	exit 4
fi
echo "1..3"
leaks
lock_checks
nothing_left
exit $status
