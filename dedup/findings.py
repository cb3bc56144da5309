"""Passages and clusters -> relations of articles, redundancy, findings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dedup.model import NO_DATE, Articles, Findings, Kind, Level, Passages, Relation, Relations

#: A passage says something new if the ones before it cover less than this of it.
_MIN_NEW = 0.5
#: Spans of one article that share this much of the longer one are the same place.
_SAME_PLACE = 0.8


@dataclass(frozen=True, slots=True)
class FindingParams:
    """What is called by which name.

    Attributes
    ----------
    near_duplicate : float
        Two articles are near-duplicates if each has at least this share of its tokens in their passages.
    contained : float
        An article is contained in another one if it has at least this share of its tokens in their passages.
    boilerplate_articles : int
        A cluster in so many articles is boilerplate, if that is at least `boilerplate_per_source` for each source.
    boilerplate_per_source : int
    """

    near_duplicate: float = 0.6
    contained: float = 0.8
    boilerplate_articles: int = 10
    boilerplate_per_source: int = 5

    def __post_init__(self) -> None:
        for name in ("near_duplicate", "contained"):
            if not 0 < getattr(self, name) <= 1:
                raise ValueError(f"findings: {name} is {getattr(self, name)}; it must be over 0 and at most 1")
        for name in ("boilerplate_articles", "boilerplate_per_source"):
            if getattr(self, name) < 1:
                raise ValueError(f"findings: {name} is {getattr(self, name)}; at least 1 is needed")


@dataclass(frozen=True, slots=True, eq=False)
class Notices:
    """Boilerplate clusters with the scores of each place: what `Findings` takes over as it is.

    Attributes
    ----------
    offsets : int64[c + 1]
    articles, tokens : int32[p]
    starts, ends : int64[p]
    token_firsts : int64[p]
        Corpus position of the place's first token.
    levels : uint8[c]
    jaccard, containment, cosine : float32[p]
        With the first place of the cluster.
    numbers_changed : bool[p]
        A number stands where the first place has another one.
    """

    offsets: NDArray[np.int64]
    articles: NDArray[np.int32]
    tokens: NDArray[np.int32]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    token_firsts: NDArray[np.int64]
    levels: NDArray[np.uint8]
    jaccard: NDArray[np.float32]
    containment: NDArray[np.float32]
    cosine: NDArray[np.float32]
    numbers_changed: NDArray[np.bool_]


def rank_articles(dates: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the place of each article in time: by date, those without one after all others, else in feed order.

    Examples
    --------
    >>> rank_articles(np.array([30, NO_DATE, 10, 30])).tolist()
    [1, 3, 0, 2]
    """
    ranks = np.empty(len(dates), np.int64)
    last = np.where(dates == NO_DATE, np.iinfo(np.int64).max, dates)
    ranks[np.argsort(last, kind="stable")] = np.arange(len(dates))
    return ranks


def relate(
    passages: Passages, spans: NDArray[np.int64], n_tokens: NDArray[np.int64], params: FindingParams
) -> Relations:
    """Return how the articles that share a passage relate.

    Parameters
    ----------
    passages : Passages
        Sorted by left, then right article.
    spans : int64[q, 4]
        The passages in tokens: left start and end, right start and end.
    n_tokens : int64[n]
        Body tokens of each article.
    """
    across = (passages.left_articles != passages.right_articles) & (passages.levels != Level.TITLE)
    left, right = passages.left_articles[across], passages.right_articles[across]
    new = np.append(True, (left[1:] != left[:-1]) | (right[1:] != right[:-1])) if len(left) else np.empty(0, np.bool_)
    pair = np.cumsum(new) - 1
    left, right = left[new], right[new]
    covered = [
        _covered(pair, spans[across, side], spans[across, side + 1], len(left)) / np.maximum(n_tokens[articles], 1)
        for side, articles in ((0, left), (2, right))
    ]
    kinds = np.zeros(len(left), np.uint8)
    kinds[covered[0] >= params.contained] = Relation.LEFT_CONTAINED
    kinds[covered[1] >= np.maximum(params.contained, covered[0])] = Relation.RIGHT_CONTAINED
    kinds[(covered[0] >= params.near_duplicate) & (covered[1] >= params.near_duplicate)] = Relation.NEAR_DUPLICATE
    return Relations(left, right, kinds, covered[0].astype(np.float32), covered[1].astype(np.float32))


