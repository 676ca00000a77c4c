# SPDX-License-Identifier: GPL-2.0-only
"""Starts a guest with a QXL device, and stops only what it started."""

import contextlib
import ctypes
import dataclasses
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import late_events
import qmp
import say

# The densest sampling there is. Time from power-on to a loaded driver, 6.12 under TCG on two cores: 3.6 to
# 4.2 s with 1, 10 and 100 ms alike, so it costs nothing that can be told from noise. Debian's 6.1 is built
# without KFENCE; the parameter does nothing there.
KFENCE_INTERVAL_MS = 1

MOVE_SECONDS = 60

_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1


@dataclasses.dataclass
class Machine:
    """A guest's shape. Devices are QEMU's own syntax, e.g. 'qxl-vga,vgamem_mb=64,revision=4'."""

    device: str = "qxl-vga"
    extra_devices: tuple = ()
    memory_mb: int = 1024
    cpus: int = 2
    append: str = ""
    drives: tuple = ()
    modules: tuple = ()  # of the kernel, loaded before the driver with all that they need
    spice_port: int = 0  # 0: the client comes by a Unix socket, for which the server compresses nothing
    compressed: bool = False  # the client comes by TCP: pictures are compressed, also by what was sent before
    display: int = 0  # which device pictures are taken of: 0 is `device`, 1 the first of the extra ones
    agent: bool = False  # a port for a guest agent: while a program holds it open, clients ask for layouts
    video: bool = False  # the server turns what looks like a video into a stream, which loses pixels
    late_ms: int = 0  # so much later than it would, the server tells devices about clients
    traced: tuple = ()  # QEMU's own trace events, told on stderr
    plugin: str = ""  # of TCG: a path, and its arguments
    counted: bool = False  # time is instructions executed, 2 ns each: the same in every run, however busy the host
    reboots: bool = False  # a reboot is not the end: the guest goes on with the next test
    sleeps: bool = False  # it may be suspended to RAM
    swap_mb: int = 0  # an empty disk, with the serial number qxl-swap, to hibernate to
    shell: bool = False  # a guest shell on this process's terminal, on the fourth serial port


def _device(text, index):
    """Complete a device: QEMU says on stderr what device rule a guest broke only with guestdebug."""
    kind, _, options = text.partition(",")
    if kind.startswith("qxl"):
        for name, value in (("guestdebug", "1"), ("id", f"video{index}")):
            if not re.search(rf"(^|,){name}=", options):
                options = f"{options},{name}={value}".lstrip(",")
    return f"{kind},{options}".rstrip(",")


def free_port():
    """A TCP port of the loopback interface that nobody had a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def shown_device(machine):
    """The device that pictures are taken of, as QMP's device_add wants it."""
    text = (machine.device, *machine.extra_devices)[machine.display]
    kind, *options = _device(text, machine.display).split(",")
    return {"driver": kind} | dict(option.split("=", 1) for option in options)


def command_line(extra):
    """The kernel's parameters.

    KFENCE is on in every run. A guest that oopses ends at once (-no-reboot turns the reboot after a panic
    into QEMU's exit), for what it would say afterwards proves nothing. The soft-lockup limit is wide
    because a guest under TCG on a busy host can lose its processor for many seconds. One processor at
    first, and no switch of a hot static key later on (tsc, smp): guest_run.boot says why.
    """
    words = ["console=ttyS0", "ignore_loglevel", f"kfence.sample_interval={KFENCE_INTERVAL_MS}",
             "oops=panic", "panic=-1", "sysctl.kernel.hung_task_timeout_secs=30", "watchdog_thresh=30",
             "rcupdate.rcu_cpu_stall_timeout=60", "maxcpus=1", "noreplace-smp", "tsc=nowatchdog",
             "mitigations=off", "random.trust_cpu=on", "audit=0"]
    return " ".join(words + [extra]).strip()


def _accelerator(name, counted):
    """QEMU counts instructions with one thread of TCG only."""
    if counted:
        return ["-accel", "tcg,thread=single,tb-size=256", "-icount", "shift=1,sleep=off"]
    return ["-accel", "kvm" if name == "kvm" else "tcg,thread=multi,tb-size=256"]


