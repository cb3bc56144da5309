"""Runs of shingles -> prefixes of their sets -> every pair that may reach a Jaccard threshold."""

from __future__ import annotations

import numpy as np

from dedup.kernels import allocating, inline, kernel
from dedup.kernels.sort import radix_argsort, sort_stretch

_SHIFT_32 = np.uint64(32)
_ONE = np.uint64(1)
_EPSILON = 1e-9
#: Bits of a row's bitmap: two words of 64.
_BITMAP_SHIFT = np.uint32(25)
_WORD_SHIFT = np.uint32(6)
_WORD_MASK = np.uint32(63)
_M1 = np.uint64(0x5555555555555555)
_M2 = np.uint64(0x3333333333333333)
_M4 = np.uint64(0x0F0F0F0F0F0F0F0F)
_H01 = np.uint64(0x0101010101010101)
_INDEXED = np.uint32(1)


@inline
def ceil_share(share, size):
    """Return the smallest whole number that is at least ``share * size``, rounding errors aside."""
    return np.int64(np.ceil(share * size - _EPSILON))


@inline
def count_bits(word):
    """Return how many bits of a uint64 are set (Warren, Hacker's Delight, 5-1)."""
    word = word - ((word >> np.uint64(1)) & _M1)
    word = (word & _M2) + ((word >> np.uint64(2)) & _M2)
    word = (word + (word >> np.uint64(4))) & _M4
    return np.int64((word * _H01) >> np.uint64(56))


@inline
def keep_smallest(ranks, n, wanted):
    """Sort the ``wanted`` smallest of the first ``n`` ranks to the front."""
    if n > 64:
        sort_stretch(ranks, np.int64(0), n)
        return
    for i in range(1, n):
        rank = ranks[i]
        # A rank that is not among the smallest so far is dropped where it stands.
        j = min(i, wanted)
        if i >= wanted and rank >= ranks[wanted - 1]:
            continue
        if i >= wanted:
            j = wanted - 1
        while j > 0 and ranks[j - 1] > rank:
            ranks[j] = ranks[j - 1]
            j -= 1
        ranks[j] = rank


@allocating
def fill_prefixes(hashes, counts, firsts, lasts, min_jaccard, seen, stamps, prefixes, offsets, sizes, indexed, bitmaps):
    """Fill the prefix of each row: its rarest shingles, rare to common, as many as must be looked up.

    A partner of Jaccard ``t`` shares at least ``ceil(t * size)`` of a row's shingles, so one of the rarest
    ``size - that + 1`` (Bayardo, Ma, Srikant 2007); among partners that are not smaller, one of the rarest
    ``size - ceil(2 t / (1 + t) * size) + 1`` (Xiao et al. 2008, 4.1): ``indexed`` of them. Shingles that were counted
    once stand here alone: they are the rarest of all, count as looked up, and are left out. A row of which too
    many stand alone has an empty prefix. ``sizes`` gets the number of distinct shingles, ``bitmaps`` (uint64[n, 2]) a
    bit for each. ``seen`` (uint32) and ``stamps`` (int64, zeros) are a hash set of a power of two larger than twice
    the longest row. Returns how many values were written.
    """
    table = np.uint32(len(seen) - 1)
    longest = 1
    for row in range(len(firsts)):
        longest = max(longest, lasts[row] - firsts[row])
    ranks = np.empty(longest, np.uint64)
    used = 0
    offsets[0] = 0
    for row in range(len(firsts)):
        alone = 0
        shared = np.int64(0)
        bitmaps[row, 0] = 0
        bitmaps[row, 1] = 0
        for i in range(firsts[row], lasts[row]):
            shingle = hashes[i]
            bit = shingle >> _BITMAP_SHIFT
            bitmaps[row, np.int64(bit >> _WORD_SHIFT)] |= _ONE << np.uint64(bit & _WORD_MASK)
            if counts[i] < 2:
                # Counted once, it is distinct within the row as well.
                alone += 1
                continue
            slot = (shingle >> np.uint32(5)) & table
            while stamps[slot] == row + 1 and seen[slot] != shingle:
                slot = (slot + np.uint32(1)) & table
            if stamps[slot] != row + 1:
                stamps[slot] = row + 1
                seen[slot] = shingle
                ranks[shared] = np.uint64(counts[i]) << _SHIFT_32 | np.uint64(shingle)
                shared += 1
        size = alone + shared
        sizes[row] = size
        looked_up = max(np.int64(0), shared - ceil_share(min_jaccard, size) + 1) if size else np.int64(0)
        looked_up = min(looked_up, shared)
        indexed[row] = max(np.int64(0), shared - ceil_share(2.0 * min_jaccard / (1.0 + min_jaccard), size) + 1)
        if looked_up:
            keep_smallest(ranks, shared, looked_up)
        for i in range(looked_up):
            prefixes[used] = np.uint32(ranks[i] & np.uint64(0xFFFFFFFF))
            used += 1
        offsets[row + 1] = used
    stamps[:] = 0
    return used


