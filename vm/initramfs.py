# SPDX-License-Identifier: GPL-2.0-only
"""Builds the first root of a guest: busybox, the modules a run needs, our module, test programs.

The archive is written here rather than with cpio(1): nothing is staged on disk, no root is needed, and
the same inputs give the same bytes.
"""

import pathlib
import re
import stat
import subprocess

import modules
import paths

# FACTS: a Debian root takes 12 to 20 s to boot under TCG, this takes 3; so selftests live here.
_FOLDERS = ("bin", "dev", "etc", "lib", "lib64", "mnt", "modules", "proc", "root", "run", "sys", "tests", "tmp")

# ext4 asks the kernel's crypto layer for this by name, so modules.dep does not tell; newer kernels have it
# built in or need it no more.
_OPTIONAL = ("crc32c_generic",)
_AGENT_MODULES = ("virtio_pci", "virtio_console")
_DISK_MODULES = ("virtio_pci", "virtio_blk")
_DESKTOP_MODULES = (*_OPTIONAL, "virtio_pci", "virtio_blk", "ext4", "overlay", "evdev")


class Archive:
    """A newc cpio archive."""

    def __init__(self):
        self._chunks = []
        self._names = set()

    def _add(self, name, mode, data=b"", rdev=(0, 0)):
        if name in self._names:
            return
        self._names.add(name)
        encoded = name.encode() + b"\0"
        fields = (len(self._names), mode, 0, 0, 1, 0, len(data), 0, 0, *rdev, len(encoded), 0)
        head = b"070701" + b"".join(b"%08X" % field for field in fields) + encoded
        self._chunks += [head, b"\0" * (-len(head) % 4), data, b"\0" * (-len(data) % 4)]

    def folder(self, name):
        """Add a folder and those above it."""
        for parent in [*reversed(pathlib.PurePosixPath(name).parents), pathlib.PurePosixPath(name)]:
            if str(parent) != ".":
                self._add(str(parent), stat.S_IFDIR | 0o755)

    def file(self, name, data, mode=0o755):
        """Add a file with the given bytes."""
        self.folder(str(pathlib.PurePosixPath(name).parent))
        self._add(name, stat.S_IFREG | mode, data)

    def link(self, name, target):
        """Add a symbolic link."""
        self._add(name, stat.S_IFLNK | 0o777, target.encode())

    def device(self, name, major, minor):
        """Add a character device."""
        self._add(name, stat.S_IFCHR | 0o600, b"", (major, minor))

    def finish(self):
        """The archive's bytes."""
        self._add("TRAILER!!!", 0)
        return b"".join(self._chunks)


def libraries(program):
    """The shared libraries a host program loads, the loader included; none for a static one."""
    result = subprocess.run(["ldd", program], capture_output=True, text=True, check=False)
    found = re.findall(r"(/\S+) \(0x", result.stdout)
    if result.returncode == 0 and "not found" in result.stdout:
        raise FileNotFoundError(f"{program}: {result.stdout.strip()}")
    return found


def _base():
    archive = Archive()
    for name in _FOLDERS:
        archive.folder(name)
    archive.device("dev/console", 5, 1)
    busybox = pathlib.Path("/bin/busybox").read_bytes()
    archive.file("bin/busybox", busybox)
    for applet in subprocess.run(["/bin/busybox", "--list"], capture_output=True, text=True,
                                 check=True).stdout.split():
        if applet != "busybox":
            archive.link(f"bin/{applet}", "busybox")
    return archive


def _add_modules(archive, kernel, names, driver):
    """Modules under /modules, and /modules/order for init; `driver` None means the in-tree one."""
    tree = modules.Tree(kernel.modules_dir)
    needed = [name for name in names if name not in _OPTIONAL or tree.has(name)]
    needed += modules.depends(driver) if driver else ["qxl"]
    order = [name for name in tree.closure(needed) if name != "qxl"]
    for name in order:
        archive.file(f"modules/{name}.ko", tree.read(name), 0o644)
    archive.file("modules/order", "".join(name + "\n" for name in order).encode(), 0o644)
    archive.file("modules/qxl.ko", modules.read_plain(driver) if driver else tree.read("qxl"), 0o644)


def _add_program(archive, source, name):
    archive.file(name, pathlib.Path(source).read_bytes())
    for library in libraries(source):
        archive.file(library.lstrip("/"), pathlib.Path(library).read_bytes())


def wanted_modules(machine):
    """What a guest of this shape loads beside the driver."""
    return (machine.modules + (_AGENT_MODULES if machine.agent else ()) +
            (_DISK_MODULES if machine.swap_mb else ()))


def _with_boot_files(kernel, initrd):
    """The same initramfs with a kernel, and itself as it was, in /boot: for kexec."""
    archive = Archive()
    archive.file("boot/vmlinuz", kernel.vmlinuz.read_bytes(), 0o644)
    archive.file("boot/initrd", initrd, 0o644)
    return initrd + archive.finish()


def for_tests(kernel, driver, programs, manifest, extra_modules=(), kexec=False):
    """An initramfs that runs test programs; with `kexec` there is in /boot what could be booted next.

    `programs` are host paths, or {path below /tests: host path}; `manifest` is the text of /tests/manifest (see
    guest/init-tests.sh).
    """
    if not isinstance(programs, dict):
        programs = {pathlib.Path(program).name: program for program in programs}
    archive = _base()
    _add_modules(archive, kernel, extra_modules, driver)
    for name, program in programs.items():
        _add_program(archive, program, f"tests/{name}")
    archive.file("tests/manifest", manifest.encode(), 0o644)
    archive.file("init", (paths.GUEST / "init-tests.sh").read_bytes())
    data = archive.finish()
    return _with_boot_files(kernel, data) if kexec else data


def for_disk(kernel, driver, files, extra_modules=()):
    """An initramfs that puts an overlay on a disk image, copies `files` ({name: host path or bytes}) to /qxl there
    and goes on with /qxl/session."""
    archive = _base()
    _add_modules(archive, kernel, (*_DESKTOP_MODULES, *extra_modules), driver)
    for name, content in files.items():
        data = content if isinstance(content, bytes) else pathlib.Path(content).read_bytes()
        archive.file(f"desktop/{name}", data)
    archive.file("init", (paths.GUEST / "init-desktop.sh").read_bytes())
    return archive.finish()


def for_desktop(kernel, driver, environment, extra_modules=()):
    """An initramfs that runs guest/session.sh on the desktop image."""
    lines = "".join(f"export {key}='{value}'\n" for key, value in environment.items())
    files = {"session": paths.GUEST / "session.sh", "greeting": paths.GUEST / "greeting.sh",
             "weston.ini": paths.GUEST / "weston.ini", "environment": lines.encode()}
    return for_disk(kernel, driver, files, extra_modules)
