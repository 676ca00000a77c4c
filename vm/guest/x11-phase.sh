#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# One phase of the X11 test, as KTAP. usage: phase NAME ARGUMENTS...
#
# The server outlives a phase: its number is in /tmp/x11/server, its logs are /tmp/x11/Xorg.*.log. /dev/vdb is the file
# of reference pictures. A run may bring more phases of its own, in /qxl/more-phases.
export DISPLAY=:0
state=/tmp/x11
pictures=/dev/vdb
config=/qxl/xorg.conf
weston_options=()
count=0
mkdir -p $state

# result STATUS NAME: one line of KTAP
result() {
	count=$((count + 1))
	if [ "$1" = 0 ]; then echo "ok $count $2"; else echo "not ok $count $2"; fi
}

# finish: the plan, last
finish() { echo "1..$count"; exit 0; }

# soon SECONDS COMMAND...: does it succeed within that time?
soon() {
	local end=$((SECONDS + $1))
	shift
	until "$@" > /dev/null 2>&1; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.2
	done
}

log() { cat $state/number 2> /dev/null || echo 0; }

# counters: what the driver holds now; nothing for a driver without counters
counters() {
	local file
	for file in /sys/kernel/debug/dri/*/qxl_counters; do
		[ -r "$file" ] || continue
		grep -E '^(bos|surfaces|lost) ' "$file"
		return
	done
}

# ask_host REQUEST...: does the host say that all is well?
ask_host() {
	local answer
	exec 3<> "$QXL_HOST_CHANNEL"
	echo "$@" >&3
	read -r answer <&3
	exec 3>&-
	[ "$answer" = ok ]
}

server_runs() { [ -r $state/server ] && kill -0 "$(cat $state/server)"; }
server_is_gone() { ! server_runs; }
answers() { xset q; }
mode_is() { xrandr | grep -q "current $1 x $2"; }

# start_server [VARIABLE=VALUE...]: with these in its environment, where the qxl driver looks for options, too
start_server() {
	local number=$(($(log) + 1))
	echo $number > $state/number
	setsid env "$@" Xorg $DISPLAY vt7 -noreset -nolisten tcp -dpi 96 -s 0 -config $config \
		-logfile $state/Xorg.$number.log > $state/Xorg.$number.out 2>&1 &
	echo $! > $state/server
	soon 60 answers
}

# The first start: what the driver holds before it is what it must hold after the end.
phase_start() {
	counters > $state/before
	start_server
	result $? "Xorg answers"
	soon 5 grep -q 'qxl(0)' $state/Xorg.1.log && ! grep -q 'modeset(0)' $state/Xorg.1.log
	result $? "the qxl driver draws"
	xrandr | sed 's/^/# /' | head -n 12
	mode_is "$1" "$2"
	result $? "the mode is $1x$2"
	finish
}

phase_draw() { exec /qxl/xdraw check $pictures "$@"; }
phase_plant() { exec /qxl/xdraw plant $pictures "$@"; }

# Clients that come to rest, compared; then some that move, which must survive.
phase_session_still() {
	/qxl/still-clients
	/qxl/xdraw verify $pictures session
	local status=$?
	# shellcheck disable=SC2046
	kill $(cat /tmp/still-clients)
	exit $status
}

phase_session_animated() {
	local pids=() pid alive=0
	xclock -update 1 -geometry 200x200+30+30 & pids+=($!)
	ico -geometry 400x400+260+20 -faces -sleep 0.02 > /dev/null & pids+=($!)
	xterm -geometry 70x20+300+450 -e sh -c 'while :; do seq 1 500; done' & pids+=($!)
	xeyes -geometry 150x100+700+60 & pids+=($!)
	sleep "$1"
	for pid in "${pids[@]}"; do kill -0 "$pid" && alive=$((alive + 1)); done
	[ $alive = ${#pids[@]} ]
	result $? "$alive of ${#pids[@]} clients are alive"
	server_runs
	result $? "the server is alive"
	ask_host shot session
	result $? "the client's picture is kept"
	kill "${pids[@]}"
	finish
}

phase_bug_report() { exec /qxl/bug-report-test /qxl/bug-report xorg; }

# The seconds for each operation; `sync` when the client shall wait for each request, else `async`; operations. One
# process for all: each measures first how long it takes to wait for the server.
phase_x11perf() {
	local options=(-repeat 1 -time "$1")
	[ "$2" = async ] || options+=(-sync)
	shift 2
	x11perf "${options[@]}" "${@/#/-}" > $state/x11perf 2>&1
	result $? "x11perf ends well"
	grep -E 'reps @' $state/x11perf | sed 's/^ */# x11perf: /'
	[ "$(grep -c 'reps @' $state/x11perf)" = $# ]
	result $? "$# operations are measured"
	finish
}

output() { xrandr | sed -n 's/^\([^ ]*\) connected.*/\1/p' | head -n 1; }

# Any size will do: a mode is made for it, with a clock that is about right.
add_mode() {
	local width=$1 height=$2 name=$1x$2-test
	local clock=$(((width + 160) * (height + 30) * 60 / 1000000))
	xrandr --newmode "$name" $clock \
		"$width" $((width + 48)) $((width + 80)) $((width + 160)) \
		"$height" $((height + 3)) $((height + 9)) $((height + 30)) 2> /dev/null
	xrandr --addmode "$(output)" "$name" && echo "$name"
}

phase_resize() {
	local size=$1 mode
	shift
	mode=$(add_mode "${size%x*}" "${size#*x}") || { echo "Bail out! no mode of $size"; exit 1; }
	xrandr --output "$(output)" --mode "$mode" || { echo "Bail out! xrandr does not set $size"; exit 1; }
	sleep 1
	exec /qxl/xdraw check $pictures "$@"
}

active_is() { [ "$(cat /sys/class/tty/tty0/active)" = "$1" ]; }

# What is drawn while the screen belongs to the console is repainted at the return.
phase_vt() {
	local step=$1 status
	/qxl/xdraw hold "$step" &
	sleep 2
	for console in 1 2; do
		timeout 20 chvt $console && active_is tty$console
		result $? "chvt $console"
		echo "a console while X is away" > /dev/tty$console
		sleep 1
		timeout 20 chvt 7 && active_is tty7
		result $? "chvt 7"
		/qxl/xdraw verify $pictures "$step" > $state/verify
		status=$?
		grep '^#' $state/verify
		result $status "the picture is back"
	done
	kill %1
	finish
}

# A server that dies in the middle of drawing leaves nothing that the next one trips over, with other options.
phase_kill() {
	local seconds=$1
	shift
	/qxl/xdraw churn > /dev/null 2>&1 &
	sleep "$seconds"
	server_runs
	result $? "the server is alive until then"
	kill -KILL "$(cat $state/server)"
	soon 20 server_is_gone
	result $? "killed"
	start_server "$@"
	result $? "Xorg answers again"
	finish
}

# The device goes under a server or a compositor, which may end or go on; the module can go then, too.
card_is_there() { grep -qs . /sys/bus/pci/drivers/qxl/*/drm/card*/uevent; }
nobody_is_stuck() { ! grep -qs '^State:.*disk sleep' /proc/[0-9]*/status; }
is_gone() { ! kill -0 "$1" 2> /dev/null; }

# Who takes the device out and puts it back: the guest itself, or the owner of the host.
take_out_by_guest() { timeout 20 tee "$1/remove" <<< 1 > /dev/null; }
take_out_by_host() { ask_host unplug && soon 20 test ! -e "$1"; }
put_back_by_guest() { echo 1 > /sys/bus/pci/rescan; }
put_back_by_host() { ask_host plug; }

# remove_under WHO PROCESS: and it must be possible to end that
remove_under() {
	local pid=$2
	"take_out_by_$1" "$(realpath /sys/bus/pci/drivers/qxl/0000:*)"
	result $? "the device is removed"
	sleep 3
	! soon 5 is_gone "$pid" && echo "# it goes on without a device"
	soon 10 nobody_is_stuck
	result $? "nobody is stuck"
	kill -TERM "$pid" 2> /dev/null
	soon 10 is_gone "$pid" || kill -KILL "$pid"
	soon 10 is_gone "$pid"
	result $? "it ends"
}

# replug WHO: a new module finds the device
replug() {
	soon 20 rmmod qxl
	result $? "the module can be removed"
	insmod /qxl/qxl.ko && "put_back_by_$1" && soon 10 card_is_there
	result $? "the device is back"
	udevadm settle --timeout=20
}

# WHO
phase_unplug() {
	/qxl/xdraw churn > /dev/null 2>&1 &
	sleep 3
	remove_under "$1" "$(cat $state/server)"
	# Nothing but failures from there on: no log for phase_logs.
	tail -n 12 $state/Xorg."$(log)".log | sed 's/^/# /'
	rm $state/Xorg."$(log)".*
	replug "$1"
	start_server
	result $? "Xorg answers again"
	finish
}

# start_weston: its process is $weston, with a client that moves
start_weston() {
	export XDG_RUNTIME_DIR=/run/desktop WAYLAND_DISPLAY=wayland-1
	mkdir -p $XDG_RUNTIME_DIR && chmod 700 $XDG_RUNTIME_DIR
	[ -S /run/seatd.sock ] || setsid seatd > $state/seatd.log 2>&1 &
	soon 10 test -S /run/seatd.sock
	rm -f $XDG_RUNTIME_DIR/$WAYLAND_DISPLAY*
	setsid weston --backend=drm --renderer=pixman --continue-without-input --config=/qxl/weston.ini \
		--socket=$WAYLAND_DISPLAY --idle-time=0 "${weston_options[@]}" > $state/weston.out 2>&1 &
	weston=$!
	soon 60 test -S $XDG_RUNTIME_DIR/$WAYLAND_DISPLAY
	result $? "Weston is up"
	weston-simple-shm > /dev/null 2>&1 &
	sleep 3
	kill -0 $!
	result $? "a client is up"
}

# WHO
phase_unplug_weston() {
	start_weston
	remove_under "$1" $weston
	replug "$1"
	finish
}

# The host looks for a desktop meanwhile.
phase_weston_again() {
	start_weston
	sleep "$1"
	kill -TERM $weston
	soon 10 is_gone $weston
	result $? "Weston ends"
	finish
}

as_before() { [ "$(counters)" = "$(cat $state/before)" ]; }

phase_stop() {
	kill -TERM "$(cat $state/server)"
	soon 30 server_is_gone
	result $? "Xorg ends"
	if [ -s $state/before ]; then
		soon 15 as_before
		result $? "the driver holds what it held before"
		diff <(cat $state/before) <(counters) | sed 's/^/# /'
	else
		result 0 "the driver holds what it held before # SKIP it tells no counters"
	fi
	finish
}

phase_logs() {
	local file wrong
	for file in "$state"/Xorg.*.log; do
		sed 's/^/# /' "$file" "${file%.log}.out"
		wrong=$(grep -hE '\(EE\) (qxl|UXA)|(qxl|UXA)\(0\).*[Ff]ailed|error doing|Backtrace|Segmentation|[Aa]ssert' \
			"$file" "${file%.log}.out" | sort | uniq -c)
		[ -z "$wrong" ]
		result $? "$(basename "$file") tells of no failure"
		[ -z "$wrong" ] || echo "# wrong: $wrong"
	done
	finish
}

# shellcheck source=bench-desktop.sh
[ ! -r /qxl/more-phases ] || . /qxl/more-phases
phase=phase_$1
shift
echo "KTAP version 1"
$phase "$@"
