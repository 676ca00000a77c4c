# SPDX-License-Identifier: GPL-2.0-only
"""Which kernel modules are needed, in the order they must be loaded, and their plain bytes."""

import functools
import lzma
import pathlib
import subprocess


def module_name(path):
    """`kernel/fs/ext4/ext4.ko.xz` -> `ext4`; dashes and underscores are the same to the kernel."""
    return pathlib.PurePath(path).name.split(".ko")[0].replace("-", "_")


class Tree:
    """A kernel's own module tree, as its modules.dep describes it."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self._dependencies = {}
        self._paths = {}
        for line in (self.directory / "modules.dep").read_text().splitlines():
            path, _, rest = line.partition(":")
            self._paths[module_name(path)] = path
            self._dependencies[module_name(path)] = [module_name(word) for word in rest.split()]
        builtin = (self.directory / "modules.builtin").read_text().split()
        self._builtin = {module_name(path) for path in builtin}

    def has(self, name):
        """Is there such a module, built in or not?"""
        return name in self._paths or name in self._builtin

    def closure(self, names):
        """The given modules after everything they depend on. Built-in ones need no loading."""
        order = []
        for name in names:
            name = name.replace("-", "_")
            if name in self._builtin:
                continue
            if name not in self._paths:
                raise LookupError(f"no module '{name}' in {self.directory}")
            # modules.dep lists a module's dependencies so that the last one must be loaded first.
            for needed in self._dependencies[name][::-1] + [name]:
                if needed not in order:
                    order.append(needed)
        return order

    def read(self, name):
        """A module's plain bytes: busybox's insmod does not decompress."""
        return read_plain(self.directory / self._paths[name])


def read_plain(path):
    """Read a module that may be compressed."""
    data = pathlib.Path(path).read_bytes()
    if str(path).endswith(".xz"):
        return lzma.decompress(data)
    if str(path).endswith(".zst"):
        return subprocess.run(["zstd", "-dcq"], input=data, capture_output=True, check=True).stdout
    return data


@functools.lru_cache
def depends(path):
    """What a built module says it depends on, so that no list here can go stale."""
    text = subprocess.run(["/sbin/modinfo", "-F", "depends", path], capture_output=True, text=True,
                          check=True).stdout
    return tuple(name for name in text.strip().split(",") if name)
