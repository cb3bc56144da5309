"""Report -> which articles and which sentences may go, each with what stays of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup.clean.params import CleanParams
from dedup.findings import passage_kinds, rank_articles
from dedup.model import Articles, Kind, Level, Passages, Relation, Segments
from dedup.pipeline import Report
from dedup.reports import KINDS
from dedup.tokens import tokenize

_MARK, _DROP = 1, 2


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What goes, or is marked: one row for each article or sentence, in the order of the text.

    Attributes
    ----------
    articles : int32[r]
    starts, ends : int64[r]
        The body of an article, or a sentence, in `Articles.text`.
    whole : bool[r]
        The article goes, title included.
    drops : bool[r]
        It goes; else it is marked.
    kinds : uint8[r]
        Values of `Kind`.
    shares : float32[r]
        Share of its tokens that stand in what stays.
    kept : int64[r]
        Its row of ``kept_offsets``: what stays of it.
    kept_offsets : int64[s + 1]
    kept_articles, kept_starts, kept_ends : int32[k], int64[k], int64[k]
        Places that stay; of a notice, all its wordings that do.
    """

    articles: NDArray[np.int32]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    whole: NDArray[np.bool_]
    drops: NDArray[np.bool_]
    kinds: NDArray[np.uint8]
    shares: NDArray[np.float32]
    kept: NDArray[np.int64]
    kept_offsets: NDArray[np.int64]
    kept_articles: NDArray[np.int32]
    kept_starts: NDArray[np.int64]
    kept_ends: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.articles)

    def take(self, rows: NDArray[Any]) -> Plan:
        """Return some rows; what stays is the same table."""
        names = ("articles", "starts", "ends", "whole", "drops", "kinds", "shares", "kept")
        return replace(self, **{name: getattr(self, name)[rows] for name in names})


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


class _Spans(NamedTuple):
    """Pairs of byte spans: what may go, and what would stay of it."""

    goers: NDArray[np.int32]
    stayers: NDArray[np.int32]
    goer_starts: NDArray[np.int64]
    goer_ends: NDArray[np.int64]
    stayer_starts: NDArray[np.int64]
    stayer_ends: NDArray[np.int64]

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> _Spans:
        """Return some rows."""
        return _Spans(*(column[rows] for column in self))  # type: ignore[arg-type]


def make_plan(
    report: Report,
    params: CleanParams,
    protected: NDArray[np.int64] | None = None,
    uncut: NDArray[np.int64] | None = None,
) -> Plan:
    r"""Return what may go of the articles of a report.

    Whole articles are chosen first, then copies of notices, then sentences of other passages. Everything that goes has
    something that stays beside it, never something that goes too.

    Parameters
    ----------
    report : Report
    params : CleanParams
    protected : int64[k, 2], optional
        Byte spans, sorted, whose articles and sentences stay.
    uncut : int64[m], optional
        Articles that go as a whole, or not at all.

    Examples
    --------
    >>> import dedup
    >>> line = "The committee said on Friday that the new bridge over the Tarn will open in spring."
    >>> report = dedup.scan(dedup.articles_of([{"text": line + "\n\nOther news.\n\n" + line.replace("new ", "")}]))
    >>> plan = make_plan(report, CleanParams())
    >>> plan.starts.tolist(), plan.kept_starts.tolist(), plan.shares.round(2).tolist()
    ([98], [0], [1.0])
    """
    return _Planner(report, params, protected, uncut).plan()


