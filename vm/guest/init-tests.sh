#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# First process of a test guest: loads the driver, runs what /tests/manifest lists, powers off.
#
# A manifest line is `SECONDS NAME PROGRAM ARGUMENTS...`. Everything a program prints goes to ttyS1 as it
# is; lines that begin with @@ frame it. The host makes KTAP of that, because it also knows what a guest
# can't say about itself: that it hung or died.
export PATH=/bin QXL_HOST_CHANNEL=/dev/ttyS2 QXL_MODULE=/modules/qxl.ko LD_LIBRARY_PATH=
mount -t proc none /proc
mount -t sysfs none /sys
mount -t devtmpfs none /dev
mkdir -p /dev/shm /dev/pts
# The kernel leaves these to udev; kselftest's runner writes there.
ln -s /proc/self/fd /dev/fd
ln -s fd/1 /dev/stdout
mount -t devpts none /dev/pts
mount -t tmpfs none /tmp
mount -t tmpfs none /dev/shm
mount -t debugfs none /sys/kernel/debug
stty -F /dev/ttyS1 raw -echo
stty -F /dev/ttyS2 raw -echo
exec < /dev/null > /dev/ttyS1 2>&1

finish() {
	echo "@@done"
	# The host looks at the screen before it goes dark.
	exec 3<> /dev/ttyS2
	echo "shot final" >&3
	read -r _ <&3
	if grep -q qxl_vm.shell /proc/cmdline; then
		stty -F /dev/ttyS3 sane clocal
		echo "The guest's shell: the tests are in /tests, 'exit' powers off." > /dev/ttyS3
		# A session's first process gets the terminal that it opens.
		setsid sh -c 'exec sh -i < /dev/ttyS3 > /dev/ttyS3 2>&1'
	fi
	# Without ACPI nothing can be switched off; QEMU ends on a reboot, too.
	grep -qw acpi=off /proc/cmdline && reboot -f
	poweroff -f
	sleep 60
}

# The kernel booted on one processor (maxcpus=1): guest_run.py says why.
for cpu in /sys/devices/system/cpu/cpu[1-9]*/online; do
	[ ! -e "$cpu" ] || echo 1 > "$cpu"
done
echo "@@boot $(cut -d' ' -f1 /proc/uptime) $(uname -r)"
while read -r name; do
	insmod "/modules/$name.ko" || { echo "@@fail insmod $name"; finish; }
done < /modules/order
# As modprobe does: qxl.* on the command line are parameters.
parameters=$(tr ' ' '\n' < /proc/cmdline | sed -n 's/^qxl\.//p')
insert_qxl() {
	# shellcheck disable=SC2086 # several words
	insmod /modules/qxl.ko $parameters
}
insert_qxl || { echo "@@fail insmod qxl"; finish; }
# Goes on where the guest hibernated, if it did.
[ ! -e /sys/block/vda ] || cat /sys/block/vda/dev > /sys/power/resume
echo "@@ready $(cut -d' ' -f1 /proc/uptime)"

begun=0
if grep -q qxl_vm.reboots /proc/cmdline; then
	exec 3<> /dev/ttyS2
	echo begun >&3
	read -r begun <&3
	exec 3>&-
fi
tail -n +$((begun + 1)) /tests/manifest > /tmp/manifest

while read -r seconds name program arguments; do
	# A test that unloads the driver and dies must not take the ones after it along.
	[ -d /sys/module/qxl ] || insert_qxl
	echo "@@start $name"
	# The words of a manifest line are separate arguments.
	# shellcheck disable=SC2086
	timeout -s KILL "$seconds" "/tests/$program" $arguments < /dev/null
	status=$?
	echo
	echo "@@end $name $status"
done < /tmp/manifest
finish
