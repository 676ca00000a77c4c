# SPDX-License-Identifier: GPL-2.0-only
"""Runs test programs in a small guest and judges each, one boot for all of them."""

import dataclasses
import pathlib
import time

import guest_run
import initramfs
import ktap
import paths

BOOT_SECONDS = 90
OFF_SECONDS = 30
MAX_BOOTS = 4
# The shape of vm/kselftest's guest, which runs every test, once: enough for one that takes minutes.
KSELFTEST = "kselftest"
GRACE_SECONDS = 20  # a killed test that is stuck in the kernel never ends: the host gives up on it


@dataclasses.dataclass(frozen=True)
class Test:
    """One line of selftests/build/tests.list.

    A line is `[timeout=SECONDS] [vm=SHAPE] [reboots=yes] PROGRAM [ARGUMENTS...]`; SHAPE is a key of vm/check's table. A
    test that reboots has said everything before.
    """

    name: str
    program: str
    arguments: tuple = ()
    timeout: int = 60
    shape: str = "default"
    reboots: bool = False

    @staticmethod
    def parse(line):
        """Parse a line."""
        words = line.split()
        options = {}
        while words and words[0].partition("=")[0] in ("timeout", "vm", "reboots"):
            key, _, value = words.pop(0).partition("=")
            options[key] = value
        program, *arguments = words
        name = "-".join([pathlib.Path(program).name, *(word.strip("-/") for word in arguments)])
        return Test(name, pathlib.Path(program).name, tuple(arguments), int(options.get("timeout", 60)),
                    options.get("vm", "default"), "reboots" in options)

    def manifest(self):
        """The line for guest/init-tests.sh."""
        return " ".join([str(self.timeout), self.name, self.program, *self.arguments]) + "\n"


def listed(path=None):
    """All tests that the selftests' build lists."""
    path = path or paths.SELFTESTS / "tests.list"
    lines = pathlib.Path(path).read_text().splitlines()
    return [Test.parse(line) for line in lines if line.strip() and not line.startswith("#")]


@dataclasses.dataclass
class Result:
    """What a run returns; `ok` means no failed test and nothing in the logs."""

    programs: list
    hits: list
    pictures: list
    boot_seconds: float
    seconds: float
    received: int
    log: str

    def joined(self, other):
        """This result with a later boot's added."""
        return Result(self.programs + other.programs, self.hits + other.hits, self.pictures + other.pictures,
                      self.boot_seconds, self.seconds + other.seconds, self.received + other.received, other.log)

    @property
    def ok(self):
        """Did everything go well?"""
        return not self.hits and all(program.outcome != ktap.FAIL for program in self.programs)


class Collector:
    """Follows the guest's framed output and tells `say_case` about every result as it comes."""

    def __init__(self, tests, say_case):
        self.done = {}
        self.running = None
        self.deadline = None
        self.finished = False
        self.ready = False
        self.failure = ""
        self._lines = []
        self._tests = {test.name: test for test in tests}
        self._say = say_case

    def line(self, text):
        """Take one line of the guest's output."""
        if not text.startswith("@@"):
            self._lines.append(text)
            return
        word, _, rest = text[2:].partition(" ")
        if word == "start":
            self.running, self._lines = rest, []
            self.deadline = time.monotonic() + self._tests[rest].timeout + GRACE_SECONDS
        elif word == "end":
            name, status = rest.split()
            self._judge(name, int(status))
        elif word == "ready":
            if self.running:
                self._judge(self.running, 0 if self._tests[self.running].reboots else None)
            self.ready, self._lines = True, []
        elif word == "fail":
            self.failure = rest + " ".join(["", *self._lines])
        elif word == "done":
            self.finished = True

    def _judge(self, name, status):
        self.running = self.deadline = None
        self.done[name] = ktap.parse(name, self._lines, status)
        self._say(self.done[name])

    def abandon(self, why):
        """Judge the test that was running when the guest ended; all, if the guest never got that far."""
        if self.running:
            self._judge(self.running, None)
        if not self.done:
            for name in self._tests:
                self.done[name] = ktap.Program(name, [], problem=f"not run: {why}")
                self._say(self.done[name])


