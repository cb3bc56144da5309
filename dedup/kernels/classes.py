"""Bytes of UTF-8 text -> code points and their Sentence_Break classes."""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import numpy as np

from dedup.kernels import inline
from dedup.kernels.sentence_table import BLOCK_BITS, EXTEND, LOWER, NUMERIC, OTHER
from dedup.kernels.tokenize import decode

_BLOCK_MASK = (1 << BLOCK_BITS) - 1


@inline
def class_of(text, i, end, blocks, classes):
    """Return the class of the character at byte ``i``, its code point (-1: invalid), and where the next one starts."""
    code, after = decode(text, i, end)
    if code < 0:
        return OTHER, code, after
    return np.int64(classes[blocks[code >> BLOCK_BITS] + (code & _BLOCK_MASK)]), code, after


@inline
def pass_class(text, i, end, blocks, classes, kind):
    """Return the first byte from ``i`` on that is not of this class, nor of an Extend behind one."""
    while i < end:
        found, _, after = class_of(text, i, end, blocks, classes)
        if found != kind and found != EXTEND:
            break
        i = after
    return i


@inline
def is_letter(kind):
    """Tell whether a class is one of letters or digits."""
    return kind >= LOWER and kind <= NUMERIC
