"""Report on what is left -> why each of its findings is still there."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from dedup.clean.params import CleanParams
from dedup.clean.repeats import (
    DROP,
    Notices,
    Spans,
    Units,
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
from dedup.model import Kind, Level
from dedup.result import Report


class Why(IntEnum):
    """Why a finding is still there; of several reasons, the smallest."""

    ASKED = 0  #: its kind is kept or marked
    RETURNED = 1  #: it has enough in its copy to go, and does not: it came back for something that went
    UNCUT = 2  #: it has, and stands in a text that cannot be cut
    NUMBERS = 3  #: it would have, but for its numbers
    SHARE = 4  #: too little of the sentence, or of the article, stands in its copy
    TITLE = 5  #: titles stay


def why_left(report: Report, params: CleanParams, uncut: NDArray[np.int64]) -> NDArray[np.uint8]:
    r"""Return the `Why` of each finding of a report on what is left: uint8[f].

    Parameters
    ----------
    report : Report
    params : CleanParams
    uncut : int64[m]
        Articles that cannot be cut.

    Examples
    --------
    >>> import dedup
    >>> line = "The committee said on Friday that the new bridge over the Tarn will open in spring of {} or so."
    >>> report = dedup.scan(dedup.articles_of([{"text": line.format(2031) + "\n\n" + line.format(2032)}]))
    >>> [Why(one).name for one in why_left(report, CleanParams(), np.empty(0, np.int64))]
    ['NUMBERS']
    """
    findings = report.findings
    ranks = preference(report.articles, report.n_tokens, params)
    edges, _, edge_kinds, edge_spans = relation_edges(report, params, ranks)
    notices, passages = notice_places(report, params, ranks), passage_spans(report, params, ranks)
    units = units_around(report, notices, passages.spans, edge_spans.spans, edges[:, 0])
    strict = params.changed_numbers == "keep"
    of_places = np.full(len(findings.articles), Why.SHARE, np.uint8)
    kinds = np.repeat(findings.kinds, np.diff(findings.offsets))
    is_copy = np.ones(len(kinds), np.bool_)
    is_copy[findings.offsets[:-1]] = False

    # A copy is listed as the right side of its passage, whichever side might go.
    shares = [_best_shares(units, passages.spans, strict=one) for one in (strict, False)]
    whys = _whys(shares[0], shares[1], params.min_share)
    whys[(whys == Why.RETURNED) & np.isin(passages.spans.goers, uncut)] = Why.UNCUT
    rows, table = passages.rows, report.passages
    listed = np.stack([table.right_starts[rows], table.right_ends[rows], passages.kinds[: len(rows)]], axis=1)
    mine = is_copy & ((kinds == Kind.SELF) | (kinds == Kind.REUSE))
    wanted = np.stack([findings.starts[mine], findings.ends[mine], kinds[mine]], axis=1)
    of_places[mine] = _smallest(np.minimum(*whys.reshape(2, -1)), listed, wanted)

    of_pairs = [edge_shares(units, edges, edge_spans, strict=one) for one in (strict, False)]
    whys = _whys(of_pairs[0], of_pairs[1], params.min_article_share)
    mine = is_copy & ((kinds == Kind.NEAR_DUPLICATE) | (kinds == Kind.CONTAINED))
    firsts = np.repeat(findings.articles[findings.offsets[:-1]], np.diff(findings.offsets))
    wanted = np.stack([firsts[mine], findings.articles[mine], kinds[mine]], axis=1)
    wanted[:, :2].sort(axis=1)
    of_places[mine] = _smallest(whys, np.column_stack([np.sort(edges, axis=1), edge_kinds]), wanted)

    found = np.minimum.reduceat(of_places, findings.offsets[:-1]) if len(findings) else of_places
    for row in _thinned(units, notices, params):
        places = findings.articles[findings.offsets[row] : findings.offsets[row + 1]]
        found[row] = Why.UNCUT if np.isin(places, uncut).any() else Why.RETURNED
    found[findings.levels == Level.TITLE] = Why.TITLE
    found[action_codes(params)[findings.kinds] != DROP] = Why.ASKED
    return found


def _whys(strict: NDArray[np.float64], loose: NDArray[np.float64], least: float) -> NDArray[np.uint8]:
    """Return the reasons that shares mean, with and without a look at numbers."""
    return np.where(strict >= least, Why.RETURNED, np.where(loose >= least, Why.NUMBERS, Why.SHARE)).astype(np.uint8)


def _best_shares(units: Units, spans: Spans, *, strict: bool) -> NDArray[np.float64]:
    """Return the largest share of a sentence of each goer that stands in its stayer."""
    from dedup.kernels import clean as kernels

    tokens = units.tokens_of_both(spans)
    table = run_table(int((tokens[:, 3] - tokens[:, 2]).max(initial=0)))
    columns = units.values, units.numbers, units.owners, units.offsets, np.zeros(len(units.rows), np.bool_)
    shares = np.empty(len(tokens))
    kernels.best_shares(*columns, tokens, strict, *table, np.zeros(len(units.values), np.uint8), shares)
    return shares


def _smallest(whys: NDArray[np.uint8], keys: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return the smallest of the reasons of each wanted key: uint8[len(wanted)]."""
    numbers = np.unique(np.concatenate([keys, wanted]), axis=0, return_inverse=True)[1].ravel()
    best = np.full(len(numbers), Why.SHARE, np.uint8)
    np.minimum.at(best, numbers[: len(keys)], whys)
    smallest: NDArray[np.uint8] = best[numbers[len(keys) :]]
    return smallest


def _thinned(units: Units, notices: Notices, params: CleanParams) -> list[int]:
    """Return the findings of which a copy would go if nothing were in its way."""
    gone, pinned = np.zeros((2, len(units.rows)), np.bool_)
    rows, _, _ = thin_notices(units, notices, gone, pinned, params.min_share)
    return [int(row) for row in notices.findings[np.unique(rows[rows >= 0])]]
