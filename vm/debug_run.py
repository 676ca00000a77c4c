# SPDX-License-Identifier: GPL-2.0-only
"""Selftests on the debug kernel: patience, what is run on top, and what its log must not say."""

import dataclasses
import pathlib
import re

import guest_run
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
    """A guest for the debug kernel."""
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


def _reported_before(line, hits):
    return any(line in hit for hit in hits)


def hits(result, out):
    """The run's hits less the count of leaks, and what only a debug kernel prints, in the logs of all boots."""
    found = [hit for hit in result.hits
             if any(logscan.kernel_hit(line) and not _COUNT_OF_LEAKS.search(line) for line in hit.splitlines())
             or not any(logscan.kernel_hit(line) for line in hit.splitlines())]
    for log in sorted(pathlib.Path(out).glob("kernel-*.log")):
        lines = log.read_text(errors="replace").splitlines()
        found += [hit for hit in logscan.excerpts(lines, _DEBUG.search, after=40)
                  if not all(_reported_before(line, found) for line in hit.splitlines() if _DEBUG.search(line))]
    return found
