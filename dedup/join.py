"""Runs of shingles -> every pair of rows at or over a Jaccard threshold: prefix filtering, compiled, on threads."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dedup.arrays import sorted_unique
from dedup.model import Candidates
from dedup.shingles import ShingleRuns

#: A shingle in the prefixes of more rows is thinned. Of 2 million segments of news at Jaccard .5 two are; a notice with
#: a changed date is, and must not cost the square of its copies.
MAX_BUCKET = 256
#: How many rows of an over-full bucket the others are compared with.
MAX_LEADERS = 64
#: A row needs no leader of its own if it shares this much of its prefix with one.
_MIN_COMMON = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Prefixes:
    """The rarest shingles of each row, as many as prefix filtering must look up.

    Attributes
    ----------
    values : uint32[nnz]
        Rare to common within a row; shingles that stand in no other row are left out.
    offsets : int64[n + 1]
    sizes : int32[n]
        Distinct shingles of the row.
    indexed : int32[n]
        How many of the row's values must be found by rows that are not smaller.
    bitmaps : uint64[n, 2]
        A bit for each shingle of the row.
    levels : uint8[n]
        Only rows with a level in common are paired.
    """

    values: NDArray[np.uint32]
    offsets: NDArray[np.int64]
    sizes: NDArray[np.int32]
    indexed: NDArray[np.int32]
    bitmaps: NDArray[np.uint64]
    levels: NDArray[np.uint8]


def can_match(n_shingles: NDArray[np.int64], shared: NDArray[np.int32], min_jaccard: float) -> NDArray[np.bool_]:
    """Tell which rows may have a partner: a pair of this Jaccard shares that part of the larger set, at least.

    Parameters
    ----------
    n_shingles, shared : int64[n], int32[n]
        How many shingles a row has, and how many of them may stand in another row; repeats within it may count.
    min_jaccard : float

    Examples
    --------
    >>> can_match(np.array([4, 4, 0]), np.array([1, 2, 0], np.int32), 0.5).tolist()
    [False, True, False]
    """
    wanted = np.ceil(min_jaccard * n_shingles - 1e-9)
    found: NDArray[np.bool_] = (shared >= wanted) & (n_shingles > 0)
    return found


def prefixes_of(
    runs: ShingleRuns, counts: NDArray[np.uint8], levels: NDArray[np.uint8], min_jaccard: float
) -> Prefixes:
    """Return the prefixes of runs of shingles.

    Parameters
    ----------
    runs : ShingleRuns
        ``n`` rows.
    counts : uint8[t]
        In how many places of all rows each shingle of ``runs.hashes`` stands, never too low
        (`dedup.kernels.shingle.count_shingles`).
    levels : uint8[n]
    min_jaccard : float
        Over 0, at most 1.
    """
    from dedup.kernels import join as kernels

    if not 0 < min_jaccard <= 1:
        raise ValueError(f"join: min_jaccard is {min_jaccard}; it must be over 0 and at most 1")
    n, lengths = len(runs.firsts), runs.lasts - runs.firsts
    out, offsets = np.empty(int(lengths.sum()), np.uint32), np.empty(n + 1, np.int64)
    sizes, indexed, bitmaps = np.empty(n, np.int32), np.empty(n, np.int32), np.empty((n, 2), np.uint64)
    table = 1 << (2 * int(lengths.max(initial=1))).bit_length()
    seen, stamps = np.empty(table, np.uint32), np.zeros(table, np.int64)
    rows = (runs.hashes, counts, runs.firsts, runs.lasts)
    used = kernels.fill_prefixes(*rows, min_jaccard, seen, stamps, out, offsets, sizes, indexed, bitmaps)
    return Prefixes(out[:used].copy(), offsets, sizes, indexed, bitmaps, levels)


class PrefixTable:
    """Prefixes of many rows, put together part by part: parts that are kept until the end would stand in memory twice.

    Parameters
    ----------
    max_rows, max_values : int
        Room that is reserved; the system gives memory as it fills.
    """

    def __init__(self, max_rows: int, max_values: int) -> None:
        self._values = np.empty(max_values, np.uint32)
        self._offsets = np.zeros(max_rows + 1, np.int64)
        self._sizes, self._indexed = np.empty(max_rows, np.int32), np.empty(max_rows, np.int32)
        self._bitmaps, self._levels = np.empty((max_rows, 2), np.uint64), np.empty(max_rows, np.uint8)
        self._rows = 0

    def add(self, part: Prefixes) -> None:
        """Append the rows of a part."""
        first, last = self._rows, self._rows + len(part.sizes)
        start = int(self._offsets[first])
        self._values[start : start + len(part.values)] = part.values
        self._offsets[first + 1 : last + 1] = start + part.offsets[1:]
        self._sizes[first:last], self._indexed[first:last] = part.sizes, part.indexed
        self._bitmaps[first:last], self._levels[first:last] = part.bitmaps, part.levels
        self._rows = last

    def prefixes(self) -> Prefixes:
        """Return all rows."""
        n = self._rows
        return Prefixes(
            self._values[: self._offsets[n]],
            self._offsets[: n + 1],
            self._sizes[:n],
            self._indexed[:n],
            self._bitmaps[:n],
            self._levels[:n],
        )


def candidate_pairs(
    rows: Prefixes, min_jaccard: float, executor: Executor, *, jobs: int = 1, max_bucket: int | None = MAX_BUCKET
) -> Candidates:
    """Return all pairs of rows that have a Jaccard of ``min_jaccard``, and few others.

    Parameters
    ----------
    rows : Prefixes
        ``n`` rows, made with the same ``min_jaccard``.
    min_jaccard : float
    executor : concurrent.futures.Executor
        Of threads; the answer does not depend on how many.
    jobs : int
        How many threads there are.
    max_bucket : int, optional
        Values in the prefixes of more rows are thinned, and counted; ``None`` thins none, and may cost the square of
        the rows that share everything.

    Notes
    -----
    Prefix and length filters after Bayardo, Ma, Srikant (2007), the shorter index prefix after Xiao et al. (2008),
    bitmaps after Sandes, Teodoro, Melo (2017). Instead of an index that is probed at random, all prefix values are
    sorted: rows that share one lie side by side.
    """
    from dedup.kernels import join as kernels
    from dedup.kernels.sort import radix_argsort

    n, n_values = len(rows.sizes), len(rows.values)
    # By size, equal sizes by row: of two rows the larger one looks the smaller one up.
    numbers, sizes = np.arange(n, dtype=np.uint32), rows.sizes.astype(np.uint32)
    radix_argsort(sizes, 32, numbers, np.empty_like(sizes), np.empty_like(numbers))
    order = numbers.view(np.int32)
    places = np.empty(n, np.int32)
    places[order] = np.arange(n, dtype=np.int32)
    limit = n_values if max_bucket is None else max_bucket
    settings = (min_jaccard, limit, MAX_LEADERS, _MIN_COMMON)
    tables = (order, sizes, rows.levels[order], rows.bitmaps[order], rows.values, rows.offsets)

    # Parts by the highest bits of the values, each small enough for the cache.
    bits = max(1, min(10, (n_values >> 13).bit_length()))
    shift = np.uint32(32 - bits)
    cuts = np.searchsorted(rows.offsets, np.linspace(0, n_values, jobs + 1))
    counts = np.empty((jobs, 1 << bits), np.int64)

    def count(job: int) -> None:
        kernels.count_postings(rows.values[rows.offsets[cuts[job]] : rows.offsets[cuts[job + 1]]], shift, counts[job])

    list(executor.map(count, range(jobs)))
    starts = np.append(0, np.cumsum(counts.sum(axis=0)))
    cursors = starts[:-1] + np.cumsum(counts, axis=0) - counts
    keys, postings = np.empty(n_values, np.uint32), np.empty(n_values, np.uint32)

    def fill(job: int) -> None:
        columns = (rows.values, rows.offsets, rows.indexed, places)
        kernels.fill_postings(*columns, cuts[job], cuts[job + 1], shift, cursors[job], keys, postings)

    list(executor.map(fill, range(jobs)))
    spare = int(np.diff(starts).max())

    def work(part: slice) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        edges = starts[part.start : part.stop + 1]
        mine = slice(edges[0], edges[-1])
        spares = np.empty(spare, np.uint32), np.empty(spare, np.uint32)
        kernels.sort_parts(keys[mine], postings[mine], edges - edges[0], 32 - bits, *spares)
        size = 1024 + (mine.stop - mine.start) // 4
        while True:
            out, thinned = np.empty(size, np.uint64), np.zeros(2, np.int64)
            used = kernels.pair_postings(keys[mine], postings[mine], *settings, *tables, out, thinned)
            if used >= 0:
                return sorted_unique(out[:used]), thinned
            size = -1 - used

    step = max(1, (1 << bits) // (8 * jobs))
    parts = list(executor.map(work, [slice(i, min(i + step, 1 << bits)) for i in range(0, 1 << bits, step)]))
    pairs = sorted_unique(np.concatenate([pairs for pairs, _ in parts]))
    thinned = np.array([found for _, found in parts]).sum(axis=0)
    left, right = (pairs >> np.uint64(32)).astype(np.int64), (pairs & np.uint64(0xFFFFFFFF)).astype(np.int64)
    return Candidates(left, right, int(thinned[0]), int(thinned[1]))
