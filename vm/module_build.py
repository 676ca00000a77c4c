# SPDX-License-Identifier: GPL-2.0-only
"""Builds qxl.ko for a kernel inside the root that has that kernel's headers and compiler."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import cache
import debug_kernel
import namespace
import paths
import say

_FOLDERS = ("core", "helpers", "compat", "include", "scripts")
_SUFFIXES = (".c", ".h", ".cc", ".hh")
_TOP = ("Kbuild", "Makefile")
# The root's compiler and pahole come from the same suite as the kernel; kbuild compares exact versions.
_HARMLESS = re.compile(r"warning: the compiler differs|warning: pahole version differs")


def tree_files():
    """Every file of the tree that isn't ignored, tracked or not, relative to its top."""
    result = subprocess.run(["git", "ls-files", "-z", "-co", "--exclude-standard"], cwd=paths.REPO,
                            capture_output=True, check=False)
    if result.returncode == 0:
        names = [os.fsdecode(name) for name in result.stdout.split(b"\0") if name]
    else:
        names = [str(path.relative_to(paths.REPO)) for path in paths.REPO.rglob("*") if path.is_file()]
    return sorted(name for name in names if not name.startswith(("build/", ".git/"))
                  and "/build/" not in name and (paths.REPO / name).is_file())


def driver_files():
    """What a module is made of: another file's change needs no new module."""
    chosen = []
    for name in tree_files():
        top = pathlib.PurePath(name).parts[0]
        if top in _FOLDERS or name in _TOP or ("/" not in name and name.endswith(_SUFFIXES)):
            chosen.append(name)
    return chosen


def _stamp(kernel):
    parts = [kernel.release]
    for name in driver_files():
        parts += [name, (paths.REPO / name).read_bytes()]
    return cache.key_of(*parts)


def copy_sources(target):
    """Copy the tree, but for what is ignored, to a folder."""
    for name in tree_files():
        destination = target / name
        destination.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(paths.REPO / name, destination)


def _command(kernel, folder):
    """Make in the root, in a mount namespace of its own so that /proc and /dev go away with it; and the
    folder's name there."""
    if kernel.hosted:
        return debug_kernel.build_command(kernel.root, folder), str(folder)
    inside = "/" + str(folder.relative_to(kernel.root))
    script = ('mount --rbind /proc "$1/proc" && mount --rbind /dev "$1/dev" && exec chroot "$1" '
              '/usr/bin/env -i PATH=/usr/bin:/bin:/usr/sbin:/sbin LC_ALL=C '
              'make --no-print-directory -C "$2" -j"$4" modules KVER="$3"')
    return namespace.command() + ["sh", "-c", script, "sh", str(kernel.root), inside, kernel.release,
                                  str(os.cpu_count() or 2)], inside


def _make(kernel, folder):
    command, inside = _command(kernel, folder)
    # Kbuild names files in a folder of its own; shown as names in the tree, an editor finds them.
    elsewhere = f"{inside}/build/{kernel.release}/"
    lines = []
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace") as process:
        for line in process.stdout:
            lines.append(line.rstrip().replace(elsewhere, "").replace(inside + "/", ""))
            print(f"  {kernel.name} | {lines[-1]}", flush=True)
    return process.returncode, lines


def _keep(built, out):
    """The module, and the core's objects, which scripts/check-module looks at."""
    out.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(built / "qxl.ko", out / "qxl.ko")
    shutil.rmtree(out / "core", ignore_errors=True)
    for source in (built / "core").rglob("*.o"):
        target = out / source.relative_to(built)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)


def build(kernel, out=None):
    """Build for one kernel unless the sources are the ones of the last build; the module's path."""
    out = pathlib.Path(out) if out else paths.BUILD / kernel.release
    module, stamp_file, stamp = out / "qxl.ko", out / "qxl.ko.stamp", _stamp(kernel)
    if module.exists() and stamp_file.exists() and stamp_file.read_text() == stamp:
        say.step(f"the module for {kernel.release} is up to date")
        return module
    say.step(f"building the module for {kernel.release}")
    stamp_file.unlink(missing_ok=True)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="qxl-", dir=kernel.root / "tmp"))
    try:
        copy_sources(folder)
        status, lines = _make(kernel, folder)
        warnings = [line for line in lines if "warning:" in line and not _HARMLESS.search(line)]
        if status:
            say.fail(f"the module for {kernel.release} does not build")
        if warnings:
            say.fail(f"the build for {kernel.release} warns:\n" + "\n".join(warnings))
        if kernel.hosted:
            debug_kernel.check_instrumented(folder / "build" / kernel.release)
        _keep(folder / "build" / kernel.release, out)
        stamp_file.write_text(stamp)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return module


def main(kernels_module):
    """The command line of vm/build_module."""
    if len(sys.argv) not in (2, 3):
        sys.exit("usage: vm/build_module KERNEL|all [OUTDIR]\n"
                 f"KERNEL is one of {', '.join(kernels_module.NAMES)}; the module goes to OUTDIR, or to "
                 "build/<release>/")
    for kernel in kernels_module.select(sys.argv[1]):
        print(build(kernel, sys.argv[2] if len(sys.argv) == 3 else None))
