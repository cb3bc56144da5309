"""Boilerplate clusters -> notices: their places, neighbours joined, numbers compared."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dedup.collapse import Distinct
from dedup.findings import Notices
from dedup.hashed import mark_numbers, tokens_of
from dedup.model import Articles, Clusters, Level
from dedup.passes import Survey
from dedup.tokens import TokenParams

#: A cluster of sentences is listed if more than this share of its places lies outside boilerplate paragraphs.
MIN_OUTSIDE = 0.1
#: Clusters are one notice if this share of the places of both stand one behind the other,
_MIN_TOGETHER = 0.9
#: with at most so many tokens between: "Read more" is not searched, but stands there too.
MAX_BETWEEN = 12
#: How far off its diagonal two versions of a notice are aligned, in tokens.
_SLACK = 12


def notices_of(
    survey: Survey,
    distinct: Distinct,
    clusters: Clusters,
    scores: tuple[NDArray[Any], ...],
) -> tuple[Notices, NDArray[np.bool_]]:
    """Return the boilerplate clusters as places, and which distinct rows belong to one: bool[d].

    A cluster of sentences is left out where nearly all of its places lie inside a boilerplate paragraph. Clusters that
    stand one behind the other under the same articles are one notice.

    Parameters
    ----------
    scores : left, right, jaccard, containment, cosine
        The matches of distinct rows.
    """
    in_notice = np.zeros(len(distinct), np.bool_)
    lengths = np.diff(clusters.offsets)
    member_is = np.repeat(clusters.boilerplate, lengths)
    in_notice[distinct.of_segment[clusters.members[member_is]]] = True

    parents = survey.segments.parents[clusters.members]
    covered = (parents >= 0) & in_notice[distinct.of_segment[np.maximum(parents, 0)]]
    listed = clusters.boilerplate & are_listed(covered, clusters.offsets)
    members = clusters.members[np.repeat(listed, lengths)]
    lengths = lengths[listed]
    offsets = np.append(0, np.cumsum(lengths)).astype(np.int64)
    rows = distinct.of_segment[members].astype(np.int64)
    firsts = np.repeat(rows[offsets[:-1]], lengths)
    jaccard, containment, cosine = look_up(firsts, rows, len(distinct), scores)
    notices = Notices(
        offsets,
        survey.segments.articles[members],
        survey.n_tokens[members],
        survey.segments.starts[members],
        survey.segments.ends[members],
        survey.token_firsts[members],
        listed_levels(survey.segments.levels[members[offsets[:-1]]]),
        jaccard,
        containment,
        cosine,
        np.zeros(len(members), np.bool_),
    )
    return join_notices(notices), in_notice


def are_listed(covered: NDArray[np.bool_], offsets: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tell which clusters have enough places outside boilerplate paragraphs: bool[c], from bool[p] for their places."""
    lengths = np.diff(offsets)
    uncovered = np.add.reduceat(~covered, offsets[:-1]) if len(lengths) else np.empty(0, np.int64)
    listed: NDArray[np.bool_] = uncovered > MIN_OUTSIDE * lengths
    return listed


