"""Distinct rows -> the places where they stand: clusters, boilerplate, links, passages in bytes."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dedup.cluster import RowClusters
from dedup.collapse import Distinct
from dedup.config import Config
from dedup.findings import FindingParams
from dedup.gather import sentence_rows, span_bytes
from dedup.known import Unseen
from dedup.model import Articles, Clusters, Level, Passages, Strings
from dedup.notices import look_up
from dedup.pairs import PairRule
from dedup.passages import ANCHOR_TOKENS, AnchorPairs, Links, TokenSpans
from dedup.passes import Survey


def cluster_places(
    articles: Articles,
    survey: Survey,
    distinct: Distinct,
    rows: RowClusters,
    searched: NDArray[np.bool_],
    ranks: NDArray[np.int64],
    params: FindingParams,
    rule: PairRule | None = None,
    unseen: Unseen | None = None,
) -> tuple[Clusters, NDArray[np.int64]]:
    """Return the clusters of two places or more, and the number of the row cluster (or row) of each.

    A distinct row that matches no other is a cluster if it stands in several places. The representative is the earliest
    place of the representative row.
    """
    # Each distinct row's cluster: that of its matches, else itself. Numbers below len(distinct) are single rows.
    of_row = np.full(len(distinct), -1, np.int64)
    representative = np.full(len(distinct), False)
    of_row[rows.rows] = len(distinct) + np.repeat(np.arange(len(rows.representatives)), np.diff(rows.offsets))
    representative[rows.representatives] = True
    alone = searched & (of_row < 0) & (distinct.counts > 1)
    of_row[alone] = np.flatnonzero(alone)
    representative[alone] = True

    chosen = np.repeat(of_row >= 0, distinct.counts)
    members = distinct.members[chosen]
    owners = distinct.of_segment[members]
    first_of_row = np.zeros(len(distinct.members), np.bool_)
    first_of_row[distinct.offsets[:-1]] = True
    leads = representative[owners] & first_of_row[chosen]
    if rule is None:
        numbers = of_row[owners]
    else:
        order = np.lexsort((members, ranks[survey.segments.articles[members]], of_row[owners]))
        members, owners = members[order], owners[order]
        leads = representative[owners]
        numbers = rule.split(survey.segments.articles[members], of_row[owners], leads, owners.astype(np.int64))
        kept = numbers >= 0
        members, owners, leads, numbers = members[kept], owners[kept], leads[kept], numbers[kept]
    order = np.lexsort((members, ranks[survey.segments.articles[members]], ~leads, numbers))
    members, owners, numbers = members[order], owners[order], numbers[order]
    first = np.append(True, numbers[1:] != numbers[:-1]) if len(numbers) else np.empty(0, np.bool_)
    offsets = np.append(np.flatnonzero(first), len(members)).astype(np.int64)
    cluster_of = np.cumsum(first) - 1
    more = None
    if unseen is not None and rule is None and len(offsets) > 1:
        more = _clusters_of_unseen(of_row, numbers[first], unseen)
    boilerplate = _are_boilerplate(articles, survey, members, cluster_of, len(offsets) - 1, params, more)
    exact = np.ones(len(offsets) - 1, np.bool_)
    np.logical_and.at(exact, cluster_of, owners == owners[offsets[cluster_of]])
    return Clusters(members, offsets, boilerplate, exact), numbers[first]


def _clusters_of_unseen(of_row: NDArray[np.int64], numbers: NDArray[np.int64], unseen: Unseen) -> Unseen:
    """Return the unseen places of clusters; ``rows`` are numbers of clusters there."""
    wanted = of_row[unseen.rows]
    at = np.minimum(np.searchsorted(numbers, wanted), len(numbers) - 1)
    kept = np.flatnonzero(numbers[at] == wanted)
    return Unseen(at[kept], unseen.articles[kept], unseen.sources.take(kept))


def _are_boilerplate(
    articles: Articles,
    survey: Survey,
    members: NDArray[np.int32],
    cluster_of: NDArray[np.int64],
    n: int,
    params: FindingParams,
    unseen: Unseen | None = None,
) -> NDArray[np.bool_]:
    """Tell which clusters stand in many articles of each of their sources: bool[n].

    An article that is hardly more than such clusters is a copy of another one: what stands in copies above all is no
    notice, for that stands under texts of their own.
    """
    segments = survey.segments
    owners = segments.articles[members]
    n_seen = n_articles = _count_distinct(cluster_of, owners, n)
    sources, more = _number_strings(articles.sources, unseen.sources if unseen else Strings.of([]))
    n_sources = _count_distinct(cluster_of, sources[owners], n)
    if unseen is not None:
        groups = np.append(cluster_of, unseen.rows)
        n_articles = _count_distinct(groups, np.append(owners, unseen.articles), n)
        n_sources = _count_distinct(groups, np.append(sources[owners], more), n)
    found = n_articles >= np.maximum(params.boilerplate_articles, params.boilerplate_per_source * n_sources)
    body = (segments.parents < 0) & ((segments.levels & (Level.TITLE | Level.ARTICLE)) == 0)
    length = np.bincount(segments.articles[body], survey.n_tokens[body], len(articles))
    inside = members[found[cluster_of] & body[members]]
    covered = np.bincount(segments.articles[inside], survey.n_tokens[inside], len(articles))
    own = (covered < params.near_duplicate * length)[owners]
    return found & (2 * _count_distinct(cluster_of[own], owners[own], n) > n_seen)


def source_numbers(articles: Articles) -> NDArray[np.int32]:
    """Return a number for the source of each article: int32[n]; articles without one share a number."""
    return _number_strings(articles.sources)[0]


def _number_strings(*columns: Strings) -> list[NDArray[np.int32]]:
    """Return a number for each string of some columns: int32[n] each, the same for the same string."""
    numbers: dict[bytes, int] = {}
    found = []
    for column in columns:
        values, offsets = column.values.tobytes(), column.offsets.tolist()
        if not values and not numbers:
            numbers = {b"": 0} if len(column) else {}
            found.append(np.zeros(len(column), np.int32))
            continue
        names = (values[start:end] for start, end in pairwise(offsets))
        found.append(np.fromiter((numbers.setdefault(one, len(numbers)) for one in names), np.int32, len(column)))
    return found


def _count_distinct(groups: NDArray[np.int64], values: NDArray[Any], n: int) -> NDArray[np.int64]:
    """Return how many different values each group has."""
    order = np.lexsort((values, groups))
    groups, values = groups[order], values[order]
    new = np.append(True, (groups[1:] != groups[:-1]) | (values[1:] != values[:-1])) if len(groups) else groups > 0
    return np.bincount(groups[new], minlength=n)


#: Rows of `Segments`: pairs of titles that match.
Titles = tuple[NDArray[np.int32], NDArray[np.int32]]


def make_links(
    survey: Survey,
    distinct: Distinct,
    matched: tuple[NDArray[np.int64], NDArray[np.int64]],
    anchors: AnchorPairs,
    wanted: NDArray[np.bool_],
    ranks: NDArray[np.int64],
    max_product: int,
    rule: PairRule | None = None,
) -> tuple[Links, Titles]:
    """Return the links of all places of matched rows, of equal rows and of anchors; and the pairs of titles."""
    equal = np.flatnonzero(wanted & (distinct.counts > 1))
    keep = wanted[matched[0]] & wanted[matched[1]]
    rows = np.concatenate([matched[0][keep], equal]), np.concatenate([matched[1][keep], equal])
    segment_part, titles = segment_links(survey, distinct, rows, ranks, max_product)
    keep = wanted[anchors.left] & wanted[anchors.right]
    kept = AnchorPairs(
        anchors.left[keep],
        anchors.right[keep],
        anchors.left_positions[keep],
        anchors.right_positions[keep],
        anchors.thinned,
    )
    links = join_links([segment_part, anchor_links(survey, distinct, kept, ranks, max_product)])
    if rule is not None:
        keep = rule.allows(links.left_articles, links.right_articles)
        links = Links(*(getattr(links, name)[keep] for name in Links.__slots__))
        keep = rule.allows(*(survey.segments.articles[side] for side in titles))
        titles = titles[0][keep], titles[1][keep]
    return links, titles


def join_links(parts: Sequence[Links]) -> Links:
    """Return the links of all parts."""
    return Links(*(np.concatenate([getattr(part, name) for part in parts]) for name in Links.__slots__))


def segment_links(
    survey: Survey,
    distinct: Distinct,
    rows: tuple[NDArray[np.int64], NDArray[np.int64]],
    ranks: NDArray[np.int64],
    max_product: int,
) -> tuple[Links, Titles]:
    """Return the links, and the pairs of titles, of the places of pairs of rows; of equal ones for a row with itself.

    All pairs with the same later row have to be given in one call: of rows in many places, the later one is linked with
    the earliest place of all.
    """
    order = np.lexsort((rows[1], rows[0]))
    a, b, _ = _occurrences(survey, distinct, rows[0][order], rows[1][order], ranks, max_product)
    levels = survey.segments.levels
    is_title = (levels[a] & Level.TITLE) != 0
    text = ~is_title & ((levels[a] & Level.ARTICLE) == 0)
    return Links(*_blocks(survey, a[text], b[text])), (a[is_title], b[is_title])


def anchor_links(
    survey: Survey, distinct: Distinct, anchors: AnchorPairs, ranks: NDArray[np.int64], max_product: int
) -> Links:
    """Return the links of the places of rows that share an anchor; given as in `segment_links`."""
    i, j = anchors.left_positions, anchors.right_positions
    rows = anchors.left.astype(np.int64), anchors.right.astype(np.int64)
    a, b, pair = _occurrences(survey, distinct, *rows, ranks, max_product)
    # An earlier place comes first, whichever row it is of.
    swapped = distinct.of_segment[a] != rows[0][pair]
    offset_a, offset_b = np.where(swapped, j[pair], i[pair]), np.where(swapped, i[pair], j[pair])
    firsts = survey.token_firsts[a] + offset_a, survey.token_firsts[b] + offset_b
    across = survey.segments.articles[a] != survey.segments.articles[b]
    apart = across | (np.abs(firsts[0] - firsts[1]) >= ANCHOR_TOKENS)
    return Links(
        survey.segments.articles[a][apart],
        survey.segments.articles[b][apart],
        firsts[0][apart],
        firsts[0][apart] + ANCHOR_TOKENS,
        firsts[1][apart],
        firsts[1][apart] + ANCHOR_TOKENS,
        np.ones(int(apart.sum()), np.bool_),
    )


def allowed_pairs(
    survey: Survey,
    distinct: Distinct,
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    ranks: NDArray[np.int64],
    max_product: int,
    rule: PairRule,
) -> NDArray[np.bool_]:
    """Tell which pairs of distinct rows have a pair of places that may match: bool[q]."""
    a, b, pair = _occurrences(survey, distinct, left, right, ranks, max_product)
    allowed = np.zeros(len(left), np.bool_)
    allowed[pair[rule.allows(survey.segments.articles[a], survey.segments.articles[b])]] = True
    return allowed


def _blocks(survey: Survey, a: NDArray[np.int32], b: NDArray[np.int32]) -> tuple[NDArray[Any], ...]:
    return (
        survey.segments.articles[a],
        survey.segments.articles[b],
        survey.token_firsts[a],
        survey.token_firsts[a] + survey.n_tokens[a],
        survey.token_firsts[b],
        survey.token_firsts[b] + survey.n_tokens[b],
        np.zeros(len(a), np.bool_),
    )


def _occurrences(
    survey: Survey,
    distinct: Distinct,
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    ranks: NDArray[np.int64],
    max_product: int,
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int64]]:
    from dedup.kernels import cluster as kernels

    size = 2 * len(left) + 16
    while True:
        a, b, pair = np.empty(size, np.int32), np.empty(size, np.int32), np.empty(size, np.int64)
        used = kernels.link_occurrences(
            left,
            right,
            distinct.members,
            distinct.offsets,
            max_product,
            ranks,
            survey.segments.articles,
            survey.token_firsts,
            survey.n_tokens,
            survey.segments.levels,
            survey.segments.parents,
            distinct.of_segment,
            a,
            b,
            pair,
        )
        if used >= 0:
            return a[:used], b[:used], pair[:used]
        size = -1 - used


def title_passages(
    survey: Survey, titles: tuple[NDArray[np.int32], NDArray[np.int32]], matched: Any, distinct: Distinct
) -> tuple[NDArray[Any], ...]:
    """Return the pairs of titles with their scores."""
    a, b = titles
    rows = distinct.of_segment[a].astype(np.int64), distinct.of_segment[b].astype(np.int64)
    scores = (matched.left, matched.right, matched.jaccard, matched.containment, matched.cosine)
    return (a, b, *look_up(*rows, len(distinct), scores), rows[0] == rows[1])


def to_passages(
    articles: Articles,
    survey: Survey,
    spans: TokenSpans,
    titles: tuple[NDArray[Any], ...],
    config: Config,
    executor: Executor,
    *,
    jobs: int = 1,
) -> tuple[Passages, NDArray[np.int64]]:
    """Return the passages in bytes and in tokens (int64[q, 4]), titles among them, sorted by articles and position."""
    segments = survey.segments
    places = span_bytes(
        articles, survey, (spans.lefts, spans.rights), (spans.left_ends, spans.right_ends), config, executor, jobs=jobs
    )
    a, b, jaccard, containment, cosine, equal = titles
    title_levels = np.full(len(a), Level.TITLE, np.uint8)
    columns: dict[str, Any] = {
        "left_articles": (spans.left_articles, segments.articles[a]),
        "right_articles": (spans.right_articles, segments.articles[b]),
        "left_starts": (places[0], segments.starts[a]),
        "left_ends": (places[1], segments.ends[a]),
        "right_starts": (places[2], segments.starts[b]),
        "right_ends": (places[3], segments.ends[b]),
        "left_tokens": ((spans.left_ends - spans.lefts).astype(np.int32), survey.n_tokens[a]),
        "right_tokens": ((spans.right_ends - spans.rights).astype(np.int32), survey.n_tokens[b]),
        "matched": (spans.matched, np.where(equal, survey.n_tokens[a], 0).astype(np.int32)),
        "jaccard": (spans.jaccard, jaccard),
        "containment": (spans.containment, containment),
        "cosine": (spans.cosine, cosine),
        "levels": (_levels(survey, spans), title_levels),
        "numbers_changed": (spans.numbers_changed, np.zeros(len(a), np.bool_)),
    }
    joined: dict[str, Any] = {name: np.concatenate(parts) for name, parts in columns.items()}
    tokens = np.concatenate(
        [
            np.stack([spans.lefts, spans.left_ends, spans.rights, spans.right_ends], axis=1),
            np.stack(
                [
                    survey.token_firsts[a],
                    survey.token_firsts[a] + survey.n_tokens[a],
                    survey.token_firsts[b],
                    survey.token_firsts[b] + survey.n_tokens[b],
                ],
                axis=1,
            ),
        ]
    )
    order = np.lexsort((tokens[:, 2], tokens[:, 0], joined["right_articles"], joined["left_articles"]))
    return Passages(**{name: column[order] for name, column in joined.items()}), tokens[order]


def _levels(survey: Survey, spans: TokenSpans) -> NDArray[np.uint8]:
    """Return the level of the segment that the left span is, 0 where it is a part of one or several."""
    paragraphs = np.flatnonzero((survey.segments.parents < 0) & ((survey.segments.levels & Level.PARAGRAPH) != 0))
    out = np.zeros(len(spans.lefts), np.uint8)
    paragraphs = paragraphs[survey.n_tokens[paragraphs] > 0]
    for rows, level in ((sentence_rows(survey), Level.SENTENCE), (paragraphs, Level.PARAGRAPH)):
        firsts = survey.token_firsts[rows]
        at = np.maximum(np.searchsorted(firsts, spans.lefts, "right") - 1, 0)
        if len(rows):
            same = (firsts[at] == spans.lefts) & (firsts[at] + survey.n_tokens[rows][at] == spans.left_ends)
            out[same] = level
    return out
