"""Bodies of articles -> paragraphs -> sentences, as byte spans."""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import numpy as np

from dedup.kernels import inline, kernel
from dedup.kernels.sentence_table import (
    ATERM,
    BLOCK_BITS,
    CLOSE,
    CR,
    EXTEND,
    FLAG_MAYBE,
    FLAG_MONTH,
    FLAG_NEVER,
    FLAG_STARTER,
    FORMAT,
    LF,
    LOWER,
    NUMERIC,
    OLETTER,
    SCONTINUE,
    SEP,
    SP,
    STERM,
    UPPER,
)
from dedup.kernels.tokenize import decode

_TITLE = np.uint8(1)
_PARAGRAPH = np.uint8(2)
_SENTENCE = np.uint8(4)
_FNV_START = np.uint64(0xCBF29CE484222325)
_FNV_PRIME = np.uint64(0x100000001B3)
_ELLIPSIS = 0x2026
_GREEK_QUESTION = 0x37E
#: A longer word is no abbreviation.
_MAX_WORD = 24
#: How far ahead a lower-case letter is looked for behind a full stop (UAX #29 SB8 sets no limit).
_MAX_AHEAD = 200


@inline
def class_of(code, blocks, classes, strict):
    """Return the Sentence_Break class of a code point; what is mended has more terminators than the standard."""
    if code < 0:
        return 0
    found = np.int64(classes[blocks[code >> BLOCK_BITS] + (code & ((1 << BLOCK_BITS) - 1))])
    if found == FORMAT:
        return EXTEND
    if not strict:
        if code == _ELLIPSIS:
            return ATERM
        if code == _GREEK_QUESTION:
            return STERM
        if found == CR or found == LF or found == SEP:
            # Inside a paragraph a line's end is white space: text is wrapped by hand.
            return SP
    return found


@inline
def skip_space(text, i, end):
    """Return the first byte from ``i`` on that does not belong to white space or a byte order mark."""
    while i < end:
        byte = text[i]
        if byte == 32 or (byte >= 9 and byte <= 13) or (byte >= 28 and byte <= 31):
            i += 1
        elif byte == 0xC2 and i + 1 < end and (text[i + 1] == 0xA0 or text[i + 1] == 0x85):
            i += 2
        elif i + 2 < end and is_wide_space(byte, text[i + 1], text[i + 2]):
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
        elif i - 2 >= start and text[i - 2] == 0xC2 and (byte == 0xA0 or byte == 0x85):
            i -= 2
        elif i - 3 >= start and is_wide_space(text[i - 3], text[i - 2], byte):
            i -= 3
        else:
            break
    return i


@inline
def is_wide_space(a, b, c):
    """Tell whether three bytes are a white space of three bytes, or a byte order mark."""
    if a == 0xE2:
        return (b == 0x80 and ((c >= 0x80 and c <= 0x8B) or c == 0xA8 or c == 0xA9 or c == 0xAF)) or (
            b == 0x81 and c == 0x9F
        )
    return (a == 0xE3 and b == 0x80 and c == 0x80) or (a == 0xEF and b == 0xBB and c == 0xBF)


@inline
def find_break(text, i, end):
    """Return where the line that holds byte ``i`` ends, and where the next one starts."""
    while i < end:
        byte = text[i]
        if byte == 10 or byte == 11 or byte == 12:
            return i, i + 1
        if byte == 13:
            return i, i + 2 if i + 1 < end and text[i + 1] == 10 else i + 1
        if byte == 0xE2 and i + 2 < end and text[i + 1] == 0x80 and (text[i + 2] == 0xA8 or text[i + 2] == 0xA9):
            return i, i + 3
        i += 1
    return end, end


