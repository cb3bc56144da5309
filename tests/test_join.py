"""The exact join finds what comparing all with all finds."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.join import JoinedPairs, ShingleSets, exact_join
from tests import oracle
from tests.strategies import shingle_sets

EXECUTOR = ThreadPoolExecutor(2)
THRESHOLDS = (0.15, 0.3, 0.5, 2 / 3, 0.8, 0.9, 1.0)


def make(sets: list[set[int]], levels: list[int], *, keep_all: bool = True) -> ShingleSets:
    """Return the sets as the second pass gives them: with or without the values that stand in one row only."""
    kept = sets if keep_all else [{v for v in one if sum(v in other for other in sets) > 1} for one in sets]
    values = np.array([value for one in kept for value in one], np.uint32)
    offsets = np.append(0, np.cumsum([len(one) for one in kept])).astype(np.int64)
    sizes = np.array([len(one) for one in sets], np.int64)
    return ShingleSets(values, offsets, sizes, np.array(levels, np.uint8))


def as_dict(pairs: JoinedPairs) -> dict[tuple[int, int], int]:
    return dict(zip(zip(pairs.left.tolist(), pairs.right.tolist(), strict=True), pairs.shared.tolist(), strict=True))


@given(
    sets=shingle_sets,
    threshold=st.sampled_from(THRESHOLDS),
    keep_all=st.booleans(),
    levels=st.lists(st.sampled_from([1, 2, 4, 6, 8]), min_size=14, max_size=14),
)
def test_join_equals_all_with_all(sets, threshold, keep_all, levels):
    """Pairs and intersection sizes are those of nested loops, values of one row left out or not."""
    rows = make(sets, levels[: len(sets)], keep_all=keep_all)

    pairs = exact_join(rows, threshold, EXECUTOR, jobs=2)

    assert oracle.similar_pairs(sets, levels, threshold) == as_dict(pairs)


def test_join_equals_all_with_all_on_thousands_of_random_inputs():
    """The same on 3,000 seeded inputs of other shapes: long rows beside short ones, one value in all rows."""
    source = random.Random(7)
    for _ in range(3000):
        universe = source.randint(2, 50)
        sets = [
            {source.randrange(universe) * 40503 for _ in range(source.choice([1, 3, 8, 30]))}
            | ({99} if universe % 3 else set())
            for _ in range(source.randint(1, 16))
        ]
        levels = [source.choice([2, 4, 6]) for _ in sets]
        threshold = source.choice(THRESHOLDS)

        pairs = exact_join(make(sets, levels, keep_all=bool(universe % 2)), threshold, EXECUTOR)

        assert oracle.similar_pairs(sets, levels, threshold) == as_dict(pairs)


@pytest.mark.parametrize("jobs", [1, 3, 8])
def test_number_of_jobs_changes_nothing(jobs):
    """6,000 rows, probed in one part or in many, give the same pairs."""
    source = random.Random(3)
    bases = [{source.getrandbits(32) for _ in range(source.randint(5, 40))} for _ in range(2000)]
    sets = [base ^ {source.getrandbits(32) for _ in range(source.randint(0, 6))} for base in bases for _ in range(3)]
    rows = make(sets, [2] * len(sets))

    one, many = exact_join(rows, 0.6, EXECUTOR, jobs=1), exact_join(rows, 0.6, EXECUTOR, jobs=jobs)

    assert as_dict(one) == as_dict(many)
    assert len(one.left) > 3000


def test_thinned_lists_keep_every_row_connected():
    """500 near-equal rows in lists of at most 50: far fewer pairs than all, and each row has a partner."""
    source = random.Random(5)
    common = {source.getrandbits(32) for _ in range(30)}
    sets = [common | {source.getrandbits(32) for _ in range(3)} for _ in range(500)]
    rows = make(sets, [2] * len(sets))

    pairs = exact_join(rows, 0.5, EXECUTOR, max_bucket=50)

    assert set(range(500)) == set(pairs.left.tolist()) | set(pairs.right.tolist())
    assert len(pairs.left) < 500 * 64
    assert pairs.thinned_buckets > 0
    assert pairs.thinned_rows == 0
    truth = oracle.similar_pairs(sets, [2] * 500, 0.5)
    assert as_dict(pairs).items() <= truth.items()


@pytest.mark.parametrize("threshold", [0.0, -0.1, 1.1])
def test_thresholds_outside_are_refused(threshold):
    """A Jaccard of nothing would pair all rows."""
    with pytest.raises(ValueError, match="min_jaccard"):
        exact_join(make([{1}], [2]), threshold, EXECUTOR)


def test_no_rows_give_no_pairs():
    """An empty table joins to nothing."""
    pairs = exact_join(make([], []), 0.5, EXECUTOR)

    assert len(pairs.left) == 0
