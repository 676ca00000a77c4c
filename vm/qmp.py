# SPDX-License-Identifier: GPL-2.0-only
"""QEMU's control socket: as much of QMP as the harness needs."""

import json
import socket
import threading
import time


class QmpError(RuntimeError):
    """QEMU refused a command."""


class Qmp:
    """One connection, for any thread. Events are skipped: nothing here waits for one."""

    def __init__(self, path, alive, timeout=20):
        """Connect when QEMU is ready; `alive()` says whether waiting still makes sense."""
        self._lock = threading.Lock()
        deadline = time.monotonic() + timeout
        while True:
            self._socket = socket.socket(socket.AF_UNIX)
            self._socket.settimeout(60)
            try:
                self._socket.connect(str(path))
                break
            except OSError:
                self._socket.close()
                if time.monotonic() > deadline or not alive():
                    raise
                time.sleep(0.02)
        self._reader = self._socket.makefile("rb")
        self._reader.readline()
        self.command("qmp_capabilities")

    def command(self, name, **arguments):
        """Run a command and return what it returns."""
        request = {"execute": name, "arguments": arguments} if arguments else {"execute": name}
        with self._lock:
            return self._ask(json.dumps(request).encode() + b"\n")

    def _ask(self, request):
        self._socket.sendall(request)
        while True:
            line = self._reader.readline()
            if not line:
                raise QmpError("QEMU closed its control socket")
            answer = json.loads(line)
            if "error" in answer:
                raise QmpError(answer["error"]["desc"])
            if "return" in answer:
                return answer["return"]

    def close(self):
        """Close the connection."""
        self._reader.close()
        self._socket.close()
