# SPDX-License-Identifier: GPL-2.0-only
"""Follows files that QEMU writes: serial lines go to files, so nothing is lost while nobody reads."""

import threading
import time


class Tail:
    """Keeps every complete line of a growing file and hands each to `on_line` as it appears."""

    def __init__(self, path, on_line=None):
        self.path = path
        self.lines = []
        self._on_line = on_line
        self._rest = b""
        self._offset = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _take(self, final=False):
        try:
            with open(self.path, "rb") as handle:
                handle.seek(self._offset)
                data = handle.read()
        except FileNotFoundError:
            return
        self._offset += len(data)
        *whole, self._rest = (self._rest + data).split(b"\n")
        if final and self._rest:
            whole, self._rest = whole + [self._rest], b""
        for raw in whole:
            line = raw.decode(errors="replace").rstrip("\r")
            self.lines.append(line)
            if self._on_line:
                self._on_line(line)

    def _run(self):
        while not self._stop.is_set():
            self._take()
            time.sleep(0.05)
        self._take(final=True)

    def close(self):
        """Read what is left and stop."""
        self._stop.set()
        self._thread.join()
