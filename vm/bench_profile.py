# SPDX-License-Identifier: GPL-2.0-only
"""Where the instructions of each operation are executed, what it stores to VRAM and how often it allocates.

A boot of the counted guest with the profiler (bench/profiler.c), which tells each way into a block of code by
addresses; the guest tells what is where.
"""

import bisect
import collections
import csv
import dataclasses
import re
import subprocess

import bench_run

_FUNCTIONS_TOLD = 14
_ALLOCATOR = re.compile(r"_*(kmalloc|kzalloc|kvmalloc|krealloc|kmemdup|kmem_cache_alloc|vmalloc|vzalloc|alloc_pages|"
                        r"get_free_pages)\w*")
MODULES = {"ours": "qxl", "in-tree": "qxl", "virtio_gpu": "virtio_gpu"}
_USER_SPACE = ("user space", "")


class Symbols:
    """Functions of the kernel, or of its modules, by address: (name, module, which is empty for the kernel's own)."""

    def __init__(self):
        self._found = {}
        self._addresses = []

    def add(self, text):
        """A line of /proc/kallsyms without the type."""
        address, name, *module = text.split()
        self._found.setdefault(int(address, 16), (name, module[0].strip("[]") if module else ""))
        self._addresses = []

    def at(self, address):
        """The function that begins there, or None."""
        return self._found.get(address)

    def around(self, address):
        """The function that has this address, as the profiler tells it: 0 is user space."""
        if not address:
            return _USER_SPACE
        if not self._addresses:
            self._addresses = sorted(self._found)
        index = bisect.bisect_right(self._addresses, address) - 1
        return self._found[self._addresses[index]] if index >= 0 else ("unknown", "")


class SymbolsByDriver:
    """What the guest says of its symbols: the kernel's, then with each driver those of the modules that are there."""

    def __init__(self):
        self._kernel = []
        self._found = {}
        self._driver = None

    def line(self, word, rest):
        """Take one line; is it about symbols?"""
        if word == "@@driver":
            self._driver = rest
            self._found[rest] = Symbols()
            for line in self._kernel:
                self._found[rest].add(line)
        elif word != "@@symbol":
            return False
        elif self._driver:
            self._found[self._driver].add(rest)
        else:
            self._kernel.append(rest)
        return True

    def of(self, driver):
        """The Symbols while it was at work."""
        return self._found[driver]


@dataclasses.dataclass
class Record:
    """An operation: of all its runs."""

    runs: int
    edges: list = dataclasses.field(default_factory=list)  # (from, to, instructions, times, stored bytes)


class Samples(bench_run.Samples):
    """With what the guest says of its symbols, and the order of what was measured."""

    def __init__(self):
        super().__init__()
        self.symbols = SymbolsByDriver()
        self.order = []

    def line(self, text):
        """Take one line of the guest's output."""
        super().line(text)
        word, _, rest = text.partition(" ")
        if not self.symbols.line(word, rest) and word in ("@@op", "@@none"):
            self.order.append((self._driver, rest.partition("|")[0]))


def records_of(text):
    """What the profiler wrote."""
    records = []
    for line in text.splitlines():
        words = line.split()
        if words[0] == "record":
            records.append(Record(int(words[1])))
        else:
            records[-1].edges.append((int(words[0], 16), int(words[1], 16), *map(int, words[2:])))
    return records


def _by_function(record, symbols):
    """Two counters, of one run: instructions, and bytes stored to devices."""
    executed, stored = collections.Counter(), collections.Counter()
    for _, block, instructions, _, stored_bytes in record.edges:
        function = symbols.around(block)
        executed[function] += instructions / record.runs
        stored[function] += stored_bytes / record.runs
    return executed, stored


def _allocations(record, symbols, module):
    """In one run: all, and those of a module. An allocator that calls another one is one allocation."""
    every = own = 0
    for caller, block, _, times, _ in record.edges:
        called = symbols.at(block)
        name, caller_module = symbols.around(caller)
        if called and _ALLOCATOR.fullmatch(called[0]) and not _ALLOCATOR.fullmatch(name):
            every += times / record.runs
            own += times / record.runs if caller_module == module else 0
    return every, own


def _readable(names):
    """C++'s names as they are written."""
    result = subprocess.run(["c++filt", "--no-params"], input="\n".join(names), capture_output=True, text=True,
                            check=True)
    return dict(zip(names, result.stdout.splitlines()))


def write(found, out):
    """`found`: {(driver, operation): (instructions, bytes to VRAM), by function}; as text the largest, as CSV all."""
    readable = _readable(sorted({name for executed, _ in found.values() for name, _ in executed}))
    with open(out / "functions.csv", "w", newline="", encoding="utf-8") as table, \
         open(out / "functions.txt", "w", encoding="utf-8") as text:
        writer = csv.writer(table)
        writer.writerow(("operation", "driver", "function", "module", "instructions", "vram bytes"))
        for (driver, operation), (executed, stored) in found.items():
            text.write(f"{operation}, {driver}: {executed.total():,.0f} instructions\n")
            for rank, (function, instructions) in enumerate(executed.most_common()):
                name, module = readable[function[0]], function[1]
                writer.writerow((operation, driver, name, module, f"{instructions:.1f}", f"{stored[function]:.1f}"))
                if rank < _FUNCTIONS_TOLD:
                    text.write(f"{instructions:14,.0f}  {name}{f' [{module}]' if module else ''}\n")


def paired(measured, records, what, samples):
    """Pairs of what was measured and its record, in order; one without the other is a problem of the samples."""
    if len(records) != len(measured):
        samples.problems.append(f"{len(records)} records of {len(measured)} {what}")
    return zip(measured, records)


def costs_of(record, symbols, module):
    """Of one run: instructions by function, bytes to VRAM by function, and counts by name; `module` is the driver's."""
    executed, stored = _by_function(record, symbols)
    every, own = _allocations(record, symbols, module)
    return executed, stored, {"instructions": executed.total(), "vram_bytes": stored.total(), "allocations": every,
                              "driver_allocations": own}


def count(samples, records):
    """Add what was counted to the samples; {(driver, operation): (instructions, bytes to VRAM), by function}."""
    found = {}
    for (driver, operation), record in paired(samples.order, records, "operations", samples):
        if (driver, operation) in samples.gaps:
            continue
        executed, stored, counts = costs_of(record, samples.symbols.of(driver), MODULES[driver])
        found[driver, operation] = executed, stored
        for counter, value in counts.items():
            samples.count(driver, operation, counter, value)
    return found


def run(kernel, driver, _rounds, seconds, out, drivers=bench_run.DRIVERS):  # pylint: disable=too-many-arguments
    """One boot, as nothing varies that is counted; bench_run.Samples, and functions.* in `out`."""
    out.mkdir(parents=True, exist_ok=True)
    edges = out / "edges"
    samples = Samples()
    bench_run.run(bench_run.profiled(bench_run.COUNTED, edges), kernel, driver, 1, seconds, out, samples, drivers)
    write(count(samples, records_of(edges.read_text())), out)
    edges.unlink()
    return samples
