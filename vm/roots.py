# SPDX-License-Identifier: GPL-2.0-only
"""Debian roots: two to build modules in (and to take kernels from), one with a desktop."""

import dataclasses
import os
import subprocess

import cache
import paths
import say

TOOLS = ("make", "gcc", "g++", "libspice-protocol-dev", "kmod", "binutils", "ca-certificates",
         "xz-utils", "zstd", "python3")
DESKTOP = ("weston", "seatd", "udev", "kmod", "mount", "fonts-dejavu-core")


@dataclasses.dataclass(frozen=True)
class Root:
    """What decides a root's contents; `kernels_from` is a suite beside `suite`, or '-'."""

    name: str
    suite: str
    packages: tuple
    kernels_from: str = "-"
    headers: tuple = ()


BOOKWORM = Root("bookworm-build", "bookworm", TOOLS, "-",
                ("linux-headers-amd64", "linux-headers-6.12-amd64"))
TRIXIE = Root("trixie-build", "trixie", TOOLS, "trixie-backports", ("linux-headers-amd64",))
DESKTOP_ROOT = Root("desktop", "trixie", DESKTOP)


def _command(root, target):
    """The mmdebstrap call. Expired index files are fine: a snapshot of the mirror has nothing else."""
    command = ["mmdebstrap", "--quiet", "--mode=root", "--variant=apt", "--format=directory",
               '--aptopt=Acquire::Check-Valid-Until "false"',
               "--dpkgopt=path-exclude=/usr/share/doc/*", "--dpkgopt=path-exclude=/usr/share/man/*",
               "--dpkgopt=path-exclude=/usr/share/locale/*",
               "--include=" + ",".join(root.packages)]
    if root.headers:
        hook = paths.HOOKS / "kernels.sh"
        command.append(f'--customize-hook=sh {hook} "$1" {root.kernels_from} ' + " ".join(root.headers))
    return command + [root.suite, str(target)]


def _make_directory(root, target):
    if os.geteuid() != 0:
        say.fail(f"the root '{root.name}' is not built yet, and building it needs root: "
                 "run this once with sudo --preserve-env=HOME,XDG_CACHE_HOME")
    say.step(f"building the Debian root '{root.name}' (once; a minute or two)")
    log = target.with_name(root.name + ".log")
    with open(log, "wb") as handle:
        result = subprocess.run(_command(root, target), stdin=subprocess.DEVNULL, stdout=handle,
                                stderr=subprocess.STDOUT, check=False)
    if result.returncode:
        tail = log.read_text(errors="replace").splitlines()[-25:]
        say.fail("mmdebstrap failed:\n  " + "\n  ".join(tail) + f"\n(all of it: {log})")
    say.step(f"root '{root.name}' is ready")


def _key(root):
    hooks = [(paths.HOOKS / "kernels.sh").read_bytes()] if root.headers else []
    return cache.key_of(root.suite, root.packages, root.kernels_from, root.headers,
                        " ".join(_command(dataclasses.replace(root, headers=()), "-")), *hooks)


def directory(root):
    """The path of a root's directory, built when missing."""
    return cache.get("roots", root.name, _key(root), lambda part: _make_directory(root, part))


def _make_image(target):
    """A read-only ext4 image: guests put an overlay on it, so every boot starts from the same bytes."""
    source = directory(DESKTOP_ROOT)
    say.step("making the desktop image")
    used = int(subprocess.run(["du", "-sm", source], capture_output=True, text=True,
                              check=True).stdout.split()[0])
    subprocess.run(["mkfs.ext4", "-q", "-F", "-O", "^has_journal", "-m", "0", "-d", source, target,
                    f"{used + used // 5 + 64}M"], check=True)


def desktop_image():
    """The path of the desktop's disk image, built when missing."""
    return cache.get("images", "desktop", _key(DESKTOP_ROOT), _make_image)
