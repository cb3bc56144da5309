"""The passes over the feed: shards of articles go through the token-level stages on threads, and only numbers stay.

The first pass reads the text and counts the shingles, the second one needs the counts of all of them. Between the two a
shingle is kept as four bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from dedup.collapse import Distinct
from dedup.config import Config
from dedup.counters import count_in_parts
from dedup.hashed import segments_of, tokens_of
from dedup.join import Prefixes, PrefixTable, can_match, prefixes_of
from dedup.lsh import Bands
from dedup.minhash import MinHashParams, permutations
from dedup.model import Articles, Level, Segments
from dedup.passages import ANCHOR_TOKENS, Anchors
from dedup.score import DocumentFrequencies, Vocabulary
from dedup.scratch import can_pin, make_room
from dedup.shingles import Ranges, ShingleRuns, leaves, run_bounds, shingle_runs, token_ranges
from dedup.spans import compact
from dedup.tokens import TokenSpace, characters
from dedup.workspace import Growing, HashStore, Workers, count_counters

#: Text of a shard: small enough that its tokens stay in a core's cache, large enough that calls cost nothing.
SHARD_BYTES = 1 << 20
#: So many copies of documents are taken back at a time.
_COPIES = 10_000

#: Room for segments that is reserved; where they are shorter, it grows.
_BYTES_A_SEGMENT = 64

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
    """What the second pass takes from the distinct segments that are searched.

    Attributes
    ----------
    rows : int32[n]
        Distinct rows that may match another one.
    prefixes : Prefixes or None
        For the exact join: ``n`` rows.
    band_keys : uint32[n, bands] or None
        For LSH.
    anchors : Anchors
        Rows are distinct rows.
    """

    rows: NDArray[np.int32]
    prefixes: Prefixes | None
    band_keys: NDArray[np.uint32] | None
    anchors: Anchors


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


@dataclass(slots=True)
class Tally:
    """What the first pass leaves for the second.

    Attributes
    ----------
    counters : uint8[2**p] or None
        Hashed counts of the shingles of paragraphs and titles.
    counts : uint8[t] or None
        Instead of the counters, if there is no room for them: those of each shingle of the store.
    store : HashStore
    kept : list of slice or None
        Where the store has the hashes of each shard, as in `ShingleRuns`. None where they are made anew: shingles of
        characters would take more memory than the text.
    frequencies : DocumentFrequencies
        Of all paragraphs and titles, equal ones included.
    """

    counters: NDArray[np.uint8] | None
    counts: NDArray[np.uint8] | None
    store: HashStore
    kept: list[slice | None]
    frequencies: DocumentFrequencies


@dataclass(frozen=True, slots=True, eq=False)
class _Shard:
    """What the first pass makes of a shard."""

    segments: Segments
    n_tokens: NDArray[np.int32]
    token_firsts: NDArray[np.int64]
    keys: NDArray[np.uint64]
    n_leaf_tokens: int
    kept: slice | None


def first_pass(
    articles: Articles,
    config: Config,
    executor: Executor,
    done: Callable[[int], None] | None = None,
    *,
    jobs: int = 1,
) -> tuple[Survey, NDArray[np.uint64], Tally]:
    """Cut the text into segments, count its tokens, words and shingles.

    Returns
    -------
    Survey
    uint64[m]
        Keys of the segments: equal where their token sequences are.
    Tally
    """
    workers, frequencies = Workers(len(articles.text)), DocumentFrequencies()
    store = HashStore(len(articles.text))
    size = count_counters(len(articles.text))
    at_once = config.shingle.unit != "word" or can_pin(size)

    def work(shard: tuple[int, int]) -> _Shard:
        part = _survey(articles, shard, config, workers, frequencies, store, count=at_once)
        if done:
            done(int(articles.offsets[shard[1]] - articles.offsets[shard[0]]))
        return part

    # Columns grow as parts come: parts that are kept until the end would stand in memory twice.
    room = len(articles.text) // _BYTES_A_SEGMENT
    starts, ends, firsts = (Growing(np.int64, room) for _ in range(3))
    owners, parents, counts = (Growing(np.int32, room) for _ in range(3))
    levels, keys = Growing(np.uint8, room), Growing(np.uint64, room)
    shards, kept, n_tokens = [0], [], 0
    for part in executor.map(work, cut_shards(articles.offsets)):
        found = part.segments
        starts.add(found.starts)
        ends.add(found.ends)
        owners.add(found.articles)
        levels.add(found.levels)
        parents.add(np.where(found.parents >= 0, found.parents + np.int32(shards[-1]), np.int32(-1)))
        counts.add(part.n_tokens)
        firsts.add(part.token_firsts + n_tokens)
        keys.add(part.keys)
        kept.append(part.kept)
        shards.append(shards[-1] + len(found))
        n_tokens += part.n_leaf_tokens
    segments = Segments(starts.array(), ends.array(), owners.array(), levels.array(), parents.array())
    survey = Survey(segments, counts.array(), firsts.array(), np.array(shards, np.int64))
    if at_once:
        return survey, keys.array(), Tally(workers.counters(), None, store, kept, frequencies)

    def counted_rows(shard: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        rows = slice(int(survey.shards[shard]), int(survey.shards[shard + 1]))
        if rows.start == rows.stop:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        counted = _are_counted(segments.levels[rows], segments.parents[rows], survey.n_tokens[rows], config)
        runs = _runs_again(articles, survey, rows, store.get(slices[shard]), config)
        return runs.firsts[counted], runs.lasts[counted]

    slices = [one for one in kept if one is not None]
    return (
        survey,
        keys.array(),
        Tally(None, count_in_parts(store, slices, counted_rows, size, jobs, executor), store, kept, frequencies),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """Some articles as segments and tokens.

    Attributes
    ----------
    segments : Segments
        ``m`` rows; parents count from the first of them.
    ranges : Ranges
        The tokens of each segment.
    keys : uint64[m]
        Equal where the token sequences are; a title, a paragraph and a whole article of the same words differ.
    n_leaf_tokens : int
        Tokens of all these articles.
    """

    segments: Segments
    ranges: Ranges
    keys: NDArray[np.uint64]
    n_leaf_tokens: int

    @property
    def n_tokens(self) -> NDArray[np.int32]:
        """Tokens of each segment: int32[m]."""
        return (self.ranges.lasts - self.ranges.firsts).astype(np.int32)

    def documents(self) -> Ranges:
        """Return the tokens of the segments that are documents to document frequencies."""
        rows = are_documents(self.segments.levels, self.n_tokens)
        return Ranges(self.ranges.values, self.ranges.firsts[rows], self.ranges.lasts[rows])


def cut_articles(articles: Articles, shard: tuple[int, int], config: Config, space: TokenSpace) -> Cut:
    """Return the segments and tokens of the articles from the first to before the last of ``shard``."""
    return cut_segments(articles, segments_of(articles, shard, config.segment), config, space)


def cut_segments(articles: Articles, segments: Segments, config: Config, space: TokenSpace) -> Cut:
    """Return the tokens of segments that are known."""
    from dedup.kernels import shingle as kernels

    segments, ranges, n_leaf_tokens = _ranges(articles, segments, config, space)
    is_title = (segments.levels & Level.TITLE) != 0
    is_article = (segments.levels & Level.ARTICLE) != 0
    salts = np.where(is_title, np.uint64(0xA5A5A5A5A5A5A5A5), np.where(is_article, np.uint64(0x5A5A5A5A5A5A5A5A), 0))
    keys = np.empty(len(segments), np.uint64)
    kernels.sequence_keys(ranges.values, ranges.firsts, ranges.lasts, salts.astype(np.uint64), keys)
    return Cut(segments, ranges, keys, n_leaf_tokens)


def runs_of(articles: Articles, cut: Cut, config: Config) -> tuple[ShingleRuns, NDArray[np.bool_]]:
    """Return the shingles of segments, and of which segments they are counted: bool[m]. Each shingle counts once."""
    segments = cut.segments
    by_word = config.shingle.unit == "word"
    units = cut.ranges if by_word else char_ranges(articles, segments.starts, segments.ends, config)
    n_units = (units.lasts - units.firsts).astype(np.int32) if "article" in config.levels else cut.n_tokens
    return shingle_runs(units, config.shingle.k), _are_counted(segments.levels, segments.parents, n_units, config)


def _are_counted(
    levels: NDArray[np.uint8], parents: NDArray[np.int32], n_units: NDArray[np.int32], config: Config
) -> NDArray[np.bool_]:
    """Tell of which segments the shingles are counted: bool[m]; ``n_units`` are their tokens, or their characters."""
    found: NDArray[np.bool_]
    if "article" in config.levels:
        # The article's own stream has all shingles of its paragraphs, but for those that are one short shingle.
        found = ((levels & (Level.TITLE | Level.ARTICLE)) != 0) | (n_units < config.shingle.k)
    else:
        found = (parents < 0) & (n_units >= config.shingle.min_tokens)
    return found


def _survey(
    articles: Articles,
    shard: tuple[int, int],
    config: Config,
    workers: Workers,
    frequencies: DocumentFrequencies,
    store: HashStore,
    *,
    count: bool,
) -> _Shard:
    cut = cut_articles(articles, shard, config, workers.space())
    frequencies.add(cut.documents())
    kept = count_cut(articles, cut, config, workers if count else None, store)
    return _Shard(cut.segments, cut.n_tokens, cut.ranges.firsts, cut.keys, cut.n_leaf_tokens, kept)


def count_cut(articles: Articles, cut: Cut, config: Config, workers: Workers | None, store: HashStore) -> slice | None:
    """Count the shingles of segments, if there are workers to count with, and return where their hashes are kept."""
    from dedup.kernels import shingle as kernels

    runs, counted = runs_of(articles, cut, config)
    if workers is not None:
        with workers.counting() as counters:
            kernels.count_shingles(runs.hashes, runs.firsts[counted], runs.lasts[counted], counters)
    return store.keep(runs.hashes) if config.shingle.unit == "word" else None


def are_documents(levels: NDArray[np.uint8], n_tokens: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Tell which segments are documents to document frequencies: bool[m]."""
    found: NDArray[np.bool_] = ((levels & (Level.TITLE | Level.PARAGRAPH)) != 0) & (n_tokens > 0)
    return found


