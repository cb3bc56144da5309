"""saidtwice at the peers' own task and no more: no sentences, no cosine, no passages, no findings, nothing written."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from benchmarks.peer_scripts.task import MIN_JACCARD, MIN_WORDS, Clock, Found, run
from dedup import collapse, gather, join, passes, score
from dedup.config import Config
from dedup.model import NO_DATE, Articles, Strings
from dedup.passages import PassageParams
from dedup.shingles import ShingleParams

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
            survey, keys, tally = passes.first_pass(articles, _CONFIG, executor)
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
