"""Passages, relations of articles and notices -> the findings that a report lists."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dedup.findings import Notices, passage_kinds
from dedup.model import Articles, Findings, Kind, Level, Passages, Relation, Relations

#: A passage says something new if the ones before it cover less than this of it.
_MIN_NEW = 0.5
#: Spans of one article that share this much of the longer one are the same place.
_SAME_PLACE = 0.8

#: Articles, starts, ends, tokens.
Places = tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64], NDArray[np.int32]]


@dataclass(frozen=True, slots=True, eq=False)
class Repeats:
    """Places to be grouped into findings: a source place and a copy a row.

    ``repeated`` is how many tokens the copy says again.
    """

    kinds: NDArray[np.uint8]
    levels: NDArray[np.uint8]
    left: Places
    right: Places
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
    rows = sort_by_source(passages, kinds, choose_passages(passages, kinds, ranks))
    copies = passage_repeats(passages, kinds, rows)
    rows = choose_relations(relations, ranks)
    exact, numbers = compare_articles(passages, relations, rows)
    wholes = relation_repeats(articles, relations, rows, exact, numbers, n_tokens)
    parts = [
        list_repeats(copies, group_passages(copies), ranks),
        list_repeats(wholes, group_relations(wholes), ranks),
        notice_findings(notices),
    ]
    return sort(concatenate(parts))


def choose_passages(passages: Passages, kinds: NDArray[np.uint8], ranks: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the passages that are listed: of all that end in one article, those that bring something new."""
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
    return rows[chosen]


