# SPDX-License-Identifier: GPL-2.0-only
"""The distribution's kernel source package: debug kernels are built from it, and kselftest's own runner is in it."""

import pathlib
import subprocess

import cache
import say

PACKAGE = "linux-source-6.12"
ARCHIVE = pathlib.Path("/usr/src") / f"{PACKAGE}.tar.xz"
# What kselftest needs to build, install and run one folder of tests.
_KSELFTEST = ("scripts/subarch.include", "tools/testing/selftests/Makefile", "tools/testing/selftests/lib.mk",
              "tools/testing/selftests/run_kselftest.sh", "tools/testing/selftests/kselftest")


def version():
    """The installed package's version."""
    found = subprocess.run(["dpkg-query", "-W", "-f=${Version}", PACKAGE], capture_output=True, text=True,
                           check=False)
    if found.returncode or not ARCHIVE.exists():
        say.fail(f"the kernel's source is missing: apt-get install {PACKAGE}")
    return found.stdout


def unpack(target, *options):
    """Unpack into a folder that is made; `options` are tar's, and members begin with the package's name."""
    target.mkdir(parents=True)
    subprocess.run(["tar", "-x", "--strip-components=1", "-C", target, "-f", ARCHIVE, *options], check=True)


def _unpack_kselftest(part):
    say.step(f"unpacking kselftest from {PACKAGE} (once)")
    if part.exists():
        cache.remove(part)
    unpack(part, *(f"{PACKAGE}/{name}" for name in _KSELFTEST))


def kselftest():
    """A kernel tree with nothing in it but kselftest; not to be written to."""
    return cache.get("source", "kselftest", cache.key_of(version(), _KSELFTEST), _unpack_kselftest)
