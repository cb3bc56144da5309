"""The stored table of how characters fold, against `unicodedata`."""

from __future__ import annotations

import sys
import unicodedata

import numpy as np
import pytest

from dedup.kernels import fold_table, make_fold_table


def _same_unicode() -> bool:
    return fold_table.load_fold_table().unicode_version == unicodedata.unidata_version


def test_the_stored_table_is_what_its_generator_makes():
    """`fold.npz` folds each character as the running Python says; with another Unicode version, those of old blocks."""
    table = fold_table.load_fold_table()
    # What was assigned by Unicode 3.0 to these scripts has not changed since.
    codes = range(sys.maxunicode + 1) if _same_unicode() else range(0x0250)

    for code in codes:
        if code in fold_table.HANGUL or unicodedata.category(chr(code)) in ("Cn", "Co", "Cs"):
            continue
        assert _stored_parts(table, code) == _made_parts(code), hex(code)


def _stored_parts(table: fold_table.FoldTable, code: int) -> list[tuple[int, int]]:
    entry = int(table.entries[table.blocks[code >> fold_table.BLOCK_BITS] + (code & fold_table.BLOCK_MASK)])
    kind, payload = entry & fold_table.KIND_MASK, entry >> fold_table.PAYLOAD_SHIFT
    if entry & fold_table.EXPANDED_BIT:
        first = payload >> fold_table.LENGTH_BITS
        parts = table.parts[first : first + (payload & fold_table.LENGTH_MASK)].tolist()
        return [(part & fold_table.KIND_MASK, part >> fold_table.KIND_BITS) for part in parts]
    return [(kind, code + payload & fold_table.PAYLOAD_MASK if kind <= fold_table.MARK else 0)]


def _made_parts(code: int) -> list[tuple[int, int]]:
    parts = make_fold_table.fold_to_parts(code)
    if len(parts) > 1:
        return parts
    return [(kind, one if kind <= fold_table.MARK else 0) for kind, one in parts]


@pytest.mark.skipif(
    "not _same_unicode()", reason="the running Python has another Unicode version than the stored table"
)
def test_the_stored_arrays_are_what_the_generator_makes():
    """Running the generator again gives the arrays of `fold.npz`."""
    made = make_fold_table.build()

    with np.load(fold_table.TABLE) as stored:
        assert {name: stored[name].tolist() for name in stored} == {name: made[name].tolist() for name in made}


def test_syllables_of_hangul_are_their_letters():
    """Each syllable, which is not stored, is the letters that `unicodedata` decomposes it to."""
    table = fold_table.load_fold_table()

    for code in fold_table.HANGUL:
        letters = [(fold_table.LETTER, ord(one)) for one in unicodedata.normalize("NFD", chr(code))]
        assert letters == _stored_parts(table, code)
    assert _stored_parts(table, fold_table.HANGUL.stop) == [(fold_table.SEPARATOR, 0)]
    assert _stored_parts(table, fold_table.HANGUL.start - 1) == [(fold_table.SEPARATOR, 0)]


def test_a_folded_character_folds_to_itself_and_passed_over_ones_lead_nothing():
    """What the generator and the kernel take for granted about Unicode holds for each code point."""
    for code in range(sys.maxunicode + 1):
        if code in fold_table.HANGUL or unicodedata.category(chr(code)) in ("Cn", "Co", "Cs"):
            continue
        folded = make_fold_table.fold(chr(code))
        assert len(folded) <= fold_table.MAX_PARTS
        assert all(make_fold_table.fold(one) == one for one in folded)
        parts = [make_fold_table.kind_of(ord(one)) for one in folded]
        passed_over = [kind in (fold_table.DROPPED_MARK, fold_table.IGNORED) for kind in parts]
        assert not passed_over[0] or all(passed_over)
