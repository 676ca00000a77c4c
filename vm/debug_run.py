# SPDX-License-Identifier: GPL-2.0-only
"""Selftests on the debug kernels: patience, what is run on top, and what their logs must not say."""

import dataclasses
import pathlib
import re

import debug_races
import guest_run
import kernels
import logscan
import qemu
import testrun

SLOWER = 5  # than a plain kernel, under TCG
MEMORY_MB = 2048
TESTS = ("qxl_stress", "qxl_failslab")
LAST = "qxl_leaks.sh"
LAST_SECONDS = 240

# What only a debug kernel prints, beside what vm/logscan.py looks for in every run.
_DEBUG = re.compile("|".join((
    r"Object already free|Slab cache still has objects",
    r"turning off the locking correctness validator",
    r"DMA-API: .*(device driver|exceeded|leak)",
    r"ODEBUG: ",
)))
# Leaks are judged one by one at the end of the run; this line counts the kernel's own, too.
_COUNT_OF_LEAKS = re.compile(r"kmemleak: \d+ new suspected")


def be_patient():
    """Boots and pictures take longer in this guest than what the harness allows."""
    guest_run.BOOT_SECONDS = testrun.BOOT_SECONDS = 300
    testrun.OFF_SECONDS = 120
    guest_run.PICTURE_SECONDS *= SLOWER


def machine(kernel, **shape):
    """A guest for a debug kernel."""
    shape = {"memory_mb": MEMORY_MB} | shape
    append = f"{kernel.append} {shape.pop('append', '')}".strip()
    return qemu.Machine(append=append, **shape)


def slower(test):
    """The same test with a longer time limit."""
    return dataclasses.replace(test, timeout=test.timeout * SLOWER)


def tests(stress_seconds):
    """The selftests' own list, then stress, then faults, then a look at what has leaked."""
    listed = [slower(test) for test in testrun.listed()
              if "default" in test.shape.split(",") and test.program not in TESTS]
    return listed + [
        testrun.Test("qxl_stress", "qxl_stress", (str(stress_seconds),), stress_seconds + 300),
        testrun.Test("qxl_failslab", "qxl_failslab", (), 900),
        testrun.Test(LAST, LAST, (), LAST_SECONDS),
    ]


def chosen(kernel, stress_seconds, names):
    """The tests for a kernel. Unless `names` says more, races are looked for under stress alone."""
    if names == "all" and kernel.name == kernels.DEBUG:
        return tests(stress_seconds)
    wanted = (["qxl_stress"] if names == "all" else names.split(",")) + [LAST]
    return [test for test in tests(stress_seconds) if test.name in wanted or test.program in wanted]


def _logs(kernel, out):
    return sorted(pathlib.Path(out).glob(f"kernel-{kernel.name}*.log"))


def forget_logs(kernel, out):
    """An earlier run's logs are not this one's to judge."""
    for log in _logs(kernel, out):
        log.unlink()


def _is_hit(line):
    return bool(_DEBUG.search(line)) or (logscan.kernel_hit(line) and not _COUNT_OF_LEAKS.search(line))


def judge(kernel, result, out):
    """The run's hits, from the logs of all boots that got as far as the driver, and the races that are the
    kernel's own. Of what the run has found itself, what is not from a kernel log is kept."""
    found = [hit for hit in result.hits if not any(logscan.kernel_hit(line) for line in hit.splitlines())]
    others = []
    for log in _logs(kernel, out):
        if ".attempt" in log.name:
            continue
        races, rest = debug_races.split(log.read_text(errors="replace").splitlines())
        found += [race.text for race in races if race.ours]
        others += [race for race in races if not race.ours]
        found += logscan.excerpts(rest, _is_hit, after=60)
    return found, others
