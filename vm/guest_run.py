# SPDX-License-Identifier: GPL-2.0-only
"""A guest with everything around it: log watch, SPICE client, control channel, pictures.

Both sizes of guest (selftests in an initramfs, the desktop) are run through this.
"""

import pathlib
import shutil
import subprocess
import threading
import time

import channel
import client
import logscan
import paths
import picture
import qemu
import tail

PICTURE_SECONDS = 12  # the stream to a client is asynchronous, and the host may be busy
REFERENCE_SECONDS = 60
QUIET_SECONDS = 0.3  # several times what the tails of logs take to see a new line
BOOT_SECONDS = 60
BOOT_ATTEMPTS = 3
FREE_SLOT = 0x10  # on the PCI bus: what QEMU places by itself is below


def boot(machine, kernel, initrd, out, on_line=None, programs_in=paths.SELFTESTS):
    """Start a guest and wait for its first process; a Guest, whether or not that came up in the end.

    QEMU's TCG can run a stale copy of code that another processor is patching (QEMU 7.2; "Oops: int3" in
    a hot function while the kernel turns a static key). Kernels patch most of theirs before the first
    process, so guests boot on one processor and add the others after that, see guest/init-*.sh. What
    still dies before our first process has loaded no module, so trying again hides nothing of ours.
    """
    for attempt in range(1, BOOT_ATTEMPTS + 1):
        guest = Guest(machine, kernel, initrd, out, on_line, programs_in)
        try:
            if guest.wait_line("@@", BOOT_SECONDS) or attempt == BOOT_ATTEMPTS:
                return guest
        except BaseException:
            guest.close()
            raise
        guest.close()
        log = guest.out / f"kernel-{kernel.name}.log"
        kept = log.with_suffix(f".attempt{attempt}.log")
        if log.exists():
            log.rename(kept)
        print(f"# {kernel.name}: the kernel did not reach its first process, trying again ({kept})", flush=True)
    raise AssertionError("unreachable")


