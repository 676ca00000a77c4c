#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The picture can not be this one.
ask() {
	exec 3<> "$QXL_HOST_CHANNEL"
	echo "$*" >&3
	read -r answer <&3
	echo "# $answer"
}
echo 1..1
ask picture planted 1024 768 reference.sh 1024 768
case $answer in
differ*) echo "ok 1 $answer" | cut -d" " -f1-3 ;;
*) echo "not ok 1 a wrong picture is seen" ;;
esac
