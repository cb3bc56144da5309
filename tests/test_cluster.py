"""Clusters: every member matches the representative, whatever the order of the input."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dedup.cluster import cluster_rows, match_graph
from tests import oracle

N = 12
edge_sets = st.sets(
    st.tuples(st.integers(0, N - 1), st.integers(0, N - 1)).filter(lambda pair: pair[0] < pair[1]), max_size=30
)
date_lists = st.lists(st.integers(0, 3), min_size=N, max_size=N)


def run(edges, dates, preference=None):
    left = np.array([a for a, _ in sorted(edges)], np.int64)
    right = np.array([b for _, b in sorted(edges)], np.int64)
    order = np.arange(N) if preference is None else np.array(preference)
    return cluster_rows(match_graph(left, right, N), np.array(dates), order)


def groups(found) -> list[list[int]]:
    return [found.rows[a:b].tolist() for a, b in zip(found.offsets, found.offsets[1:], strict=False)]


@given(edges=edge_sets, dates=date_lists)
def test_clusters_are_those_of_the_plain_rule(edges, dates):
    """By date, then by row: who has no cluster leads one and takes the matches that have none."""
    found = run(edges, dates)

    order = sorted(range(N), key=lambda row: (dates[row], row))
    assert oracle.clusters(edges, order) == sorted(sorted(group) for group in groups(found))


@given(edges=edge_sets, dates=date_lists, preference=st.permutations(range(N)))
def test_every_member_matches_the_representative(edges, dates, preference):
    """And no earlier member, by preference, matches all the others."""
    found = run(edges, dates, preference)

    for group, representative in zip(groups(found), found.representatives.tolist(), strict=True):
        matches = [all(one == other or (min(one, other), max(one, other)) in edges for other in group) for one in group]
        assert matches[group.index(representative)]
        assert not any(matches[: group.index(representative)])
        assert group == sorted(group, key=lambda row: preference[row])


@given(edges=edge_sets, dates=date_lists, preference=st.permutations(range(N)))
def test_the_order_of_the_feed_does_not_change_the_clusters(edges, dates, preference):
    """Only who represents them."""
    one, other = run(edges, dates), run(edges, dates, preference)

    assert sorted(sorted(group) for group in groups(one)) == sorted(sorted(group) for group in groups(other))