def _covered(
    groups: NDArray[np.int64], starts: NDArray[np.int64], ends: NDArray[np.int64], n: int
) -> NDArray[np.int64]:
    """Return the length of the union of each group's spans."""
    order = np.lexsort((starts, groups))
    groups, starts, ends = groups[order], starts[order], ends[order]
    # Groups are laid one behind the other, so that one running maximum serves all.
    stride = int(ends.max(initial=0)) + 1
    starts, ends = starts + groups * stride, ends + groups * stride
    reached = np.maximum.accumulate(np.append(0, ends))[:-1] if len(ends) else ends
    new = np.maximum(0, ends - np.maximum(starts, reached))
    return np.bincount(groups, new, n).astype(np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Coverage:
    """How much of each article is said again, by kind.

    Attributes
    ----------
    repeated : int64[n]
        Tokens of the article that repeat itself or something earlier.
    by_kind : dict of Kind to int
        Tokens of all articles, each counted once, under the weightiest kind that covers it.
    """

    repeated: NDArray[np.int64]
    by_kind: dict[Kind, int]


#: Later ones are painted over earlier ones.
_PAINT_ORDER = (Kind.BOILERPLATE, Kind.REUSE, Kind.SELF, Kind.CONTAINED, Kind.NEAR_DUPLICATE)


def cover(
    passages: Passages,
    spans: NDArray[np.int64],
    relations: Relations,
    notices: Notices,
    token_offsets: NDArray[np.int64],
    archived: NDArray[np.bool_] | None = None,
) -> Coverage:
    """Return how many tokens stand in a match with the article itself or with something earlier.

    Parameters
    ----------
    token_offsets : int64[n + 1]
        Corpus position of each article's first token.
    archived : bool[n], optional
        Articles that are not counted.
    """
    from dedup.kernels import passages as kernels

    canvas = np.zeros(int(token_offsets[-1]), np.uint8)
    kinds = passage_kinds(passages, relations)
    kinds[passages.levels == Level.TITLE] = 0
    later = np.ones(len(notices.articles), np.bool_)
    later[notices.offsets[:-1]] = False
    kernels.paint(
        notices.token_firsts[later],
        notices.token_firsts[later] + notices.tokens[later],
        np.full(int(later.sum()), Kind.BOILERPLATE, np.uint8),
        canvas,
    )
    for kind in _PAINT_ORDER[1:]:
        rows = kinds == kind
        kernels.paint(spans[rows, 2], spans[rows, 3], kinds[rows], canvas)
    if archived is not None:
        canvas[np.repeat(archived, np.diff(token_offsets))] = 0
    repeated, by_kind = np.empty(len(token_offsets) - 1, np.int64), np.empty(len(Kind) + 1, np.int64)
    kernels.count_painted(canvas, token_offsets, repeated, by_kind)
    return Coverage(repeated, {kind: int(by_kind[kind]) for kind in Kind})


def passage_kinds(passages: Passages, relations: Relations) -> NDArray[np.uint8]:
    """Return the `Kind` of each passage: that of the articles' relation, if it says more."""
    kinds = np.full(len(passages), Kind.REUSE, np.uint8)
    kinds[passages.left_articles == passages.right_articles] = Kind.SELF
    stride = int(passages.right_articles.max(initial=0)) + 1
    keys = relations.left.astype(np.int64) * stride + relations.right
    mine = passages.left_articles.astype(np.int64) * stride + passages.right_articles
    if len(keys):
        at = np.minimum(np.searchsorted(keys, mine), len(keys) - 1)
        found = (keys[at] == mine) & (kinds == Kind.REUSE)
        relation = relations.kinds[at]
        kinds[found & (relation == Relation.NEAR_DUPLICATE)] = Kind.NEAR_DUPLICATE
        kinds[found & (relation >= Relation.LEFT_CONTAINED)] = Kind.CONTAINED
    return kinds


#: Articles, starts, ends, tokens.
_Places = tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64], NDArray[np.int32]]


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """Places to be grouped into findings: a source place and a copy a row, and the group of each row.

    ``repeated`` is how many tokens the copy says again.
    """

    kinds: NDArray[np.uint8]
    levels: NDArray[np.uint8]
    groups: NDArray[np.int64]
    left: _Places
    right: _Places
    scores: tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]
    exact: NDArray[np.bool_]
    numbers_changed: NDArray[np.bool_]
    repeated: NDArray[np.int64]


