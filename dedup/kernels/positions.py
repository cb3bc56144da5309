"""Byte positions -> lines, columns and characters."""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,assignment"

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dedup.kernels import inline, kernel

_NEWLINE = 10
_BLOCK = 255


@inline
def _continues(b3, b2, b1, b0):
    """Whether byte ``b0`` belongs to the character of the bytes before it, as Python's ``errors="replace"`` cuts them.

    A well-formed prefix of a character is one character even where the rest is missing (Unicode 16, 3.9, "U+FFFD
    Substitution of Maximal Subparts"); any other byte that fits nowhere is one by itself. No branches: the loop over
    this compiles to SIMD.
    """
    cont0 = (b0 >= 0x80) & (b0 <= 0xBF)
    cont1 = (b1 >= 0x80) & (b1 <= 0xBF)
    second = cont0 & _leads(b1, b0)
    third = cont0 & (b2 >= 0xE0) & cont1 & _leads(b2, b1)
    fourth = cont0 & cont1 & (b3 >= 0xF0) & (b2 >= 0x80) & (b2 <= 0xBF) & _leads(b3, b2)
    return second | third | fourth


@inline
def _leads(lead, second):
    """Whether ``lead`` starts a character and may stand before this continuation byte (Unicode 16, table 3-7)."""
    return (
        (lead >= 0xC2)
        & (lead <= 0xF4)
        & ((lead != 0xE0) | (second >= 0xA0))
        & ((lead != 0xED) | (second <= 0x9F))
        & ((lead != 0xF0) | (second >= 0x90))
        & ((lead != 0xF4) | (second <= 0x8F))
    )


@inline
def _count(text, base, start, end):
    """Return how many characters begin, and how many lines end, in ``text[start:end]``, blind before ``base``."""
    characters = 0
    newlines = 0
    edge = min(end, max(start, base + 3))
    for i in range(start, edge):
        b1 = text[i - 1] if i > base else 0
        b2 = text[i - 2] if i > base + 1 else 0
        characters += 1 - _continues(0, b2, b1, text[i])
        newlines += text[i] == _NEWLINE
    # Counters of one byte over blocks that cannot overflow them: 32 lanes of a vector and not 4.
    for block in range(edge, end, _BLOCK):
        inside = np.uint8(0)
        breaks = np.uint8(0)
        part = text[block - 3 : min(end, block + _BLOCK)]
        for i in range(len(part) - 3):
            inside = np.uint8(inside + _continues(part[i], part[i + 1], part[i + 2], part[i + 3]))
            breaks = np.uint8(breaks + (part[i + 3] == _NEWLINE))
        characters += len(part) - 3 - np.int64(inside)
        newlines += np.int64(breaks)
    return characters, newlines


@kernel
def locate(
    text: NDArray[np.uint8],
    bases: NDArray[np.int64],
    positions: NDArray[np.int64],
    lines: NDArray[np.int64],
    columns: NDArray[np.int64],
    characters: NDArray[np.int64],
) -> None:
    r"""Fill where each position is, counted from its base.

    Parameters
    ----------
    text : uint8[total]
    bases, positions : int64[q]
        Sorted by both; ``bases[i] <= positions[i]``. Each is the edge of a character.
    lines : int64[q]
        Line breaks (``\n``, so ``\r\n`` is one) between base and position.
    columns : int64[q]
        Characters between the last of them, or the base, and the position.
    characters : int64[q]
        Characters between base and position.
    """
    base = -1
    position = 0
    n_lines = 0
    column = 0
    n_characters = 0
    for i in range(len(positions)):
        if bases[i] != base:
            base = bases[i]
            position = base
            n_lines = 0
            column = 0
            n_characters = 0
        here = positions[i]
        # No text is read twice: places in one article are taken in order.
        more, newlines = _count(text, base, position, here)
        if newlines:
            line_start = here
            while text[line_start - 1] != _NEWLINE:
                line_start -= 1
            column = _count(text, line_start, line_start, here)[0]
        else:
            column += more
        n_lines += newlines
        n_characters += more
        position = here
        lines[i] = n_lines
        columns[i] = column
        characters[i] = n_characters
