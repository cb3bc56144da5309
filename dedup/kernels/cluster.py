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


@inline
def add_link(
    a, b, q, used, article_ranks, segment_articles, token_firsts, n_tokens, levels, parents, of_segment, left, right,
    pair,
):  # fmt: skip
    """Write a link if two occurrences make one, the earlier place left; returns how many there are now."""
    if not is_link(a, b, segment_articles, token_firsts, n_tokens, levels, parents, of_segment):
        return used
    if used < len(left):
        rank_a = article_ranks[segment_articles[a]]
        rank_b = article_ranks[segment_articles[b]]
        swap = rank_b < rank_a or (rank_a == rank_b and b < a)
        left[used] = b if swap else a
        right[used] = a if swap else b
        pair[used] = q
    return used + 1


@kernel
def link_occurrences(
    left_rows, right_rows, members, offsets, max_product, article_ranks, segment_articles, token_firsts, n_tokens,
    levels, parents, of_segment, left, right, pair,
):  # fmt: skip
    """Write the pairs of places where two distinct rows stand; returns their number, ``-1 - number`` if too many.

    Members of a distinct row come earliest first. Up to ``max_product`` pairs are written in full, but inside an
    article with its first place only, for that is what the others repeat. Of more, each place is linked with the
    earliest of both rows; those of one row also with the first of their article, and this with the place before it. A
    row paired with itself links its own members. ``left`` gets the earlier place, ``pair`` the number of the pair that
    a link comes from.
    """
    used = 0
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
            for j in range(1, len(of_a)):
                used = add_link(
                    of_a[0], of_a[j], q, used, article_ranks, segment_articles, token_firsts, n_tokens, levels,
                    parents, of_segment, left, right, pair,
                )  # fmt: skip
                if segment_articles[of_a[j]] != segment_articles[of_a[first]]:
                    first = j
                other = first if first != j else j - 1
                if other != 0:
                    used = add_link(
                        of_a[other], of_a[j], q, used, article_ranks, segment_articles, token_firsts, n_tokens, levels,
                        parents, of_segment, left, right, pair,
                    )  # fmt: skip
        else:
            a_leads = article_ranks[segment_articles[of_a[0]]] <= article_ranks[segment_articles[of_b[0]]]
            centre = of_a[0] if a_leads else of_b[0]
            for other in of_b if a_leads else of_a:
                used = add_link(
                    centre, other, q, used, article_ranks, segment_articles, token_firsts, n_tokens, levels,
                    parents, of_segment, left, right, pair,
                )  # fmt: skip
    return used if used <= len(left) else -1 - used
