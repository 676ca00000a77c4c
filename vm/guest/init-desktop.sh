#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# First process of a desktop guest: the image stays read-only under an overlay in memory, so every boot
# starts from the same bytes; modules come from here, so one image serves every kernel.
export PATH=/bin
mount -t proc none /proc
mount -t sysfs none /sys
mount -t devtmpfs none /dev
stty -F /dev/ttyS1 raw -echo
stty -F /dev/ttyS2 raw -echo
exec < /dev/null > /dev/ttyS1 2>&1

fail() {
	echo "@@fail $*"
	poweroff -f
}

# The kernel booted on one processor (maxcpus=1): guest_run.py says why.
for cpu in /sys/devices/system/cpu/cpu[1-9]*/online; do
	[ ! -e "$cpu" ] || echo 1 > "$cpu"
done
echo "@@boot $(cut -d' ' -f1 /proc/uptime) $(uname -r)"
while read -r name; do
	insmod "/modules/$name.ko" || fail "insmod $name"
done < /modules/order
mkdir -p /run/image /run/upper
tries=0
until mount -t ext4 -o ro,noload /dev/vda /run/image 2> /run/error; do
	tries=$((tries + 1))
	[ $tries -lt 50 ] || fail "the disk: $(cat /run/error; dmesg | tail -n 3)"
	usleep 100000
done
mount -t tmpfs none /run/upper
mkdir -p /run/upper/data /run/upper/work
mount -t overlay -o lowerdir=/run/image,upperdir=/run/upper/data,workdir=/run/upper/work none /mnt
mkdir -p /mnt/qxl
cp -a /desktop/. /mnt/qxl/
cp /modules/qxl.ko /mnt/qxl/qxl.ko
mount -o move /proc /mnt/proc
mount -o move /sys /mnt/sys
mount -o move /dev /mnt/dev
mount -t tmpfs none /mnt/run
mount -t tmpfs none /mnt/tmp
mkdir -p /mnt/dev/pts /mnt/dev/shm
mount -t devpts none /mnt/dev/pts
mount -t tmpfs none /mnt/dev/shm
mount -t debugfs none /mnt/sys/kernel/debug
exec switch_root /mnt /qxl/session
