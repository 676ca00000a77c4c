# SPDX-License-Identifier: GPL-2.0-only
"""The driver installed and removed as a user does it: what vm/install runs.

The commands are run in a copy of a Debian root, at this machine's speed: under TCG a build takes minutes. The copy
then becomes a disk, and a guest boots from it with the kernel and the initramfs that the copy has itself. Each way to
install is seen on one kernel, and each kernel with one of the ways.
"""

import dataclasses
import pathlib
import subprocess

import cache
import guest_run
import kernels
import ktap
import module_build
import namespace
import paths
import qemu
import report
import roots
import say
import testrun

COMMAND_SECONDS = 1800
BOOT_SECONDS = 240  # a distribution's initramfs has all storage drivers and a udev of its own
RUN_SECONDS = 600
IN_TREE = "in-tree"
TREE, DEB = "/root/qxl", "/root/qxl-dkms.deb"

# What an installation leaves on a disk; a removal, nothing of it.
TRACES = ("usr/src/qxl-*", "var/lib/dkms/qxl", "usr/lib/modules/*/updates", "etc/initramfs-tools/hooks/qxl",
          "usr/share/initramfs-tools/hooks/qxl", "usr/share/doc/qxl-dkms")


def version():
    """The driver's version."""
    return subprocess.run([paths.REPO / "scripts/version"], capture_output=True, text=True, check=True).stdout.strip()


def _series(release):
    """6.1.0-9-amd64 -> 6.1, as the other tests call it."""
    return next((name for name in kernels.NAMES if release.startswith((name + ".", name + "-"))), release)


def traces(path):
    """What there is of an installation on a disk."""
    return sorted(str(found.relative_to(path)) for pattern in TRACES for found in path.glob(pattern))


class Machine:
    """A copy of a root, to install things on; `run` keeps what commands print in a log."""

    def __init__(self, root, out):
        self.name = root.name
        self.path = out / root.name
        self._log = out / f"{root.name}.log"
        self._log.unlink(missing_ok=True)
        cache.remove(self.path)
        subprocess.run([*namespace.command(mount=False), "cp", "-a", roots.directory(root), self.path], check=True)
        (self.path / "qxl-init").write_bytes((paths.GUEST / "init-installed.sh").read_bytes())
        (self.path / "qxl-init").chmod(0o755)

    def run(self, command):
        """Run a shell's line there: (did it succeed, what it printed)."""
        script = ('mount --rbind /proc "$1/proc" && mount --rbind /dev "$1/dev" && root=$1 && shift && '
                  'exec chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C '
                  'DEBIAN_FRONTEND=noninteractive sh -c "$1"')
        done = subprocess.run([*namespace.command(), "sh", "-c", script, "sh", self.path, command],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              errors="replace", timeout=COMMAND_SECONDS, check=False)
        with open(self._log, "a", encoding="utf-8") as log:
            log.write(f"# {command}\n{done.stdout}# status {done.returncode}\n\n")
        return done.returncode == 0, done.stdout

    def releases(self):
        """The kernels that are installed, oldest first."""
        found = [path.name.partition("-")[2] for path in (self.path / "boot").glob("vmlinuz-*")]
        return sorted(found, key=lambda release: kernels.NAMES.index(_series(release)))

    def early_modules(self, release):
        """Which qxl a kernel's initramfs has, and a module that each must have, to see that it was looked at."""
        return self.run(f"lsinitramfs /boot/initrd.img-{release} | grep -E '/(qxl|virtio_blk)[.]ko'")[1]

    def kernel(self, release, name):
        """A kernel of it, to boot."""
        return kernels.Kernel(name, release, self.path, self.path / f"boot/vmlinuz-{release}",
                              self.path / "usr/lib/modules" / release)


@dataclasses.dataclass(frozen=True)
class Way:
    """One way to install and to remove; commands have {version} and {release} in them."""

    name: str
    install: tuple
    remove: tuple


