# SPDX-License-Identifier: GPL-2.0-only
"""The harness against a real guest: programs in planted/ are broken in one way each, and a run must say so."""

import ktap
import paths
import qemu
import testrun

_WANTED = {"good.sh": "", "status.sh": "exit status 3", "crash.sh": "killed by signal 11", "hang.sh": "timed out",
           "silent.sh": "printed no plan", "picture.sh": "", "die.sh": "did not finish", "warning.sh": ""}


def run(kernel, out):
    """Run them on the kernel's own driver; (name, what is wrong or empty) per check."""
    folder = paths.VM / "planted"
    tests = testrun.listed(folder / "tests.list")
    result = testrun.run(kernel, None, tests, qemu.Machine(), out, 300, programs_in=folder)
    checks = []
    for program in result.programs:
        wanted = _WANTED[program.name]
        right = wanted in program.problem if wanted else program.outcome == ktap.PASS
        checks.append((f"planted {program.name}", "" if right else f"got: {program.outcome} {program.problem}"))
    hits = "\n".join(result.hits)
    checks += [(f"planted: the log shows '{text}'", "" if text in hits else "not found")
               for text in ("planted.c:1", "sysrq triggered crash")]
    checks.append(("planted: a picture that differs is told", ""
                   if [difference for _, difference in result.pictures if difference] else "not told"))
    checks.append(("planted: the run fails", "" if not result.ok else "it passed"))
    return checks
