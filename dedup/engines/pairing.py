"""Groups of band keys, anchors, pairs and matches -> pairs, scores, clusters, links: one call a group of rows.

Whatever belongs together is in one group; what else is in it does not matter. So the answer depends on no cut.
"""

from __future__ import annotations

from concurrent.futures import Executor, Future
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup import cluster, lsh, places
from dedup.collapse import Distinct
from dedup.config import Config
from dedup.engines.batches import Columns, Table, Terms, articles_of_batch, columns_of, make_batch, texts_of
from dedup.gather import word_ranges
from dedup.lsh import Bands
from dedup.model import Level, Segments
from dedup.notices import look_up
from dedup.pairscores import PairScorer
from dedup.passages import AnchorPairs, Anchors, pair_anchors
from dedup.passes import Survey

PAIRS = "kind byte, left_id long, right_id long"
#: Kinds of `PAIRS`: a pair; a row (right) of an over-full bucket (left); a count (left) of what is counted.
PAIR, OVERFULL, COUNT = 0, 1, 2
SCORES = (
    "kind byte, left_id long, right_id long, shared long, jaccard double, containment double, cosine double, "
    "accepted boolean"
)
ANCHOR_PAIRS = "left_id long, right_id long, left_position int, right_position int"
CLUSTERS = "id long, cluster long"
LINKS = (
    "is_title boolean, left long, right long, left_first int, left_last int, right_first int, right_last int, "
    "is_run boolean, jaccard float, containment float, cosine float, equal boolean"
)
#: Kinds of pairs that are linked.
MATCHED, EQUAL, ANCHORED = 0, 1, 2


class Serial(Executor):
    """Runs at once what it is given: an engine has a process for each core already."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Return the result of the call as a future."""
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


SERIAL = Serial()


def as_table(**columns: Any) -> Table:
    """Return columns of equal length as a table."""
    return pa.Table.from_batches([make_batch(**columns)])


def _starts(*sorted_columns: NDArray[Any]) -> NDArray[np.int64]:
    """Return where a new combination of values begins."""
    n = len(sorted_columns[0])
    new = np.zeros(n, np.bool_)
    new[:1] = True
    for column in sorted_columns:
        new[1:] |= column[1:] != column[:-1]
    return np.flatnonzero(new)


def pair_buckets(table: Table) -> Table:
    """Return the pairs of rows in equal buckets with a level in common, and the rows of over-full ones, as `PAIRS`.

    A row of the table is a band key of a segment (key, id, levels); equal segments may have several.
    """
    columns = columns_of(table)
    keys, ids = columns["key"], columns["id"]
    order = np.lexsort((ids, keys))
    firsts = _starts(keys[order], ids[order])
    levels = np.bitwise_or.reduceat(columns["levels"][order], firsts) if len(order) else columns["levels"]
    order = order[firsts]
    keys, ids = keys[order], ids[order]
    starts = _starts(keys)
    sizes = np.diff(np.append(starts, len(keys)))
    size_of = np.repeat(sizes, sizes)
    full = np.flatnonzero(size_of > lsh.MAX_BUCKET)
    rows = np.flatnonzero((size_of > 1) & (size_of <= lsh.MAX_BUCKET))
    ends = np.repeat(starts + sizes, sizes)[rows]
    left, right = _rows_before(rows, ends)
    together = (levels[left] & levels[right]) != 0
    left, right = left[together], right[together]
    pairs = np.stack([ids[left], ids[right]])
    pairs = pairs[:, np.lexsort(pairs[::-1])]
    pairs = pairs[:, _starts(*pairs)]
    return as_table(
        kind=np.repeat(np.array([PAIR, OVERFULL], np.int8), [pairs.shape[1], len(full)]),
        left_id=np.append(pairs[0], keys[full]),
        right_id=np.append(pairs[1], ids[full]),
    )


