"""Chains of matched blocks -> locally aligned spans and their edges."""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import numpy as np

from dedup.kernels import allocating, inline, kernel
from dedup.kernels.sort import sort_stretch

#: Cells of an alignment's table. `chain_blocks` makes no larger chains; a single block keeps its edges if it is one.
MAX_CELLS = 1 << 22


@inline
def same_term(a, b):
    """Tell whether two values are one term; the lowest bit, a digit in the text, may differ where forms fold."""
    return a >> 1 == b >> 1


@inline
def align(values, left, left_end, right, right_end, low, high, rows, moves, result):
    """Fill the best local alignment of two token ranges, its diagonals within ``low`` to ``high``.

    Smith, Waterman (1981), equal tokens +1, others and gaps -1, in a band. ``result`` gets left start and end, right
    start and end (all 0-based in ``values``), the number of equal tokens, and 1 if a number stands against
    another: the lowest bit of a value tells that the token has a digit. ``rows`` (int32[2, width + 2]) and ``moves``
    (uint8[cells]) are work space.
    """
    n = left_end - left
    width = high - low + 1
    rows[:, : width + 2] = 0
    best = np.int64(0)
    best_i = -1
    best_c = -1
    for i in range(n):
        previous = rows[(i + 1) & 1]
        current = rows[i & 1]
        first = max(0, right - (left + i) - low)
        last = min(width, right_end - (left + i) - low)
        if first >= last:
            continue
        # What the row before last left here is outside the table.
        current[first] = 0
        # The inmost loop of passages: what the cell before has is kept at hand, and no index can be negative,
        # which a signed one is tested for each time.
        term = values[np.uint64(left + i)] >> 1
        at = left + i + low
        cell = i * width
        beside = np.int64(0)
        diagonal = np.int64(previous[np.uint64(first + 1)])
        for c in range(first, last):
            above = np.int64(previous[np.uint64(c + 2)])
            score = diagonal + (1 if values[np.uint64(at + c)] >> 1 == term else -1)
            diagonal = above
            move = 1
            # One row down keeps the column and leaves the diagonal to the left.
            if above - 1 > score:
                score = above - 1
                move = 2
            if beside - 1 > score:
                score = beside - 1
                move = 3
            if score <= 0:
                score = np.int64(0)
                move = 0
            beside = score
            current[np.uint64(c + 1)] = score
            moves[np.uint64(cell + c)] = move
            if score > best:
                best = score
                best_i = i
                best_c = c
    result[4] = 0
    result[5] = 0
    if best_i < 0:
        return
    result[1] = left + best_i + 1
    result[3] = left + best_i + low + best_c + 1
    i = best_i
    c = best_c
    while i >= 0 and 0 <= c < width and right <= left + i + low + c < right_end and moves[i * width + c]:
        move = moves[i * width + c]
        result[0] = left + i
        result[2] = left + i + low + c
        if move == 1:
            a = values[left + i]
            b = values[left + i + low + c]
            if same_term(a, b):
                result[4] += 1
            elif a & 1 and b & 1:
                result[5] = 1
            i -= 1
        elif move == 2:
            i -= 1
            c += 1
        else:
            c -= 1


@inline
def goes_on(values, left, left_end, right, right_end):
    """Tell whether three tokens in a row are equal somewhere in two ranges, on diagonals near their starts."""
    for i in range(left, left_end - 2):
        for j in range(right, right_end - 2):
            if (
                same_term(values[i], values[j])
                and same_term(values[i + 1], values[j + 1])
                and same_term(values[i + 2], values[j + 2])
            ):
                return True
    return False


@inline
def extend_equal(values, chain, bounds, margin, slack, out):
    """Fill the passage of a chain whose sides are equal, widened while they stay so, and tell whether that is all.

    It is not if three tokens in a row are equal a little further on: then the alignment has to decide.
    """
    n = chain[1] - chain[0]
    if chain[3] - chain[2] != n:
        return False
    for i in range(n):
        if not same_term(values[chain[0] + i], values[chain[2] + i]):
            return False
    before = 0
    while (
        chain[0] - before > bounds[0]
        and chain[2] - before > bounds[2]
        and same_term(values[chain[0] - before - 1], values[chain[2] - before - 1])
    ):
        before += 1
    after = 0
    while (
        chain[1] + after < bounds[1]
        and chain[3] + after < bounds[3]
        and same_term(values[chain[1] + after], values[chain[3] + after])
    ):
        after += 1
    left = chain[0] - before
    right = chain[2] - before
    left_end = chain[1] + after
    right_end = chain[3] + after
    for i in range(max(bounds[0], left - margin), left - 2):
        middle = right - (left - i)
        if goes_on(values, i, i + 3, max(bounds[2], middle - slack), min(right, middle + slack)):
            return False
    for i in range(left_end, min(bounds[1], left_end + margin) - 2):
        middle = right_end + (i - left_end)
        if goes_on(values, i, i + 3, max(right_end, middle - slack), min(bounds[3], middle + slack)):
            return False
    out[0] = left
    out[1] = left_end
    out[2] = right
    out[3] = right_end
    out[4] = left_end - left
    out[5] = 0
    return True


