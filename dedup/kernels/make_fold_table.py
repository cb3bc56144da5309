"""Unicode data of the running Python -> `fold.npz`: ``python -m dedup.kernels.make_fold_table``.

Run it when the table's rules change, or to go to a newer Unicode; token hashes change with it.
"""

from __future__ import annotations

import sys
import unicodedata

import numpy as np
from numpy.typing import NDArray

from dedup.kernels import fold_table as layout

_N_CODES = 0x110000
_BLOCK = 1 << layout.BLOCK_BITS

_FIXED_KINDS = {
    ord(character): kind
    for characters, kind in (
        ("_", layout.CONNECTOR),
        ("'\u2018\u2019\u201b\u02b9\u02bb\u02bc\u02bd\u05f3", layout.APOSTROPHE),
        (".", layout.STOP),
        (",\u066b\u066c", layout.COMMA),
        ("-\u2010", layout.HYPHEN),
        (" \t", layout.BLANK),
        ("\n", layout.LINE_FEED),
        ("\r", layout.CARRIAGE_RETURN),
        # Variation selectors and the other default-ignorable characters that are not of category Cf.
        ("\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f", layout.IGNORED),
        ("".join(map(chr, range(0xFE00, 0xFE10))), layout.IGNORED),
        ("".join(map(chr, range(0xE0100, 0xE01F0))), layout.IGNORED),
    )
    for character in characters
}

#: Blocks of marks that belong to Latin, Greek and Cyrillic, or to symbols.
_DROPPED = (
    (0x0300, 0x036F),
    (0x0483, 0x0489),
    (0x1AB0, 0x1AFF),
    (0x1DC0, 0x1DFF),
    (0x20D0, 0x20FF),
    (0x2DE0, 0x2DFF),
    (0xA66F, 0xA67D),
    (0xA69E, 0xA69F),
    (0xFE20, 0xFE2F),
)

#: Scripts that are written without spaces; of these ranges only letters count (and the Han numerals of category Nl).
_IDEOGRAPHS = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x2E80, 0x2FDF),  # radicals
    (0x3005, 0x3007),  # marks of repetition, zero
    (0x3021, 0x3029),
    (0x3031, 0x303C),
    (0x3041, 0x30FF),  # Hiragana, Katakana
    (0x31F0, 0x31FF),
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xA9E0, 0xA9FF),
    (0xAA60, 0xAA7F),
    (0xF900, 0xFAFF),
    (0x1AFF0, 0x1B16F),  # Kana extensions
    (0x20000, 0x3FFFF),
)


def _within(code: int, ranges: tuple[tuple[int, int], ...]) -> bool:
    return any(first <= code <= last for first, last in ranges)


def fold(character: str) -> str:
    r"""Return what a character folds to: upper, case-folded and decomposed until nothing changes.

    Examples
    --------
    >>> fold("ﬁ"), fold("ẞ"), fold("ς"), fold("ı"), ascii(fold("Å"))
    ('fi', 'ss', 'σ', 'i', "'a\\u030a'")
    """
    before, folded = "", unicodedata.normalize("NFKD", character)
    while folded != before:
        before, folded = folded, unicodedata.normalize("NFKD", folded.upper().casefold())
    return folded


def kind_of(code: int) -> int:
    """Return the kind of a folded code point, one of the constants of `fold_table`."""
    if code in _FIXED_KINDS:
        return _FIXED_KINDS[code]
    category = unicodedata.category(chr(code))
    if category == "Cf":
        return layout.IGNORED
    if category[0] == "M":
        if _within(code, _DROPPED):
            return layout.DROPPED_MARK
        return layout.MARK if unicodedata.combining(chr(code)) else layout.SPACING_MARK
    if (category[0] == "L" or category == "Nl") and _within(code, _IDEOGRAPHS):
        return layout.IDEOGRAPH
    return {"L": layout.LETTER, "N": layout.NUMBER}.get(category[0], layout.SEPARATOR)


def fold_to_parts(code: int) -> list[tuple[int, int]]:
    """Return kind and code of each character that a code point folds to, without what the tokeniser would pass over."""
    parts = [(kind_of(ord(character)), ord(character)) for character in fold(chr(code))]
    passed_over = (layout.DROPPED_MARK, layout.IGNORED)
    parts = [part for part in parts if part[0] not in passed_over] or parts[:1]
    kind, folded = parts[0]
    if kind == layout.LETTER and unicodedata.category(unicodedata.normalize("NFKD", chr(code))[0]) == "Ll":
        parts[0] = layout.LOWER, folded
    return parts


def build() -> dict[str, NDArray[np.generic]]:
    """Return the arrays of `fold.npz`, made from the Unicode data of the running Python.

    Returns
    -------
    dict
        ``kinds`` (uint32: the distinct entries), ``entries`` (uint16: rows of it, for each distinct block of 128 code
        points), ``blocks`` (uint16: the block of each 128 code points), ``parts`` (uint32), ``unicode_version``.
    """
    entries = np.full(_N_CODES, layout.SEPARATOR, np.uint32)
    expansions: list[int] = []
    for code in range(_N_CODES):
        if code in layout.HANGUL or unicodedata.category(chr(code)) in ("Cn", "Co", "Cs"):
            continue
        parts = fold_to_parts(code)
        kind, folded = parts[0]
        if len(parts) > 1:
            payload = len(expansions) << layout.LENGTH_BITS | len(parts)
            entries[code] = payload << layout.PAYLOAD_SHIFT | layout.EXPANDED_BIT | kind
            expansions += [one << layout.KIND_BITS | kind for kind, one in parts]
        else:
            hashed = kind <= layout.MARK or kind in (layout.STOP, layout.COMMA)  # the code of another is not used
            entries[code] = ((folded - code) & layout.PAYLOAD_MASK if hashed else 0) << layout.PAYLOAD_SHIFT | kind
    kinds, rows = np.unique(entries, return_inverse=True)
    distinct, blocks = np.unique(rows.astype(np.uint16).reshape(-1, _BLOCK), axis=0, return_inverse=True)
    return {
        "kinds": kinds,
        "entries": distinct.ravel(),
        "blocks": blocks.ravel().astype(np.uint16),
        "parts": np.array(expansions, np.uint32),
        "unicode_version": np.array(unicodedata.unidata_version.split("."), np.int32),
    }


if __name__ == "__main__":
    np.savez_compressed(layout.TABLE, **build())  # type: ignore[arg-type]  # its stub takes a flag for every keyword
    size = layout.TABLE.stat().st_size
    sys.stdout.write(f"{layout.TABLE}: {size} bytes, Unicode {unicodedata.unidata_version}\n")
