#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Runs the benchmark on each driver in turn, in-tree last.
#
# usage: bench.sh counted|timed|profile ours|in-tree|virtio_gpu...
#
# Counted, profile: the guest's time is not the host's, which is not asked for anything then. Profile: what code is
# where is told, of the kernel itself once.
# shellcheck source=bench-driver.sh
. /tests/bench-driver.sh

kind=$1
[ "$kind" = timed ] || unset QXL_HOST_CHANNEL
[ "$kind" = profile ] && tell_symbols kernel
shift
for driver in "$@"; do
	take_driver "$driver" /tests/qxl-in-tree.ko
	[ "$kind" = profile ] && tell_symbols modules
	QXL_CARD=$card timeout -s KILL 300 /tests/qxl_bench "$interrupt" || echo "@@broken $driver $?"
done
