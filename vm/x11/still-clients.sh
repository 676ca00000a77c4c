#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# X clients that come to rest, so that what they show can be compared; their ids go to /tmp/still-clients.
start() {
	"$@" > /tmp/client.log 2>&1 &
	echo $! >> /tmp/still-clients
}
rm -f /tmp/still-clients
xsetroot -solid '#305070'
start xterm -geometry 60x24+20+30 -fn fixed -bg black -fg gray90 +sb -cr black -bc -xrm '*cursorBlink: false' \
	-e sh -c 'seq -w 1 2345 | tr "\n" " "; exec sleep 1000'
start xlogo -geometry 200x200+450+40
start xcalc -geometry 226x304+700+60
start xeyes -geometry 150x100+450+300
start xterm -geometry 40x10+450+480 -fn 9x15 -bg white -fg navy +sb -cr white \
	-e sh -c 'ls -1 /usr/share/fonts/X11; exec sleep 1000'
