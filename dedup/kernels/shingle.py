"""Token ranges of segments -> sequence keys, shingle counts, shingle sets."""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

import numpy as np

from dedup.kernels import inline, kernel
from dedup.kernels.hashing import fmix64, power, roll, sequence_hash, shingle_hash
from dedup.kernels.sort import sort_stretch

_MOST = np.uint8(255)
_SHIFT_32 = np.uint64(32)


@kernel
def token_ranges(parents, leaf_offsets, firsts, lasts):
    """Fill the token range of each segment: a leaf has its own tokens, a paragraph those of all its sentences."""
    n = len(parents)
    leaf = 0
    for row in range(n):
        firsts[row] = leaf_offsets[leaf]
        if row + 1 < n and parents[row + 1] == row:
            continue
        lasts[row] = leaf_offsets[leaf + 1]
        if parents[row] >= 0:
            lasts[parents[row]] = lasts[row]
        leaf += 1


@kernel
def sequence_keys(values, firsts, lasts, salts, keys):
    """Fill the 64-bit key of each segment's token sequence; segments of different salts never share a key."""
    for row in range(len(firsts)):
        keys[row] = sequence_hash(values, firsts[row], lasts[row]) ^ salts[row]


@inline
def n_shingles(n_tokens, k):
    """Return how many shingles stand in a row of tokens: one if it is shorter than a shingle, none if it is empty."""
    if n_tokens >= k:
        return n_tokens - k + 1
    return 1 if n_tokens > 0 else 0


@kernel
def hash_positions(values, k, hashes):
    """Fill the hash of the ``k`` tokens from each position on (uint32[t]); 0 where fewer are left."""
    hashes[:] = 0
    if len(values) < k:
        return
    # The polynomial of `sequence_hash`, rolled on: two products a token, whatever k is.
    length_term = np.uint64(np.uint64(k) * power(k))
    leaving_weight = power(k - 1)
    window = np.uint64(0)
    for i in range(k):
        window = roll(window, np.uint64(0), values[i], leaving_weight)
    for i in range(len(values) - k):
        hashes[i] = np.uint32(fmix64(np.uint64(length_term + window)) >> _SHIFT_32)
        window = roll(window, values[i], values[i + k], leaving_weight)
    hashes[len(values) - k] = np.uint32(fmix64(np.uint64(length_term + window)) >> _SHIFT_32)


@kernel
def hash_whole(values, firsts, lasts, hashes):
    """Fill the hash of each row as one shingle, however long it is (uint32[n])."""
    for row in range(len(firsts)):
        hashes[row] = shingle_hash(values, firsts[row], lasts[row])


@kernel
def count_shingles(hashes, firsts, lasts, counters):
    """Count the shingles of each row in a hashed table (uint8[2**p]); counts stop at 255.

    Two shingles may share a counter, so a count is never too low.
    """
    mask = np.uint32(len(counters) - 1)
    for row in range(len(firsts)):
        for i in range(firsts[row], lasts[row]):
            slot = hashes[np.uint64(i)] & mask
            counters[slot] += np.uint8(counters[slot] != _MOST)


@kernel
def look_up_counts(hashes, counters, counts):
    """Fill the count of each hash.

    A loop of its own: the reads miss the cache, and here the processor has a dozen of them under way at once.
    """
    mask = np.uint32(len(counters) - 1)
    for i in range(len(hashes)):
        counts[i] = counters[hashes[i] & mask]


@kernel
def count_part(hashes, firsts, lasts, mask, part, table):
    """Count as `count_shingles` in one part of a table too large for the memory there is: uint8[2**q] of its 2**p.

    ``mask`` (uint32) is ``2**p - 1``; of all counters those from ``part * 2**q`` on are meant.
    """
    first, last = np.uint32(part * len(table)), np.uint32((part + 1) * len(table) - 1)
    for row in range(len(firsts)):
        for i in range(firsts[row], lasts[row]):
            slot = hashes[np.uint64(i)] & mask
            if first <= slot <= last:
                table[slot - first] += np.uint8(table[slot - first] != _MOST)


@kernel
def look_up_part(hashes, mask, part, table, counts):
    """Fill the count of each hash whose counter is in this part of the table; leave the others."""
    first, last = np.uint32(part * len(table)), np.uint32((part + 1) * len(table) - 1)
    for i in range(len(hashes)):
        slot = hashes[i] & mask
        if first <= slot <= last:
            counts[i] = table[slot - first]


@kernel
def look_up_bits(hashes, bits, counts):
    """Fill 2 for each hash whose counter is over 1, else 1.

    ``bits`` (uint8[2**p / 8], lowest bit first) has a bit for each counter: an eighth of the table to carry about.
    """
    mask = np.uint32(8 * len(bits) - 1)
    for i in range(len(hashes)):
        slot = hashes[i] & mask
        counts[i] = np.uint8(1) + (bits[slot >> np.uint32(3)] >> (slot & np.uint32(7)) & np.uint8(1))


@kernel
def count_shared(counts, firsts, lasts, shared):
    """Fill how many shingles of each row may stand in another one too: those counted more than once (int32[n])."""
    for row in range(len(firsts)):
        found = 0
        for i in range(firsts[row], lasts[row]):
            found += counts[np.uint64(i)] > 1
        shared[row] = found


@kernel
def add_counters(left, right, out):
    """Add two tables of counters, each sum stopping at 255; ``out`` may be one of them."""
    for i in range(len(left)):
        out[i] = min(np.int64(left[i]) + np.int64(right[i]), 255)


@kernel
def shingle_rows(values, firsts, lasts, k, out, offsets):
    """Fill the sorted distinct shingles of each row; returns how many were written."""
    used = 0
    offsets[0] = 0
    for row in range(len(firsts)):
        n = n_shingles(lasts[row] - firsts[row], k)
        start = used
        for i in range(firsts[row], firsts[row] + n):
            out[start + i - firsts[row]] = shingle_hash(values, i, min(i + k, lasts[row]))
        sort_stretch(out, start, start + n)
        for i in range(start, start + n):
            if i == start or out[i] != out[used - 1]:
                out[used] = out[i]
                used += 1
        offsets[row + 1] = used
    return used
