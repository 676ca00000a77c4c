# SPDX-License-Identifier: GPL-2.0-only
"""Weston follows the SPICE client's heads: what vm/follow and vm/check run.

Weston 14 takes a head's preferred mode when it turns the head on and leaves it at that ("Detected a monitor change ...
not bothering to do anything about it"), and puts it to the right of the others, wherever the client has its window. So
heads come and go here, one of them with another size than before; the first stays as it was at the start.
"""

import time

import desktop
import say

ATTEMPTS = 3
START_SECONDS = 120
STEP_SECONDS = 30
FIRST = (1024, 768)  # what the driver prefers while no client has said anything
STEPS = (
    (FIRST,),
    (FIRST, (801, 601), (640, 479), (703, 501)),
    (FIRST, (801, 601)),
    (FIRST,),
    (FIRST, (907, 653)),
)


def _layout(sizes):
    """Side by side, as the client asks for it."""
    left, words = 0, []
    for width, height in sizes:
        words.append(f"{width}x{height}+{left}+0")
        left += width
    return " ".join(words)


def _step(guest, sizes):
    """Ask for these heads; an empty text, or what is missing in the end."""
    guest.client.ask_for_monitors(_layout(sizes))
    shot = guest.client.shot_when(lambda shot: not desktop.heads_missing(shot, sizes), STEP_SECONDS)
    return desktop.heads_missing(shot, sizes) if shot else "the client has no picture"


def _named(guest, count):
    """Has Weston read an EDID for each head; an empty text, or which is missing."""
    log = [line for line in guest.output.lines if line.startswith("@@log ")]
    for number in range(1, count + 1):
        if not any("EDID" in line and f"'SPICE {number}'" in line for line in log):
            return f"Weston's log does not name monitor 'SPICE {number}'"
    return ""


def _shell_crashed(kernel_lines):
    """Has Weston died of its own shell? In 14.0.2 panel_committed() uses what was freed with the output, if the panel's
    client commits once more after its output has gone."""
    return any("weston[" in line and "segfault" in line and " in desktop-shell.so" in line for line in kernel_lines)


def _follow(guest):
    """Do the steps, until something is wrong: yields (what it is about, what is wrong)."""
    problem = desktop.wait_up(guest, START_SECONDS, lambda text: None)
    yield "Weston is up", problem
    for sizes in STEPS if not problem else ():
        problem = _step(guest, sizes) or desktop.failure(guest)
        guest.shots(f"follow-{len(sizes)}")
        name = ", ".join(f"{width}x{height}" for width, height in sizes)
        yield f"Weston shows {len(sizes)} head(s): {name}", problem
        if problem:
            break
    yield "Weston knows the monitors by name", problem or _named(guest, max(map(len, STEPS)))


def _attempt(kernel, driver, out):
    """A boot; (its verdicts, whether they say nothing of the driver)."""
    with desktop.start(kernel, driver, out, clients=(), agent=True) as guest:
        verdicts = list(_follow(guest))
    hits = guest.hits()
    verdicts.append(("clean kernel log and device", "\n".join(hits)))
    return verdicts, not hits and _shell_crashed(guest.kernel_log.lines)


def run(kernel, driver, out, printer):
    """Run the steps; prints the results."""
    say.step(f"follow: booting the desktop on {kernel.release}")
    began = time.monotonic()
    for attempt in range(1, ATTEMPTS + 1):
        verdicts, void = _attempt(kernel, driver, out)
        if not void or attempt == ATTEMPTS:
            break
        print(f"# {kernel.name}: Weston's shell crashed, trying again", flush=True)
    for name, problem in verdicts:
        printer.verdict(name, problem)
    say.step(f"follow: {time.monotonic() - began:.0f} s")
