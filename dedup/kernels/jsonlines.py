"""Lines of JSON -> where the wanted values stand in them, checked byte by byte.

The scan accepts a line only if it is one JSON object (RFC 8259) whose wanted fields have the plain shape: strings,
whole numbers, null. Every other line is left to a reader that may take its time, so the two can never disagree.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call"
# a comparison with a tuple does not compile to two comparisons

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dedup.kernels import allocating, inline
from dedup.kernels.gather import ESCAPED, LIST, NUMBER, PLAIN, read_escape
from dedup.kernels.vector import WIDTH, first_bit, high_bits, string_bits

#: What a value is wanted for; also the columns of `kinds` and `spans`.
ID, TITLE, TEXT, DATE, SOURCE, URL, LANGUAGE, TAGS = 0, 1, 2, 3, 4, 5, 6, 7
N_ROLES = 8

# What a value is, as `_skip_value` tells.
_STRING, _INTEGER, _FLOAT, _NULL, _OTHER = 1, 2, 3, 4, 5

#: Containers deeper than this, and numbers longer, are not the scan's business.
_MAX_DEPTH = 60
_MAX_DIGITS = 300
_QUOTE, _BACKSLASH, _OPEN, _CLOSE, _OPEN_LIST, _CLOSE_LIST = 34, 92, 123, 125, 91, 93
_COMMA, _COLON, _MINUS, _PLUS, _DOT, _ZERO, _NINE = 44, 58, 45, 43, 46, 48, 57
_SPACE, _TAB, _NEWLINE, _RETURN = 32, 9, 10, 13


@inline
def _skip_space(block, i, end):
    # A line feed ends a record, so it is no white space here.
    while i < end and (block[i] == _SPACE or block[i] == _TAB or block[i] == _RETURN):
        i += 1
    return i


@inline
def _skip_string(block, i, end):
    """Return (index after the closing quote or -1, length unescaped, has escapes, has bytes over 127).

    ``i`` is the index after the opening quote.
    """
    saved = np.int64(0)  # bytes that unescaping takes away
    start = i
    escaped = False
    high = False
    while i < end:
        if i + WIDTH <= end:
            special = string_bits(block, i)
            above = high_bits(block, i)
            if special == 0:
                high |= above != 0
                i += WIDTH
                continue
            n = first_bit(special)
            high |= above & ((np.uint64(1) << np.uint64(n)) - np.uint64(1)) != 0
            i += n
        c = block[i]
        while c != _QUOTE and c != _BACKSLASH and c >= _SPACE:
            high |= c >= 128
            i += 1
            if i == end:
                return np.int64(-1), np.int64(0), False, False
            c = block[i]
        if c == _QUOTE:
            return i + 1, i - start - saved, escaped, high
        if c != _BACKSLASH:
            break
        code, after = read_escape(block, i, end)
        if code < 0:
            break
        size = 1 + (code > 0x7F) + (code > 0x7FF) + (code > 0xFFFF)
        saved += after - i - size
        escaped = True
        i = after
    return np.int64(-1), np.int64(0), False, False


@inline
def _skip_digits(block, i, end):
    while i < end and _ZERO <= block[i] <= _NINE:
        i += 1
    return i


@inline
def _skip_number(block, i, end):
    """Return (index after the number or -1, kind)."""
    start = i
    kind = _INTEGER
    if block[i] == _MINUS:
        i += 1
    digits = _skip_digits(block, i, end)
    if digits == i or (block[i] == _ZERO and digits > i + 1):
        return np.int64(-1), kind
    is_zero = block[i] == _ZERO
    i = digits
    if i < end and block[i] == _DOT:
        kind = _FLOAT
        digits = _skip_digits(block, i + 1, end)
        if digits == i + 1:
            return np.int64(-1), kind
        i = digits
    if i < end and (block[i] | 32) == 101:
        kind = _FLOAT
        i += 1
        if i < end and (block[i] == _PLUS or block[i] == _MINUS):
            i += 1
        digits = _skip_digits(block, i, end)
        if digits == i:
            return np.int64(-1), kind
        i = digits
    if i - start > _MAX_DIGITS or (kind == _INTEGER and is_zero and block[start] == _MINUS):
        return np.int64(-1), kind  # -0 means 0: not the bytes that stand there
    return i, kind


@inline
def _skip_word(block, i, end):
    """Return (index after true, false or null, or -1; kind)."""
    if i + 4 <= end and block[i] == 110 and block[i + 1] == 117 and block[i + 2] == 108 and block[i + 3] == 108:
        return i + 4, _NULL
    if i + 4 <= end and block[i] == 116 and block[i + 1] == 114 and block[i + 2] == 117 and block[i + 3] == 101:
        return i + 4, _OTHER
    if i + 5 <= end and block[i] == 102 and block[i + 1] == 97 and block[i + 2] == 108 and block[i + 3] == 115:
        return (i + 5 if block[i + 4] == 101 else np.int64(-1)), _OTHER
    return np.int64(-1), _OTHER


@inline
def _skip_scalar(block, i, end):
    """Return (index after the value or -1, kind, length of a string, has escapes, has bytes over 127)."""
    c = block[i]
    if c == _QUOTE:
        after, length, escaped, high = _skip_string(block, i + 1, end)
        return after, _STRING, length, escaped, high
    if c == _MINUS or _ZERO <= c <= _NINE:
        after, kind = _skip_number(block, i, end)
        return after, kind, np.int64(0), False, False
    after, kind = _skip_word(block, i, end)
    return after, kind, np.int64(0), False, False


@inline
def _skip_key(block, i, end):
    """Return the index of the value after ``"key" :``, from the key's opening quote on; or -1."""
    if i >= end or block[i] != _QUOTE:
        return np.int64(-1)
    i = _skip_string(block, i + 1, end)[0]
    if i < 0:
        return i
    i = _skip_space(block, i, end)
    if i >= end or block[i] != _COLON:
        return np.int64(-1)
    return _skip_space(block, i + 1, end)


