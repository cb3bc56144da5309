"""The exact join finds what comparing all with all finds."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup import score
from dedup.join import can_match, candidate_pairs, prefixes_of
from dedup.kernels import shingle as kernels
from dedup.model import Candidates
from dedup.shingles import Ranges, ShingleParams, ShingleRuns, shingle, shingle_runs
from tests import oracle
from tests.strategies import shingle_sets

EXECUTOR = ThreadPoolExecutor(2)
THRESHOLDS = (0.15, 0.3, 0.5, 2 / 3, 0.8, 0.9, 1.0)
BIG = 1 << 12


def ranges(sets: list[set[int]]) -> Ranges:
    """Return sets as rows of one-token shingles."""
    values = np.array([value * 0x9E3779B1 + 1 for one in sets for value in sorted(one)], np.uint64)
    offsets = np.append(0, np.cumsum([len(one) for one in sets])).astype(np.int64)
    return Ranges(values, offsets[:-1], offsets[1:])


def counted(rows: Ranges, counter_cells: int) -> tuple[ShingleRuns, np.ndarray]:
    """Return the runs of one-token shingles and the count of each shingle."""
    runs, counters = shingle_runs(rows, 1), np.zeros(counter_cells, np.uint8)
    counts = np.empty(len(runs.hashes), np.uint8)
    kernels.count_shingles(runs.hashes, runs.firsts, runs.lasts, counters)
    kernels.look_up_counts(runs.hashes, counters, counts)
    return runs, counts


def candidates(sets, levels, threshold, *, counter_cells=BIG, jobs=1, max_bucket=None) -> Candidates:
    """Return the pairs that the join lets through; few ``counter_cells`` make all counts too high."""
    rows, bits = ranges(sets), np.array(levels[: len(sets)], np.uint8)
    runs, counts = counted(rows, counter_cells)
    prefixes = prefixes_of(runs, counts, bits, threshold)
    return candidate_pairs(prefixes, threshold, EXECUTOR, jobs=jobs, max_bucket=max_bucket)


def join(sets, levels, threshold, **settings) -> dict[tuple[int, int], int]:
    """Return the candidates that reach the threshold, with the size of their intersection."""
    found = candidates(sets, levels, threshold, **settings)
    rows = shingle(ranges(sets), ShingleParams(size=1))
    shared = score.overlaps(rows, found.left, found.right, EXECUTOR)
    sizes = np.diff(rows.offsets)
    keep = score.jaccard(shared, sizes[found.left], sizes[found.right]) >= threshold - 1e-9
    pairs = zip(found.left[keep].tolist(), found.right[keep].tolist(), strict=True)
    return dict(zip(pairs, shared[keep].tolist(), strict=True))


@given(
    sets=shingle_sets,
    threshold=st.sampled_from(THRESHOLDS),
    counter_cells=st.sampled_from([1, 16, BIG]),
    levels=st.lists(st.sampled_from([1, 2, 4, 6, 8]), min_size=14, max_size=14),
)
def test_join_equals_all_with_all(sets, threshold, counter_cells, levels):
    """Pairs and intersection sizes are those of nested loops, however full the table of counts is."""
    assert oracle.similar_pairs(sets, levels, threshold) == join(sets, levels, threshold, counter_cells=counter_cells)


@given(
    sets=shingle_sets,
    threshold=st.sampled_from(THRESHOLDS),
    counter_cells=st.sampled_from([1, 16, BIG]),
)
def test_rows_that_cannot_match_have_no_partner(sets, threshold, counter_cells):
    """Whoever has a partner of that Jaccard may match, and rows without a shingle may not."""
    runs, counts = counted(ranges(sets), counter_cells)
    shared = np.empty(len(sets), np.int32)
    kernels.count_shared(counts, runs.firsts, runs.lasts, shared)

    may = can_match(runs.lasts - runs.firsts, shared, threshold)

    paired = {row for pair in oracle.similar_pairs(sets, [1] * len(sets), threshold) for row in pair}
    assert paired <= set(np.flatnonzero(may).tolist())
    assert not any(may[i] for i, one in enumerate(sets) if not one)


def test_join_equals_all_with_all_on_thousands_of_random_inputs():
    """The same on 3,000 seeded inputs of other shapes: long rows beside short ones, one value in all rows."""
    source = random.Random(7)
    for _ in range(3000):
        universe = source.randint(2, 50)
        sets = [
            {source.randrange(universe) for _ in range(source.choice([1, 3, 8, 30]))}
            | ({99} if universe % 3 else set())
            for _ in range(source.randint(1, 16))
        ]
        levels = [source.choice([2, 4, 6]) for _ in sets]
        threshold = source.choice(THRESHOLDS)

        assert oracle.similar_pairs(sets, levels, threshold) == join(sets, levels, threshold)


@pytest.mark.parametrize("jobs", [2, 3, 8])
def test_number_of_jobs_changes_nothing(jobs):
    """6,000 rows, in two parts or in sixteen, give the same pairs."""
    source = random.Random(3)
    bases = [{source.getrandbits(31) for _ in range(source.randint(5, 40))} for _ in range(2000)]
    sets = [base ^ {source.getrandbits(31) for _ in range(source.randint(0, 6))} for base in bases for _ in range(3)]
    levels = [2] * len(sets)

    one = join(sets, levels, 0.6, counter_cells=1 << 20)

    assert one == join(sets, levels, 0.6, counter_cells=1 << 20, jobs=jobs)
    assert len(one) > 3000


def test_rows_past_two_to_the_sixteenth_are_joined():
    """Numbers of rows and postings do not wrap: 70,000 rows of which each has one partner."""
    source = random.Random(23)
    sets = [{source.getrandbits(31) for _ in range(6)} for _ in range(35_000)]
    sets = sets + [set(one) for one in reversed(sets)]

    pairs = join(sets, [2] * len(sets), 1.0, counter_cells=1 << 20)

    assert {(i, 69_999 - i): 6 for i in range(35_000)} == pairs


@pytest.mark.parametrize("n_notices", [1, 3])
def test_thinned_values_keep_every_row_connected(n_notices):
    """500 near-equal rows of each notice, at most 50 in a bucket: far fewer pairs than all, each row has a partner."""
    source = random.Random(5)
    commons = [{source.getrandbits(31) for _ in range(30)} for _ in range(n_notices)]
    sets = [common | {source.getrandbits(31) for _ in range(3)} for _ in range(500) for common in commons]
    levels = [2] * len(sets)

    found = candidates(sets, levels, 0.5, counter_cells=1 << 16, max_bucket=50)
    pairs = join(sets, levels, 0.5, counter_cells=1 << 16, max_bucket=50)

    assert set(range(len(sets))) == {row for pair in pairs for row in pair}
    assert len(found.left) < len(sets) * 64
    assert found.thinned_buckets > 0
    assert found.thinned_rows == 0
    assert pairs.items() <= oracle.similar_pairs(sets, levels, 0.5).items()


@pytest.mark.parametrize("threshold", [0.0, -0.1, 1.1])
def test_thresholds_outside_are_refused(threshold):
    """A Jaccard of nothing would pair all rows."""
    with pytest.raises(ValueError, match="min_jaccard"):
        join([{1}], [2], threshold)


@pytest.mark.parametrize("sets", [[], [set()], [set(), set()]])
def test_nothing_gives_no_pairs(sets):
    """No rows, or rows without shingles."""
    assert {} == join(sets, [2, 2], 0.5)
