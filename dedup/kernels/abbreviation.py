"""Words beside a terminator -> whether it belongs to an abbreviation, a name or a number, and ends nothing."""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import numpy as np

from dedup.kernels import inline
from dedup.kernels.classes import class_of
from dedup.kernels.sentence_table import (
    AFTER_ORDINAL,
    AFTER_TIME,
    BEFORE_ORDINAL,
    CAPITAL,
    EXCLAIMS,
    FNV_PRIME,
    FNV_START,
    LETTERED,
    LOWER,
    MAYBE,
    NEVER,
    NUMBERED,
    NUMERIC,
    OLETTER,
    SPEAKS,
    STARTER,
    TIME,
    UPPER,
)

#: The one small letter that is a word and may end a sentence: Russian for "I".
_YA = 0x44F
#: No word of the lists is longer, in bytes.
_MAX_WORD = 32
#: How many words a name has at most, between '"Why?"' and "asked".
_MAX_NAME = 5


@inline
def is_word_byte(byte):
    """Tell whether a byte belongs to a word: an ASCII letter or digit, or a part of anything longer."""
    return byte >= 128 or (byte >= 48 and byte <= 57) or (byte >= 65 and byte <= 90) or (byte >= 97 and byte <= 122)


@inline
def word_end(text, i, end):
    """Return where the word at ``i`` ends; it is cut at `_MAX_WORD`."""
    end = min(end, i + _MAX_WORD)
    while i < end and is_word_byte(text[i]):
        # U+2000 to U+207F are marks.
        if text[i] == 0xE2 and i + 1 < end and text[i + 1] <= 0x81:
            break
        i += 1
    return i


@inline
def ends_mark(text, start, i):
    """Tell whether a mark of U+0080 to U+00BF or of U+2000 to U+207F ends at ``i``."""
    byte = text[i - 1]
    if byte < 0x80 or i - 2 < start:
        return False
    if text[i - 2] == 0xC2:
        return True
    return i - 3 >= start and text[i - 3] == 0xE2 and (text[i - 2] == 0x80 or text[i - 2] == 0x81)


@inline
def word_start(text, start, i, dotted):
    """Return where the word that ends at ``i`` begins; ``dotted``, full stops inside it are part of it."""
    first = max(start, i - _MAX_WORD)
    while i > first:
        if is_word_byte(text[i - 1]):
            if ends_mark(text, first, i):
                break
        elif not dotted or text[i - 1] != 46 or i - 2 < first or not is_word_byte(text[i - 2]):
            # A full stop inside a word has parts on both sides.
            break
        i -= 1
    return i


@inline
def find_flags(text, start, end, table):
    """Return the flags of the word ``text[start:end]``, its ASCII letters lowered; 0 for an unknown one."""
    keys = table.word_keys
    key = FNV_START
    for i in range(start, end):
        byte = np.int64(text[i])
        if byte >= 65 and byte <= 90:
            byte += 32
        key = (key ^ byte) * FNV_PRIME & 0xFFFFFFFF
    mask = len(keys) - 1
    place = key & mask
    while keys[place] != 0:
        if keys[place] == key:
            flags = np.int64(table.word_flags[place])
            capital = text[start] >= 65 and text[start] <= 90
            return flags if capital or not flags & CAPITAL else flags & ~(NEVER | MAYBE | NUMBERED)
        place = (place + 1) & mask
    return 0


@inline
def is_starter(text, word, end, table):
    """Tell whether a word that sentences begin with, in capital and small letters, stands at ``word``."""
    last = word_end(text, word, end)
    if last < end and text[last] == 46 and last - word <= 2:
        return False
    shouted = last - word > 1 and text[word + 1] >= 65 and text[word + 1] <= 90
    return not shouted and (find_flags(text, word, last, table) & STARTER) != 0


@inline
def is_attribution(text, word, end, table):
    """Tell whether a name and a verb of speech follow a quotation."""
    if is_starter(text, word, end, table):
        return False
    for _ in range(_MAX_NAME):
        last = word_end(text, word, end)
        flags = find_flags(text, word, last, table)
        if flags & SPEAKS:
            return True
        if last == word or not ((text[word] >= 65 and text[word] <= 90) or text[word] >= 0xC3):
            return False
        word = last
        while word < end and (text[word] == 32 or text[word] == 46 or text[word] == 45 or text[word] == 39):
            word += 1
    return False


