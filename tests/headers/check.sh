#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Every header compiles alone and twice; those of the border as C and as C++.
#   check.sh REPO BUILD: one line per check, also in BUILD/headers.txt
repo=$1
build=$2
list=$build/headers.txt
warn='-Wall -Wextra -Werror -fsyntax-only'
paths="-I$repo -I$repo/include -isystem /usr/include/spice-1"
failed=0

mkdir -p "$build"
: >"$list"

include_twice() {
	printf '#include "%s"\n#include "%s"\n' "$1" "$1"
}

# check NAME HEADER COMPILER... : the header twice, nothing in front of it.
check() {
	name=$1
	header=$2
	shift 2
	if include_twice "$header" |
		"$@" -; then
		echo "ok header $name" | tee -a "$list"
	else
		echo "not ok header $name" | tee -a "$list"
		failed=1
	fi
}

for header in "$repo"/include/*.h; do
	name=include/$(basename "$header")
	# shellcheck disable=SC2086 # flags are lists
	check "$name as C" "$header" ${CC:-gcc} -x c -std=gnu11 $warn $paths
	# shellcheck disable=SC2086
	check "$name as C++" "$header" ${CXX:-g++} -x c++ -std=gnu++20 $warn $paths
done

# shellcheck disable=SC2086
check "border.c: layout as C sees it" "$repo/tests/headers/border.c" \
	${CC:-gcc} -x c -std=gnu11 $warn $paths

for header in $(find "$repo/core" -name '*.h' | sort); do
	# shellcheck disable=SC2086
	check "${header#"$repo"/}" "$header" ${CXX:-g++} -x c++ -std=gnu++20 \
		-ffreestanding -fno-exceptions -fno-rtti $warn $paths
done
exit $failed
