# SPDX-License-Identifier: GPL-2.0-only
"""Debian roots: two to build modules in (and to take kernels from), one with the desktops, Weston and Xorg, and two
that are installed as a user's are, to install the driver in."""

import dataclasses
import os
import shlex
import subprocess

import cache
import namespace
import paths
import say

TOOLS = ("make", "gcc", "g++", "libspice-protocol-dev", "kmod", "binutils")
DESKTOP = ("weston", "seatd", "udev", "kmod", "mount", "fonts-dejavu-core")
# Mesa is most of a root with either desktop, so both live in one. kbd has chvt, xfonts-base the core fonts.
X11 = ("xserver-xorg-core", "xserver-xorg-video-qxl", "xvfb", "x11-apps", "x11-xserver-utils", "xterm",
       "xfonts-base", "kbd")
# What a machine has on which somebody wants to install the driver; openssl is what DKMS makes its key with.
MACHINE = ("udev", "initramfs-tools", "zstd", "kmod", "mount", "dkms", "make", "g++", "libspice-protocol-dev",
           "openssl")


@dataclasses.dataclass(frozen=True)
class Root:
    """What decides a root's contents; `kernels_from` is a suite beside `suite`, or '-'. `kernels` are what the hook,
    a file of hooks/, is given after it."""

    name: str
    suite: str
    packages: tuple
    kernels_from: str = "-"
    kernels: tuple = ()
    hook: str = "kernels.sh"


BOOKWORM = Root("bookworm-build", "bookworm", TOOLS, "-",
                ("linux-headers-amd64", "linux-headers-6.12-amd64"))
TRIXIE = Root("trixie-build", "trixie", TOOLS, "trixie-backports", ("linux-headers-amd64",))
DESKTOP_ROOT = Root("desktop", "trixie", DESKTOP + X11)
BOOKWORM_MACHINE = Root("bookworm-machine", "bookworm", MACHINE, "-", ("amd64", "6.12-amd64"), "installed.sh")
TRIXIE_MACHINE = Root("trixie-machine", "trixie", MACHINE, "trixie-backports", ("amd64",), "installed.sh")


def _hook(root):
    """A customize hook as text: without root, mmdebstrap's child can't read this user's files."""
    script = shlex.quote((paths.HOOKS / root.hook).read_text())
    return f'sh -c {script} {root.hook} "$1" {root.kernels_from} ' + " ".join(root.kernels)


def _command(root):
    """The mmdebstrap call less its target. A snapshot of a mirror has nothing but expired index files."""
    command = ["mmdebstrap", "--quiet", "--variant=apt",
               '--aptopt=Acquire::Check-Valid-Until "false"', "--dpkgopt=force-unsafe-io",
               "--dpkgopt=path-exclude=/usr/share/doc/*", "--dpkgopt=path-exclude=/usr/share/man/*",
               "--dpkgopt=path-exclude=/usr/share/locale/*",
               "--include=" + ",".join(root.packages)]
    if root.kernels:
        command.append("--customize-hook=" + _hook(root))
    return command + [root.suite]


def _run(root, target, log):
    """Make the root; did it work? A user's mmdebstrap can make an archive only, which is then unpacked."""
    if os.geteuid() == 0:
        return subprocess.run([*_command(root), "--format=directory", target], stdin=subprocess.DEVNULL,
                              stdout=log, stderr=log, check=False).returncode == 0
    target.mkdir()
    # Device nodes stay out: only root could make them, and whoever works in the root mounts /dev.
    unpack = [*namespace.command(mount=False), "tar", "-x", "--no-same-owner", "--exclude=./dev/*",
              "-C", target]
    with subprocess.Popen([*_command(root), "--format=tar", "-"], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=log) as maker:
        unpacked = subprocess.run(unpack, stdin=maker.stdout, stderr=log, check=False)
    return maker.returncode == 0 and unpacked.returncode == 0


def _make_directory(root, target):
    say.step(f"building the Debian root '{root.name}' (once; a minute or two)")
    log = target.with_name(root.name + ".log")
    with open(log, "wb") as handle:
        made = _run(root, target, handle)
    if not made:
        tail = log.read_text(errors="replace").splitlines()[-25:]
        say.fail("mmdebstrap failed:\n  " + "\n  ".join(tail) + f"\n(all of it: {log})")
    say.step(f"root '{root.name}' is ready")


def _key(root):
    return cache.key_of(*_command(root))


def directory(root):
    """The path of a root's directory, built when missing."""
    return cache.get("roots", root.name, _key(root), lambda part: _make_directory(root, part))


def write_image(source, target):
    """Write a tree as an ext4 image, to be mounted read-only."""
    used = int(subprocess.run(["du", "-sm", source], capture_output=True, text=True,
                              check=True).stdout.split()[0])
    subprocess.run([*namespace.command(mount=False), "/sbin/mkfs.ext4", "-q", "-F", "-O", "^has_journal",
                    "-m", "0", "-d", source, target, f"{used + used // 5 + 64}M"],
                   stdout=subprocess.DEVNULL, check=True)


def _make_image(target):
    """Guests put an overlay on the image, so every boot starts from the same bytes."""
    source = directory(DESKTOP_ROOT)
    say.step("making the desktop image")
    write_image(source, target)


def desktop_image():
    """The path of the desktop's disk image, built when missing."""
    return cache.get("images", "desktop", _key(DESKTOP_ROOT), _make_image)
