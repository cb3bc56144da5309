"""Anchors, linked blocks of tokens -> chains; spans -> the places that a report lists."""

from __future__ import annotations

import numpy as np

from dedup.kernels import allocating, kernel
from dedup.kernels.align import MAX_CELLS
from dedup.kernels.hashing import sequence_hash

#: How many chains of an article pair a block is tried on, the latest first.
_LOOK_BACK = 64
#: What an alignment may look at around a chain, on either axis of its table.
_MARGIN = 64


@allocating
def find_anchors(hashes, counts, firsts, lasts, run, window, keys, rows, positions):
    """Write anchors of the stretches in which every shingle may stand elsewhere too; returns their number.

    ``run`` and ``window`` are in shingles, ``counts`` (uint8[t]) is the count of each shingle of ``hashes``. An anchor
    is the hash of ``window`` shingles; of each ``run - window + 1`` neighbouring ones the smallest is taken
    (winnowing, Schleimer, Wilkerson, Aiken 2003): two rows with ``run`` equal shingles in a row share one. If there
    are more than fit, the number is returned as ``-1 - number``.
    """
    width = run - window + 1
    used = 0
    for row in range(len(firsts)):
        stretch = firsts[row]
        for i in range(firsts[row], lasts[row] + 1):
            if i < lasts[row] and counts[i] > 1:
                continue
            # Shingles stretch..i-1 are shared.
            if i - stretch >= run:
                n = i - stretch - window + 1
                anchors = np.empty(n, np.uint64)
                for j in range(n):
                    anchors[j] = sequence_hash(hashes, stretch + j, stretch + j + window)
                latest = -1
                for first in range(n - width + 1):
                    smallest = first
                    for j in range(first + 1, first + width):
                        if anchors[j] <= anchors[smallest]:
                            smallest = j
                    if smallest != latest:
                        latest = smallest
                        if used < len(keys):
                            keys[used] = anchors[smallest]
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
def chain_blocks(articles, lefts, left_ends, rights, right_ends, bounds, are_runs, max_gap, out, out_blocks, out_runs):
    """Join blocks of an article pair that follow each other on both sides; returns the number of chains.

    Blocks are sorted by ``articles`` (any number a pair has for itself), then ``lefts``, longest first. A block
    joins a chain if it begins at most ``max_gap`` tokens behind the chain's end on both sides, and no further from its
    diagonal, ends within the ``bounds`` (int64[q, 4]) of the chain's first block, and the whole can still be aligned.
    ``out`` is int64[q, 6]: left start and end, right start and end, and the least and largest diagonal;
    ``out_blocks`` is the first block.
    """
    used = 0
    first = 0
    for block in range(len(articles)):
        if block == 0 or articles[block] != articles[block - 1]:
            first = used
        diagonal = rights[block] - lefts[block]
        # A line that stands twice in a row is as far from itself as it is long: over a chain, a block has to be nearer.
        last = right_ends[block] - left_ends[block]
        over = min(max_gap, (left_ends[block] - lefts[block]) // 2)
        joined = False
        for chain in range(used - 1, max(first, used - _LOOK_BACK) - 1, -1):
            slack = over if lefts[block] < out[chain, 1] or rights[block] < out[chain, 3] else max_gap
            if (
                lefts[block] >= out[chain, 0]
                and rights[block] >= out[chain, 2]
                and lefts[block] <= out[chain, 1] + max_gap
                and rights[block] <= out[chain, 3] + max_gap
                and diagonal >= out[chain, 4] - slack
                and diagonal <= out[chain, 5] + slack
                and left_ends[block] <= bounds[out_blocks[chain], 1]
                and right_ends[block] <= bounds[out_blocks[chain], 3]
                and (max(out[chain, 1], left_ends[block]) - out[chain, 0] + _MARGIN)
                * (max(out[chain, 5], diagonal, last) - min(out[chain, 4], diagonal, last) + _MARGIN)
                <= MAX_CELLS
            ):
                out[chain, 1] = max(out[chain, 1], left_ends[block])
                out[chain, 3] = max(out[chain, 3], right_ends[block])
                out[chain, 4] = min(out[chain, 4], diagonal, last)
                out[chain, 5] = max(out[chain, 5], diagonal, last)
                out_runs[chain] = out_runs[chain] and are_runs[block]
                joined = True
                break
        if not joined:
            out[used, 0] = lefts[block]
            out[used, 1] = left_ends[block]
            out[used, 2] = rights[block]
            out[used, 3] = right_ends[block]
            out[used, 4] = min(diagonal, last)
            out[used, 5] = max(diagonal, last)
            out_blocks[used] = block
            out_runs[used] = are_runs[block]
            used += 1
    return used


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


@allocating
def choose_sources(articles, starts, ends, are_told, min_new, chosen):
    """Choose, of the passages that end in one article, those that bring something new; earliest source first.

    Sorted by right article (``articles``), then by preference. A passage is kept if the kept ones before it cover
    less than ``1 - min_new`` of its right span. Those that ``are_told`` otherwise come first: they cover, and are not
    chosen.
    """
    canvas = np.zeros(0, np.uint8)
    group = 0
    while group < len(articles):
        end = group + 1
        first = starts[group]
        last = ends[group]
        while end < len(articles) and articles[end] == articles[group]:
            first = min(first, starts[end])
            last = max(last, ends[end])
            end += 1
        if last - first > len(canvas):
            canvas = np.zeros(2 * (last - first), np.uint8)
        canvas[: last - first] = 0
        # Painting costs the length of the spans; comparing each with the kept ones would cost their square.
        for i in range(group, end):
            span = canvas[starts[i] - first : ends[i] - first]
            covered = np.int64(0)
            for painted in span:
                covered += painted
            chosen[i] = not are_told[i] and covered <= (1.0 - min_new) * len(span)
            if chosen[i] or are_told[i]:
                span[:] = 1
        group = end


@allocating
def group_places(articles, starts, ends, min_overlap, groups):
    """Fill the numbers of the groups of spans of one article that are nearly the same; sorted by article and start.

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
    """Mark spans that lie, on both sides, inside an earlier one of the same pair.

    Sorted by pair, left start, longest first, right start: equal ones are neighbours.
    """
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
