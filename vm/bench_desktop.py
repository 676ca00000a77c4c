# SPDX-License-Identifier: GPL-2.0-only
"""Runs x11perf on Xorg and a scrolling terminal on Weston, with each driver in turn: a boot for each.

By the clock, and counted: what QEMU, the guest's kernel and our driver count themselves; or what the profiler does
(bench_profile).
"""

import collections
import dataclasses
import re

import bench_profile
import bench_run
import guest_run
import initramfs
import paths
import qemu
import roots
import say
import testrun
import xorg_run

# Operations of x11perf, and how often x11perf is to do its least of each, to count what they cost: of rectangles of
# 10x10 that is a thousand.
X11PERF = {"rect10": 10, "rect500": 2000, "copywinwin10": 1000, "copywinwin500": 300, "putimage100": 100,
           "putimage500": 10, "aa10text": 200, "ftext": 400}
TERMINAL = "Weston, a scrolling terminal"
_X11PERF_LINE = re.compile(r"# x11perf: +\d+ reps @ +([0-9.]+) msec \([^)]*\): (.*)")
_PROCESSOR_LINE = re.compile(r"# processor: (\d+) ms")
# What an interrupt of the card has in its name: virtio1 is the disk.
_INTERRUPTS = {"ours": "qxl", "in-tree": "qxl", "virtio_gpu": "virtio0"}
_COUNTED_SECONDS = 600


@dataclasses.dataclass
class Run:
    """So many operations, and what was counted meanwhile."""

    operations: int
    counts: dict
    executed: collections.Counter = dataclasses.field(default_factory=collections.Counter)  # instructions, by function
    stored: collections.Counter = dataclasses.field(default_factory=collections.Counter)  # bytes to VRAM

    def add_record(self, record, symbols, module):
        """What the profiler has recorded of it."""
        self.executed, self.stored, counts = bench_profile.costs_of(record, symbols, module)
        self.counts |= counts

    def each_beyond(self, few):
        """What one operation costs: of those that `few`, a shorter run, has not."""
        operations = self.operations - few.operations

        def share(more, less):
            return {name: max(0, value - less.get(name, 0)) / operations for name, value in more.items()}

        return Run(1, share(self.counts, few.counts), collections.Counter(share(self.executed, few.executed)),
                   collections.Counter(share(self.stored, few.stored)))


class Reader:
    """Turns what a guest prints into samples."""

    def __init__(self, driver, samples):
        self.runs = []  # in order: (name, Run)
        self.symbols = bench_profile.Symbols()
        self._driver = driver
        self._samples = samples
        self._counts = {}

    def line(self, text):
        """Take one line."""
        word, _, rest = text.partition(" ")
        name, _, value = rest.partition("|")
        if word == "@@symbol":
            self.symbols.add(rest)
        elif word == "@@count":
            counter, number = value.split()
            self._counts[counter] = float(number)
        elif word == "@@counted":
            self.runs.append((_named(name), Run(int(value), self._counts)))
            self._counts = {}
        elif match := _X11PERF_LINE.match(text):
            self._samples.time(self._driver, _named(match[2]), int(float(match[1]) * 1_000_000))
        elif match := _PROCESSOR_LINE.match(text):
            self._samples.time(self._driver, TERMINAL, int(match[1]) * 1_000_000)

    def costs(self):
        """{name: Run of one operation}."""
        runs = {}
        for name, measured in self.runs:
            runs.setdefault(name, []).append(measured)
        return {name: found[-1].each_beyond(found[-2] if len(found) > 1 else Run(0, {}))
                for name, found in runs.items()}


def _named(text):
    return TERMINAL if text == "scroll" else f"x11perf, {text.strip()}"


def _phases(driver, profiled):
    interrupt = _INTERRUPTS[driver]
    counted = [f"{operation}:{times}" for operation, times in X11PERF.items()]
    x11perf = testrun.Test("x11perf", "x11perf", ("2", "async", *X11PERF), 300)
    return (testrun.Test("start", "start", xorg_run.SCREEN.split("x"), 180),
            testrun.Test("symbols", "symbols", (), 120) if profiled else x11perf,
            testrun.Test("counted", "x11perf_counted", (interrupt, *counted), _COUNTED_SECONDS),
            testrun.Test("stop", "stop", (), 60),
            testrun.Test("terminal", "terminal", (), 180),
            testrun.Test("scroll", "scroll", (interrupt,), 180))


def _machine(driver):
    device = "virtio-vga,xres=1024,yres=768" if driver == "virtio_gpu" else "qxl-vga"
    return qemu.Machine(device, drives=(str(roots.desktop_image()),), append="kfence.sample_interval=0",
                        traced=bench_run.TRACED)


def _archive(kernel, driver, ours, profiled):
    """Ours is loaded for virtio-gpu, too, and finds no device."""
    extra = ("virtio_gpu",) if driver == "virtio_gpu" else ()
    files = xorg_run.session_files(_phases(driver, profiled))
    files |= {"scroller": paths.GUEST / "scroller.sh", "count": bench_run.COUNTER}
    return initramfs.for_disk(kernel, None if driver == "in-tree" else ours, files, extra)


# pylint: disable-next=too-many-arguments
def _boot(kernel, driver, ours, seconds, out, samples, edges=None):
    """What was printed; with `edges` the profiler writes there."""
    reader = Reader(driver, samples)
    machine = _machine(driver)
    if edges:
        machine = bench_run.profiled(dataclasses.replace(machine, cpus=1), edges)
    archive = _archive(kernel, driver, ours, bool(edges))
    with guest_run.boot(machine, kernel, archive, out / driver, reader.line) as guest:
        if not guest.wait_line("@@done", seconds):
            samples.problems.append(f"{driver} did not end in {seconds} s")
        guest.shots("end")
        if driver == "ours":
            samples.problems += guest.hits()
    return reader


def _tell(samples, driver, costs):
    for name, cost in costs.items():
        for counter, value in cost.counts.items():
            samples.count(driver, name, counter, value)


def run(kernel, ours, rounds, seconds, out):
    """Boot each driver so many times; bench_run.Samples."""
    samples = bench_run.Samples()
    for number in range(1, rounds + 1):
        for driver in bench_run.DRIVERS:
            say.step(f"desktop, round {number} of {rounds} on {kernel.release}: {driver}")
            _tell(samples, driver, _boot(kernel, driver, ours, seconds, out, samples).costs())
    return samples


def run_profiled(kernel, ours, _rounds, seconds, out):
    """One boot of each; bench_run.Samples, and functions.* in `out`."""
    out.mkdir(parents=True, exist_ok=True)
    samples = bench_run.Samples()
    found = {}
    for driver in bench_run.DRIVERS:
        say.step(f"desktop, profiled, on {kernel.release}: {driver}")
        edges = out / "edges"
        reader = _boot(kernel, driver, ours, seconds, out, samples, edges)
        records = bench_profile.records_of(edges.read_text())
        if len(records) != len(reader.runs):
            samples.problems.append(f"{driver}: {len(records)} records of {len(reader.runs)} runs")
        for (_, measured), record in zip(reader.runs, records):
            measured.add_record(record, reader.symbols, bench_profile.MODULES[driver])
        costs = reader.costs()
        _tell(samples, driver, costs)
        found |= {(driver, name): (cost.executed, cost.stored) for name, cost in costs.items()}
        edges.unlink()
    bench_profile.write(found, out)
    return samples
