"""An archive in one file: tables of SQLite for articles, blobs of sorted numbers for what they are found by."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dedup.arrays import sorted_unique
from dedup.config import Config
from dedup.index import sketches
from dedup.index.contents import Described, band_keys
from dedup.index.database import ANCHORS, BANDS, POSTINGS, SEGMENTS, WORDS, check_head, connect, create, told
from dedup.index.filearticles import read_articles, read_heads, write_articles
from dedup.index.postings import Entries, PostingFile
from dedup.index.runs import RunWriter, sorted_entries
from dedup.index.settings import keeps_of
from dedup.index.store import Addition, Counts, Heads, Pairs, Postings, settings_in
from dedup.model import Articles

#: How long a writer waits for another one.
WAIT_SECONDS = 20.0
#: So many runs of one size become one: reading costs a block of each, and what is cut fine fills no pages.
_MERGED_RUNS = 4


class FileStore:
    """An archive in one file.

    Parameters
    ----------
    path : Path
    executor : concurrent.futures.Executor
        Of threads, for what is computed.
    writable : bool
    wait_seconds : float, optional
        For another writer to end; `WAIT_SECONDS`, if not given.

    Raises
    ------
    IndexFormatError
        The file is not an archive, or one of another version, or damaged.
    DedupError
        It does not exist or cannot be opened.
    """

    def __init__(
        self, path: Path, executor: Executor, *, writable: bool = True, wait_seconds: float | None = None
    ) -> None:
        self.name = str(path)
        self.executor = executor
        wait_seconds = WAIT_SECONDS if wait_seconds is None else wait_seconds
        self._wait_seconds = wait_seconds
        self._depth = 0
        check_head(path)
        with self._told():
            self._db = connect(path, writable=writable, wait_seconds=wait_seconds)
            try:
                self._meta = dict(self._db.execute("SELECT name, value FROM meta"))
            except BaseException:
                self._db.close()
                raise
        try:
            self._settings = settings_in(self.name, self._meta.get("format_version"), self._meta.get("settings"))
        except BaseException:
            self._db.close()
            raise
        self.config: Config | None = None
        self._postings = PostingFile(self._db)
        self._bounds: NDArray[np.int64] | None = None
        self._span: tuple[int, int] | None = None

    @classmethod
    def create(cls, path: Path, settings: Mapping[str, object]) -> None:
        """Make an empty archive, as `dedup.index.database.create` does."""
        create(path, settings)

    def settings(self) -> Mapping[str, object]:
        """Return the settings that the archive was created with."""
        return self._settings

    def configure(self, config: Config) -> None:
        """Set what band keys are made with."""
        self.config = config

    @contextmanager
    def _told(self) -> Iterator[None]:
        with told(self.name, self._wait_seconds):
            yield

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Return a context in which everything is written, or nothing if it does not end well."""
        with self._told():
            if self._depth:
                yield
                return
            self._db.execute("BEGIN IMMEDIATE")
            self._depth += 1
            self._load()
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
            finally:
                self._depth -= 1
                self._load()
            # What is in the log is safe there; where a reader holds it, it is moved later.
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Return a context in which what is read belongs together, whatever is written meanwhile."""
        with self._told():
            if self._depth:
                yield
                return
            self._db.execute("BEGIN")
            self._depth += 1
            try:
                self._load()
                yield
            finally:
                self._depth -= 1
                self._db.execute("COMMIT")

    def _load(self) -> None:
        self._meta = dict(self._db.execute("SELECT name, value FROM meta"))
        self._postings.load()
        self._bounds = self._span = None

    def _sketches(self, numbers: NDArray[np.int64]) -> sketches.Sketches:
        if self._bounds is None:
            self._bounds = sketches.bounds_of(self._db)
        return sketches.read(self._db, self._bounds, numbers)

    def _number(self, name: str, change: int = 0) -> int:
        if change:
            self._db.execute("UPDATE meta SET value = CAST(value AS INTEGER) + ? WHERE name = ?", (change, name))
        (found,) = self._db.execute("SELECT CAST(value AS INTEGER) FROM meta WHERE name = ?", (name,)).fetchone()
        return int(found)

    def add(self, addition: Addition) -> None:
        """Take articles in."""
        with self.writing():
            numbers = write_articles(self._db, addition.articles, addition.contents, self.executor)
            self._span = None
            asked, known = self.segments_of(addition.keys)
            rows = np.full(len(addition.keys), -1, np.int64)
            rows[asked] = known.astype(np.int64)
            new = np.flatnonzero(rows < 0)
            was_document = self._documents(rows)
            first = self._number("segments")
            rows[new] = first + np.arange(len(new))
            self._number("segments", len(new))
            described = addition.describe(new)
            sketches.write(self._db, first, addition.keys[new], described)
            self._bounds = None
            run = self._new_run(len(new))
            run.write(SEGMENTS, 0, lambda: (addition.keys[new], rows[new]))
            self._write_bands(run, described, rows[new])
            later = np.flatnonzero(addition.documents & ~was_document)
            anchors, owners = described.anchors, rows[new][described.anchor_rows]
            # A sentence that is now seen as a paragraph: it was not looked for by its runs so far.
            grown = np.setdiff1d(later, new)
            if len(grown):
                again = addition.describe(grown)
                anchors = np.append(anchors, again.anchors)
                owners = np.append(owners, rows[grown][again.anchor_rows])
            run.write(ANCHORS, 0, lambda: sorted_entries(anchors.astype(np.uint64), owners))
            values = numbers[addition.places] << 1 | addition.is_document
            run.write(POSTINGS, 0, lambda: sorted_entries(rows[addition.owners].astype(np.uint64), values))
            words, counts = addition.words(later)
            run.write(WORDS, 0, lambda: (words, counts << 1))
            run.end()
            self._number("documents", len(later))

    def _documents(self, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Tell which segments (-1 for none) stand in an article as a paragraph or title."""
        found = np.zeros(len(rows), np.bool_)
        asked = np.flatnonzero(rows >= 0)
        postings = self.postings(rows[asked].astype(np.uint64))
        found[asked[postings.asked[postings.is_document]]] = True
        return found

    def _write_bands(self, run: RunWriter, described: Described, rows: NDArray[np.int64]) -> None:
        assert self.config is not None
        searched = described.searched
        keys = band_keys(described.sets, searched, self.config, self.executor)
        numbers = rows[searched].astype(np.uint32)

        def sort(band: int) -> Entries:
            from dedup.kernels.sort import radix_argsort

            column, order = keys[:, band].copy(), numbers.copy()
            radix_argsort(column, 32, order, np.empty_like(column), np.empty_like(order))
            return column.astype(np.uint64), order.astype(np.int64)

        for band in range(keys.shape[1]):
            run.write(BANDS, band, partial(sort, band))

    def _new_run(self, segments: int) -> RunWriter:
        """Begin a run, which takes in those that are hardly larger if they are too many with it, and so on."""
        left = dict(self._db.execute("SELECT id, segments FROM runs").fetchall())
        absorbed: list[int] = []
        total = segments
        while len(alike := [run for run, size in left.items() if size <= 2 * total]) + 1 >= _MERGED_RUNS:
            absorbed += alike
            total += sum(left.pop(run) for run in alike)
        return RunWriter(self._db, self._postings, segments, absorbed, self.executor)

    def remove(self, numbers: NDArray[np.int64], removal: Addition) -> None:
        """Take articles out; ``removal`` has the segments of their texts."""
        with self.writing():
            listed = json.dumps(numbers.tolist())
            for table in ("articles", "texts"):
                self._db.execute(f"DELETE FROM {table} WHERE id IN (SELECT value FROM json_each(?))", (listed,))
            self._span = None
            documents = np.flatnonzero(removal.documents)
            asked, rows = self.segments_of(removal.keys[documents])
            gone = documents[asked[~self._documents(rows.astype(np.int64))]]
            words, counts = removal.words(gone)
            run = self._new_run(0)
            run.write(WORDS, 0, lambda: (words, (counts << 1) - 1))
            run.end()
            self._number("documents", -len(gone))
            self._db.execute("DELETE FROM files WHERE id NOT IN (SELECT file FROM articles)")

    def segments_of(self, keys: NDArray[np.uint64]) -> Pairs:
        """Return the numbers of segments, from their keys."""
        asked, numbers = self._postings.find(SEGMENTS, 0, keys)
        return asked, numbers.astype(np.uint64)

    def keys_of(self, segments: NDArray[np.uint64]) -> NDArray[np.uint64]:
        """Return the keys of segments."""
        return self._sketches(segments.astype(np.int64)).keys

    def similar(self, described: Described) -> Pairs:
        """Return pairs of a row and a segment that share a band and may reach the least Jaccard."""
        assert self.config is not None
        searched = described.searched
        keys = band_keys(described.sets, searched, self.config, self.executor)
        packed = [np.empty(0, np.int64)]
        for asked, numbers in self._postings.find_in_parts(BANDS, keys.astype(np.uint64), self.executor):
            packed.append(searched[asked] << 32 | numbers)
        pairs = sorted_unique(np.concatenate(packed))
        rows, numbers = pairs >> 32, pairs & 0xFFFFFFFF
        distinct, at = np.unique(numbers, return_inverse=True)
        found = self._sketches(distinct)
        kept = sketches.may_match(described, rows, found, at, self.config.score.min_jaccard)
        return rows[kept], numbers[kept].astype(np.uint64)

    def anchored(self, anchors: NDArray[np.uint32]) -> Pairs:
        """Return pairs of an index into ``anchors`` and a segment that has it."""
        asked, numbers = self._postings.find(ANCHORS, 0, anchors.astype(np.uint64))
        return asked, numbers.astype(np.uint64)

    def postings(self, segments: NDArray[np.uint64]) -> Postings:
        """Return in which articles segments stand."""
        asked, values = self._postings.find(POSTINGS, 0, segments)
        articles = values >> 1
        alive = self._alive(articles)
        order = np.lexsort((articles[alive], asked[alive]))
        return Postings(asked[alive][order], articles[alive][order], (values[alive][order] & 1) > 0)

    def _alive(self, articles: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Tell which articles are there."""
        if self._span is None:
            one = (
                "SELECT (SELECT count(*) FROM articles), (SELECT min(id) FROM articles), (SELECT max(id) FROM articles)"
            )
            count, first, last = self._db.execute(one).fetchone()
            # Where none was taken out between others they need not be asked for, one by one.
            self._span = (first, last) if count and count == last - first + 1 else (1, 0)
        first, last = self._span
        if first <= last:
            return (articles >= first) & (articles <= last)
        listed = json.dumps(np.unique(articles).tolist())
        there = self._db.execute("SELECT id FROM articles WHERE id IN (SELECT value FROM json_each(?))", (listed,))
        return np.isin(articles, np.array([one for (one,) in there], np.int64))

    def heads(self, numbers: NDArray[np.int64] | None = None) -> Heads:
        """Return the heads of those of these articles (all, if None) that are there."""
        return read_heads(self._db, "id", None if numbers is None else numbers.tolist())

    def heads_with(self, ids: Sequence[str]) -> Heads:
        """Return the heads of the articles that have one of these ids."""
        return read_heads(self._db, "ident", list(ids))

    def read(self, numbers: NDArray[np.int64]) -> Articles:
        """Return these articles, in this order."""
        return read_articles(self._db, numbers, keeps_of(self.name, self._settings), self.name)

    def frequencies(self, words: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Return in how many documents each word stands."""
        asked, values = self._postings.find(WORDS, 0, words)
        changes = np.where(values & 1, -(values + 1 >> 1), values >> 1)
        return np.bincount(asked, changes, len(words)).astype(np.int64)

    def counts(self) -> Counts:
        """Return how much there is."""
        (articles,) = self._db.execute("SELECT count(*) FROM articles").fetchone()
        words = self._postings.entries(WORDS, 0)[0]
        size = sum(
            Path(self.name + suffix).stat().st_size for suffix in ("", "-wal") if Path(self.name + suffix).exists()
        )
        return Counts(articles, self._number("segments"), self._number("documents"), len(np.unique(words)), size)

    def totals(self) -> tuple[int, int]:
        """Return how many articles and how many documents there are."""
        (articles,) = self._db.execute("SELECT count(*) FROM articles").fetchone()
        return int(articles), self._number("documents")

    def compact(self) -> None:
        """Let go of what removed articles have left behind, and make one run of all."""
        with self.writing():
            segments, values = self._postings.entries(POSTINGS, 0)
            alive = np.isin(values >> 1, self.heads().numbers)
            live = np.zeros(self._number("segments"), np.bool_)
            live[segments[alive].astype(np.int64)] = True
            numbers = np.where(live, np.cumsum(live) - 1, -1)
            self._renumber(numbers)
            sketches.renumber(self._db, live)
            self._bounds = None
            self._number("segments", int(live.sum()) - len(live))
        with self._told():
            self._db.execute("VACUUM")
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def _renumber(self, numbers: NDArray[np.int64]) -> None:
        """Make one run of all, with new numbers of the segments (-1 for one that is gone) and the live articles."""
        articles = self.heads().numbers

        def change(kind: int, entries: Entries) -> Entries:
            keys, values = entries
            if kind == WORDS:
                return keys, values
            if kind == POSTINGS:
                kept = np.isin(values >> 1, articles)
                return numbers[keys[kept].astype(np.int64)].astype(np.uint64), values[kept]
            kept = numbers[values] >= 0
            return keys[kept], numbers[values[kept]]

        runs = self._db.execute("SELECT id, segments FROM runs").fetchall()
        gone = sum(size for _, size in runs) - int((numbers >= 0).sum())
        RunWriter(self._db, self._postings, -gone, [run for run, _ in runs], self.executor, change).end()

    def problems(self) -> Iterator[str]:
        """Yield what is wrong inside, a line each."""
        with self._told():
            lines = [line for (line,) in self._db.execute("PRAGMA integrity_check(20)") if line != "ok"]
            yield from lines
            if not lines:
                yield from self._lost()

    def _lost(self) -> Iterator[str]:
        n_segments = self._number("segments")
        for kind, name in ((SEGMENTS, "keys"), (ANCHORS, "anchors")):
            _, values = self._postings.entries(kind, 0)
            if (values >= n_segments).any():
                yield f"{int((values >= n_segments).sum())} {name} lead to segments that are not there"
        segments, values = self._postings.entries(POSTINGS, 0)
        if (segments >= n_segments).any():
            yield f"{int((segments >= n_segments).sum())} places are of segments that are not there"
        there = self.heads().numbers
        standing = np.zeros(n_segments, np.bool_)
        standing[segments[segments < n_segments].astype(np.int64)] = True
        if not standing.all():
            yield f"{int((~standing).sum())} segments stand in no article"
        (lost,) = self._db.execute("SELECT count(*) FROM articles WHERE id NOT IN (SELECT id FROM texts)").fetchone()
        if lost:
            yield f"{lost} articles have no text"
        keys, numbers = self._postings.entries(SEGMENTS, 0)
        if len(keys) != n_segments or len(np.unique(keys)) != len(keys):
            yield f"{len(keys)} keys for {n_segments} segments"
        elif n_segments and (self._sketches(numbers).keys != keys).any():
            yield "keys and segments do not belong together"
        # What no article has any more may be there until the next compaction; articles without a place may not.
        empty = np.setdiff1d(there, values >> 1)
        lengths = dict(self._db.execute("SELECT id, bytes FROM articles"))
        if any(lengths[one] > 400 for one in empty.tolist()):
            yield f"{len(empty)} articles have no segment"

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()
