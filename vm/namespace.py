# SPDX-License-Identifier: GPL-2.0-only
"""How to work inside a root: as root, or as a user who is root in a namespace of his own."""

import os


def command(mount=True):
    """The beginning of a command; with `mount` what it mounts goes away when it ends."""
    words = ["unshare"]
    if os.geteuid() != 0:
        words.append("--map-root-user")
    if mount:
        words.append("--mount")
    return words if len(words) > 1 else []
