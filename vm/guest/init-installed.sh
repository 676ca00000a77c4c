#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# First process of a system that the driver was installed on, or removed from: its own kernel and initramfs have come
# this far. Loads what udev loads, looks which driver drives the display, says so as a test program does, powers off.
#
# qxl_vm.expect=VERSION on the kernel's command line is our driver's version, qxl_vm.expect=in-tree the kernel's own.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
stty -F /dev/ttyS1 raw -echo
stty -F /dev/ttyS2 raw -echo
exec < /dev/null > /dev/ttyS1 2>&1
expect=$(sed -n 's/.*qxl_vm\.expect=\([^ ]*\).*/\1/p' /proc/cmdline)
count=0
failed=0

# check NAME COMMAND...: one line of KTAP
check() {
	count=$((count + 1))
	name=$1
	shift
	if "$@"; then
		echo "ok $count $name"
	else
		echo "not ok $count $name"
		failed=1
	fi
}

is_ours() { [ "$(cat /sys/module/qxl/version)" = "$expect" ]; }
is_kernels() { [ -d /sys/module/qxl ] && [ ! -e /sys/module/qxl/version ]; }
updates() { modinfo -F filename qxl | grep "$1" '/updates/dkms/qxl\.ko'; }
drives_a_card() { [ "$(basename "$(readlink /sys/class/drm/card0/device/driver)")" = qxl ]; }
is_connected() { grep -x connected /sys/class/drm/card0-*/status && grep . /sys/class/drm/card0-*/modes > /tmp/modes; }
frame_buffer() { [ -w /dev/fb0 ] && [ "$(cat /sys/class/graphics/fb0/bits_per_pixel)" = 32 ]; }

# The driver's first words come before the root file system's.
is_early() {
	dmesg | grep -nE 'qxl .*revision [0-9]+, |\(vda\): mounted' | tee /tmp/order | sed 's/^/# /'
	head -n 1 /tmp/order | grep -q revision
}

# grey OCTAL BYTES
grey() { tr '\0' "\\$1" < /dev/zero | head -c "$2"; }

# The upper half dark, the lower half light, and no text cursor in between: halves.sh draws the same. In one write: of
# many small ones only the first is seen on Debian 12, with either driver.
draw() {
	printf '\033[?25l' > /dev/tty1
	half=$((stride * height / 2))
	{ grey 125 $half; grey 252 $half; } > /tmp/halves
	dd if=/tmp/halves of=/dev/fb0 bs=$((2 * half)) count=1 2> /tmp/dd || cat /tmp/dd
}

client_sees_it() {
	stride=$(cat /sys/class/graphics/fb0/stride)
	width=$(cut -d, -f1 /sys/class/graphics/fb0/virtual_size)
	height=$(cut -d, -f2 /sys/class/graphics/fb0/virtual_size)
	draw
	exec 3<> /dev/ttyS2
	echo "picture console $width $height halves.sh $width $height" >&3
	read -r answer <&3
	echo "# $answer"
	[ "$answer" = ok ]
}

# The kernel booted on one processor (maxcpus=1): guest_run.py says why.
for cpu in /sys/devices/system/cpu/cpu[1-9]*/online; do
	[ ! -e "$cpu" ] || echo 1 > "$cpu"
done
echo "@@boot $(cut -d' ' -f1 /proc/uptime) $(uname -r)"
mount -t tmpfs none /tmp
/usr/lib/systemd/systemd-udevd --daemon
udevadm trigger --action=add
udevadm settle --timeout=60
echo "@@ready $(cut -d' ' -f1 /proc/uptime)"
echo "@@start driver"
if [ "$expect" = in-tree ]; then
	check "the kernel's own driver is loaded" is_kernels
	check "modprobe would load the kernel's own" updates -v
else
	check "our driver is loaded, version $expect" is_ours
	check "modprobe would load ours" updates -e
	check "it drove the display before the disk was mounted" is_early
fi
check "it drives a card" drives_a_card
check "a connector is connected" is_connected
check "there is a frame buffer" frame_buffer
check "the client sees what is in it" client_sees_it
echo "1..$count"
echo "@@end driver $failed"
echo "@@done"
# The disk goes before the power does: nothing that would have to be read from it may run now.
echo o > /proc/sysrq-trigger
read -r _ <&3
