"""Batches of articles -> segments, words, shingle counts, band keys and anchors, as Arrow batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup.arrays import sorted_unique
from dedup.config import Config
from dedup.lsh import Bands
from dedup.model import NO_DATE, Articles, Level, Passages, Relations, Strings
from dedup.passes import Cut, Survey, cut_articles, harvest, runs_of, searched_levels
from dedup.score import DocumentFrequencies, Vocabulary, vocabulary_of
from dedup.shingles import Ranges
from dedup.tokens import TokenSpace, tokenize

Table: TypeAlias = Any  # pyarrow.Table or RecordBatch: pyarrow has no types
Columns: TypeAlias = dict[str, NDArray[Any]]

#: Where an article has no date: after all others.
LAST = np.iinfo(np.int64).max

#: What the functions of this module return, as the engine's schemas.
SEGMENTS = (
    "article long, date long, segment int, level byte, n_tokens int, first int, start_byte int, end_byte int, "
    "parent int, parent_id long, id long"
)
WORDS = "word long, documents long"
#: Of a segment its levels and band keys, four bytes each; of an anchor its key and position.
KEYS = "kind byte, key long, id long, position int, levels byte, bands binary"
BAND, ANCHOR = 0, 1


def columns_of(table: Table) -> Columns:
    """Return the columns of numbers as arrays.

    They are copies: Arrow's memory cannot be written to, and a kernel is compiled once more for arrays that are so.
    """
    names = [field.name for field in table.schema if not _is_binary(field.type)]
    return {name: np.array(table.column(name).to_numpy(zero_copy_only=False)) for name in names}


def _is_binary(kind: Any) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def make_batch(**columns: Any) -> Table:
    """Return columns of equal length as a batch; lists of bytes become binary."""
    arrays = {name: pa.array(column) for name, column in columns.items()}
    return pa.record_batch(list(arrays.values()), names=list(arrays))


def texts_of(column: Any) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return a binary column as one buffer, and the offsets of its rows: uint8[total], int64[n + 1]."""
    array = column.cast(pa.large_binary())
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks() if array.num_chunks else pa.array([], pa.large_binary())
        if isinstance(array, pa.ChunkedArray):  # older versions keep one chunk
            array = array.chunk(0)
    _, offsets, values = array.buffers()
    if not len(array):
        return np.empty(0, np.uint8), np.zeros(1, np.int64)
    starts = np.frombuffer(offsets, np.int64)[array.offset : array.offset + len(array) + 1]
    text = np.frombuffer(values, np.uint8)[starts[0] : starts[-1]] if values is not None else np.empty(0, np.uint8)
    return text.copy(), starts - starts[0]  # a copy, for the reason that `columns_of` gives


def articles_of_batch(table: Table) -> Articles:
    """Return the rows of a batch (article, date, text, body_start) as articles, with nothing but text and dates."""
    columns = columns_of(table)
    text, offsets = texts_of(table.column("text"))
    n = len(offsets) - 1
    empty = Strings(np.empty(0, np.uint8), np.zeros(n + 1, np.int64))
    zeros = np.zeros(n, np.int64)
    dates = np.where(columns["date"] == LAST, NO_DATE, columns["date"])
    return Articles(
        text=text,
        offsets=offsets,
        body_starts=offsets[:-1] + columns["body_start"],
        ids=empty,
        sources=empty,
        urls=empty,
        languages=empty,
        tags=empty,
        dates=dates,
        files=(),
        file_rows=zeros.astype(np.int32),
        records=zeros,
        body_lines=zeros,
    )


