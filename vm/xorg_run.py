# SPDX-License-Identifier: GPL-2.0-only
"""Xorg on the driver: what vm/xorg and vm/check run.

The reference is the same X program on Xvfb, which runs on this machine, in the root that the guest's image is made of:
both servers and all libraries are of one version.
"""

import dataclasses
import functools
import os
import pathlib
import shutil
import subprocess
import threading
import time

import client
import desktop
import guest_run
import initramfs
import ktap
import namespace
import paths
import qemu
import roots
import say
import testrun

X11 = paths.VM / "x11"
BUILT = paths.BUILD / "x11"
SCREEN = "1024x768"  # what both drivers start with
# What draws with each kind of command, for screens of several sizes and for a server that has just started.
FEW = ("fill-copy", "copy-scroll", "put-screen", "render-operators")
RESIZED = ("1280x800", "800x600", "1019x701", SCREEN)
X11PERF = ("rect10", "copypixwin100", "scroll500", "putimage500", "getimage500", "aa10text")
HELD = "text-scroll"
# The Xorg driver's other way to send pixels: images with ids, for the client's cache. (With XSPICE_DEFERRED_FPS its
# version 0.1.6 crashes on any kernel driver, before it draws.)
CACHED = "QXL_ENABLE_IMAGE_CACHE=1 QXL_ENABLE_FALLBACK_CACHE=1 QXL_ENABLE_SURFACES=1"
PLANTED_AT = "server: 1 pixels differ, first 123 77", "differ 1 first 123 77"
RECORD_SECONDS = 300
RUN_SECONDS = 1500
MOTION_SECONDS = 20
DESKTOP_SECONDS = 15  # and what Weston needs to come up
DESKTOP_WAIT_SECONDS = 60


def phase_of(name, seconds, words):
    """A phase of guest/x11-phase.sh, with its arguments."""
    program, *arguments = words.split()
    return testrun.Test(name, program, tuple(arguments), seconds)


def phases():
    """All phases, in running order. Those that draw need what `start` starts; `kill` starts it anew."""
    width, height = SCREEN.split("x")
    few = " ".join(FEW)
    resizes = [phase_of(f"resize-{size}", 120, f"resize {size} {few}") for size in RESIZED]
    return [
        phase_of("start", 90, f"start {width} {height}"),
        phase_of("draw", 420, "draw"),
        phase_of("plant", 60, "plant fill-copy"),
        phase_of("session-still", 120, "session_still"),
        phase_of("session-animated", 60, "session_animated 12"),
        phase_of("bug-report", 60, "bug_report"),
        phase_of("x11perf", 180, "x11perf 1 sync " + " ".join(X11PERF)),
        *resizes,
        phase_of("vt", 180, f"vt {HELD}"),
        phase_of("kill", 120, f"kill 3 {CACHED}"),
        phase_of("draw-cached", 120, f"draw {few}"),
        phase_of("kill-again", 120, "kill 6"),
        phase_of("draw-again", 120, f"draw {few}"),
        phase_of("unplug", 120, "unplug guest"),
        phase_of("draw-unplugged", 120, f"draw {few}"),
        phase_of("stop", 90, "stop"),
        phase_of("logs", 60, "logs"),
        phase_of("unplug-weston", 180, "unplug_weston guest"),
        phase_of("weston-again", 120, f"weston_again {DESKTOP_SECONDS}"),
    ]


def chosen(names, steps):
    """The phases to run: those that are named, with what every run needs; `steps` limits the drawing."""
    found = phases()
    if names != "all":
        wanted = {"start", "stop", "logs", *names.split(",")}
        unknown = wanted - {phase.name for phase in found}
        if unknown:
            say.fail(f"no phase {', '.join(sorted(unknown))}: there are " + ", ".join(phase.name for phase in found))
        found = [phase for phase in found if phase.name in wanted]
    if steps:
        found = [dataclasses.replace(phase, arguments=tuple(steps.split(","))) if phase.name == "draw" else phase
                 for phase in found]
    return found


def _record(size, steps):
    """Have Xvfb draw in the root; /tmp there is private, and /mnt is where the program and the pictures are."""
    root = roots.directory(roots.DESKTOP_ROOT)
    script = ('mount --rbind /dev "$1/dev" && mount --rbind /proc "$1/proc" && mount -t tmpfs none "$1/tmp" && '
              'mount --bind "$2" "$1/mnt" && root=$1 && shift 2 && '
              'exec chroot "$root" /usr/bin/env -i PATH=/usr/bin:/bin /bin/sh /mnt/record.sh "$@"')
    result = subprocess.run([*namespace.command(), "sh", "-c", script, "sh", root, BUILT, size, *steps],
                            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=RECORD_SECONDS,
                            check=False)
    if result.returncode:
        say.fail(f"Xvfb or its client failed:\n{result.stdout}{result.stderr}")


def drawing_program():
    """Build it."""
    subprocess.run(["make", "--no-print-directory", "-s", "-C", X11], check=True)
    return BUILT / "xdraw"


