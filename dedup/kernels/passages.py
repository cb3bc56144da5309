"""Linked blocks of tokens -> chains -> locally aligned passages with their scores."""

from __future__ import annotations

import numpy as np

from dedup.kernels import inline, kernel
from dedup.kernels.hashing import fmix64, sequence_hash
from dedup.kernels.shingle import n_shingles

#: How many chains of an article pair a block is tried on, the latest first.
_LOOK_BACK = 64
#: Cells of an alignment's table; larger ones keep the edges of their blocks.
_MAX_CELLS = 1 << 26


@kernel
def find_anchors(values, counts, firsts, lasts, k, run, window, keys, rows, positions):
    """Write anchors of the stretches in which every shingle may stand elsewhere too; returns their number.

    ``counts`` (uint8[t]) has the count of the shingle at each position. An anchor is the hash of ``window`` tokens; of
    each ``run - window + 1`` neighbouring ones the smallest is taken (winnowing, Schleimer, Wilkerson, Aiken 2003): two
    rows with ``run`` equal tokens in a row share one. If there are more than fit, the number is returned as
    ``-1 - number``.
    """
    width = run - window + 1
    used = 0
    for row in range(len(firsts)):
        stretch = firsts[row]
        for i in range(firsts[row], lasts[row] + 1):
            if i + k <= lasts[row] and counts[i] > 1:
                continue
            # Shingles stretch..i-1 are shared: tokens stretch..i+k-2 are.
            end = min(i + k - 1, lasts[row])
            if i > stretch and end - stretch >= run:
                n = end - stretch - window + 1
                hashes = np.empty(n, np.uint64)
                for j in range(n):
                    hashes[j] = sequence_hash(values, stretch + j, stretch + j + window)
                latest = -1
                for first in range(n - width + 1):
                    smallest = first
                    for j in range(first + 1, first + width):
                        if hashes[j] <= hashes[smallest]:
                            smallest = j
                    if smallest != latest:
                        latest = smallest
                        if used < len(keys):
                            keys[used] = hashes[smallest]
                            rows[used] = row
                            positions[used] = stretch + smallest - firsts[row]
                        used += 1
            stretch = i + 1
    return used if used <= len(keys) else -1 - used


@kernel
def pair_anchors(keys, rows, positions, max_bucket, left, right, left_positions, right_positions, thinned):
    """Write the pairs of places with an equal anchor; returns their number, as ``-1 - number`` if they do not fit.

    ``keys`` are sorted. Of an anchor in more than ``max_bucket`` places, each place is paired with the first and with
    the one before it; ``thinned[0]`` counts such anchors.
    """
    used = 0
    start = 0
    while start < len(keys):
        end = start + 1
        while end < len(keys) and keys[end] == keys[start]:
            end += 1
        thinned[0] += end - start > max_bucket
        for i in range(start, end):
            for j in range(i + 1, end):
                if end - start > max_bucket and i != start and j != i + 1:
                    break
                if used < len(left):
                    left[used] = rows[i]
                    right[used] = rows[j]
                    left_positions[used] = positions[i]
                    right_positions[used] = positions[j]
                used += 1
        start = end
    return used if used <= len(left) else -1 - used


@kernel
def chain_blocks(articles, lefts, left_ends, rights, right_ends, are_runs, max_gap, out, out_articles, out_runs):
    """Join blocks of an article pair that follow each other on both sides; returns the number of chains.

    Blocks are sorted by ``articles`` (any number a pair has for itself), then ``lefts``, longest first. A block
    joins a chain if it begins at most ``max_gap`` tokens behind the chain's end on both sides, and no further from its
    diagonal. ``out`` is int64[q, 6]: left start and end, right start and end, and the least and largest diagonal.
    """
    used = 0
    first = 0
    for block in range(len(articles)):
        if block == 0 or articles[block] != articles[block - 1]:
            first = used
        diagonal = rights[block] - lefts[block]
        joined = False
        for chain in range(used - 1, max(first, used - _LOOK_BACK) - 1, -1):
            if (
                lefts[block] >= out[chain, 0]
                and rights[block] >= out[chain, 2]
                and lefts[block] <= out[chain, 1] + max_gap
                and rights[block] <= out[chain, 3] + max_gap
                and diagonal >= out[chain, 4] - max_gap
                and diagonal <= out[chain, 5] + max_gap
            ):
                out[chain, 1] = max(out[chain, 1], left_ends[block])
                out[chain, 3] = max(out[chain, 3], right_ends[block])
                out[chain, 4] = min(out[chain, 4], diagonal, right_ends[block] - left_ends[block])
                out[chain, 5] = max(out[chain, 5], diagonal, right_ends[block] - left_ends[block])
                out_runs[chain] = out_runs[chain] and are_runs[block]
                joined = True
                break
        if not joined:
            out[used, 0] = lefts[block]
            out[used, 1] = left_ends[block]
            out[used, 2] = rights[block]
            out[used, 3] = right_ends[block]
            out[used, 4] = min(diagonal, right_ends[block] - left_ends[block])
            out[used, 5] = max(diagonal, right_ends[block] - left_ends[block])
            out_articles[used] = articles[block]
            out_runs[used] = are_runs[block]
            used += 1
    return used


