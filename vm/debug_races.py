# SPDX-License-Identifier: GPL-2.0-only
"""KCSAN's reports in a kernel log: which races are ours, and which the kernel's own."""

import collections
import dataclasses
import re

import logscan

MODULE = "qxl"
# The accessing function and its callers, up to which a race counts as the driver's: a helper of one line, and
# what the kernel's own function for it calls. Deeper down, the kernel races with itself on our behalf.
NEAR = 3

_TITLE = re.compile(r"BUG: KCSAN: (.*)")
_RULE = re.compile(r"={40,}$")
_TIME = re.compile(r"^\[ *\d+\.\d+\](?:\[ *[TC]\d+\])? ?")
_ACCESS = re.compile(r"to 0x[0-9a-f]+ of \d+ bytes by ")
_FRAME = re.compile(r"^ *([\w.$]+)\+0x[0-9a-f]+/0x[0-9a-f]+(?: \[(\w+)\])?$")


@dataclasses.dataclass(frozen=True)
class Race:
    """One report; `stacks` has the functions of each access with their modules, the accessing one first."""

    title: str
    stacks: tuple
    text: str

    @property
    def ours(self):
        """Has the driver one of the two accesses?"""
        return any(module == MODULE for stack in self.stacks for _, module in stack[:NEAR])


def _race(lines):
    stacks = []
    for line in (_TIME.sub("", line) for line in lines):
        frame = _FRAME.match(line)
        if _ACCESS.search(line):
            stacks.append([])
        elif frame and stacks:
            stacks[-1].append(frame.groups())
    return Race(_TITLE.search(lines[0])[1], tuple(map(tuple, stacks)), "\n".join(lines))


def split(lines):
    """The reports in a log, and all its other lines. What else is wrong is no report's, even amid one."""
    races, rest, current = [], [], []
    for line in lines:
        if _TITLE.search(line):
            current = [line]
            races.append(current)
        elif current and _RULE.search(line):
            current = []
        elif current and not logscan.kernel_hit(line):
            current.append(line)
        else:
            rest.append(line)
    return [_race(race) for race in races], rest


def summary(races):
    """One line for each kind of race, the most frequent first."""
    kinds = collections.Counter(race.title for race in races)
    return [f"{count} x {title}" for title, count in kinds.most_common()]
