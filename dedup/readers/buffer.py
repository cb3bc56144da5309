"""Parsed records -> batches of articles over one growing text buffer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dedup.model import Articles, Skip, Strings
from dedup.readers.fields import Record


@dataclass(slots=True, eq=False)
class Rows:
    """The records of a stretch of one or more files, parsed, their text not yet in the buffer.

    Attributes
    ----------
    title_sizes, body_sizes : int64[n]
        In bytes.
    write : callable
        Fills a uint8 array of the sum of these sizes with title, body, title, body, and so on. Called once.
    ids, sources, urls, languages, tags : Strings
    dates, records, body_lines, file_rows : int64[n]
        As in `Articles`.
    skips : list of Skip
    read_bytes : int
        How much of the input this took.
    line_marks : int64[k, 2]
        As in `Articles`, positions from the start of what `write` fills.
    """

    title_sizes: NDArray[np.int64]
    body_sizes: NDArray[np.int64]
    write: Callable[[NDArray[np.uint8]], None]
    ids: Strings
    sources: Strings
    urls: Strings
    languages: Strings
    tags: Strings
    dates: NDArray[np.int64]
    records: NDArray[np.int64]
    body_lines: NDArray[np.int64]
    file_rows: NDArray[np.int64]
    skips: list[Skip]
    read_bytes: int = 0
    line_marks: NDArray[np.int64] = field(default_factory=lambda: np.empty((0, 2), np.int64))


@dataclass(slots=True)
class RowBuilder:
    """Collects records one by one; their text may come in several chunks."""

    skips: list[Skip] = field(default_factory=list)
    read_bytes: int = 0
    _records: list[Record] = field(default_factory=list)
    _numbers: list[tuple[int, int, int, int]] = field(default_factory=list)
    _parts: list[bytes | memoryview] = field(default_factory=list)
    _line_marks: list[tuple[int, int]] = field(default_factory=list)
    _size: int = 0

    def add(
        self,
        path: str,
        file_row: int,
        number: int,
        record: Record,
        *,
        body: Sequence[bytes | memoryview] | None = None,
        body_line: int = 0,
        line_marks: Sequence[tuple[int, int]] = (),
    ) -> None:
        """Add a record; ``body`` is its text where that is not in the record, ``line_marks`` count from its start."""
        chunks = [record.text] if body is None else body
        if not record.id:
            record = replace(record, id=default_id(path, number if body is None else 0))
        self._parts += [record.title, *chunks]
        self._records.append(record)
        body_size = sum(map(len, chunks))
        self._numbers.append((body_size, number, body_line, file_row))
        body_start = self._size + len(record.title)
        self._line_marks += [(body_start + position, line) for position, line in line_marks]
        self._size = body_start + body_size
        self.skips += [Skip(path, number, note) for note in record.notes]

    def take(self, path: str, file_row: int, number: int, record: Record | str) -> None:
        """Add a record, or a skip with why it is none."""
        if isinstance(record, str):
            self.skips.append(Skip(path, number, record))
        else:
            self.add(path, file_row, number, record)

    def rows(self) -> Rows:
        """Return what was collected; the builder is done with then."""
        numbers = np.array(self._numbers, np.int64).reshape(-1, 4)
        records = self._records
        return Rows(
            np.array([len(record.title) for record in records], np.int64),
            numbers[:, 0],
            self._write,
            strings_of([record.id for record in records]),
            strings_of([record.source for record in records]),
            strings_of([record.url for record in records]),
            strings_of([record.language for record in records]),
            strings_of([record.tags for record in records]),
            np.array([record.date for record in records], np.int64),
            numbers[:, 1],
            numbers[:, 2],
            numbers[:, 3],
            self.skips,
            self.read_bytes,
            np.array(self._line_marks, np.int64).reshape(-1, 2),
        )

    def _write(self, out: NDArray[np.uint8]) -> None:
        view, start = out.data, 0
        self._parts.reverse()
        while self._parts:  # each is freed as it is copied: a large text is not in memory twice
            part = self._parts.pop()
            view[start : start + len(part)] = part
            start += len(part)


def default_id(path: str, number: int) -> bytes:
    """Return the id of a record that has none; 0 is a file that is one article."""
    return (f"{path}:{number}" if number else path).encode("utf-8", "replace")


def strings_of(encoded: Sequence[bytes]) -> Strings:
    """Return a column of strings that are UTF-8 already."""
    offsets = np.zeros(len(encoded) + 1, np.int64)
    np.cumsum([len(one) for one in encoded], out=offsets[1:])
    return Strings(np.frombuffer(b"".join(encoded), np.uint8), offsets)


class TextBuffer:
    """One array that text is appended to; the system gives it memory page by page as it fills.

    Parameters
    ----------
    size_guess : int
        Bytes to reserve. A guess too large costs nothing; one too small costs a copy at each doubling.
    """

    def __init__(self, size_guess: int) -> None:
        self._data = _reserve(max(size_guess, 1 << 16))
        self._writing: list[Future[None]] = []
        self.size = 0

    def extend(self, size: int, write: Callable[[NDArray[np.uint8]], None], pool: Executor | None = None) -> None:
        """Append ``size`` bytes that ``write`` fills in; with a pool, on one of its threads, and later."""
        end = self.size + size
        if end > len(self._data):
            self.wait()
            grown = _reserve(max(2 * len(self._data), end), least=end)
            grown[: self.size] = self._data[: self.size]
            self._data = grown  # arrays given out before keep the old one, whose bytes are the same
        if pool is None:
            write(self._data[self.size : end])
        else:
            self._writing.append(pool.submit(write, self._data[self.size : end]))
        self.size = end

    def wait(self) -> None:
        """Wait until all is written that was to be."""
        while self._writing:
            self._writing.pop().result()

    def text(self) -> NDArray[np.uint8]:
        """Return what is filled, not copied."""
        self.wait()
        return self._data[: self.size]


def _reserve(size: int, least: int = 1 << 16) -> NDArray[np.uint8]:
    while True:
        try:
            return np.empty(size, np.uint8)
        except MemoryError:
            if size <= least:
                raise
            size = max(size // 2, least)


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Some articles of a feed, as soon as they are read.

    Attributes
    ----------
    first_article : int
        Number of its first article in the whole feed.
    articles : Articles
        The articles of this batch alone. Its ``text`` is the buffer from the beginning of the feed to the end of the
        batch, so its positions are those of the whole feed, and ``offsets[0]`` is where the batch starts.
    read_bytes : int
        How much of the input this batch took.
    """

    first_article: int
    articles: Articles
    read_bytes: int


