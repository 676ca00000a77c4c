# SPDX-License-Identifier: GPL-2.0-only
"""Guests that sleep: what vm/check runs for the shape `sleep`.

QEMU 7.2's TCG on a busy host now and then wakes a guest with processor flags that hold an address. That shows in the
first code after waking up, before any driver is resumed: a double fault where a lock is taken, or the guest stands
still. Such a guest is tried again, so that it hides nothing that is not in that state.
"""

import pathlib

import ktap
import testrun

ATTEMPTS = 5


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