def distinct_vocabulary(
    articles: Articles, survey: Survey, distinct: Distinct, tally: Tally, config: Config, executor: Executor
) -> Vocabulary:
    """Return the words of the feed with their document frequencies over distinct paragraphs and titles.

    The frequencies of the tally are gone afterwards.
    """
    is_document = are_documents(survey.segments.levels, survey.n_tokens)[distinct.members]
    rows = distinct.members[is_document]
    owners = distinct.of_segment[rows]
    copies = np.sort(rows[1:][owners[1:] == owners[:-1]])

    def work(part: slice) -> None:
        spans = survey.segments.starts[copies[part]], survey.segments.ends[copies[part]]
        tokens = tokens_of(articles, *spans, config.tokens)
        tally.frequencies.remove(Ranges(tokens.values, tokens.offsets[:-1], tokens.offsets[1:]))

    list(executor.map(work, [slice(i, i + _COPIES) for i in range(0, len(copies), _COPIES)]))
    vocabulary = tally.frequencies.vocabulary()
    tally.frequencies = DocumentFrequencies()  # its table is as large as the vocabulary
    return vocabulary


def char_ranges(articles: Articles, starts: NDArray[np.int64], ends: NDArray[np.int64], config: Config) -> Ranges:
    """Return the folded characters of each span."""
    units = characters(*compact(articles.text, starts, ends), config.tokens)
    return Ranges(units.values, units.offsets[:-1], units.offsets[1:])


