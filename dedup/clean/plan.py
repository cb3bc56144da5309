"""Report -> which articles and which sentences may go, each with what stays of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup.clean.params import CleanParams
from dedup.clean.repeats import (
    DROP,
    action_codes,
    edge_shares,
    notice_places,
    passage_spans,
    preference,
    relation_edges,
    run_table,
    thin_notices,
    units_around,
)
from dedup.model import Kind
from dedup.result import Report


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
        self.edges, self.pin_first, self.edge_kinds, self.edge_spans = relation_edges(report, params, self.ranks)
        self.notices = notice_places(report, params, self.ranks)
        self.passages, self.passage_kinds, self.passage_rows = passage_spans(report, params, self.ranks)
        self.units = units_around(report, self.notices, self.passages, self.edge_spans.spans, self.edges[:, 0])
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

    def _articles(self) -> tuple[_Rows, _Kept]:
        """Choose the articles that go because of another one, and those that are marked."""
        from dedup.kernels import clean as kernels

        units, edges = self.units, self.edges
        shares = edge_shares(units, edges, self.edge_spans, strict=self.params.changed_numbers == "keep")
        sizes = np.bincount(units.articles, units.n_tokens, len(self.report.articles))
        enough = (shares >= self.params.min_article_share) & ~self.protected[edges[:, 0]]
        # The longest go first behind those that are chosen by preference: what a dropped one holds, its holder has.
        order = np.lexsort((self.ranks[edges[:, 1]], self.ranks[edges[:, 0]], -sizes[edges[:, 0]]))
        order = np.concatenate([np.arange(self.pin_first), order[order >= self.pin_first]])
        chosen, taken = np.zeros(len(edges), np.bool_), np.zeros(len(self.report.articles), np.bool_)
        all_drops = action_codes(self.params)[self.edge_kinds] == DROP
        for turn in (all_drops, ~all_drops):  # what is marked is not in the way of what goes
            allowed, pinned = (enough & turn)[order], self.protected.copy()
            kernels.choose_articles(edges[order, 0], edges[order, 1], allowed, self.pin_first, taken, pinned, chosen)
        rows = order[chosen]
        goers, stayers = edges[rows, 0], edges[rows, 1]
        kinds, drops = self.edge_kinds[rows], all_drops[rows]
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
        alive = ~self.dropped[self.notices.articles]
        notices = self.notices.take(alive)
        # What is marked is there for others, and is not in the way of what goes.
        drops = action_codes(self.params)[Kind.BOILERPLATE] == DROP
        gone, pinned = (self.gone, self.pinned) if drops else (self.gone.copy(), self.pinned.copy())
        out, shares, stays = thin_notices(self.units, notices, gone, pinned, self.params.min_share)
        rows = np.flatnonzero(out >= 0)
        kept = notices.take(stays)
        return (
            self._unit_rows(rows, np.full(len(rows), Kind.BOILERPLATE, np.uint8), shares[rows], out[rows]),
            _Kept(kept.offsets, (kept.articles, kept.starts, kept.ends)),
        )

    def _passages(self) -> tuple[_Rows, _Kept]:
        """Choose the sentences that go because of another copy of their passage, or are marked."""
        from dedup.kernels import clean as kernels

        units, passages = self.units, self.passages
        spans = units.tokens_of_both(passages)
        drops = action_codes(self.params)[self.passage_kinds] == DROP
        # A passage with an article that goes is told by that; two that stay are compared in order of preference.
        there = ~(self.dropped[passages.goers] | self.dropped[passages.stayers])
        order = np.flatnonzero(there)
        # What goes is chosen before what is marked, which would be in its way. A sentence that a less preferred one
        # holds goes as well, behind all that go by preference.
        turned = order >= len(self.passage_rows)
        ranks = self.ranks[passages.stayers[order]], self.ranks[passages.goers[order]]
        order = order[np.lexsort((spans[order, 0], *ranks, turned, ~drops[order]))]
        spans = spans[order]
        table = run_table(int((spans[:, 3] - spans[:, 2]).max(initial=0)))
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
            action_codes(self.params)[kinds] == DROP,
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
