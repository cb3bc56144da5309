"""Report -> what it says twice as byte spans: who may go because of whom, notices, passages, and their sentences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup.clean.params import CleanParams
from dedup.findings import passage_kinds, rank_articles
from dedup.model import Articles, Kind, Level, Passages, Relation, Segments
from dedup.reports import KINDS
from dedup.result import Report
from dedup.spans import compact
from dedup.tokens import tokenize

#: Codes of actions; 0 is keep.
MARK, DROP = 1, 2


@dataclass(frozen=True, slots=True, eq=False)
class Units:
    """The sentences of the bodies that take part, with their tokens.

    Attributes
    ----------
    rows : int64[u]
        Of `Segments`.
    starts, ends : int64[u]
    articles : int32[u]
    offsets : int64[u + 1]
        Unit ``i`` has the tokens ``offsets[i]`` to ``offsets[i + 1]``.
    owners : int32[t]
        Unit of each token.
    values : uint64[t]
    numbers : bool[t]
    token_starts : int64[t]
    """

    rows: NDArray[np.int64]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    articles: NDArray[np.int32]
    offsets: NDArray[np.int64]
    owners: NDArray[np.int32]
    values: NDArray[np.uint64]
    numbers: NDArray[np.bool_]
    token_starts: NDArray[np.int64]

    def tokens_of(self, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the first and the last token (half-open) of byte spans: int64[n, 2]."""
        return np.stack([np.searchsorted(self.token_starts, starts), np.searchsorted(self.token_starts, ends)], axis=1)

    def tokens_of_both(self, spans: Spans) -> NDArray[np.int64]:
        """Return the first and the last token of what may go, and of what stays: int64[n, 4]."""
        return np.hstack(
            [self.tokens_of(spans.goer_starts, spans.goer_ends), self.tokens_of(spans.stayer_starts, spans.stayer_ends)]
        )

    @property
    def n_tokens(self) -> NDArray[np.int64]:
        """Tokens of each unit."""
        return np.diff(self.offsets)


def sentence_spans(segments: Segments) -> NDArray[np.int64]:
    """Return the rows of the sentences of bodies, in text order: with white space between, they are the bodies."""
    return np.flatnonzero((segments.levels & Level.SENTENCE) != 0)


def preference(articles: Articles, n_tokens: NDArray[np.int64], params: CleanParams) -> NDArray[np.int64]:
    """Return the place of each article among those that should keep a text: int64[n], 0 the most preferred.

    Examples
    --------
    >>> from dedup import articles_of
    >>> articles = articles_of([{"text": "a", "source": "B"}, {"text": "b b", "source": "A"}, {"text": "c c c"}])
    >>> preference(articles, np.array([1, 2, 3]), CleanParams(stays="longest", prefer_sources=("A",))).tolist()
    [2, 0, 1]
    """
    order: list[NDArray[np.int64]] = [np.arange(len(articles))]
    if params.stays != "first":
        order.append(rank_articles(articles.dates))
    if params.stays == "longest":
        order.append(-n_tokens)
    if params.prefer_sources:
        places = {source: place for place, source in enumerate(params.prefer_sources)}
        order.append(np.array([places.get(source, len(places)) for source in articles.sources], np.int64))
    ranks = np.empty(len(articles), np.int64)
    ranks[np.lexsort(order)] = np.arange(len(articles))
    return ranks


class Spans(NamedTuple):
    """Pairs of byte spans: what may go, and what would stay of it."""

    goers: NDArray[np.int32]
    stayers: NDArray[np.int32]
    goer_starts: NDArray[np.int64]
    goer_ends: NDArray[np.int64]
    stayer_starts: NDArray[np.int64]
    stayer_ends: NDArray[np.int64]

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> Spans:
        """Return some rows."""
        return Spans(*(column[rows] for column in self))  # type: ignore[arg-type]


def action_codes(params: CleanParams) -> NDArray[np.uint8]:
    """Return the action for each value of `Kind`: 0 keep, 1 mark, 2 drop."""
    codes = {"keep": 0, "mark": MARK, "drop": DROP}
    return np.array([0, *(codes[params.action(kind)] for kind in KINDS)], np.uint8)


def make_units(articles: Articles, segments: Segments, rows: NDArray[np.int64], report: Report) -> Units:
    """Return these sentences with their tokens."""
    starts, ends = segments.starts[rows], segments.ends[rows]
    text, moved, moved_ends = compact(articles.text, starts, ends)
    tokens = tokenize(text, moved, moved_ends, report.config.tokens)
    first, last = text[tokens.starts], text[np.maximum(tokens.ends, 1) - 1]
    zero = np.uint8(48)
    owners = np.repeat(np.arange(len(rows), dtype=np.int32), np.diff(tokens.offsets))
    numbers = ((first - zero) <= 9) | ((last - zero) <= 9)
    places = tokens.starts if moved is starts else tokens.starts + (starts - moved)[owners]
    return Units(rows, starts, ends, segments.articles[rows], tokens.offsets, owners, tokens.values, numbers, places)


