#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# In a terminal, for the benchmark: lines at a steady pace, once somebody says so. Nobody writes to the pipe that is
# read with a time limit: sleep(1) would be a process for each line, which costs more than showing the line does.
state=/tmp/x11
mkfifo $state/nothing
exec {nothing}<> $state/nothing
touch $state/scroller
read -r < $state/scroll
for ((line = 0; line < 200; line++)); do
	echo "$line: $((line * 7919 % 1000)) quick brown foxes jump over $((line * 104729 % 1000)) lazy dogs"
	read -r -t 0.05 -u "$nothing"
done
echo > $state/scrolled
exec sleep 1000
