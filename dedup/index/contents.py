"""Articles -> what an archive keeps to find them again: keys of segments, sketches, anchors, words."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dedup import collapse, lsh, minhash, passes, score
from dedup.config import Config
from dedup.gather import word_ranges
from dedup.model import Articles, Level
from dedup.passages import ANCHOR_TOKENS
from dedup.passes import Survey
from dedup.shingles import Ranges, Shingles, shingle, shingle_runs

#: Segments that are described at once.
_SLICE = 5_000
#: An anchor of the archive has this share of the tokens of a run, for a run to be found through it: longer ones stand
#: in fewer places by chance, and there are more of them to keep.
_ANCHOR_SHARE = 0.6


@dataclass(frozen=True, slots=True, eq=False)
class Described:
    """What distinct segments are found by.

    Attributes
    ----------
    sets : Shingles
        ``n`` rows; empty for a segment that is not searched.
    bitmaps : uint64[n, 2]
        A bit for each shingle: two sets that share many have most bits in common.
    titles : bool[n]
        Only titles are compared with titles.
    anchors : uint32[a]
        Hashes of windows of tokens of paragraphs, of which each run of ``min_run`` tokens has one.
    anchor_rows : int64[a]
        The row of each.
    """

    sets: Shingles
    bitmaps: NDArray[np.uint64]
    titles: NDArray[np.bool_]
    anchors: NDArray[np.uint32]
    anchor_rows: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.titles)

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Distinct shingles of each segment: int64[n]."""
        return np.diff(self.sets.offsets)

    @property
    def searched(self) -> NDArray[np.int64]:
        """The rows that have shingles: int64[s]."""
        return np.flatnonzero(self.sizes)


@dataclass(frozen=True, slots=True, eq=False)
class Contents:
    """The distinct segments of some articles.

    Attributes
    ----------
    articles : Articles
    config : Config
    survey : Survey
    distinct : collapse.Distinct
        ``d`` rows.
    keys : uint64[d]
        Ascending.
    owners, places : int64[p]
        Row and article of each place where a row stands, once for each pair.
    is_document : bool[p]
        The place is a paragraph or a title, and so counts for document frequencies.
    """

    articles: Articles
    config: Config
    survey: Survey
    distinct: collapse.Distinct
    keys: NDArray[np.uint64]
    owners: NDArray[np.int64]
    places: NDArray[np.int64]
    is_document: NDArray[np.bool_]

    @property
    def documents(self) -> NDArray[np.bool_]:
        """Rows that are a paragraph or a title somewhere: bool[d]."""
        found = np.zeros(len(self.keys), np.bool_)
        found[self.owners[self.is_document]] = True
        return found

    def searched(self) -> NDArray[np.bool_]:
        """Rows that a run searches: bool[d]."""
        searched: NDArray[np.bool_] = self.survey.n_tokens[self.distinct.firsts] >= self.config.shingle.min_tokens
        searched &= (self.distinct.levels & np.uint8(passes.searched_levels(self.config))) != 0
        return searched


def contents_of(articles: Articles, config: Config, executor: Executor) -> Contents:
    """Return the distinct segments of some articles, in the order of their keys."""
    survey, keys, _ = passes.first_pass(articles, config, executor)
    distinct = collapse.collapse(keys, survey.n_tokens, survey.segments.levels)
    owners = np.repeat(np.arange(len(distinct)), distinct.counts)
    places = survey.segments.articles[distinct.members].astype(np.int64)
    document = (survey.segments.levels[distinct.members] & (Level.TITLE | Level.PARAGRAPH)) != 0
    # One row a pair: the first of those that are equal, a document before others.
    order = np.lexsort((~document, places, owners))
    owners, places, document = owners[order], places[order], document[order]
    first = np.ones(len(owners), np.bool_)
    first[1:] = (owners[1:] != owners[:-1]) | (places[1:] != places[:-1])
    return Contents(
        articles, config, survey, distinct, keys[distinct.firsts], owners[first], places[first], document[first]
    )


def describe(contents: Contents, rows: NDArray[np.int64], executor: Executor) -> Described:
    """Return what some rows are found by."""
    searched = contents.searched()[rows]
    firsts = contents.distinct.firsts[rows]
    segments = contents.survey.segments
    spans = segments.starts[firsts], segments.ends[firsts]
    titles = (segments.levels[firsts] & Level.TITLE) != 0
    levels = contents.distinct.levels[rows]
    paragraphs = searched & ((levels & Level.PARAGRAPH) != 0) & ~titles

    def work(part: slice) -> Described:
        return _describe(contents, spans[0][part], spans[1][part], searched[part], titles[part], paragraphs[part])

    parts = list(executor.map(work, [slice(i, i + _SLICE) for i in range(0, len(rows), _SLICE)]))
    shifts = range(0, len(rows), _SLICE)
    empty = np.zeros(1, np.int64)
    return Described(
        Shingles(
            np.concatenate([np.empty(0, np.uint32), *(part.sets.values for part in parts)]),
            np.cumsum(np.concatenate([empty, *(part.sizes for part in parts)])),
        ),
        np.concatenate([np.empty((0, 2), np.uint64), *(part.bitmaps for part in parts)]),
        titles,
        np.concatenate([np.empty(0, np.uint32), *(part.anchors for part in parts)]),
        np.concatenate([empty[:0], *(part.anchor_rows + shift for part, shift in zip(parts, shifts, strict=True))]),
    )