@inline
def align(values, left, left_end, right, right_end, low, high, result):
    """Fill the best local alignment of two token ranges, its diagonals within ``low`` to ``high``.

    Smith, Waterman (1981), equal tokens +1, others and gaps -1, in a band. ``result`` gets left start and end, right
    start and end (all 0-based in ``values``), the number of equal tokens, and 1 if a number stands against
    another: the lowest bit of a value tells that the token has a digit.
    """
    n = left_end - left
    width = high - low + 1
    previous = np.zeros(width + 2, np.int32)
    current = np.zeros(width + 2, np.int32)
    moves = np.zeros(n * width, np.uint8)
    best = np.int32(0)
    best_i = -1
    best_c = -1
    for i in range(n):
        current[:] = 0
        first = max(0, right - (left + i) - low)
        last = min(width, right_end - (left + i) - low)
        for c in range(first, last):
            equal = values[left + i] == values[left + i + low + c]
            score = previous[c + 1] + np.int32(1 if equal else -1)
            move = np.uint8(1)
            # One row down keeps the column and leaves the diagonal to the left.
            if previous[c + 2] - 1 > score:
                score = previous[c + 2] - np.int32(1)
                move = np.uint8(2)
            if current[c] - 1 > score:
                score = current[c] - np.int32(1)
                move = np.uint8(3)
            if score <= 0:
                score = np.int32(0)
                move = np.uint8(0)
            current[c + 1] = score
            moves[i * width + c] = move
            if score > best:
                best = score
                best_i = i
                best_c = c
        previous, current = current, previous
    result[4] = 0
    result[5] = 0
    if best_i < 0:
        return
    result[1] = left + best_i + 1
    result[3] = left + best_i + low + best_c + 1
    i = best_i
    c = best_c
    while i >= 0 and c >= 0 and c < width and moves[i * width + c]:
        move = moves[i * width + c]
        result[0] = left + i
        result[2] = left + i + low + c
        if move == 1:
            a = values[left + i]
            b = values[left + i + low + c]
            if a == b:
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
def extend_equal(values, chain, bounds, margin, slack, out):
    """Fill the passage of a chain whose sides are equal, widened while they stay so, and tell whether that is all.

    It is not if three tokens in a row are equal a little further on: then the alignment has to decide.
    """
    n = chain[1] - chain[0]
    if chain[3] - chain[2] != n:
        return False
    for i in range(n):
        if values[chain[0] + i] != values[chain[2] + i]:
            return False
    before = 0
    while (
        chain[0] - before > bounds[0]
        and chain[2] - before > bounds[2]
        and values[chain[0] - before - 1] == values[chain[2] - before - 1]
    ):
        before += 1
    after = 0
    while (
        chain[1] + after < bounds[1]
        and chain[3] + after < bounds[3]
        and values[chain[1] + after] == values[chain[3] + after]
    ):
        after += 1
    left = chain[0] - before
    right = chain[2] - before
    left_end = chain[1] + after
    right_end = chain[3] + after
    for i in range(max(bounds[0], left - margin), left - 2):
        for j in range(max(bounds[2], right - (left - i) - slack), min(right, right - (left - i) + slack) - 2):
            if values[i] == values[j] and values[i + 1] == values[j + 1] and values[i + 2] == values[j + 2]:
                return False
    for i in range(left_end, min(bounds[1], left_end + margin) - 2):
        for j in range(
            max(right_end, right_end + (i - left_end) - slack), min(bounds[3], right_end + (i - left_end) + slack) - 2
        ):
            if values[i] == values[j] and values[i + 1] == values[j + 1] and values[i + 2] == values[j + 2]:
                return False
    out[0] = left
    out[1] = left_end
    out[2] = right
    out[3] = right_end
    out[4] = left_end - left
    out[5] = 0
    return True