@kernel
def count_postings(prefixes, shift, counts):
    """Count the prefix values whose highest bits, ``value >> shift``, are 0, 1, 2, ..."""
    counts[:] = 0
    for i in range(len(prefixes)):
        counts[prefixes[i] >> shift] += 1


@kernel
def fill_postings(prefixes, offsets, indexed, places, first, last, shift, cursors, keys, postings):
    """Write value and posting of every prefix value of the rows ``first`` to ``last``, by their highest bits.

    A posting is the row's place times two, plus one if the value is among the indexed ones. ``cursors`` (int64) says
    where the values with ``value >> shift`` of 0, 1, 2, ... go; it is moved on.
    """
    for row in range(first, last):
        start = offsets[row]
        place = np.uint32(places[row]) << _INDEXED
        for i in range(start, offsets[row + 1]):
            part = prefixes[i] >> shift
            cursor = cursors[part]
            cursors[part] = cursor + 1
            keys[cursor] = prefixes[i]
            postings[cursor] = place | np.uint32(i - start < indexed[row])


@allocating
def sort_parts(keys, postings, starts, bits, spare_keys, spare_postings):
    """Sort each part of the keys (``starts``, int64[parts + 1]) by its lowest ``bits``, postings along with them.

    Part by part, since a part and its spare stay in the cache.
    """
    for part in range(len(starts) - 1):
        a = starts[part]
        b = starts[part + 1]
        radix_argsort(keys[a:b], bits, postings[a:b], spare_keys[: b - a], spare_postings[: b - a])


@inline
def may_reach(min_jaccard, size, other_size, bitmaps, place, other):
    """Tell whether two rows can have the Jaccard, by what their bitmaps differ in (Sandes et al. 2017)."""
    differ = count_bits(bitmaps[place, 0] ^ bitmaps[other, 0]) + count_bits(bitmaps[place, 1] ^ bitmaps[other, 1])
    # J = o / (a + b - o) >= t  is  o >= t / (1 + t) * (a + b); the symmetric difference has at least the bits' size.
    return (size + other_size - differ) // 2 >= ceil_share(min_jaccard / (1.0 + min_jaccard), size + other_size)


@inline
def common_prefix(prefixes, offsets, row, other):
    """Return the share of the shorter of two prefixes that the other one has too."""
    shared = 0
    for i in range(offsets[row], offsets[row + 1]):
        for j in range(offsets[other], offsets[other + 1]):
            if prefixes[i] == prefixes[j]:
                shared += 1
                break
    return shared / min(offsets[row + 1] - offsets[row], offsets[other + 1] - offsets[other])


@allocating
def pair_postings(
    keys, postings, min_jaccard, max_bucket, max_leaders, min_common, order, sizes, levels, bitmaps, prefixes, offsets,
    out, thinned,
):  # fmt: skip
    """Write the pairs of rows that share a prefix value and may reach the threshold; returns their number.

    ``keys`` are sorted, and the postings of each are put in order here. ``sizes`` (ascending), ``levels`` and
    ``bitmaps`` are those of the rows in ``order``, by place. Pairs are uint64 ``smaller row << 32 | larger row``, more
    than once if they share several values. If they are more than fit into ``out``, the number is returned as
    ``-1 - number``. A value in more than ``max_bucket`` rows is thinned: a row is compared with at most
    ``max_leaders`` leaders, and becomes one where less than ``min_common`` of its prefix is that of any of them.
    ``thinned`` counts such values, and the rows in them without leader or place.
    """
    used = 0
    leaders = np.empty(max_leaders, np.int64)
    start = 0
    while start < len(keys):
        end = start + 1
        while end < len(keys) and keys[end] == keys[start]:
            end += 1
        if end - start > 1:
            sort_stretch(postings, start, end)
        thin = end - start > max_bucket
        thinned[0] += thin
        n_leaders = 0
        for i in range(start, end if end - start > 1 else start):
            place = np.int64(postings[i] >> _INDEXED)
            size = np.int64(sizes[place])
            smallest = ceil_share(min_jaccard, size)
            found = False
            # Backwards, from the rows of the same size to the smallest that can match.
            for j in range((n_leaders if thin else i) - 1, -1 if thin else start - 1, -1):
                other = leaders[j] if thin else np.int64(postings[j] >> _INDEXED)
                if sizes[other] < smallest:
                    if thin:
                        continue
                    break
                if not thin and not postings[j] & _INDEXED:
                    continue
                if not levels[place] & levels[other]:
                    continue
                if not may_reach(min_jaccard, size, np.int64(sizes[other]), bitmaps, place, other):
                    continue
                row = np.int64(order[place])
                other_row = np.int64(order[other])
                found = found or (thin and common_prefix(prefixes, offsets, row, other_row) >= min_common)
                if used < len(out):
                    out[used] = np.uint64(min(row, other_row)) << _SHIFT_32 | np.uint64(max(row, other_row))
                used += 1
            if thin and not found:
                if n_leaders < max_leaders:
                    leaders[n_leaders] = place
                    n_leaders += 1
                else:
                    thinned[1] += 1
        start = end
    return used if used <= len(out) else -1 - used