class _Planner:
    """One plan: what its steps share, and their order."""

    def __init__(
        self,
        report: Report,
        params: CleanParams,
        protected: NDArray[np.int64] | None,
        uncut: NDArray[np.int64] | None,
    ) -> None:
        self.report, self.params = report, params
        self.ranks = preference(report.articles, report.n_tokens, params)
        self.edges, self.pin_first, self.edge_kinds, edge_spans = _edges(report, params, self.ranks)
        self.edge_offsets = edge_spans.offsets
        self.notices = _notice_places(report, params, self.ranks)
        self.passages, self.passage_kinds = _passage_spans(report, params, self.ranks)
        self.edge_spans = edge_spans.spans
        self.units = self._units()
        n = len(self.units.rows)
        self.gone, self.pinned = np.zeros(n, np.bool_), np.zeros(n, np.bool_)
        self.dropped, self.protected = (
            np.zeros(len(report.articles), np.bool_),
            np.zeros(len(report.articles), np.bool_),
        )
        if protected is not None and len(protected):
            at = np.searchsorted(protected[:, 1], self.units.starts, "right")
            self.pinned |= protected[np.minimum(at, len(protected) - 1), 0] < self.units.ends
            self.pinned &= at < len(protected)
            self.protected[np.searchsorted(report.articles.offsets, protected[:, 0], "right") - 1] = True
        if uncut is not None:
            self.pinned |= np.isin(self.units.articles, uncut)
        self.covered = np.zeros(len(self.units.values), np.uint8)

    def plan(self) -> Plan:
        parts = [self._articles(), self._notices(), self._passages()]
        rows = _Rows(*(np.concatenate(columns) for columns in zip(*(part[0] for part in parts), strict=True)))
        shift = np.cumsum([0, *(len(part[1].offsets) - 1 for part in parts)])
        kept = np.concatenate([part[0].kept + by for part, by in zip(parts, shift, strict=False)])
        sizes = np.concatenate([np.diff(part[1].offsets) for part in parts])
        places = [np.concatenate(columns) for columns in zip(*(part[1].places for part in parts), strict=True)]
        order = np.lexsort((rows.starts, ~rows.whole, rows.articles))
        # Of an article that goes, nothing else needs to.
        order = order[~(self.dropped[rows.articles[order]] & ~rows.whole[order] & rows.drops[order])]
        return Plan(
            rows.articles[order],
            rows.starts[order],
            rows.ends[order],
            rows.whole[order],
            rows.drops[order],
            rows.kinds[order],
            rows.shares[order],
            kept[order],
            np.append(0, np.cumsum(sizes)).astype(np.int64),
            places[0].astype(np.int32),
            places[1],
            places[2],
        )

    def _units(self) -> Units:
        report = self.report
        segments = report.segments
        rows = sentence_spans(segments)
        starts, ends = segments.starts[rows], segments.ends[rows]
        wanted = np.zeros(len(rows) + 1, np.int64)
        spans = [
            (self.notices.starts, self.notices.ends),
            *((one.goer_starts, one.goer_ends) for one in (self.passages, self.edge_spans)),
            *((one.stayer_starts, one.stayer_ends) for one in (self.passages, self.edge_spans)),
        ]
        goers = np.unique(self.edges[:, 0])
        spans.append((report.articles.body_starts[goers], report.articles.offsets[goers + 1]))
        for span_starts, span_ends in spans:
            np.add.at(wanted, np.searchsorted(ends, span_starts, "right"), 1)
            np.add.at(wanted, np.searchsorted(starts, span_ends), -1)
        rows = rows[np.cumsum(wanted)[:-1] > 0]
        return make_units(report.articles, segments, rows, report)

    def _table(self, largest: int) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        size = 1 << max(6, (4 * largest).bit_length())
        return np.empty(size, np.uint64), np.zeros(size, np.int64)

    def _tokens(self, spans: _Spans) -> NDArray[np.int64]:
        tokens_of = self.units.tokens_of
        return np.hstack(
            [tokens_of(spans.goer_starts, spans.goer_ends), tokens_of(spans.stayer_starts, spans.stayer_ends)]
        )

    def _articles(self) -> tuple[_Rows, _Kept]:
        """Choose the articles that go because of another one, and those that are marked."""
        from dedup.kernels import clean as kernels

        units, edges = self.units, self.edges
        spans = self._tokens(self.edge_spans)
        lengths = np.append(0, np.cumsum(spans[:, 3] - spans[:, 2]))[self.edge_offsets]
        table = self._table(int(np.diff(lengths).max(initial=0)))
        counts = np.zeros(len(edges), np.int64)
        strict = self.params.changed_numbers == "keep"
        columns = units.values, units.numbers, units.owners, units.offsets
        kernels.cover_articles(*columns, self.gone, spans, self.edge_offsets, strict, *table, self.covered, counts)
        sizes = np.bincount(units.articles, units.n_tokens, len(self.report.articles))
        shares = counts / np.maximum(sizes[edges[:, 0]], 1)
        enough = (shares >= self.params.min_article_share) & ~self.protected[edges[:, 0]]
        # The longest go first behind those that are chosen by preference: what a dropped one holds, its holder has.
        order = np.lexsort((self.ranks[edges[:, 1]], self.ranks[edges[:, 0]], -sizes[edges[:, 0]]))
        order = np.concatenate([np.arange(self.pin_first), order[order >= self.pin_first]])
        chosen = np.zeros(len(edges), np.bool_)
        taken, pinned = np.zeros(len(self.report.articles), np.bool_), self.protected.copy()
        kernels.choose_articles(edges[order, 0], edges[order, 1], enough[order], self.pin_first, taken, pinned, chosen)
        rows = order[chosen]
        goers, stayers = edges[rows, 0], edges[rows, 1]
        kinds = self.edge_kinds[rows]
        drops = _actions(self.params)[kinds] == _DROP
        self.dropped[goers[drops]] = True
        self.gone |= self.dropped[units.articles]
        articles = self.report.articles
        bodies = articles.body_starts, articles.offsets[1:]
        return (
            _Rows(
                goers.astype(np.int32),
                bodies[0][goers],
                bodies[1][goers],
                np.ones(len(rows), np.bool_),
                drops,
                kinds,
                shares[rows].astype(np.float32),
                np.arange(len(rows)),
            ),
            _Kept(np.arange(len(rows) + 1), (stayers, bodies[0][stayers], bodies[1][stayers])),
        )

    def _notices(self) -> tuple[_Rows, _Kept]:
        """Choose the copies of notices that go because of the ones that stay, or are marked."""
        from dedup.kernels import clean as kernels

        units, notices = self.units, self.notices
        action = _actions(self.params)[Kind.BOILERPLATE]
        alive = ~self.dropped[notices.articles]
        groups = np.append(0, np.cumsum(alive))[notices.offsets]
        starts, ends, owners = notices.starts[alive], notices.ends[alive], notices.articles[alive]
        places = units.tokens_of(starts, ends)
        table = self._table(int(np.diff(np.append(0, np.cumsum(places[:, 1] - places[:, 0]))[groups]).max(initial=0)))
        out, shares = np.full(len(units.rows), -1, np.int64), np.zeros(len(units.rows), np.float32)
        stays = np.zeros(len(places), np.bool_)
        gone = self.gone if action == _DROP else self.gone.copy()
        columns = units.values, units.owners, units.offsets
        kernels.thin_notices(
            *columns, gone, self.pinned, places, groups, self.params.min_share, *table, self.covered, out, shares, stays
        )
        rows = np.flatnonzero(out >= 0)
        offsets = np.append(0, np.cumsum(stays))[groups]
        return (
            self._unit_rows(rows, np.full(len(rows), Kind.BOILERPLATE, np.uint8), shares[rows], out[rows]),
            _Kept(offsets, (owners[stays], starts[stays], ends[stays])),
        )

    def _passages(self) -> tuple[_Rows, _Kept]:
        """Choose the sentences that go because of another copy of their passage, or are marked."""
        from dedup.kernels import clean as kernels

        units, passages = self.units, self.passages
        spans = self._tokens(passages)
        drops = _actions(self.params)[self.passage_kinds] == _DROP
        # A passage with an article that goes is told by that; two that stay are compared in order of preference.
        there = ~(self.dropped[passages.goers] | self.dropped[passages.stayers])
        order = np.flatnonzero(there)
        order = order[
            np.lexsort((spans[order, 0], self.ranks[passages.stayers[order]], self.ranks[passages.goers[order]]))
        ]
        spans = spans[order]
        table = self._table(int((spans[:, 3] - spans[:, 2]).max(initial=0)))
        out, shares = np.full(len(units.rows), -1, np.int64), np.zeros(len(units.rows), np.float32)
        columns = units.values, units.numbers, units.owners, units.offsets
        strict = self.params.changed_numbers == "keep"
        kernels.thin_passages(
            *columns,
            self.gone,
            self.pinned,
            spans,
            drops[order],
            self.params.min_share,
            strict,
            *table,
            self.covered,
            out,
            shares,
        )
        rows = np.flatnonzero(out >= 0)
        used, kept = np.unique(order[out[rows]], return_inverse=True)
        return (
            self._unit_rows(rows, self.passage_kinds[order[out[rows]]], shares[rows], kept),
            _Kept(
                np.arange(len(used) + 1),
                (passages.stayers[used], passages.stayer_starts[used], passages.stayer_ends[used]),
            ),
        )

    def _unit_rows(self, rows: NDArray[np.int64], kinds: NDArray[np.uint8], shares: NDArray, kept: NDArray) -> _Rows:  # type: ignore[type-arg]
        units = self.units
        return _Rows(
            units.articles[rows],
            units.starts[rows],
            units.ends[rows],
            np.zeros(len(rows), np.bool_),
            _actions(self.params)[kinds] == _DROP,
            kinds,
            shares.astype(np.float32),
            kept.astype(np.int64),
        )


