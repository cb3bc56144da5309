"""Report -> what other thresholds would let through, to choose one on a feed of one's own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from dedup.result import Report
from dedup.score import KEPT_PRECISION

Measure = Literal["cosine", "jaccard"]
#: Thresholds lie this far apart.
STEP = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """All pairs of distinct segments that a run scored and kept: its matches, and those that just missed.

    Attributes
    ----------
    left, right : int32[q]
        Rows of `Report.segments`.
    jaccard, cosine : float64[q]
    shared : int64[q]
        Shingles that both have.
    """

    left: NDArray[np.int32]
    right: NDArray[np.int32]
    jaccard: NDArray[np.float64]
    cosine: NDArray[np.float64]
    shared: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Point:
    """What a threshold would let through.

    Attributes
    ----------
    threshold : float
    matches, segments, articles : int
        Pairs, and the distinct segments and the articles in them.
    """

    threshold: float
    matches: int
    segments: int
    articles: int


def scored_pairs(report: Report) -> Scored:
    """Return the matches and borderline pairs of a report."""
    pairs = [report.matches, report.borderline]
    return Scored(
        np.concatenate([one.left for one in pairs]),
        np.concatenate([one.right for one in pairs]),
        np.concatenate([one.jaccard for one in pairs]).astype(np.float64),
        np.concatenate([one.cosine for one in pairs]).astype(np.float64),
        np.concatenate([one.shared for one in pairs]).astype(np.int64),
    )


def accepted(report: Report, pairs: Scored, measure: Measure, threshold: float) -> NDArray[np.bool_]:
    """Tell which pairs match if one threshold is another one: bool[q]; the other settings stay."""
    params = replace(report.config.score, **{f"min_{measure}": threshold})  # type: ignore[arg-type]
    return params.accepts(pairs.jaccard + KEPT_PRECISION, pairs.cosine + KEPT_PRECISION, pairs.shared)


def curve(report: Report, pairs: Scored, measure: Measure) -> list[Point]:
    """Return what each threshold would let through, from the lowest for which all pairs are known.

    For the cosine that is 0; for Jaccard the threshold of the run: below it, pairs are kept as they come.
    """
    start = report.config.score.min_jaccard if measure == "jaccard" else 0.0
    first = int(np.ceil(start / STEP - 1e-9))
    points = []
    for threshold in np.round(np.arange(first, round(1 / STEP) + 1) * STEP, 4).tolist():
        found = accepted(report, pairs, measure, threshold)
        rows = np.unique(np.concatenate([pairs.left[found], pairs.right[found]]))
        articles = np.unique(report.segments.articles[rows])
        points.append(Point(threshold, int(found.sum()), len(rows), len(articles)))
    return points


def histogram(report: Report, pairs: Scored, measure: Measure) -> list[tuple[float, int]]:
    """Return how many pairs have a score from each step on, those out of reach by the other score left out."""
    least = report.config.score.min_jaccard - KEPT_PRECISION
    other = pairs.jaccard >= least if measure == "cosine" else np.bool_(True)
    scores = np.where(other, getattr(pairs, measure), -1.0)
    bins = np.minimum((scores + KEPT_PRECISION) // STEP, round(1 / STEP) - 1).astype(int)
    counts = np.bincount(bins[bins >= 0], minlength=round(1 / STEP))
    return [(round(i * STEP, 4), int(count)) for i, count in enumerate(counts)]


def examples(report: Report, pairs: Scored, measure: Measure, n: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the pairs whose score is just under the threshold in force, and those just over it; nearest first."""
    scores = getattr(pairs, measure)
    threshold = getattr(report.config.score, f"min_{measure}")
    within = (
        pairs.jaccard >= report.config.score.min_jaccard - KEPT_PRECISION if measure == "cosine" else pairs.cosine >= 0
    )
    rows = np.flatnonzero(within)
    rows = rows[np.lexsort((pairs.right[rows], pairs.left[rows], np.abs(scores[rows] - threshold)))]
    over = scores[rows] >= threshold - KEPT_PRECISION
    return rows[~over][:n], rows[over][:n]
