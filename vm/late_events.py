# SPDX-License-Identifier: GPL-2.0-only
"""Makes the SPICE server of a QEMU tell its devices about clients late: see late_events.c."""

import os
import subprocess

import paths


def _library():
    """Compiled anew for each guest, which takes less than a tenth of a second."""
    library = paths.BUILD / "vm/late_events.so"
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "spice-server"], check=True, text=True,
                           stdout=subprocess.PIPE).stdout.split()
    library.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cc", "-std=gnu11", "-O2", "-Wall", "-Wextra", "-shared", "-fPIC", "-o", library,
                    paths.VM / "late_events.c", "-Wl,--no-as-needed", *flags], check=True)
    return library


def environment(milliseconds):
    """QEMU's environment; None for a server that is not late."""
    if not milliseconds:
        return None
    return os.environ | {"LD_PRELOAD": str(_library()), "QXL_LATE_MS": str(milliseconds)}
