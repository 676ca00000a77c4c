#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Adds up the test results: totals.py OUT HEADERS STATIC PACKAGE FUZZERS EXPLORER RESULT..."""
import json
import pathlib
import sys


def gtest_counts(path):
    """A variant without a result did not build, or crashed: one failure."""
    if not path.exists():
        return {"passed": 0, "failed": 1, "skipped": 0}
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for suite in json.loads(path.read_text())["testsuites"]:
        for test in suite["testsuite"]:
            if test.get("failures"):
                counts["failed"] += 1
            elif test.get("result") == "SKIPPED":
                counts["skipped"] += 1
            elif test.get("result") == "COMPLETED":
                counts["passed"] += 1
    # A sanitizer's report may come after the last test.
    status = path.with_name("status")
    if not counts["failed"] and status.read_text().strip() != "0":
        counts["failed"] += 1
    return counts


def list_counts(path):
    if not path.exists():
        return {"passed": 0, "failed": 1, "skipped": 0}
    lines = path.read_text().splitlines()
    return {
        "passed": sum(line.startswith("ok ") for line in lines),
        "failed": sum(line.startswith("not ok ") for line in lines),
        "skipped": sum(line.startswith("skip ") for line in lines),
    }


def explorer_counts(path):
    if not path.exists():
        return {"passed": 0, "failed": 1, "skipped": 0}
    counts = json.loads(path.read_text())
    return {what: counts[what] for what in ("passed", "failed", "skipped")}


def main():
    out, headers, static, package, fuzzers, explorer, *results = map(pathlib.Path, sys.argv[1:])
    rows = [("headers", list_counts(headers)),
            ("static", list_counts(static)),
            ("package", list_counts(package)),
            ("fuzzers", list_counts(fuzzers)),
            ("interleavings", explorer_counts(explorer))]
    rows += [(path.parent.name, gtest_counts(path)) for path in results]
    total = {"passed": 0, "failed": 0, "skipped": 0}
    for name, counts in rows:
        print(f"host tests, {name}: " +
              ", ".join(f"{n} {what}" for what, n in counts.items()))
        for what, n in counts.items():
            total[what] += n
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(total) + "\n")
    print("host tests: " + ", ".join(f"{n} {w}" for w, n in total.items()))
    return 1 if total["failed"] or not total["passed"] else 0


sys.exit(main())