def listed_levels(levels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the one level by which a segment is listed: a paragraph of one sentence is a paragraph."""
    return np.where(levels & Level.PARAGRAPH, np.uint8(Level.PARAGRAPH), levels).astype(np.uint8)


def look_up(
    one: NDArray[np.int64], other: NDArray[np.int64], n_rows: int, scores: tuple[NDArray[Any], ...]
) -> tuple[NDArray[np.float32], ...]:
    """Return the scores of pairs of rows from the matches; 1 for a row with itself."""
    left, right, *columns = scores
    keys = left * np.int64(n_rows) + right
    wanted = np.minimum(one, other) * np.int64(n_rows) + np.maximum(one, other)
    out = tuple(np.ones(len(one), np.float32) for _ in columns)
    if len(keys):
        order = np.argsort(keys)
        at = order[np.minimum(np.searchsorted(keys[order], wanted), len(keys) - 1)]
        found = (keys[at] == wanted) & (one != other)
        for values, column in zip(out, columns, strict=True):
            values[found] = column[at[found]]
    return out


def join_notices(notices: Notices) -> Notices:
    """Return the notices with those joined that stand one behind the other nearly everywhere.

    The first places of the parts have to be neighbours too: they are the first place of the whole, which the others are
    compared with. Scores are those of the parts, weighted by tokens; what a place lacks counts 0.
    """
    n = len(notices.offsets) - 1
    lengths = np.diff(notices.offsets)
    clusters = np.repeat(np.arange(n), lengths)
    ends = notices.token_firsts + notices.tokens
    order = np.lexsort((-notices.tokens, notices.token_firsts))
    a, b = order[:-1], order[1:]
    between = notices.token_firsts[b] - ends[a]
    near = (notices.articles[a] == notices.articles[b]) & (between >= 0) & (between <= MAX_BETWEEN)
    near &= clusters[a] != clusters[b]
    following = _following(clusters[a[near]], clusters[b[near]], lengths)
    leads = np.zeros(len(clusters), np.bool_)
    leads[notices.offsets[:-1]] = True
    together = near & (following[clusters[a]] == clusters[b])
    # Only where the representatives of both stand together.
    confirmed = np.zeros(n, np.bool_)
    confirmed[clusters[a[together & leads[a] & leads[b]]]] = True
    following[~confirmed] = -1
    heads, steps = _chains(following)
    if (heads == np.arange(n)).all():
        return notices

    joined = near & (following[clusters[a]] == clusters[b]) & (heads[clusters[a]] == heads[clusters[b]])
    first = np.append(True, ~joined)
    starts = np.flatnonzero(first)
    last = order[np.append(starts[1:], len(order)) - 1]
    place = order[starts]
    n_tokens = (ends[last] - notices.token_firsts[place]).astype(np.int32)
    weights = notices.tokens[order].astype(np.float64)
    head, step = heads[clusters[place]], steps[clusters[place]]
    rows = np.lexsort((place, step, head))
    new = np.append(True, head[rows][1:] != head[rows][:-1])
    offsets = np.append(np.flatnonzero(new), len(rows)).astype(np.int64)
    sizes = n_tokens[rows][np.repeat(offsets[:-1], np.diff(offsets))]
    is_one = np.add.reduceat(np.ones(len(order), np.int64), starts)[rows] == 1

    def weighted(scores: NDArray[np.float32], whole: NDArray[Any]) -> NDArray[np.float32]:
        total = np.add.reduceat(weights * scores[order], starts)[rows]
        mean = (total / whole).astype(np.float32)
        mean[offsets[:-1]] = 1
        alone = is_one & (sizes == n_tokens[rows])
        return np.where(alone, scores[place[rows]], mean).astype(np.float32)

    both = np.maximum(sizes, n_tokens[rows])
    several = np.diff(offsets) != lengths[head[rows][offsets[:-1]]]
    several |= np.bincount(heads, minlength=n)[head[rows][offsets[:-1]]] > 1
    return Notices(
        offsets,
        notices.articles[place][rows],
        n_tokens[rows],
        notices.starts[place][rows],
        notices.ends[last][rows],
        notices.token_firsts[place][rows],
        np.where(several, np.uint8(0), notices.levels[head[rows][offsets[:-1]]]).astype(np.uint8),
        weighted(notices.jaccard, both),
        weighted(notices.containment, n_tokens[rows]),
        weighted(notices.cosine, both),
        np.zeros(len(rows), np.bool_),
    )


def _following(left: NDArray[np.int64], right: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return for each cluster the one that follows it nearly everywhere, or -1: int64[n]."""
    n = len(lengths)
    following = np.full(n, -1, np.int64)
    keys, counts = np.unique(left * n + right, return_counts=True)
    left, right = keys // max(n, 1), keys % max(n, 1)
    enough = counts >= _MIN_TOGETHER * np.maximum(lengths[left], lengths[right])
    following[left[enough]] = right[enough]
    return following


def _chains(following: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the first cluster of the chain that each stands in, and its number in it: int64[n] each."""
    heads, steps = np.arange(len(following)), np.zeros(len(following), np.int64)
    followed = np.zeros(len(following), np.bool_)
    followed[following[following >= 0]] = True
    # A ring of clusters, each behind the other, has no head and stays apart.
    for head in np.flatnonzero((following >= 0) & ~followed):
        at, step = following[head], 1
        while at >= 0 and heads[at] == at:
            heads[at], steps[at] = head, step
            at, step = following[at], step + 1
    return heads, steps


def compare_numbers(articles: Articles, notices: Notices, params: TokenParams) -> Notices:
    """Return the notices with ``numbers_changed`` filled: a number stands where the first place has another one."""
    from dedup.kernels import align as kernels

    lengths = np.diff(notices.offsets)
    leads = np.repeat(notices.offsets[:-1], lengths)
    differs = np.flatnonzero(notices.jaccard < 1)
    wanted = np.unique(np.append(differs, leads[differs]))
    tokens = tokens_of(articles, notices.starts[wanted], notices.ends[wanted], params)
    values = np.unique(tokens.values, return_inverse=True)[1].astype(np.int32)
    mark_numbers(articles, tokens, values)
    changed = np.zeros(len(leads), np.bool_)
    left, right = np.searchsorted(wanted, leads[differs]), np.searchsorted(wanted, differs)
    offsets = tokens.offsets
    spans = np.stack([offsets[left], offsets[left + 1], offsets[right], offsets[right + 1]], 1)
    diagonals = np.stack([spans[:, 2] - spans[:, 0], spans[:, 3] - spans[:, 1]], 1)
    chains = np.hstack([spans, diagonals.min(1, keepdims=True), diagonals.max(1, keepdims=True)])
    out = np.empty((len(chains), 6), np.int64)
    apart = np.zeros(len(out), np.bool_)
    kernels.refine(values, chains, np.arange(len(chains)), apart, spans, 0, _SLACK, out)
    # The whole is one sentence here: what differs at its edges is compared as well.
    whole = np.repeat(spans.reshape(-1, 2, 2), 2, axis=1).reshape(-1, 8)
    kernels.settle(values, out, whole, spans, apart, _SLACK, 0)
    changed[differs] = out[:, 5] > 0
    return replace(notices, numbers_changed=changed)
