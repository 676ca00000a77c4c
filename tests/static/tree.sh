# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
# For the checks here. A check looks at the files it is given, or at those of
# the tree that are its business; it says what is wrong, and fails then.
set -eu
repo=$(cd "$(dirname "$0")/../.." && pwd)

# need COMMAND: a tool that is missing is a failure, not a check less.
need() {
	command -v "$1" >/dev/null && return
	echo "$1 is missing: vm/host_packages installs it"
	exit 1
}

# tree FIND-EXPRESSION: files of the tree, built ones left out.
tree() {
	(cd "$repo" && find . \( -name .git -o -name build -o -name __pycache__ \) -prune \
		-o -type f -size +0 "$@" -print) | sed "s|^\.|$repo|" | sort
}

# forbid WHAT: the hits on stdin are what must not be.
forbid() {
	hits=$(cat)
	[ -n "$hits" ] || return 0
	echo "$1:"
	echo "$hits" | sed "s|^$repo/||"
	return 1
}
