"""Pairs of token ranges -> Jaccard, containment and TF-IDF cosine."""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import numpy as np

from dedup.kernels import allocating, inline
from dedup.kernels.hashing import fmix64
from dedup.kernels.shingle import n_shingles
from dedup.kernels.sort import sort_stretch


@inline
def fill_terms(values, first, last, idf, terms, weights):
    """Fill distinct terms and TF-IDF weights of a token range, unit length; returns their number."""
    n = last - first
    for i in range(n):
        terms[i] = values[first + i] >> 1
    sort_stretch(terms, np.int64(0), n)
    used = 0
    squares = 0.0
    i = 0
    while i < n:
        j = i + 1
        while j < n and terms[j] == terms[i]:
            j += 1
        weights[used] = (1.0 + np.log(j - i)) * idf[terms[i]]
        terms[used] = terms[i]
        squares += weights[used] * weights[used]
        used += 1
        i = j
    norm = np.sqrt(squares)
    for i in range(used):
        weights[i] /= norm
    return used


@inline
def fill_shingles(values, first, last, k, out):
    """Fill the sorted distinct shingles of a token range; returns their number."""
    n = n_shingles(last - first, k)
    for i in range(n):
        # A term id is a small number: mixed first, it is as good as a token hash.
        total = np.uint64(last - first) if last - first < k else np.uint64(k)
        for j in range(first + i, min(first + i + k, last)):
            total = fmix64(np.uint64(total ^ np.uint64(values[j] >> 1)))
        out[i] = total
    sort_stretch(out, np.int64(0), n)
    used = 0
    for i in range(n):
        if i == 0 or out[i] != out[used - 1]:
            out[used] = out[i]
            used += 1
    return used


@allocating
def score_spans(values, spans, k, idf, jaccards, containments, cosines):
    """Fill the three scores of each pair of token ranges (``spans``: int64[q, 6] as `align` gives it)."""
    longest = 1
    for q in range(len(spans)):
        longest = max(longest, spans[q, 1] - spans[q, 0], spans[q, 3] - spans[q, 2])
    left = np.empty(longest, np.uint64)
    right = np.empty(longest, np.uint64)
    left_terms = np.empty(longest, np.int64)
    right_terms = np.empty(longest, np.int64)
    left_weights = np.empty(longest, np.float64)
    right_weights = np.empty(longest, np.float64)
    for q in range(len(spans)):
        if spans[q, 4] == spans[q, 1] - spans[q, 0] and spans[q, 4] == spans[q, 3] - spans[q, 2]:
            jaccards[q] = containments[q] = cosines[q] = 1.0
            continue
        n_left = fill_shingles(values, spans[q, 0], spans[q, 1], k, left)
        n_right = fill_shingles(values, spans[q, 2], spans[q, 3], k, right)
        shared = 0
        i = 0
        j = 0
        while i < n_left and j < n_right:
            a = left[i]
            b = right[j]
            shared += a == b
            i += a <= b
            j += b <= a
        jaccards[q] = shared / max(1, n_left + n_right - shared)
        containments[q] = shared / max(1, min(n_left, n_right))
        n_left = fill_terms(values, spans[q, 0], spans[q, 1], idf, left_terms, left_weights)
        n_right = fill_terms(values, spans[q, 2], spans[q, 3], idf, right_terms, right_weights)
        total = 0.0
        i = 0
        j = 0
        while i < n_left and j < n_right:
            if left_terms[i] == right_terms[j]:
                total += left_weights[i] * right_weights[j]
                i += 1
                j += 1
            elif left_terms[i] < right_terms[j]:
                i += 1
            else:
                j += 1
        cosines[q] = min(1.0, total)
