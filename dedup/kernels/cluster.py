"""Matches -> clusters whose members all match one row; occurrences -> links between places."""

from __future__ import annotations

import numpy as np

from dedup.kernels import allocating, inline, kernel


@kernel
def assign_leaders(order, neighbours, offsets, leaders):
    """Give each row the first row, in ``order``, that it matches and that leads: itself, where there is none.

    ``neighbours`` (int32[2q], sorted per row) and ``offsets`` are the matches of each row, both ways;
    ``leaders`` (int32[d]) is filled.
    """
    leaders[:] = -1
    for i in range(len(order)):
        row = order[i]
        if leaders[row] >= 0:
            continue
        leaders[row] = row
        for j in range(offsets[row], offsets[row + 1]):
            if leaders[neighbours[j]] < 0:
                leaders[neighbours[j]] = row


@inline
def are_neighbours(neighbours, offsets, row, other):
    """Tell whether two rows match."""
    low = offsets[row]
    end = offsets[row + 1]
    high = end
    while low < high:
        middle = (low + high) // 2
        if neighbours[middle] < other:
            low = middle + 1
        else:
            high = middle
    return low < end and neighbours[low] == other


@kernel
def choose_representatives(rows, offsets, neighbours, neighbour_offsets, max_tries, chosen):
    """Fill the first row of each cluster, in the order given, that matches all others of it.

    ``rows`` (int32, CSR with ``offsets``) are the clusters' rows in order of preference. Only ``max_tries`` of a
    cluster are tried: the leader, which matches all, is in ``chosen`` from the start.
    """
    for cluster in range(len(offsets) - 1):
        start = offsets[cluster]
        end = offsets[cluster + 1]
        for i in range(start, min(end, start + max_tries)):
            if rows[i] == chosen[cluster]:
                break
            fits = True
            for j in range(start, end):
                if j != i and not are_neighbours(neighbours, neighbour_offsets, rows[i], rows[j]):
                    fits = False
                    break
            if fits:
                chosen[cluster] = rows[i]
                break


@inline
def is_link(left, right, segment_articles, token_firsts, n_tokens, levels, parents, of_segment):
    """Tell whether two occurrences make a link: they do not overlap, and no equal paragraphs around them cover it."""
    if not levels[left] & levels[right]:
        return False
    if segment_articles[left] == segment_articles[right]:
        if token_firsts[left] < token_firsts[right]:
            if token_firsts[left] + n_tokens[left] > token_firsts[right]:
                return False
        elif token_firsts[right] + n_tokens[right] > token_firsts[left]:
            return False
    a = parents[left]
    b = parents[right]
    return not (a >= 0 and b >= 0 and a != b and of_segment[a] == of_segment[b])


@inline
def is_earlier(one, other, article_ranks, segment_articles):
    """Tell whether a place comes before another: by article, then in the text."""
    rank = article_ranks[segment_articles[one]]
    other_rank = article_ranks[segment_articles[other]]
    return rank < other_rank or (rank == other_rank and one < other)


@inline
def add_link(
    a, b, q, used, article_ranks, segment_articles, token_firsts, n_tokens, levels, parents, of_segment, left, right,
    pair,
):  # fmt: skip
    """Write a link if two occurrences make one, the earlier place left; returns how many there are now."""
    if not is_link(a, b, segment_articles, token_firsts, n_tokens, levels, parents, of_segment):
        return used
    if used < len(left):
        swap = is_earlier(b, a, article_ranks, segment_articles)
        left[used] = b if swap else a
        right[used] = a if swap else b
        pair[used] = q
    return used + 1


@allocating
def find_sources(left_rows, right_rows, members, offsets, max_product, article_ranks, segment_articles):
    """Return the earliest place of the rows that each row is paired with, -1 for a row whose own is earlier: int32[d].

    Only of pairs with more than ``max_product`` pairs of places: if each of many rows were linked with all places of
    each other one, links would grow with the square of the places.
    """
    sources = np.full(len(offsets) - 1, -1, np.int32)
    for q in range(len(left_rows)):
        a = left_rows[q]
        b = right_rows[q]
        if a != b and (offsets[a + 1] - offsets[a]) * (offsets[b + 1] - offsets[b]) > max_product:
            if is_earlier(members[offsets[b]], members[offsets[a]], article_ranks, segment_articles):
                a, b = b, a
            first = members[offsets[a]]
            if sources[b] < 0 or is_earlier(first, sources[b], article_ranks, segment_articles):
                sources[b] = first
    return sources


@allocating
def link_occurrences(
    left_rows, right_rows, members, offsets, max_product, article_ranks, segment_articles, token_firsts, n_tokens,
    levels, parents, of_segment, left, right, pair,
):  # fmt: skip
    """Write the pairs of places where two distinct rows stand; returns their number, ``-1 - number`` if too many.

    Members of a distinct row come earliest first. Up to ``max_product`` pairs are written in full, but inside an
    article with its first place only, for that is what the others repeat. Of more, the places of the later row are
    linked with the earliest place of all the rows it is paired with, and its first one with that of each such row. A
    row paired with itself links its own members: each with the first, with the first of its article, and this with the
    first of the article before it. ``left`` gets the earlier place, ``pair`` the number of the pair that a link comes
    from.
    """
    sources = find_sources(left_rows, right_rows, members, offsets, max_product, article_ranks, segment_articles)
    used = np.int64(0)
    for q in range(len(left_rows)):
        of_a = members[offsets[left_rows[q]] : offsets[left_rows[q] + 1]]
        of_b = members[offsets[right_rows[q]] : offsets[right_rows[q] + 1]]
        same = left_rows[q] == right_rows[q]
        if len(of_a) * len(of_b) <= max_product:
            first_a = 0
            for i in range(len(of_a)):
                if segment_articles[of_a[i]] != segment_articles[of_a[first_a]]:
                    first_a = i
                first_b = 0
                for j in range(len(of_b)):
                    if segment_articles[of_b[j]] != segment_articles[of_b[first_b]]:
                        first_b = j
                    if same and j <= i:
                        continue
                    if segment_articles[of_a[i]] == segment_articles[of_b[j]] and first_a != i and first_b != j:
                        continue
                    used = add_link(
                        of_a[i], of_b[j], q, used, article_ranks, segment_articles, token_firsts, n_tokens, levels,
                        parents, of_segment, left, right, pair,
                    )  # fmt: skip
        elif same:
            first = 0
            previous = 0
            for j in range(1, len(of_a)):
                used = add_link(
                    of_a[0], of_a[j], q, used, article_ranks, segment_articles, token_firsts, n_tokens, levels,
                    parents, of_segment, left, right, pair,
                )  # fmt: skip
                if segment_articles[of_a[j]] != segment_articles[of_a[first]]:
                    previous = first
                    first = j
                other = first if first != j else previous
                if other != 0:
                    used = add_link(
                        of_a[other], of_a[j], q, used, article_ranks, segment_articles, token_firsts, n_tokens, levels,
                        parents, of_segment, left, right, pair,
                    )  # fmt: skip
        else:
            a_leads = is_earlier(of_a[0], of_b[0], article_ranks, segment_articles)
            centre = of_a[0] if a_leads else of_b[0]
            others = of_b if a_leads else of_a
            if sources[right_rows[q] if a_leads else left_rows[q]] != centre:
                others = others[:1]
            for other in others:
                used = add_link(
                    centre, other, q, used, article_ranks, segment_articles, token_firsts, n_tokens, levels,
                    parents, of_segment, left, right, pair,
                )  # fmt: skip
    return used if used <= len(left) else -1 - used
