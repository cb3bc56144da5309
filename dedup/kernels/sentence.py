"""Text -> where its sentences end: by UAX #29 alone, and mended for news."""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import numpy as np

from dedup.kernels import inline
from dedup.kernels.abbreviation import is_abbreviation, is_attribution, is_exclaiming, word_end
from dedup.kernels.classes import class_of, is_letter, pass_class
from dedup.kernels.sentence_table import (
    ATERM,
    CLOSE,
    CR,
    EXTEND,
    LF,
    LOWER,
    NUMERIC,
    OLETTER,
    OPEN,
    OTHER,
    SCONTINUE,
    SEP,
    SP,
    STERM,
    UPPER,
)
from dedup.kernels.vector import WIDTH, first_bit, stop_bits

_ELLIPSIS = 0x2026
#: How long a note in brackets behind a sentence may be, in bytes.
_MAX_NOTE = 32
#: How many characters a name and a verb of speech have at most, in Chinese.
_MAX_NAME = 5
#: How far back the start of an address is looked for.
_MAX_ADDRESS = 400


@inline
def find_sentence_strict(text, start, end, table):
    """Return where the sentence that begins at ``start`` ends by the rules SB3 to SB998 of UAX #29.

    Each stage looks over Extend and Format, which SB5 takes out of all other rules.
    """
    blocks, classes = table.blocks, table.strict
    before = OTHER
    i = start
    while i < end:
        kind, _, after = class_of(text, i, end, blocks, classes)
        if kind == CR or kind == LF or kind == SEP:  # SB3, SB4
            return after + 1 if kind == CR and after < end and text[after] == 10 else after
        if kind != ATERM and kind != STERM:
            before = before if kind == EXTEND else kind
            i = after
            continue
        stop = pass_class(text, after, end, blocks, classes, np.int64(EXTEND))
        closed = pass_class(text, stop, end, blocks, classes, np.int64(CLOSE))
        i = pass_class(text, closed, end, blocks, classes, np.int64(SP))
        if i >= end:
            return end
        following, _, after = class_of(text, i, end, blocks, classes)
        if following == CR or following == LF or following == SEP:  # SB9 to SB11
            return after + 1 if following == CR and after < end and text[after] == 10 else after
        is_letter = before == UPPER or before == LOWER
        before = OTHER
        if following == ATERM or following == STERM or following == SCONTINUE:  # SB8a
            continue
        if kind == ATERM and (
            (i == stop and following == NUMERIC)  # SB6
            or (i == stop and following == UPPER and is_letter)  # SB7
            or leads_to_lower(text, i, end, blocks, classes)  # SB8
        ):
            continue
        return i
    return end


@inline
def leads_to_lower(text, i, end, blocks, classes):
    """Tell whether the first letter, terminator or line's end from ``i`` on is a lower-case letter."""
    while i < end:
        kind, _, i = class_of(text, i, end, blocks, classes)
        if kind == LOWER:
            return True
        if (kind >= UPPER and kind <= OLETTER) or (kind >= CR and kind <= SEP) or kind == ATERM or kind == STERM:
            return False
    return False


@inline
def find_sentence(text, start, end, table):
    """Return where the sentence that begins at ``start`` ends, the white space behind it included."""
    blocks, classes, stops = table.blocks, table.classes, table.stops
    i = start
    while True:
        while i < end:
            if i + WIDTH <= end:
                bits = stop_bits(text, i)
                i += first_bit(bits)
                if bits == 0:
                    continue
            if stops[text[np.uint64(i)]]:
                break
            i += 1
        if i >= end:
            return end
        kind, code, after = class_of(text, i, end, blocks, classes)
        if kind != ATERM and kind != STERM and not (code == 0x3B and is_greek(text, start, i)):
            i = after
            continue
        first_stop = i
        sharp = kind != ATERM
        while after < end:
            kind, _, following = class_of(text, after, end, blocks, classes)
            if kind != ATERM and kind != STERM and kind != EXTEND:
                break
            sharp |= kind == STERM
            after = following
        closed = pass_closers(text, after, end, blocks, classes)
        i = pass_spaces(text, closed, end, blocks, classes)
        if i >= end or is_end(text, start, first_stop, after, closed, i, end, sharp, table):
            return i