MAKE = Way("make", (f"make -C {TREE} dkms-install",), (f"make -C {TREE} dkms-remove",))
DKMS = Way("dkms", (f"dkms add {TREE}", "dkms install qxl/{version} -k {release}"),
           ("dkms remove qxl/{version} --all", "rm -r /usr/src/qxl-{version}"))
PACKAGE = Way("package", (f"dpkg -i {DEB}",), ("dpkg --purge qxl-dkms",))


class Story:
    """What happens to one machine; prints and counts each check."""

    def __init__(self, root, out, totals):
        self._totals = totals
        self._out = out
        self._printer = report.Printer(root.name, totals)
        say.step(f"install: copying the root '{root.name}'")
        self.machine = Machine(root, out)

    def check(self, good, name, detail=""):
        """Print and count a check; the detail is for one that failed."""
        self._printer.case(ktap.PASS if good else ktap.FAIL, name, "" if good else " ".join(detail.split()[-60:]))

    def perform(self, name, *commands, **words):
        """Run commands, all of which must succeed."""
        say.step(f"{self.machine.name}: {name}")
        good, text = True, ""
        for command in commands:
            good, text = self.machine.run(command.format(version=version(), **words))
            if not good:
                break
        self.check(good, name, text)

    def refuses(self, name, wanted, command):
        """Run a command that must say what is missing, and fail."""
        good, text = self.machine.run(command)
        self.check(not good and wanted in text, name, text)

    def built(self, release):
        """Our module is the one modprobe takes and the one in the initramfs, and DKMS has signed it."""
        series = _series(release)
        _, path = self.machine.run(f"modinfo -k {release} -F filename qxl")
        self.check("/updates/dkms/qxl.ko" in path, f"modprobe on {series} takes ours", path)
        _, signer = self.machine.run(f"modinfo -k {release} -F signer qxl")
        self.check("DKMS" in signer, f"the module for {series} is signed with DKMS's key", f"signer '{signer.strip()}'")
        found = self.machine.early_modules(release)
        self.check("/updates/dkms/qxl.ko" in found, f"the module is in the initramfs of {series}", found)

    def removed(self, way):
        """Remove it; nothing is left, in an initramfs neither."""
        self.perform(f"removed with {way.name}", *way.remove)
        left = traces(self.machine.path)
        self.check(not left, f"nothing of {way.name} is left", " ".join(left))
        for release in self.machine.releases():
            found = self.machine.early_modules(release)
            good = "/virtio_blk.ko" in found and "/qxl.ko" not in found
            self.check(good, f"no qxl is left in the initramfs of {_series(release)}", found)

    def boots(self, expect, *releases):
        """Boot from what the machine's disk holds now, once with each kernel."""
        say.step(f"{self.machine.name}: writing the disk")
        disk = self._out / f"{self.machine.name}.disk"
        disk.unlink(missing_ok=True)
        roots.write_image(self.machine.path, disk)
        for release in releases:
            self._boot(disk, expect, release)
        disk.unlink()

    def _boot(self, disk, expect, release):
        who = IN_TREE if expect == IN_TREE else "ours"
        say.step(f"{self.machine.name}: booting {release}, {who}")
        kernel = self.machine.kernel(release, f"{_series(release)}-{who}")
        archive = (self.machine.path / f"boot/initrd.img-{release}").read_bytes()
        shape = qemu.Machine(append=f"root=/dev/vda ro fastboot init=/qxl-init qxl_vm.expect={expect}",
                             drives=(str(disk),))
        printer = report.Printer(f"{self.machine.name}/{kernel.name}", self._totals)
        result = testrun.run_archive(kernel, archive, [testrun.Test("driver", "driver", timeout=120)], shape,
                                     self._out, RUN_SECONDS, printer.program, paths.GUEST)
        printer.run(result)


def _unpack(story, name, conf_version):
    """Sources where DKMS looks for them: a folder with this driver's dkms.conf, of whatever version."""
    folder = story.machine.path / f"usr/src/qxl-{name}"
    folder.mkdir()
    conf = (story.machine.path / TREE.lstrip("/") / "dkms.conf").read_text()
    (folder / "dkms.conf").write_text(conf.replace(f'"{version()}"', f'"{conf_version}"'))
    return folder


