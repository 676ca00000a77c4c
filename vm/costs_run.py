# SPDX-License-Identifier: GPL-2.0-only
"""What presenting may cost, operation by operation of the benchmark: what vm/costs and vm/check run.

A commit writes the damaged pixels to VRAM once, with a command for each rectangle, and allocates nothing but what DRM
does.
"""

import dataclasses

import bench_profile
import bench_run
import say

_SECONDS = 300
_PIXEL_BYTES = 4
_RECTANGLE_BYTES = 256  # QXLDrawable, QXLImage, and an element of the ring


@dataclasses.dataclass(frozen=True)
class Commit:
    """An operation: the pixels that it changes, and in how many rectangles."""

    name: str
    pixels: int
    rectangles: int = 1

    def most_bytes(self):
        """What it may write."""
        return 1.05 * self.pixels * _PIXEL_BYTES + self.rectangles * _RECTANGLE_BYTES


COMMITS = (
    Commit("flip, full screen", 1920 * 1080),
    Commit("dirty, full screen", 1920 * 1080),
    Commit("dirty, one 64x64", 64 * 64),
    Commit("dirty, eight scattered 16x16", 8 * 16 * 16, 8),
    Commit("dirty, 256 scattered 8x8", 256 * 8 * 8, 256),
    Commit("cursor move", 0),
    Commit("cursor set", 64 * 64),
)


def judge(commit, counts):
    """What is wrong with an operation's counts, or an empty text."""
    written, allocations = counts.get("vram_bytes"), counts.get("driver_allocations")
    if written is None or allocations is None:
        return "it was not measured"
    if commit.pixels and written < commit.pixels * _PIXEL_BYTES / 2:
        return f"only {written:,.0f} bytes were seen to be written: is the profiler blind?"
    if written > commit.most_bytes():
        return f"{written:,.0f} bytes were written to VRAM, {commit.most_bytes():,.0f} are what it may cost"
    return f"the driver allocates {allocations:.1f} times" if allocations else ""


def run(kernel, driver, out, printer):
    """A boot of the benchmark's guest; prints every result as it comes."""
    say.step(f"what commits cost on {kernel.release}")
    bench_run.build()
    samples = bench_profile.run(kernel, driver, 1, _SECONDS, out, drivers=("ours",))
    printer.verdict("costs: the benchmark runs", "; ".join(samples.problems))
    for commit in COMMITS:
        printer.verdict(f"costs: {commit.name}", judge(commit, samples.counts.get(("ours", commit.name), {})))