class _Rows(NamedTuple):
    """Columns of `Plan`."""

    articles: NDArray[np.int32]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    whole: NDArray[np.bool_]
    drops: NDArray[np.bool_]
    kinds: NDArray[np.uint8]
    shares: NDArray[np.float32]
    kept: NDArray[np.int64]


class _Kept(NamedTuple):
    """What stays: ``places`` are articles, starts and ends."""

    offsets: NDArray[np.int64]
    places: tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]


def _actions(params: CleanParams) -> NDArray[np.uint8]:
    """Return the action for each value of `Kind`: 0 keep, 1 mark, 2 drop."""
    codes = {"keep": 0, "mark": _MARK, "drop": _DROP}
    return np.array([0, *(codes[params.action(kind)] for kind in KINDS)], np.uint8)


def make_units(articles: Articles, segments: Segments, rows: NDArray[np.int64], report: Report) -> Units:
    """Return these sentences with their tokens."""
    starts, ends = segments.starts[rows], segments.ends[rows]
    tokens = tokenize(articles.text, starts, ends, report.config.tokens)
    first, last = articles.text[tokens.starts], articles.text[np.maximum(tokens.ends, 1) - 1]
    zero = np.uint8(48)
    owners = np.repeat(np.arange(len(rows), dtype=np.int32), np.diff(tokens.offsets))
    numbers = ((first - zero) <= 9) | ((last - zero) <= 9)
    return Units(
        rows, starts, ends, segments.articles[rows], tokens.offsets, owners, tokens.values, numbers, tokens.starts
    )