def _ranges(articles: Articles, segments: Segments, config: Config, space: TokenSpace) -> tuple[Segments, Ranges, int]:
    """Return the segments (with those of whole articles, if they are searched), their tokens, and how many."""
    leaf = leaves(segments)
    tokens = tokens_of(articles, segments.starts[leaf], segments.ends[leaf], config.tokens, space=space)
    ranges = token_ranges(segments, tokens)
    n_tokens = int(tokens.offsets[-1])
    body = np.flatnonzero((segments.levels & Level.TITLE) == 0)
    if "article" not in config.levels or not len(body):
        return segments, ranges, n_tokens
    new = np.append(True, segments.articles[body][1:] != segments.articles[body][:-1])
    firsts = body[new]
    lasts = body[np.append(np.flatnonzero(new)[1:] - 1, len(body) - 1)]
    extra = len(firsts)
    whole = Segments(
        np.append(segments.starts, segments.starts[firsts]),
        np.append(segments.ends, segments.ends[lasts]),
        np.append(segments.articles, segments.articles[firsts]),
        np.append(segments.levels, np.full(extra, Level.ARTICLE, np.uint8)),
        np.append(segments.parents, np.full(extra, -1, np.int32)),
    )
    values, first, last = ranges.values, ranges.firsts, ranges.lasts
    return whole, Ranges(values, np.append(first, first[firsts]), np.append(last, last[lasts])), n_tokens


