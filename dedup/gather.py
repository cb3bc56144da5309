"""Segments and places -> their tokens, made once more from the text for the few that need them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from dedup import score
from dedup.config import Config
from dedup.hashed import mark_numbers, tokens_of
from dedup.model import Articles, Findings, Kind, Level
from dedup.passages import ArticleTokens
from dedup.passes import Survey, char_ranges, join_parts
from dedup.score import TermRows, Vocabulary
from dedup.shingles import Ranges, Shingles, leaves, shingle

#: Segments whose tokens are made at once.
_SLICE = 10_000

_R = TypeVar("_R")


def word_ranges(articles: Articles, starts: NDArray[np.int64], ends: NDArray[np.int64], config: Config) -> Ranges:
    """Return the tokens of each span."""
    tokens = tokens_of(articles, starts, ends, config.tokens)
    return Ranges(tokens.values, tokens.offsets[:-1], tokens.offsets[1:])


def shingle_sets(
    articles: Articles, starts: NDArray[np.int64], ends: NDArray[np.int64], config: Config, executor: Executor
) -> Shingles:
    """Return the shingle sets of some spans of text."""
    ranges = word_ranges if config.shingle.unit == "word" else char_ranges

    def work(part: slice) -> Shingles:
        return shingle(ranges(articles, starts[part], ends[part], config), config.shingle)

    parts = _map_slices(work, len(starts), executor)
    lengths = join_parts([np.diff(part.offsets) for part in parts], np.int64)
    values = join_parts([part.values for part in parts], np.uint32)
    return Shingles(values, np.append(0, np.cumsum(lengths)).astype(np.int64))


def tfidf_rows(
    articles: Articles,
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    vocabulary: Vocabulary,
    config: Config,
    executor: Executor,
) -> TermRows:
    """Return the TF-IDF rows of some spans of text."""
    idf = vocabulary.idf

    def work(part: slice) -> TermRows:
        ranges = word_ranges(articles, starts[part], ends[part], config)
        return score.term_rows(vocabulary.ids(ranges.values), np.append(ranges.firsts, len(ranges.values)), idf)

    parts = _map_slices(work, len(starts), executor)
    lengths = join_parts([np.diff(part.offsets) for part in parts], np.int64)
    return TermRows(
        join_parts([part.terms for part in parts], np.int32),
        join_parts([part.weights for part in parts], np.float64),
        np.append(0, np.cumsum(lengths)).astype(np.int64),
    )


def article_tokens(
    articles: Articles,
    survey: Survey,
    wanted: NDArray[np.int32],
    vocabulary: Vocabulary,
    config: Config,
    executor: Executor,
) -> ArticleTokens:
    """Return the body tokens of the wanted articles (ascending), as term ids."""
    segments = survey.segments
    leaf = leaves(segments) & ((segments.levels & (Level.TITLE | Level.ARTICLE)) == 0)
    chosen = np.zeros(len(articles), np.bool_)
    chosen[wanted] = True
    rows = np.flatnonzero(leaf & chosen[segments.articles])
    firsts, lasts = np.zeros(len(articles), np.int64), np.zeros(len(articles), np.int64)
    counts = survey.n_tokens[rows].astype(np.int64)
    gathered = np.cumsum(counts) - counts
    # Rows ascend by article, so the last write is the last row and, backwards, the first.
    owners = segments.articles[rows]
    lasts[owners] = survey.token_firsts[rows] + counts
    firsts[owners[::-1]] = survey.token_firsts[rows][::-1]
    shifts = np.zeros(len(articles), np.int64)
    shifts[owners[::-1]] = (gathered - survey.token_firsts[rows])[::-1]
    values = np.empty(int(counts.sum()), np.int32)

    def work(part: slice) -> None:
        tokens = tokens_of(articles, segments.starts[rows[part]], segments.ends[rows[part]], config.tokens)
        ids = vocabulary.ids(tokens.values)
        mark_numbers(articles, tokens, ids)
        values[gathered[part][0] : gathered[part][0] + len(ids)] = ids

    _map_slices(work, len(rows), executor)
    return ArticleTokens(values, shifts, firsts, lasts)


def sentence_rows(survey: Survey) -> NDArray[np.int64]:
    """Return the segments that cover the corpus once, in text order, those without a token left out: int64[s]."""
    segments = survey.segments
    return np.flatnonzero(leaves(segments) & ((segments.levels & Level.ARTICLE) == 0) & (survey.n_tokens > 0))


def span_bytes(
    articles: Articles,
    survey: Survey,
    firsts: Sequence[NDArray[np.int64]],
    lasts: Sequence[NDArray[np.int64]],
    config: Config,
    executor: Executor,
    *,
    jobs: int = 1,
) -> list[NDArray[np.int64]]:
    """Return where spans of tokens start and end in bytes: starts and ends in turn, for each pair of arrays given.

    ``firsts`` and ``lasts`` are half-open ranges of corpus positions. A span that begins with a sentence begins with
    its first byte, quotation mark and all; likewise at the end.
    """
    rows = sentence_rows(survey)
    row_firsts = survey.token_firsts[rows]
    wanted = np.concatenate([np.append(first, last - 1) for first, last in zip(firsts, lasts, strict=True)])
    starts, ends = np.empty(len(wanted), np.int64), np.empty(len(wanted), np.int64)
    # Each thread has its own sentences, so none is made twice.
    edges = row_firsts[np.linspace(0, len(rows), 2 * jobs + 1).astype(np.int64)[:-1]] if len(rows) else row_firsts

    def work(part: int) -> None:
        mine = wanted >= edges[part]
        if part + 1 < len(edges):
            mine &= wanted < edges[part + 1]
        chosen = np.flatnonzero(mine)
        places = wanted[chosen]
        owners = np.searchsorted(row_firsts, places, "right") - 1
        used, compact = np.unique(owners, return_inverse=True)
        tokens = tokens_of(
            articles, survey.segments.starts[rows[used]], survey.segments.ends[rows[used]], config.tokens
        )
        at = places - row_firsts[owners]
        found = tokens.offsets[compact] + at
        opens, closes = at == 0, at == survey.n_tokens[rows[owners]] - 1
        starts[chosen] = np.where(opens, survey.segments.starts[rows[owners]], tokens.starts[found])
        ends[chosen] = np.where(closes, survey.segments.ends[rows[owners]], tokens.ends[found])

    list(executor.map(work, range(len(edges))))
    out = []
    at = 0
    for first in firsts:
        out += [starts[at : at + len(first)], ends[at + len(first) : at + 2 * len(first)]]
        at += 2 * len(first)
    return out


def score_places(
    articles: Articles, findings: Findings, vocabulary: Vocabulary, config: Config, executor: Executor, *, jobs: int
) -> Findings:
    """Return the findings with the scores of each place against the first place of its finding.

    A passage is scored against its own source. Of several copies only one has the very source that is listed first, and
    articles have been scored by their passages alone: these are scored here. Boilerplate comes with its scores.
    """
    n_places = np.diff(findings.offsets)
    open_ = (findings.kinds != Kind.BOILERPLATE) & ((n_places > 2) | (findings.levels == Level.ARTICLE))
    chosen = np.flatnonzero(np.repeat(open_, n_places))
    if not len(chosen):
        return findings
    first = np.repeat(findings.offsets[:-1], n_places)[chosen]
    left, right = np.searchsorted(chosen, first), np.arange(len(chosen))
    spans = findings.starts[chosen], findings.ends[chosen]
    sets = shingle_sets(articles, *spans, config, executor)
    terms = tfidf_rows(articles, *spans, vocabulary, config, executor)
    shared, sizes = score.overlaps(sets, left, right, executor, jobs=jobs), np.diff(sets.offsets)
    columns = {
        "jaccard": score.jaccard(shared, sizes[left], sizes[right]),
        "containment": score.containment(shared, sizes[left], sizes[right]),
        "cosine": score.cosines(terms, left, right, executor, jobs=jobs),
    }
    filled = {name: getattr(findings, name).copy() for name in columns}
    for name, values in columns.items():
        filled[name][chosen] = np.where(chosen == first, 1.0, values)
    return replace(findings, **filled)


def _map_slices(work: Callable[[slice], _R], n: int, executor: Executor) -> list[_R]:
    """Return what ``work`` makes of each slice of ``n`` segments, a few thousand at a time."""
    return list(executor.map(work, [slice(i, min(i + _SLICE, n)) for i in range(0, n, _SLICE)]))
