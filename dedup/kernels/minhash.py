"""Shingles -> MinHash signatures -> band keys -> bucket pairs."""

from __future__ import annotations

import numpy as np

from dedup.kernels import allocating, kernel
from dedup.kernels.hashing import fmix32, fmix64

_HASH_MAX = np.uint32(0xFFFFFFFF)
_SHIFT_32 = np.uint64(32)


@kernel
def sign_rows(shingles, offsets, multipliers, addends, out):
    """Fill the signature of each row of shingles (the affine32 scheme of datasketch 2.0).

    The inner loop is a bare minimum over a row: it compiles to 8-wide SIMD, and an ``if`` in it does not
    (7 times slower, `python -m benchmarks run speed-whole`).
    """
    for row in range(len(offsets) - 1):
        cells = out[row]
        cells[:] = _HASH_MAX
        for i in range(offsets[row], offsets[row + 1]):
            mixed = fmix32(shingles[i])
            for p in range(len(multipliers)):
                cells[p] = min(cells[p], np.uint32(multipliers[p] * mixed + addends[p]))


@allocating
def band_keys_of_runs(hashes, firsts, lasts, multipliers, addends, rows, out):
    """Fill the band keys of runs of shingles, without a table of signatures in between.

    ``rows`` is how many permutations make a band; ``out`` is uint32[n, bands]. A shingle that stands twice in a
    run changes no minimum, so the runs are read as they are.
    """
    cells = np.empty(len(multipliers), np.uint32)
    for row in range(len(firsts)):
        cells[:] = _HASH_MAX
        for i in range(firsts[row], lasts[row]):
            mixed = fmix32(hashes[i])
            for p in range(len(multipliers)):
                cells[p] = min(cells[p], np.uint32(multipliers[p] * mixed + addends[p]))
        fill_band_keys(cells, rows, out[row])


@kernel
def fill_band_keys(cells, rows, out):
    """Fill the 32-bit key of each band of one signature."""
    for band in range(len(out)):
        # Each band starts from its own key: equal cells in two bands are not one bucket.
        key = np.uint64(band + 1)
        for i in range(band * rows, (band + 1) * rows):
            key = fmix64(np.uint64((key << _SHIFT_32) ^ (key >> _SHIFT_32)) ^ np.uint64(cells[i]))
        out[band] = np.uint32(key >> _SHIFT_32)


@kernel
def band_keys_of_signatures(signatures, rows, out):
    """Fill the band keys (uint32[n, bands]) of signatures (uint32[n, num_perm])."""
    for row in range(len(signatures)):
        fill_band_keys(signatures[row], rows, out[row])


@allocating
def bucket_pairs(keys, order, table, levels, max_bucket, max_leaders, min_equal, out, thinned):
    """Write the candidate pairs of one band; returns their number, or -1 - number if ``out`` is too short.

    ``keys`` (sorted) and ``order`` are the band's keys and their rows; ``table`` is uint32[n, bands], all band
    keys. Pairs are uint64 ``smaller row << 32 | larger row``. A bucket of more than ``max_bucket`` rows is
    thinned: its rows are compared in turn with at most ``max_leaders`` leaders, a row that has ``min_equal`` bands in
    common with none becomes one, and the rest of the bucket's pairs are not looked at. ``thinned`` counts such
    buckets and the rows in them that found neither leader nor place.
    """
    n = len(keys)
    used = 0
    leaders = np.empty(max_leaders, np.int64)
    start = 0
    while start < n:
        end = start + 1
        while end < n and keys[end] == keys[start]:
            end += 1
        if end - start > max_bucket:
            thinned[0] += 1
            n_leaders = 0
            for i in range(start, end):
                row = order[i]
                found = False
                for j in range(n_leaders):
                    leader = leaders[j]
                    equal = 0
                    for band in range(table.shape[1]):
                        equal += table[row, band] == table[leader, band]
                    if equal >= min_equal and levels[row] & levels[leader]:
                        found = True
                        if used < len(out):
                            out[used] = np.uint64(min(row, leader)) << _SHIFT_32 | np.uint64(max(row, leader))
                        used += 1
                if not found:
                    if n_leaders < max_leaders:
                        leaders[n_leaders] = row
                        n_leaders += 1
                    else:
                        thinned[1] += 1
        else:
            for i in range(start, end):
                for j in range(i + 1, end):
                    if levels[order[i]] & levels[order[j]]:
                        low = min(order[i], order[j])
                        high = max(order[i], order[j])
                        if used < len(out):
                            out[used] = np.uint64(low) << _SHIFT_32 | np.uint64(high)
                        used += 1
        start = end
    return used if used <= len(out) else -1 - used