@inline
def begins_item(text, i, end):
    """Tell whether a line (without its indentation) begins a list item or is a Markdown heading."""
    byte = text[i]
    if byte == 35:
        while i < end and text[i] == 35:
            i += 1
        return i < end and text[i] == 32
    if byte == 45 or byte == 42 or byte == 43:
        return i + 1 < end and text[i + 1] == 32
    if byte == 0xE2 and i + 3 < end and text[i + 1] == 0x80 and text[i + 2] == 0xA2:
        return text[i + 3] == 32
    first = i
    while i < end and i < first + 2 and text[i] >= 48 and text[i] <= 57:
        i += 1
    return i > first and i + 1 < end and (text[i] == 46 or text[i] == 41) and text[i + 1] == 32


@inline
def ends_sentence(text, start, end):
    """Tell whether the text before ``end`` ends with a stop, a quotation mark or bracket behind it left out."""
    i = end
    while i > start and (text[i - 1] == 34 or text[i - 1] == 39 or text[i - 1] == 41):
        i -= 1
    if i - 3 >= start and text[i - 3] == 0xE2 and text[i - 2] == 0x80 and text[i - 1] == 0x9D:
        i -= 3
    return i > start and (text[i - 1] == 46 or text[i - 1] == 33 or text[i - 1] == 63 or text[i - 1] == 58)


@inline
def line_shape(text, start, end):
    """Return whether a body has a blank line, and whether its lines look wrapped by hand, with their longest."""
    blank = False
    lines = 0
    longest = 0
    i = start
    while i < end:
        last, following = find_break(text, i, end)
        first = skip_space(text, i, last)
        if first < last:
            lines += 1
            longest = max(longest, last - i)
        elif lines and following < end and skip_space(text, following, end) < end:
            blank = True
            break
        i = following
    if blank or lines < 3 or longest > 110 or longest < 30:
        return blank, False, longest
    long_lines = 0
    closed = 0
    i = start
    while i < end:
        last, following = find_break(text, i, end)
        if skip_space(text, i, last) < last:
            long_lines += last - i >= 0.7 * longest
            closed += ends_sentence(text, i, skip_space_back(text, i, last))
        i = following
    return blank, long_lines >= 0.5 * lines and closed <= 0.6 * lines, longest


@kernel
def segment_bodies(
    text, offsets, body_starts, first_article, blocks, classes, stops, word_keys, word_flags, strict, starts, ends,
    articles, levels, parents,
):  # fmt: skip
    """Fill the segments of articles, in text order; returns their number, ``-1`` if there are more than fit."""
    n = 0
    for article in range(len(body_starts)):
        title = skip_space(text, offsets[article], body_starts[article])
        title_end = skip_space_back(text, title, body_starts[article])
        i = body_starts[article]
        end = offsets[article + 1]
        if n + 2 >= len(starts):
            return -1
        if title < title_end:
            starts[n] = title
            ends[n] = title_end
            levels[n] = _TITLE
            parents[n] = -1
            articles[n] = first_article + article
            n += 1
        blank, wrapped, longest = line_shape(text, i, end)
        while i < end:
            i = skip_space_line(text, i, end)
            if i >= end:
                break
            paragraph_end, i_next = find_paragraph(text, i, end, blank, wrapped, longest)
            start = skip_space(text, i, paragraph_end)
            stop = skip_space_back(text, start, paragraph_end)
            i = i_next
            if start >= stop:
                continue
            row = n
            if n + 2 >= len(starts):
                return -1
            starts[n] = start
            ends[n] = stop
            levels[n] = _PARAGRAPH
            parents[n] = -1
            articles[n] = first_article + article
            n += 1
            at = start
            while at < stop:
                following = find_sentence(text, at, stop, blocks, classes, stops, word_keys, word_flags, strict)
                if at == start and following >= stop:
                    levels[row] = _PARAGRAPH | _SENTENCE
                    break
                if n + 2 >= len(starts):
                    return -1
                starts[n] = at
                ends[n] = skip_space_back(text, at, following)
                levels[n] = _SENTENCE
                parents[n] = row
                articles[n] = first_article + article
                n += 1
                at = skip_space(text, following, stop)
    return n


@inline
def skip_space_line(text, i, end):
    """Return the start of the first line from ``i`` on that has more than white space; its indentation is kept."""
    while i < end:
        last, following = find_break(text, i, end)
        if skip_space(text, i, last) < last:
            return i
        i = following
    return end


