# SPDX-License-Identifier: GPL-2.0-only
"""The virtual machine's owner takes the device out under a desktop: what vm/unplug and vm/check run.

On a plain `qxl`, the machine's only graphics: QEMU keeps a `qxl-vga`, which is part of the machine. The client does not
see the device that comes back (it holds on to the display it had), so what is drawn there is not compared: vm/xorg does
that after a removal by the guest.
"""

import initramfs
import qemu
import roots
import say
import testrun
import xorg_run

RUN_SECONDS = 600
SETTLE_SECONDS = 3


def _phases():
    width, height = xorg_run.SCREEN.split("x")
    return [xorg_run.phase_of("start", 90, f"start {width} {height}"),
            xorg_run.phase_of("unplug", 120, "unplug host"),
            xorg_run.phase_of("stop", 90, "stop"),
            xorg_run.phase_of("logs", 60, "logs"),
            xorg_run.phase_of("unplug-weston", 180, "unplug_weston host"),
            xorg_run.phase_of("weston-plugged", 120, f"weston_again {SETTLE_SECONDS}")]


def run(kernel, driver, out, printer):
    """Run the phases; every result is printed as it comes."""
    say.step(f"unplug: booting {kernel.release}")
    phases = _phases()
    archive = initramfs.for_disk(kernel, driver,
                                 xorg_run.session_files(phases) | {"xdraw": xorg_run.drawing_program()})
    machine = qemu.Machine("qxl", append=kernel.append, drives=(str(roots.desktop_image()),))
    printer.run(testrun.run_archive(kernel, archive, phases, machine, out, RUN_SECONDS, printer.program,
                                    xorg_run.BUILT))
