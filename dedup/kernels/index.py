"""Shingle sets -> bitmaps; tokens -> longest common runs; blocks of postings -> what is kept for some keys."""

from __future__ import annotations

import numpy as np

from dedup.kernels import allocating, kernel

_BITMAP_SHIFT = np.uint32(25)
_WORD_SHIFT = np.uint32(6)
_WORD_MASK = np.uint32(63)
_ONE = np.uint64(1)


@kernel
def fill_bitmaps(values, offsets, bitmaps):
    """Set a bit of each row's 128 (uint64[n, 2]) for each of its shingles."""
    for row in range(len(offsets) - 1):
        bitmaps[row, 0] = 0
        bitmaps[row, 1] = 0
        for i in range(offsets[row], offsets[row + 1]):
            bit = values[i] >> _BITMAP_SHIFT
            bitmaps[row, np.int64(bit >> _WORD_SHIFT)] |= _ONE << np.uint64(bit & _WORD_MASK)


@allocating
def longest_runs(values, left_firsts, left_lasts, right_firsts, right_lasts, longest):
    """Fill how many tokens in a row two ranges of ``values`` have in common, at most."""
    for pair in range(len(longest)):
        best = 0
        width = right_lasts[pair] - right_firsts[pair]
        before = np.zeros(width + 1, np.int32)
        for i in range(left_firsts[pair], left_lasts[pair]):
            # From the right, so that the cell to the left still is that of the row above.
            for j in range(width - 1, -1, -1):
                if values[i] == values[right_firsts[pair] + j]:
                    before[j + 1] = before[j] + 1
                    if before[j + 1] > best:
                        best = before[j + 1]
                else:
                    before[j + 1] = 0
        longest[pair] = best


@kernel
def search_block(steps, first, packed, wanted, asked, found):
    """Write what a block has for some keys; returns how many, as ``-1 - number`` if they do not fit.

    ``steps`` are the differences of its ascending keys, the first of which is ``first`` (uint64, its step 0);
    ``packed`` is uint8[n, width], the values beside them, lowest byte first. ``wanted`` (uint64) ascends, each once;
    ``asked`` gets indices into it, ``found`` the values.
    """
    used = 0
    key = first
    at = 0
    for i in range(len(steps)):
        key += np.uint64(steps[i])
        while at < len(wanted) and wanted[at] < key:
            at += 1
        if at == len(wanted):
            break
        if wanted[at] == key:
            if used < len(asked):
                value = np.int64(0)
                for byte in range(packed.shape[1]):
                    value |= np.int64(packed[i, byte]) << np.int64(8 * byte)
                asked[used] = at
                found[used] = value
            used += 1
    return used if used <= len(asked) else -1 - used