def units_around(report: Report, notices: Notices, passages: Spans, edges: Spans, goers: NDArray[np.int64]) -> Units:
    """Return the sentences that notices and passages touch, and all of the articles that may go."""
    segments, articles = report.segments, report.articles
    rows = sentence_spans(segments)
    starts, ends = segments.starts[rows], segments.ends[rows]
    wanted = np.zeros(len(rows) + 1, np.int64)
    goers = np.unique(goers)
    spans = [(notices.starts, notices.ends), (articles.body_starts[goers], articles.offsets[goers + 1])]
    for one in (passages, edges):
        spans += [(one.goer_starts, one.goer_ends), (one.stayer_starts, one.stayer_ends)]
    for span_starts, span_ends in spans:
        np.add.at(wanted, np.searchsorted(ends, span_starts, "right"), 1)
        np.add.at(wanted, np.searchsorted(starts, span_ends), -1)
    return make_units(articles, segments, rows[np.cumsum(wanted)[:-1] > 0], report)


def run_table(largest: int) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Return an empty table for the runs of so many tokens, as the kernels take it."""
    size = 1 << max(6, (4 * largest).bit_length())
    return np.empty(size, np.uint64), np.zeros(size, np.int64)


class EdgeSpans(NamedTuple):
    """Edge ``i`` has the spans ``offsets[i]`` to ``offsets[i + 1]``."""

    spans: Spans
    offsets: NDArray[np.int64]


def edge_shares(units: Units, edges: NDArray[np.int64], edge_spans: EdgeSpans, *, strict: bool) -> NDArray[np.float64]:
    """Return how much of each edge's goer stands in its stayer; ``strict``: sentences with other numbers do not."""
    from dedup.kernels import clean as kernels

    spans, offsets = units.tokens_of_both(edge_spans.spans), edge_spans.offsets
    lengths = np.append(0, np.cumsum(spans[:, 3] - spans[:, 2]))[offsets]
    table = run_table(int(np.diff(lengths).max(initial=0)))
    counts, gone = np.zeros(len(edges), np.int64), np.zeros(len(units.rows), np.bool_)
    columns = units.values, units.numbers, units.owners, units.offsets
    covered = np.zeros(len(units.values), np.uint8)
    kernels.cover_articles(*columns, gone, spans, offsets, strict, *table, covered, counts)
    sizes = np.bincount(units.articles, units.n_tokens, int(edges.max(initial=0)) + 1)
    shares: NDArray[np.float64] = counts / np.maximum(sizes[edges[:, 0]], 1)
    return shares


def relation_edges(
    report: Report, params: CleanParams, ranks: NDArray[np.int64]
) -> tuple[NDArray[np.int64], int, NDArray[np.uint8], EdgeSpans]:
    """Return who may go because of whom (int64[e, 2]), how many of them by preference, the kinds, and the passages.

    Near-duplicates go by preference, the most preferred goers first; behind these stand contained articles, and
    near-duplicates that a less preferred one holds.
    """
    relations = report.relations
    actions = action_codes(params)
    near = np.flatnonzero((relations.kinds == Relation.NEAR_DUPLICATE) & (actions[Kind.NEAR_DUPLICATE] > 0))
    inner = np.flatnonzero((relations.kinds >= Relation.LEFT_CONTAINED) & (actions[Kind.CONTAINED] > 0))
    left, right = relations.left.astype(np.int64), relations.right.astype(np.int64)
    left_goes = ranks[left] > ranks[right]
    rows = np.concatenate([near, near, inner])
    flips = np.concatenate([left_goes[near], ~left_goes[near], relations.kinds[inner] == Relation.LEFT_CONTAINED])
    goers, stayers = np.where(flips, left[rows], right[rows]), np.where(flips, right[rows], left[rows])
    kinds = np.where(np.arange(len(rows)) < 2 * len(near), Kind.NEAR_DUPLICATE, Kind.CONTAINED).astype(np.uint8)
    order = np.lexsort((ranks[stayers[: len(near)]], ranks[goers[: len(near)]]))
    order = np.append(order, np.arange(len(near), len(rows)))
    rows, flips, kinds = rows[order], flips[order], kinds[order]
    passages = report.passages
    across = np.flatnonzero((passages.left_articles != passages.right_articles) & (passages.levels != Level.TITLE))
    n = len(report.articles)
    keys = passages.left_articles[across].astype(np.int64) * n + passages.right_articles[across]
    wanted = left[rows] * n + right[rows]
    firsts, lasts = np.searchsorted(keys, wanted), np.searchsorted(keys, wanted, "right")
    offsets = np.append(0, np.cumsum(lasts - firsts)).astype(np.int64)
    take = np.repeat(firsts - offsets[:-1], lasts - firsts) + np.arange(offsets[-1])
    spans = _oriented(passages, across[take], np.repeat(flips, lasts - firsts))
    return np.stack([goers[order], stayers[order]], axis=1), len(near), kinds, EdgeSpans(spans, offsets)


