"""Counters of shingles in so little memory that their table does not fit: part after part of it.

Counting goes all over the table: if its pages were let go of meanwhile, they would come and go without end. So it is
pinned; and where it is too large for that, one part of it after the other is, and is counted from the shingles that
are kept: a sequential read of these for each part, and another one to note what was counted beside each shingle.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor

import numpy as np
from numpy.typing import NDArray

from dedup.scratch import current, pinned_zeros
from dedup.workspace import HashStore

#: The share of a limit that parts of the table may take, of all threads.
_SHARE = 0.25
#: Smaller parts would be many, and each is another time through all shingles.
_LEAST_PART = 1 << 16

#: ``rows(shard)``: where the rows that are counted begin and end among the shingles of the shard, both int64[n].
CountedRows = Callable[[int], tuple[NDArray[np.int64], NDArray[np.int64]]]


def part_size(size: int, limit_bytes: int, jobs: int) -> int:
    """Return how many counters of ``size``, a power of two, each thread counts at a time: a power of two.

    Examples
    --------
    >>> part_size(1 << 32, 4_000_000_000, 2) == 1 << 28, part_size(1 << 20, 4_000_000_000, 2) == 1 << 20
    (True, True)
    """
    return min(size, 1 << (max(_LEAST_PART, int(_SHARE * limit_bytes / jobs)).bit_length() - 1))


def count_in_parts(
    store: HashStore, kept: Sequence[slice], rows: CountedRows, size: int, jobs: int, executor: Executor
) -> NDArray[np.uint8]:
    """Return how often each shingle of the store was counted, as a table of ``size`` counters has it: uint8[t].

    Parameters
    ----------
    store : HashStore
    kept : sequence of slice
        Where it has those of each shard.
    rows : callable
        The rows of each shard that are counted.
    size : int
        Counters, a power of two.
    jobs : int
        Threads of ``executor``, each of which has a part of the table at a time.
    """
    from dedup.kernels import shingle as kernels

    scratch = current()
    each = size if scratch is None else part_size(size, scratch.limit_bytes, jobs)
    counts = np.empty(max((one.stop for one in kept), default=0), np.uint8)
    mask = np.uint32(size - 1)

    def work(part: int) -> None:
        table = pinned_zeros(each)
        for shard, one in enumerate(kept):
            kernels.count_part(store.get(one), *rows(shard), mask, part, table)
        for one in kept:
            kernels.look_up_part(store.get(one), mask, part, table, counts[one])

    list(executor.map(work, range(size // each)))
    return counts
