#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# mmdebstrap customize hook: kernel headers, and the matching images without installing them.
#
# usage: kernels.sh ROOT FROM-SUITE METAPACKAGE...
#
# FROM-SUITE is `-` or a suite to add beside the first one (backports); its line is the first one with
# the suite's name changed, so the mirror stays whichever mmdebstrap chose. An installed image would run
# hooks that make an initramfs, so images are unpacked under /opt/kernel instead.
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
in_root apt-get -q -y --no-install-recommends install "$@"

mkdir -p "$root/opt/kernel"
for headers in "$root"/usr/src/linux-headers-*-amd64; do
	release=${headers##*/linux-headers-}
	mkdir -p "$root/tmp/image"
	# Newer packages keep modules and the binary apart: fetch what the image package names as well.
	packages=$(in_root apt-cache depends --no-recommends --no-suggests --no-conflicts --no-breaks \
		--no-replaces --no-enhances "linux-image-$release" |
		sed -n "s/^ *Depends: \(linux-[a-z]*-$release\)$/\1/p" | sort -u)
	in_root sh -c 'cd /tmp/image && exec apt-get -q -o APT::Sandbox::User=root download "$@"' sh "linux-image-$release" $packages
	for deb in "$root"/tmp/image/*.deb; do
		dpkg-deb -x "$deb" "$root/opt/kernel/$release"
	done
	if [ -d "$root/opt/kernel/$release/usr/lib/modules" ] && [ ! -e "$root/opt/kernel/$release/lib" ]; then
		ln -s usr/lib "$root/opt/kernel/$release/lib"
	fi
	# Some packages put the image beside the modules, some under /boot.
	if [ ! -e "$root/opt/kernel/$release/boot/vmlinuz-$release" ]; then
		mkdir -p "$root/opt/kernel/$release/boot"
		ln -s "../lib/modules/$release/vmlinuz" "$root/opt/kernel/$release/boot/vmlinuz-$release"
	fi
	in_root depmod -b "/opt/kernel/$release" "$release"
	test -e "$root/opt/kernel/$release/boot/vmlinuz-$release"
	rm -rf "$root/tmp/image" "$root/opt/kernel/$release/usr/share"
done