def second_pass(
    articles: Articles,
    survey: Survey,
    tally: Tally,
    firsts: NDArray[np.int32],
    searched: NDArray[np.bool_],
    levels: NDArray[np.uint8],
    bands: Bands | None,
    config: Config,
    executor: Executor,
    done: Callable[[int], None] | None = None,
) -> Harvest:
    """Take from each distinct segment that may match another one its prefix or band keys.

    Parameters
    ----------
    tally : Tally
        The hashes it keeps are gone afterwards.
    firsts : int32[d]
        First segment of each distinct row.
    searched : bool[d]
    levels : uint8[d]
    bands : Bands or None
        LSH with these bands, or the exact join.
    """
    from dedup.kernels import shingle as kernels

    distinct_of = np.full(len(survey.segments), -1, np.int32)
    distinct_of[firsts] = np.arange(len(firsts), dtype=np.int32)
    # Row -1, which stands for none, is the last one and not searched.
    searched = np.append(searched, False)
    levels = levels & np.uint8(searched_levels(config))

    def work(shard: int) -> Harvest:
        rows = slice(int(survey.shards[shard]), int(survey.shards[shard + 1]))
        kept = tally.kept[shard]
        hashes = tally.store.get(kept) if kept else None
        runs = _runs_again(articles, survey, rows, hashes, config)
        if tally.counters is None:
            assert tally.counts is not None
            assert kept is not None
            counts = tally.counts[kept]
        else:
            counts = np.empty(len(runs.hashes), np.uint8)
            kernels.look_up_counts(runs.hashes, tally.counters, counts)
        part = harvest(runs, counts, survey, rows, distinct_of[rows], searched, levels, bands, config)
        if kept:
            tally.store.drop(kept)
        if done:
            articles_of = survey.segments.articles[rows]
            done(int(articles.offsets[articles_of[-1] + 1] - articles.offsets[articles_of[0]]))
        return part

    full = [shard for shard in range(len(survey.shards) - 1) if survey.shards[shard] < survey.shards[shard + 1]]
    rows = Growing(np.int32, int(searched.sum()))
    anchor_keys, anchor_rows, anchor_places = Growing(np.uint64), Growing(np.int32), Growing(np.int32)
    keys: list[NDArray[np.uint32]] = [np.empty((0, bands.bands if bands else 0), np.uint32)]
    # A shingle has a byte of its own, and stands in a paragraph and in a sentence.
    table = PrefixTable(0, 0) if bands else PrefixTable(int(searched.sum()), 3 * len(articles.text) + len(searched))
    for part in executor.map(work, full):
        rows.add(part.rows)
        anchor_keys.add(part.anchors.keys)
        anchor_rows.add(part.anchors.rows)
        anchor_places.add(part.anchors.positions)
        if part.prefixes is not None:
            table.add(part.prefixes)
        if part.band_keys is not None:
            keys.append(part.band_keys)
    return Harvest(
        rows.array(),
        None if bands else table.prefixes(),
        np.concatenate(keys) if bands else None,
        Anchors(anchor_keys.array(), anchor_rows.array(), anchor_places.array()),
    )


def _runs_again(
    articles: Articles, survey: Survey, rows: slice, hashes: NDArray[np.uint32] | None, config: Config
) -> ShingleRuns:
    """Return the shingles of a shard's segments: from the kept hashes, or made anew."""
    if hashes is None:
        spans = survey.segments.starts[rows], survey.segments.ends[rows]
        return shingle_runs(char_ranges(articles, *spans, config), config.shingle.k)
    n_tokens, firsts = survey.n_tokens[rows].astype(np.int64), survey.token_firsts[rows]
    n_short = int(((n_tokens > 0) & (n_tokens < config.shingle.k)).sum())
    # The first row of a shard begins with its first token.
    return ShingleRuns(hashes, *run_bounds(firsts - firsts[0], n_tokens, len(hashes) - n_short, config.shingle.k))


