# SPDX-License-Identifier: GPL-2.0-only
"""Guests that panic: what vm/panic and vm/check run.

The guest lights a screen, which the client must see, and panics (selftests/qxl_panic.c). The kernel stays where it is
then, and drm_panic's screen is what the server and the client must show on every head, pixel for pixel the same.
"""

import dataclasses
import time

import client
import guest_run
import initramfs
import logscan
import paths
import picture
import qemu
import say
import testrun

PROGRAM = "qxl_panic"
WHY = "sysrq triggered crash"
_END = f"end Kernel panic - not syncing: {WHY}"
# After that one it stays, to be looked at.
_STAY = "panic=0"
_LIT_SECONDS = 120
_PANIC_SECONDS = 60
_PICTURE_SECONDS = 30
_BLACK, _WHITE = b"\0\0\0", b"\xff\xff\xff"
_FONT_WIDTH, _FONT_HEIGHT = 16, 32  # of the larger of the kernel's fonts for screens


@dataclasses.dataclass(frozen=True)
class Scene:
    """What is on show when the kernel panics: `heads` of `width` x `height`, side by side."""

    name: str
    screen: str
    width: int
    height: int
    heads: int = 1


SCENES = (
    Scene("still", "qr_code", 1024, 768),
    Scene("heads", "user", 640, 480, heads=2),
    Scene("surface", "user", 800, 600),
)


def _pixels(image):
    return [image.data[at:at + 3] for at in range(0, len(image.data), 3)]


def _off_centre(image):
    """How far the middle of what is white is from the image's: (columns, rows), or nothing."""
    white = [at for at, pixel in enumerate(_pixels(image)) if pixel == _WHITE]
    if not white:
        return None
    columns = [at % image.width for at in white]
    rows = [at // image.width for at in white]
    return (abs(min(columns) + max(columns) + 1 - image.width) // 2,
            abs(min(rows) + max(rows) + 1 - image.height) // 2)


def judge_head(screen, image):
    """What is wrong with a head's picture as a panic screen, or an empty text."""
    pixels = _pixels(image)
    white = pixels.count(_WHITE)
    other = len(pixels) - white - pixels.count(_BLACK)
    if other:
        return f"{other} pixels are neither of the screen's colours"
    share = white / len(pixels)
    if screen == "qr_code":
        # A square of white with a code in it; a text and a logo beside it.
        return "" if 0.1 < share < 0.5 else f"{share:.1%} is white: is there no code?"
    if not 0.001 < share < 0.1:
        return f"{share:.1%} is white: is there no text?"
    # The logo is in the corner; the message is in the middle.
    quarter = image.height // 4
    off = _off_centre(image.crop(0, quarter, image.width, image.height - 2 * quarter))
    if not off:
        return "no message in the middle"
    if off[0] > _FONT_WIDTH or off[1] > 2 * _FONT_HEIGHT:
        return f"the message is {off[0]}, {off[1]} off the middle"
    return ""


def judge(scene, image):
    """The same for all heads of a scene."""
    if (image.width, image.height) != (scene.heads * scene.width, scene.height):
        return f"the picture is {image.width}x{image.height}"
    heads = [image.crop(index * scene.width, 0, scene.width, scene.height) for index in range(scene.heads)]
    for index, head in enumerate(heads):
        wrong = judge_head(scene.screen, head)
        if wrong:
            return f"head {index}: {wrong}"
    if any(head != heads[0] for head in heads):
        return "the heads differ"
    return ""


def _archive(kernel, driver, test):
    return initramfs.for_tests(kernel, driver, [paths.SELFTESTS / PROGRAM], test.manifest())


def _wait_for_panic(guest):
    """Wait for the kernel to have said all; an empty text, or what happened instead."""
    deadline = time.monotonic() + _LIT_SECONDS + _PANIC_SECONDS
    while time.monotonic() < deadline:
        if any(_END in line for line in list(guest.kernel_log.lines)):
            return ""
        if not guest.qemu.alive() or any(line.startswith("@@end") for line in list(guest.output.lines)):
            break
        time.sleep(0.1)
    return "no panic: " + " ".join(list(guest.output.lines)[-8:])


def _server_picture(guest):
    dump = guest.qemu.folder / "panic.ppm"
    guest.qemu.screendump(dump, "video0")
    return picture.read_ppm(dump)


def _verdicts(scene, guest):
    """(check, what is wrong) for what is on show."""
    deadline = time.monotonic() + _PICTURE_SECONDS
    while True:
        server = _server_picture(guest)
        wrong = judge(scene, server)
        if not wrong or time.monotonic() > deadline:
            break
        time.sleep(1)
    yield "the server shows the panic", wrong
    try:
        seen = guest.client.shot_when(lambda shot: shot == server, _PICTURE_SECONDS)
        difference = picture.compare(server, seen) if seen else "it has no picture"
    except client.ClientError as error:
        difference = error
    yield "the client shows the same", f"{difference}" if difference else ""
    if scene.name == "still":
        pointer = guest.client.cursor_when("hidden", guest_run.PICTURE_SECONDS)
        yield "no pointer is on it", "" if pointer == "hidden" else pointer


def _scene(scene, kernel, driver, out, printer):
    test = testrun.Test(scene.name, PROGRAM, (scene.name, scene.screen), _LIT_SECONDS + 2 * _PANIC_SECONDS)
    machine = qemu.Machine(append=f"{kernel.append} {_STAY}".strip())
    with guest_run.boot(machine, kernel, _archive(kernel, driver, test), out / scene.name) as guest:
        why = _wait_for_panic(guest)
        lit = any(line.startswith("ok 1 ") for line in list(guest.output.lines))
        printer.verdict(f"panic {scene.name}: the screen was lit", "" if lit else why or "it was not")
        printer.verdict(f"panic {scene.name}: the kernel panics", why)
        if not why:
            for name, wrong in _verdicts(scene, guest):
                printer.verdict(f"panic {scene.name}: {name}", wrong)
        guest.shots("panic")
        hits = guest.hits(logscan.without_panic(list(guest.kernel_log.lines), WHY))
    for hit in hits:
        print("\n".join("    " + line for line in hit.splitlines()), flush=True)
    printer.verdict(f"panic {scene.name}: clean kernel log and device", f"{len(hits)} hits" if hits else "")


def chosen(names):
    """Scenes by name, comma separated, or all."""
    known = {scene.name: scene for scene in SCENES}
    unknown = set() if names == "all" else set(names.split(",")) - set(known)
    if unknown:
        say.fail(f"no scene {', '.join(sorted(unknown))}: there are {', '.join(known)}")
    return SCENES if names == "all" else [known[name] for name in names.split(",")]


def run(kernel, driver, out, printer, scenes=SCENES):
    """Run scenes, a boot each; prints every result as it comes."""
    for scene in scenes:
        say.step(f"panic: {scene.name} on {kernel.release}")
        _scene(scene, kernel, driver, out, printer)
