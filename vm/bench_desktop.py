# SPDX-License-Identifier: GPL-2.0-only
"""Runs x11perf on Xorg and a scrolling terminal on Weston: a round is a boot, with all drivers in turn.

By the clock, and counted: what QEMU, the guest's kernel and our driver count themselves; or what the profiler does
(bench_profile).
"""

import collections
import dataclasses
import re

import bench_profile
import bench_run
import initramfs
import paths
import roots
import say
import xorg_run

# Operations of x11perf, and how often x11perf is to do its least of each, to count what they cost: of rectangles of
# 10x10 that is a thousand.
X11PERF = {"rect10": 10, "rect500": 2000, "copywinwin10": 1000, "copywinwin500": 300, "putimage100": 100,
           "putimage500": 10, "aa10text": 200, "ftext": 400}
TERMINAL = "Weston, a scrolling terminal"
_X11PERF_LINE = re.compile(r"# x11perf: +\d+ reps @ +([0-9.]+) msec \([^)]*\): (.*)")
_PROCESSOR_LINE = re.compile(r"# processor: (\d+) ms")
_DRAWS = {"ours": "qxl", "in-tree": "qxl", "virtio_gpu": "modesetting"}  # Xorg's drivers
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

    def __init__(self, samples):
        self.runs = []  # in order: (driver, name, Run)
        self._symbols = bench_profile.SymbolsByDriver()
        self._driver = None
        self._samples = samples
        self._counts = {}

    def line(self, text):
        """Take one line."""
        word, _, rest = text.partition(" ")
        name, _, value = rest.partition("|")
        if word == "@@driver":
            self._driver = rest
        if self._symbols.line(word, rest):
            return
        if word == "@@count":
            counter, number = value.split()
            self._counts[counter] = float(number)
        elif word == "@@counted":
            self.runs.append((self._driver, _named(name), Run(int(value), self._counts)))
            self._counts = {}
        elif text.startswith(("not ok", "@@fail")):
            self._samples.problems.append(f"{self._driver}: {text}")
        elif match := _X11PERF_LINE.match(text):
            self._samples.time(self._driver, _named(match[2]), int(float(match[1]) * 1_000_000))
        elif match := _PROCESSOR_LINE.match(text):
            self._samples.time(self._driver, TERMINAL, int(match[1]) * 1_000_000)

    def add_records(self, records):
        """What the profiler has recorded of each run, in the same order."""
        for (driver, _, measured), record in bench_profile.paired(self.runs, records, "runs", self._samples):
            measured.add_record(record, self._symbols.of(driver), bench_profile.MODULES[driver])

    def costs(self):
        """{(driver, name): Run of one operation}."""
        runs = {}
        for driver, name, measured in self.runs:
            runs.setdefault((driver, name), []).append(measured)
        return {key: found[-1].each_beyond(found[-2] if len(found) > 1 else Run(0, {}))
                for key, found in runs.items()}


def _named(text):
    return TERMINAL if text == "scroll" else f"x11perf, {text.strip()}"


def _phases(driver, profiled):
    counted = [f"{operation}:{times}" for operation, times in X11PERF.items()]
    measured = ("x11perf", 300, f"x11perf 2 async {' '.join(X11PERF)}")
    if profiled:
        measured = ("symbols", 120, "symbols modules")
    return [xorg_run.phase_of(f"{driver}-{name}", seconds, words) for name, seconds, words in (
        ("driver", 60, f"driver {driver} {_DRAWS[driver]}"),
        ("start", 180, f"start_here {xorg_run.SCREEN.replace('x', ' ')}"),
        measured,
        ("counted", _COUNTED_SECONDS, f"x11perf_counted {' '.join(counted)}"),
        ("stop", 60, "stop"),
        ("terminal", 180, "terminal"),
        ("scroll", 180, "scroll"),
        ("terminal-ends", 60, "terminal_ends"))]


def _machine():
    width, height = xorg_run.SCREEN.split("x")
    return dataclasses.replace(bench_run.MACHINE, extra_devices=(f"virtio-gpu-pci,xres={width},yres={height}",),
                               drives=(str(roots.desktop_image()),), traced=bench_run.TRACED)


def _archive(kernel, ours, profiled):
    phases = [xorg_run.phase_of("symbols", 120, "symbols kernel")] if profiled else []
    phases += [phase for driver in bench_run.DRIVERS for phase in _phases(driver, profiled)]
    files = xorg_run.session_files(phases)
    files |= {"more-phases": paths.GUEST / "bench-desktop.sh", "bench-driver": paths.GUEST / "bench-driver.sh",
              "scroller": paths.GUEST / "scroller.sh", "count": bench_run.COUNTER,
              bench_run.IN_TREE_FILE: bench_run.in_tree_module(kernel)}
    return initramfs.for_disk(kernel, ours, files, bench_run.PEERS)


def _tell(samples, costs):
    for (driver, name), cost in costs.items():
        for counter, value in cost.counts.items():
            samples.count(driver, name, counter, value)


def run(kernel, ours, rounds, seconds, out):
    """Boot so many times; bench_run.Samples."""
    samples = bench_run.Samples()
    archive = _archive(kernel, ours, False)
    for number in range(1, rounds + 1):
        say.step(f"desktop, round {number} of {rounds} on {kernel.release}")
        reader = Reader(samples)
        bench_run.boot(kernel, archive, _machine(), seconds, out, samples, reader.line)
        _tell(samples, reader.costs())
    return samples


def run_profiled(kernel, ours, _rounds, seconds, out):
    """One boot; bench_run.Samples, and functions.* in `out`."""
    out.mkdir(parents=True, exist_ok=True)
    samples = bench_run.Samples()
    say.step(f"desktop, profiled, on {kernel.release}")
    edges = out / "edges"
    reader = Reader(samples)
    machine = bench_run.profiled(dataclasses.replace(_machine(), cpus=1), edges)
    bench_run.boot(kernel, _archive(kernel, ours, True), machine, seconds, out, samples, reader.line)
    reader.add_records(bench_profile.records_of(edges.read_text()))
    costs = reader.costs()
    _tell(samples, costs)
    bench_profile.write({key: (cost.executed, cost.stored) for key, cost in costs.items()}, out)
    edges.unlink()
    return samples
