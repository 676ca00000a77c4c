# SPDX-License-Identifier: GPL-2.0-only
"""Turns what test programs printed into results, and results into one KTAP report.

A program that says nothing, stops half way, crashes or hangs has failed, whatever it printed before.
"""

import dataclasses
import re

_PLAN = re.compile(r"1\.\.(\d+)\s*(#\s*skip\b.*)?$", re.IGNORECASE)
_RESULT = re.compile(r"(not )?ok(?: (\d+))?(?:\s+-)?\s*([^#]*?)\s*(?:#\s*(.*))?$")
EXIT_SKIP = 4  # kselftest's KSFT_SKIP
PASS, FAIL, SKIP = "pass", "fail", "skip"


@dataclasses.dataclass
class Case:
    """One result line of a program."""

    name: str
    outcome: str
    detail: str = ""


@dataclasses.dataclass
class Program:
    """One test program: its cases, what is wrong with it as a whole, and its raw output."""

    name: str
    cases: list
    problem: str = ""
    skipped: str = ""
    output: tuple = ()

    @property
    def outcome(self):
        """A program passes when it is sound and none of its cases failed."""
        if self.problem or any(case.outcome == FAIL for case in self.cases):
            return FAIL
        if self.skipped or (self.cases and all(case.outcome == SKIP for case in self.cases)):
            return SKIP
        return PASS


def _case(match):
    failed, _, name, directive = match.groups()
    directive = directive or ""
    if directive.upper().startswith("SKIP"):
        return Case(name, SKIP, directive[4:].lstrip(": "))
    return Case(name, FAIL if failed else PASS, directive)


def _reason(directive):
    """`# SKIP why` -> `why`."""
    return directive.lstrip("# ").removeprefix("SKIP").lstrip(": ")


def _exit_problem(status):
    if status is None:
        return "did not finish"
    if status == 137:
        return "timed out, or was killed"
    if status > 128:
        return f"killed by signal {status - 128}"
    return f"exit status {status}"


def parse(name, lines, status):
    """Judge one program. `status` is its exit status, None when it never ended."""
    plan, skip_all, cases, bail = None, "", [], ""
    for line in lines:
        line = line.rstrip()
        match = _PLAN.match(line)
        if match:
            plan, skip_all = int(match.group(1)), match.group(2) or ""
            continue
        match = _RESULT.match(line)
        if match:
            cases.append(_case(match))
        elif line.startswith("Bail out!"):
            bail = line
    program = Program(name, cases, output=tuple(lines))
    if status == EXIT_SKIP and not any(case.outcome == FAIL for case in cases):
        program.skipped = _reason(skip_all) or "skipped"
        return program
    failed = any(case.outcome == FAIL for case in cases)
    if bail:
        program.problem = bail
    elif status != 0 and not (status == 1 and failed and plan == len(cases)):
        program.problem = _exit_problem(status)
    elif plan is None:
        program.problem = "printed no plan"
    elif plan == 0 and skip_all:
        program.skipped = _reason(skip_all)
    elif plan != len(cases):
        program.problem = f"planned {plan} results, printed {len(cases)}"
    elif plan == 0:
        program.problem = "tested nothing"
    return program


class Totals:
    """How many cases passed, failed and were skipped. A broken program counts as one failure more."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def count(self, outcome):
        """Count one outcome."""
        if outcome == PASS:
            self.passed += 1
        elif outcome == FAIL:
            self.failed += 1
        else:
            self.skipped += 1

    def add(self, program):
        """Count a program."""
        for case in program.cases:
            self.count(case.outcome)
        if program.problem:
            self.failed += 1
        elif program.skipped and not program.cases:
            self.skipped += 1

    def merge(self, other):
        """Add another total to this one."""
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped

    def as_dict(self):
        """For JSON."""
        return {"passed": self.passed, "failed": self.failed, "skipped": self.skipped}

    def __str__(self):
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def report(programs):
    """One KTAP document: a top-level line per program, its own output nested under it."""
    lines = ["KTAP version 1", f"1..{len(programs)}"]
    for number, program in enumerate(programs, 1):
        lines += ["  " + line for line in program.output if line.strip()]
        if program.problem:
            lines.append(f"  # {program.name}: {program.problem}")
        state = "not ok" if program.outcome == FAIL else "ok"
        tail = f" # SKIP {program.skipped}".rstrip() if program.outcome == SKIP else ""
        lines.append(f"{state} {number} {program.name}{tail}")
    return "\n".join(lines) + "\n"
