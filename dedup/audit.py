"""Articles -> what LSH finds of all the pairs that the exact join finds, beside what its bands promise."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dedup.config import Config
from dedup.errors import ConfigError
from dedup.lsh import Bands, choose_bands
from dedup.model import Articles, Search
from dedup.pipeline import scan
from dedup.result import Report
from dedup.stages import Progress

#: Pairs are counted in steps of Jaccard.
STEP = 0.1
#: Standard normal quantile of 95 %.
_Z = 1.959963984540054


@dataclass(frozen=True, slots=True, eq=False)
class Audit:
    """All pairs of distinct segments at or over the Jaccard threshold, and which of them LSH finds.

    Attributes
    ----------
    report : Report
        Of the exact join.
    n_articles : int
        Of the feed; the report may have fewer.
    bands : Bands
    asked : float
        The recall that was asked for at the threshold.
    left, right : int32[q]
        Rows of ``report.segments``.
    jaccard, cosine : float64[q]
    found : bool[q]
        LSH made the pair a candidate.
    matched : bool[q]
        The pair is a match: its cosine, or its length, is enough too.
    lsh : Search
        How the search with LSH went.
    lsh_alone : int
        Pairs that only LSH found: members of a bucket that the exact join thinned.
    """

    report: Report
    n_articles: int
    bands: Bands
    asked: float
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    jaccard: NDArray[np.float64]
    cosine: NDArray[np.float64]
    found: NDArray[np.bool_]
    matched: NDArray[np.bool_]
    lsh: Search
    lsh_alone: int

    @property
    def kept(self) -> bool:
        """Whether the recall over all pairs may be what was asked for: its interval does not end below it."""
        return recall_interval(int(self.found.sum()), len(self.found))[1] >= self.asked


@dataclass(frozen=True, slots=True)
class Recall:
    """How many pairs of some kind were found.

    Attributes
    ----------
    label : str
    pairs, found : int
    promised : float
        The mean of what the bands promise for the Jaccard of each pair.
    """

    label: str
    pairs: int
    found: int
    promised: float

    @property
    def recall(self) -> float:
        """Share of the pairs that was found; 1 of none."""
        return self.found / self.pairs if self.pairs else 1.0

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the recall."""
        return recall_interval(self.found, self.pairs)


def recall_interval(hits: int, total: int) -> tuple[float, float]:
    """Return the 95 % interval of a share; 0 to 1 of nothing.

    Notes
    -----
    The score interval of Wilson (1927), which holds near 0 and 1. It takes the pairs for independent: pairs with a
    segment in common are not quite, so that of a feed with large clusters the true one is somewhat wider.

    Examples
    --------
    >>> [round(one, 3) for one in recall_interval(9, 10)]
    [0.596, 0.982]
    """
    if not total:
        return 0.0, 1.0
    share, square = hits / total, _Z * _Z
    middle = share + square / (2 * total)
    half = _Z * math.sqrt(share * (1 - share) / total + square / (4 * total * total))
    low, high = (middle - half) / (1 + square / total), (middle + half) / (1 + square / total)
    return (0.0 if not hits else low), (1.0 if hits == total else high)


def sample_articles(articles: Articles, count: int | None, seed: int = 0) -> Articles:
    """Return so many of the articles, drawn by chance, in their order; all, where there are no more."""
    from dedup.readers.versions import without

    if count is None or count >= len(articles):
        return articles
    left_out = np.random.default_rng(seed).permutation(len(articles))[count:]
    return without(articles, sorted(left_out.tolist()))


