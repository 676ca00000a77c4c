#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs the tests beside it that kselftest-list.txt lists, where the kernel's own runner is not at hand. Prints KTAP:
# what a test says is nested under its line. Exits like one test: 0 passed, 1 failed, 4 all skipped.

usage() {
	echo "usage: run_kselftest.sh [-l] [-o SECONDS] [-t COLLECTION:TEST]...

  -l          list the tests and run none
  -o SECONDS  for each test, instead of what the collection's settings say
  -t TEST     only this one; may be repeated"
	exit "$1"
}

# seconds_for COLLECTION: what a test of it may take
seconds_for() {
	echo "${override:-$(sed -n 's/^timeout=//p' "$1/settings" 2> /dev/null)}"
}

# run_test COLLECTION TEST: prints its output, nested; returns its status
run_test() {
	seconds=$(seconds_for "$1")
	status=$({ {
		cd "$1" && timeout -k 5 "${seconds:-45}" "./$2" 2>&1
		echo $? >&3
	} | sed 's/^/  /' >&4; } 3>&1)
	return "$status"
}

# judge STATUS NAME
judge() {
	number=$((number + 1))
	case $1 in
	0)
		echo "ok $number $2"
		passed=$((passed + 1))
		;;
	4) echo "ok $number $2 # SKIP" ;;
	*)
		echo "not ok $number $2 # exit status $1"
		failed=$((failed + 1))
		;;
	esac
}

cd "$(dirname "$0")" || exit 1
override=
tests=
while getopts lo:t:h option; do
	case $option in
	l) exec cat kselftest-list.txt ;;
	o) override=$OPTARG ;;
	t)
		grep -qxF "$OPTARG" kselftest-list.txt || { echo "no test '$OPTARG'" >&2; exit 1; }
		tests="$tests $OPTARG"
		;;
	h) usage 0 ;;
	*) usage 1 ;;
	esac
done
[ -n "$tests" ] || tests=$(cat kselftest-list.txt)

number=0 passed=0 failed=0
exec 4>&1
echo "KTAP version 1"
echo "1..$(echo "$tests" | wc -w)"
for test in $tests; do
	run_test "${test%:*}" "${test##*:}"
	judge $? "$test"
done
echo "# Totals: pass:$passed fail:$failed xfail:0 xpass:0 skip:$((number - passed - failed)) error:0"
[ "$failed" -eq 0 ] || exit 1
[ "$passed" -gt 0 ] || exit 4
