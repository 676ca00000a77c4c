# SPDX-License-Identifier: GPL-2.0-only
"""Progress lines with the time since the command began, so a person sees that it works."""

import sys
import time

_START = time.monotonic()


def step(text):
    """Say what begins now."""
    print(f"[{time.monotonic() - _START:6.1f} s] {text}", flush=True)


def fail(text):
    """End the command with one clear line."""
    sys.exit(f"vm: {text}")
