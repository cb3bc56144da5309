"""Bodies of articles -> paragraphs -> sentences, as byte spans."""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import numpy as np

from dedup.kernels import inline, kernel
from dedup.kernels.classes import class_of
from dedup.kernels.sentence import find_sentence, find_sentence_strict
from dedup.kernels.sentence_table import ATERM, CLOSE, EXTEND, SP, STERM
from dedup.kernels.vector import WIDTH, break_bits, first_bit

_TITLE = np.uint8(1)
_PARAGRAPH = np.uint8(2)
_SENTENCE = np.uint8(4)
#: Longer lines, in characters, were not wrapped by hand.
_MAX_LINE = 120
_MIN_LINE = 30
#: A shorter last line of a paragraph, as a share of the longest line, tells that it is the last.
_SHORT = 0.6


@inline
def is_wide_space(a, b, c):
    """Tell whether three bytes are a white space of three bytes, or a byte order mark."""
    if a == 0xE2:
        return (b == 0x80 and ((c >= 0x80 and c <= 0x8B) or c == 0xA8 or c == 0xA9 or c == 0xAF)) or (
            b == 0x81 and c == 0x9F
        )
    return (a == 0xE3 and b == 0x80 and c == 0x80) or (a == 0xEF and b == 0xBB and c == 0xBF)


@inline
def skip_space(text, i, end):
    """Return the first byte from ``i`` on that does not belong to white space or a byte order mark."""
    while i < end:
        byte = text[i]
        if byte == 32 or (byte >= 9 and byte <= 13) or (byte >= 28 and byte <= 31):
            i += 1
        elif byte == 0xC2 and i + 1 < end and (text[i + 1] == 0xA0 or text[i + 1] == 0x85):
            i += 2
        elif byte >= 0xE2 and i + 2 < end and is_wide_space(byte, text[i + 1], text[i + 2]):
            i += 3
        else:
            break
    return i


@inline
def skip_space_back(text, start, i):
    """Return the end of the text before ``i``, white space left out."""
    while i > start:
        byte = text[i - 1]
        if byte == 32 or (byte >= 9 and byte <= 13) or (byte >= 28 and byte <= 31):
            i -= 1
        elif byte < 0x80:
            break
        elif i - 2 >= start and text[i - 2] == 0xC2 and (byte == 0xA0 or byte == 0x85):
            i -= 2
        elif i - 3 >= start and is_wide_space(text[i - 3], text[i - 2], byte):
            i -= 3
        else:
            break
    return i


@inline
def find_break(text, i, end):
    """Return where the line that holds byte ``i`` ends, and where the next one starts."""
    while i < end:
        if i + WIDTH <= end:
            bits = break_bits(text, i)
            if bits == 0:
                i += WIDTH
                continue
            i += first_bit(bits)
        byte = text[np.uint64(i)]
        if byte >= 10 and byte <= 13:
            return i, i + 2 if byte == 13 and i + 1 < end and text[i + 1] == 10 else i + 1
        if byte == 0xE2 and i + 2 < end and text[i + 1] == 0x80 and (text[i + 2] == 0xA8 or text[i + 2] == 0xA9):
            return i, i + 3
        i += 1
    return end, end


@inline
def count_characters(text, start, end):
    """Return the number of bytes that begin a character."""
    n = 0
    for i in range(start, end):
        n += text[np.uint64(i)] < 0x80 or text[np.uint64(i)] >= 0xC0
    return n


@inline
def is_long(text, start, end):
    """Tell whether a line has more than `_MAX_LINE` characters."""
    return end - start > _MAX_LINE and count_characters(text, start, end) > _MAX_LINE


@inline
def ends_sentence(text, start, end, table):
    """Tell whether the text before ``end`` ends with a terminator or a colon, closing marks left out."""
    while end > start:
        i = end - 1
        while i > start and end - i < 4 and text[i] >= 0x80 and text[i] < 0xC0:
            i -= 1
        kind, code, _ = class_of(text, i, end, table.blocks, table.classes)
        if kind != CLOSE and kind != SP and kind != EXTEND:
            return kind == ATERM or kind == STERM or code == 0x3A
        end = i
    return False


@inline
def begins_item(text, i, end, is_apart):
    """Tell whether a line (without its indentation) begins a list item or is a Markdown heading.

    In the middle of a sentence a number or a dash may come first on a line by chance: they count where the line
    ``is_apart`` from the one before it, but for the number one.
    """
    byte = text[i]
    if byte == 0x23:
        first = i
        while i < end and text[i] == 0x23:
            i += 1
        return i < end and i - first <= 6 and text[i] == 32
    if byte == 0x2D or byte == 0x2A or byte == 0x2B:
        return i + 1 < end and text[i + 1] == 32
    if byte == 0xE2 and i + 2 < end:
        second, third = text[i + 1], text[i + 2]
        if second == 0x80:  # bullets; dashes
            return third == 0xA2 or third == 0xA3 or (is_apart and third >= 0x93 and third <= 0x95)
        # squares, circles
        return (second == 0x96 and (third == 0xA0 or third == 0xAA)) or (
            second == 0x97 and (third == 0x8F or third == 0xA6 or third == 0x8B)
        )
    first = i
    while i < end and i < first + 2 and text[i] >= 48 and text[i] <= 57:
        i += 1
    if i == first or i + 1 >= end or (text[i] != 46 and text[i] != 41) or text[i + 1] != 32:
        return False
    return is_apart or (i == first + 1 and text[first] == 49)


