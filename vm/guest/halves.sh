#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What init-installed.sh draws, as the client must see it. usage: halves.sh WIDTH HEIGHT FILE
set -eu
half=$(($1 * $2 * 3 / 2))
{
	printf 'P6\n%d %d\n255\n' "$1" "$2"
	tr '\0' '\125' < /dev/zero | head -c $half
	tr '\0' '\252' < /dev/zero | head -c $half
} > "$3"