class BatchWriter:
    """Appends rows to a text buffer and makes batches of them."""

    def __init__(self, files: tuple[str, ...], size_guess: int) -> None:
        self._files = files
        self.formats = [""] * len(files)  # each is known when its file is opened
        self._buffer = TextBuffer(size_guess)
        self._pending: list[Rows] = []
        self._n_articles = 0
        self._start = 0

    def add(self, rows: Rows, pool: Executor | None = None) -> None:
        """Take the text of ``rows`` over into the buffer, on a thread of the pool if there is one."""
        size = int(rows.title_sizes.sum() + rows.body_sizes.sum())
        rows.line_marks[:, 0] += self._buffer.size
        self._buffer.extend(size, rows.write, pool)
        rows.write = _written  # and with it goes what it held
        self._pending.append(rows)

    @property
    def pending_bytes(self) -> int:
        """How much text no batch has yet."""
        return self._buffer.size - self._start

    def batch(self) -> Batch:
        """Return what was added since the last batch."""
        pending = self._pending
        titles, bodies = (_joined([getattr(rows, name) for rows in pending]) for name in ("title_sizes", "body_sizes"))
        offsets = np.zeros(len(titles) + 1, np.int64)
        np.cumsum(titles + bodies, out=offsets[1:])
        offsets += self._start
        articles = Articles(
            text=self._buffer.text(),
            offsets=offsets,
            body_starts=offsets[:-1] + titles,
            ids=join_strings([rows.ids for rows in pending]),
            sources=join_strings([rows.sources for rows in pending]),
            urls=join_strings([rows.urls for rows in pending]),
            languages=join_strings([rows.languages for rows in pending]),
            tags=join_strings([rows.tags for rows in pending]),
            dates=_joined([rows.dates for rows in pending]),
            files=self._files,
            file_rows=_joined([rows.file_rows for rows in pending]).astype(np.int32),
            records=_joined([rows.records for rows in pending]),
            body_lines=_joined([rows.body_lines for rows in pending]),
            skips=tuple(skip for rows in pending for skip in rows.skips),
            formats=tuple(self.formats),
            line_marks=np.concatenate([np.empty((0, 2), np.int64), *(rows.line_marks for rows in pending)]),
        )
        batch = Batch(self._n_articles, articles, sum(rows.read_bytes for rows in pending))
        self._n_articles += len(articles)
        self._start = self._buffer.size
        self._pending = []
        return batch


def _written(_out: NDArray[np.uint8]) -> None:
    raise ValueError("these rows have been written already")


def _joined(columns: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    return np.concatenate([np.empty(0, np.int64), *columns])


def join_strings(columns: Sequence[Strings]) -> Strings:
    """Return the strings of all columns in one."""
    sizes = [np.diff(column.offsets) for column in columns]
    offsets = np.concatenate([np.zeros(1, np.int64), *sizes]).astype(np.int64)
    np.cumsum(offsets, out=offsets)
    values = np.concatenate([np.empty(0, np.uint8), *(c.values[c.offsets[0] : c.offsets[-1]] for c in columns)])
    return Strings(values, offsets)


def join_batches(batches: Iterable[Batch]) -> Articles:
    """Return all articles of a feed from its batches, in the order they came; the text is not copied.

    Articles with one id are as they were given; `dedup.readers.versions.settle_ids` makes versions of them.
    """
    parts = [batch.articles for batch in batches]
    if not parts:
        return BatchWriter((), 0).batch().articles
    columns: dict[str, Any] = {
        name: np.concatenate([getattr(part, name) for part in parts])
        for name in ("body_starts", "dates", "file_rows", "records", "body_lines", "line_marks")
    }
    return Articles(
        text=parts[-1].text,
        offsets=np.concatenate([np.zeros(1, np.int64), *(part.offsets[1:] for part in parts)]),
        ids=join_strings([part.ids for part in parts]),
        sources=join_strings([part.sources for part in parts]),
        urls=join_strings([part.urls for part in parts]),
        languages=join_strings([part.languages for part in parts]),
        tags=join_strings([part.tags for part in parts]),
        files=parts[-1].files,
        formats=parts[-1].formats,
        skips=tuple(skip for part in parts for skip in part.skips),
        **columns,
    )