def sort_by_source(passages: Passages, kinds: NDArray[np.uint8], rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the rows in the order of where their left sides stand, those inside one article apart."""
    source = passages.left_articles[rows].astype(np.int64) * 2 + (kinds[rows] == Kind.SELF)
    return rows[np.lexsort((passages.left_ends[rows], passages.left_starts[rows], source))]


def passage_repeats(passages: Passages, kinds: NDArray[np.uint8], rows: NDArray[np.int64]) -> Repeats:
    """Return some passages as places to be grouped."""
    p = passages
    return Repeats(
        kinds[rows],
        p.levels[rows],
        (p.left_articles[rows], p.left_starts[rows], p.left_ends[rows], p.left_tokens[rows]),
        (p.right_articles[rows], p.right_starts[rows], p.right_ends[rows], p.right_tokens[rows]),
        (p.jaccard[rows], p.containment[rows], p.cosine[rows]),
        (p.matched[rows] == p.left_tokens[rows]) & (p.matched[rows] == p.right_tokens[rows]),
        p.numbers_changed[rows],
        p.right_tokens[rows].astype(np.int64),
    )


def group_passages(repeats: Repeats) -> NDArray[np.int64]:
    """Return the group of each of the passages, which are as of `sort_by_source`: those from one place are one."""
    from dedup.kernels import passages as kernels

    source = repeats.left[0].astype(np.int64) * 2 + (repeats.kinds == Kind.SELF)
    groups = np.empty(len(source), np.int64)
    kernels.group_places(source, repeats.left[1], repeats.left[2], _SAME_PLACE, groups)
    return groups


def choose_relations(relations: Relations, ranks: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the relations that are listed.

    A near-duplicate is listed with the earliest article it is like, a contained one with the earliest that holds it.
    """
    contained = relations.kinds >= Relation.LEFT_CONTAINED
    is_left = relations.kinds == Relation.LEFT_CONTAINED
    inner = np.where(is_left, relations.left, relations.right).astype(np.int64)
    outer = np.where(is_left, relations.right, relations.left)
    rows = np.flatnonzero(relations.kinds != Relation.SHARES)
    key = inner[rows] * 2 + contained[rows]
    order = np.lexsort((ranks[outer[rows]], key))
    rows, key = rows[order], key[order]
    return rows[np.append(True, key[1:] != key[:-1])] if len(rows) else rows


def relation_repeats(
    articles: Articles,
    relations: Relations,
    rows: NDArray[np.int64],
    exact: NDArray[np.bool_],
    numbers_changed: NDArray[np.bool_],
    n_tokens: NDArray[np.int64],
) -> Repeats:
    """Return some relations, compared before, as places to be grouped: the bodies of the articles.

    Parameters
    ----------
    exact, numbers_changed : bool[len(rows)]
        `compare_articles`.
    n_tokens : int64[n]
        Body tokens of each article.
    """
    kinds = relations.kinds[rows]
    is_left = kinds == Relation.LEFT_CONTAINED
    inner = np.where(is_left, relations.left[rows], relations.right[rows])
    coverage = np.where(is_left, relations.left_coverage[rows], relations.right_coverage[rows])
    ones = np.ones(len(rows), np.float32)

    def place(one: NDArray[np.int32]) -> Places:
        return one, articles.body_starts[one], articles.offsets[one + 1], n_tokens[one].astype(np.int32)

    return Repeats(
        np.where(kinds == Relation.NEAR_DUPLICATE, Kind.NEAR_DUPLICATE, Kind.CONTAINED).astype(np.uint8),
        np.full(len(rows), Level.ARTICLE, np.uint8),
        place(relations.left[rows]),
        place(relations.right[rows]),
        (ones, ones, ones),  # whole articles are scored when their tokens are at hand: `dedup.gather.score_places`
        exact,
        numbers_changed,
        np.rint(coverage * n_tokens[inner]).astype(np.int64),
    )


def group_relations(repeats: Repeats) -> NDArray[np.int64]:
    """Return the group of each relation: near-duplicates of one article are one, a contained article is by itself."""
    alone = -1 - np.arange(len(repeats.kinds))
    key = np.where(repeats.kinds == Kind.NEAR_DUPLICATE, repeats.left[0].astype(np.int64), alone)
    return np.unique(key, return_inverse=True)[1].astype(np.int64)


def compare_articles(
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


def list_repeats(rows: Repeats, groups: NDArray[np.int64], ranks: NDArray[np.int64]) -> Findings:
    """Return one finding a group: the first row's source, then the copies of all rows, earliest article first."""
    order = np.lexsort((rows.right[1], ranks[rows.right[0]], groups))
    groups = groups[order]
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


def notice_findings(notices: Notices) -> Findings:
    """Return the notices as findings."""
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


#: Columns of `Findings` with a row a place, and those with a row a finding.
PLACE_COLUMNS = ("articles", "starts", "ends", "tokens", "jaccard", "containment", "cosine", "numbers_changed")
FINDING_COLUMNS = ("kinds", "levels", "exact", "weights")


def concatenate(parts: list[Findings]) -> Findings:
    """Return the findings of all parts."""
    names = PLACE_COLUMNS + FINDING_COLUMNS
    columns = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    lengths = np.concatenate([np.diff(part.offsets) for part in parts])
    return Findings(offsets=np.append(0, np.cumsum(lengths)).astype(np.int64), **columns)


def sort(findings: Findings) -> Findings:
    """Return the findings by weight, equal weights by where they stand, and at last by where their first copies do."""
    firsts = findings.offsets[:-1]
    starts, ends = findings.starts, findings.ends
    copies = ends[firsts + 1], starts[firsts + 1]
    order = np.lexsort((*copies, ends[firsts], starts[firsts], findings.kinds, -findings.weights))
    lengths = np.diff(findings.offsets)[order]
    offsets = np.append(0, np.cumsum(lengths)).astype(np.int64)
    take = np.repeat(findings.offsets[order] - offsets[:-1], lengths) + np.arange(offsets[-1])
    return Findings(
        offsets=offsets,
        **{name: getattr(findings, name)[order] for name in FINDING_COLUMNS},
        **{name: getattr(findings, name)[take] for name in PLACE_COLUMNS},
    )
