"""Matches -> clusters: every member matches its representative."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: How many of the earliest members are tried as representative before the leader is kept.
_MAX_TRIES = 16


@dataclass(frozen=True, slots=True, eq=False)
class MatchGraph:
    """The matches of each distinct row, both ways.

    Attributes
    ----------
    neighbours : int32[2q]
        Ascending within a row.
    offsets : int64[d + 1]
    """

    neighbours: NDArray[np.int32]
    offsets: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class RowClusters:
    """Clusters of distinct rows, single rows left out.

    Attributes
    ----------
    rows : int32[total]
        Of each cluster, in the order of ``dates``, then by row.
    offsets : int64[c + 1]
    representatives : int32[c]
        A row of each cluster that all others of it match.
    """

    rows: NDArray[np.int32]
    offsets: NDArray[np.int64]
    representatives: NDArray[np.int32]


def match_graph(left: NDArray[np.int64], right: NDArray[np.int64], n_rows: int) -> MatchGraph:
    """Return the neighbours of each row from pairs of rows, given once each."""
    sources = np.concatenate([left, right])
    targets = np.concatenate([right, left]).astype(np.int32)
    order = np.lexsort((targets, sources))
    offsets = np.zeros(n_rows + 1, np.int64)
    np.cumsum(np.bincount(sources, minlength=n_rows), out=offsets[1:])
    return MatchGraph(targets[order], offsets)


def cluster_rows(graph: MatchGraph, dates: NDArray[np.int64], preference: NDArray[np.int64]) -> RowClusters:
    """Return clusters in which every row matches the representative.

    Rows are taken by date, equal dates in row order (which depends on the texts alone, not on the feed): one that has
    no cluster yet leads a new one and takes all its matches that have none. A chain of matches whose ends do not
    match is split. The representative is the most preferred row that matches all others.

    Parameters
    ----------
    graph : MatchGraph
        ``d`` rows.
    dates : int64[d]
        Of the earliest place of each row.
    preference : int64[d]
        Position of that place in the feed, or anything else that says which of several should stand for all.

    Examples
    --------
    A chain 0-1-2 whose ends do not match:

    >>> chain = match_graph(np.array([0, 1]), np.array([1, 2]), 3)
    >>> clusters = cluster_rows(chain, np.zeros(3, np.int64), np.arange(3))
    >>> clusters.rows.tolist(), clusters.offsets.tolist(), clusters.representatives.tolist()
    ([0, 1], [0, 2], [0])
    """
    from dedup.kernels import cluster as kernels

    involved = np.flatnonzero(np.diff(graph.offsets))
    order = involved[np.argsort(dates[involved], kind="stable")]
    leaders = np.empty(len(graph.offsets) - 1, np.int32)
    kernels.assign_leaders(order, graph.neighbours, graph.offsets, leaders)
    sizes = np.bincount(leaders[involved], minlength=len(leaders))
    rows = involved[np.lexsort((preference[involved], leaders[involved]))]
    joined: NDArray[np.int32] = rows[sizes[leaders[rows]] > 1].astype(np.int32)
    of_row = leaders[joined]
    starts = np.flatnonzero(np.append(True, of_row[1:] != of_row[:-1])) if len(joined) else np.empty(0, np.int64)
    offsets = np.append(starts, len(joined)).astype(np.int64)
    chosen = of_row[starts].copy()
    kernels.choose_representatives(joined, offsets, graph.neighbours, graph.offsets, _MAX_TRIES, chosen)
    return RowClusters(joined, offsets, chosen.astype(np.int32))