def _old_version(story):
    """A version that was added before, and must go when ours comes."""
    (_unpack(story, "0.0.1", "0.0.1") / ".dkms-install").touch()
    story.perform("an older version is there", "dkms add qxl/0.0.1")


def _elsewhere(story):
    """Sources that somebody has unpacked beside DKMS's own, one set where dkms-install would put its copy."""
    mine = _unpack(story, "mine", version())
    theirs = _unpack(story, version(), version())
    story.refuses("make does not write over sources that it has not put there", "not by this script",
                  f"make -C {TREE} dkms-install")
    good = (theirs / "dkms.conf").exists()
    story.machine.run(f"rm -r /usr/src/qxl-{version()}")
    return mine, good


def _bad_kernel(story):
    """Headers of a kernel that DKMS refuses to build for: others are installed all the same."""
    headers = story.machine.path / "usr/lib/modules/6.0.0-other/build"
    headers.mkdir(parents=True)
    (headers / "Makefile").touch()
    (headers / ".config").write_text('CONFIG_CC_VERSION_TEXT="gcc (Debian) 12"\n')
    return headers.parent


def bookworm(story):
    """By make on the older kernel; the newer one comes as an upgrade; back again; by DKMS on the newer one."""
    module_build.copy_sources(story.machine.path / TREE.lstrip("/"))
    story.refuses("make names the package of missing headers", "apt-get install linux-headers-6.0-none",
                  f"make -C {TREE} dkms-install KVER=6.0-none")
    mine, kept = _elsewhere(story)
    _old_version(story)
    other = _bad_kernel(story)
    story.perform(f"installed with {MAKE.name}, one kernel being another's", *MAKE.install)
    story.check(not (story.machine.path / "usr/src/qxl-0.0.1").exists(), "the older version is gone")
    story.check(kept and mine.exists(), "what somebody else has unpacked is left alone")
    story.machine.run(f"rm -r /usr/src/{mine.name} /usr/lib/modules/{other.name}")
    story.perform("kernel upgrade", "dpkg -i /opt/upgrade/*.deb")
    old, new = story.machine.releases()
    for release in (old, new):
        story.built(release)
    story.boots(version(), old, new)
    story.removed(MAKE)
    story.boots(IN_TREE, old, new)
    story.perform(f"installed with {DKMS.name}", *DKMS.install, release=new)
    story.built(new)
    story.boots(version(), new)
    story.removed(DKMS)


def _deb(out):
    """Build the package from the tree as it is."""
    tree = out / "tree"
    cache.remove(tree)
    module_build.copy_sources(tree)
    done = subprocess.run([tree / "scripts/deb", out / "deb"], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          check=False)
    if done.returncode:
        say.fail(f"the package does not build:\n{done.stdout}{done.stderr}")
    return pathlib.Path(done.stdout.splitlines()[-1])


def trixie(story):
    """By the package, on the newest kernel."""
    deb = _deb(story.machine.path.parent)
    (story.machine.path / DEB.lstrip("/")).write_bytes(deb.read_bytes())
    release, = story.machine.releases()
    story.perform(f"installed with {PACKAGE.name}", *PACKAGE.install)
    story.built(release)
    story.boots(version(), release)
    story.removed(PACKAGE)
    story.boots(IN_TREE, release)


STORIES = {"bookworm": (roots.BOOKWORM_MACHINE, bookworm), "trixie": (roots.TRIXIE_MACHINE, trixie)}


def run(names, out):
    """Run the named stories; the totals. Machines are removed afterwards, logs stay."""
    out.mkdir(parents=True, exist_ok=True)
    guest_run.BOOT_SECONDS = testrun.BOOT_SECONDS = BOOT_SECONDS
    totals = ktap.Totals()
    for name in names:
        root, tell = STORIES[name]
        story = Story(root, out, totals)
        tell(story)
        cache.remove(story.machine.path)
    return totals
