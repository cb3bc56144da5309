"""A plan's frames -> the `Report` of a run that fits one machine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dedup import listing
from dedup.config import Config
from dedup.engines.batches import Columns, columns_of, passages_of, relations_of
from dedup.engines.relating import NO_RELATION
from dedup.errors import EngineError
from dedup.findings import rank_articles
from dedup.model import Articles, Clusters, Findings, Kind, Matches, Passages, Relations, Segments
from dedup.result import Report
from dedup.score import Vocabulary, vocabulary_of

if TYPE_CHECKING:
    from dedup.engines.spark import Plan

#: Places of findings that a report is made of; more are for programs, which read them in parts.
MAX_PLACES = 5_000_000


def report_of(plan: Plan, articles: Articles, config: Config) -> Report:
    """Return the report of a plan over these articles, which are numbered in their order.

    Raises
    ------
    EngineError
        There are more findings than a report takes.
    """
    n_places = plan.findings.count()
    if n_places > MAX_PLACES:
        raise EngineError(
            f"{n_places:,} places of findings are more than a report takes ({MAX_PLACES:,}); write them with --parquet"
        )
    segments, offsets = _segments(plan, articles)
    n = len(articles)
    n_tokens, repeated = np.zeros(n, np.int64), np.zeros(n, np.int64)
    counts, coverage = _sorted(plan.n_tokens, ["article"]), _sorted(plan.coverage, ["article"])
    n_tokens[counts["article"]], repeated[coverage["article"]] = counts["n_tokens"], coverage["repeated"]
    passages, relations = _passages(plan, articles)
    return Report(
        articles=articles,
        config=config,
        segments=segments,
        n_tokens=n_tokens,
        repeated=repeated,
        repeated_by_kind={kind: int(coverage[kind.name.lower()].sum()) for kind in Kind},
        matches=_matches(plan, plan.matches, offsets),
        borderline=_matches(plan, plan.borderline, offsets),
        clusters=_clusters(plan, offsets, rank_articles(articles.dates)),
        passages=passages,
        relations=relations,
        findings=_findings(plan, articles),
        search=plan.search,
        vocabulary=_vocabulary(plan),
        seconds=dict(plan.seconds),
    )


def _sorted(frame: Any, by: Sequence[str]) -> Columns:
    """Return the columns of a frame on this machine, sorted by the first of ``by``, then the next."""
    columns = columns_of(frame.toArrow())
    order = np.lexsort([columns[name] for name in reversed(by)])
    return {name: column[order] for name, column in columns.items()}


def _segments(plan: Plan, articles: Articles) -> tuple[Segments, NDArray[np.int64]]:
    """Return the segments, and the number of each article's first one: int64[n + 1]."""
    names = ("article", "segment", "start_byte", "end_byte", "level", "parent")
    c = _sorted(plan.segments.select(*names), ("article", "segment"))
    owners = c["article"]
    offsets = np.searchsorted(owners, np.arange(len(articles) + 1))
    base, first = articles.offsets[owners], offsets[owners]
    parents = np.where(c["parent"] >= 0, c["parent"] + first, -1)
    levels = c["level"].astype(np.uint8)
    table = Segments(
        c["start_byte"] + base, c["end_byte"] + base, owners.astype(np.int32), levels, parents.astype(np.int32)
    )
    return table, offsets


def _matches(plan: Plan, pairs: Any, offsets: NDArray[np.int64]) -> Matches:
    for side in ("left", "right"):
        first = plan.rows.select(plan.rows["id"].alias(f"{side}_id"), plan.rows["first"].alias(side))
        pairs = pairs.join(first, f"{side}_id")
    places = [f"{side}.{name} as {side}_{name}" for side in ("left", "right") for name in ("article", "segment")]
    c = columns_of(pairs.selectExpr(*places, "shared", "jaccard", "containment", "cosine").toArrow())
    left, right = (offsets[c[f"{side}_article"]] + c[f"{side}_segment"] for side in ("left", "right"))
    first, second = np.minimum(left, right).astype(np.int32), np.maximum(left, right).astype(np.int32)
    order = np.lexsort((second, first))
    return Matches(
        first[order],
        second[order],
        jaccard=c["jaccard"][order].astype(np.float32),
        containment=c["containment"][order].astype(np.float32),
        cosine=c["cosine"][order].astype(np.float32),
        shared=c["shared"][order].astype(np.int32),
    )


def _clusters(plan: Plan, offsets: NDArray[np.int64], ranks: NDArray[np.int64]) -> Clusters:
    """Return the clusters, in the order of their representatives."""
    c = columns_of(plan.clusters.select("cluster", "id", "article", "segment", "leads", "boilerplate").toArrow())
    clusters, of = np.unique(c["cluster"], return_inverse=True)
    members = offsets[c["article"]] + c["segment"]
    lead = np.empty(len(clusters), np.int64)
    lead[of[c["leads"]]] = members[c["leads"]]
    order = np.lexsort((members, ranks[c["article"]], ~c["leads"], lead[of]))
    of, rows, ids = of[order], members[order].astype(np.int32), c["id"][order]
    first = np.append(True, of[1:] != of[:-1]) if len(of) else np.empty(0, np.bool_)
    starts = np.flatnonzero(first)
    same = ids == np.repeat(ids[starts], np.diff(np.append(starts, len(of))))
    exact = np.logical_and.reduceat(same, starts) if len(starts) else np.empty(0, np.bool_)
    return Clusters(rows, np.append(starts, len(of)).astype(np.int64), c["boilerplate"][order][starts], exact)


def _passages(plan: Plan, articles: Articles) -> tuple[Passages, Relations]:
    c = _sorted(plan.passages, ("left", "right", "left_first", "right_first"))
    left, right = c["left"], c["right"]
    sides = left.astype(np.int32), right.astype(np.int32)
    rows = np.flatnonzero(c["relation"] != NO_RELATION)
    new = np.append(True, (left[rows][1:] != left[rows][:-1]) | (right[rows][1:] != right[rows][:-1]))
    rows = rows[new[: len(rows)]]
    return passages_of(c, *sides, articles.offsets[left], articles.offsets[right]), relations_of(c, *sides, rows)


def _findings(plan: Plan, articles: Articles) -> Findings:
    c = _sorted(plan.findings, ("finding", "ordinal"))
    firsts = np.flatnonzero(c["ordinal"] == 0)
    base = articles.offsets[c["article"]]
    found = Findings(
        kinds=c["kind"][firsts].astype(np.uint8),
        levels=c["level"][firsts].astype(np.uint8),
        exact=c["exact"][firsts],
        weights=c["weight"][firsts],
        offsets=np.append(firsts, len(base)).astype(np.int64),
        articles=c["article"].astype(np.int32),
        starts=c["start_byte"] + base,
        ends=c["end_byte"] + base,
        tokens=c["tokens"],
        jaccard=c["jaccard"],
        containment=c["containment"],
        cosine=c["cosine"],
        numbers_changed=c["numbers_changed"],
    )
    return listing.sort(found)


def _vocabulary(plan: Plan) -> Vocabulary:
    c = columns_of(plan.words.toArrow())
    keys = c["word"].view(np.uint64)
    order = np.argsort(keys)
    return vocabulary_of(keys[order], c["documents"][order], plan.n_documents)
