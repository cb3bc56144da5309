"""Report -> what its overview draws: shares by kind, a time line, who repeats whom, how the scores lie."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup.model import NO_DATE, Kind
from dedup.reports import KINDS
from dedup.reports.view import Summary

if TYPE_CHECKING:
    from dedup.result import Report

#: Bars of a time line, and sources of a matrix.
MAX_BARS = 60
MAX_SOURCES = 12
#: Steps of the distribution of scores.
SCORE_STEPS = 20


class Share(NamedTuple):
    """A part of the feed.

    Attributes
    ----------
    name : str
        Of `dedup.reports.KINDS`, or ``new``.
    words : int
    share : float
        Of all words.
    findings : int
    """

    name: str
    words: int
    share: float
    findings: int


class TimeLine(NamedTuple):
    """Articles and repeats by time.

    Attributes
    ----------
    unit : str
        How long a bar is: ``hour``, ``day``, ``week``, ``month``, ``quarter``, ``year``, ``decade``.
    starts : list of str
        The first day of each bar, ISO 8601 (with the hour, where the unit is one); bars without articles included.
    articles, repeating : list of int
        How many there are, and how many of them say something again.
    undated : int
        Articles without a date.
    """

    unit: str
    starts: list[str]
    articles: list[int]
    repeating: list[int]
    undated: int


class Matrix(NamedTuple):
    """Which source repeats which, notices left out.

    Attributes
    ----------
    sources : list of str
        Those with the most words in it, in the order of the rows and of the columns; empty for articles without one.
    words : list of list of int
        ``words[i][j]``: words that source ``i`` says again and source ``j`` had first.
    left_out : int
        Sources that repeat or are repeated, and are not listed.
    dated : bool
        Every article has a date; else the earlier one may be that which comes first in the feed.
    """

    sources: list[str]
    words: list[list[int]]
    left_out: int
    dated: bool


class Scores(NamedTuple):
    """How a score lies over the pairs of segments that were kept.

    Attributes
    ----------
    measure : {"Jaccard", "cosine"}
    threshold : float
    matched, missed : list of int
        Matches, and pairs that just missed a threshold, by score in `SCORE_STEPS` steps from 0 to 1.
    """

    measure: str
    threshold: float
    matched: list[int]
    missed: list[int]


def shares(summary: Summary) -> list[Share]:
    """Return the kinds that there are and what is new, in the order of a bar."""
    total = max(summary.tokens, 1)
    words = [summary.repeated_by_kind.get(kind, 0) for kind in KINDS]
    found = [
        Share(kind, count, count / total, summary.findings[kind])
        for kind, count in zip(KINDS, words, strict=True)
        if count or summary.findings[kind]
    ]
    new = summary.tokens - sum(words)
    return [*found, Share("new", new, new / total, 0)]


def sentence(summary: Summary) -> str:
    """Return the answer in a sentence.

    Examples
    --------
    >>> sentence(Summary(2, 1, 0, 80, 12, 0.15, {"self": 12}, dict.fromkeys(KINDS, 0) | {"self": 1}, 1, 0))
    '15.0% of this feed is said again: 12 of 80 words.'
    """
    if not sum(summary.findings.values()):
        return "Nothing in this feed is said twice."
    return (
        f"{summary.redundancy:.1%} of this feed is said again: {summary.repeated_tokens:,} of {summary.tokens:,} words."
    )


def _own(report: Report) -> NDArray[np.bool_]:
    """Return which articles are not those of an archive."""
    archive = report.archive
    own: NDArray[np.bool_] = np.ones(len(report.articles), np.bool_) if archive is None else ~archive.articles
    return own


def _months(dates: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    return dates.astype("datetime64[s]").astype("datetime64[M]").astype(np.int64) // n


#: Unit -> number of the bar of each date, and first month of a bar or, of the first three, its seconds and offset.
_UNITS: dict[str, tuple[int, int]] = {"hour": (3600, 0), "day": (86_400, 0), "week": (7 * 86_400, 4 * 86_400)}
_MONTHS = {"month": 1, "quarter": 3, "year": 12, "decade": 120}


def time_line(report: Report) -> TimeLine | None:
    """Return articles and repeats by time, in at most `MAX_BARS` bars where decades suffice; None without dates."""
    dates, own = report.articles.dates, _own(report)
    known = (dates != NO_DATE) & own
    if not known.any():
        return None
    seconds, repeating = dates[known], report.repeated[known] > 0
    for unit in (*_UNITS, *_MONTHS):
        if unit in _UNITS:
            length, offset = _UNITS[unit]  # the epoch is a Thursday; weeks begin with Monday
            bars = (seconds - offset) // length
        else:
            bars = _months(seconds, _MONTHS[unit])
        first, last = int(bars.min()), int(bars.max())
        if last - first < MAX_BARS:
            break
    n = min(last - first + 1, 10 * MAX_BARS)
    numbers = np.arange(first, first + n)
    if unit in _UNITS:
        starts = (numbers * length + offset).astype("datetime64[s]").astype("datetime64[h]")
    else:
        starts = (numbers * _MONTHS[unit]).astype("datetime64[M]").astype("datetime64[D]")
    names = [str(start)[: 13 if unit == "hour" else 10] for start in starts]
    at = np.minimum(bars - first, n - 1)
    return TimeLine(
        unit,
        names,
        np.bincount(at, minlength=n).tolist(),
        np.bincount(at[repeating], minlength=n).tolist(),
        int(own.sum() - known.sum()),
    )


def matrix(report: Report) -> Matrix | None:
    """Return who repeats whom; None where no source is known, or nothing is carried over."""
    findings, sources = report.findings, report.articles.sources
    across = np.isin(findings.kinds, (Kind.REUSE, Kind.NEAR_DUPLICATE, Kind.CONTAINED))
    lengths = np.diff(findings.offsets)
    firsts = np.repeat(findings.offsets[:-1], lengths)
    rows = np.repeat(across, lengths)
    rows[findings.offsets[:-1]] = False
    copies, originals = findings.articles[rows], findings.articles[firsts[rows]]
    words = np.minimum(findings.tokens[rows], findings.tokens[firsts[rows]])
    rows_of = {article: sources[article] for article in np.union1d(copies, originals).tolist()}
    names = sorted(set(rows_of.values()))
    if not len(words) or names in ([""], []):
        return None
    number = {name: i for i, name in enumerate(names)}
    of_article = np.zeros(len(report.articles), np.int64)
    of_article[list(rows_of)] = [number[name] for name in rows_of.values()]
    n = len(names)
    keys, of_pair = np.unique(of_article[copies] * n + of_article[originals], return_inverse=True)
    totals = np.bincount(of_pair, words).astype(np.int64)
    weights = np.bincount(keys // n, totals, n) + np.bincount(keys % n, totals, n)
    listed = np.argsort(-weights, kind="stable")[:MAX_SOURCES]
    place = np.full(n, -1)
    place[listed] = np.arange(len(listed))
    table = np.zeros((len(listed), len(listed)), np.int64)
    inside = (place[keys // n] >= 0) & (place[keys % n] >= 0)
    table[place[keys[inside] // n], place[keys[inside] % n]] = totals[inside]
    dated = bool((report.articles.dates[list(rows_of)] != NO_DATE).all())
    return Matrix([names[i] for i in listed.tolist()], table.tolist(), n - len(listed), dated)


def scores(report: Report) -> list[Scores]:
    """Return how the scores lie of the pairs that matched, or just missed."""
    params = report.config.score
    found = []
    for measure, threshold in (("cosine", params.min_cosine), ("jaccard", params.min_jaccard)):
        counts = []
        for pairs in (report.matches, report.borderline):
            # Scores are float32: one that stands on the edge of a step belongs to the step above.
            steps = np.floor(getattr(pairs, measure).astype(np.float64) * SCORE_STEPS + 1e-5).astype(np.int64)
            counts.append(np.bincount(np.clip(steps, 0, SCORE_STEPS - 1), minlength=SCORE_STEPS).tolist())
        found.append(Scores(measure.capitalize() if measure == "jaccard" else measure, threshold, *counts))
    return found