@kernel
def refine(values, chains, bounds, margin, slack, out):
    """Fill, for each chain, where its copying begins and ends: int64[q, 6] as `align` gives it.

    ``chains`` is int64[q, 6] of `chain_blocks`, in positions of ``values``; ``bounds`` int64[q, 4] says how far each
    side may be extended. The window is widened for as long as the alignment reaches its edge.
    """
    result = np.empty(6, np.int64)
    for q in range(len(chains)):
        if extend_equal(values, chains[q], bounds[q], margin, slack, out[q]):
            continue
        wide = margin
        while True:
            left = max(bounds[q, 0], chains[q, 0] - wide)
            left_end = min(bounds[q, 1], chains[q, 1] + wide)
            right = max(bounds[q, 2], chains[q, 2] - wide)
            right_end = min(bounds[q, 3], chains[q, 3] + wide)
            low = chains[q, 4] - slack
            high = chains[q, 5] + slack
            if (left_end - left) * (high - low + 1) > _MAX_CELLS:
                for i in range(4):
                    result[i] = chains[q, i]
                result[4] = min(chains[q, 1] - chains[q, 0], chains[q, 3] - chains[q, 2])
                result[5] = 0
                break
            align(values, left, left_end, right, right_end, low, high, result)
            if result[4] == 0:
                break
            open_left = result[0] - left < slack and left > bounds[q, 0]
            open_right = left_end - result[1] < slack and left_end < bounds[q, 1]
            if not (open_left or open_right):
                break
            wide *= 4
        for i in range(6):
            out[q, i] = result[i]


@inline
def fill_terms(values, first, last, idf, terms, weights):
    """Fill distinct terms and TF-IDF weights of a token range, unit length; returns their number."""
    found = np.sort(values[first:last])
    used = 0
    squares = 0.0
    i = 0
    while i < len(found):
        j = i + 1
        while j < len(found) and found[j] == found[i]:
            j += 1
        terms[used] = found[i]
        weights[used] = (1.0 + np.log(j - i)) * idf[found[i] >> 1]
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
            total = fmix64(np.uint64(total ^ np.uint64(values[j])))
        out[i] = total
    out[:n].sort()
    used = 0
    for i in range(n):
        if i == 0 or out[i] != out[used - 1]:
            out[used] = out[i]
            used += 1
    return used


@kernel
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


@kernel
def mark_numbers(text, starts, ends, values):
    """Move each value one bit up and set the lowest if its token begins or ends with an ASCII digit."""
    for i in range(len(values)):
        first = text[starts[i]] - np.uint8(48)
        last = text[ends[i] - 1] - np.uint8(48)
        values[i] = values[i] << 1 | np.int32(first <= 9 or last <= 9)


@kernel
def paint(firsts, lasts, colours, canvas):
    """Paint half-open ranges of ``canvas`` (uint8), later ones over earlier ones."""
    for i in range(len(firsts)):
        canvas[firsts[i] : lasts[i]] = colours[i]


@kernel
def count_painted(canvas, offsets, counts, by_colour):
    """Fill how many cells of each row are painted, and how many have each colour."""
    by_colour[:] = 0
    for row in range(len(offsets) - 1):
        painted = 0
        for i in range(offsets[row], offsets[row + 1]):
            painted += canvas[i] > 0
            by_colour[canvas[i]] += 1
        counts[row] = painted


@kernel
def choose_sources(articles, starts, ends, min_new, chosen):
    """Choose, of the passages that end in one article, those that bring something new; earliest source first.

    Sorted by right article (``articles``), then by preference. A passage is kept if the kept ones before it cover
    less than ``1 - min_new`` of its right span.
    """
    group = 0
    for i in range(len(articles)):
        if i == 0 or articles[i] != articles[i - 1]:
            group = i
        covered = 0
        # Kept spans may overlap each other: counting twice only makes the filter stricter near the border.
        for j in range(group, i):
            if chosen[j]:
                covered += max(0, min(ends[i], ends[j]) - max(starts[i], starts[j]))
        chosen[i] = covered <= (1.0 - min_new) * (ends[i] - starts[i])


@kernel
def group_places(articles, starts, ends, min_overlap, groups):
    """Number the groups of spans of one article that are nearly the same; sorted by article and start.

    A span joins the group whose first span it shares ``min_overlap`` of the longer of both with. Returns their number.
    """
    used = 0
    firsts = np.empty(len(articles), np.int64)
    for i in range(len(articles)):
        joined = False
        for group in range(used - 1, max(-1, used - 17), -1):
            first = firsts[group]
            if articles[first] != articles[i]:
                break
            both = min(ends[i], ends[first]) - max(starts[i], starts[first])
            if both >= min_overlap * max(ends[i] - starts[i], ends[first] - starts[first]):
                groups[i] = group
                joined = True
                break
        if not joined:
            firsts[used] = i
            groups[i] = used
            used += 1
    return used


@kernel
def mark_contained(left_articles, right_articles, spans, alive, inside):
    """Mark spans that lie, on both sides, inside an earlier one of the same pair; sorted by left start, longest first."""
    for i in range(len(spans)):
        if not alive[i]:
            continue
        for j in range(i - 1, max(-1, i - 1 - _LOOK_BACK), -1):
            if left_articles[j] != left_articles[i] or right_articles[j] != right_articles[i]:
                break
            if (
                alive[j]
                and not inside[j]
                and spans[i, 1] <= spans[j, 1]
                and spans[i, 2] >= spans[j, 2]
                and spans[i, 3] <= spans[j, 3]
            ):
                inside[i] = True
                break