@inline
def _skip_container(block, i, end):
    """Return the index after the array or object at ``i``, or -1."""
    objects = np.int64(0)  # one bit a level: 1 for an object
    depth = 0
    while i < end:
        # A value is due at i.
        opening = block[i] == _OPEN or block[i] == _OPEN_LIST
        if opening:
            is_object = block[i] == _OPEN
            depth += 1
            if depth > _MAX_DEPTH:
                return np.int64(-1)
            objects = (objects << 1) | is_object
            i = _skip_space(block, i + 1, end)
            if i < end and block[i] != (_CLOSE if is_object else _CLOSE_LIST):
                if is_object:
                    i = _skip_key(block, i, end)
                    if i < 0:
                        return i
                continue
        else:
            i = _skip_scalar(block, i, end)[0]
            if i < 0:
                return i
            i = _skip_space(block, i, end)
        while i < end and block[i] == (_CLOSE if objects & 1 else _CLOSE_LIST):
            objects >>= 1
            depth -= 1
            i += 1
            if depth == 0:
                return i
            i = _skip_space(block, i, end)
        if i >= end or block[i] != _COMMA:
            return np.int64(-1)
        i = _skip_space(block, i + 1, end)
        if objects & 1:
            i = _skip_key(block, i, end)
            if i < 0:
                return i
    return np.int64(-1)


@inline
def is_utf8(block, i, end):
    """Tell whether ``block[i:end]`` is UTF-8: shortest forms, no surrogates (Unicode 15, table 3-7)."""
    while i < end:
        if i + WIDTH <= end:
            above = high_bits(block, i)
            if above == 0:
                i += WIDTH
                continue
            i += first_bit(above)
        while i < end and block[i] < 128:
            i += 1
        if i == end:
            break
        c = np.int64(block[i])
        size = 2 + (c >= 0xE0) + (c >= 0xF0)
        if c < 0xC2 or c > 0xF4 or i + size > end:
            return False
        second = np.int64(block[i + 1])
        lowest = 0xA0 if c == 0xE0 else (0x90 if c == 0xF0 else 0x80)
        highest = 0x9F if c == 0xED else (0x8F if c == 0xF4 else 0xBF)
        if second < lowest or second > highest:
            return False
        for j in range(i + 2, i + size):
            if block[j] & 0xC0 != 0x80:
                return False
        i += size
    return True


@inline
def _same_bytes(block, start, end, values, first, last):
    if end - start != last - first:
        return False
    for j in range(end - start):  # noqa: SIM110  # compiled: any() of a generator is not
        if block[start + j] != values[first + j]:
            return False
    return True


@inline
def _take_value(block, start, end, kind, length, escaped, high, role, row, kinds, spans):
    """Note a string or number for a role; return False if it is not UTF-8, or a date with escapes."""
    if kind == _STRING:
        if (high and not is_utf8(block, start, end)) or (escaped and role == DATE):
            return False
        kinds[row, role] = ESCAPED if escaped else PLAIN
    else:
        kinds[row, role] = NUMBER
        length = end - start
    spans[row, role, 0] = start
    spans[row, role, 1] = end
    spans[row, role, 2] = length
    return True