@inline
def is_told(canvas, first, last):
    """Tell whether all of a range is painted."""
    for i in range(first, last):  # noqa: SIM110  # a generator does not compile
        if not canvas[i]:
            return False
    return True


@inline
def extent(chains, first, last, column):
    """Return the least start and the largest end of one side of some chains."""
    start = chains[first, column]
    end = chains[first, column + 1]
    for q in range(first + 1, last):
        start = min(start, chains[q, column])
        end = max(end, chains[q, column + 1])
    return start, end


@allocating
def sorted_terms(values, first, last):
    """Return the terms of a range in order: int64."""
    terms = np.empty(last - first, np.int64)
    for i in range(first, last):
        terms[i - first] = values[i] >> 1
    sort_stretch(terms, np.int64(0), len(terms))
    return terms


@allocating
def count_common(values, chain):
    """Return how many tokens two ranges have in common, in whatever order."""
    left = sorted_terms(values, chain[0], chain[1])
    right = sorted_terms(values, chain[2], chain[3])
    common = 0
    i = 0
    j = 0
    while i < len(left) and j < len(right):
        a = left[i]
        b = right[j]
        common += a == b
        i += a <= b
        j += b <= a
    return common


@allocating
def refine_chain(values, chain, bounds, margin, slack, rows, moves, result):
    """Fill where the copying of a chain begins and ends; returns the work space, grown if need be."""
    wide = margin
    low = chain[4] - slack
    high = chain[5] + slack
    if high - low + 3 > rows.shape[1]:
        rows = np.empty((2, 2 * (high - low + 3)), np.int32)
    cells = 0
    while True:
        left = max(bounds[0], chain[0] - wide)
        left_end = min(bounds[1], chain[1] + wide)
        right = max(bounds[2], chain[2] - wide)
        right_end = min(bounds[3], chain[3] + wide)
        cells = (left_end - left) * (high - low + 1)
        if cells > MAX_CELLS:
            if result[4] == 0:
                for side in range(4):
                    result[side] = chain[side]
                result[4] = count_common(values, chain)
            break
        if cells > len(moves):
            moves = np.empty(2 * cells, np.uint8)
        align(values, left, left_end, right, right_end, low, high, rows, moves, result)
        if result[4] == 0:
            break
        open_left = result[0] - left < slack and left > bounds[0]
        open_right = left_end - result[1] < slack and left_end < bounds[1]
        if not (open_left or open_right):
            break
        wide *= 4
    n = chain[1] - chain[0]
    inside = min(result[1], chain[1]) - max(result[0], chain[0])
    shorter = min(n, chain[3] - chain[2])
    if cells <= MAX_CELLS and (2 * inside < n or 5 * result[4] < 2 * shorter):
        # A stronger passage stands near by and has its own chain, or the copying lies off the diagonals of both ends:
        # within what it was linked by, every diagonal is looked at.
        low = chain[2] - chain[1] + 1
        high = chain[3] - chain[0] - 1
        if n * (high - low + 1) <= MAX_CELLS:
            if high - low + 3 > rows.shape[1]:
                rows = np.empty((2, 2 * (high - low + 3)), np.int32)
            if n * (high - low + 1) > len(moves):
                moves = np.empty(n * (high - low + 1), np.uint8)
            align(values, chain[0], chain[1], chain[2], chain[3], low, high, rows, moves, result)
    return rows, moves


