# SPDX-License-Identifier: GPL-2.0-only
"""The soak itself: what vm/soak and vm/check run."""

import time

import desktop
import growth
import say

START_SECONDS = 120
PICTURE_SECONDS = 90
SAMPLE_SECONDS = 5
_KIB = 1024


def _samples(guest):
    """The guest's samples: {figure: [(seconds, bytes)]}; empty for what the driver does not tell."""
    figures = {"slab": [], "unreclaimable slab": [], "VRAM in use": [], "uploads in flight": []}
    for line in list(guest.output.lines):
        if not line.startswith("@@sample "):
            continue
        at, slab, unreclaimable, vram, flight = (int(word) for word in line.split()[1:])
        values = (slab * _KIB, unreclaimable * _KIB, vram, flight)
        for name, value in zip(figures, values):
            if value >= 0:
                figures[name].append((at, value))
    return figures


def _judge(figures, driver):
    problems = []
    for name, samples in figures.items():
        if not samples:
            print(f"soak: {name}: not told")
            if driver:
                problems.append(f"no samples of {name}: is debugfs' qxl_counters there?")
            continue
        early, late, bad = growth.grown(samples)
        print(f"soak: {name}: second minute {early / 2**20:.2f} MiB, last minute {late / 2**20:.2f} MiB, "
              f"{len(samples)} samples")
        if bad:
            problems.append(f"{name} grew from {early:.0f} to {late:.0f} bytes")
    return problems


def _watch(guest, seconds):
    """Let it run; an empty text, or what broke before its time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not guest.qemu.alive():
            return "the guest ended early"
        problem = desktop.failure(guest)
        if problem:
            return problem
        if guest.hits():
            return "the log has a hit"
        time.sleep(1)
    return ""


def run(kernel, driver, seconds, out, device="qxl-vga"):
    """Run it; a list of problems, empty when all went well."""
    if seconds < growth.MIN_SECONDS:
        return [f"{seconds} s is too short: growth needs at least {growth.MIN_SECONDS} s"]
    say.step(f"soak: booting the desktop on {kernel.release}")
    problems = []
    with desktop.start(kernel, driver, out, sample=SAMPLE_SECONDS, device=device) as guest:
        problem = desktop.wait_up(guest, START_SECONDS, lambda text: None)
        plausible = desktop.Plausible()
        if not problem:
            guest.client.shot_when(plausible, PICTURE_SECONDS, pause=1)
            problem = plausible.why
        if not problem:
            received = guest.client.received()
            say.step(f"soak: the desktop is up, running for {seconds} s")
            problem = _watch(guest, seconds)
        if problem:
            problems.append(problem)
        else:
            received = guest.client.received() - received
            print(f"soak: the client received {received / 1e6:.1f} MB, {received / seconds / 1e6:.2f} MB/s")
            plausible = desktop.Plausible()
            guest.client.shot_when(plausible, PICTURE_SECONDS, pause=1)
            problems += [f"at the end: {plausible.why}"] if plausible.why else []
            guest.shots("soak")
        figures = _samples(guest)
    problems += guest.hits()
    if not problem:
        problems += _judge(figures, driver)
    return problems
