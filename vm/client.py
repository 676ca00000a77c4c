# SPDX-License-Identifier: GPL-2.0-only
"""The SPICE client of a run, as a process of its own: see spice_client for why it stays connected."""

import contextlib
import os
import select
import signal
import subprocess
import threading
import time

import paths
import picture


class ClientError(RuntimeError):
    """The client has no picture, or is gone."""


class Client:
    """A connected client. Calls may come from several threads."""

    def __init__(self, where, folder, display=0):
        self._folder = folder
        self._lock = threading.Lock()
        self._log = open(folder / "client.log", "wb")  # pylint: disable=consider-using-with
        environment = dict(os.environ, PYTHONDONTWRITEBYTECODE="1")
        # pylint: disable=consider-using-with
        self._process = subprocess.Popen(["/usr/bin/python3", str(paths.VM / "spice_client"), where,
                                          str(display)],
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log,
                                         env=environment)

    def _ask(self, line, timeout=30):
        with self._lock:
            try:
                self._process.stdin.write(line.encode() + b"\n")
                self._process.stdin.flush()
            except OSError as error:
                raise ClientError(f"the SPICE client is gone: {self.messages()}") from error
            if not select.select([self._process.stdout], [], [], timeout)[0]:
                raise ClientError("the SPICE client does not answer")
            answer = self._process.stdout.readline().decode().strip()
        if not answer.startswith("ok"):
            raise ClientError(answer or f"the SPICE client is gone: {self.messages()}")
        return answer

    def messages(self):
        """What the client wrote to stderr."""
        return (self._folder / "client.log").read_text(errors="replace").strip()

    def shot(self):
        """The client's present picture."""
        path = self._folder / "client.ppm"
        self._ask(f"shot {path}")
        return picture.read_ppm(path)

    def shot_when(self, good, timeout, pause=0.25):
        """Take pictures until `good(picture)`; the last one, good or not, or None if there never was one."""
        deadline = time.monotonic() + timeout
        last = None
        while True:
            try:
                last = self.shot()
                if good(last):
                    return last
            except ClientError:
                if self._process.poll() is not None:
                    raise
            if time.monotonic() > deadline:
                return last
            time.sleep(pause)

    def cursor_when(self, wanted, timeout, pause=0.1):
        """Wait until the pointer is as `wanted` says; how it is in the end."""
        deadline = time.monotonic() + timeout
        while True:
            cursor = self._ask("cursor").partition(" ")[2]
            if cursor == wanted or time.monotonic() > deadline:
                return cursor
            time.sleep(pause)

    def pause(self, seconds):
        """Read nothing for a while, like a client on a line that hangs; returns at once."""
        self._process.send_signal(signal.SIGSTOP)
        timer = threading.Timer(seconds, self._process.send_signal, (signal.SIGCONT,))
        timer.daemon = True
        timer.start()

    def select(self, display):
        """Pictures and pointers are those of this display channel from now on."""
        self._ask(f"display {display}")

    def ask_for_monitors(self, layout, timeout=10, pause=0.25):
        """Ask the guest for heads, "WxH+X+Y" each; as soon as the server has told the client of the agent."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                self._ask(f"monitors {layout}")
                return
            except ClientError:
                if time.monotonic() > deadline:
                    raise
            time.sleep(pause)

    def streams(self):
        """Videos that the server has begun since this was asked first."""
        return int(self._ask("streams").split()[1])

    def received(self):
        """Bytes the display channel has received."""
        return int(self._ask("stats").split()[1])

    def close(self):
        """Disconnect."""
        # One that has ended may have left a request unread.
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(3)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._log.close()
