"""Tokens -> document frequencies, term rows, cosines, overlaps."""

from __future__ import annotations

import numpy as np

from dedup.kernels import inline, kernel
from dedup.kernels.sort import sort_stretch

_ZERO = np.uint64(0)
#: An empty slot of a hash table of tokens is 0; the one token that hashes to 0 is kept under this value.
_STAND_IN = np.uint64(0x9E3779B97F4A7C15)


@inline
def find_slot(keys, key):
    """Return the slot of ``key`` in an open-addressing table (uint64[2**p]), or the empty slot where it belongs."""
    mask = np.uint64(len(keys) - 1)
    slot = key & mask
    while keys[slot] != _ZERO and keys[slot] != key:
        slot = (slot + np.uint64(1)) & mask
    return np.int64(slot)


@kernel
def count_documents(values, firsts, lasts, keys, counts, latest):
    """Count in how many rows each token stands; returns the number of distinct tokens, -1 if the table is too small.

    ``keys`` (uint64[2**p], zeros), ``counts`` and ``latest`` (int32, zeros) are a hash table.
    """
    used = 0
    for row in range(len(firsts)):
        if 2 * (used + lasts[row] - firsts[row]) > len(keys):
            return -1
        for i in range(firsts[row], lasts[row]):
            key = values[i] if values[i] != _ZERO else _STAND_IN
            slot = find_slot(keys, key)
            if keys[slot] == _ZERO:
                keys[slot] = key
                used += 1
            if latest[slot] != row + 1:
                latest[slot] = row + 1
                counts[slot] += 1
    return used


@kernel
def add_counts(keys, counts, table_keys, table_counts):
    """Add counts to a table that has room; returns the number of new keys. Empty slots of the input are passed over."""
    new = 0
    for i in range(len(keys)):
        if keys[i] == _ZERO:
            continue
        slot = find_slot(table_keys, keys[i])
        if table_keys[slot] == _ZERO:
            table_keys[slot] = keys[i]
            new += 1
        table_counts[slot] += counts[i]
    return new


@kernel
def fill_lookup(keys, table_keys, table_ids):
    """Fill a hash table from distinct ``keys`` to their numbers."""
    for i in range(len(keys)):
        slot = find_slot(table_keys, keys[i])
        table_keys[slot] = keys[i]
        table_ids[slot] = i


@kernel
def look_up(values, table_keys, table_ids, ids):
    """Fill the number of each token; a token that is in no document gets the number of documents' terms, the last."""
    unknown = np.int32(-1)
    for i in range(len(values)):
        key = values[i] if values[i] != _ZERO else _STAND_IN
        slot = find_slot(table_keys, key)
        ids[i] = table_ids[slot] if table_keys[slot] != _ZERO else unknown


@kernel
def term_rows(ids, offsets, idf, found, terms, weights, out_offsets):
    """Fill the TF-IDF row of each token row: distinct terms, ascending, with unit length; returns how many.

    A term's weight is ``(1 + ln tf) * idf``, the row is divided by its Euclidean norm. Unknown terms (-1) are left out.
    ``found`` (int32) is work space as long as the longest row.
    """
    used = 0
    out_offsets[0] = 0
    for row in range(len(offsets) - 1):
        n = offsets[row + 1] - offsets[row]
        for i in range(n):
            found[i] = ids[offsets[row] + i]
        sort_stretch(found, np.int64(0), n)
        first = used
        squares = 0.0
        i = 0
        while i < n:
            j = i + 1
            while j < n and found[j] == found[i]:
                j += 1
            if found[i] >= 0:
                weight = (1.0 + np.log(j - i)) * idf[found[i]]
                terms[used] = found[i]
                weights[used] = weight
                squares += weight * weight
                used += 1
            i = j
        if squares > 0.0:
            norm = np.sqrt(squares)
            for i in range(first, used):
                weights[i] /= norm
        out_offsets[row + 1] = used
    return used


@kernel
def dot_products(terms, weights, offsets, left, right, out):
    """Fill the inner product of each pair of sparse rows."""
    for pair in range(len(left)):
        i = offsets[left[pair]]
        i_end = offsets[left[pair] + 1]
        j = offsets[right[pair]]
        j_end = offsets[right[pair] + 1]
        total = 0.0
        while i < i_end and j < j_end:
            a = terms[i]
            b = terms[j]
            if a == b:
                total += weights[i] * weights[j]
            i += a <= b
            j += b <= a
        out[pair] = total


@kernel
def intersection_sizes(values, offsets, left, right, out):
    """Fill how many values each pair of sorted rows shares."""
    for pair in range(len(left)):
        i = offsets[left[pair]]
        i_end = offsets[left[pair] + 1]
        j = offsets[right[pair]]
        j_end = offsets[right[pair] + 1]
        shared = 0
        while i < i_end and j < j_end:
            a = values[i]
            b = values[j]
            shared += a == b
            i += a <= b
            j += b <= a
        out[pair] = shared
