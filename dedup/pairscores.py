"""Candidate pairs of distinct rows -> their exact scores."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dedup import cluster, collapse, gather, join, lsh, score
from dedup.arrays import sorted_unique
from dedup.config import Config
from dedup.model import Articles
from dedup.passes import Survey
from dedup.score import Vocabulary

#: Below the threshold of Jaccard by this much, a pair is kept as borderline.
BORDERLINE = 0.1
#: A row with more matches stands in a thinned bucket.
MOST_MATCHES = min(lsh.MAX_BUCKET, join.MAX_BUCKET)


@dataclass(frozen=True, slots=True, eq=False)
class ScoredPairs:
    """Pairs of distinct rows with their scores.

    Attributes
    ----------
    left, right : int64[q]
        ``left < right``.
    shared : int64[q]
        Shingles that both have.
    jaccard, containment, cosine : float64[q]
    """

    left: NDArray[np.int64]
    right: NDArray[np.int64]
    shared: NDArray[np.int64]
    jaccard: NDArray[np.float64]
    containment: NDArray[np.float64]
    cosine: NDArray[np.float64]

    def take(self, rows: NDArray[np.bool_]) -> ScoredPairs:
        """Return some of the pairs."""
        return ScoredPairs(*(getattr(self, name)[rows] for name in self.__slots__))

    def accepted(self, params: score.ScoreParams) -> NDArray[np.bool_]:
        """Tell which pairs match: bool[q]."""
        return params.accepts(self.jaccard, self.cosine, self.shared)


@dataclass(frozen=True, slots=True, eq=False)
class PairScorer:
    """What scoring pairs needs: the texts of the rows, and what runs it."""

    articles: Articles
    survey: Survey
    distinct: collapse.Distinct
    vocabulary: Vocabulary
    config: Config
    executor: Executor
    jobs: int

    def score(self, left: NDArray[np.int64], right: NDArray[np.int64]) -> ScoredPairs:
        """Return the pairs with their exact scores, those whose Jaccard is too low for any use left out."""
        rows, compact = np.unique(np.concatenate([left, right]), return_inverse=True)
        sets = gather.shingle_sets(self.articles, *self._spans(rows), self.config, self.executor)
        a, b = compact[: len(left)], compact[len(left) :]
        shared = score.overlaps(sets, a, b, self.executor, jobs=self.jobs)
        sizes = np.diff(sets.offsets)
        jaccard = score.jaccard(shared, sizes[a], sizes[b])
        keep = jaccard >= self.config.score.min_jaccard - BORDERLINE
        left, right = left[keep], right[keep]
        containment = score.containment(shared, sizes[a], sizes[b])[keep]
        return ScoredPairs(left, right, shared[keep], jaccard[keep], containment, self._cosines(left, right))

    def _cosines(self, left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.float64]:
        rows, compact = np.unique(np.concatenate([left, right]), return_inverse=True)
        terms = gather.tfidf_rows(self.articles, *self._spans(rows), self.vocabulary, self.config, self.executor)
        return score.cosines(terms, compact[: len(left)], compact[len(left) :], self.executor, jobs=self.jobs)

    def _spans(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        firsts = self.distinct.firsts[rows]
        return self.survey.segments.starts[firsts], self.survey.segments.ends[firsts]


def star_pairs(graph: cluster.MatchGraph, dates: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return, for each row with more matches than a bucket lets through, its earliest match paired with the others.

    In a thinned bucket rows are matched with its leaders only: the earliest row, which is to represent them, has to be
    compared with all.
    """
    degrees = np.diff(graph.offsets)
    pairs: list[NDArray[np.int64]] = []
    for centre in np.flatnonzero(degrees > MOST_MATCHES):
        rows = graph.neighbours[graph.offsets[centre] : graph.offsets[centre + 1]].astype(np.int64)
        earliest = rows[np.argmin(dates[rows])]
        known = graph.neighbours[graph.offsets[earliest] : graph.offsets[earliest + 1]]
        others = np.setdiff1d(rows, np.append(known, earliest))
        if len(others):
            pairs.append(np.stack([np.minimum(earliest, others), np.maximum(earliest, others)]))
    if not pairs:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    left, right = np.concatenate(pairs, axis=1)
    packed = sorted_unique(left << 32 | right)
    return packed >> 32, packed & 0xFFFFFFFF


def merge_pairs(one: ScoredPairs, other: ScoredPairs, n_rows: int) -> ScoredPairs:
    """Return the pairs of both, each once."""
    columns = [np.concatenate([getattr(one, name), getattr(other, name)]) for name in ScoredPairs.__slots__]
    _, first = np.unique(columns[0] * np.int64(n_rows) + columns[1], return_index=True)
    return ScoredPairs(*(column[first] for column in columns))