@allocating
def refine(values, chains, pairs, inside, bounds, margin, slack, out):
    """Fill, for each chain, where its copying begins and ends: int64[q, 6] as `align` gives it.

    ``chains`` is int64[q, 6] of `chain_blocks`, in positions of ``values``, sorted by the number of their article pair
    (``pairs``); ``bounds`` int64[q, 4] says how far each side may be extended. The window is widened for as long as
    the alignment reaches its edge. A chain gets 0 equal tokens if it has none, or if the spans before it cover
    both its sides; of a pair ``inside`` one article (bool[q]), its right side.
    """
    rows = np.empty((2, 64), np.int32)
    moves = np.empty(4096, np.uint8)
    first = np.int64(0)
    while first < len(chains):
        last = first + 1
        while last < len(chains) and pairs[last] == pairs[first]:
            last += 1
        left, left_end = extent(chains, first, last, np.int64(0))
        right, right_end = extent(chains, first, last, np.int64(2))
        several = last - first > 1
        lefts = np.zeros(left_end - left if several else 0, np.uint8)
        rights = np.zeros(right_end - right if several else 0, np.uint8)
        for q in range(first, last):
            chain = chains[q]
            result = out[q]
            result[:] = 0
            if (
                several
                and is_told(rights, chain[2] - right, chain[3] - right)
                and (inside[q] or is_told(lefts, chain[0] - left, chain[1] - left))
            ):
                continue
            if not extend_equal(values, chain, bounds[q], margin, slack, result):
                rows, moves = refine_chain(values, chain, bounds[q], margin, slack, rows, moves, result)
            if several and result[4] > 0:
                lefts[max(0, result[0] - left) : max(0, result[1] - left)] = 1
                rights[max(0, result[2] - right) : max(0, result[3] - right)] = 1
        first = last


@inline
def stray(start, end, first, last, most):
    """Return how many tokens of a span stand in a sentence that it hardly enters, at most ``most``; else 0."""
    inside = min(end, last) - max(start, first)
    return inside if inside <= most and inside < last - first and inside < end - start else 0


@inline
def all_same(values, left, right, n):
    """Tell whether ``n`` tokens are equal, pair by pair."""
    for i in range(n):  # noqa: SIM110  # a generator does not compile
        if not same_term(values[left + i], values[right + i]):
            return False
    return True


@inline
def add_margin(values, left, right, n, span):
    """Count the equal tokens of two margins of one length that a span grew by, and note numbers that differ."""
    for i in range(n):
        a = values[left + i]
        b = values[right + i]
        if same_term(a, b):
            span[4] += 1
        elif a & 1 and b & 1:
            span[5] = 1


@kernel
def settle(values, spans, sentences, bounds, inside, max_snap, max_stray):
    """Move the edges of spans (int64[q, 6] as `align` gives them) to those of the sentences they stand in, if near.

    ``sentences`` is int64[q, 8]: start and end of the sentence of the left span's first token and of its last, then of
    the right ones. A token or two beyond a sentence's edge are equal by chance and go. Up to ``max_snap`` tokens up to
    the edge that are not equal come in, if both sides are as near; they are a word changed at the edge. The sides
    of a pair ``inside`` one article are cut so that they do not overlap.
    """
    for q in range(len(spans)):
        span = spans[q]
        if span[4] == 0:
            continue
        near = sentences[q]
        while inside[q] and span[1] > span[2]:
            span[4] -= same_term(values[span[1] - 1], values[span[3] - 1])
            span[1] -= 1
            span[3] -= 1
        n = max(
            stray(span[0], span[1], near[2], near[3], max_stray), stray(span[2], span[3], near[6], near[7], max_stray)
        )
        if 0 < n < span[4] and all_same(values, span[1] - n, span[3] - n, n):
            span[1] -= n
            span[3] -= n
            span[4] -= n
        else:
            a = near[3] - span[1]
            b = near[7] - span[3]
            room = span[1] + a <= bounds[q, 1] and span[3] + b <= bounds[q, 3]
            if 0 <= a <= max_snap and 0 <= b <= max_snap and room and not (inside[q] and span[1] + a > span[2]):
                if a == b:
                    add_margin(values, span[1], span[3], a, span)
                span[1] += a
                span[3] += b
        n = max(
            stray(span[0], span[1], near[0], near[1], max_stray), stray(span[2], span[3], near[4], near[5], max_stray)
        )
        if 0 < n < span[4] and all_same(values, span[0], span[2], n):
            span[0] += n
            span[2] += n
            span[4] -= n
        else:
            a = span[0] - near[0]
            b = span[2] - near[4]
            room = span[0] - a >= bounds[q, 0] and span[2] - b >= bounds[q, 2]
            if 0 <= a <= max_snap and 0 <= b <= max_snap and room and not (inside[q] and span[2] - b < span[1]):
                if a == b:
                    add_margin(values, span[0] - a, span[2] - b, a, span)
                span[0] -= a
                span[2] -= b
        span[4] = min(span[4], span[1] - span[0], span[3] - span[2])