class Guest:
    """Use as a context manager; `out` keeps what the run leaves behind."""

    def __init__(self, machine, kernel, initrd, out, on_line, programs_in):
        self.kernel = kernel
        self.out = pathlib.Path(out)
        self.out.mkdir(parents=True, exist_ok=True)
        self.pictures = []
        self.received = 0
        self._programs_in = programs_in
        self._display = machine.display
        self._video = machine.video
        self._traced = machine.traced
        self._shown = qemu.shown_device(machine)
        self._plugged = 0
        self.qemu = qemu.Qemu(machine, kernel.vmlinuz, initrd)
        self.client = self._connect_client()
        try:
            self._handlers = {"picture": self._on_picture, "shot": self._on_shot, "cursor": self._on_cursor,
                              "display": self._on_display, "monitors": self._on_monitors,
                              "pause": self._on_pause, "streams": self._on_streams, "counts": self._on_counts,
                              "pluggable": self._on_pluggable,
                              "unplug": self._on_unplug, "plug": self._on_plug,
                              "begun": self._on_begun, "move": self._on_move, "reset": self._on_reset,
                              "wake": self._on_wake, "echo": " ".join}
            self._channel = channel.Channel(self.qemu.channel, self._handlers)
            self.kernel_log = tail.Tail(self.qemu.kernel_log)
            self.output = tail.Tail(self.qemu.output, on_line)
            self._messages = tail.Tail(self.qemu.stderr)
        except BaseException:
            self.client.close()
            self.qemu.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _on_picture(self, words):
        """`picture NAME WIDTH HEIGHT PROGRAM ARGUMENTS...`: does the client see what PROGRAM draws?"""
        name, width, height, program, *arguments = words
        expected = self.qemu.folder / "expected.ppm"
        command = [str(self._programs_in / pathlib.Path(program).name), *arguments, str(expected)]
        result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                timeout=REFERENCE_SECONDS, check=False)
        if result.returncode:
            return f"error reference program failed: {' '.join(result.stderr.split())}"
        want = picture.read_ppm(expected)
        if (want.width, want.height) != (int(width), int(height)):
            return f"error reference is {want.width}x{want.height}"
        got = self.client.shot_when(lambda shot: shot == want, PICTURE_SECONDS)
        if not got:
            return "error the client has no picture"
        difference = picture.compare(want, got)
        self._keep(name, got, pixels=bool(difference))
        if difference:
            self._keep(f"{name}-expected", want, pixels=True)
        self.pictures.append((name, difference))
        return f"differ {difference}" if difference else "ok"

    def _on_shot(self, words):
        """`shot NAME`: keep what client and server see."""
        self.shots(words[0])
        self.received = self.client.received()
        return "ok"

    def _on_cursor(self, words):
        """`cursor hidden` or `cursor shown WIDTH HEIGHT HOT-X HOT-Y`: is that the client's pointer?"""
        wanted = " ".join(words)
        found = self.client.cursor_when(wanted, PICTURE_SECONDS)
        return "ok" if found == wanted else f"differ {found}"

    def _on_display(self, words):
        """`display NUMBER REQUEST...`: the request is about this device of the guest."""
        self.client.select(int(words[0]))
        try:
            return self._handlers[words[1]](words[2:])
        finally:
            self.client.select(self._display)

    def _on_monitors(self, words):
        """`monitors WxH+X+Y...`: the client asks for these heads."""
        self.client.ask_for_monitors(" ".join(words))
        return "ok"

    def _on_pause(self, words):
        """`pause SECONDS`: the client reads nothing for so long, beginning now."""
        self.client.pause(float(words[0]))
        return "ok"

    def _on_streams(self, _words):
        """`streams`: how many videos the server has begun since this was asked first; `off`: it never does."""
        return f"ok {self.client.streams()}" if self._video else "off"

    def _on_counts(self, _words):
        """`counts`: bytes that the client's display channels received, and events that QEMU traced, so far, once both
        stand still, so that nothing is on its way any more; and how long QEMU has shown pictures, in ns."""
        counts, before = self._counts(), None
        deadline = time.monotonic() + PICTURE_SECONDS
        while counts != before:
            if time.monotonic() > deadline:
                return "error they go on and on"
            time.sleep(QUIET_SECONDS)
            counts, before = self._counts(), counts
        received, events = counts
        return f"ok {received} {events} {self.qemu.showing_ns()}"

    def _counts(self):
        return self.client.received(), sum(line.startswith(self._traced) for line in self._messages.lines)

    def _on_pluggable(self, _words):
        """`pluggable`: can the device that pictures are taken of be taken out?"""
        return "it is part of the machine" if self._shown["driver"] == "qxl-vga" else "ok"

    def _on_unplug(self, _words):
        """`unplug`: QEMU asks the guest to let go of that device."""
        self.qemu.qmp.command("device_del", id=self._shown["id"])
        return "ok"

    def _on_plug(self, _words):
        """`plug`: one of the same kind again. The client does not see it: it holds on to the display it had.

        In another slot and by another name: QEMU 7.2 keeps the memory of a qxl that was taken out, by its slot, and
        aborts when there is one of that name already.
        """
        self._plugged += 1
        name = f"plugged{self._plugged}"
        self.qemu.qmp.command("device_add", **(self._shown | {"id": name, "addr": hex(FREE_SLOT + self._plugged)}))
        self._shown["id"] = name
        return "ok"

    def _connect_client(self):
        return client.Client(self.qemu.spice, self.qemu.folder, self._display)

    def _on_begun(self, _words):
        """`begun`: how many tests have been started, for a guest that has booted again."""
        return str(sum(line.startswith("@@start ") for line in self.output.lines))

    def _on_move(self, _words):
        """`move`: QEMU saves the guest, and another one goes on with it; the client connects to that."""
        try:
            self.qemu.save_and_restore()
            self._channel.reconnect()
        finally:
            self.client.close()
        self.client = self._connect_client()
        return "ok"

    def _on_reset(self, _words):
        """`reset`: as by the machine's button. The next kernel must not read an answer to this one."""
        self.qemu.qmp.command("system_reset")

    def _on_wake(self, _words):
        """`wake`: the guest, which is about to sleep, is woken up once it does."""
        threading.Thread(target=self.qemu.wake, daemon=True).start()
        return "ok"

    def _keep(self, name, image, pixels=False):
        base = self.out / f"{name}-{self.kernel.name}"
        picture.write_png(base.with_name(base.name + ".png"), image)
        if pixels:
            picture.write_ppm(base.with_name(base.name + ".ppm"), image)

    def shots(self, name):
        """Keep both views; either may be missing (a guest without a mode has no primary)."""
        try:
            self._keep(f"{name}-client", self.client.shot())
        except (client.ClientError, ValueError) as error:
            (self.out / f"{name}-client-{self.kernel.name}.txt").write_text(f"{error}\n")
        dump = self.qemu.folder / "dump.ppm"
        try:
            self.qemu.screendump(dump, f"video{self._display}")
            self._keep(f"{name}-server", picture.read_ppm(dump))
        except (RuntimeError, OSError, ValueError) as error:
            (self.out / f"{name}-server-{self.kernel.name}.txt").write_text(f"{error}\n")

    def wait_line(self, prefix, timeout):
        """Wait for an output line with this prefix; the line, or None when the guest ends or time is up."""
        deadline = time.monotonic() + timeout
        seen = 0
        while True:
            alive = self.qemu.alive()
            lines = self.output.lines
            for line in lines[seen:]:
                if line.startswith(prefix):
                    return line
            seen = len(lines)
            if not alive or time.monotonic() > deadline:
                return None
            time.sleep(0.05)

    def hits(self, kernel_lines=None):
        """Everything in the logs that fails the run, as texts to print; of the kernel's log these lines, or all."""
        lines = list(self.kernel_log.lines) if kernel_lines is None else kernel_lines
        return (logscan.excerpts(lines, logscan.kernel_hit, after=60)
                + logscan.excerpts(list(self._messages.lines), logscan.qemu_hit, before=1, after=3))

    def close(self):
        """End the guest and keep its logs."""
        if not self.qemu.folder.exists():
            return
        self.client.close()
        self._channel.close()
        self.qemu.stop()
        for log in (self.kernel_log, self.output, self._messages):
            log.close()
        for name, path in (("kernel", self.qemu.kernel_log), ("output", self.qemu.output),
                           ("qemu", self.qemu.stderr)):
            if path.exists():
                shutil.copyfile(path, self.out / f"{name}-{self.kernel.name}.log")
        self.qemu.close()