@inline
def is_exclaiming(text, start, stop, word, end, table):
    """Tell whether an exclamation mark at ``stop`` is part of a name, and no new sentence begins at ``word``."""
    first = word_start(text, start, stop, np.bool_(False))
    if first == stop or text[first] < 65 or text[first] > 90:
        return False
    return (find_flags(text, first, stop, table) & EXCLAIMS) != 0 and not is_starter(text, word, end, table)


@inline
def is_abbreviation(text, start, stop, word, end, kind, table):
    """Tell whether a full stop at ``stop`` belongs to an abbreviation, an initial or a number, and ends nothing.

    ``word`` is where the next word begins, and ``kind`` its first letter's class.
    """
    first = word_start(text, start, stop, np.bool_(True))
    part = word_start(text, start, stop, np.bool_(False))
    if part == stop or stop - first >= _MAX_WORD:
        return False
    n_digits = 0
    n_roman = 0
    for i in range(part, stop):
        n_digits += text[i] >= 48 and text[i] <= 57
        n_roman += (text[i] | 32) == 105 or (text[i] | 32) == 118 or (text[i] | 32) == 120
    if n_digits == stop - part:
        return is_ordinal(text, start, first, part, stop, word, end, kind, table)
    last_kind, code, after = class_of(text, part, stop, table.blocks, table.classes)
    if first == start and (after == stop or n_roman == stop - part) and stop - part <= 5:
        return True  # "a. Open" and "IV. Part" begin lists
    flags = find_flags(text, first, stop, table)
    if first < part and not flags:
        flags = find_flags(text, part, stop, table) & (NEVER | MAYBE)
    if flags & NEVER:
        return True
    if flags & TIME:
        return kind == NUMERIC or (find_flags(text, word, word_end(text, word, end), table) & AFTER_TIME) != 0
    if after == stop and last_kind == LOWER and (code == _YA or is_apostrophe(text, start, part)):
        return False
    if after == stop and (last_kind == UPPER or last_kind == LOWER):
        # An initial, or the last letter of one word after another: U.S., т. е.
        return not is_starter(text, word, end, table) and not (
            first == part and (find_flags_before(text, start, part, table) & LETTERED) != 0
        )
    if last_kind == OLETTER:
        # Thai has no full stop; single letters of alphabets are initials.
        return (code >= 0xE00 and code < 0xF00) or (after == stop and code < 0xE00) or flags & MAYBE != 0
    if flags & NUMBERED and (kind == NUMERIC or is_roman(text, word, end)):
        return True
    return flags & MAYBE != 0 and not is_starter(text, word, end, table)


@inline
def is_apostrophe(text, start, i):
    """Tell whether an apostrophe stands before byte ``i``, as in "can't"."""
    return i > start and (
        text[i - 1] == 39 or (i - 3 >= start and text[i - 3] == 0xE2 and text[i - 2] == 0x80 and text[i - 1] == 0x99)
    )


@inline
def is_ordinal(text, start, first, part, stop, word, end, kind, table):
    """Tell whether the number before a full stop counts: in front of a list's entry, or as in "3. Oktober"."""
    if first < part:
        return False
    if first == start:
        return stop - part <= 3
    if stop - part > 2 or kind == NUMERIC:
        return False
    if find_flags(text, word, word_end(text, word, end), table) & AFTER_ORDINAL:
        return True
    before = find_flags_before(text, start, part, table) & BEFORE_ORDINAL
    return before != 0 and not is_starter(text, word, end, table)


@inline
def find_flags_before(text, start, i, table):
    """Return the flags of the word that stands one space before byte ``i``."""
    if i - 1 <= start or text[i - 1] != 32:
        return 0
    return find_flags(text, word_start(text, start, i - 1, np.bool_(False)), i - 1, table)


@inline
def is_roman(text, i, end):
    """Tell whether a Roman number above one stands at ``i``."""
    last = i
    while last < end and (text[last] == 73 or text[last] == 86 or text[last] == 88 or text[last] == 76):
        last += 1
    if last == i or (last == i + 1 and text[i] == 73):
        return False
    return last == end or not is_word_byte(text[last])