@inline
def is_greek(text, start, i):
    """Tell whether a Greek letter stands before byte ``i``."""
    return (i - 2 >= start and (text[i - 2] == 0xCE or text[i - 2] == 0xCF)) or (
        i - 3 >= start and text[i - 3] == 0xE1 and text[i - 2] >= 0xBC
    )


@inline
def pass_closers(text, i, end, blocks, classes):
    """Return the end of what closes a sentence behind its terminator: quotation marks, brackets, notes, emphasis."""
    while i < end:
        kind, code, after = class_of(text, i, end, blocks, classes)
        if kind == OPEN and code != 0x28 and (code < 0x2000 or code > 0x201F) and code != 0xAB:
            if code != 0x5B:
                break
            # "[1]", "[citation needed]"
            last = after
            while last < end and last - after < _MAX_NOTE and text[last] != 0x5D:
                last += 1
            if last >= end or text[last] != 0x5D:
                break
            after = last + 1
        elif kind == OPEN:
            # German ends with the mark that English begins with: a letter behind it tells.
            if code == 0x28 or after >= end:
                break
            following, _, _ = class_of(text, after, end, blocks, classes)
            if is_letter(following) or following == OPEN:
                break
        elif kind != CLOSE and kind != EXTEND and not is_mark(code):
            break
        i = after
    return i


@inline
def is_mark(code):
    """Tell whether a code point is a note's sign or digit, or Markdown's emphasis, and stands close to its sentence."""
    return (
        code == 0x2A
        or code == 0x5F
        or code == 0xB9
        or code == 0xB2
        or code == 0xB3
        or (code >= 0x2070 and code <= 0x2079)
        or code == 0x2020
        or code == 0x2021
    )


@inline
def pass_spaces(text, i, end, blocks, classes):
    """Return the end of white space; in ``« Oui ! » Il`` the closing mark is passed as well."""
    first = i
    while i < end:
        kind, _, after = class_of(text, i, end, blocks, classes)
        if kind == CLOSE and i > first:
            if after < end:
                following, _, _ = class_of(text, after, end, blocks, classes)
                if following != SP and following != SCONTINUE and following != ATERM and following != STERM:
                    break
        elif kind != SP and kind != EXTEND:
            break
        i = after
    return i


@inline
def is_end(text, start, first_stop, after, closed, i, end, sharp, table):
    """Tell whether a sentence ends with the terminators ``text[first_stop:after]``, what closes it, and white space.

    The next one would begin at ``i``; ``sharp`` terminators are not only full stops and ellipses.
    """
    blocks, classes = table.blocks, table.classes
    kind, code, following = class_of(text, i, end, blocks, classes)
    if kind == ATERM or kind == STERM:
        return False
    word = i
    dashed = kind == SCONTINUE
    if dashed:
        # A dash behind a sentence begins one where a capital letter follows, as another speaker does.
        if i == closed or not (code == 0x2D or (code >= 0x2010 and code <= 0x2015)):
            return False
        word = following
    # The next word, opening marks left out.
    while word < end:
        kind, code, following = class_of(text, word, end, blocks, classes)
        opens = kind == OPEN or kind == CLOSE or kind == EXTEND or kind == SP
        if not opens and not (is_mark(code) or code == 0xBF or code == 0xA1):
            break
        word = following
    if word >= end:
        return False
    if kind == LOWER:
        # "iPhone" and "eBay" begin sentences.
        if i == closed or following >= end or class_of(text, following, end, blocks, classes)[0] != UPPER:
            return False
        kind = UPPER
    if dashed and kind != UPPER and kind != OLETTER:
        return False
    if not has_word(text, start, first_stop, blocks, classes):
        return False
    if i == closed:
        return ends_closely(text, start, first_stop, after, i, word, end, kind, sharp, table)
    if sharp:
        if closed > after:
            return not is_attribution(text, word, end, table)
        return text[first_stop] != 33 or not is_exclaiming(text, start, first_stop, word, end, table)
    if after != first_stop + 1 or text[first_stop] != 46:
        return True
    # "(R-Calif.) Lee" may go on, "“in the U.S.” Lee" hardly.
    if closed > after and text[after] != 41 and text[after] != 93:
        return True
    return not is_abbreviation(text, start, first_stop, word, end, kind, table)


