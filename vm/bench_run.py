# SPDX-License-Identifier: GPL-2.0-only
"""Runs the benchmark in a guest with a QXL and a virtio-gpu device: a round is a boot, with all drivers in turn."""

import dataclasses
import itertools
import subprocess

import guest_run
import initramfs
import modules
import paths
import qemu
import say

# In the order in which they run: guest/bench-driver.sh says why.
DRIVERS = ("ours", "virtio_gpu", "in-tree")
PROGRAM = paths.BUILD / "bench/qxl_bench"
COUNTER = paths.BUILD / "bench/qxl_count"
_PROFILER = paths.BUILD / "bench/profiler.so"
# Writes to QXL's ports, and notifications of virtio's queues.
TRACED = ("qxl_io_write", "virtio_queue_notify")
# KFENCE, which tests are run with, takes the first allocation of each operation and 37 us of instructions with it; a
# cursor that blinks on the console of a driver that is not in use is drawn all the time.
MACHINE = qemu.Machine(extra_devices=("virtio-gpu-pci",),
                       append="kfence.sample_interval=0 vt.global_cursor_default=0")
# Virtual time is 2 ns an instruction, whatever the host is busy with; and not the host's, so that it can't be asked.
COUNTED = dataclasses.replace(MACHINE, cpus=1, counted=True)
TIMED = dataclasses.replace(MACHINE, traced=TRACED)
# What all drivers need: in-tree's qxl.ko is a file of the guest.
PEERS = ("virtio_pci", "virtio_gpu", "qxl")
IN_TREE_FILE = "qxl-in-tree.ko"


class Samples:
    """What a benchmark found: nanoseconds, errors and counts for a run, by (driver, operation)."""

    def __init__(self):
        self.times = {}
        self.operations = []
        self.gaps = {}
        self.counts = {}
        self.problems = []
        self._driver = None

    def line(self, text):
        """Take one line of the guest's output."""
        word, _, rest = text.partition(" ")
        name, _, values = rest.partition("|")
        if word == "@@driver":
            self._driver = rest
        elif word == "@@op":
            self.time(self._driver, name, *(int(value) for value in values.split()))
        elif word == "@@none":
            self._know(name)
            self.gaps[self._driver, name] = int(values)
        elif word == "@@count":
            counter, value = values.split()
            self.count(self._driver, name, counter, float(value))
        elif word in ("@@broken", "@@fail"):
            self.problems.append(text)

    def time(self, driver, name, *nanoseconds):
        """Add runs of an operation."""
        self._know(name)
        self.times.setdefault((driver, name), []).extend(nanoseconds)

    def count(self, driver, name, counter, value):
        """What was counted for a run of an operation; the last round's counts."""
        self._know(name)
        self.counts.setdefault((driver, name), {})[counter] = value

    def _know(self, name):
        if name not in self.operations:
            self.operations.append(name)


def build():
    """Make the guests' programs and the profiler."""
    subprocess.run(["make", "--no-print-directory", "-s", "-C", paths.REPO / "bench"], check=True)


def profiled(machine, edges):
    """The machine, which has one processor, with the profiler, which writes to the file `edges`."""
    return dataclasses.replace(machine, plugin=f"{_PROFILER},out={edges},ram={machine.memory_mb << 20}")


def in_tree_module(kernel):
    """The bytes of the kernel's own qxl.ko."""
    return modules.Tree(kernel.modules_dir).read("qxl")


# pylint: disable-next=too-many-arguments
def boot(kernel, archive, machine, seconds, out, samples, on_line=None):
    """A round: each line goes to `on_line`, or to the samples. In-tree's complaints, at the end, are its own."""
    with guest_run.boot(machine, kernel, archive, out, on_line or samples.line) as guest:
        if not guest.wait_line("@@done", seconds):
            samples.problems.append(f"a round did not end in {seconds} s")
        judged = itertools.takewhile(lambda line: not line.endswith("@@driver in-tree"), list(guest.kernel_log.lines))
        samples.problems += guest.hits(list(judged))


def _kind(machine):
    if machine.plugin:
        return "profile"
    return "counted" if machine.counted else "timed"


# pylint: disable-next=too-many-arguments
def run(machine, kernel, driver, rounds, seconds, out, samples=None, drivers=DRIVERS):
    """Boot so many times, each for `seconds` at most; Samples, or those given, with what went wrong in `problems`."""
    samples = samples or Samples()
    out.mkdir(parents=True, exist_ok=True)
    in_tree = out / IN_TREE_FILE
    in_tree.write_bytes(in_tree_module(kernel))
    tree = {"qxl_bench": PROGRAM, "bench.sh": paths.GUEST / "bench.sh",
            "bench-driver.sh": paths.GUEST / "bench-driver.sh", IN_TREE_FILE: in_tree}
    command = " ".join(("bench.sh", _kind(machine), *drivers))
    archive = initramfs.for_tests(kernel, driver, tree, f"{seconds} bench {command}\n", PEERS)
    for number in range(1, rounds + 1):
        say.step(f"round {number} of {rounds} on {kernel.release}: {', '.join(drivers)}")
        boot(kernel, archive, machine, seconds, out, samples)
    return samples
