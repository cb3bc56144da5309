"""Shingle sets are the k-grams of their tokens; token ranges are those of the text."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.kernels import shingle as kernels
from dedup.model import Segments, Tokens
from dedup.shingles import Ranges, ShingleParams, leaves, shingle, shingle_runs, token_ranges
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


@given(rows=token_rows, k=st.integers(1, 4), cells=st.sampled_from([1, 8, 1 << 16]))
def test_counts_are_never_too_low(rows, k, cells):
    """A shingle's count is at least that of its places, and all counts together are no more if cells are many."""
    runs, counters = shingle_runs(ranges(rows), k), np.zeros(cells, np.uint8)
    counts, shared = np.empty(len(runs.hashes), np.uint8), np.empty(len(rows), np.int32)

    kernels.count_shingles(runs.hashes, runs.firsts, runs.lasts, counters)
    kernels.look_up_counts(runs.hashes, counters, counts)
    kernels.count_shared(counts, runs.firsts, runs.lasts, shared)

    grams = [[tuple(row[i : i + k]) for i in range(len(row) - k + 1)] or [tuple(row)] * (len(row) > 0) for row in rows]
    places = Counter(gram for one in grams for gram in one)
    for row, first, last in zip(grams, runs.firsts, runs.lasts, strict=True):
        assert last - first == len(row)
        assert all(counts[first + i] >= min(places[gram], 255) for i, gram in enumerate(row))
    if cells == 1 << 16:
        assert int(counters.sum()) == places.total()
    assert all(many >= sum(places[gram] > 1 for gram in row) for row, many in zip(grams, shared, strict=True))


@given(rows=token_rows, k=st.integers(1, 4))
def test_runs_hold_the_shingles_of_the_sets(rows, k):
    """Sorted and without repeats, the run of a row is its shingle set, rows shorter than a shingle included."""
    table = ranges(rows)

    runs, sets = shingle_runs(table, k), shingle(table, ShingleParams(size=k))

    mine = [sorted(set(runs.hashes[a:b].tolist())) for a, b in zip(runs.firsts, runs.lasts, strict=True)]
    assert mine == [sets.values[a:b].tolist() for a, b in zip(sets.offsets, sets.offsets[1:], strict=False)]


@given(values=st.lists(st.integers(0, 2**64 - 1), max_size=30), k=st.integers(1, 8))
def test_rolled_hashes_are_those_of_single_shingles(values, k):
    """Rolling on gives at each position what hashing its tokens alone gives, and what the shingle sets hold."""
    table = np.array(values, np.uint64)
    hashes = np.empty(len(values), np.uint32)

    kernels.hash_positions(table, k, hashes)

    for i in range(len(values) - k + 1):
        one = shingle(Ranges(table, np.array([i]), np.array([i + k])), ShingleParams(size=k))
        assert one.values.tolist() == [hashes[i]]


cells = st.lists(st.integers(0, 255), min_size=16, max_size=16)


@given(left=cells, right=cells)
def test_tables_of_counters_add_up_and_stop_at_255(left, right):
    """Each cell is the sum of both sides, at most 255."""
    one, other = np.array(left, np.uint8), np.array(right, np.uint8)

    kernels.add_counters(one, other, one)

    assert [min(255, a + b) for a, b in zip(left, right, strict=True)] == one.tolist()


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
