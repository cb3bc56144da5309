"""Matches -> clusters whose members all match one row; occurrences -> links between places."""

from __future__ import annotations

from dedup.kernels import inline, kernel


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


@kernel
def link_occurrences(
    left_rows, right_rows, members, offsets, max_product, article_ranks, segment_articles, token_firsts, n_tokens,
    levels, parents, of_segment, left, right, pair,
):  # fmt: skip
    """Write the pairs of places where two distinct rows stand; returns their number, ``-1 - number`` if too many.

    Members of a distinct row come earliest first. Up to ``max_product`` pairs are written in full; of more, each place
    is linked with the earliest of both rows and with the one before it of the same row. A row paired with itself
    links its own members. ``left`` gets the earlier place, ``pair`` the number of the pair that a link comes from.
    """
    used = 0
    for q in range(len(left_rows)):
        a_start = offsets[left_rows[q]]
        b_start = offsets[right_rows[q]]
        n_a = offsets[left_rows[q] + 1] - a_start
        n_b = offsets[right_rows[q] + 1] - b_start
        same = left_rows[q] == right_rows[q]
        full = n_a * n_b <= max_product
        b_first = segment_articles[members[b_start]]
        a_first = segment_articles[members[a_start]]
        a_leads = same or article_ranks[a_first] <= article_ranks[b_first]
        for i in range(n_a):
            for j in range(i + 1 if same else 0, n_b):
                if not full:
                    # Star around the earliest place, and a chain along each row.
                    in_star = i == 0 if a_leads else j == 0
                    if not in_star and not (same and j == i + 1):
                        break  # nor do the places after it
                a = members[a_start + i]
                b = members[b_start + j]
                if not is_link(a, b, segment_articles, token_firsts, n_tokens, levels, parents, of_segment):
                    continue
                rank_a = article_ranks[segment_articles[a]]
                rank_b = article_ranks[segment_articles[b]]
                if used < len(left):
                    swap = rank_b < rank_a or (rank_a == rank_b and b < a)
                    left[used] = b if swap else a
                    right[used] = a if swap else b
                    pair[used] = q
                used += 1
    return used if used <= len(left) else -1 - used