def find(
    articles: Articles,
    passages: Passages,
    relations: Relations,
    notices: Notices,
    ranks: NDArray[np.int64],
    n_tokens: NDArray[np.int64],
) -> Findings:
    """Return what the report lists, heaviest first.

    Near-duplicate and contained articles stand for all passages of the pair. Every other passage is listed with the
    earliest article that has it; passages from one place make one finding.
    """
    kinds = passage_kinds(passages, relations)
    tables = [
        _passage_rows(passages, kinds, ranks),
        _relation_rows(articles, passages, relations, ranks, n_tokens),
    ]
    parts = [_group(table, ranks) for table in tables] + [_notice_findings(notices)]
    return _sort(_concatenate(parts))


def _passage_rows(passages: Passages, kinds: NDArray[np.uint8], ranks: NDArray[np.int64]) -> _Rows:
    from dedup.kernels import passages as kernels

    # A copy is listed with its earliest source. Inside and across are told apart: both may be true of one span.
    inside = kinds == Kind.SELF
    # What an article has from one that it is as a whole like is told by that.
    told = (kinds == Kind.NEAR_DUPLICATE) | (kinds == Kind.CONTAINED)
    receiver = passages.right_articles.astype(np.int64) * 4 + inside * 2 + (passages.levels == Level.TITLE)
    length = passages.right_ends - passages.right_starts
    rows = np.lexsort((passages.right_starts, -length, ranks[passages.left_articles], ~told, receiver))
    chosen = np.zeros(len(rows), np.bool_)
    kernels.choose_sources(
        receiver[rows], passages.right_starts[rows], passages.right_ends[rows], told[rows], _MIN_NEW, chosen
    )
    rows = rows[chosen]
    source = passages.left_articles[rows].astype(np.int64) * 2 + (kinds[rows] == Kind.SELF)
    order = np.lexsort((passages.left_ends[rows], passages.left_starts[rows], source))
    rows, source = rows[order], source[order]
    groups = np.empty(len(rows), np.int64)
    kernels.group_places(source, passages.left_starts[rows], passages.left_ends[rows], _SAME_PLACE, groups)
    p = passages
    return _Rows(
        kinds[rows],
        p.levels[rows],
        groups,
        (p.left_articles[rows], p.left_starts[rows], p.left_ends[rows], p.left_tokens[rows]),
        (p.right_articles[rows], p.right_starts[rows], p.right_ends[rows], p.right_tokens[rows]),
        (p.jaccard[rows], p.containment[rows], p.cosine[rows]),
        (p.matched[rows] == p.left_tokens[rows]) & (p.matched[rows] == p.right_tokens[rows]),
        p.numbers_changed[rows],
        p.right_tokens[rows].astype(np.int64),
    )


