# SPDX-License-Identifier: GPL-2.0-only
"""The line a guest talks to its host on (ttyS2): a request line, an answer line."""

import socket
import threading


class Channel:
    """Serves requests in a thread until the guest is gone; `handlers` maps a verb to handler(words), which returns the
    answer, or None where nobody is left to read one."""

    def __init__(self, path, handlers):
        self._handlers = handlers
        self._path = str(path)
        self._connect()
        threading.Thread(target=self._run, daemon=True).start()

    def _connect(self):
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(self._path)

    def reconnect(self):
        """For handlers: another QEMU goes on with the guest, and gets the answer."""
        self._socket.close()
        self._connect()

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

    def _serve(self, connection):
        """Until the guest is gone, or has moved to another connection: has it?"""
        with connection.makefile("rb") as reader:
            for raw in reader:
                # A kernel that had to probe for the port's interrupt wrote a byte of ones first.
                line = raw.lstrip(b"\xff").decode(errors="replace").strip()
                if not line:
                    continue
                answer = self._answer(line)
                if answer is not None:
                    self._socket.sendall(answer.encode() + b"\n")
                if self._socket is not connection:
                    return True
        return False

    def _run(self):
        try:
            while self._serve(self._socket):
                pass
        except OSError:
            pass

    def close(self):
        """Stop serving."""
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._socket.close()