def _oriented(passages: Passages, rows: NDArray[np.int64], left_goes: NDArray[np.bool_]) -> Spans:
    """Return passages as spans, the left side as the goer where it is said."""

    def side(name: str, *, of_goer: bool) -> Any:
        left, right = (getattr(passages, f"{one}_{name}")[rows] for one in ("left", "right"))
        return np.where(left_goes == of_goer, left, right)

    return Spans(
        side("articles", of_goer=True),
        side("articles", of_goer=False),
        side("starts", of_goer=True),
        side("ends", of_goer=True),
        side("starts", of_goer=False),
        side("ends", of_goer=False),
    )


class Notices(NamedTuple):
    """The places of all notices, of each the most preferred first; ``findings`` are their rows of `Findings`."""

    findings: NDArray[np.int64]
    offsets: NDArray[np.int64]
    articles: NDArray[np.int32]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]

    def take(self, places: NDArray[np.bool_]) -> Notices:
        """Return the same notices with some of their places."""
        offsets = np.append(0, np.cumsum(places))[self.offsets]
        return Notices(self.findings, offsets, self.articles[places], self.starts[places], self.ends[places])


def notice_places(report: Report, params: CleanParams, ranks: NDArray[np.int64]) -> Notices:
    """Return the notices that are not let be."""
    findings, bodies = report.findings, report.articles.body_starts
    chosen = (findings.kinds == Kind.BOILERPLATE) & (findings.levels != Level.TITLE)
    chosen &= action_codes(params)[Kind.BOILERPLATE] > 0
    numbers = np.repeat(np.arange(len(findings)), np.diff(findings.offsets))
    places = np.flatnonzero(chosen[numbers] & (findings.ends > bodies[findings.articles]))
    order = np.lexsort((findings.starts[places], ranks[findings.articles[places]], numbers[places]))
    places = places[order]
    rows, firsts = np.unique(numbers[places], return_index=True)
    return Notices(
        rows,
        np.append(firsts, len(places)).astype(np.int64),
        findings.articles[places],
        findings.starts[places],
        findings.ends[places],
    )


def thin_notices(
    units: Units, notices: Notices, gone: NDArray[np.bool_], pinned: NDArray[np.bool_], min_share: float
) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.bool_]]:
    """Return the notice because of which each sentence goes (else -1), how much of it stays, and the places that stay.

    ``gone`` and ``pinned`` sentences are left alone, and filled in.
    """
    from dedup.kernels import clean as kernels

    places = units.tokens_of(notices.starts, notices.ends)
    sizes = np.append(0, np.cumsum(places[:, 1] - places[:, 0]))[notices.offsets]
    table = run_table(int(np.diff(sizes).max(initial=0)))
    n = len(units.rows)
    out, shares, stays = np.full(n, -1, np.int64), np.zeros(n, np.float32), np.zeros(len(places), np.bool_)
    columns = units.values, units.owners, units.offsets, gone, pinned, np.full(n, -1, np.int64), places, notices.offsets
    kernels.thin_notices(*columns, min_share, *table, np.zeros(len(units.values), np.uint8), out, shares, stays)
    return out, shares, stays


class PassageSpans(NamedTuple):
    """Passages both ways: first the less preferred side goes, and behind all these the preferred one.

    ``rows`` are those of `Passages`, half as many; ``kinds`` tells which are of one article.
    """

    spans: Spans
    kinds: NDArray[np.uint8]
    rows: NDArray[np.int64]


def passage_spans(report: Report, params: CleanParams, ranks: NDArray[np.int64]) -> PassageSpans:
    """Return the passages that are not let be, with which side goes, and whether they are of one article."""
    passages = report.passages
    kinds = passage_kinds(passages, report.relations)
    kinds = np.where(kinds == Kind.SELF, Kind.SELF, Kind.REUSE).astype(np.uint8)
    rows = np.flatnonzero((action_codes(params)[kinds] > 0) & (passages.levels != Level.TITLE))
    kinds = kinds[rows]
    left_goes = ranks[passages.left_articles[rows]] > ranks[passages.right_articles[rows]]
    inside = kinds == Kind.SELF
    sides = passages.left_starts[rows], passages.left_ends[rows], passages.right_starts[rows], passages.right_ends[rows]
    later = sides[0] > sides[2]
    left_whole, right_whole = (_are_paragraphs(report.segments, *sides[i : i + 2]) for i in (0, 2))
    left_goes = np.where(inside, np.where(left_whole == right_whole, later, left_whole), left_goes)
    both = _oriented(passages, np.tile(rows, 2), np.append(left_goes, ~left_goes))
    return PassageSpans(both, np.tile(kinds, 2), rows)


def _are_paragraphs(segments: Segments, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tell which spans take in all sentences of the paragraphs that they touch: bool[n]."""
    rows = sentence_spans(segments)
    parents = segments.parents[rows]
    alone = parents < 0
    begins = np.append(True, parents[1:] != parents[:-1])[: len(rows)] | alone
    closes = np.append(begins[1:], True)[: len(rows)]
    first = np.searchsorted(segments.ends[rows], starts, "right")
    last = np.searchsorted(segments.starts[rows], ends) - 1
    n = max(len(rows) - 1, 0)
    found: NDArray[np.bool_] = begins[np.minimum(first, n)] & closes[np.clip(last, 0, n)]
    return found