def audit(
    inputs: Sequence[str | Path] | Articles,
    config: Config,
    *,
    sample: int | None = None,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> Audit:
    """Search the articles by the exact join and by LSH, and compare the pairs.

    Parameters
    ----------
    inputs : sequence of paths, or Articles
        As in `dedup.scan`, like `jobs` and `progress`.
    config : Config
        Whatever its ``candidates`` says, both are run.
    sample : int, optional
        Only so many articles, drawn by chance.

    Raises
    ------
    FeedError, DedupError
        As `dedup.scan` has them.
    ConfigError
        The recall cannot be reached with ``num_perm``.

    Examples
    --------
    >>> import dedup
    >>> line = "The committee said on Friday that the new bridge over the Tarn will open in spring."
    >>> found = audit(dedup.articles_of([line, line.replace("Friday", "Monday")]), dedup.Config())
    >>> [(one.label, one.pairs, one.found) for one in recalls(found) if one.pairs]
    [('0.6 to 0.7', 1, 1), ('all', 1, 1), ('matches', 1, 1)]
    """
    min_jaccard = config.score.min_jaccard
    try:
        bands = choose_bands(min_jaccard, config.lsh, config.minhash.num_perm)
    except ValueError as error:
        raise ConfigError(str(error)) from None
    if isinstance(inputs, Articles):
        articles = inputs
    else:
        from dedup.readers import read_feeds

        reading = partial(progress, "read") if progress else None
        articles = read_feeds(inputs, config.read, jobs=jobs or os.cpu_count() or 1, progress=reading)
    part = sample_articles(articles, sample, config.minhash.seed)
    by_lsh = scan(part, replace(config, candidates="lsh"), jobs=jobs, progress=progress)
    search, known = by_lsh.search, _keys(*_pairs(by_lsh)[:2])
    del by_lsh
    report = scan(part, replace(config, candidates="exact"), jobs=jobs, progress=progress)
    left, right, jaccard, cosine, matched = _pairs(report)
    keys = _keys(left, right)
    found, alone = np.isin(keys, known), int((~np.isin(known, keys)).sum())
    pairs = (left, right, jaccard, cosine, found, matched)
    return Audit(report, len(articles), bands, config.lsh.recall, *pairs, search, alone)


def recalls(found: Audit) -> list[Recall]:
    """Return the recall in steps of Jaccard, over all pairs, and over those that are matches."""
    promised = np.array([found.bands.recall(one) for one in found.jaccard.tolist()])
    first = math.floor(found.report.config.score.min_jaccard / STEP + 1e-9)
    step = np.minimum(np.floor(found.jaccard / STEP + 1e-6), round(1 / STEP) - 1)
    groups = [(f"{i * STEP:g} to {(i + 1) * STEP:g}", step == i) for i in range(first, round(1 / STEP))]
    groups += [("all", np.ones(len(step), np.bool_)), ("matches", found.matched)]
    out = []
    for label, rows in groups:
        mean = float(promised[rows].mean()) if rows.any() else 1.0
        out.append(Recall(label, int(rows.sum()), int((found.found & rows).sum()), mean))
    return out


def missed_pairs(found: Audit) -> NDArray[np.int64]:
    """Return the pairs that LSH missed, those that are most alike first."""
    rows = np.flatnonzero(~found.found)
    return rows[np.lexsort((found.right[rows], found.left[rows], -found.jaccard[rows]))]


def _pairs(
    report: Report,
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Return the scored pairs at or over the threshold of Jaccard: rows, scores, and which are matches."""
    tables = (report.matches, report.borderline)
    left, right, jaccard, cosine = (
        np.concatenate([getattr(one, name) for one in tables]) for name in ("left", "right", "jaccard", "cosine")
    )
    matched = np.repeat([True, False], [len(one) for one in tables])
    # Scores are kept as float32: half a unit in the seventh place is not the one who decides.
    rows = jaccard >= report.config.score.min_jaccard - 1e-7
    return left[rows], right[rows], jaccard[rows].astype(np.float64), cosine[rows].astype(np.float64), matched[rows]


def _keys(left: NDArray[np.int32], right: NDArray[np.int32]) -> NDArray[np.int64]:
    return left.astype(np.int64) << 32 | right