def _die_with_parent():
    """A harness that is killed must not leave a guest behind."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Qemu:
    """A running guest. Its sockets and logs live in `folder`, which goes away with it."""

    def __init__(self, machine, vmlinuz, initrd):
        for word in ("shell", "reboots", "sleeps"):
            if getattr(machine, word):
                machine = dataclasses.replace(machine, append=f"{machine.append} qxl_vm.{word}")
        if machine.compressed:
            machine = dataclasses.replace(machine, spice_port=free_port())
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="qxl-vm-"))
        (self.folder / "initrd").write_bytes(initrd)
        self.kernel_log = self.folder / "kernel.log"
        self.output = self.folder / "output"
        self.stderr = self.folder / "stderr"
        self.channel = self.folder / "channel"
        self.spice = f"port:{machine.spice_port}" if machine.spice_port else f"unix:{self.folder}/spice"
        self.started = time.monotonic()
        if machine.swap_mb:
            with open(self.folder / "swap", "wb") as disk:
                disk.truncate(machine.swap_mb << 20)
        self._command = self._arguments(machine, vmlinuz)
        self._environment = late_events.environment(machine.late_ms)
        self._shell = machine.shell
        self._moving = False
        self._start()

    def _start(self, *arguments):
        with open(self.stderr, "ab") as stderr:
            # pylint: disable=consider-using-with,subprocess-popen-preexec-fn
            self._process = subprocess.Popen([*self._command, *arguments],
                                             stdin=None if self._shell else subprocess.DEVNULL,
                                             stdout=None if self._shell else stderr, stderr=stderr,
                                             start_new_session=not self._shell, env=self._environment,
                                             preexec_fn=_die_with_parent)
        try:
            self.qmp = qmp.Qmp(self.folder / "qmp", lambda: self._process.poll() is None)
        except OSError:
            text = self.stderr.read_text(errors="replace")
            self.stop()
            say.fail(f"QEMU did not start:\n{text}")

    def _await_status(self, query, wanted, others):
        """Ask until the status is `wanted`; it may be one of `others` before."""
        deadline = time.monotonic() + MOVE_SECONDS
        while (status := self.qmp.command(query).get("status")) != wanted:
            if status not in others or time.monotonic() > deadline:
                raise qmp.QmpError(f"{query}: {status}")
            time.sleep(0.05)

    def save_and_restore(self):
        """Save the running guest to a file, end it, and have another QEMU go on with it.

        Not stopped first: QEMU tells the SPICE server to draw what is pending when a running guest stops for the
        save, but not when it was paused before (seen with 7.2), and what was pending then is lost.
        """
        state = self.folder / "state"
        self._moving = True
        try:
            # One pass over memory, then the rest with the guest stopped.
            self.qmp.command("migrate-set-parameters", **{"downtime-limit": 1000 * MOVE_SECONDS})
            self.qmp.command("migrate", uri=f"exec:cat > {state}")
            self._await_status("query-migrate", "completed", (None, "setup", "active", "device"))
            self.qmp.close()
            self._process.terminate()
            self._process.wait()
            (self.folder / "spice").unlink(missing_ok=True)
            self._start("-incoming", f"exec:cat {state}")
            self._await_status("query-status", "running", ("inmigrate",))
        finally:
            self._moving = False
            state.unlink(missing_ok=True)

    def wake(self):
        """Wait until the guest sleeps, and wake it up; nothing when it never does."""
        # A clock's alarm that rings while the guest goes to sleep wakes nothing in QEMU 7.2.
        with contextlib.suppress(qmp.QmpError, OSError):
            self._await_status("query-status", "suspended", ("running",))
            self.qmp.command("system_wakeup")

    def _arguments(self, machine, vmlinuz):
        accel = os.environ.get("QXL_VM_ACCEL", "tcg")
        folder = self.folder
        spice = (f"port={machine.spice_port},addr=127.0.0.1" if machine.spice_port
                 else f"unix=on,addr={folder}/spice")
        arguments = [
            shutil.which("qemu-system-x86_64") or say.fail("no qemu-system-x86_64: run vm/host_packages"),
            "-nodefaults", "-no-user-config", *([] if machine.reboots else ["-no-reboot"]), "-display", "none",
            "-machine", "pc,usb=off,vmport=off", "-cpu", "host" if accel == "kvm" else "max,la57=off",
            *_accelerator(accel, machine.counted),
            "-smp", str(machine.cpus), "-m", str(machine.memory_mb), "-rtc", "base=utc",
            "-kernel", str(vmlinuz), "-initrd", str(folder / "initrd"),
            "-append", command_line(machine.append),
            "-qmp", f"unix:{folder}/qmp,server=on,wait=off",
            # Lossy compression, even if the server believes that the line is slow, would make a
            # comparison of pictures meaningless.
            "-spice", f"{spice},disable-ticketing=on,jpeg-wan-compression=never,"
            f"zlib-glz-wan-compression=never,streaming-video={'filter' if machine.video else 'off'}",
            "-chardev", f"file,id=log,append=on,path={self.kernel_log}", "-device", "isa-serial,index=0,chardev=log",
            "-chardev", f"file,id=out,append=on,path={self.output}", "-device", "isa-serial,index=1,chardev=out",
            # The third port's usual interrupt is the first one's, and ISA interrupts can't be shared.
            "-chardev", f"socket,id=host,path={self.channel},server=on,wait=off",
            "-device", "isa-serial,index=2,irq=5,chardev=host",
            "-vga", "none",
        ]
        for event in machine.traced:
            arguments += ["-trace", event]
        if machine.plugin:
            arguments += ["-plugin", machine.plugin]
        if machine.shell:
            arguments += ["-chardev", "stdio,id=shell,signal=off",
                          "-device", "isa-serial,index=3,irq=7,chardev=shell"]
        if machine.agent:
            arguments += ["-device", "virtio-serial-pci", "-chardev", "spicevmc,id=agent,name=vdagent",
                          "-device", "virtserialport,chardev=agent,name=com.redhat.spice.0"]
        for index, device in enumerate((machine.device, *machine.extra_devices)):
            arguments += ["-device", _device(device, index)]
        for index, drive in enumerate(machine.drives):
            arguments += ["-drive", f"file={drive},if=none,id=disk{index},format=raw,readonly=on,cache=unsafe",
                          "-device", f"virtio-blk-pci,drive=disk{index}"]
        if machine.swap_mb:
            arguments += ["-drive", f"file={folder}/swap,if=none,id=swap,format=raw,cache=unsafe",
                          "-device", "virtio-blk-pci,drive=swap,serial=qxl-swap"]
        return arguments

    @property
    def pid(self):
        """QEMU's process id."""
        return self._process.pid

    def showing_ns(self):
        """Processor time of the threads that show pictures: the main loop's and the SPICE server's, which it names."""
        total = 0
        for task in pathlib.Path(f"/proc/{self.pid}/task").iterdir():
            with contextlib.suppress(OSError):  # others come and go
                if int(task.name) == self.pid or (task / "comm").read_text() == "SPICE Worker\n":
                    total += int((task / "schedstat").read_text().split()[0])
        return total

    def alive(self):
        """Is the guest still there?"""
        return self._moving or self._process.poll() is None

    def screendump(self, path, device):
        """Write the server's picture as a PPM."""
        self.qmp.command("screendump", filename=str(path), device=device)

    def wait(self, timeout):
        """Wait for the guest to end; False when it didn't in time."""
        try:
            self._process.wait(timeout)
            return True
        except subprocess.TimeoutExpired:
            return False

    def stop(self):
        """End the guest, if it hasn't ended."""
        if self.alive():
            self._process.terminate()
            if not self.wait(5):
                self._process.kill()
                self._process.wait()

    def close(self):
        """End the guest and remove its folder."""
        self.stop()
        if hasattr(self, "qmp"):
            self.qmp.close()
        shutil.rmtree(self.folder, ignore_errors=True)
