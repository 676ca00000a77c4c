#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The source archive and the Debian package: made twice, compared, looked into.
#   check.sh REPO BUILD: one line per check, also in BUILD/package.txt
# shellcheck disable=SC2317 # what check calls
repo=$1
build=$2
list=$build/package.txt
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
version=$("$repo/scripts/version")

mkdir -p "$build"
: > "$list"

# check NAME COMMAND... : what the command prints is shown only when it fails.
check() {
	name=$1
	shift
	if "$@" > "$work/output" 2>&1; then
		echo "ok package: $name" | tee -a "$list"
	else
		cat "$work/output"
		echo "not ok package: $name" | tee -a "$list"
		failed=1
	fi
}

versions_agree() {
	grep -F "MODULE_VERSION(\"$version\")" "$repo/qxl_drv.c" &&
		[ "$(dpkg-parsechangelog -l "$repo/debian/changelog" -S Version)" = "$version" ]
}

# same FOLDER FOLDER FILE: is the file there, and the same in both?
same() { [ -s "$work/$1/$3" ] && cmp "$work/$1/$3" "$work/$2/$3"; }

dist_twice() {
	"$repo/scripts/dist" "$work/dist1" && sleep 1 && "$repo/scripts/dist" "$work/dist2" && same dist1 dist2 "$archive"
}

unpack() { mkdir "$work/tree" && tar -x -C "$work/tree" -f "$work/dist1/$archive"; }

# DKMS's own copy of the sources, made by the archive's script, has a source for every object that Kbuild names.
has_sources() (
	"$tree/scripts/dkms-sources" "$work/dkms" && cd "$work/dkms" || return 1
	# shellcheck disable=SC2016
	printf '%s\n' 'src := .' 'obj := .' 'include Kbuild' 'objects: ; @printf "%s\n" $(qxl-y)' |
		make -s -f - objects > "$work/objects" && [ "$(wc -l < "$work/objects")" -gt 10 ] || return 1
	while read -r object; do
		[ -e "${object%.o}.c" ] || [ -e "${object%.o}.cc" ] || { echo "no source of $object"; return 1; }
	done < "$work/objects"
)

names() { tar -t -f "$1" | grep -v '/$' | sort; }

# Outside of a checkout the archive is made of what is there.
dist_of_archive() {
	"$tree/scripts/dist" "$work/dist3" && "$tree/scripts/dist" "$work/dist4" && same dist3 dist4 "$archive" &&
		names "$work/dist1/$archive" > "$work/names1" && names "$work/dist3/$archive" > "$work/names3" &&
		diff "$work/names1" "$work/names3"
}

deb_twice() {
	find "$tree" | sort > "$work/before" && "$tree/scripts/deb" "$work/deb1" && "$tree/scripts/deb" "$work/deb2" &&
		same deb1 deb2 "qxl-dkms_${version}_all.deb"
}

tree_is_clean() { find "$tree" | sort | diff "$work/before" -; }

archive=qxl-$version.tar.xz
tree=$work/tree/qxl-$version
check "dkms.conf, the module and debian/changelog say the same version" versions_agree
check "make dist gives the same bytes twice" dist_twice
check "the archive unpacks" unpack
check "the archive has all sources that DKMS needs" has_sources
check "make dist works in an unpacked archive" dist_of_archive
check "make deb gives the same package twice" deb_twice
check "make deb leaves nothing in the tree" tree_is_clean
check "lintian finds no error and warns of nothing" \
	lintian --allow-root --fail-on error,warning "$work/deb1/qxl_${version}_$(dpkg --print-architecture).changes"
exit $failed