def _rows_before(rows: NDArray[np.int64], ends: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return each row with each one behind it up to the end of its bucket."""
    counts = ends - rows - 1
    left = np.repeat(rows, counts)
    right = left + 1 + np.arange(len(left)) - np.repeat(np.cumsum(counts) - counts, counts)
    return left, right


def thin_buckets(table: Table, config: Config, bands: Bands) -> Table:
    """Return the pairs that over-full buckets are thinned to, as `PAIRS`, and how many rows found no place.

    A row of ``table`` is a row of a bucket: bucket, id, bands, levels, article and segment (first place).
    """
    from dedup.kernels import minhash as kernels

    columns = columns_of(table)
    rows = np.lexsort([columns[name] for name in ("segment", "article", "bucket")])
    packed, _ = texts_of(table.column("bands"))
    keys = packed.view("<u4").reshape(-1, bands.bands)[rows]
    ids, levels = columns["id"][rows], columns["levels"][rows].astype(np.uint8)
    _, buckets = np.unique(columns["bucket"][rows], return_inverse=True)
    out = np.empty(len(rows) * lsh.MAX_LEADERS, np.uint64)
    thinned = np.zeros(2, np.int64)
    used = kernels.bucket_pairs(
        buckets.astype(np.uint32),
        np.arange(len(rows), dtype=np.uint32),
        keys,
        levels,
        lsh.MAX_BUCKET,
        lsh.MAX_LEADERS,
        bands.min_equal(config.score.min_jaccard),
        out,
        thinned,
    )
    one, other = ids[out[:used] >> np.uint64(32)], ids[out[:used] & np.uint64(0xFFFFFFFF)]
    return as_table(
        kind=np.append(np.full(used, PAIR, np.int8), np.int8(COUNT)),
        left_id=np.append(np.minimum(one, other), thinned[1]),
        right_id=np.append(np.maximum(one, other), 0),
    )


def score_pairs(pairs: Table, rows: Table, config: Config, terms: Terms) -> Table:
    """Return the `SCORES` of pairs of rows with a level in common, and how many such pairs there were.

    A row of ``rows`` is a distinct row: id, levels, text.
    """
    columns, texts = columns_of(pairs), columns_of(rows)
    order = np.argsort(texts["id"])
    ids, levels = texts["id"][order], texts["levels"][order]
    articles = articles_of_batch(
        rows.take(order).append_column("date", pa.array(np.zeros(len(order), np.int64))).append_column(
            "body_start", pa.array(np.zeros(len(order), np.int64))
        )
    )  # fmt: skip
    left, right = np.searchsorted(ids, columns["left_id"]), np.searchsorted(ids, columns["right_id"])
    together = (levels[left] & levels[right]) != 0
    left, right = left[together], right[together]
    n = len(ids)
    index = np.arange(n, dtype=np.int32)
    segments = Segments(articles.offsets[:-1], articles.offsets[1:], index, np.zeros(n, np.uint8), index)
    survey = Survey(segments, np.zeros(n, np.int32), articles.offsets[:-1], np.array([0, n]))
    distinct = Distinct(index, np.arange(n + 1), index, np.zeros(n, np.uint8))
    words = word_ranges(articles, segments.starts, segments.ends, config)
    scorer = PairScorer(articles, survey, distinct, terms.vocabulary(words.values), config, SERIAL, 1)
    scored = scorer.score(left, right)
    return as_table(
        kind=np.append(np.full(len(scored.left), PAIR, np.int8), np.int8(COUNT)),
        left_id=np.append(ids[scored.left], len(left)),
        right_id=np.append(ids[scored.right], 0),
        shared=np.append(scored.shared, 0),
        jaccard=np.append(scored.jaccard, 0.0),
        containment=np.append(scored.containment, 0.0),
        cosine=np.append(scored.cosine, 0.0),
        accepted=np.append(scored.accepted(config.score), False),
    )


def cluster_components(matches: Table, rows: Table) -> Table:
    """Return the `CLUSTERS` of whole components of the graph of matches: rows, and the row that represents them.

    ``matches`` has left_id and right_id, ``rows`` the first place of each row: id, date, article, segment.
    """
    edges, firsts = columns_of(matches), columns_of(rows)
    order = np.argsort(firsts["id"])
    ids, dates, articles, segments = (firsts[name][order] for name in ("id", "date", "article", "segment"))
    left, right = np.searchsorted(ids, edges["left_id"]), np.searchsorted(ids, edges["right_id"])
    preference = np.empty(len(ids), np.int64)
    preference[np.lexsort((segments, articles, dates))] = np.arange(len(ids))
    found = cluster.cluster_rows(cluster.match_graph(left, right, len(ids)), dates, preference)
    return as_table(id=ids[found.rows], cluster=np.repeat(ids[found.representatives], np.diff(found.offsets)))


def pair_equal_anchors(table: Table) -> Table:
    """Return `ANCHOR_PAIRS`; a row of the table is an anchor: key, id, position."""
    columns = columns_of(table)
    ids, rows = np.unique(columns["id"], return_inverse=True)
    anchors = Anchors(columns["key"].view(np.uint64), rows.astype(np.int32), columns["position"])
    found = pair_anchors(anchors)
    return as_table(
        left_id=ids[found.left],
        right_id=ids[found.right],
        left_position=found.left_positions,
        right_position=found.right_positions,
    )


def link_rows(pairs: Table, members: Table, max_product: int) -> Table:
    """Return the `LINKS` of the places of pairs of rows.

    A row of ``pairs`` is kind, left_id, right_id, left_position, right_position, jaccard, containment, cosine; a row of
    ``members`` is a place of a distinct row, as of `dedup.engines.batches.SEGMENTS`.
    """
    columns = columns_of(pairs)
    ids, articles, ranks, survey, distinct = _survey_of_places(columns_of(members))
    left, right = np.searchsorted(ids, columns["left_id"]), np.searchsorted(ids, columns["right_id"])
    anchored = columns["kind"] == ANCHORED
    matched = columns["kind"] == MATCHED
    rows = left[~anchored], right[~anchored]
    blocks, (a, b) = places.segment_links(survey, distinct, rows, ranks, max_product)
    anchors = AnchorPairs(
        left[anchored].astype(np.int32),
        right[anchored].astype(np.int32),
        columns["left_position"][anchored],
        columns["right_position"][anchored],
        0,
    )
    runs = places.anchor_links(survey, distinct, anchors, ranks, max_product)
    links = places.join_links([blocks, runs])
    names = ("jaccard", "containment", "cosine")
    of_a, of_b = distinct.of_segment[a].astype(np.int64), distinct.of_segment[b].astype(np.int64)
    scores = look_up(
        of_a, of_b, len(distinct), (left[matched], right[matched], *(columns[name][matched] for name in names))
    )
    firsts, n_tokens = survey.token_firsts, survey.n_tokens
    nothing = np.zeros(len(links), np.float32)

    def both(of_links: NDArray[Any], of_titles: NDArray[Any]) -> NDArray[Any]:
        return np.append(of_links, of_titles.astype(of_links.dtype))

    return as_table(
        is_title=both(np.zeros(len(links), np.bool_), np.ones(len(a), np.bool_)),
        left=articles[both(links.left_articles, survey.segments.articles[a])],
        right=articles[both(links.right_articles, survey.segments.articles[b])],
        left_first=both(links.lefts, firsts[a]).astype(np.int32),
        left_last=both(links.left_ends, firsts[a] + n_tokens[a]).astype(np.int32),
        right_first=both(links.rights, firsts[b]).astype(np.int32),
        right_last=both(links.right_ends, firsts[b] + n_tokens[b]).astype(np.int32),
        is_run=both(links.are_runs, np.zeros(len(a), np.bool_)),
        jaccard=both(nothing, scores[0]),
        containment=both(nothing, scores[1]),
        cosine=both(nothing, scores[2]),
        equal=both(np.zeros(len(links), np.bool_), of_a == of_b),
    )


def _survey_of_places(
    columns: Columns,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], Survey, Distinct]:
    """Return ids of distinct rows, numbers of articles, their ranks, and the places as a survey.

    Tokens count from the start of each article; the paragraphs around the places are rows too, for links ask whether
    those are equal.
    """
    order = np.lexsort((columns["segment"], columns["article"]))
    places_ = {name: column[order] for name, column in columns.items()}
    inner = places_["parent"] >= 0
    names = ("article", "parent", "parent_id", "date")
    parents = np.stack([places_[name][inner].astype(np.int64) for name in names])
    parents, parent_of = np.unique(parents, axis=1, return_inverse=True)
    n, extra = len(order), parents.shape[1]
    ids = np.unique(places_["id"])
    # Paragraphs that are in no pair get numbers behind those of the rows.
    all_ids = np.unique(np.append(ids, parents[2]))
    outside = np.setdiff1d(all_ids, ids)
    numbers = np.append(ids, outside)
    by_id = np.argsort(numbers)
    given = np.append(places_["id"], parents[2])
    of_segment = by_id[np.searchsorted(numbers[by_id], given)].astype(np.int32)
    articles, first_rows = np.unique(places_["article"], return_index=True)
    owners = np.searchsorted(articles, np.append(places_["article"], parents[0])).astype(np.int32)
    ranks = np.empty(len(articles), np.int64)
    ranks[np.argsort(places_["date"][first_rows], kind="stable")] = np.arange(len(articles))
    rows = np.full(n, -1, np.int32)
    rows[inner] = n + parent_of.ravel()
    none = np.zeros(extra, np.int32)
    levels = np.append(places_["level"].astype(np.uint8), np.full(extra, Level.PARAGRAPH, np.uint8))
    zeros = np.zeros(n + extra, np.int64)
    segments = Segments(zeros, zeros, owners, levels, np.append(rows, none - 1).astype(np.int32))
    n_tokens = np.append(places_["n_tokens"], none).astype(np.int32)
    firsts = np.append(places_["first"], none).astype(np.int64)
    survey = Survey(segments, n_tokens, firsts, np.array([0, n + extra]))
    members = np.lexsort((np.arange(n), ranks[owners[:n]], of_segment[:n])).astype(np.int32)
    offsets = np.append(_starts(of_segment[members]), n).astype(np.int64)
    distinct = Distinct(members, offsets, of_segment, np.zeros(len(ids), np.uint8))
    return ids, articles, ranks, survey, distinct
