# SPDX-License-Identifier: GPL-2.0-only
"""Pictures as plain RGB bytes: read PPM, write PNG, compare pixel for pixel. No library needed."""

import dataclasses
import re
import struct
import zlib


@dataclasses.dataclass(frozen=True)
class Picture:
    """`data` is width * height * 3 bytes, red first."""

    width: int
    height: int
    data: bytes

    def pixel(self, x, y):
        """One pixel as RRGGBB."""
        start = 3 * (y * self.width + x)
        return self.data[start:start + 3].hex().upper()

    def rows(self, first, last):
        """The bytes of rows first..last-1."""
        return self.data[first * self.width * 3:last * self.width * 3]

    def crop(self, x, y, width, height):
        """A rectangle of it."""
        rows = (self.data[3 * (row * self.width + x):3 * (row * self.width + x + width)]
                for row in range(y, y + height))
        return Picture(width, height, b"".join(rows))


def read_ppm(path):
    """Read a binary PPM with 8 bits per channel."""
    with open(path, "rb") as handle:
        raw = handle.read()
    match = re.match(rb"P6(?:\s+|#.*\n)+(\d+)\s+(\d+)\s+255\s", raw)
    if not match:
        raise ValueError(f"{path} is not an 8-bit binary PPM")
    width, height = int(match.group(1)), int(match.group(2))
    data = raw[match.end():]
    if len(data) != width * height * 3:
        raise ValueError(f"{path}: {len(data)} bytes of pixels for {width}x{height}")
    return Picture(width, height, data)


def write_ppm(path, image):
    """Write a binary PPM."""
    with open(path, "wb") as handle:
        handle.write(b"P6\n%d %d\n255\n" % (image.width, image.height) + image.data)


def _chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def write_png(path, image):
    """Write a PNG; every row uses filter 0, zlib does the rest."""
    size = image.width * 3
    raw = b"".join(b"\0" + image.data[y * size:(y + 1) * size] for y in range(image.height))
    with open(path, "wb") as handle:
        handle.write(b"\x89PNG\r\n\x1a\n"
                     + _chunk(b"IHDR", struct.pack(">IIBBBBB", image.width, image.height, 8, 2, 0, 0, 0))
                     + _chunk(b"IDAT", zlib.compress(raw, 3)) + _chunk(b"IEND", b""))


@dataclasses.dataclass(frozen=True)
class Difference:
    """How many pixels differ, and the first of them."""

    count: int
    x: int
    y: int
    want: str
    got: str

    def __str__(self):
        return f"{self.count} first {self.x} {self.y} want {self.want} got {self.got}"


def compare(want, got):
    """None when equal. Another size differs in every pixel, and 'want' and 'got' are then sizes."""
    if (want.width, want.height) != (got.width, got.height):
        return Difference(want.width * want.height, 0, 0, f"{want.width}x{want.height}",
                          f"{got.width}x{got.height}")
    if want.data == got.data:
        return None
    count, first = 0, None
    size = want.width * 3
    for y in range(want.height):
        left, right = want.data[y * size:(y + 1) * size], got.data[y * size:(y + 1) * size]
        if left == right:
            continue
        for x in range(want.width):
            if left[3 * x:3 * x + 3] != right[3 * x:3 * x + 3]:
                count += 1
                first = first or (x, y)
    return Difference(count, *first, want.pixel(*first), got.pixel(*first))
