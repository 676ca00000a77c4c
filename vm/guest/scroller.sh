#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# In a terminal, for the benchmark: lines at a steady pace, once somebody says so.
state=/tmp/x11
touch $state/scroller
until [ -e $state/scroll ]; do sleep 0.1; done
for ((line = 0; line < 200; line++)); do
	echo "$line: $((line * 7919 % 1000)) quick brown foxes jump over $((line * 104729 % 1000)) lazy dogs"
	sleep 0.05
done
touch $state/scrolled
exec sleep 1000
