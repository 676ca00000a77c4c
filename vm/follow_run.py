# SPDX-License-Identifier: GPL-2.0-only
"""Weston follows the SPICE client's heads: what vm/follow and vm/check run.

Weston 14 takes a head's preferred mode when it turns the head on and leaves it at that ("Detected a monitor change ...
not bothering to do anything about it"), and puts it to the right of the others, wherever the client has its window. So
heads come and go here, one of them with another size than before; the first stays as it was at the start.
"""

import time

import desktop
import say

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


def run(kernel, driver, out, printer):
    """Run the steps; every result is printed as it comes."""
    say.step(f"follow: booting the desktop on {kernel.release}")
    began = time.monotonic()
    with desktop.start(kernel, driver, out, clients=(), agent=True) as guest:
        problem = desktop.wait_up(guest, START_SECONDS, lambda text: None)
        printer.verdict("Weston is up", problem)
        for sizes in STEPS if not problem else ():
            problem = _step(guest, sizes) or desktop.failure(guest)
            guest.shots(f"follow-{len(sizes)}")
            name = ", ".join(f"{width}x{height}" for width, height in sizes)
            printer.verdict(f"Weston shows {len(sizes)} head(s): {name}", problem)
            if problem:
                break
        printer.verdict("Weston knows the monitors by name", problem or _named(guest, max(map(len, STEPS))))
    hits = guest.hits()
    printer.verdict("clean kernel log and device", "\n".join(hits))
    say.step(f"follow: {time.monotonic() - began:.0f} s")
