# SPDX-License-Identifier: GPL-2.0-only
"""What a mutant of the core changes, applied."""


class Stale(Exception):
    """A text that is to be replaced is not there, or more than once."""


def applied(core, edits):
    """The changed files, {name: text}; each text is replaced in what the ones before it left."""
    texts = {}
    for name, old, new in edits:
        text = texts.get(name) or (core / name).read_text()
        if text.count(old) != 1:
            raise Stale(f"not once, but {text.count(old)} times in core/{name}; fix the table:\n{old}")
        texts[name] = text.replace(old, new)
    return texts