@functools.lru_cache
def references():
    """Have Xvfb draw all pictures; the file they are in."""
    program = drawing_program()
    for name in ("record.sh", "still-clients.sh"):
        shutil.copy2(X11 / name, BUILT / name)
    pictures = BUILT / "pictures"
    pictures.unlink(missing_ok=True)
    steps = subprocess.run([program, "list"], capture_output=True, text=True, check=True).stdout.split()
    say.step(f"xorg: Xvfb draws {len(steps)} steps and {len(RESIZED)} sizes")
    _record(SCREEN, [*steps, "session"])
    for size in RESIZED:
        if size != SCREEN:
            _record(size, FEW)
    # A guest reads it as a disk, which has whole sectors only; the program sees the end by the missing mark.
    with open(pictures, "ab") as handle:
        handle.truncate(os.path.getsize(pictures) + (1 << 20))
    return pictures


def session_files(tests):
    """What a guest needs to run these phases, {name in /qxl: host path or bytes}; some of them need more."""
    return {"session": paths.GUEST / "x11-session.sh", "phase": paths.GUEST / "x11-phase.sh",
            "xorg.conf": paths.GUEST / "xorg.conf", "weston.ini": paths.GUEST / "weston.ini",
            "manifest": "".join(test.manifest() for test in tests).encode()}


def _archive(kernel, driver, tests):
    files = {"still-clients": X11 / "still-clients.sh", "xdraw": BUILT / "xdraw",
             "bug-report": paths.REPO / "scripts/qxl-bug-report",
             "bug-report-test": paths.GUEST / "bug-report-test.sh"}
    return initramfs.for_disk(kernel, driver, session_files(tests) | files)


def judge_planted(program):
    """What must fail has failed: both comparisons have found the wrong pixel, and only that."""
    text = "\n".join(program.output)
    missed = [wanted for wanted in PLANTED_AT if wanted not in text]
    outcome = ktap.FAIL if missed or program.outcome != ktap.FAIL else ktap.PASS
    case = ktap.Case("one wrong pixel is found, at the server and at the client", outcome,
                     f"no '{missed[0]}'" if missed else "")
    return ktap.Program(program.name, [case], output=program.output)


class _Watch:
    """Follows a run: judges and prints phases as they end, and sees whether animated clients move at the client."""

    def __init__(self, tests, printer):
        self.guest = None
        self.programs = []
        self.changes = None
        self.desktop = None  # why the client sees none
        self.collector = testrun.Collector(tests, self._judged)
        self._printer = printer

    def line(self, text):
        """Take one line of the guest's output."""
        self.collector.line(text)
        if text == "@@start session-animated" and self.guest:
            self.changes = 0
            threading.Thread(target=self._look, daemon=True).start()
        if text == "@@start weston-again" and self.guest:
            threading.Thread(target=self._look_for_desktop, daemon=True).start()

    def _judged(self, program):
        program = judge_planted(program) if program.name == "plant" else program
        self.programs.append(program)
        self._printer.program(program)

    def _look(self):
        before = None
        end = time.monotonic() + MOTION_SECONDS
        while time.monotonic() < end and self.changes < 3:
            try:
                shot = self.guest.client.shot()
            except client.ClientError:
                return
            self.changes += before is not None and before != shot
            before = shot
            time.sleep(0.7)

    def _look_for_desktop(self):
        plausible = desktop.Plausible()
        self.desktop = plausible.why
        try:
            self.guest.client.shot_when(plausible, DESKTOP_WAIT_SECONDS, pause=0.5)
        except client.ClientError:
            return
        self.desktop = plausible.why

    def result(self, why, seconds):
        """All of it, when the guest has ended; prints what belongs to no phase."""
        hits = self.guest.hits()
        if why or not self.collector.finished:
            why = self.collector.failure or why or "the guest ended early"
            hits.append(why)
            self.collector.abandon(why)
        if self.changes is not None:
            moved = ktap.Case("the client's picture moves", ktap.PASS if self.changes else ktap.FAIL)
            self._judged(ktap.Program("motion", [moved]))
        if self.desktop is not None:
            seen = ktap.Case("the client sees a desktop again", ktap.FAIL if self.desktop else ktap.PASS, self.desktop)
            self._judged(ktap.Program("desktop", [seen]))
        ready = [line for line in self.guest.output.lines if line.startswith("@@ready")]
        seen = [picture for picture in self.guest.pictures if not picture[0].endswith("-planted")]
        result = testrun.Result(self.programs, hits, seen, float(ready[0].split()[1]) if ready else 0.0, seconds,
                                self.guest.received, str(self.guest.out / f"kernel-{self.guest.kernel.name}.log"))
        self._printer.run(result)
        return result


def _save_benchmark(programs, path):
    mark = "# x11perf: "
    lines = [line[len(mark):] for program in programs for line in program.output if line.startswith(mark)]
    if lines:
        path.write_text("".join(line.strip() + "\n" for line in lines))


def run(kernel, driver, out, printer, tests=None, device="qxl-vga"):
    """Run the phases; prints every result as it comes. True when all went well."""
    tests = tests or phases()
    pictures = references()
    say.step(f"xorg: booting {kernel.release}")
    watch = _Watch(tests, printer)
    machine = qemu.Machine(device, append=kernel.append, drives=(str(roots.desktop_image()), str(pictures)))
    archive = _archive(kernel, driver, tests)
    began = time.monotonic()
    with guest_run.boot(machine, kernel, archive, out, watch.line, BUILT) as guest:
        watch.guest = guest
        why = testrun.wait(guest, watch.collector, began + RUN_SECONDS, testrun.OFF_SECONDS)
        if why:
            guest.shots("stuck")
    result = watch.result(why, time.monotonic() - began)
    _save_benchmark(watch.programs, pathlib.Path(out) / f"x11perf-{kernel.name}.txt")
    return result.ok
