"""Maps from sorted keys to numbers, in runs of blocks, in tables of SQLite."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future

import numpy as np
from numpy.typing import NDArray

from dedup.index.blocks import ALIGNED, Block, entries_of, to_blocks

_SIGN = 1 << 63
_ALL = (1 << 64) - 1
#: Blocks that stand in memory in one piece while they are looked into.
_PIECE_BLOCKS = 32
#: Pieces that are read and not yet looked into.
_PIECES_AHEAD = 4

_Entries = tuple[NDArray[np.uint64], NDArray[np.int64]]
#: Blobs, their blocks as `kernels.index.search_blocks` takes them, and the first key of each.
_Piece = tuple[list[bytes], NDArray[np.int64], NDArray[np.uint64]]
#: Indices into the keys that were looked for, and what is kept for each.
_Found = tuple[NDArray[np.int64], NDArray[np.int64]]


class _Blocks:
    """Where the blocks of a map are: a row each, in the order of their blobs."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, ...]] = []
        self._table: tuple[NDArray[np.int64], NDArray[np.uint64]] | None = None

    def add(self, blob: int, run: int, block: tuple[int, ...]) -> None:
        """Append a block: first and last key, entries, widths of keys and values."""
        self.rows.append((blob, run, *block))
        self._table = None

    def table(self) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
        """Return blob, run, entries, widths (int64[b, 5]), and first and last keys (uint64[b, 2])."""
        if self._table is None:
            columns = [(row[0], row[1], *row[4:]) for row in self.rows]
            self._table = (
                np.array(columns, np.int64).reshape(-1, 5),
                np.array([row[2:4] for row in self.rows], np.uint64).reshape(-1, 2),
            )
        return self._table


