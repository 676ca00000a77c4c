# SPDX-License-Identifier: GPL-2.0-only
"""The supported kernels, found in the roots: versions move, so none is written down here."""

import dataclasses
import pathlib

import debug_kernel
import roots
import say

# Which root ships which series. The series is a prefix of the release, nothing more is assumed.
_SERIES = (("6.1", roots.BOOKWORM), ("6.12", roots.BOOKWORM), ("7.3", roots.TRIXIE))
NAMES = tuple(name for name, _ in _SERIES)
# Not of 'all': they are slow.
DEBUG, RACE = (flavour.name for flavour in debug_kernel.FLAVOURS)


@dataclasses.dataclass(frozen=True)
class Kernel:
    """One kernel: `modules_dir` is its own module tree, `root` is where modules for it are built.

    `append` is what it wants to boot with. A `hosted` one's modules are built on this machine.
    """

    name: str
    release: str
    root: pathlib.Path
    vmlinuz: pathlib.Path
    modules_dir: pathlib.Path
    append: str = ""
    hosted: bool = False


def _find(name, root):
    """The newest release of a series in a root."""
    path = roots.directory(root)
    found = sorted(entry.name for entry in (path / "opt/kernel").iterdir()
                   if entry.name.startswith((name + ".", name + "-")))
    if not found:
        say.fail(f"the root '{root.name}' has no {name} kernel; its suite may have moved on to a newer one")
    release = found[-1]
    base = path / "opt/kernel" / release
    return Kernel(name, release, path, base / "boot" / f"vmlinuz-{release}",
                  base / "lib/modules" / release)


def _hosted(flavour):
    path = debug_kernel.directory(flavour)
    release = debug_kernel.release(path)
    return Kernel(flavour.name, release, path, path / "vmlinuz", path / "lib/modules" / release,
                  flavour.parameters, hosted=True)


def get(name):
    """One kernel by its series name, or one of the debug kernels; builds its root when missing."""
    for flavour in debug_kernel.FLAVOURS:
        if flavour.name == name:
            return _hosted(flavour)
    for series, root in _SERIES:
        if series == name:
            return _find(name, root)
    say.fail(f"unknown kernel '{name}': choose from {', '.join((*NAMES, DEBUG, RACE))}")


def select(text):
    """Kernels named in a text such as '6.1 7.3' or 'all'."""
    words = text.replace(",", " ").split()
    return [get(name) for name in (NAMES if words == ["all"] else words)]
