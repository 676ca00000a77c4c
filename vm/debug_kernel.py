# SPDX-License-Identifier: GPL-2.0-only
"""A small kernel with sanitizers, lock checking and fault injection, from the distribution's source package.

It is built on this machine, because the source package is installed here; what is kept is an image, a module
tree, and what building a module against it takes.
"""

import os
import pathlib
import re
import shutil
import subprocess

import cache
import paths
import say

PACKAGE = "linux-source-6.12"
SOURCE = pathlib.Path("/usr/src") / f"{PACKAGE}.tar.xz"
CONFIG = paths.VM / "debug.config"

# With ACPI its interpreter times out under KASAN and interrupts are not routed. Without it the TSC has
# nothing to be compared with. The first report must not hide the next one.
PARAMETERS = "acpi=off tsc=reliable kasan_multi_shot slub_debug=FZPU"

# Large, and nothing in the configuration looks there.
_UNUSED = ("Documentation/*/*", "drivers/gpu/drm/amd/*.[ch]", "drivers/gpu/drm/i915/*.[ch]",
           "drivers/gpu/drm/nouveau/*.[ch]", "drivers/gpu/drm/radeon/*.[ch]", "sound/*.[ch]",
           "tools/testing/*", "drivers/media/*.[ch]", "drivers/staging/*.[ch]", "arch/*/boot/dts/*")
# What a module's build reads; of sources nothing.
_KEPT = ("Makefile", ".config", "Module.symvers", "include", "scripts", "arch/x86/include", "arch/x86/Makefile",
         "arch/x86/Makefile_32.cpu", "arch/x86/Makefile.postlink", "tools/objtool/objtool")


def _key():
    version = subprocess.run(["dpkg-query", "-W", "-f=${Version}", PACKAGE], capture_output=True, text=True,
                             check=False)
    if version.returncode or not SOURCE.exists():
        say.fail(f"the kernel's source is missing: apt-get install {PACKAGE}")
    compiler = subprocess.run(["gcc", "--version"], capture_output=True, text=True, check=True).stdout
    return cache.key_of(version.stdout, compiler, CONFIG.read_bytes(), _UNUSED, _KEPT)


def _unpack(work):
    work.mkdir(parents=True)
    excluded = [f"--exclude=*/{pattern}" for pattern in _UNUSED]
    subprocess.run(["tar", "-x", "--strip-components=1", "-C", work, "-f", SOURCE, *excluded], check=True)


def _make(work, log, *words):
    with open(log, "ab") as handle:
        done = subprocess.run(["make", "-C", work, f"-j{os.cpu_count() or 2}", *words], stdin=subprocess.DEVNULL,
                              stdout=handle, stderr=handle, check=False)
    if done.returncode:
        tail = log.read_text(errors="replace").splitlines()[-25:]
        say.fail("the debug kernel does not build:\n  " + "\n  ".join(tail) + f"\n(all of it: {log})")


def _check_config(work):
    """Kconfig drops silently what lacks a dependency; a sanitizer that is not there finds nothing."""
    have = set((work / ".config").read_text().splitlines())
    lost = [line for line in CONFIG.read_text().splitlines()
            if line.startswith("CONFIG_") and not line.endswith("=n") and line not in have]
    if lost:
        say.fail("the debug kernel's configuration lost " + ", ".join(lost))


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


def _build(part):
    say.step(f"building the debug kernel from {PACKAGE} (once; 6 minutes on two idle cores)")
    work, log = part / "work", part.with_name("kernel.log")
    log.unlink(missing_ok=True)
    if part.exists():
        cache.remove(part)
    _unpack(work)
    _make(work, log, "allnoconfig", f"KCONFIG_ALLCONFIG={CONFIG}")
    _check_config(work)
    _make(work, log, "bzImage", "modules")
    _make(work, log, "modules_install", f"INSTALL_MOD_PATH={part}", "INSTALL_MOD_STRIP=1")
    _keep(work, part)
    cache.remove(work)
    say.step("the debug kernel is ready")


def directory():
    """The folder with vmlinuz, lib/modules and build; built when missing."""
    return cache.get("debug", "kernel", _key(), _build)


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
    """Fail unless sanitizers look at the core: else a clean run would say nothing about it."""
    cores = sorted(objects.glob("core/**/*.o"))
    if not cores:
        say.fail(f"no core object in {objects}")
    calls = {path.name: len(re.findall(r"\b__asan_(?:load|store)\w*", _undefined(path))) for path in cores}
    bare = [name for name, count in calls.items() if not count]
    if bare:
        say.fail("KASAN does not look at " + ", ".join(bare))
    say.step(f"KASAN looks at all {len(cores)} core objects "
             + f"({sum(calls.values())} kinds of access; device.o has {calls.get('device.o', 0)})")