def wait(guest, collector, deadline, off_seconds):
    """Wait for the guest to finish and power off; why it didn't, or an empty text."""
    boot_deadline = time.monotonic() + BOOT_SECONDS
    off_deadline = None
    while guest.qemu.alive():
        now = time.monotonic()
        if collector.finished:
            off_deadline = off_deadline or now + off_seconds
            if now > off_deadline:
                return "the guest did not power off"
        elif now > deadline:
            return "the run's time is up"
        elif not collector.ready and now > boot_deadline:
            return "the guest did not boot"
        elif collector.deadline and now > collector.deadline:
            return f"'{collector.running}' could not be ended"
        time.sleep(0.05)
    return ""


def _run_once(kernel, driver, tests, machine, out, timeout, say_case, programs_in, tree):
    programs = tree or sorted({programs_in / test.program for test in tests})
    archive = initramfs.for_tests(kernel, driver, programs, "".join(test.manifest() for test in tests),
                                  initramfs.wanted_modules(machine), kexec=machine.reboots)
    return run_archive(kernel, archive, tests, machine, out, timeout, say_case, programs_in)


def run_archive(kernel, archive, tests, machine, out, timeout, say_case, programs_in):
    """One boot of an initramfs. Results come for the tests that were started, or for all when the guest never got
    ready."""
    collector = Collector(tests, say_case)
    began = time.monotonic()
    with guest_run.boot(machine, kernel, archive, out, collector.line, programs_in) as guest:
        why = wait(guest, collector, began + timeout, timeout if machine.shell else OFF_SECONDS)
        if why:
            guest.shots("stuck")
    hits = guest.hits()
    if why or not collector.finished:
        why = collector.failure or why or "the guest ended early"
        hits.append(why)
        collector.abandon(why)
    ready = [line for line in guest.output.lines if line.startswith("@@ready")]
    results = [collector.done[test.name] for test in tests if test.name in collector.done]
    return Result(results, hits, guest.pictures, float(ready[0].split()[1]) if ready else 0.0,
                  time.monotonic() - began, guest.received, str(guest.out / f"kernel-{kernel.name}.log"))


def _set_aside(result, attempt):
    """Keep the log of a boot that broke: the next boot writes one of the same name."""
    log = pathlib.Path(result.log)
    kept = log.with_suffix(f".broken{attempt}.log")
    if log.exists():
        log.rename(kept)


def run(kernel, driver, tests, machine, out, timeout=900, say_case=lambda program: None,
        programs_in=paths.SELFTESTS, tree=None):
    """Run `tests`, in one boot unless a test breaks the guest; `driver` None means the in-tree module.

    `tree` is what is in the guest's /tests instead of the tests' programs: {path: host path}.

    A guest that a test broke is left, and the tests after that one get a fresh guest, a few times at most:
    one bad test must not hide what the others would have said.
    """
    deadline = time.monotonic() + timeout
    total, left = None, list(tests)
    for attempt in range(1, MAX_BOOTS + 1):
        result = _run_once(kernel, driver, left, machine, out, deadline - time.monotonic(), say_case,
                           programs_in, tree)
        total = total.joined(result) if total else result
        done = {program.name for program in total.programs}
        left = [test for test in tests if test.name not in done]
        if not left or attempt == MAX_BOOTS or time.monotonic() > deadline:
            break
        _set_aside(result, attempt)
    for test in left:
        total.programs.append(ktap.Program(test.name, [], problem="not run: the guest broke before it"))
        say_case(total.programs[-1])
    (pathlib.Path(out) / f"tests-{kernel.name}.ktap").write_text(ktap.report(total.programs))
    return total