def harvest(
    runs: ShingleRuns,
    counts: NDArray[np.uint8],
    survey: Survey,
    rows: slice,
    distinct: NDArray[np.int32],
    searched: NDArray[np.bool_],
    levels: NDArray[np.uint8],
    bands: Bands | None,
    config: Config,
) -> Harvest:
    """Return the prefixes or band keys, and the anchors, of some rows of the survey.

    Parameters
    ----------
    runs : ShingleRuns
        Of these rows.
    counts : uint8[t]
        How often each shingle of the runs was counted; 2 and more mean that it may stand elsewhere too.
    distinct : int32[m]
        The distinct row of each of the rows, if it stands for it, else -1.
    searched, levels : bool[d + 1], uint8[d]
        As in `second_pass`, with one more for -1.
    """
    from dedup.kernels import shingle as kernels

    shared = np.empty(len(runs.firsts), np.int32)
    kernels.count_shared(counts, runs.firsts, runs.lasts, shared)

    wanted = searched[distinct]
    paragraph = (survey.segments.parents[rows] < 0) & ((survey.segments.levels[rows] & Level.PARAGRAPH) != 0)
    anchors = _anchors(runs, counts, shared, wanted & paragraph, distinct, config)
    wanted &= can_match(runs.lasts - runs.firsts, shared, config.score.min_jaccard)
    mine, chosen = distinct[wanted], ShingleRuns(runs.hashes, runs.firsts[wanted], runs.lasts[wanted])
    if bands is None:
        return Harvest(mine, prefixes_of(chosen, counts, levels[mine], config.score.min_jaccard), None, anchors)
    return Harvest(mine, None, _band_keys(chosen, bands, config), anchors)


def _band_keys(runs: ShingleRuns, bands: Bands, config: Config) -> NDArray[np.uint32]:
    from dedup.kernels import minhash as kernels

    # The first cells of a longer signature are those of a shorter one only if the draws are the same: draw all.
    multipliers, addends = permutations(MinHashParams(config.minhash.num_perm, config.minhash.seed))
    used = bands.bands * bands.rows
    out = np.empty((len(runs.firsts), bands.bands), np.uint32)
    rows = (runs.hashes, runs.firsts, runs.lasts)
    kernels.band_keys_of_runs(*rows, multipliers[:used], addends[:used], bands.rows, out)
    return out


def _anchors(
    runs: ShingleRuns,
    counts: NDArray[np.uint8],
    shared: NDArray[np.int32],
    rows: NDArray[np.bool_],
    distinct: NDArray[np.int32],
    config: Config,
) -> Anchors:
    from dedup.kernels import passages as kernels

    run = config.passages.min_run - config.shingle.k + 1
    # The counts are of shingles of characters in that mode: they say nothing of runs of words.
    if run < 1 or config.shingle.unit != "word":
        return Anchors(np.empty(0, np.uint64), np.empty(0, np.int32), np.empty(0, np.int32))
    rows = rows & (shared >= run)
    window = max(1, ANCHOR_TOKENS - config.shingle.k + 1)
    size = 1024
    while True:
        keys, owners, positions = np.empty(size, np.uint64), np.empty(size, np.int32), np.empty(size, np.int32)
        used = kernels.find_anchors(
            runs.hashes, counts, runs.firsts[rows], runs.lasts[rows], run, min(window, run), keys, owners, positions
        )
        if used >= 0:
            return Anchors(keys[:used], distinct[rows][owners[:used]], positions[:used])
        size = -1 - used


def join_parts(parts: list[NDArray[Any]], kind: type[_T]) -> NDArray[_T]:
    """Return the parts as one array, and let go of them."""
    joined = np.empty(sum(map(len, parts)), parts[0].dtype if parts else kind)
    at = 0
    for part in parts:
        make_room()  # under a limit: all parts and all of the array at once may be over it
        joined[at : at + len(part)] = part
        at += len(part)
    parts.clear()
    return joined
