"""Shingle sets -> bitmaps; runs of shingles -> their longest common run."""

from __future__ import annotations

import numpy as np

from dedup.kernels import kernel

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


@kernel
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
