"""Lines of CSV or its like -> where the wanted values stand in them (RFC 4180, read as leniently as it is written)."""

# mypy: disable-error-code="no-untyped-def, no-untyped-call"
# a comparison with a tuple does not compile to two comparisons

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dedup.kernels import allocating, inline
from dedup.kernels.gather import DOUBLED, PLAIN, STRIDE
from dedup.kernels.jsonlines import DATE, N_ROLES, TAGS, is_utf8

_NEWLINE, _RETURN = 10, 13
#: Above every rank: nothing is taken for a role yet. Ranks are places in a list of names, however few are in a table.
_NOTHING = 1 << 62


@inline
def _skip_plain(block, i, end, delimiter):
    """Return (index of the end of the field, has bytes over 127)."""
    high = False
    while i < end:
        if i + STRIDE <= end:
            special = 0
            above = 0
            for j in range(i, i + STRIDE):
                c = block[j]
                special |= (c == delimiter) | (c == _NEWLINE) | (c == _RETURN)
                above |= c & 128
            if special == 0:
                high |= above != 0
                i += STRIDE
                continue
        while i < end:
            c = block[i]
            if c == delimiter or c == _NEWLINE or c == _RETURN:
                return i, high
            high |= c >= 128
            i += 1
            if i % STRIDE == 0:
                break
    return i, high


@inline
def _skip_quoted(block, i, end, quote, at_end):
    """Return (index of the closing quote or -1, doubled quotes, lines begun, has bytes over 127).

    ``i`` is the index after the opening quote. A quote that ends the block may be the first of two.
    """
    doubled = 0
    n_lines = 0
    high = False
    while i < end:
        if i + STRIDE <= end:
            special = 0
            above = 0
            begun = 0
            for j in range(i, i + STRIDE):
                c = block[j]
                special |= c == quote
                above |= c & 128
                begun += c == _NEWLINE
            if special == 0:
                high |= above != 0
                n_lines += begun
                i += STRIDE
                continue
        while i < end:
            c = block[i]
            if c == quote:
                break
            high |= c >= 128
            n_lines += c == _NEWLINE
            i += 1
            if i % STRIDE == 0:
                break
        if i < end and block[i] == quote:
            if i + 1 == end:
                return (i if at_end else np.int64(-1)), doubled, n_lines, high
            if block[i + 1] != quote:
                return i, doubled, n_lines, high
            doubled += 1
            i += 2
    return np.int64(-1), doubled, n_lines, high


@inline
def _take_field(block, start, end, doubled, high, roles, ranks, first, last, row, kinds, spans, best):
    """Note a field for the roles of its column; return False if the row is to be read again, slowly."""
    length = end - start - doubled
    if length == 0:
        return True
    for entry in range(first, last):
        role = roles[entry]
        if ranks[entry] >= best[role]:
            continue
        if (high and not is_utf8(block, start, end)) or (doubled > 0 and (role == DATE or role == TAGS)):
            return False
        best[role] = ranks[entry]
        kinds[row, role] = DOUBLED if doubled > 0 else PLAIN
        spans[row, role, 0] = start
        spans[row, role, 1] = end
        spans[row, role, 2] = length
    return True


@allocating
def scan_delimited(
    block: NDArray[np.uint8],
    at_end: bool,
    delimiter: int,
    quote: int,
    offsets: NDArray[np.int64],
    roles: NDArray[np.int64],
    ranks: NDArray[np.int64],
    lines: NDArray[np.int64],
    plain: NDArray[np.bool_],
    kinds: NDArray[np.uint8],
    spans: NDArray[np.int64],
    state: NDArray[np.int64],
) -> int:
    """Find the wanted values in each record of ``block``, which begins with a record.

    Parameters
    ----------
    block : uint8[total]
    at_end : bool
        No more follows: a last record without a line break is whole.
    delimiter, quote : int
        Bytes; a quote of -1 is none.
    offsets, roles, ranks : int64[c + 1], int64[k], int64[k]
        Column ``i`` is wanted for the roles (`jsonlines.ID` to `TAGS`) ``roles[offsets[i]:offsets[i + 1]]``; of the
        columns for a role, the one that is not empty and has the lowest rank is taken.
    lines : int64[n, 4]
        Filled for each record that is not a blank line: its line from 0, where it starts and ends, its fields. The
        scan ends when all ``n`` are full.
    plain : bool[n]
        Filled: the columns below hold. If not, there is text behind a closing quote, or what is no UTF-8.
    kinds, spans : uint8[n, 8], int64[n, 8, 3]
        Zeros; filled by role: where the value stands, and its length with doubled quotes made one.
    state : int64[3]
        Filled: where the scan ended, before what is not a whole record; lines up to there; whether it ended inside
        quotes.

    Returns
    -------
    int
        How many records were found.
    """
    best = np.empty(N_ROLES, np.int64)
    end = len(block)
    i = np.int64(0)
    row = 0
    line = np.int64(0)
    state[0] = 0
    state[1] = 0
    state[2] = 0
    while i < end and row < len(lines):
        if block[i] == _NEWLINE or block[i] == _RETURN:
            # A return ends a line by itself (old systems); followed by a line feed, that counts.
            line += block[i] == _NEWLINE or (i + 1 < end and block[i + 1] != _NEWLINE)
            i += 1
            state[0] = i
            state[1] = line
            continue
        start = i
        begun = np.int64(0)
        best[:] = _NOTHING
        is_plain = True
        column = 0
        whole = True
        while True:
            doubled = 0
            if i < end and block[i] == quote:
                first = i + 1
                last, doubled, n_lines, high = _skip_quoted(block, first, end, quote, at_end)
                if last < 0:
                    state[2] = 1
                    whole = False
                    break
                begun += n_lines
                i = last + 1
                if i < end and block[i] != delimiter and block[i] != _NEWLINE and block[i] != _RETURN:
                    is_plain = False
                    i, high = _skip_plain(block, i, end, delimiter)
            else:
                first = i
                i, high = _skip_plain(block, i, end, delimiter)
                last = i
            if i == end and not at_end:
                whole = False
                break
            if is_plain and column < len(offsets) - 1 and offsets[column] < offsets[column + 1]:
                is_plain = _take_field(
                    block,
                    first,
                    last,
                    doubled,
                    high,
                    roles,
                    ranks,
                    offsets[column],
                    offsets[column + 1],
                    row,
                    kinds,
                    spans,
                    best,
                )
            column += 1
            if i == end or block[i] != delimiter:
                break
            i += 1
        if not whole:
            kinds[row] = 0
            break
        lines[row, 0] = line
        lines[row, 1] = start
        lines[row, 2] = i
        lines[row, 3] = column
        plain[row] = is_plain
        row += 1
        line += begun
        state[0] = i
        state[1] = line
    return row
