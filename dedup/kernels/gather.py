"""Values found in a block of bytes -> one after the other in a text buffer, JSON escapes undone."""

# mypy: disable-error-code="no-untyped-def, no-untyped-call"
# a comparison with a tuple does not compile to two comparisons

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dedup.kernels import inline, kernel
from dedup.kernels.vector import WIDTH, backslash_bits, copy_stretch, first_bit

# Where the value of a role was found, in `kinds` (0: nowhere).
PLAIN = 1  #: a string without escapes: its bytes are the value
ESCAPED = 2  #: a string with escapes
NUMBER = 3  #: a number: its bytes as they stand
EXTRA = 4  #: not in the block but in the bytes beside it
LIST = 5  #: an array, to be replaced before anything is written
DOUBLED = 6  #: a quoted field of a table with doubled quotes in it

#: Bytes looked at at once: a loop of fixed length without a branch, which becomes vector instructions.
STRIDE = 32

_QUOTE, _BACKSLASH, _SLASH, _ZERO, _NINE = 34, 92, 47, 48, 57


@inline
def _hex4(block, i, end):
    """Return the number of the four hexadecimal digits at ``i``, or -1."""
    if i + 4 > end:
        return np.int64(-1)
    number = np.int64(0)
    for j in range(i, i + 4):
        c = np.int64(block[j])
        if _ZERO <= c <= _NINE:
            number = number * 16 + (c - _ZERO)
        elif 97 <= (c | 32) <= 102:
            number = number * 16 + ((c | 32) - 87)
        else:
            return np.int64(-1)
    return number


@inline
def read_escape(block, i, end):
    """Return (code point or -1, index after it) of the escape whose backslash is at ``i``; -1 for half a pair too."""
    if i + 1 >= end:
        return np.int64(-1), i
    c = np.int64(block[i + 1])
    if c == _QUOTE or c == _BACKSLASH or c == _SLASH:
        return c, i + 2
    if c == 110:
        return np.int64(10), i + 2
    if c == 116:
        return np.int64(9), i + 2
    if c == 114:
        return np.int64(13), i + 2
    if c == 98:
        return np.int64(8), i + 2
    if c == 102:
        return np.int64(12), i + 2
    if c != 117:
        return np.int64(-1), i
    code = _hex4(block, i + 2, end)
    if code < 0xD800 or code > 0xDFFF:
        return code, i + 6
    if code > 0xDBFF or i + 8 > end or block[i + 6] != _BACKSLASH or block[i + 7] != 117:
        return np.int64(-1), i
    low = _hex4(block, i + 8, end)
    if low < 0xDC00 or low > 0xDFFF:
        return np.int64(-1), i
    return 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00), i + 12


@inline
def _write_code(code, out, to):
    """Write a code point as UTF-8 and return the index after it."""
    if code < 0x80:
        out[to] = code
        return to + 1
    if code < 0x800:
        out[to] = 0xC0 | code >> 6
        out[to + 1] = 0x80 | code & 0x3F
        return to + 2
    if code < 0x10000:
        out[to] = 0xE0 | code >> 12
        out[to + 1] = 0x80 | code >> 6 & 0x3F
        out[to + 2] = 0x80 | code & 0x3F
        return to + 3
    out[to] = 0xF0 | code >> 18
    out[to + 1] = 0x80 | code >> 12 & 0x3F
    out[to + 2] = 0x80 | code >> 6 & 0x3F
    out[to + 3] = 0x80 | code & 0x3F
    return to + 4


@inline
def _copy(source, start, end, out, to):
    """Copy ``source[start:end]`` and return the index after it."""
    while start + WIDTH <= end:
        copy_stretch(source, start, out, to)
        start += WIDTH
        to += WIDTH
    while start < end:
        out[to] = source[start]
        start += 1
        to += 1
    return to


@inline
def _write_escaped(block, i, end, out, to):
    """Write the string ``block[i:end]`` unescaped and return the index after it; the scan has checked it."""
    while i < end:
        if i + WIDTH <= end and to + WIDTH <= len(out):
            # What is copied behind a backslash is written over.
            copy_stretch(block, i, out, to)
            n = first_bit(backslash_bits(block, i))
            i += n
            to += n
            if n == WIDTH:
                continue
        while i < end and block[i] != _BACKSLASH:
            out[to] = block[i]
            to += 1
            i += 1
        if i < end:
            code, i = read_escape(block, i, end)
            to = _write_code(code, out, to)
    return to


@kernel
def write_values(
    block: NDArray[np.uint8],
    extra: NDArray[np.uint8],
    rows: NDArray[np.int64],
    roles: NDArray[np.int64],
    kinds: NDArray[np.uint8],
    spans: NDArray[np.int64],
    out: NDArray[np.uint8],
) -> None:
    """Write the values of some roles (columns) of some rows one after the other, as UTF-8.

    Parameters
    ----------
    block : uint8[total]
        Where the spans of all other kinds point to.
    extra : uint8[...]
        Where the spans of kind `EXTRA` point to.
    rows, roles : int64[n], int64[m]
        All the roles of the first row, then those of the next.
    kinds, spans : uint8[n, m], int64[n, m, 3]
    out : uint8[...]
        Filled; as long as the sum of the lengths.
    """
    to = 0
    for row in rows:
        for role in roles:
            kind = kinds[row, role]
            start = spans[row, role, 0]
            end = spans[row, role, 1]
            if kind == ESCAPED:
                to = _write_escaped(block, start, end, out, to)
            elif kind == DOUBLED:
                while start < end:
                    out[to] = block[start]
                    start += 1 + (block[start] == _QUOTE and start + 1 < end and block[start + 1] == _QUOTE)
                    to += 1
            elif kind == EXTRA:
                to = _copy(extra, start, end, out, to)
            elif kind != 0:
                to = _copy(block, start, end, out, to)
