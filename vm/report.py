# SPDX-License-Identifier: GPL-2.0-only
"""Prints results as they come, one line per case with the kernel's name before it; keeps totals for scripts/check."""

import json

import ktap
import paths

_WORD = {ktap.PASS: "ok", ktap.FAIL: "not ok", ktap.SKIP: "ok"}


def save(part, counts):
    """Keep the counts of a part of all tests ({"passed": N, "failed": N, "skipped": N}) in build/check/PART.json."""
    folder = paths.BUILD / "check"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{part}.json").write_text(json.dumps(counts) + "\n")


class Printer:
    """Prints and counts."""

    def __init__(self, prefix, totals):
        self._prefix = prefix
        self._totals = totals

    def case(self, outcome, name, detail=""):
        """Print and count one case."""
        mark = " # SKIP" if outcome == ktap.SKIP else " #" if detail else ""
        print(f"{self._prefix} {_WORD[outcome]} {name}{mark} {detail}".rstrip(), flush=True)
        self._totals.count(outcome)

    def verdict(self, name, wrong):
        """Print and count a check; `wrong` says what is, and is empty when nothing is."""
        self.case(ktap.FAIL if wrong else ktap.PASS, name, wrong)

    def program(self, program):
        """Print a program's cases; what it printed besides only when it failed."""
        for case in program.cases:
            print(f"{self._prefix} {_WORD[case.outcome]} {program.name}: {case.name}"
                  + (" # SKIP" if case.outcome == ktap.SKIP else "")
                  + (f" {case.detail}" if case.detail else ""), flush=True)
        if program.problem:
            print(f"{self._prefix} not ok {program.name} # {program.problem}", flush=True)
        elif program.skipped and not program.cases:
            print(f"{self._prefix} ok {program.name} # SKIP {program.skipped}", flush=True)
        if program.outcome == ktap.FAIL:
            for line in program.output[-80:]:
                if line.strip():
                    print(f"    {line}")
        self._totals.add(program)

    def run(self, result):
        """Print what belongs to a whole run: log hits, pictures, times."""
        for hit in result.hits:
            print(f"{self._prefix} a log says that something is wrong:")
            print("\n".join("    " + line for line in hit.splitlines()), flush=True)
        self.case(ktap.FAIL if result.hits else ktap.PASS, "clean kernel log and device",
                  f"{len(result.hits)} hits" if result.hits else "")
        if result.pictures:
            equal = sum(difference is None for _, difference in result.pictures)
            print(f"{self._prefix} # pictures equal: {equal} of {len(result.pictures)}")
        print(f"{self._prefix} # ready {result.boot_seconds:.1f} s after power-on, {result.seconds:.1f} s in all, "
              f"the client's display channel received {result.received} bytes", flush=True)
