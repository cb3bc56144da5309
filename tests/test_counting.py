"""`dedup.engines.counting`: what was met more than once is told by a bit, wherever it was met."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

pytest.importorskip("pyarrow", reason="needs the extra arrow")

import pyarrow as pa

from dedup.engines import counting


@pytest.mark.parametrize(("n_slots", "n_met"), [(1 << 16, 90_000), (1 << 23, 300_000), (1 << 23, 40)])
@pytest.mark.parametrize("n_partitions", [1, 7])
def test_bits_are_those_of_counted_slots(n_slots: int, n_met: int, n_partitions: int) -> None:
    """Of dense and sparse tables, in gaps of a byte and of two, some that go on; the first and last slot too."""
    draw = np.random.default_rng(n_met)
    slots = np.append(draw.integers(0, n_slots, n_met), [0, n_slots - 1, n_slots - 1]).astype(np.uint32)
    cut = np.array_split(draw.permutation(slots), n_partitions)

    packed = pa.Table.from_batches([batch for part in cut for batch in counting.pack_slots(part)])
    found = counting.sum_counters(packed).to_pydict()
    shared = counting.join_parts(zip(found["part"], found["bits"], strict=True), n_slots)

    expected = {slot for slot, n in Counter(slots.tolist()).items() if n > 1}
    assert expected == set(np.flatnonzero(np.unpackbits(shared, bitorder="little")).tolist())


def test_no_number_that_stands_in_several_is_missed() -> None:
    """Numbers of both signs that were met twice are shared; of those met once few are taken for such."""
    draw = np.random.default_rng(2)
    numbers = np.unique(draw.integers(-(1 << 63), 1 << 63, 40_000))
    twice = numbers[::5]
    n_slots = counting.count_slots(len(numbers) + len(twice))
    slots = counting.slots_of(np.append(numbers, twice), n_slots)

    found = counting.sum_counters(pa.Table.from_batches(list(counting.pack_slots(slots)))).to_pydict()
    shared = counting.join_parts(zip(found["part"], found["bits"], strict=True), n_slots)

    assert counting.are_shared(twice, shared).all()
    alone = np.setdiff1d(numbers, twice)
    # A slot in sixteen or fewer is taken: with 32,000 draws four standard deviations are less than .01.
    assert counting.are_shared(alone, shared).mean() < 1 / 16 + 0.01
