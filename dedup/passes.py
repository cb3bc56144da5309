"""The passes over the text: shards of articles go through the token-level stages on threads, and only numbers stay.

Tokens are made anew in each pass: that costs less than keeping them would (`benchmarks/speed.py`, stage by stage).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from dedup.config import Config
from dedup.join import Prefixes, prefixes_of
from dedup.lsh import Bands
from dedup.minhash import MinHashParams, permutations
from dedup.model import Articles, Level, Segments
from dedup.passages import ANCHOR_TOKENS, Anchors
from dedup.score import DocumentFrequencies, Vocabulary
from dedup.segment import segment
from dedup.shingles import Ranges, leaves, token_ranges
from dedup.tokens import characters, tokenize

#: Text of a shard: small enough that its tokens stay in a core's cache, large enough that calls cost nothing.
SHARD_BYTES = 1 << 20
#: Counters of shingles take at most this share of the text's bytes, over all threads together.
_COUNTER_SHARE = 0.6

_T = TypeVar("_T", bound=np.generic)


@dataclass(frozen=True, slots=True, eq=False)
class Survey:
    """What the first pass leaves for good: the segments and their tokens' places.

    Attributes
    ----------
    segments : Segments
        ``m`` rows.
    n_tokens : int32[m]
    token_firsts : int64[m]
        Position of the segment's first token among those of the whole corpus.
    shards : int64[s + 1]
        Shard ``i`` has the rows ``shards[i]`` to ``shards[i + 1]``.
    """

    segments: Segments
    n_tokens: NDArray[np.int32]
    token_firsts: NDArray[np.int64]
    shards: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Harvest:
    """What the second pass takes from each distinct segment.

    Attributes
    ----------
    rows : int32[n]
        Distinct rows that are searched.
    prefixes : Prefixes or None
        For the exact join: ``n`` rows.
    band_keys : uint32[n, bands] or None
        For LSH.
    anchors : Anchors
        Rows are distinct rows.
    vocabulary : Vocabulary
    """

    rows: NDArray[np.int32]
    prefixes: Prefixes | None
    band_keys: NDArray[np.uint32] | None
    anchors: Anchors
    vocabulary: Vocabulary


def cut_shards(offsets: NDArray[np.int64], shard_bytes: int = SHARD_BYTES) -> list[tuple[int, int]]:
    """Return ranges of articles of about ``shard_bytes`` of text each.

    Examples
    --------
    >>> cut_shards(np.array([0, 6, 9, 20, 21, 22]), 10)
    [(0, 3), (3, 5)]
    """
    n = len(offsets) - 1
    shards = []
    first = 0
    while first < n:
        last = int(np.searchsorted(offsets, offsets[first] + shard_bytes, "left"))
        shards.append((first, min(n, max(last, first + 1))))
        first = shards[-1][1]
    return shards


def searched_levels(config: Config) -> int:
    """Return the bits of `Level` that a run searches."""
    return int(sum(Level[level.upper()] for level in config.levels))


def first_pass(
    articles: Articles, config: Config, executor: Executor, jobs: int, done: Callable[[int], None] | None = None
) -> tuple[Survey, NDArray[np.uint64], NDArray[np.uint8]]:
    """Cut the text into segments, count its tokens and shingles.

    Returns
    -------
    Survey
    uint64[m]
        Keys of the segments: equal where their token sequences are.
    uint8[2**p]
        Hashed counts of the shingles of paragraphs and titles.
    """
    counters = _Counters(len(articles.text), jobs)

    def work(shard: tuple[int, int]) -> tuple[Segments, NDArray[np.int32], NDArray[np.int64], NDArray[np.uint64], int]:
        part = _survey(articles, shard, config, counters.mine())
        if done:
            done(int(articles.offsets[shard[1]] - articles.offsets[shard[0]]))
        return part

    parts = list(executor.map(work, cut_shards(articles.offsets)))
    shards = np.append(0, np.cumsum([len(part[0]) for part in parts])).astype(np.int64)
    tokens = np.append(0, np.cumsum([part[4] for part in parts]))
    starts, ends = [part[0].starts for part in parts], [part[0].ends for part in parts]
    owners, levels = [part[0].articles for part in parts], [part[0].levels for part in parts]
    parents = [
        np.where(part[0].parents >= 0, part[0].parents + np.int32(start), np.int32(-1))
        for part, start in zip(parts, shards, strict=False)
    ]
    counts, keys = [part[1] for part in parts], [part[3] for part in parts]
    firsts = [part[2] + start for part, start in zip(parts, tokens, strict=False)]
    parts.clear()  # a column at a time becomes one array: both forms of all of them would be the peak of the run
    segments = Segments(
        join_parts(starts, np.int64),
        join_parts(ends, np.int64),
        join_parts(owners, np.int32),
        join_parts(levels, np.uint8),
        join_parts(parents, np.int32),
    )
    survey = Survey(segments, join_parts(counts, np.int32), join_parts(firsts, np.int64), shards)
    return survey, join_parts(keys, np.uint64), counters.total()


class _Counters:
    """One table of shingle counters a thread, added up at the end."""

    def __init__(self, text_bytes: int, jobs: int) -> None:
        self._size = 1 << max(16, int(_COUNTER_SHARE * text_bytes / jobs).bit_length() - 1)
        self._local = threading.local()
        self._tables: list[NDArray[np.uint8]] = []

    def mine(self) -> NDArray[np.uint8]:
        if not hasattr(self._local, "table"):
            self._local.table = np.zeros(self._size, np.uint8)
            self._tables.append(self._local.table)
        table: NDArray[np.uint8] = self._local.table
        return table

    def total(self) -> NDArray[np.uint8]:
        from dedup.kernels import shingle as kernels

        if not self._tables:
            return np.zeros(self._size, np.uint8)
        total = self._tables.pop()
        while self._tables:
            kernels.add_counters(total, self._tables.pop(), total)
        return total


def _survey(
    articles: Articles, shard: tuple[int, int], config: Config, counters: NDArray[np.uint8]
) -> tuple[Segments, NDArray[np.int32], NDArray[np.int64], NDArray[np.uint64], int]:
    from dedup.kernels import shingle as kernels

    first, last = shard
    segments = segment(
        articles.text,
        articles.offsets[first : last + 1],
        articles.body_starts[first:last],
        config.segment,
        first_article=first,
    )
    segments, ranges, n_leaf_tokens = _ranges(articles, segments, config, whole=True)
    n_tokens = (ranges.lasts - ranges.firsts).astype(np.int32)
    is_title = (segments.levels & Level.TITLE) != 0
    is_article = (segments.levels & Level.ARTICLE) != 0
    # A title, a paragraph and a whole article of the same words are not the same thing.
    salts = np.where(is_title, np.uint64(0xA5A5A5A5A5A5A5A5), np.where(is_article, np.uint64(0x5A5A5A5A5A5A5A5A), 0))
    keys = np.empty(len(segments), np.uint64)
    kernels.sequence_keys(ranges.values, ranges.firsts, ranges.lasts, salts.astype(np.uint64), keys)

    k = config.shingle.k
    units = _shingle_units(articles, segments, ranges, config)
    if "article" in config.levels:
        # The article's own stream has all shingles of its paragraphs, but for those that are one short shingle.
        counted = is_title | is_article | (units.lasts - units.firsts < k)
    else:
        counted = (segments.parents < 0) & (n_tokens >= config.shingle.min_tokens)
    hashes = np.empty(len(units.values), np.uint32)
    kernels.hash_positions(units.values, k, hashes)
    kernels.count_shingles(units.values, hashes, units.firsts[counted], units.lasts[counted], k, counters)
    return segments, n_tokens, ranges.firsts, keys, n_leaf_tokens


def char_ranges(articles: Articles, starts: NDArray[np.int64], ends: NDArray[np.int64], config: Config) -> Ranges:
    """Return the folded characters of each span."""
    units = characters(articles.text, starts, ends, config.tokens)
    return Ranges(units.values, units.offsets[:-1], units.offsets[1:])


def _ranges(articles: Articles, segments: Segments, config: Config, *, whole: bool) -> tuple[Segments, Ranges, int]:
    """Return the segments (with those of whole articles, if asked for and searched), their tokens, and how many."""
    levels = segments.levels
    base = segments if whole else _without_articles(segments)
    leaf = leaves(base)
    tokens = tokenize(articles.text, base.starts[leaf], base.ends[leaf], config.tokens)
    ranges = token_ranges(base, tokens)
    n_tokens = int(tokens.offsets[-1])
    if "article" not in config.levels:
        return base, ranges, n_tokens
    body = np.flatnonzero((base.levels & Level.TITLE) == 0)
    new = np.append(True, base.articles[body][1:] != base.articles[body][:-1]) if len(body) else np.empty(0, np.bool_)
    firsts = body[new]
    lasts = body[np.append(np.flatnonzero(new)[1:] - 1, len(body) - 1)] if len(body) else body
    extra = len(firsts)
    if whole:
        segments = Segments(
            np.append(base.starts, base.starts[firsts]),
            np.append(base.ends, base.ends[lasts]),
            np.append(base.articles, base.articles[firsts]),
            np.append(levels, np.full(extra, Level.ARTICLE, np.uint8)),
            np.append(base.parents, np.full(extra, -1, np.int32)),
        )
    return (
        segments,
        Ranges(
            ranges.values,
            np.append(ranges.firsts, ranges.firsts[firsts]),
            np.append(ranges.lasts, ranges.lasts[lasts]),
        ),
        n_tokens,
    )


def _without_articles(segments: Segments) -> Segments:
    rows = (segments.levels & Level.ARTICLE) == 0
    return Segments(
        segments.starts[rows],
        segments.ends[rows],
        segments.articles[rows],
        segments.levels[rows],
        segments.parents[rows],
    )


def _shingle_units(articles: Articles, segments: Segments, ranges: Ranges, config: Config) -> Ranges:
    """Return what shingles are made of: the tokens themselves, or the folded characters."""
    if config.shingle.unit == "word":
        return ranges
    return char_ranges(articles, segments.starts, segments.ends, config)


def second_pass(
    articles: Articles,
    survey: Survey,
    counters: NDArray[np.uint8],
    firsts: NDArray[np.int32],
    searched: NDArray[np.bool_],
    levels: NDArray[np.uint8],
    bands: Bands | None,
    config: Config,
    executor: Executor,
    done: Callable[[int], None] | None = None,
) -> Harvest:
    """Take from each distinct segment its document frequencies, and its shingle set or band keys.

    Parameters
    ----------
    firsts : int32[d]
        First segment of each distinct row.
    searched : bool[d]
    levels : uint8[d]
    bands : Bands or None
        LSH with these bands, or the exact join.
    """
    distinct_of = np.full(len(survey.segments), -1, np.int32)
    distinct_of[firsts] = np.arange(len(firsts), dtype=np.int32)
    # Row -1, which stands for none, is the last one and not searched.
    searched = np.append(searched, False)
    wanted = np.append(0, np.cumsum(searched[distinct_of]))[survey.shards]
    n = int(wanted[-1])
    rows, frequencies = np.empty(n, np.int32), DocumentFrequencies()
    # Rows are filled in place: parts that are put together at the end would stand in memory twice.
    lengths, sizes, indexed = (np.empty(n if bands is None else 0, np.int32) for _ in range(3))
    bitmaps = np.empty((len(sizes), 2), np.uint64)
    band_keys = np.empty((0, 0) if bands is None else (n, bands.bands), np.uint32)

    def work(shard: int) -> tuple[_AnchorColumns, NDArray[np.uint32]]:
        segments = slice(int(survey.shards[shard]), int(survey.shards[shard + 1]))
        mine = slice(int(wanted[shard]), int(wanted[shard + 1]))
        harvest = _harvest(articles, survey, counters, segments, distinct_of[segments], searched, config, frequencies)
        rows[mine], values = harvest.rows, np.empty(0, np.uint32)
        if bands is None:
            found = prefixes_of(
                harvest.units, harvest.hashes, harvest.counts, levels[harvest.rows], config.shingle.k, counters,
                config.score.min_jaccard,
            )  # fmt: skip
            lengths[mine], sizes[mine] = np.diff(found.offsets), found.sizes
            indexed[mine], bitmaps[mine], values = found.indexed, found.bitmaps, found.values
        else:
            _fill_band_keys(harvest.units, bands, config, band_keys[mine])
        if done:
            articles_of = survey.segments.articles[segments]
            done(int(articles.offsets[articles_of[-1] + 1] - articles.offsets[articles_of[0]]))
        return harvest.anchors, values

    full = [shard for shard in range(len(survey.shards) - 1) if survey.shards[shard] < survey.shards[shard + 1]]
    parts = list(executor.map(work, full))
    anchors = Anchors(
        join_parts([part[0][0] for part in parts], np.uint64),
        join_parts([part[0][1] for part in parts], np.int32),
        join_parts([part[0][2] for part in parts], np.int32),
    )
    values = join_parts([part[1] for part in parts], np.uint32)
    del parts
    prefixes = None
    if bands is None:
        offsets = np.append(0, np.cumsum(lengths, dtype=np.int64))
        searched_bits = np.uint8(searched_levels(config))
        prefixes = Prefixes(values, offsets, sizes, indexed, bitmaps, levels[rows] & searched_bits)
    return Harvest(rows, prefixes, band_keys if bands else None, anchors, frequencies.vocabulary())


_AnchorColumns = tuple[NDArray[np.uint64], NDArray[np.int32], NDArray[np.int32]]


@dataclass(frozen=True, slots=True, eq=False)
class _ShardHarvest:
    """The searched rows of a shard, and what their signatures or prefixes are made of."""

    rows: NDArray[np.int32]
    units: Ranges
    hashes: NDArray[np.uint32]
    counts: NDArray[np.uint8]
    anchors: _AnchorColumns


def _harvest(
    articles: Articles,
    survey: Survey,
    counters: NDArray[np.uint8],
    rows: slice,
    distinct: NDArray[np.int32],
    searched: NDArray[np.bool_],
    config: Config,
    frequencies: DocumentFrequencies,
) -> _ShardHarvest:
    from dedup.kernels import shingle as kernels

    segments = _slice_segments(survey.segments, rows)
    _, ranges, _ = _ranges(articles, segments, config, whole=False)
    is_document = (distinct >= 0) & ((segments.levels & (Level.TITLE | Level.PARAGRAPH)) != 0)
    frequencies.add(Ranges(ranges.values, ranges.firsts[is_document], ranges.lasts[is_document]))

    is_searched = searched[distinct]
    units = _shingle_units(articles, segments, ranges, config)
    hashes, counts = np.empty(len(units.values), np.uint32), np.empty(len(units.values), np.uint8)
    kernels.hash_positions(units.values, config.shingle.k, hashes)
    kernels.look_up_counts(hashes, counters, counts)
    paragraph = is_searched & (segments.parents < 0) & ((segments.levels & Level.PARAGRAPH) != 0)
    anchors = _anchors(ranges, counts, paragraph, distinct, config)
    wanted = Ranges(units.values, units.firsts[is_searched], units.lasts[is_searched])
    return _ShardHarvest(distinct[is_searched], wanted, hashes, counts, anchors)


def _slice_segments(segments: Segments, rows: slice) -> Segments:
    parents = segments.parents[rows]
    return Segments(
        segments.starts[rows],
        segments.ends[rows],
        segments.articles[rows],
        segments.levels[rows],
        np.where(parents >= 0, parents - np.int32(rows.start), np.int32(-1)),
    )


def _fill_band_keys(ranges: Ranges, bands: Bands, config: Config, out: NDArray[np.uint32]) -> None:
    from dedup.kernels import minhash as kernels

    # The first cells of a longer signature are those of a shorter one only if the draws are the same: draw all.
    multipliers, addends = permutations(MinHashParams(config.minhash.num_perm, config.minhash.seed))
    used = bands.bands * bands.rows
    rows = (ranges.values, ranges.firsts, ranges.lasts)
    kernels.band_keys_of_ranges(*rows, config.shingle.k, multipliers[:used], addends[:used], bands.rows, out)


def _anchors(
    ranges: Ranges, counts: NDArray[np.uint8], rows: NDArray[np.bool_], distinct: NDArray[np.int32], config: Config
) -> _AnchorColumns:
    from dedup.kernels import passages as kernels

    run = config.passages.min_run
    # The counts are of shingles of characters in that mode: they say nothing of runs of words.
    if not run or config.shingle.unit != "word" or run < config.shingle.k:
        return np.empty(0, np.uint64), np.empty(0, np.int32), np.empty(0, np.int32)
    size = 1024
    while True:
        keys, owners, positions = np.empty(size, np.uint64), np.empty(size, np.int32), np.empty(size, np.int32)
        used = kernels.find_anchors(
            ranges.values,
            counts,
            ranges.firsts[rows],
            ranges.lasts[rows],
            config.shingle.k,
            run,
            ANCHOR_TOKENS,
            keys,
            owners,
            positions,
        )
        if used >= 0:
            return keys[:used], distinct[rows][owners[:used]], positions[:used]
        size = -1 - used


def join_parts(parts: list[NDArray[Any]], kind: type[_T]) -> NDArray[_T]:
    """Return the parts as one array, and let go of them."""
    joined = np.concatenate(parts) if parts else np.empty(0, kind)
    parts.clear()
    return joined
