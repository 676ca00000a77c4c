# SPDX-License-Identifier: GPL-2.0-only
"""Two small kernels from the distribution's source package, for two sanitizers that exclude each other.

One watches memory, locks and error paths, the other data races. They are built on this machine, because the
source package is installed here; what is kept of each is an image, a module tree, and what building a module
against it takes.
"""

import dataclasses
import os
import pathlib
import re
import shutil
import subprocess

import cache
import linux_source
import paths
import say

_COMMON = paths.VM / "debug.config"

# With ACPI its interpreter times out under a sanitizer and interrupts are not routed. Without it the TSC has
# nothing to be compared with.
_PARAMETERS = "acpi=off tsc=reliable"


@dataclasses.dataclass(frozen=True)
class Flavour:
    """One of the kernels: the end of its release, its own part of the configuration, what it boots with, its
    sanitizer's name and functions, and what make is told for the image alone."""

    name: str
    suffix: str
    config: pathlib.Path
    parameters: str
    sanitizer: str
    functions: str
    image: tuple = ()


# The first report of KASAN must not hide the next one.
DEBUG = Flavour("debug", "-debug", paths.VM / "debug-kasan.config",
                f"{_PARAMETERS} kasan_multi_shot slub_debug=FZPU", "KASAN", r"__asan_(?:load|store)\w*")
# KCSAN looks at one access in many, and delays it in the hope that somebody else comes along. Where the modules
# alone have it, DRM's and TTM's among them, it can look at ours twenty times as often as it would by itself, and
# wait longer, for this guest is slow. What the image does to memory of ours shows as a value that changed.
RACE = Flavour("race", "-race", paths.VM / "debug-kcsan.config",
               f"{_PARAMETERS} kcsan.skip_watch=200 kcsan.udelay_task=200 kcsan.udelay_interrupt=50", "KCSAN",
               r"__tsan_(?:read|write|volatile|atomic)\w*", ("KCSAN_SANITIZE=n",))
FLAVOURS = (DEBUG, RACE)

# Large, and nothing in the configuration looks there.
_UNUSED = ("Documentation/*/*", "drivers/gpu/drm/amd/*.[ch]", "drivers/gpu/drm/i915/*.[ch]",
           "drivers/gpu/drm/nouveau/*.[ch]", "drivers/gpu/drm/radeon/*.[ch]", "sound/*.[ch]",
           "tools/testing/*", "drivers/media/*.[ch]", "drivers/staging/*.[ch]", "arch/*/boot/dts/*")
# What a module's build reads; of sources nothing.
_KEPT = ("Makefile", ".config", "Module.symvers", "include", "scripts", "arch/x86/include", "arch/x86/Makefile",
         "arch/x86/Makefile_32.cpu", "arch/x86/Makefile.postlink", "tools/objtool/objtool")


def _config(flavour):
    """The whole of a kernel's configuration."""
    return _COMMON.read_text() + flavour.config.read_text()


def _key(flavour):
    version = linux_source.version()
    compiler = subprocess.run(["gcc", "--version"], capture_output=True, text=True, check=True).stdout
    return cache.key_of(version, compiler, _config(flavour), flavour.image, _UNUSED, _KEPT)


def _unpack(work):
    linux_source.unpack(work, *(f"--exclude=*/{pattern}" for pattern in _UNUSED))


def _make(work, log, *words):
    with open(log, "ab") as handle:
        done = subprocess.run(["make", "-C", work, f"-j{os.cpu_count() or 2}", *words], stdin=subprocess.DEVNULL,
                              stdout=handle, stderr=handle, check=False)
    if done.returncode:
        tail = log.read_text(errors="replace").splitlines()[-25:]
        say.fail("the debug kernel does not build:\n  " + "\n  ".join(tail) + f"\n(all of it: {log})")


def _check_config(work, flavour):
    """Kconfig drops silently what lacks a dependency; a sanitizer that is not there finds nothing."""
    have = set((work / ".config").read_text().splitlines())
    lost = [line for line in _config(flavour).splitlines()
            if line.startswith("CONFIG_") and not line.endswith("=n") and line not in have]
    if lost:
        say.fail(f"the {flavour.sanitizer} kernel's configuration lost " + ", ".join(lost))


def _configure(work, log, flavour):
    wanted = work / "wanted.config"
    wanted.write_text(_config(flavour))
    _make(work, log, "allnoconfig", f"KCONFIG_ALLCONFIG={wanted}")
    _check_config(work, flavour)


def _keep(work, part):
    for name in _KEPT:
        target = part / "build" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if (work / name).is_dir():
            shutil.copytree(work / name, target, symlinks=True)
        else:
            shutil.copy2(work / name, target)
    shutil.copy2(work / "arch/x86/boot/bzImage", part / "vmlinuz")
    (part / "tmp").mkdir()


def _build(part, flavour):
    say.step(f"building the {flavour.sanitizer} kernel from {linux_source.PACKAGE} "
             "(once; 6 minutes on two idle cores)")
    work, log = part / "work", part.with_name(f"{flavour.name}.log")
    log.unlink(missing_ok=True)
    if part.exists():
        cache.remove(part)
    _unpack(work)
    _configure(work, log, flavour)
    _make(work, log, "bzImage", *flavour.image)
    _make(work, log, "modules")
    _make(work, log, "modules_install", f"INSTALL_MOD_PATH={part}", "INSTALL_MOD_STRIP=1")
    _keep(work, part)
    cache.remove(work)
    say.step(f"the {flavour.sanitizer} kernel is ready")


def directory(flavour):
    """The folder with vmlinuz, lib/modules and build; built when missing."""
    return cache.get("debug", flavour.name, _key(flavour), lambda part: _build(part, flavour))


def release(path):
    """The release of the kernel in such a folder."""
    return (path / "build/include/config/kernel.release").read_text().strip()


def build_command(path, folder):
    """How qxl.ko in `folder` is built for the kernel in `path`."""
    return ["make", "--no-print-directory", "-C", str(folder), f"-j{os.cpu_count() or 2}", "modules",
            f"KVER={release(path)}", f"KDIR={path / 'build'}"]


def _undefined(path):
    return subprocess.run(["nm", "-u", path], capture_output=True, text=True, check=True).stdout


def check_instrumented(objects):
    """Fail unless the sanitizer looks at the core: else a clean run would say nothing about it.

    `objects` is a folder of that name that the kernel's release has.
    """
    flavour = next(flavour for flavour in FLAVOURS if objects.name.endswith(flavour.suffix))
    cores = sorted(objects.glob("core/**/*.o"))
    if not cores:
        say.fail(f"no core object in {objects}")
    calls = {path.name: len(re.findall(rf"\b{flavour.functions}", _undefined(path))) for path in cores}
    bare = [name for name, count in calls.items() if not count]
    if bare:
        say.fail(f"{flavour.sanitizer} does not look at " + ", ".join(bare))
    say.step(f"{flavour.sanitizer} looks at all {len(cores)} core objects "
             + f"({sum(calls.values())} kinds of access; device.o has {calls.get('device.o', 0)})")
