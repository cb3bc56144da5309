"""Maps from sorted keys to numbers, in runs of blocks, in tables of SQLite."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future

import numpy as np
from numpy.typing import NDArray

from dedup.index.blocks import ALIGNED, BLOCK_ROWS, VALUE_ROWS, Block, entries_of, to_blocks

#: Keys of short blocks are read together, up to what fills a page.
_KEY_BYTES = 2 * BLOCK_ROWS
#: Blobs of keys, and of values, that stand in memory in one piece while they are looked into.
_PIECE_BLOBS = 128
_VALUE_BLOBS = 1024
#: Pieces that are read and not yet looked into.
_PIECES_AHEAD = 4
#: A block as it is kept: first and last key, the blob of its keys and where in it they begin, how many there are, the
#: first blob of its values (the others follow it), and the bytes of a difference of keys and of a value.
ROW = np.dtype([("first", "<u8"), ("last", "<u8"), ("keys", "<i8"), ("start", "<i4"), ("count", "<i4"),
                ("values", "<i8"), ("key_width", "u1"), ("value_width", "u1")])  # fmt: skip

_Entries = tuple[NDArray[np.uint64], NDArray[np.int64]]
#: Blobs of keys, their blocks as `kernels.index.search_blocks` takes them, the first key of each, and their
#: rows in the table of the map.
_Piece = tuple[list[bytes], NDArray[np.int64], NDArray[np.uint64], NDArray[np.int64]]
#: Indices into the keys that were looked for, and row and place of each in the blocks.
_Places = tuple[NDArray[np.int64], NDArray[np.int64]]
#: Indices into the keys that were looked for, and what is kept for each.
_Found = tuple[NDArray[np.int64], NDArray[np.int64]]


class _Map:
    """The blocks of a map, by run."""

    def __init__(self) -> None:
        self.runs: dict[int, NDArray[np.void]] = {}
        self._table: NDArray[np.void] | None = None

    def put(self, run: int, rows: NDArray[np.void]) -> None:
        """Add the blocks of a run (`ROW`)."""
        self.runs[run] = rows
        self._table = None

    def drop(self, runs: Iterable[int]) -> None:
        """Forget the blocks of runs."""
        for run in runs:
            self.runs.pop(run, None)
        self._table = None

    def table(self) -> NDArray[np.void]:
        """Return the blocks of all runs (`ROW`)."""
        if self._table is None:
            self._table = np.concatenate([np.empty(0, ROW), *self.runs.values()])
        return self._table


class PostingFile:
    """The maps of an archive in a file; a map has a kind and a part."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._maps: dict[tuple[int, int], _Map] = defaultdict(_Map)

    def load(self) -> None:
        """Read where the blocks are."""
        self._maps.clear()
        for kind, part, run, data in self._db.execute("SELECT kind, part, run, data FROM blocks ORDER BY run"):
            if len(data) % ROW.itemsize:
                raise sqlite3.DatabaseError("a list of postings is not as long as it should be")
            self._maps[kind, part].put(run, np.frombuffer(data, ROW))

    def write(self, kind: int, part: int, run: int, keys: NDArray[np.uint64], values: NDArray[np.int64]) -> None:
        """Append sorted entries to a run."""
        self.write_blocks(kind, part, run, to_blocks(keys, values))

    def write_blocks(self, kind: int, part: int, run: int, blocks: Iterable[Block]) -> None:
        """Write the blocks of a map in a run, which has none of it yet."""
        blocks = list(blocks)
        rows = np.zeros(len(blocks), ROW)
        # All keys before all values: who looks for keys reads them in one go.
        first, size = 0, 0
        for at, block in enumerate(blocks):
            if size + len(block.keys) > _KEY_BYTES and at > first:
                rows["keys"][first:at] = self._insert(b"".join(one.keys for one in blocks[first:at]))
                first, size = at, 0
            rows[at] = (block.first, block.last, 0, size, block.count, 0, block.key_width, block.value_width)
            size += len(block.keys)
        if blocks:
            rows["keys"][first:] = self._insert(b"".join(one.keys for one in blocks[first:]))
            rows["values"] = [self._insert_values(block) for block in blocks]
            self._db.execute("INSERT INTO blocks VALUES (?, ?, ?, ?)", (kind, part, run, rows.tobytes()))
            self._maps[kind, part].put(run, rows)

    def _insert(self, data: bytes) -> int:
        return self._db.execute("INSERT INTO blobs (data) VALUES (?)", (data,)).lastrowid or 0

    def _insert_values(self, block: Block) -> int:
        """Write the values of a block; returns the first blob, which the others follow."""
        size = VALUE_ROWS * block.value_width
        first, *_ = [self._insert(block.values[at : at + size]) for at in range(0, len(block.values), size)]
        return first

    def write_unsorted(
        self, kind: int, part: int, run: int, keys: NDArray[np.uint64], values: NDArray[np.int64]
    ) -> None:
        """Append entries to a run."""
        order = np.lexsort((values, keys))
        self.write(kind, part, run, keys[order], values[order])

    def find(self, kind: int, part: int, keys: NDArray[np.uint64]) -> _Found:
        """Return pairs of an index into ``keys`` and a number that is kept for it, in no order."""
        wanted, of_key = np.unique(keys, return_inverse=True)
        table = self._table(kind, part)
        return self._found(table, [_search(piece, wanted) for piece in self._pieces(table, wanted)], of_key)

    def find_in_parts(self, kind: int, keys: NDArray[np.uint64], executor: Executor) -> Iterator[_Found]:
        """Yield for each part of a map what `find` returns for a column of keys (uint64[n, parts]).

        It is read here, for SQLite reads one thing at a time, and looked into meanwhile by the threads of
        ``executor``.
        """
        ahead: deque[Future[_Places]] = deque()
        before: tuple[NDArray[np.void], list[Future[_Places]], NDArray[np.int64]] | None = None
        for part in range(keys.shape[1]):
            wanted, of_key = np.unique(keys[:, part], return_inverse=True)
            table, searches = self._table(kind, part), []
            for piece in self._pieces(table, wanted):
                searches.append(executor.submit(_search, piece, wanted))
                ahead.append(searches[-1])
                if len(ahead) > _PIECES_AHEAD:
                    ahead.popleft().result()
            if before:
                yield self._found(before[0], [one.result() for one in before[1]], before[2])
            before = table, searches, of_key
        if before:
            yield self._found(before[0], [one.result() for one in before[1]], before[2])

    def _table(self, kind: int, part: int) -> NDArray[np.void]:
        found = self._maps.get((kind, part))
        return np.empty(0, ROW) if found is None else found.table()

    def _pieces(self, table: NDArray[np.void], wanted: NDArray[np.uint64]) -> Iterator[_Piece]:
        """Yield the keys of blocks in which some (ascending, each once) may be, some blocks at a time."""
        lows = np.searchsorted(wanted, table["first"], "left")
        highs = np.searchsorted(wanted, table["last"], "right")
        touched = np.flatnonzero(lows < highs)
        blobs, of_block = np.unique(table["keys"][touched], return_inverse=True)
        for first in range(0, len(blobs), _PIECE_BLOBS):
            data = self._blobs(blobs[first : first + _PIECE_BLOBS])
            sizes = np.array([len(one) for one in data])
            here = np.flatnonzero((of_block >= first) & (of_block < first + len(data)))
            rows, at = touched[here], of_block[here] - first
            starts, counts = table["start"][rows].astype(np.int64), table["count"][rows].astype(np.int64)
            widths = table["key_width"][rows].astype(np.int64)
            # The kernel that reads them looks at no bounds.
            fits = (starts >= 0) & (counts >= 0) & (starts + counts * widths <= sizes[at]) & (starts % ALIGNED == 0)
            if not fits.all() or (sizes % ALIGNED).any():
                raise sqlite3.DatabaseError("postings are not as long as they should be")
            starts += (np.cumsum(sizes) - sizes)[at]
            blocks = np.column_stack([starts, counts, widths, lows[rows], highs[rows]])
            yield data, blocks, table["first"][rows], rows

    def _found(self, table: NDArray[np.void], parts: Sequence[_Places], of_key: NDArray[np.int64]) -> _Found:
        """Return what is kept for keys, from where the distinct ones of them were found."""
        asked = np.concatenate([np.empty(0, np.int64), *(part[0] for part in parts)])
        places = np.concatenate([np.empty((0, 2), np.int64), *(part[1] for part in parts)])
        return _spread(asked, self._values(table, places), of_key)

    def _values(self, table: NDArray[np.void], places: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the values at some places: rows of blocks, and numbers in them."""
        from dedup.kernels import index as kernels

        values = np.empty(len(places), np.int64)
        numbers = table["values"][places[:, 0]] + places[:, 1] // VALUE_ROWS
        order = np.argsort(numbers, kind="stable")
        rows, entries = table[places[order, 0]], places[order, 1]
        blobs, firsts, of_place = np.unique(numbers[order], return_index=True, return_inverse=True)
        widths = rows["value_width"].astype(np.int64)
        for first in range(0, len(blobs), _VALUE_BLOBS):
            data = self._blobs(blobs[first : first + _VALUE_BLOBS])
            at = firsts[first : first + len(data)]
            left = rows["count"][at] - entries[at] // VALUE_ROWS * VALUE_ROWS
            sizes = np.minimum(left, VALUE_ROWS) * widths[at]
            if [len(one) for one in data] != sizes.tolist():
                raise sqlite3.DatabaseError("postings are not as long as they should be")
            here = slice(*np.searchsorted(of_place, [first, first + len(data)]).tolist())
            starts = (np.cumsum(sizes) - sizes)[of_place[here] - first] + entries[here] % VALUE_ROWS * widths[here]
            out = np.empty(len(starts), np.int64)
            kernels.take_values(np.frombuffer(b"".join(data), np.uint8), starts, widths[here], out)
            values[order[here]] = out
        return values

    def _blobs(self, numbers: NDArray[np.int64]) -> list[bytes]:
        """Return blobs by their numbers, which ascend."""
        if not len(numbers):
            return []
        first, last = int(numbers[0]), int(numbers[-1])
        if last - first + 1 == len(numbers):
            rows = self._db.execute("SELECT data FROM blobs WHERE id BETWEEN ? AND ? ORDER BY id", (first, last))
        else:
            rows = self._db.execute(
                "SELECT data FROM blobs WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id",
                (json.dumps(numbers.tolist()),),
            )
        data = [one for (one,) in rows]
        if len(data) != len(numbers):
            raise sqlite3.DatabaseError("postings are missing")
        return data

    def all_entries(self, kind: int, part: int, runs: Sequence[int] | None = None) -> _Entries:
        """Return all entries of a map, or those of some runs, in no order."""
        found = self._maps.get((kind, part), _Map()).runs
        keys, values = [np.empty(0, np.uint64)], [np.empty(0, np.int64)]
        for run, rows in found.items():
            if runs is not None and run not in runs:
                continue
            blobs, of_block = np.unique(rows["keys"], return_inverse=True)
            of_keys = self._blobs(blobs)
            for row, at in zip(rows.tolist(), of_block.tolist(), strict=True):
                first, last, _, start, count, values_at, key_width, value_width = row
                data = b"".join(self._blobs(np.arange(values_at, values_at + -(-count // VALUE_ROWS))))
                gaps = of_keys[at][start : start + count * key_width]
                if (len(gaps), len(data)) != (count * key_width, count * value_width):
                    raise sqlite3.DatabaseError("postings are not as long as they should be")
                part_keys, part_values = entries_of(Block(first, last, count, key_width, value_width, gaps, data))
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
        from dedup.index.database import POSTINGS, WORDS

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
        for (kind, part), one in list(self._maps.items()):
            keys, values = change(kind, self.all_entries(kind, part, runs))
            old = np.concatenate([np.empty(0, ROW), *(rows for run, rows in one.runs.items() if run in chosen)])
            ranges = [(blob, blob) for blob in np.unique(old["keys"]).tolist()]
            ranges += zip(
                old["values"].tolist(), (old["values"] + (old["count"] - 1) // VALUE_ROWS).tolist(), strict=True
            )
            self._db.executemany("DELETE FROM blobs WHERE id BETWEEN ? AND ?", ranges)
            one.drop(chosen)
            self._db.execute(
                f"DELETE FROM blocks WHERE run IN ({marks}) AND kind = ? AND part = ?", (*runs, kind, part)
            )
            self.write_unsorted(kind, part, run, keys, values)
        self._db.execute(f"DELETE FROM runs WHERE id IN ({marks})", runs)


def _search(piece: _Piece, wanted: NDArray[np.uint64]) -> _Places:
    from dedup.kernels import index as kernels

    blobs, blocks, firsts, rows = piece
    data = b"".join(blobs)
    views = (np.frombuffer(data, "<u2"), np.frombuffer(data, "<u4"), np.frombuffer(data, "<u8"))
    size = 2 * int(blocks[:, 4].max() - blocks[:, 3].min()) + 1024
    while True:
        asked, found = np.empty(size, np.int64), np.empty((size, 2), np.int64)
        used = int(kernels.search_blocks(*views, blocks, firsts, wanted, asked, found))
        if used >= 0:
            found = found[:used]
            found[:, 0] = rows[found[:, 0]]
            return asked[:used], found
        size = -1 - used


def _spread(asked: NDArray[np.int64], values: NDArray[np.int64], of_key: NDArray[np.int64]) -> _Found:
    """Return what was found for each distinct key for each of the keys that are equal to it."""
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