@inline
def find_paragraph(text, i, end, blank, wrapped, longest):
    """Return where the paragraph that begins with the line at ``i`` ends, and where the next line starts."""
    last, following = find_break(text, i, end)
    first = skip_space(text, i, last)
    indent = first - i
    heading = text[first] == 35 and begins_item(text, first, last)
    while following < end and not heading:
        if not blank and not wrapped:
            break
        next_last, next_following = find_break(text, following, end)
        next_first = skip_space(text, following, next_last)
        if next_first == next_last or begins_item(text, next_first, next_last):
            break
        # U+2029 is a paragraph's end wherever it stands.
        if text[following - 1] == 0xA9 and following - 3 >= i and text[following - 3] == 0xE2:
            break
        if wrapped and not blank:
            next_indent = next_first - following
            if next_indent >= 2 and next_indent > indent:
                break
            if last - i < 0.6 * longest and ends_sentence(text, i, skip_space_back(text, i, last)):
                break
            indent = next_indent
        i = following
        last = next_last
        following = next_following
    return last, following


@inline
def find_flags(key, word_keys, word_flags):
    """Return the flags of a word's hash, 0 for an unknown one."""
    low = 0
    high = len(word_keys)
    while low < high:
        middle = (low + high) // 2
        if word_keys[middle] < key:
            low = middle + 1
        else:
            high = middle
    return np.int64(word_flags[low]) if low < len(word_keys) and word_keys[low] == key else 0


@inline
def is_word_byte(byte):
    """Tell whether a byte belongs to a word: an ASCII letter or digit, or a part of anything longer."""
    return byte >= 128 or (byte >= 48 and byte <= 57) or (byte >= 65 and byte <= 90) or (byte >= 97 and byte <= 122)


@inline
def flags_of(text, start, end, word_keys, word_flags):
    """Return the flags of the word ``text[start:end]``, its ASCII letters lowered."""
    key = _FNV_START
    for i in range(start, end):
        byte = text[i]
        if byte >= 65 and byte <= 90:
            byte += 32
        key = np.uint64((key ^ np.uint64(byte)) * _FNV_PRIME)
    return find_flags(key, word_keys, word_flags)


@inline
def is_not_end(text, start, stop_at, following, end, next_class, blocks, classes, word_keys, word_flags):
    """Tell whether a full stop at ``stop_at`` belongs to an abbreviation, an initial or a number, and ends nothing.

    ``following`` is where the next word begins, ``next_class`` its first letter's class.
    """
    first = stop_at
    while first > start and stop_at - first < _MAX_WORD and is_word_byte(text[first - 1]):
        # U+2000 to U+206F are marks: quotation marks and dashes are no part of a word.
        if first - 3 >= start and text[first - 3] == 0xE2 and text[first - 2] == 0x80 and text[first - 1] >= 128:
            break
        first -= 1
    if first == stop_at or stop_at - first >= _MAX_WORD:
        return False
    next_end = following
    while next_end < end and next_end - following < _MAX_WORD and is_word_byte(text[next_end]):
        next_end += 1
    next_flags = flags_of(text, following, next_end, word_keys, word_flags)
    starter = (next_flags & FLAG_STARTER) != 0 and not (next_end < end and text[next_end] == 46)
    digits = 0
    for i in range(first, stop_at):
        digits += text[i] >= 48 and text[i] <= 57
    if digits == stop_at - first:
        # "1. First" begins a list; "3. Oktober" is a date.
        return first == start or (digits <= 2 and (next_flags & FLAG_MONTH) != 0)
    code, after = decode(text, first, stop_at)
    kind = class_of(code, blocks, classes, False)
    dotted = first - 1 > start and text[first - 1] == 46 and is_word_byte(text[first - 2])
    if after == stop_at and (kind == UPPER or (kind == LOWER and dotted)):
        # An initial, or the last letter of one abbreviated word after another: U.S., a.m., т. е.
        return not starter
    flags = flags_of(text, first, stop_at, word_keys, word_flags)
    if flags & FLAG_NEVER:
        return next_class == NUMERIC or next_class == UPPER or next_class == OLETTER or not starter
    if flags & FLAG_MAYBE or dotted:
        return not starter and next_class != STERM
    return False