class PostingFile:
    """The maps of an archive in a file; a map has a kind and a part."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._blocks: dict[tuple[int, int], _Blocks] = {}

    def load(self) -> None:
        """Read where the blocks are."""
        found: dict[tuple[int, int], _Blocks] = defaultdict(_Blocks)
        for kind, part, run, first, last, *rest, blob in self._db.execute(
            "SELECT kind, part, run, first, last, n, key_width, value_width, blob FROM blocks ORDER BY blob"
        ):
            found[kind, part].add(blob, run, (first & _ALL, last & _ALL, *rest))
        self._blocks = found

    def write(self, kind: int, part: int, run: int, keys: NDArray[np.uint64], values: NDArray[np.int64]) -> None:
        """Append sorted entries to a run."""
        self.write_blocks(kind, part, run, to_blocks(keys, values))

    def write_blocks(self, kind: int, part: int, run: int, blocks: Iterable[Block]) -> None:
        """Append blocks to a run."""
        table = self._blocks.setdefault((kind, part), _Blocks())
        for one in blocks:
            blob = self._db.execute("INSERT INTO blobs (data) VALUES (?)", (one.data,)).lastrowid or 0
            rest = (one.count, one.key_width, one.value_width)
            row = (kind, part, run, _signed(one.first), _signed(one.last), *rest, blob)
            self._db.execute("INSERT INTO blocks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
            table.add(blob, run, (one.first, one.last, *rest))

    def write_unsorted(
        self, kind: int, part: int, run: int, keys: NDArray[np.uint64], values: NDArray[np.int64]
    ) -> None:
        """Append entries to a run."""
        order = np.lexsort((values, keys))
        self.write(kind, part, run, keys[order], values[order])

    def find(self, kind: int, part: int, keys: NDArray[np.uint64]) -> _Found:
        """Return pairs of an index into ``keys`` and a number that is kept for it, in no order."""
        wanted, of_key = np.unique(keys, return_inverse=True)
        return _spread([_search(piece, wanted) for piece in self._pieces(kind, part, wanted)], of_key)

    def find_in_parts(self, kind: int, keys: NDArray[np.uint64], executor: Executor) -> Iterator[_Found]:
        """Return what `find` returns for each part, of its column of keys; some are looked into while more are read.

        Parameters
        ----------
        keys : uint64[n, parts]
        executor : concurrent.futures.Executor
            Of threads. The database is read in this one.
        """
        of_keys = []
        found: list[list[_Found]] = [[] for _ in range(keys.shape[1])]
        pending: deque[tuple[int, Future[_Found]]] = deque()

        def take(most: int) -> None:
            while len(pending) > most:
                part, future = pending.popleft()
                found[part].append(future.result())

        for part in range(keys.shape[1]):
            wanted, of_key = np.unique(keys[:, part], return_inverse=True)
            of_keys.append(of_key)
            for piece in self._pieces(kind, part, wanted):
                pending.append((part, executor.submit(_search, piece, wanted)))
                take(_PIECES_AHEAD)
        take(0)
        return (_spread(one, of_key) for one, of_key in zip(found, of_keys, strict=True))

    def _pieces(self, kind: int, part: int, wanted: NDArray[np.uint64]) -> Iterator[_Piece]:
        """Yield the blocks in which keys (ascending, each once) may be, some at a time."""
        table, bounds = self._blocks.get((kind, part), _Blocks()).table()
        lows = np.searchsorted(wanted, bounds[:, 0], "left")
        highs = np.searchsorted(wanted, bounds[:, 1], "right")
        touched = np.flatnonzero(lows < highs)
        for first in range(0, len(touched), _PIECE_BLOCKS):
            rows = touched[first : first + _PIECE_BLOCKS]
            data = self._blobs(table[rows])
            starts = np.cumsum([0, *map(len, data[:-1])])
            blocks = np.column_stack([starts, table[rows, 2:], lows[rows], highs[rows]]).astype(np.int64)
            yield data, blocks, bounds[rows, 0]

    def _blobs(self, blocks: NDArray[np.int64]) -> list[bytes]:
        """Return the blobs of blocks (rows of `_Blocks.table`), whose numbers ascend."""
        if not len(blocks):
            return []
        numbers = blocks[:, 0]
        first, last = int(numbers[0]), int(numbers[-1])
        if last - first + 1 == len(numbers):
            rows = self._db.execute("SELECT data FROM blobs WHERE id BETWEEN ? AND ? ORDER BY id", (first, last))
        else:
            rows = self._db.execute(
                "SELECT data FROM blobs WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id",
                (json.dumps(numbers.tolist()),),
            )
        data = [one for (one,) in rows]
        # The kernel that reads them looks at no bounds.
        wanted = blocks[:, 2] * (blocks[:, 3] + blocks[:, 4])
        if list(map(len, data)) != (wanted + -wanted % ALIGNED).tolist():
            raise sqlite3.DatabaseError("postings are not as long as they should be")
        return data

    def all_entries(self, kind: int, part: int, runs: Sequence[int] | None = None) -> _Entries:
        """Return all entries of a map, or those of some runs, in no order."""
        table, bounds = self._blocks.get((kind, part), _Blocks()).table()
        chosen = np.arange(len(table)) if runs is None else np.flatnonzero(np.isin(table[:, 1], list(runs)))
        keys, values = [np.empty(0, np.uint64)], [np.empty(0, np.int64)]
        for row, data in zip(chosen.tolist(), self._blobs(table[chosen]), strict=True):
            count, key_width, value_width = table[row, 2:].tolist()
            part_keys, part_values = entries_of(int(bounds[row, 0]), count, key_width, value_width, data)
            keys.append(part_keys)
            values.append(part_values)
        return np.concatenate(keys), np.concatenate(values)

    def merge(self, runs: Sequence[int], *, words: int) -> None:
        """Make one run of several; of the map of kind ``words``, the values of a key are added up."""
        self._rewrite(runs, lambda kind, entries: _added(*entries) if kind == words else entries)

    def renumber(
        self, runs: Sequence[int], numbers: NDArray[np.int64], articles: NDArray[np.int64], n_live: int
    ) -> None:
        """Make one run of all, with new numbers of the segments (-1 for one that is gone) and the live articles."""
        from dedup.index.file import POSTINGS, WORDS

        def change(kind: int, entries: _Entries) -> _Entries:
            keys, values = entries
            if kind == WORDS:
                return _added(keys, values)
            if kind == POSTINGS:
                kept = np.isin(values >> 1, articles)
                return numbers[keys[kept].astype(np.int64)].astype(np.uint64), values[kept]
            kept = numbers[values] >= 0
            return keys[kept], numbers[values[kept]]

        self._rewrite(runs, change, n_live)

    def _rewrite(
        self, runs: Sequence[int], change: Callable[[int, _Entries], _Entries], segments: int | None = None
    ) -> None:
        chosen = set(runs)
        marks = ",".join("?" * len(runs))
        if segments is None:
            (segments,) = self._db.execute(f"SELECT sum(segments) FROM runs WHERE id IN ({marks})", runs).fetchone()
        run = self._db.execute("INSERT INTO runs (segments) VALUES (?)", (segments,)).lastrowid or 0
        # A map at a time: its old blocks go as its new ones come.
        for kind, part in list(self._blocks):
            keys, values = change(kind, self.all_entries(kind, part, runs))
            old = self._blocks[kind, part].rows
            self._db.executemany("DELETE FROM blobs WHERE id = ?", [(row[0],) for row in old if row[1] in chosen])
            self._blocks[kind, part].rows[:] = [row for row in old if row[1] not in chosen]
            self._db.execute(
                f"DELETE FROM blocks WHERE run IN ({marks}) AND kind = ? AND part = ?", (*runs, kind, part)
            )
            self.write_unsorted(kind, part, run, keys, values)
        self._db.execute(f"DELETE FROM runs WHERE id IN ({marks})", runs)


def _search(piece: _Piece, wanted: NDArray[np.uint64]) -> _Found:
    from dedup.kernels import index as kernels

    blobs, blocks, firsts = piece
    data = np.frombuffer(b"".join(blobs), np.uint8)
    views = (data, data.view("<u2"), data.view("<u4"), data.view("<u8"))
    size = 2 * int(blocks[:, 5].max() - blocks[:, 4].min()) + 1024
    while True:
        asked, found = np.empty(size, np.int64), np.empty(size, np.int64)
        used = int(kernels.search_blocks(*views, blocks, firsts, wanted, asked, found))
        if used >= 0:
            return asked[:used], found[:used]
        size = -1 - used


def _spread(parts: Sequence[_Found], of_key: NDArray[np.int64]) -> _Found:
    """Return what was found for each distinct key for each of the keys that are equal to it."""
    none = np.empty(0, np.int64)
    asked = np.concatenate([none, *(part[0] for part in parts)])
    values = np.concatenate([none, *(part[1] for part in parts)])
    order = np.argsort(asked, kind="stable")
    asked, values = asked[order], values[order]
    low, high = np.searchsorted(asked, of_key, "left"), np.searchsorted(asked, of_key, "right")
    counts = high - low
    at = np.repeat(low - (np.cumsum(counts) - counts), counts) + np.arange(int(counts.sum()))
    return np.repeat(np.arange(len(of_key)), counts), values[at]


def _added(keys: NDArray[np.uint64], values: NDArray[np.int64]) -> _Entries:
    """Return each key once, with the sum of its changes, which are kept with the sign in the lowest bit."""
    distinct, at = np.unique(keys, return_inverse=True)
    changes = np.where(values & 1, -(values + 1 >> 1), values >> 1)
    sums = np.bincount(at, changes, len(distinct)).astype(np.int64)
    kept = sums != 0
    return distinct[kept], np.where(sums[kept] < 0, (-sums[kept] << 1) - 1, sums[kept] << 1)


def _signed(key: int) -> int:
    return key - (1 << 64) if key >= _SIGN else key