@inline
def line_shape(text, start, end, table):
    """Return whether a body has a blank line, and whether its lines look wrapped by hand, with their longest."""
    blank = False
    n_lines = 0
    longest = 0
    i = start
    while i < end:
        last, following = find_break(text, i, end)
        first = skip_space(text, i, last)
        if first < last:
            n_lines += 1
            if longest <= _MAX_LINE:
                longest = max(longest, count_characters(text, i, last))
        elif n_lines and following < end and skip_space(text, following, end) < end:
            blank = True
            break
        i = following
    if blank or n_lines < 3 or longest > _MAX_LINE or longest < _MIN_LINE:
        return blank, False, longest
    n_long = 0
    n_closed = 0
    i = start
    while i < end:
        last, following = find_break(text, i, end)
        if skip_space(text, i, last) < last:
            n_long += count_characters(text, i, last) >= 0.7 * longest
            n_closed += ends_sentence(text, i, last, table)
        i = following
    return blank, n_long >= 0.5 * n_lines and n_closed <= 0.6 * n_lines, longest


@inline
def find_paragraph(text, i, last, following, end, blank, wrapped, longest, table):
    """Return where the paragraph that begins with the line ``text[i:last]`` ends, and where the next line starts.

    A body with blank lines, or a wrapped one, may have several lines in a paragraph. Such a line ends one that is too
    long to be wrapped, or stands before a list item or an indented line.
    """
    if not blank and not wrapped:
        return last, following
    first = skip_space(text, i, last)
    is_item = begins_item(text, first, last, np.bool_(True))
    if is_item and text[first] == 0x23:
        return last, following
    indent = first - i
    long = is_long(text, i, last)
    while following < end and not long:
        next_last, next_following = find_break(text, following, end)
        next_first = skip_space(text, following, next_last)
        # U+2029 is a paragraph's end wherever it stands.
        if next_first == next_last or text[following - 1] == 0xA9:
            break
        closed = ends_sentence(text, i, last, table)
        if begins_item(text, next_first, next_last, closed or is_item):
            break
        next_indent = next_first - following
        deeper = next_indent > indent and not is_item
        if closed and (deeper or (next_indent >= 2 and not is_item)):
            break
        if wrapped and ((deeper and next_indent >= 2) or (closed and last - i < _SHORT * longest)):
            break
        long = is_long(text, following, next_last)
        if long:
            break
        indent = next_indent
        i = following
        last = next_last
        following = next_following
    return last, following


@kernel
def segment_bodies(
    text, offsets, body_starts, first_article, table, strict, starts, ends, articles, levels, parents
):  # fmt: skip
    """Fill the segments of articles, in text order; returns their number, ``-1`` if there are more than fit.

    ``table`` is a `SentenceTable`; the arrays behind ``strict`` are the columns of `Segments`.
    """
    n = np.int64(0)
    for article in range(len(body_starts)):
        i = body_starts[article]
        end = offsets[article + 1]
        title = skip_space(text, offsets[article], i)
        title_end = skip_space_back(text, title, i)
        n_before = n
        if n >= len(starts):
            return -1
        if title < title_end:
            write(starts, ends, levels, parents, n, title, title_end, _TITLE, np.int64(-1))
            n += 1
        blank, wrapped, longest = line_shape(text, i, end, table)
        while i < end:
            last, following = find_break(text, i, end)
            start = skip_space(text, i, last)
            if start == last:
                i = following
                continue
            last, following = find_paragraph(text, i, last, following, end, blank, wrapped, longest, table)
            last = skip_space_back(text, start, last)
            n = write_paragraph(text, start, last, table, strict, starts, ends, levels, parents, n)
            if n < 0:
                return -1
            i = following
        articles[n_before:n] = first_article + article
    return n


@inline
def write(starts, ends, levels, parents, n, start, end, level, parent):
    """Fill row ``n``."""
    starts[n] = start
    ends[n] = end
    levels[n] = level
    parents[n] = parent


@inline
def write_paragraph(text, start, end, table, strict, starts, ends, levels, parents, n):
    """Fill the rows of a paragraph and its sentences; returns the number of the next row, ``-1`` if they do not fit."""
    row = n
    i = start
    while i < end:
        following = find_sentence_strict(text, i, end, table) if strict else find_sentence(text, i, end, table)
        if n + 2 > len(starts):
            return -1
        if i == start:
            whole = following >= end
            level = np.uint8(_PARAGRAPH | _SENTENCE if whole else _PARAGRAPH)
            write(starts, ends, levels, parents, n, start, end, level, np.int64(-1))
            n += 1
            if whole:
                break
        write(starts, ends, levels, parents, n, i, skip_space_back(text, i, following), _SENTENCE, row)
        n += 1
        i = skip_space(text, following, end)
    return n