@inline
def find_sentence(text, start, end, blocks, classes, stops, word_keys, word_flags, strict):
    """Return where the sentence that begins at ``start`` ends, the white space behind it included.

    The rules SB3 to SB998 of UAX #29; without ``strict``, lines do not end sentences, and what news needs is mended.
    Longer than other functions: it is the standard's list of rules.
    """
    i = start
    before = 0
    while i < end:
        if not strict:
            while i < end and not stops[text[i]]:
                i += 1
            if i >= end:
                break
        code, after = decode(text, i, end)
        kind = class_of(code, blocks, classes, strict)
        if strict and (kind == CR or kind == LF or kind == SEP):
            if kind == CR and after < end and text[after] == 10:
                return after + 1
            return after
        if kind != ATERM and kind != STERM:
            if kind != EXTEND:
                before = kind
            i = after
            continue
        stop_at = i
        if not strict and i > start:
            # Between stops nothing was looked at: what stands before this one is wanted for SB7 only.
            byte = text[i - 1]
            before = UPPER if byte >= 65 and byte <= 90 else LOWER if byte >= 97 and byte <= 122 else 0
        i = after
        # Extend* Close* Sp* ParaSep?, each with the marks on it (SB5, SB8 to SB11)
        closed = i
        stage = 0
        spaces = i
        next_code = np.int64(-1)
        next_kind = 0
        found_line = False
        while i < end:
            next_code, after = decode(text, i, end)
            next_kind = class_of(next_code, blocks, classes, strict)
            if next_kind == EXTEND:
                i = after
                if stage == 0:
                    closed = i
                spaces = i
                continue
            if next_kind == CLOSE and stage == 0:
                i = after
                closed = i
                spaces = i
                continue
            if next_kind == SP:
                stage = 1
                i = after
                spaces = i
                continue
            if strict and (next_kind == CR or next_kind == LF or next_kind == SEP):
                found_line = True
                i = after + 1 if next_kind == CR and after < end and text[after] == 10 else after
            break
        if i >= end:
            return end
        if found_line:
            return i
        direct = i == stop_at + 1 or (closed == i and stage == 0 and i - stop_at <= 3 and text[stop_at] >= 128)
        if next_kind == ATERM or next_kind == STERM or next_kind == SCONTINUE:  # SB8a
            before = 0
            continue
        if kind == ATERM:
            if direct and next_kind == NUMERIC:  # SB6
                before = NUMERIC
                continue
            if direct and next_kind == UPPER and (before == UPPER or before == LOWER):  # SB7
                continue
            # SB8
            j = i
            lower = False
            while j < end and j - i < _MAX_AHEAD:
                ahead_code, j_after = decode(text, j, end)
                ahead = class_of(ahead_code, blocks, classes, strict)
                if ahead == LOWER:
                    lower = True
                    break
                if (
                    ahead == OLETTER
                    or ahead == UPPER
                    or ahead == ATERM
                    or ahead == STERM
                    or ahead == CR
                    or ahead == LF
                    or ahead == SEP
                ):
                    break
                j = j_after
            if lower:
                continue
        if not strict:
            # '"Stop!" he said.' is one sentence.
            if next_kind == LOWER:
                continue
            if kind == ATERM:
                # "a.b" and "v1.x" are words; a stop without white space ends a sentence behind a quotation mark only.
                if stage == 0 and closed == stop_at + 1 and text[stop_at] == 46:
                    continue
                word = i
                while word < end:
                    # The next word, its opening quotation marks and brackets left out.
                    word_code, word_after = decode(text, word, end)
                    if class_of(word_code, blocks, classes, strict) != CLOSE:
                        break
                    word = word_after
                if closed == stop_at + 1 and is_not_end(
                    text, start, stop_at, word, end, next_kind, blocks, classes, word_keys, word_flags
                ):
                    continue
        return spaces
    return end
