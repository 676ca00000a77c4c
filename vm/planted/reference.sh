#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Writes a white picture: reference.sh WIDTH HEIGHT FILE.
{
	printf 'P6\n%d %d\n255\n' "$1" "$2"
	head -c $(($1 * $2 * 3)) /dev/zero | tr '\0' '\377'
} > "$3"