@inline
def _scan_record(block, i, end, key_values, key_offsets, key_roles, key_ranks, row, kinds, spans, best):
    """Return the index after the object at ``i``, its wanted values noted in ``row``; -1 if it is not plain."""
    seen = np.int64(0)
    has_text = False
    best[:] = len(key_roles)
    i = _skip_space(block, i + 1, end)
    if i < end and block[i] == _CLOSE:
        return np.int64(-1)
    while i < end:
        key_start = i + 1
        value = _skip_key(block, i, end)
        if value < 0 or value >= end:
            return np.int64(-1)
        key_end = value - 1
        while block[key_end] != _QUOTE:
            key_end -= 1
        for j in range(key_start, key_end):
            if block[j] == _BACKSLASH:
                return np.int64(-1)
        if block[value] == _OPEN or block[value] == _OPEN_LIST:
            kind, length, escaped, high = _OTHER, np.int64(0), False, False
            i = _skip_container(block, value, end)
        else:
            i, kind, length, escaped, high = _skip_scalar(block, value, end)
        if i < 0:
            return i
        quoted = np.int64(kind == _STRING)
        for entry in range(len(key_roles)):
            if not _same_bytes(block, key_start, key_end, key_values, key_offsets[entry], key_offsets[entry + 1]):
                continue
            if seen >> entry & 1:
                return np.int64(-1)
            seen |= np.int64(1) << entry
            role = key_roles[entry]
            has_text |= role == TEXT and kind == _STRING
            if kind == _NULL or (kind == _STRING and length == 0):
                continue
            if role == TAGS and kind == _OTHER and block[value] == _OPEN_LIST:
                if key_ranks[entry] > best[role] or _skip_space(block, value + 1, end) == i - 1:
                    continue
                # Which of its elements are tags, whoever takes the row decides.
                best[role] = key_ranks[entry]
                kinds[row, role] = LIST
                spans[row, role, 0] = value
                spans[row, role, 1] = i
                continue
            number = (kind == _INTEGER and (role == ID or role == DATE)) or (kind == _FLOAT and role == DATE)
            if kind != _STRING and not number:
                return np.int64(-1)
            if key_ranks[entry] > best[role]:
                continue
            best[role] = key_ranks[entry]
            if not _take_value(block, value + quoted, i - quoted, kind, length, escaped, high, role, row, kinds, spans):
                return np.int64(-1)
        i = _skip_space(block, i, end)
        if i < end and block[i] == _CLOSE:
            if has_text and (kinds[row, TEXT] != 0 or kinds[row, TITLE] != 0):
                return i + 1
            return np.int64(-1)
        if i >= end or block[i] != _COMMA:
            return np.int64(-1)
        i = _skip_space(block, i + 1, end)
    return np.int64(-1)


@allocating
def scan_lines(
    block: NDArray[np.uint8],
    key_values: NDArray[np.uint8],
    key_offsets: NDArray[np.int64],
    key_roles: NDArray[np.int64],
    key_ranks: NDArray[np.int64],
    lines: NDArray[np.int64],
    plain: NDArray[np.bool_],
    kinds: NDArray[np.uint8],
    spans: NDArray[np.int64],
) -> int:
    """Find the wanted values in each line of ``block`` (whole lines; the last may lack its line feed).

    Parameters
    ----------
    block : uint8[total]
    key_values, key_offsets : uint8[...], int64[k + 1]
        The wanted keys, at most 63.
    key_roles, key_ranks : int64[k]
        What each key is wanted for (`ID` to `TAGS`), and which is taken if several are there: the lowest.
    lines : int64[n, 3]
        Filled for each line that is not blank: its number from 0, where it starts and ends. ``n`` must be at least
        the number of lines.
    plain : bool[n]
        Filled: the line was accepted; the columns below hold only then.
    kinds : uint8[n, 8]
        Zeros; filled by role.
    spans : int64[n, 8, 3]
        Filled by role: where the value starts and ends in ``block``, and its length when unescaped.

    Returns
    -------
    int
        How many lines are not blank.
    """
    best = np.empty(N_ROLES, np.int64)
    end = len(block)
    i = 0
    row = 0
    line = 0
    while i < end:
        start = i
        i = _skip_space(block, i, end)
        if i < end and block[i] == _NEWLINE:
            i += 1
            line += 1
            continue
        if i == end:
            break
        after = np.int64(-1)
        if block[i] == _OPEN:
            after = _scan_record(block, i, end, key_values, key_offsets, key_roles, key_ranks, row, kinds, spans, best)
        if after >= 0:
            after = _skip_space(block, after, end)
            if after < end and block[after] != _NEWLINE:
                after = np.int64(-1)
        plain[row] = after >= 0
        i = max(i, after)
        while i < end and block[i] != _NEWLINE:
            i += 1
        lines[row, 0] = line
        lines[row, 1] = start
        lines[row, 2] = i
        row += 1
        i += 1
        line += 1
    return row