def _relation_rows(
    articles: Articles,
    passages: Passages,
    relations: Relations,
    ranks: NDArray[np.int64],
    n_tokens: NDArray[np.int64],
) -> _Rows:
    near = relations.kinds == Relation.NEAR_DUPLICATE
    contained = relations.kinds >= Relation.LEFT_CONTAINED
    # A near-duplicate is listed with the earliest article it is like, a contained one with the earliest that holds it.
    inner = np.where(relations.kinds == Relation.LEFT_CONTAINED, relations.left, relations.right).astype(np.int64)
    outer = np.where(relations.kinds == Relation.LEFT_CONTAINED, relations.right, relations.left)
    rows = np.flatnonzero(near | contained)
    key = inner[rows] * 2 + contained[rows]
    order = np.lexsort((ranks[outer[rows]], key))
    rows, key = rows[order], key[order]
    rows = rows[np.append(True, key[1:] != key[:-1])] if len(rows) else rows
    # Near-duplicates of one article make one finding; a contained article is one of its own.
    group_key = np.where(near[rows], relations.left[rows].astype(np.int64), -1 - rows)
    _, groups = np.unique(group_key, return_inverse=True)
    exact, numbers = _compare(passages, relations, rows)
    ones = np.ones(len(rows), np.float32)
    coverage = np.where(
        relations.kinds[rows] == Relation.LEFT_CONTAINED, relations.left_coverage[rows], relations.right_coverage[rows]
    )

    def place(one: NDArray[np.int32]) -> _Places:
        return one, articles.body_starts[one], articles.offsets[one + 1], n_tokens[one].astype(np.int32)

    return _Rows(
        np.where(near[rows], Kind.NEAR_DUPLICATE, Kind.CONTAINED).astype(np.uint8),
        np.full(len(rows), Level.ARTICLE, np.uint8),
        groups.astype(np.int64),
        place(relations.left[rows]),
        place(relations.right[rows]),
        (ones, ones, ones),  # whole articles are scored when their tokens are at hand: `dedup.gather.score_places`
        exact,
        numbers,
        np.rint(coverage * n_tokens[inner[rows]]).astype(np.int64),
    )