@inline
def has_word(text, i, end, blocks, classes):
    """Tell whether a letter or digit stands in the text: a sentence is more than ``...``."""
    while i < end:
        kind, code, i = class_of(text, i, end, blocks, classes)
        if is_letter(kind) or (kind == OTHER and code > 0x7F):
            return True
    return False


@inline
def ends_closely(text, start, first_stop, after, i, word, end, kind, sharp, table):
    """Tell whether a sentence ends where no white space follows: CJK, quotation marks, spaces left out."""
    blocks, classes = table.blocks, table.classes
    _, stop, _ = class_of(text, first_stop, end, blocks, classes)
    _, code, _ = class_of(text, i, end, blocks, classes)
    if i > after:
        # "」と", "”라고" go on; so does "？”他问".
        if (code >= 0xAC00 and code <= 0xD7A3) or is_particle(code):
            return False
        if kind == OLETTER and stop != 0x3002:
            return not is_chinese_attribution(text, i, end, blocks, classes)
        return kind == UPPER or kind == OLETTER
    if stop >= 0x80:
        if stop == _ELLIPSIS:
            return False
        return sharp or (kind != NUMERIC and kind != OTHER)
    previous = first_stop - 1
    while previous > start and text[previous] >= 0x80 and text[previous] < 0xC0:
        previous -= 1
    if first_stop == start:
        return False
    before, before_code, _ = class_of(text, previous, first_stop, blocks, classes)
    if kind == OLETTER:
        return before_code >= 0x2E80 and code >= 0x2E80
    # "said.The": a space was lost; "Example.Com" and "x.com/?Y" are addresses, "a.Final.pdf" a name.
    if kind != UPPER or before != LOWER or is_address(text, start, first_stop):
        return False
    last = word_end(text, word, end)
    if sharp or last >= end:
        return sharp
    small = text[word + 1] >= 97 or text[word + 1] == 32 or text[word + 1] == 39
    return (
        small
        and previous > start
        and text[previous - 1] >= 97
        and (text[last] != 46 or last + 1 == end or text[last + 1] <= 32)
    )


@inline
def is_particle(code):
    """Tell whether a code point is one of the Japanese particles to, no, wa, ga, o, ni."""
    return code == 0x3068 or code == 0x306E or code == 0x306F or code == 0x304C or code == 0x3092 or code == 0x306B


@inline
def is_address(text, start, i):
    """Tell whether what stands before byte ``i``, back to white space, looks like a web or mail address."""
    first = max(start, i - _MAX_ADDRESS)
    while i > first and text[i - 1] > 32:
        i -= 1
        if text[i] == 47 or text[i] == 64 or (text[i] == 46 and i > first + 3 and text[i - 1] == 119):
            return True
    return False


@inline
def is_chinese_attribution(text, i, end, blocks, classes):
    """Tell whether a run of a few letters begins at ``i`` whose last is a Chinese verb of speech."""
    last = 0
    n = 0
    while i < end:
        kind, code, i = class_of(text, i, end, blocks, classes)
        if kind != OLETTER:
            break
        n += 1
        last = code
    says = last == 0x8BF4 or last == 0x8AAA or last == 0x95EE or last == 0x554F
    return n <= _MAX_NAME and (says or last == 0x558A or last == 0x9053 or last == 0x53EB)
