# SPDX-License-Identifier: GPL-2.0-only
"""The desktop guest: boots it, and tells by its picture whether a desktop is there."""

import guest_run
import initramfs
import qemu
import roots

ANIMATED = ("weston-simple-shm", "weston-flower")
PANEL_ROWS = 24
_PHASES = (("@@boot", "the kernel is up"), ("@@loaded", "the driver is loaded"), ("@@udev", "devices are set up"),
           ("@@weston", "Weston is up"), ("@@clients", "clients are started"))


def start(kernel, driver, out, clients=ANIMATED, terminal=False, spice_port=0, sample=0, device="qxl-vga",
          agent=False):
    """Start a desktop guest; a guest_run.Guest. `agent`: its client may ask for heads, and Weston's log is told."""
    environment = {"QXL_CLIENTS": ";".join(clients), "QXL_TERMINAL": "1" if terminal else "",
                   "QXL_SAMPLE": str(sample) if sample else "", "QXL_AGENT": "1" if agent else ""}
    machine = qemu.Machine(device, drives=(str(roots.desktop_image()),), spice_port=spice_port, agent=agent)
    archive = initramfs.for_desktop(kernel, driver, environment, initramfs.wanted_modules(machine))
    return guest_run.boot(machine, kernel, archive, out)


def wait_up(guest, timeout, tell):
    """Wait for each phase of the start; an empty text, or what went wrong."""
    for prefix, text in _PHASES:
        line = guest.wait_line(prefix, timeout)
        problem = failure(guest)
        if problem or not line:
            return problem or f"no sign of: {text}"
        tell(f"{text} ({line.split()[1]} s after power-on)")
    return ""


def failure(guest):
    """What the guest itself says went wrong, with what it printed after that."""
    lines = list(guest.output.lines)
    for number, line in enumerate(lines):
        if line.startswith(("@@fail", "@@died")):
            return "\n".join(lines[number:number + 40])
    return ""


def _background(shot):
    """The most common pixel of a column of samples below the panel."""
    samples = [shot.pixel(x, y) for y in range(PANEL_ROWS * 2, shot.height, 16) for x in range(4, shot.width, 16)]
    return max(set(samples), key=samples.count)


def has_panel(shot):
    """A panel is a strip at the top, of one colour on most of its width, that is not the background's."""
    if shot.height < 200:
        return False
    row = [shot.pixel(x, PANEL_ROWS // 2) for x in range(0, shot.width, 4)]
    colour = max(set(row), key=row.count)
    background = _background(shot)
    return row.count(colour) > len(row) // 2 and colour not in (background, "000000") and background != "000000"


def heads_missing(shot, sizes):
    """Heads of these (width, height) lie side by side, each with a panel; an empty text, or what is missing."""
    whole = sum(width for width, _ in sizes), max(height for _, height in sizes)
    if (shot.width, shot.height) != whole:
        return f"the picture is {shot.width}x{shot.height}, not {whole[0]}x{whole[1]}"
    left = 0
    for number, (width, height) in enumerate(sizes, 1):
        if not has_panel(shot.crop(left, 0, width, height)):
            return f"head {number} has no panel"
        left += width
    return ""


def moving_share(before, after):
    """How much of the picture below the panel changed, 0 to 1; every 2nd pixel is looked at."""
    if (before.width, before.height) != (after.width, after.height):
        return 0.0
    first, second = before.rows(PANEL_ROWS * 2, before.height), after.rows(PANEL_ROWS * 2, after.height)
    changed = sum(a != b for a, b in zip(first[1::6], second[1::6]))
    return changed / max(1, len(first[1::6]))


class Plausible:
    """A test for Client.shot_when: panel there, windows there, and something moves between two pictures."""

    def __init__(self):
        self._before = None
        self.why = "the client has no picture"

    def __call__(self, shot):
        before, self._before = self._before, shot
        if not has_panel(shot):
            self.why = "no panel at the top of the picture"
        elif before is None or moving_share(before, shot) < 0.002:
            self.why = "the panel is there, but nothing moves"
        else:
            self.why = ""
        return not self.why