def row_ids(keys: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return the ids of distinct rows, in the order of their keys; engines have no unsigned numbers."""
    return (keys ^ np.uint64(1 << 63)).view(np.int64)


def cut_batch(articles: Articles, config: Config) -> Cut:
    """Return the segments and tokens of all articles of a batch."""
    return cut_articles(articles, (0, len(articles)), config, TokenSpace())


def segment_articles(batches: Iterable[Table], config: Config) -> Iterator[Table]:
    """Return `SEGMENTS`; positions count from the start of the article's text, tokens from its first."""
    for batch in batches:
        if not batch.num_rows:
            continue
        articles = articles_of_batch(batch)
        cut, numbers = cut_batch(articles, config), columns_of(batch)["article"]
        segments = cut.segments
        order = np.argsort(segments.articles, kind="stable")
        owners, parents = segments.articles[order], segments.parents[order]
        begins = np.searchsorted(owners, np.arange(len(articles)))
        in_article = np.arange(len(order)) - begins[owners]
        place = np.empty(len(order), np.int64)
        place[order] = in_article
        firsts, ids = cut.ranges.firsts[order], row_ids(cut.keys)
        has_parent = parents >= 0
        yield make_batch(
            article=numbers[owners],
            date=np.where(articles.dates[owners] == NO_DATE, LAST, articles.dates[owners]),
            segment=in_article.astype(np.int32),
            level=segments.levels[order].astype(np.int8),
            n_tokens=cut.n_tokens[order],
            first=(firsts - firsts[begins[owners]]).astype(np.int32),
            start_byte=(segments.starts[order] - articles.offsets[owners]).astype(np.int32),
            end_byte=(segments.ends[order] - articles.offsets[owners]).astype(np.int32),
            parent=np.where(has_parent, place[parents], -1).astype(np.int32),
            parent_id=np.where(has_parent, ids[parents], 0),
            id=ids[order],
        )


def count_words(batches: Iterable[Table], config: Config) -> Iterator[Table]:
    """Return `WORDS` of the documents of all batches together, equal documents included."""
    frequencies = DocumentFrequencies()
    for batch in batches:
        frequencies.add(cut_batch(articles_of_batch(batch), config).documents())
    yield _words(frequencies, 1)


def uncount_words(batches: Iterable[Table], config: Config) -> Iterator[Table]:
    """Return `WORDS` of documents given as text, as numbers to be taken away."""
    frequencies = DocumentFrequencies()
    for batch in batches:
        text, offsets = texts_of(batch.column("text"))
        tokens = tokenize(text, offsets[:-1], offsets[1:], config.tokens)
        frequencies.add(Ranges(tokens.values, tokens.offsets[:-1], tokens.offsets[1:]))
    yield _words(frequencies, -1)


def _words(frequencies: DocumentFrequencies, sign: int) -> Table:
    vocabulary = frequencies.vocabulary()
    return make_batch(word=vocabulary.keys.view(np.int64), documents=sign * vocabulary.counts)


@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """Words that stand in several documents; all others stand in one.

    Attributes
    ----------
    keys : uint64[t]
        Token hashes, ascending.
    counts : int32[t]
        Documents that have the word: 2 and more.
    n_documents : int
    """

    keys: NDArray[np.uint64]
    counts: NDArray[np.int32]
    n_documents: int

    def vocabulary(self, values: NDArray[np.uint64]) -> Vocabulary:
        """Return the vocabulary of some tokens, with the frequencies of the corpus.

        Ids are in the order of the keys, as those of the whole vocabulary are: sums over them come out the same.
        """
        keys = sorted_unique(values)
        at = np.minimum(np.searchsorted(self.keys, keys), max(len(self.keys) - 1, 0))
        counts = np.ones(len(keys), np.int64)
        if len(self.keys):
            found = self.keys[at] == keys
            counts[found] = self.counts[at[found]]
        return vocabulary_of(keys, counts, self.n_documents)


def harvest_articles(
    batches: Iterable[Table], config: Config, bands: Bands, shared: NDArray[np.uint8]
) -> Iterator[Table]:
    """Return `KEYS`: the bands and the anchors of segments that may match another one.

    Parameters
    ----------
    shared : uint8[counters / 8]
        A bit for each counter of shingles, set if it was met more than once.
    """
    from dedup.kernels import shingle as kernels

    for batch in batches:
        if not batch.num_rows:
            continue
        articles = articles_of_batch(batch)
        cut = cut_batch(articles, config)
        segments, ids = cut.segments, row_ids(cut.keys)
        runs, _ = runs_of(articles, cut, config)
        counts = np.empty(len(runs.hashes), np.uint8)
        kernels.look_up_bits(runs.hashes, shared, counts)
        n = len(segments)
        levels = segments.levels & np.uint8(searched_levels(config))
        searched = (cut.n_tokens >= config.shingle.min_tokens) & (levels != 0)
        # Of equal rows one is enough; but a paragraph has anchors, and a sentence of the same words has none.
        paragraph = (segments.parents < 0) & ((segments.levels & Level.PARAGRAPH) != 0)
        stands_for = np.full(n, -1, np.int32)
        for rows in (np.flatnonzero(searched & paragraph), np.flatnonzero(searched & ~paragraph)):
            first = rows[np.unique(ids[rows], return_index=True)[1]]
            stands_for[first] = first
        survey = Survey(segments, cut.n_tokens, cut.ranges.firsts, np.array([0, n]))
        found = harvest(
            runs, counts, survey, slice(0, n), stands_for, np.append(searched, False), levels, bands, config
        )
        assert found.band_keys is not None
        # Equal segments of other levels, of which others stand for.
        rows_of = np.unique(ids[searched], return_inverse=True)
        together = np.zeros(len(rows_of[0]), np.uint8)
        np.bitwise_or.at(together, rows_of[1], levels[searched])
        mine = ids[found.rows]
        packed = found.band_keys.astype("<u4").tobytes()
        width = 4 * bands.bands
        n, anchors = len(mine), found.anchors
        none = len(anchors.keys)
        yield make_batch(
            kind=np.repeat(np.array([BAND, ANCHOR], np.int8), [n, none]),
            key=np.append(np.zeros(n, np.int64), anchors.keys.view(np.int64)),
            id=np.append(mine, ids[anchors.rows]),
            position=np.append(np.zeros(n, np.int32), anchors.positions),
            levels=np.append(together[np.searchsorted(rows_of[0], mine)].astype(np.int8), np.zeros(none, np.int8)),
            bands=[packed[i * width : (i + 1) * width] for i in range(n)] + [b""] * none,
        )


def passages_of(
    columns: Columns,
    left: NDArray[np.int32],
    right: NDArray[np.int32],
    left_shift: NDArray[np.int64] | int = 0,
    right_shift: NDArray[np.int64] | int = 0,
) -> Passages:
    """Return columns of `PASSAGES` (of `relating`) as a table of articles ``left`` and ``right``, positions shifted."""
    return Passages(
        left_articles=left,
        right_articles=right,
        left_starts=columns["left_start"].astype(np.int64) + left_shift,
        left_ends=columns["left_end"].astype(np.int64) + left_shift,
        right_starts=columns["right_start"].astype(np.int64) + right_shift,
        right_ends=columns["right_end"].astype(np.int64) + right_shift,
        left_tokens=columns["left_tokens"],
        right_tokens=columns["right_tokens"],
        matched=columns["matched"],
        jaccard=columns["jaccard"],
        containment=columns["containment"],
        cosine=columns["cosine"],
        levels=columns["level"].astype(np.uint8),
        numbers_changed=columns["numbers_changed"],
    )


def relations_of(
    columns: Columns, left: NDArray[np.int32], right: NDArray[np.int32], rows: NDArray[np.int64]
) -> Relations:
    """Return the relations that stand beside these rows of passages."""
    return Relations(
        left[rows],
        right[rows],
        columns["relation"][rows].astype(np.uint8),
        columns["left_coverage"][rows],
        columns["right_coverage"][rows],
    )
