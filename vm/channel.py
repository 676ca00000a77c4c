# SPDX-License-Identifier: GPL-2.0-only
"""The line a guest talks to its host on (ttyS2): a request line, an answer line."""

import socket
import threading


class Channel:
    """Serves requests in a thread until the guest is gone; `handlers` maps a verb to handler(words)."""

    def __init__(self, path, handlers):
        self._handlers = handlers
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(path))
        threading.Thread(target=self._run, daemon=True).start()

    def _answer(self, line):
        words = line.split()
        handler = self._handlers.get(words[0]) if words else None
        if not handler:
            return f"error unknown request '{line}'"
        try:
            return handler(words[1:])
        except Exception as error:  # pylint: disable=broad-except
            # The guest waits for a line whatever went wrong here, and its test must fail with the reason.
            return "error " + " ".join(str(error).split())

    def _run(self):
        try:
            with self._socket.makefile("rb") as reader:
                for raw in reader:
                    # A kernel that had to probe for the port's interrupt wrote a byte of ones first.
                    line = raw.lstrip(b"\xff").decode(errors="replace").strip()
                    if line:
                        self._socket.sendall(self._answer(line).encode() + b"\n")
        except OSError:
            pass

    def close(self):
        """Stop serving."""
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._socket.close()
