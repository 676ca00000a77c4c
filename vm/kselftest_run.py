# SPDX-License-Identifier: GPL-2.0-only
"""The selftests as a part of kselftest: built, installed and run by the kernel's own Makefile and runner."""

import os
import re
import shutil
import subprocess

import ktap
import linux_source
import paths
import qemu
import say
import testrun

COLLECTION = "drivers/gpu/qxl"
OUT = paths.BUILD / "kselftest"
SOURCES = paths.REPO / "selftests"
GUEST_SECONDS = 1200
_RESULT = re.compile(r"(?:not )?ok \d+ (?:[^#]*[: ])?([^\s:#]+)(?: # (.*))?$")
_REASON = re.compile(r"[# ]+1\.\.0 # SKIP \S")
_UNSEEN = re.compile(r"  ok \d+ .* # SKIP picture not compared")
# What is run by our own runner, with nobody to look at the client.
ALONE = "kselftest-alone.sh"
WITHOUT_HOST = ("qxl_probe", "qxl_picture-640-480-1")


def _make(*words):
    """Run make; ends the command with what it said when it fails."""
    done = subprocess.run(["make", "--no-print-directory", *words], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, check=False)
    if done.returncode:
        say.fail(f"make {' '.join(map(str, words))} fails:\n{done.stdout}{done.stderr}")


def _drop_in():
    """A kernel tree that has our folder in it; kselftest's folder in that tree."""
    tree = OUT / "linux"
    if tree.exists():
        shutil.rmtree(tree)
    shutil.copytree(linux_source.kselftest(), tree)
    selftests = tree / "tools/testing/selftests"
    shutil.copytree(SOURCES, selftests / COLLECTION, ignore=shutil.ignore_patterns("build"))
    return selftests


def install_in_tree():
    """Build and install the way kselftest does; (kselftest's folder, where everything is installed)."""
    selftests, installed = _drop_in(), OUT / "in-tree"
    shutil.rmtree(installed, ignore_errors=True)
    _make("-C", selftests, f"TARGETS={COLLECTION}", f"KSFT_INSTALL_PATH={installed}", "install")
    return selftests, installed


def install_alone(name, *words):
    """Install from our own tree."""
    installed = OUT / name
    shutil.rmtree(installed, ignore_errors=True)
    _make("-C", SOURCES, "install", f"INSTALL_PATH={installed}", *words)
    return installed


def _tests():
    return testrun.listed(SOURCES / "tests.list")


def names():
    """What kselftest calls our tests."""
    return [test.name for test in _tests()]


def not_skipped(text):
    """The tests that a runner's output does not show as skipped with a reason."""
    missing, reason = set(names()), False
    for line in text.splitlines():
        match = _RESULT.match(line)
        if match:
            if reason and (match.group(2) or "").startswith("SKIP"):
                missing.discard(match.group(1))
            reason = False
        reason = reason or bool(_REASON.match(line))
    return sorted(missing)


def _wrong_list(installed):
    """What is wrong with what was installed."""
    listed = (installed / "kselftest-list.txt").read_text().split()
    wanted = [f"{COLLECTION}:{name}" for name in names()]
    if sorted(listed) != sorted(wanted):
        return f"the list differs by {' '.join(sorted(set(listed) ^ set(wanted)))}"
    lost = [name for name in names() if not os.access(installed / COLLECTION / name, os.X_OK)]
    return f"not executable: {' '.join(lost)}" if lost else ""


def _wrong_timeout():
    """kselftest has one timeout for all: none of the tests may want more."""
    settings = int((SOURCES / "settings").read_text().rpartition("=")[2])
    longest = max(test.timeout for test in _tests())
    return f"settings say {settings} s, a test has {longest} s" if settings < longest else ""


def _wrong_without_device(wanted_status, *command):
    """Run a runner on this machine, which has no QXL device; what is wrong."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors="replace", check=False)
    loud = not_skipped(done.stdout)
    if loud:
        return f"not skipped with a reason: {' '.join(loud)}"
    return "" if done.returncode == wanted_status else f"exit status {done.returncode}, not {wanted_status}"


def host_checks():
    """All that needs no guest: (name, what is wrong or empty) per check."""
    selftests, in_tree = install_in_tree()
    alone = install_alone("alone", "KSELFTEST_DIR=", "KDIR=")
    with_runner = install_alone("with-runner", f"KSELFTEST_DIR={selftests}")
    run_tests = ("make", "-s", "-C", selftests, f"TARGETS={COLLECTION}", "run_tests")
    return [
        ("the kernel's Makefile installs every test", _wrong_list(in_tree)),
        ("our Makefile installs every test", _wrong_list(alone)),
        ("settings have time for every test", _wrong_timeout()),
        ("no device: the kernel's run_kselftest.sh", _wrong_without_device(0, in_tree / "run_kselftest.sh")),
        ("no device: the kernel's make run_tests", _wrong_without_device(0, *run_tests)),
        ("no device: our install with the kernel's runner",
         _wrong_without_device(0, with_runner / "run_kselftest.sh")),
        ("no device: our own run_kselftest.sh", _wrong_without_device(ktap.EXIT_SKIP, alone / "run_kselftest.sh")),
    ]


def _tree(folder, prefix=""):
    """Everything in a folder, for the guest's /tests: {path there: path here}."""
    return {f"{prefix}{path.relative_to(folder)}": path for path in sorted(folder.rglob("*")) if path.is_file()}


def run_in_guest(kernel, driver, out, say_case):
    """What the kernel's Makefile installed, run by the kernel's runner; then a few of ours by our own, alone."""
    installed = OUT / "in-tree"
    tree = {**_tree(installed), **_tree(OUT / "alone", "alone/"), ALONE: paths.GUEST / ALONE}
    few = [word for name in WITHOUT_HOST for word in ("-t", f"{COLLECTION}:{name}")]
    tests = [testrun.Test("kernel", "run_kselftest.sh", timeout=GUEST_SECONDS),
             testrun.Test("alone", ALONE, tuple(few), GUEST_SECONDS)]
    return testrun.run(kernel, driver, tests, qemu.Machine(), out, 2 * GUEST_SECONDS, say_case,
                       installed / COLLECTION, tree)


def guest_checks(programs):
    """What the results alone do not say: (name, what is wrong or empty) per check."""
    kernel, alone = programs
    elsewhere = {test.name for test in _tests() if not {"default", testrun.KSELFTEST} & set(test.shape.split(","))}
    skipped = [case.name for case in kernel.cases
               if case.outcome == ktap.SKIP and case.name.rpartition(" ")[2] not in elsewhere]
    reasons = [line for line in alone.output if _UNSEEN.search(line)]
    return [
        ("every test is run", "" if len(kernel.cases) == len(names()) else f"{len(kernel.cases)} of {len(names())}"),
        ("nothing is skipped that this kind of guest has what it needs for", " ".join(skipped)),
        ("without the host's side, what it compares is skipped with a reason", "" if reasons else "no reason given"),
    ]
