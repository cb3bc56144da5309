"""Shingle sets are the k-grams of their tokens; token ranges are those of the text."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.kernels import shingle as kernels
from dedup.model import Segments, Tokens
from dedup.shingles import Ranges, ShingleParams, leaves, shingle, token_ranges
from tests import oracle

token_rows = st.lists(st.lists(st.integers(0, 6), max_size=20), min_size=1, max_size=8)


def ranges(rows: list[list[int]]) -> Ranges:
    values = np.array([token * 0xD6E8FEB86659FD93 % 2**64 for row in rows for token in row], np.uint64)
    offsets = np.append(0, np.cumsum([len(row) for row in rows])).astype(np.int64)
    return Ranges(values, offsets[:-1], offsets[1:])


@given(rows=token_rows, k=st.integers(1, 6))
def test_shingle_sets_have_the_sizes_and_overlaps_of_k_gram_sets(rows, k):
    """Sizes of sets, of all intersections and so all scores are those of sets of tuples."""
    shingles = shingle(ranges(rows), ShingleParams(size=k))

    mine = [set(shingles.values[a:b].tolist()) for a, b in zip(shingles.offsets, shingles.offsets[1:], strict=False)]
    theirs = [oracle.shingle_set(row, k) for row in rows]
    assert [len(one) for one in theirs] == np.diff(shingles.offsets).tolist()
    assert [len(a & b) for a in theirs for b in theirs] == [len(a & b) for a in mine for b in mine]
    assert all(np.diff(shingles.values[a:b].astype(np.int64)).min(initial=1) > 0 for a, b in
               zip(shingles.offsets, shingles.offsets[1:], strict=False))  # fmt: skip


@given(rows=token_rows, k=st.integers(1, 4))
def test_counters_are_never_too_low_and_shared_sets_keep_what_may_repeat(rows, k):
    """A shingle that stands twice is counted twice, and kept wherever its row can reach the threshold."""
    table = ranges(rows)
    counters = np.zeros(1 << 12, np.uint8)
    kernels.count_shingles(table.values, table.firsts, table.lasts, k, counters)
    out = np.empty(max(1, len(table.values)), np.uint32)
    sizes, offsets = np.empty(len(rows), np.int64), np.empty(len(rows) + 1, np.int64)
    seen, stamps = np.empty(64, np.uint32), np.zeros(64, np.int64)
    min_share = 0.5

    kernels.shared_shingles(
        table.values, table.firsts, table.lasts, k, counters, min_share, seen, stamps, out, sizes, offsets
    )

    sets = [oracle.shingle_set(row, k) for row in rows]
    assert [len(one) for one in sets] == sizes.tolist()
    places = [gram for row in rows if row for gram in (tuple(row[i : i + k]) for i in range(max(1, len(row) - k + 1)))]
    for row, one in enumerate(sets):
        repeated = sum(places.count(gram) > 1 for gram in one)
        kept = offsets[row + 1] - offsets[row]
        assert kept == repeated or (kept == 0 and repeated < min_share * len(one)) or kept > repeated


@given(st.lists(st.integers(0, 255), min_size=64, max_size=64), st.lists(st.integers(0, 255), min_size=64, max_size=64))
def test_tables_of_counters_add_up_cell_by_cell_and_stop_at_three(left, right):
    """Four counters a byte, each the sum of both sides, at most 3."""
    one, other = np.array(left, np.uint8), np.array(right, np.uint8)

    kernels.add_counters(one, other, one)

    expected = [
        sum(min(3, (a >> shift & 3) + (b >> shift & 3)) << shift for shift in (0, 2, 4, 6))
        for a, b in zip(left, right, strict=True)
    ]
    assert expected == one.tolist()


def test_a_paragraph_has_the_tokens_of_its_sentences():
    """Title, a paragraph of two sentences, a paragraph of one."""
    segments = Segments(
        np.array([0, 5, 5, 15, 30]),
        np.array([4, 25, 14, 25, 40]),
        np.zeros(5, np.int32),
        np.array([1, 2, 4, 4, 6], np.uint8),
        np.array([-1, -1, 1, 1, -1], np.int32),
    )
    tokens = Tokens(np.arange(9, dtype=np.uint64), np.arange(9), np.arange(9), np.array([0, 1, 4, 6, 9]), 0)

    found = token_ranges(segments, tokens)

    assert [True, False, True, True, True] == leaves(segments).tolist()
    assert [0, 1, 1, 4, 6] == found.firsts.tolist()
    assert [1, 6, 4, 6, 9] == found.lasts.tolist()


@pytest.mark.parametrize("change", [{"unit": "line"}, {"size": 0}, {"min_tokens": 0}])
def test_impossible_parameters_are_refused(change):
    """The parameter is named."""
    with pytest.raises(ValueError, match=next(iter(change))):
        ShingleParams(**change)
