"""Token ranges -> every pair of rows at or over a Jaccard threshold: prefix filtering, compiled, on threads."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dedup.model import Candidates
from dedup.shingles import Ranges

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


def prefixes_of(
    ranges: Ranges,
    hashes: NDArray[np.uint32],
    counts: NDArray[np.uint8],
    levels: NDArray[np.uint8],
    k: int,
    counters: NDArray[np.uint8],
    min_jaccard: float,
) -> Prefixes:
    """Return the prefixes of token ranges.

    Parameters
    ----------
    ranges : Ranges
        ``n`` rows.
    hashes, counts : uint32[t], uint8[t]
        Of the shingle at each position of ``ranges.values``, and its count.
    levels : uint8[n]
    k : int
        Tokens in a shingle.
    counters : uint8[2**p]
        Hashed counts of all shingles of all rows (`dedup.kernels.shingle.count_shingles`), never too low.
    min_jaccard : float
        Over 0, at most 1.
    """
    from dedup.kernels import join as kernels

    if not 0 < min_jaccard <= 1:
        raise ValueError(f"join: min_jaccard is {min_jaccard}; it must be over 0 and at most 1")
    n, lengths = len(ranges.firsts), ranges.lasts - ranges.firsts
    out, offsets = np.empty(int(lengths.sum()), np.uint32), np.empty(n + 1, np.int64)
    sizes, indexed, bitmaps = np.empty(n, np.int32), np.empty(n, np.int32), np.empty((n, 2), np.uint64)
    table = 1 << (2 * int(lengths.max(initial=1))).bit_length()
    seen, stamps = np.empty(table, np.uint32), np.zeros(table, np.int64)
    rows = (ranges.values, hashes, counts, ranges.firsts, ranges.lasts)
    used = kernels.fill_prefixes(*rows, k, counters, min_jaccard, seen, stamps, out, offsets, sizes, indexed, bitmaps)
    return Prefixes(out[:used].copy(), offsets, sizes, indexed, bitmaps, levels)


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

    alive = np.flatnonzero(np.diff(rows.offsets)).astype(np.int32)
    # By size, equal sizes by row: of two rows the larger one looks the smaller one up.
    sizes = rows.sizes[alive].astype(np.uint32)
    radix_argsort(sizes, 32, alive, np.empty_like(sizes), np.empty_like(alive))
    # By the highest bits of the values, so that threads have parts of their own from here on.
    bits = max(1, min(4, jobs.bit_length()))
    counts = np.empty(1 << bits, np.int64)
    kernels.count_postings(rows.values, np.uint32(32 - bits), counts)
    limit = len(rows.values) if max_bucket is None else max_bucket
    settings = (min_jaccard, limit, MAX_LEADERS, _MIN_COMMON)
    tables = (alive, rows.sizes, rows.levels, rows.bitmaps, rows.values, rows.offsets)

    def work(part: int) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        keys, postings = np.empty(counts[part], np.uint32), np.empty(counts[part], np.uint32)
        kernels.fill_postings(
            rows.values, rows.offsets, rows.indexed, alive, np.uint32(part), np.uint32(32 - bits), keys, postings
        )
        radix_argsort(keys, 32, postings, np.empty_like(keys), np.empty_like(postings))
        size = 1024 + len(keys) // 4
        while True:
            out, thinned = np.empty(size, np.uint64), np.zeros(2, np.int64)
            used = kernels.pair_postings(keys, postings, *settings, *tables, out, thinned)
            if used >= 0:
                return np.unique(out[:used]), thinned
            size = -1 - used

    parts = list(executor.map(work, range(1 << bits)))
    pairs = np.unique(np.concatenate([pairs for pairs, _ in parts]))
    thinned = np.array([found for _, found in parts]).sum(axis=0)
    left, right = (pairs >> np.uint64(32)).astype(np.int64), (pairs & np.uint64(0xFFFFFFFF)).astype(np.int64)
    return Candidates(left, right, int(thinned[0]), int(thinned[1]))
