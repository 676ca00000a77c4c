# SPDX-License-Identifier: GPL-2.0-only
"""Things that are slow to make, kept under a key of their inputs.

A thing is made under a temporary name and renamed when complete, so a run that was killed leaves nothing
that looks finished. A lock per name keeps two runs from making the same thing at once.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil

import paths
import say


def key_of(*parts):
    """A short hash of everything that decides what the result looks like."""
    digest = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else str(part).encode()
        digest.update(len(data).to_bytes(8, "little") + data)
    return digest.hexdigest()[:16]


@contextlib.contextmanager
def locked(name):
    """Hold the lock of one name. The kernel drops it if the holder dies."""
    folder = paths.cache_dir() / "locks"
    folder.mkdir(exist_ok=True)
    with open(folder / name, "w", encoding="ascii") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _mounted_under(path):
    """Is anything mounted in this tree?"""
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as mounts:
        return any(line.split()[4].startswith(f"{path}/") for line in mounts)


def remove(path):
    """Remove a file or a whole tree; never through a mount, which could be this machine's /dev."""
    if _mounted_under(path):
        say.fail(f"something is mounted under {path}: unmount it first")
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _siblings(folder, name):
    """Every version of a name, finished or not: `name-key` and `name-key.part`."""
    prefix = name + "-"
    for path in folder.iterdir():
        rest = path.name[len(prefix):].split(".")[0]
        if path.name.startswith(prefix) and len(rest) == 16:
            yield path


def get(kind, name, key, make):
    """Return the path of `name`, made by `make(temporary_path)` when it isn't there yet."""
    folder = paths.cache_dir() / kind
    folder.mkdir(exist_ok=True)
    final = folder / f"{name}-{key}"
    if final.exists():
        return final
    with locked(f"{kind}-{name}"):
        if final.exists():
            return final
        for old in list(_siblings(folder, name)):
            remove(old)
        part = final.with_name(final.name + ".part")
        make(part)
        os.rename(part, final)
    return final
