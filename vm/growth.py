# SPDX-License-Identifier: GPL-2.0-only
"""Decides whether a memory figure grows in the long run, from samples over time."""

import statistics

MINUTE = 60
MIN_SECONDS = 3 * MINUTE  # shorter runs have no minute to compare with
SHARE = 0.05
FLOOR_BYTES = 2 << 20


def windows(samples):
    """The values of the second minute and those of the last, from (seconds, bytes) pairs.

    The first minute is start-up: caches fill. Medians of whole minutes, because single samples of slab
    swing with whatever RCU has not freed yet.
    """
    start, end = samples[0][0], samples[-1][0]
    early = [value for at, value in samples if start + MINUTE <= at < start + 2 * MINUTE]
    late = [value for at, value in samples if at > end - MINUTE]
    return early, late


def grown(samples):
    """(second minute's median, last minute's median, has it grown?)."""
    early, late = (statistics.median(part) for part in windows(samples))
    return early, late, late - early > max(FLOOR_BYTES, SHARE * early)
