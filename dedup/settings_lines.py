"""Where the keys of a TOML file stand."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

#: A key by itself, or keys with dots between them: bare ones, and such in quotes.
_KEY = r"""(?:[\w-]+|"[^"]*"|'[^']*')"""
_KEYS = rf"{_KEY}(?:\s*\.\s*{_KEY})*"
_TABLE = re.compile(rf"\s*(\[\[?)\s*({_KEYS})\s*\]")
_PAIR = re.compile(rf"\s*({_KEYS})\s*=")

Keys = tuple[str | int, ...]


def key_lines(text: str) -> dict[Keys, int]:
    r"""Return the line of each table and key that has one of its own; entries of lists of tables count from 0.

    Examples
    --------
    >>> key_lines('seed = 1\n[[gate.ignores]]\npath = "x"\n')[("gate", "ignores", 0, "path")]
    3
    """
    lines: dict[Keys, int] = {}
    counts: Counter[Keys] = Counter()
    table: Keys = ()
    for number, line in enumerate(text.splitlines(), 1):
        if found := _TABLE.match(line):
            table = _split(found[2])
            if found[1] == "[[":
                table = (*table, counts[table])
                counts[table[:-1]] += 1
            lines.setdefault(table, number)
        elif found := _PAIR.match(line):
            lines.setdefault((*table, *_split(found[1])), number)
    return lines


def line_of(lines: dict[Keys, int], keys: Sequence[str | int]) -> int:
    """Return the line of some keys, or of the nearest that they stand in; 0 if it cannot be told."""
    return next((lines[tuple(keys[:n])] for n in range(len(keys), 0, -1) if tuple(keys[:n]) in lines), 0)


def _split(keys: str) -> Keys:
    return tuple(key.strip("\"'") for key in re.findall(_KEY, keys))
