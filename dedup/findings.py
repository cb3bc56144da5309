"""Passages and notices -> relations of articles, and how much of each is said again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dedup.model import NO_DATE, Kind, Level, Passages, Relation, Relations


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
    painted : uint8[total]
        That kind of each token, 0 where there is none.
    """

    repeated: NDArray[np.int64]
    by_kind: dict[Kind, int]
    painted: NDArray[np.uint8]


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
    kinds = passage_kinds(passages, relations)
    text = passages.levels != Level.TITLE
    later = np.ones(len(notices.articles), np.bool_)
    later[notices.offsets[:-1]] = False
    return paint(
        np.append(np.full(int(later.sum()), Kind.BOILERPLATE, np.uint8), kinds[text]),
        np.append(notices.token_firsts[later], spans[text, 2]),
        np.append(notices.token_firsts[later] + notices.tokens[later], spans[text, 3]),
        token_offsets,
        archived,
    )


def paint(
    kinds: NDArray[np.uint8],
    firsts: NDArray[np.int64],
    lasts: NDArray[np.int64],
    token_offsets: NDArray[np.int64],
    archived: NDArray[np.bool_] | None = None,
) -> Coverage:
    """Return how many tokens of each article stand in ranges of tokens that repeat something, each with its `Kind`."""
    from dedup.kernels import passages as kernels

    canvas = np.zeros(int(token_offsets[-1]), np.uint8)
    for kind in _PAINT_ORDER:
        rows = kinds == kind
        kernels.paint(firsts[rows], lasts[rows], kinds[rows], canvas)
    if archived is not None:
        canvas[np.repeat(archived, np.diff(token_offsets))] = 0
    repeated, by_kind = np.empty(len(token_offsets) - 1, np.int64), np.empty(len(Kind) + 1, np.int64)
    kernels.count_painted(canvas, token_offsets, repeated, by_kind)
    return Coverage(repeated, {kind: int(by_kind[kind]) for kind in Kind}, canvas)


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
