# SPDX-License-Identifier: GPL-2.0-only
"""Finds what a healthy run never prints, in a kernel log and in QEMU's own messages."""

import re

# Case matters: kernels announce 'kfence: initialized' or 'kasan: ...' in lower case, reports are upper.
_KERNEL = re.compile("|".join((
    r"\[ cut here \]",
    r"\bWARNING: ",
    r"\bBUG: |kernel BUG at",
    r"\bOops\b",
    r"\b(KFENCE|KASAN|KCSAN|KMSAN|UBSAN): ",
    r"general protection fault|unable to handle (page|kernel)|invalid opcode: ",
    r"blocked for more than \d+|\bhung task\b|hung_task: ",
    r"possible circular locking|possible recursive locking|possible irq lock inversion",
    r"inconsistent lock state|bad unlock balance|held lock freed|lock held when returning",
    r"suspicious RCU usage|DEBUG_LOCKS_WARN_ON|possible deadlock",
    r"sleeping function called from invalid context|scheduling while atomic",
    r"rcu.*(self-detected stall|detected stalls|detected expedited stalls|kthread starved)",
    r"soft lockup|hard LOCKUP",
    r"Kernel panic - not syncing|not syncing: ",
    r"refcount_t: |list_(add|del) corruption",
    r"kmemleak: \d+ new suspected",
    r"\bCall Trace:",
    r"\bBUG [\w.-]+ \(",  # SLUB: redzone, poison, double free
    r"trying to register non-static key",
    r"module verification failed: .*tampered",
)))

# What boots print although nothing is wrong. `Command line` echoes our own parameter names.
_NOISE = re.compile("|".join((
    r"ommand line: ",
    r"WARNING: .*(firmware|BIOS|ACPI|MTRR|Spectre|Retbleed|mitigation)",
    r"mitigation(s)? off",
)))

_QEMU = re.compile(r"guest bug|guest_bug|-(CRITICAL|ERROR) \*\*|[Aa]ssertion.*failed|qemu.*: (error|fatal)"
                   r"|terminating on signal (?!15)")

# The selftest qxl_reset breaks a rule on purpose: it writes to a port that no protocol version has.
_PROVOKED = re.compile(r"guest bug: ioport_write: unexpected ioport=0x1f$")


def kernel_hit(line):
    """Does this line of a kernel log mean that something is broken?"""
    return bool(_KERNEL.search(line)) and not _NOISE.search(line)


def without_panic(lines, why):
    """The lines of a kernel log without those that tell of a panic that was wanted: its reason, twice, and that a
    trace follows. What else is said there counts."""
    rest, traces = [], 0
    for line in lines:
        if line.endswith(f"Kernel panic - not syncing: {why}"):
            traces = 1
        elif line.rstrip("-] ").endswith(f"end Kernel panic - not syncing: {why}"):
            traces = 0
        elif traces and line.endswith("Call Trace:"):
            traces = 0
        else:
            rest.append(line)
    return rest


def qemu_hit(line):
    """Does this line of QEMU's stderr mean that the guest broke a device rule, or QEMU itself did?"""
    return bool(_QEMU.search(line)) and not _PROVOKED.search(line)


def excerpts(lines, is_hit, before=2, after=30):
    """Every hit with the lines around it, overlapping ones joined: a list of texts."""
    spans = []
    for number, line in enumerate(lines):
        if not is_hit(line):
            continue
        start, end = max(0, number - before), min(len(lines), number + after + 1)
        if spans and start <= spans[-1][1]:
            spans[-1][1] = end
        else:
            spans.append([start, end])
    return ["\n".join(lines[start:end]) for start, end in spans]
