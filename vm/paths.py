# SPDX-License-Identifier: GPL-2.0-only
"""Where things are: the tree, its build folder, and the cache of roots and images."""

import os
import pathlib

VM = pathlib.Path(__file__).resolve().parent
REPO = VM.parent
BUILD = REPO / "build"
GUEST = VM / "guest"
HOOKS = VM / "hooks"
SELFTESTS = REPO / "selftests" / "build"


def cache_dir():
    """The folder that outlives a clean clone: roots take minutes to make, so they are shared."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    path = pathlib.Path(base) / "qxl-vm"
    path.mkdir(parents=True, exist_ok=True)
    return path
