# SPDX-License-Identifier: GPL-2.0-only
"""The command line of what runs on one kernel, with one module."""

import argparse
import pathlib
import signal
import sys

import kernels
import ktap
import module_build
import paths
import report


def parser(name, text, kernel, about_kernel=None):
    """Options that all have: --kernel (default `kernel`), --module, --in-tree, --out."""
    result = argparse.ArgumentParser(prog=f"vm/{name}", description=text,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    result.add_argument("--kernel", default=kernel, help=about_kernel)
    result.add_argument("--module", help="a qxl.ko; default: build it")
    result.add_argument("--in-tree", action="store_true", help="the kernel's own qxl, to compare")
    result.add_argument("--out", default=str(paths.BUILD / "vm" / name))
    return result


def begin(options):
    """What `options` ask for: (kernel, module), None for the kernel's own. A SIGTERM ends this process in order."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    kernel = kernels.get(options.kernel)
    if options.in_tree:
        return kernel, None
    return kernel, pathlib.Path(options.module) if options.module else module_build.build(kernel)


def main(name, text, kernel, run):
    """All of a command without options of its own: `run`(kernel, module, out, printer); the exit status."""
    options = parser(name, text, kernel).parse_args()
    chosen, driver = begin(options)
    totals = ktap.Totals()
    run(chosen, driver, options.out, report.Printer(chosen.name, totals))
    print(totals)
    return 1 if totals.failed else 0
