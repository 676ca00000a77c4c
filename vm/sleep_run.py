# SPDX-License-Identifier: GPL-2.0-only
"""Guests that sleep: what vm/check runs for the shape `sleep`.

QEMU 7.2 breaks some of them whatever their driver (docs/testing.md). One that broke is tried again if nothing says
that the driver had a part in it.
"""

import pathlib

import ktap
import testrun

ATTEMPTS = 3


def emulator_broke(result):
    """The guest broke, no check of a test has failed, and no trace leads through the driver."""
    cases = [case for program in result.programs for case in program.cases]
    return (not result.ok and all(case.outcome != ktap.FAIL for case in cases)
            and "[qxl]" not in pathlib.Path(result.log).read_text(errors="replace"))


def run(kernel, driver, tests, machine, out, seconds, say_case):
    """testrun.run(), again while the emulator breaks the guest; results are said once it is known that they count."""
    for attempt in range(1, ATTEMPTS + 1):
        told = []
        result = testrun.run(kernel, driver, tests, machine, out, seconds, told.append)
        if attempt == ATTEMPTS or not emulator_broke(result):
            break
        kept = pathlib.Path(result.log).with_suffix(f".attempt{attempt}.log")
        pathlib.Path(result.log).rename(kept)
        print(f"# {kernel.name}: the guest broke, with nothing of the driver's in its log: again ({kept})", flush=True)
    for program in told:
        say_case(program)
    return result
