# SPDX-License-Identifier: GPL-2.0-only
"""Runs x11perf on Xorg and a scrolling terminal on Weston, with each driver in turn: a boot for each."""

import re

import bench_run
import guest_run
import initramfs
import paths
import qemu
import roots
import say
import testrun
import xorg_run

X11PERF = ("rect10", "rect500", "copywinwin10", "copywinwin500", "putimage100", "putimage500", "aa10text", "ftext")
TERMINAL = "Weston, a scrolling terminal"
_X11PERF_LINE = re.compile(r"# x11perf: +\d+ reps @ +([0-9.]+) msec \([^)]*\): (.*)")
_PROCESSOR_LINE = re.compile(r"# processor: (\d+) ms")
_PHASES = (
    testrun.Test("start", "start", xorg_run.SCREEN.split("x"), 120),
    testrun.Test("x11perf", "x11perf", ("2", "async", *X11PERF), 300),
    testrun.Test("stop", "stop", (), 60),
    testrun.Test("terminal", "terminal", (), 180),
    testrun.Test("scroll", "scroll", (), 180),
)


class Reader:
    """Turns what a guest prints into samples; asks its client what it received meanwhile."""

    def __init__(self, driver, samples):
        self.guest = None
        self._driver = driver
        self._samples = samples
        self._received = 0

    def line(self, text):
        """Take one line."""
        if text == "@@start scroll":
            self._received = self.guest.client.received()
        elif text.startswith("@@end scroll"):
            self._samples.count(self._driver, TERMINAL, "client bytes", self.guest.client.received() - self._received)
        match = _X11PERF_LINE.match(text)
        if match:
            self._samples.time(self._driver, f"x11perf, {match[2].strip()}", int(float(match[1]) * 1_000_000))
        match = _PROCESSOR_LINE.match(text)
        if match:
            self._samples.time(self._driver, TERMINAL, int(match[1]) * 1_000_000)


def _machine(driver):
    device = "virtio-vga,xres=1024,yres=768" if driver == "virtio_gpu" else "qxl-vga"
    return qemu.Machine(device, drives=(str(roots.desktop_image()),), append="kfence.sample_interval=0")


def _archive(kernel, driver, ours):
    """Ours is loaded for virtio-gpu, too, and finds no device."""
    extra = ("virtio_gpu",) if driver == "virtio_gpu" else ()
    files = xorg_run.session_files(_PHASES) | {"scroller": paths.GUEST / "scroller.sh"}
    return initramfs.for_disk(kernel, None if driver == "in-tree" else ours, files, extra)


def _boot(kernel, driver, ours, seconds, out, samples):
    reader = Reader(driver, samples)
    with guest_run.boot(_machine(driver), kernel, _archive(kernel, driver, ours), out / driver,
                        reader.line) as reader.guest:
        if not reader.guest.wait_line("@@done", seconds):
            samples.problems.append(f"{driver} did not end in {seconds} s")
        reader.guest.shots("end")
        if driver == "ours":
            samples.problems += reader.guest.hits()


def run(kernel, ours, rounds, seconds, out):
    """Boot each driver so many times; bench_run.Samples."""
    samples = bench_run.Samples()
    for number in range(1, rounds + 1):
        for driver in bench_run.DRIVERS:
            say.step(f"desktop, round {number} of {rounds} on {kernel.release}: {driver}")
            _boot(kernel, driver, ours, seconds, out, samples)
    return samples