class _EdgeSpans(NamedTuple):
    spans: _Spans
    offsets: NDArray[np.int64]


def _edges(
    report: Report, params: CleanParams, ranks: NDArray[np.int64]
) -> tuple[NDArray[np.int64], int, NDArray[np.uint8], _EdgeSpans]:
    """Return who may go because of whom (int64[e, 2]), how many of them by preference, the kinds, and the passages.

    Near-duplicates go by preference, the most preferred goers first; behind these stand contained articles, and
    near-duplicates that a less preferred one holds.
    """
    relations = report.relations
    actions = _actions(params)
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
    return np.stack([goers[order], stayers[order]], axis=1), len(near), kinds, _EdgeSpans(spans, offsets)


def _oriented(passages: Passages, rows: NDArray[np.int64], left_goes: NDArray[np.bool_]) -> _Spans:
    """Return passages as spans, the left side as the goer where it is said."""

    def side(name: str, *, of_goer: bool) -> Any:
        left, right = (getattr(passages, f"{one}_{name}")[rows] for one in ("left", "right"))
        return np.where(left_goes == of_goer, left, right)

    return _Spans(
        side("articles", of_goer=True),
        side("articles", of_goer=False),
        side("starts", of_goer=True),
        side("ends", of_goer=True),
        side("starts", of_goer=False),
        side("ends", of_goer=False),
    )


class _Notices(NamedTuple):
    """The places of all notices, of each the most preferred first."""

    offsets: NDArray[np.int64]
    articles: NDArray[np.int32]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]


def _notice_places(report: Report, params: CleanParams, ranks: NDArray[np.int64]) -> _Notices:
    findings, bodies = report.findings, report.articles.body_starts
    chosen = (findings.kinds == Kind.BOILERPLATE) & (findings.levels != Level.TITLE)
    chosen &= _actions(params)[Kind.BOILERPLATE] > 0
    numbers = np.repeat(np.arange(len(findings)), np.diff(findings.offsets))
    places = np.flatnonzero(chosen[numbers] & (findings.ends > bodies[findings.articles]))
    order = np.lexsort((findings.starts[places], ranks[findings.articles[places]], numbers[places]))
    places = places[order]
    _, firsts = np.unique(numbers[places], return_index=True)
    return _Notices(
        np.append(firsts, len(places)).astype(np.int64),
        findings.articles[places],
        findings.starts[places],
        findings.ends[places],
    )


def _passage_spans(report: Report, params: CleanParams, ranks: NDArray[np.int64]) -> tuple[_Spans, NDArray[np.uint8]]:
    """Return the passages that are not let be, which side goes, and whether they are of one article."""
    passages = report.passages
    kinds = passage_kinds(passages, report.relations)
    kinds = np.where(kinds == Kind.SELF, Kind.SELF, Kind.REUSE).astype(np.uint8)
    rows = np.flatnonzero((_actions(params)[kinds] > 0) & (passages.levels != Level.TITLE))
    kinds = kinds[rows]
    left_goes = ranks[passages.left_articles[rows]] > ranks[passages.right_articles[rows]]
    inside = kinds == Kind.SELF
    sides = passages.left_starts[rows], passages.left_ends[rows], passages.right_starts[rows], passages.right_ends[rows]
    later = sides[0] > sides[2]
    left_whole, right_whole = (_are_paragraphs(report.segments, *sides[i : i + 2]) for i in (0, 2))
    left_goes = np.where(inside, np.where(left_whole == right_whole, later, left_whole), left_goes)
    return _oriented(passages, rows, left_goes), kinds


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