def _describe(
    contents: Contents,
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    searched: NDArray[np.bool_],
    titles: NDArray[np.bool_],
    paragraphs: NDArray[np.bool_],
) -> Described:
    from dedup.kernels import index as kernels

    articles, config = contents.articles, contents.config
    ends = np.where(searched, ends, starts)  # nothing to be found by
    words = word_ranges(articles, starts, ends, config)
    by_word = config.shingle.unit == "word"
    units = words if by_word else passes.char_ranges(articles, starts, ends, config)
    sets = shingle(units, config.shingle)
    bitmaps = np.empty((len(starts), 2), np.uint64)
    kernels.fill_bitmaps(sets.values, sets.offsets, bitmaps)
    anchors, rows = (
        anchors_of(words, paragraphs, config) if by_word else (np.empty(0, np.uint32), np.empty(0, np.int64))
    )
    return Described(sets, bitmaps, titles, anchors, rows)


def anchors_of(
    words: Ranges, wanted: NDArray[np.bool_], config: Config
) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Return all anchors of some ranges of tokens, and the row of each: equal runs of ``min_run`` tokens share one.

    In one run the passages are looked for where shingles stand elsewhere too. An archive does not know what will come.
    """
    from dedup.kernels import passages as kernels

    k = config.shingle.k
    run = config.passages.min_run - k + 1
    if run < 1 or config.passages.min_run == 0:
        return np.empty(0, np.uint32), np.empty(0, np.int64)
    tokens = max(ANCHOR_TOKENS, int(_ANCHOR_SHARE * config.passages.min_run))
    window = min(run, max(1, tokens - k + 1))
    chosen = np.flatnonzero(wanted)
    runs = shingle_runs(Ranges(words.values, words.firsts[chosen], words.lasts[chosen]), k)
    counts = np.full(len(runs.hashes), 255, np.uint8)
    size = len(runs.hashes) // 2 + 16
    while True:
        keys, owners, positions = np.empty(size, np.uint64), np.empty(size, np.int32), np.empty(size, np.int32)
        used = kernels.find_anchors(runs.hashes, counts, runs.firsts, runs.lasts, run, window, keys, owners, positions)
        if used >= 0:
            break
        size = -1 - used
    return (keys[:used] >> np.uint64(32)).astype(np.uint32), chosen[owners[:used]]


def archive_bands(config: Config) -> lsh.Bands:
    """Return the bands of an archive with these settings."""
    return lsh.choose_bands(config.score.min_jaccard, config.lsh, config.minhash.num_perm)


def band_keys(sets: Shingles, searched: NDArray[np.int64], config: Config, executor: Executor) -> NDArray[np.uint32]:
    """Return the band keys of some rows of a table of shingles, which all have one: uint32[n, bands]."""
    from dedup.kernels import minhash as kernels

    bands = archive_bands(config)
    multipliers, addends = minhash.permutations(config.minhash)
    used = bands.bands * bands.rows
    firsts, lasts = sets.offsets[searched], sets.offsets[searched + 1]
    out = np.empty((len(searched), bands.bands), np.uint32)

    def work(part: slice) -> None:
        rows = (sets.values, firsts[part], lasts[part])
        kernels.band_keys_of_runs(*rows, multipliers[:used], addends[:used], bands.rows, out[part])

    step = 4 * _SLICE
    list(executor.map(work, [slice(i, i + step) for i in range(0, len(searched), step)]))
    return out


def signatures(sets: Shingles, searched: NDArray[np.int64], config: Config, executor: Executor) -> NDArray[np.uint32]:
    """Return the signatures of some rows of a table of shingles: uint32[n, num_perm]."""
    chosen = take_sets(sets, searched)

    def work(part: slice) -> NDArray[np.uint32]:
        bounds = chosen.offsets[part.start : part.stop + 1]
        return minhash.sign(Shingles(chosen.values[bounds[0] : bounds[-1]], bounds - bounds[0]), config.minhash)

    parts = executor.map(work, [slice(i, i + _SLICE) for i in range(0, len(searched), _SLICE)])
    return np.concatenate([np.empty((0, config.minhash.num_perm), np.uint32), *parts])


def take_sets(sets: Shingles, rows: NDArray[np.int64]) -> Shingles:
    """Return some rows of a table of shingles."""
    lengths = np.diff(sets.offsets)[rows]
    offsets = np.append(0, np.cumsum(lengths)).astype(np.int64)
    at = np.repeat(sets.offsets[:-1][rows] - offsets[:-1], lengths) + np.arange(offsets[-1])
    return Shingles(sets.values[at], offsets)


def words_of(
    contents: Contents, rows: NDArray[np.int64], executor: Executor
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Return the words of some rows (token hashes, ascending), and in how many of these rows each stands."""
    firsts = contents.distinct.firsts[rows]
    segments = contents.survey.segments
    frequencies = score.DocumentFrequencies()

    def work(part: slice) -> None:
        frequencies.add(
            word_ranges(contents.articles, segments.starts[firsts[part]], segments.ends[firsts[part]], contents.config)
        )

    list(executor.map(work, [slice(i, i + _SLICE) for i in range(0, len(rows), _SLICE)]))
    vocabulary = frequencies.vocabulary()
    return vocabulary.keys, vocabulary.counts


#: Makes more of `Contents` when a store asks for it.
Describe = Callable[[NDArray[np.int64]], Described]


def with_text(articles: Articles) -> Articles:
    """Return the articles with a text buffer of their own that starts with the first of them."""
    start, end = int(articles.offsets[0]), int(articles.offsets[-1])
    return replace(
        articles,
        text=articles.text[start:end],
        offsets=articles.offsets - start,
        body_starts=articles.body_starts - start,
        line_marks=articles.line_marks - np.array([start, 0]),
    )
