#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs qxl-bug-report in a guest and looks into what it made. usage: bug-report-test.sh SCRIPT [xorg]
#
# With `xorg` a server runs here, and the bundle must have its log. Otherwise the guest gets a name of its own.
script=$1
work=/tmp/bug-report
bundle=$work/qxl-bug-report
secret=not-for-others
machine=alices-machine
count=0

# result NAME COMMAND...: a case that passes when the command does
result() {
	name=$1
	shift
	count=$((count + 1))
	if "$@"; then
		echo "ok $count $name"
	else
		echo "not ok $count $name"
	fi
}

has() { grep -q -e "$2" "$bundle/$1" || { echo "# $1 has no '$2'"; return 1; }; }
has_all() {
	file=$1
	shift
	for text in "$@"; do
		has "$file" "$text" || return 1
	done
}

# The tools that a small guest lacks: what they are asked is what matters.
plant_tools() {
	mkdir -p $work/bin
	for tool in lspci dkms; do
		printf '#!/bin/sh\necho %s was asked: "$@"\n' $tool > $work/bin/$tool
		chmod +x $work/bin/$tool
	done
}

make_bundle() {
	rm -rf $bundle
	said=$(cd $work && QXL_PRIVATE=$secret PATH=$PATH:$work/bin sh "$script" "$@") || return 1
	made=$said
	(cd $work && tar -xzf "$said")
}

named_as_asked() { make_bundle --output $work/named.tar.gz && [ "$made" = $work/named.tar.gz ]; }
named_by_itself() { make_bundle && [ -f "$work/$made" ] && [ "${made#qxl-bug-report-}" != "$made" ]; }
for_its_owner_alone() { [ "$(stat -c %a $work/named.tar.gz)" = 600 ]; }
wrong_words_are_refused() { ! sh "$script" --nonsense 2> /dev/null && ! sh "$script" --output 2> /dev/null; }

module_is_described() {
	has_all loaded 'srcversion' 'parameters/num_heads' '^4$' && has_all dkms 'dkms was asked: status'
}

debugfs_is_there() {
	for file in "$bundle"/debugfs/*; do
		break
	done
	has_all "debugfs/${file##*/}" '/qxl_counters$' '^commands [0-9]' '/state$' 'crtc' '/clients$' '/framebuffer$' '/gem_names$'
}

device_is_described() {
	has_all device '0000:00:0' 'lspci was asked: -vvnn -s 0000:' '0x00000000.* 0x0000' 'drivers/qxl'
}

nothing_private() {
	! grep -r -e $secret -e "/home/alice" -e $machine $bundle | sed 's/^/# /' | grep .
}

# Neither a name in a log nor the machine's name in it goes out.
plant_log() {
	mkdir -p /var/log
	echo "[1.0] Current Operating System: Linux $(uname -n) 6.0, /home/alice/.config read" > /var/log/Xorg.7.log
	echo "name=$(uname -n) <$(uname -n)> $(uname -n) $(uname -n)." >> /var/log/Xorg.7.log
}

# A server of a user's own has its log in the user's folder.
plant_server() {
	mkdir -p /home/alice/.local/share/xorg
	printf '#!/bin/sh\nexec 9>> /home/alice/.local/share/xorg/Xorg.0.log\necho hello >&9\nsleep 600\n' > $work/Xorg
	chmod +x $work/Xorg
	$work/Xorg &
	server=$!
	while [ ! -s /home/alice/.local/share/xorg/Xorg.0.log ]; do
		sleep 0.1
	done
}

missing_is_noted() {
	umount /sys/kernel/debug
	PATH=/bin:/usr/bin:/sbin:/usr/sbin
	rm -r "${work:?}/bin"
	make_bundle --output $work/less.tar.gz && has debugfs 'none' && has dkms "no program 'dkms'"
	noted=$?
	mount -t debugfs none /sys/kernel/debug
	return $noted
}

xorg_is_there() { has_all xorg '== /tmp/x11/Xorg' 'X.Org X Server' && has compositor '^Xorg'; }

echo "KTAP version 1"
[ "${2:-}" = xorg ] || echo $machine > /proc/sys/kernel/hostname
mkdir -p $work
plant_tools
plant_log
plant_server
result "an archive with the name that was asked for" named_as_asked
result "readable by its owner alone" for_its_owner_alone
result "an archive with a name of its own" named_by_itself
result "other words are refused" wrong_words_are_refused
result "the kernel" has_all kernel "$(uname -r)" '== /proc/sys/kernel/tainted'
result "the module" module_is_described
result "the driver's lines of the log" has dmesg 'qxl.*revision [45]'
result "the device" device_is_described
result "debugfs" debugfs_is_there
result "connectors" has_all connectors 'card[0-9]-Virtual-1/status' '^connected'
result "what is the host" has qemu 'QEMU'
result "logs without what is private" has xorg 'Linux HOST 6.0, /home/USER/.config'
result "the machine's name in any place" has xorg '^name=HOST <HOST> HOST HOST[.]$'
result "a log in a user's folder" has_all xorg '^== /home/USER/.local/share/xorg/Xorg.0.log$' '^hello$'
kill $server
result "nothing private anywhere" nothing_private
[ "${2:-}" != xorg ] || result "Xorg's log and name" xorg_is_there
result "what is missing is noted" missing_is_noted
echo "1..$count"