def _compare(
    passages: Passages, relations: Relations, rows: NDArray[np.int64]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which article pairs are equal, or hold the other one, word for word, and in which numbers changed."""
    left, right = relations.left[rows].astype(np.int64), relations.right[rows].astype(np.int64)
    stride = int(max(passages.right_articles.max(initial=0), right.max(initial=0))) + 1
    keys = left * stride + right
    order = np.argsort(keys, kind="stable")
    across = passages.levels != Level.TITLE
    mine = passages.left_articles[across].astype(np.int64) * stride + passages.right_articles[across]
    at = np.minimum(np.searchsorted(keys[order], mine), max(len(keys) - 1, 0))
    found = keys[order][at] == mine if len(keys) else np.zeros(len(mine), np.bool_)
    pair = order[at[found]] if len(keys) else at[found]
    kinds = relations.kinds[rows]
    exact = np.ones(len(rows), np.bool_)
    for contained, coverage, tokens in (
        (Relation.LEFT_CONTAINED, relations.left_coverage, passages.left_tokens),
        (Relation.RIGHT_CONTAINED, relations.right_coverage, passages.right_tokens),
    ):
        # All that one of near-duplicates has, or the one contained, stands in the other one too.
        counts = (kinds == contained) | (kinds == Relation.NEAR_DUPLICATE)
        partial = np.bincount(pair, (passages.matched < tokens)[across][found], len(rows)) > 0
        exact &= ~counts | ((coverage[rows] >= 1) & ~partial)
    numbers = np.bincount(pair, passages.numbers_changed[across][found], len(rows)) > 0
    return exact, numbers


def _group(rows: _Rows, ranks: NDArray[np.int64]) -> Findings:
    """Return one finding a group: the first row's source, then the copies of all rows, earliest article first."""
    order = np.lexsort((rows.right[1], ranks[rows.right[0]], rows.groups))
    groups = rows.groups[order]
    first = np.append(True, groups[1:] != groups[:-1]) if len(groups) else np.empty(0, np.bool_)
    starts = np.flatnonzero(first)
    listed = np.minimum.reduceat(order, starts) if len(starts) else order
    # The source comes before its first copy: place of row i moves down by the number of groups begun so far.
    copies = np.arange(len(order)) + np.cumsum(first)
    sources = copies[first] - 1
    n_places = len(order) + int(first.sum())

    def places(of_source: NDArray, of_copy: NDArray) -> NDArray:  # type: ignore[type-arg]
        out = np.empty(n_places, of_copy.dtype)
        out[sources] = of_source[listed]
        out[copies] = of_copy[order]
        return out

    ones, zeros = np.ones(len(order), np.float32), np.zeros(len(order), np.bool_)
    # A group's sources may differ by a word at their edges; copies of another source than the listed one are not exact.
    source = np.repeat(listed, np.diff(np.append(starts, len(order))))
    is_listed = (rows.left[1][order] == rows.left[1][source]) & (rows.left[2][order] == rows.left[2][source])
    tokens = places(rows.left[3], rows.right[3])
    weights = np.add.reduceat(rows.repeated[order], starts) if len(starts) else np.empty(0, np.int64)
    return Findings(
        kinds=rows.kinds[listed],
        levels=rows.levels[listed],
        exact=np.logical_and.reduceat(rows.exact[order] & is_listed, starts) if len(starts) else zeros,
        weights=weights,
        offsets=np.append(sources, n_places).astype(np.int64),
        articles=places(rows.left[0], rows.right[0]),
        starts=places(rows.left[1], rows.right[1]),
        ends=places(rows.left[2], rows.right[2]),
        tokens=tokens,
        jaccard=places(ones, rows.scores[0]),
        containment=places(ones, rows.scores[1]),
        cosine=places(ones, rows.scores[2]),
        numbers_changed=places(zeros, rows.numbers_changed),
    )


def _notice_findings(notices: Notices) -> Findings:
    n = len(notices.offsets) - 1
    firsts = notices.offsets[:-1]
    total = np.append(0, np.cumsum(notices.tokens, dtype=np.int64))
    worst = np.minimum.reduceat(notices.jaccard, firsts) if n else np.empty(0, np.float32)
    return Findings(
        kinds=np.full(n, Kind.BOILERPLATE, np.uint8),
        levels=notices.levels,
        exact=worst >= 1,
        weights=total[notices.offsets[1:]] - total[firsts] - notices.tokens[firsts],
        offsets=notices.offsets,
        articles=notices.articles,
        starts=notices.starts,
        ends=notices.ends,
        tokens=notices.tokens,
        jaccard=notices.jaccard,
        containment=notices.containment,
        cosine=notices.cosine,
        numbers_changed=notices.numbers_changed,
    )


_PLACE_COLUMNS = ("articles", "starts", "ends", "tokens", "jaccard", "containment", "cosine", "numbers_changed")
_FINDING_COLUMNS = ("kinds", "levels", "exact", "weights")


def _concatenate(parts: list[Findings]) -> Findings:
    names = _PLACE_COLUMNS + _FINDING_COLUMNS
    columns = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    lengths = np.concatenate([np.diff(part.offsets) for part in parts])
    return Findings(offsets=np.append(0, np.cumsum(lengths)).astype(np.int64), **columns)


def _sort(findings: Findings) -> Findings:
    """Return the findings by weight, equal weights by where they stand."""
    firsts = findings.offsets[:-1]
    order = np.lexsort((findings.ends[firsts], findings.starts[firsts], findings.kinds, -findings.weights))
    lengths = np.diff(findings.offsets)[order]
    offsets = np.append(0, np.cumsum(lengths)).astype(np.int64)
    take = np.repeat(findings.offsets[order] - offsets[:-1], lengths) + np.arange(offsets[-1])
    return Findings(
        offsets=offsets,
        **{name: getattr(findings, name)[order] for name in _FINDING_COLUMNS},
        **{name: getattr(findings, name)[take] for name in _PLACE_COLUMNS},
    )
