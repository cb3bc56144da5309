"""Shingle sets -> bitmaps; tokens -> longest common runs; blocks of postings -> places of some keys, and values."""

from __future__ import annotations

import numpy as np

from dedup.kernels import allocating, kernel

_BITMAP_SHIFT = np.uint32(25)
_WORD_SHIFT = np.uint32(6)
_WORD_MASK = np.uint32(63)
_ONE = np.uint64(1)
#: Entries that are stepped over at once where no wanted key is among them.
_STRIDE = 32


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
def search_blocks(steps_16, steps_32, steps_64, blocks, firsts, wanted, asked, found):
    """Write where blocks of postings have some keys; returns how many, as ``-1 - number`` if they do not fit.

    Parameters
    ----------
    steps_16, steps_32, steps_64 : uint16, uint32, uint64
        The differences of the ascending keys of each block (the first is 0), one block after the other, as numbers of
        each width.
    blocks : int64[b, 5]
        Of each: the byte at which it begins, how many entries it has, bytes of a difference, and which of the wanted
        keys may be in it, first and last.
    firsts : uint64[b]
        First key of each.
    wanted : uint64[w]
        Ascending, each once.
    asked : int64
        Filled with indices into ``wanted``.
    found : int64[, 2]
        Filled with the block and the place in it.
    """
    used = 0
    for block in range(len(blocks)):
        start = blocks[block, 0]
        n = blocks[block, 1]
        key_width = blocks[block, 2]
        at = blocks[block, 3]
        last = blocks[block, 4]
        key = firsts[block]
        i = 0
        while i < n and at < last:
            end = min(i + _STRIDE, n)
            if end == i + _STRIDE:
                step = np.uint64(0)
                # Unsigned indices and a fixed count compile to SIMD: four times as fast.
                if key_width == 2:
                    base = np.uint64(start // 2 + i)
                    for j in range(_STRIDE):
                        step += np.uint64(steps_16[base + np.uint64(j)])
                elif key_width == 4:
                    base = np.uint64(start // 4 + i)
                    for j in range(_STRIDE):
                        step += np.uint64(steps_32[base + np.uint64(j)])
                else:
                    base = np.uint64(start // 8 + i)
                    for j in range(_STRIDE):
                        step += steps_64[base + np.uint64(j)]
                if key + step < wanted[at]:
                    key += step
                    i = end
                    continue
            while i < end:
                if key_width == 2:
                    key += np.uint64(steps_16[start // 2 + i])
                elif key_width == 4:
                    key += np.uint64(steps_32[start // 4 + i])
                else:
                    key += steps_64[start // 8 + i]
                while at < last and wanted[at] < key:
                    at += 1
                if at == last:
                    break
                if wanted[at] == key:
                    if used < len(asked):
                        asked[used] = at
                        found[used, 0] = block
                        found[used, 1] = i
                    used += 1
                i += 1
    return used if used <= len(asked) else -1 - used


@kernel
def take_values(data, starts, widths, values):
    """Fill ``values`` (int64[n]) with numbers of ``widths`` bytes, lowest first, that begin at ``starts``."""
    for row in range(len(starts)):
        value = np.int64(0)
        for byte in range(widths[row]):
            value |= np.int64(data[starts[row] + byte]) << np.int64(8 * byte)
        values[row] = value


@kernel
def expand_blocks(steps_16, steps_32, steps_64, data, blocks, firsts, keys, values):
    """Fill ``keys`` (uint64[n]) and ``values`` (int64[n]) with what blocks of postings hold, one after the other.

    Parameters
    ----------
    steps_16, steps_32, steps_64 : uint16, uint32, uint64
        As `search_blocks` takes them.
    data : uint8
        Values of all blocks.
    blocks : int64[b, 5]
        Of each: the byte at which its keys begin, how many entries it has, bytes of a difference, the byte at which
        its values begin, and bytes of a value.
    firsts : uint64[b]
        First key of each.
    """
    at = 0
    for block in range(len(blocks)):
        start = blocks[block, 0]
        n = blocks[block, 1]
        key_width = blocks[block, 2]
        key = firsts[block]
        for i in range(n):
            if key_width == 2:
                key += np.uint64(steps_16[start // 2 + i])
            elif key_width == 4:
                key += np.uint64(steps_32[start // 4 + i])
            else:
                key += steps_64[start // 8 + i]
            keys[at + i] = key
        width = blocks[block, 4]
        start = blocks[block, 3]
        for i in range(n):
            value = np.int64(0)
            for byte in range(width):
                value |= np.int64(data[start + i * width + byte]) << np.int64(8 * byte)
            values[at + i] = value
        at += n
