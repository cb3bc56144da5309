"""How each Unicode code point folds, and what it is to the tokeniser: the layout of `fold.npz`, and its loader."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

TABLE = Path(__file__).with_name("fold.npz")

# The kind of a folded character. Those up to IDEOGRAPH stand in tokens; the numbers are stored in fold.npz.
LETTER = 0
LOWER = 1  # a letter that was in lower case before folding
NUMBER = 2  # categories N*
CONNECTOR = 3  # the low line
IDEOGRAPH = 4  # a character that is a token by itself: Han, Kana, Thai, Lao, Khmer, Myanmar
SPACING_MARK = 5  # kept, combining class 0: its place in the order counts
MARK = 6  # kept, another combining class: equivalent strings may have such marks in another order
DROPPED_MARK = 7  # passed over, but part of the character before it
IGNORED = 8  # passed over as if it were not there
SEPARATOR = 9
APOSTROPHE = 10
STOP = 11
COMMA = 12  # and the other signs that stand between digits only
HYPHEN = 13
BLANK = 14  # space and tab
LINE_FEED = 15
CARRIAGE_RETURN = 16
N_KINDS = 17

# An entry of the table, from the low bit: kind, whether expanded, and what it folds to. That is the folded code point
# minus the code point modulo 2**21, or for an expanded one 32 * (index of its first part) + number of its parts.
KIND_BITS = 5
KIND_MASK = (1 << KIND_BITS) - 1
EXPANDED_BIT = 1 << 5
PAYLOAD_SHIFT = 6
PAYLOAD_MASK = (1 << 21) - 1
LENGTH_BITS = 5
LENGTH_MASK = (1 << LENGTH_BITS) - 1
BLOCK_BITS = 7
BLOCK_MASK = (1 << BLOCK_BITS) - 1
#: No code point folds to more characters than this.
MAX_PARTS = 18

#: The Hangul syllables, which come apart by arithmetic (Unicode 14, section 3.12) and are not stored.
HANGUL = range(0xAC00, 0xD7A4)


class FoldTable(NamedTuple):
    """The table as kernels take it; code point ``c`` has ``entries[blocks[c >> 7] + (c & 127)]``.

    Attributes
    ----------
    blocks : int32[8704]
        Where the entries of each 128 code points start.
    entries : uint32[n]
    parts : uint32[m]
        What expanded code points fold to: kind in the low 5 bits, folded code point above.
    ascii_codes : uint64[256]
        The folded code point of each byte that is an ASCII letter, digit or low line; else 0.
    ascii_separates : uint8[256]
        1 where a byte is ASCII and not one of these.
    unicode_version : str
    """

    blocks: NDArray[np.int32]
    entries: NDArray[np.uint32]
    parts: NDArray[np.uint32]
    ascii_codes: NDArray[np.uint64]
    ascii_separates: NDArray[np.uint8]
    unicode_version: str


@cache
def load_fold_table() -> FoldTable:
    """Return the table that is stored beside this module; it is read once.

    Examples
    --------
    >>> table = load_fold_table()
    >>> entry = int(table.entries[table.blocks[ord("É") >> 7] + (ord("É") & 127)])
    >>> chr((ord("É") + (entry >> PAYLOAD_SHIFT)) & PAYLOAD_MASK), entry & KIND_MASK == LETTER
    ('e', True)
    """
    with np.load(TABLE) as stored:
        blocks = stored["blocks"].astype(np.int32) << BLOCK_BITS
        entries = stored["kinds"][stored["entries"]]
        parts = stored["parts"]
        version = ".".join(map(str, stored["unicode_version"]))
    blocks, entries, parts = _with_hangul(blocks, entries, parts)
    ascii_codes = np.zeros(256, np.uint64)
    ascii_separates = np.zeros(256, np.uint8)
    for code in range(128):
        entry = int(entries[blocks[0] + code])
        if entry & KIND_MASK <= CONNECTOR:
            ascii_codes[code] = (code + (entry >> PAYLOAD_SHIFT)) & PAYLOAD_MASK
        else:
            ascii_separates[code] = 1
    return FoldTable(blocks, entries, parts, ascii_codes, ascii_separates, version)


def _with_hangul(
    blocks: NDArray[np.int32], entries: NDArray[np.uint32], parts: NDArray[np.uint32]
) -> tuple[NDArray[np.int32], NDArray[np.uint32], NDArray[np.uint32]]:
    """Return the columns with the syllables of Hangul, each expanded to two or three letters."""
    index = np.arange(len(HANGUL), dtype=np.uint32)
    letters = np.stack([0x1100 + index // 588, 0x1161 + index // 28 % 21, 0x11A7 + index % 28], axis=1)
    firsts = np.uint32(len(parts)) + 3 * index
    lengths = np.where(index % 28, np.uint32(3), np.uint32(2))
    # The last of their blocks has code points behind them as well; before them there are none in the first.
    own = slice(HANGUL.start >> BLOCK_BITS, (HANGUL.stop >> BLOCK_BITS) + 1)
    rows = entries[blocks[own, None] + np.arange(1 << BLOCK_BITS, dtype=np.int32)].ravel()
    rows[: len(index)] = (firsts << LENGTH_BITS | lengths) << PAYLOAD_SHIFT | EXPANDED_BIT | LETTER
    blocks[own] = len(entries) + (np.arange(own.stop - own.start, dtype=np.int32) << BLOCK_BITS)
    return blocks, np.concatenate([entries, rows]), np.concatenate([parts, (letters << KIND_BITS | LETTER).ravel()])
