"""saidtwice at the peers' own task and no more: no sentences, no cosine, no passages, no findings, nothing written."""

from __future__ import annotations

from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import fields

import numpy as np
from numpy.typing import NDArray

from benchmarks.peer_scripts.task import MIN_JACCARD, MIN_WORDS, Clock, Found, run
from dedup import collapse, gather, join, passes, score
from dedup.config import Config
from dedup.model import NO_DATE, Articles, Level, Segments, Strings
from dedup.passages import PassageParams
from dedup.score import DocumentFrequencies
from dedup.shingles import ShingleParams
from dedup.workspace import HashStore, Workers

_THREADS = 2
_CONFIG = Config(
    levels=("paragraph",),
    shingle=ShingleParams(min_tokens=MIN_WORDS),
    passages=PassageParams(min_run=0),
    candidates="exact",
)


def find(paragraphs: list[str], clock: Clock) -> Found:
    """Flag paragraphs that have an exact Jaccard of the threshold with another one."""
    # Others load their code when they are imported, before the clock; here compiled loops load when they are called.
    _find(paragraphs[:1000], Clock())
    flagged = _find(paragraphs, clock)
    return Found(flagged, "word 3-shingles, every pair by the exact join, exact Jaccard; kernels loaded; 2 threads")


def _find(paragraphs: list[str], clock: Clock) -> list[int]:
    with ThreadPoolExecutor(_THREADS) as executor:
        with clock("tokens"):
            articles = _articles(paragraphs)
            survey, keys, tally = _survey(articles, executor)
            distinct = collapse.collapse(keys, survey.n_tokens, survey.segments.levels)
        with clock("sketch"):
            levels = distinct.levels & np.uint8(passes.searched_levels(_CONFIG))
            searched = (survey.n_tokens[distinct.firsts] >= _CONFIG.shingle.min_tokens) & (levels != 0)
            harvest = passes.second_pass(
                articles, survey, tally, distinct.firsts, searched, distinct.levels, None, _CONFIG, executor
            )
        with clock("query"):
            assert harvest.prefixes is not None
            found = join.candidate_pairs(harvest.prefixes, MIN_JACCARD, executor, jobs=_THREADS)
            pairs = harvest.rows[found.left].astype(np.int64), harvest.rows[found.right].astype(np.int64)
            rows, compact = np.unique(np.concatenate(pairs), return_inverse=True)
            firsts = distinct.firsts[rows]
            spans = survey.segments.starts[firsts], survey.segments.ends[firsts]
            sets = gather.shingle_sets(articles, *spans, _CONFIG, executor)
            left, right = compact[: len(pairs[0])], compact[len(pairs[0]) :]
            shared, sizes = score.overlaps(sets, left, right, executor, jobs=_THREADS), np.diff(sets.offsets)
            alike = score.jaccard(shared, sizes[left], sizes[right]) >= MIN_JACCARD
            hit = searched & (distinct.counts > 1)
            hit[rows[left[alike]]] = hit[rows[right[alike]]] = True
            flagged = np.unique(survey.segments.articles[distinct.members[np.repeat(hit, distinct.counts)]])
            return [int(row) for row in flagged]


def _survey(articles: Articles, executor: Executor) -> tuple[passes.Survey, NDArray[np.uint64], passes.Tally]:
    """Return what the first pass does, of segments that are known: each text is a paragraph."""
    size = len(articles.text)
    workers, store = Workers(size), HashStore(size)
    shards = passes.cut_shards(articles.offsets)

    def work(shard: tuple[int, int]) -> tuple[passes.Cut, slice | None]:
        bounds, n = articles.offsets[shard[0] : shard[1] + 1], shard[1] - shard[0]
        owners, levels = np.arange(*shard, dtype=np.int32), np.full(n, Level.PARAGRAPH, np.uint8)
        segments = Segments(bounds[:-1], bounds[1:], owners, levels, np.full(n, -1, np.int32))
        cut = passes.cut_segments(articles, segments, _CONFIG, workers.space())
        return cut, passes.count_cut(articles, cut, _CONFIG, workers, store)

    cuts, kept = zip(*executor.map(work, shards), strict=True)
    segments = Segments(
        *(np.concatenate([getattr(cut.segments, one.name) for cut in cuts]) for one in fields(Segments))
    )
    before = np.cumsum([0, *(cut.n_leaf_tokens for cut in cuts)])
    firsts = np.concatenate([cut.ranges.firsts + n for cut, n in zip(cuts, before[:-1], strict=True)])
    n_tokens, keys = (np.concatenate([getattr(cut, name) for cut in cuts]) for name in ("n_tokens", "keys"))
    survey = passes.Survey(segments, n_tokens, firsts, np.array([0, *(last for _, last in shards)], np.int64))
    return survey, keys, passes.Tally(workers.counters(), None, store, list(kept), DocumentFrequencies())


def _articles(paragraphs: list[str]) -> Articles:
    """Return an article for each paragraph, with nothing but its text."""
    texts = Strings.of(paragraphs)
    n = len(paragraphs)
    none = Strings(np.empty(0, np.uint8), np.zeros(n + 1, np.int64))
    zeros = np.zeros(n, np.int64)
    return Articles(
        text=texts.values,
        offsets=texts.offsets,
        body_starts=texts.offsets[:-1],
        ids=none,
        sources=none,
        urls=none,
        languages=none,
        tags=none,
        dates=np.full(n, NO_DATE, np.int64),
        files=("",),
        file_rows=zeros.astype(np.int32),
        records=zeros,
        body_lines=zeros,
    )


if __name__ == "__main__":
    run("saidtwice", find)
