#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# mmdebstrap customize hook: a kernel as a user has it, installed with its headers and its initramfs, and the packages
# of later ones to upgrade to.
#
# usage: installed.sh ROOT FROM-SUITE KERNEL [UPGRADE...]
#
# FROM-SUITE is as in kernels.sh. KERNEL and UPGRADE are the ends of metapackages' names: `amd64` stands for
# linux-image-amd64 and linux-headers-amd64. An upgrade's packages, and all that they want, are left in /opt/upgrade.
set -eu
root=$1 from=$2 kernel=$3
shift 3
in_root() { chroot "$root" env LC_ALL=C DEBIAN_FRONTEND=noninteractive "$@"; }
get() { in_root apt-get -q -y --no-install-recommends "$@"; }

release=
if [ "$from" != - ]; then
	sed -n "s/^\(deb .*\) ${from%-backports} main.*/\1 $from main/p" "$root/etc/apt/sources.list" \
		> "$root/etc/apt/sources.list.d/$from.list"
	in_root apt-get -q update
	release="-t $from"
fi
# shellcheck disable=SC2086
get $release install "linux-image-$kernel" "linux-headers-$kernel"
[ $# -gt 0 ] || exit 0
mkdir -p "$root/opt/upgrade/partial"
for upgrade in "$@"; do
	# shellcheck disable=SC2086
	get $release -o Dir::Cache::archives=/opt/upgrade -o APT::Sandbox::User=root --download-only install \
		"linux-image-$upgrade" "linux-headers-$upgrade"
done
rm -rf "$root/opt/upgrade/partial" "$root/opt/upgrade/lock"
