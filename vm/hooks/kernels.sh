#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# mmdebstrap customize hook: kernel headers, and the matching images without installing them.
#
# usage: kernels.sh ROOT FROM-SUITE METAPACKAGE...
#
# FROM-SUITE is `-` or a suite to add beside the first one (backports); its line is the first one with
# the suite's name changed, so the mirror stays whichever mmdebstrap chose. Every kernel ends up under
# /opt/kernel/RELEASE. An image that the headers don't want anyway is unpacked, not installed: it would want
# packages that nothing here needs.
set -eu
root=$1 from=$2
shift 2
in_root() { chroot "$root" env LC_ALL=C DEBIAN_FRONTEND=noninteractive "$@"; }

if [ "$from" != - ]; then
	sed -n "s/^\(deb .*\) ${from%-backports} main.*/\1 $from main/p" "$root/etc/apt/sources.list" \
		> "$root/etc/apt/sources.list.d/$from.list"
	in_root apt-get -q update
	set -- -t "$from" "$@"
fi
# Some headers want their image, whose hooks would make an initramfs that nobody boots.
mkdir -p "$root/etc/initramfs-tools"
echo 'update_initramfs=no' > "$root/etc/initramfs-tools/update-initramfs.conf"
in_root apt-get -q -y --no-install-recommends -o Dpkg::Options::=--force-confold install "$@"

mkdir -p "$root/opt/kernel"
for headers in "$root"/usr/src/linux-headers-*-amd64; do
	release=${headers##*/linux-headers-}
	kernel=$root/opt/kernel/$release
	if [ -e "$root/boot/vmlinuz-$release" ]; then
		mkdir -p "$kernel/boot" "$kernel/lib/modules"
		cp -al "$root/boot/vmlinuz-$release" "$kernel/boot/"
		cp -al "$root/lib/modules/$release" "$kernel/lib/modules/"
		continue
	fi
	mkdir -p "$root/tmp/image"
	# Newer packages keep modules and the binary apart: fetch what the image package names as well.
	packages=$(in_root apt-cache depends --no-recommends --no-suggests --no-conflicts --no-breaks \
		--no-replaces --no-enhances "linux-image-$release" |
		sed -n "s/^ *Depends: \(linux-[a-z]*-$release\)$/\1/p" | sort -u)
	# shellcheck disable=SC2016,SC2086
	in_root sh -c 'cd /tmp/image && exec apt-get -q -o APT::Sandbox::User=root download "$@"' sh \
		"linux-image-$release" $packages
	for deb in "$root"/tmp/image/*.deb; do
		dpkg-deb -x "$deb" "$kernel"
	done
	if [ -d "$kernel/usr/lib/modules" ] && [ ! -e "$kernel/lib" ]; then
		ln -s usr/lib "$kernel/lib"
	fi
	# Some packages put the image beside the modules, some under /boot.
	if [ ! -e "$kernel/boot/vmlinuz-$release" ]; then
		mkdir -p "$kernel/boot"
		ln -s "../lib/modules/$release/vmlinuz" "$kernel/boot/vmlinuz-$release"
	fi
	in_root depmod -b "/opt/kernel/$release" "$release"
	test -e "$kernel/boot/vmlinuz-$release"
	rm -rf "$root/tmp/image" "${kernel:?}/usr/share"
done
