"""What was found against what there is: pairs, clusters, passages by character, with intervals.

Nothing here knows the engine: spans and labels go in, numbers come out.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

#: Of both sides of a pair: less is another place.
HALF = 0.5
_DRAWS = 1000

Span = tuple[int, int]
#: Left and right span.
SpanPair = tuple[Span, Span]


def bootstrap(values: Sequence[float], seed: int = 0) -> tuple[float, float]:
    """Return the 95 % interval of the mean by the percentiles of 1,000 resamples; 0 to 1 of nothing."""
    if not len(values):
        return 0.0, 1.0
    array = np.asarray(values, np.float64)
    draws = np.random.default_rng(seed).integers(0, len(array), (_DRAWS, len(array)))
    low, high = np.quantile(array[draws].mean(axis=1), (0.025, 0.975))
    return float(low), float(high)


def f1(precision: float, recall: float) -> float:
    """Return the harmonic mean; 0 where both are."""
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def overlap(one: Span, other: Span) -> int:
    """Return how many characters two spans share."""
    return max(0, min(one[1], other[1]) - max(one[0], other[0]))


def union_length(spans: Sequence[Span]) -> int:
    """Return how many characters the spans cover together.

    Examples
    --------
    >>> union_length([(0, 4), (2, 6), (9, 10)])
    7
    """
    total, reached = 0, None
    for start, end in sorted(spans):
        begin = start if reached is None else max(start, reached)
        total += max(0, end - begin)
        reached = end if reached is None else max(reached, end)
    return total


@dataclass(frozen=True, slots=True)
class PassageScores:
    """Passages by character, as the PAN campaigns have them.

    Attributes
    ----------
    recall, precision : list of float
        Of each case the share that its detections cover, of each detection the share that is in cases; both sides.
    granularity : float
        Detections of a detected case, in the mean; 1 is best.
    plagdet : float
        ``F1 / log2(1 + granularity)`` of the means.

    References
    ----------
    .. [1] M. Potthast, B. Stein, A. Barron-Cedeno, P. Rosso (2010), An Evaluation Framework for Plagiarism Detection,
       COLING, section 3.1.
    """

    recall: list[float]
    precision: list[float]
    granularity: float
    plagdet: float


def pan_scores(cases: Sequence[SpanPair], detections: Sequence[SpanPair]) -> PassageScores:
    """Return the scores of detections against cases: macro-averaged, both sides of a pair counted.

    A detection detects a case if both of its spans overlap those of the case; sides are in the same order in both.
    Without detections the precision is 1 by convention here, and plagdet is 0.

    Examples
    --------
    >>> scores = pan_scores([((0, 10), (50, 60))], [((0, 5), (50, 60)), ((20, 30), (70, 80))])
    >>> scores.recall, scores.precision, scores.granularity
    ([0.75], [1.0, 0.0], 1.0)
    """
    of_case: list[list[SpanPair]] = [[] for _ in cases]
    of_detection: list[list[SpanPair]] = [[] for _ in detections]
    order = sorted(range(len(detections)), key=lambda row: detections[row][0][0])
    starts = [detections[row][0][0] for row in order]
    longest = max((left[1] - left[0] for left, _ in detections), default=0)
    for i, case in enumerate(cases):
        low = int(np.searchsorted(starts, case[0][0] - longest, "left"))
        high = int(np.searchsorted(starts, case[0][1], "left"))
        for row in order[low:high]:
            found = detections[row]
            if overlap(case[0], found[0]) and overlap(case[1], found[1]):
                of_case[i].append(found)
                of_detection[row].append(case)
    recall = [_covered(case, found) for case, found in zip(cases, of_case, strict=True)]
    precision = [_covered(found, mine) for found, mine in zip(detections, of_detection, strict=True)]
    detected = [len(found) for found in of_case if found]
    granularity = sum(detected) / len(detected) if detected else 1.0
    means = (sum(one) / len(one) if one else 1.0 for one in (precision, recall))
    plagdet = f1(*means) / math.log2(1 + granularity) if detections else 0.0
    return PassageScores(recall, precision, granularity, plagdet)


def _covered(pair: SpanPair, others: Sequence[SpanPair]) -> float:
    """Return the share of both spans of a pair that the corresponding spans of others cover."""
    lengths = [end - start for start, end in pair]
    shared = 0
    for side, (start, end) in enumerate(pair):
        inside = [(max(start, other[side][0]), min(end, other[side][1])) for other in others]
        shared += union_length([one for one in inside if one[1] > one[0]])
    return shared / sum(lengths) if sum(lengths) else 1.0


@dataclass(frozen=True, slots=True)
class ClusterScores:
    """How two partitions of the same items agree.

    Attributes
    ----------
    adjusted_rand : float
    precision, recall, f1 : float
        B-cubed: of each item, the share of its found cluster that is of its true one, and the reverse; the means.

    References
    ----------
    .. [1] A. Bagga, B. Baldwin (1998), Entity-based cross-document coreferencing using the vector space model.
    .. [2] L. Hubert, P. Arabie (1985), Comparing partitions.
    """

    adjusted_rand: float
    precision: float
    recall: float
    f1: float


def cluster_scores(truth: Sequence[Hashable], found: Sequence[Hashable]) -> ClusterScores:
    """Return the agreement of two labellings of the same items; 1 of none.

    Examples
    --------
    >>> scores = cluster_scores("aabb", "xxxy")
    >>> round(scores.precision, 4), round(scores.recall, 4), round(scores.adjusted_rand, 4)
    (0.6667, 0.75, 0.0)
    """
    if not truth:
        return ClusterScores(1.0, 1.0, 1.0, 1.0)
    both, of_truth, of_found = Counter(zip(truth, found, strict=True)), Counter(truth), Counter(found)
    n = len(truth)
    precision = sum(count * count / of_found[b] for (_, b), count in both.items()) / n
    recall = sum(count * count / of_truth[a] for (a, _), count in both.items()) / n
    pairs = [sum(math.comb(count, 2) for count in one.values()) for one in (both, of_truth, of_found)]
    expected = pairs[1] * pairs[2] / math.comb(n, 2) if n > 1 else 0.0
    most = (pairs[1] + pairs[2]) / 2
    rand = (pairs[0] - expected) / (most - expected) if most != expected else 1.0
    return ClusterScores(rand, precision, recall, f1(precision, recall))


def components(n: int, pairs: Sequence[tuple[int, int]]) -> list[int]:
    """Return the lowest member of the component of each item.

    Examples
    --------
    >>> components(4, [(2, 3), (3, 0)])
    [0, 1, 0, 0]
    """
    parent = list(range(n))

    def root(item: int) -> int:
        while parent[item] != item:
            parent[item] = parent[parent[item]]
            item = parent[item]
        return item

    for a, b in pairs:
        low, high = sorted((root(a), root(b)))
        parent[high] = low
    return [root(item) for item in range(n)]


def found_places(pairs: Sequence[SpanPair], found: Sequence[SpanPair]) -> list[bool]:
    """Tell which pairs of places are found: what is found between the two covers half of each.

    Examples
    --------
    >>> found_places([((0, 10), (50, 60)), ((0, 10), (70, 80))], [((0, 6), (50, 56)), ((2, 9), (70, 74))])
    [True, False]
    """
    by_left: dict[int, list[int]] = defaultdict(list)
    # Buckets of 4,096 characters: a feed has few places in each.
    for row, (left, _) in enumerate(found):
        for bucket in range(left[0] >> 12, (left[1] >> 12) + 1):
            by_left[bucket].append(row)
    hits = []
    for places in pairs:
        rows = {row for bucket in range(places[0][0] >> 12, (places[0][1] >> 12) + 1) for row in by_left[bucket]}
        mine = [row for row in rows if all(map(overlap, places, found[row]))]
        covered = [
            union_length([(max(place[0], found[row][side][0]), min(place[1], found[row][side][1])) for row in mine])
            for side, place in enumerate(places)
        ]
        hits.append(all(one >= HALF * (end - start) for one, (start, end) in zip(covered, places, strict=True)))
    return hits
