"""Maps from sorted keys to numbers, in runs of blocks, in tables of SQLite."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future

import numpy as np
from numpy.typing import NDArray

from dedup.index.blocks import ALIGNED, VALUE_ROWS

#: Blobs of keys, and of values, that stand in memory in one piece while they are looked into.
_PIECE_BLOBS = 256
_VALUE_BLOBS = 1024
#: Pieces that are read and not yet looked into.
_PIECES_AHEAD = 4
#: Places that are known before their values are read.
_PLACES = 1 << 18
#: A block as it is kept: first and last key, the blob of its keys and where in it they begin, how many there are, the
#: first blob of its values (the others follow it), and the bytes of a difference of keys and of a value.
ROW = np.dtype([("first", "<u8"), ("last", "<u8"), ("keys", "<i8"), ("start", "<i4"), ("count", "<i4"),
                ("values", "<i8"), ("key_width", "u1"), ("value_width", "u1")])  # fmt: skip

#: Keys and values.
Entries = tuple[NDArray[np.uint64], NDArray[np.int64]]
#: Blobs of keys, their blocks as `kernels.index.search_blocks` takes them, the first key of each, and their
#: rows in the table of the map.
_Piece = tuple[list[bytes], NDArray[np.int64], NDArray[np.uint64], NDArray[np.int64]]
#: Indices into the keys that were looked for, and row and place of each in the blocks.
_Places = tuple[NDArray[np.int64], NDArray[np.int64]]
#: Indices into the keys that were looked for, and what is kept for each.
_Found = tuple[NDArray[np.int64], NDArray[np.int64]]
#: A map, what is found in it for distinct keys, how many these are, and which of them each key is.
_Searched = tuple[NDArray[np.void], list[Future[_Places]], int, NDArray[np.int64]]


class _Map:
    """The blocks of a map, by run."""

    def __init__(self) -> None:
        self.runs: dict[int, NDArray[np.void]] = {}
        self._table: NDArray[np.void] | None = None

    def put(self, run: int, rows: NDArray[np.void]) -> None:
        """Add the blocks of a run (`ROW`)."""
        self.runs[run] = rows
        self._table = None

    def drop(self, runs: Iterable[int]) -> NDArray[np.void]:
        """Forget the blocks of runs, and return them (`ROW`)."""
        self._table = None
        return np.concatenate([np.empty(0, ROW), *(self.runs.pop(run) for run in runs if run in self.runs)])

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

    def put(self, kind: int, part: int, run: int, rows: NDArray[np.void]) -> None:
        """Add the blocks of a map in a run (`ROW`), which have been written."""
        self._maps[kind, part].put(run, rows)

    def drop(self, kind: int, part: int, runs: Iterable[int]) -> NDArray[np.void]:
        """Forget the blocks of a map in some runs, and return them (`ROW`)."""
        return self._maps[kind, part].drop(runs)

    def maps(self) -> list[tuple[int, int]]:
        """Return kind and part of all maps."""
        return list(self._maps)

    def find(self, kind: int, part: int, keys: NDArray[np.uint64]) -> _Found:
        """Return pairs of an index into ``keys`` and a number that is kept for it, in no order."""
        wanted, of_key = np.unique(keys, return_inverse=True)
        table = self._table(kind, part)
        return self._found(table, [_search(piece, wanted) for piece in self._pieces(table, wanted)], of_key)

    def find_in_parts(self, kind: int, keys: NDArray[np.uint64], executor: Executor) -> Iterator[_Found]:
        """Yield pairs of a row of ``keys`` (uint64[n, parts]) and a number that is kept for it in some part, unordered.

        Keys are read here, for SQLite reads one thing at a time, and looked into meanwhile by the threads of
        ``executor``. Values are read when those of many parts are known: of one, a few articles have hundreds.
        """
        ahead: deque[Future[_Places]] = deque()
        searched: list[_Searched] = []
        n_found = 0
        for part in range(keys.shape[1]):
            wanted, of_key = np.unique(keys[:, part], return_inverse=True)
            table, searches = self._table(kind, part), []
            for piece in self._pieces(table, wanted):
                searches.append(executor.submit(_search, piece, wanted))
                ahead.append(searches[-1])
                if len(ahead) > _PIECES_AHEAD:
                    ahead.popleft().result()
            if searched:
                n_found += sum(len(one.result()[0]) for one in searched[-1][1])
            if n_found > _PLACES:
                yield self._found_in_parts(searched)
                searched, n_found = [], 0
            searched.append((table, searches, len(wanted), of_key))
        if searched:
            yield self._found_in_parts(searched)

    def _found_in_parts(self, searched: list[_Searched]) -> _Found:
        asked, places, of_keys = [np.empty(0, np.int64)], [np.empty((0, 2), np.int64)], []
        n_rows = n_keys = 0
        for table, searches, n_wanted, of_key in searched:
            for one in searches:
                asked.append(one.result()[0] + n_keys)
                places.append(one.result()[1] + np.array([n_rows, 0]))
            of_keys.append(of_key + n_keys)
            n_rows, n_keys = n_rows + len(table), n_keys + n_wanted
        values = self._values(np.concatenate([one[0] for one in searched]), np.concatenate(places))
        found, values = _spread(np.concatenate(asked), values, np.concatenate(of_keys))
        return found % len(searched[0][3]), values

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
            sizes = _lengths(data)
            here = np.flatnonzero((of_block >= first) & (of_block < first + len(data)))
            rows, at = touched[here], of_block[here] - first
            blocks = np.column_stack([_key_table(table[rows], at, sizes), lows[rows], highs[rows]])
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
            if not np.array_equal(_lengths(data), sizes):
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

    def entries(self, kind: int, part: int, runs: Sequence[int] | None = None) -> Entries:
        """Return all entries of a map, or those of some runs: those of a run are sorted by their keys."""
        found = self._maps.get((kind, part), _Map()).runs
        rows = np.concatenate([np.empty(0, ROW), *(found[run] for run in found if runs is None or run in runs)])
        total = int(rows["count"].sum())
        keys, values = np.empty(total, np.uint64), np.empty(total, np.int64)
        at = 0
        for first in range(0, len(rows), _PIECE_BLOBS):
            part_rows = rows[first : first + _PIECE_BLOBS]
            here = slice(at, at := at + int(part_rows["count"].sum()))
            self._expand(part_rows, keys[here], values[here])
        return keys, values

    def _expand(self, rows: NDArray[np.void], keys: NDArray[np.uint64], values: NDArray[np.int64]) -> None:
        """Fill what blocks hold."""
        from dedup.kernels import index as kernels

        counts, widths = rows["count"].astype(np.int64), rows["value_width"].astype(np.int64)
        blobs, of_block = np.unique(rows["keys"], return_inverse=True)
        of_keys = self._blobs(blobs)
        blocks = _key_table(rows, of_block, _lengths(of_keys))
        numbers = blobs_of_values(rows)
        # Runs that were written in turns have no order among each other.
        order = np.argsort(numbers, kind="stable")
        sorted_values = self._blobs(numbers[order])
        of_values = [b""] * len(numbers)
        for at, one in zip(order.tolist(), sorted_values, strict=True):
            of_values[at] = one
        data = b"".join(of_values)
        if len(data) != int((counts * widths).sum()):
            raise sqlite3.DatabaseError("postings are not as long as they should be")
        starts = np.cumsum(counts * widths) - counts * widths
        blocks = np.column_stack([blocks, starts, widths])
        kernels.expand_blocks(
            *_views(b"".join(of_keys)), np.frombuffer(data, np.uint8), blocks, rows["first"].copy(), keys, values
        )


def _search(piece: _Piece, wanted: NDArray[np.uint64]) -> _Places:
    from dedup.kernels import index as kernels

    blobs, blocks, firsts, rows = piece
    views = _views(b"".join(blobs))
    size = 2 * int(blocks[:, 4].max() - blocks[:, 3].min()) + 1024
    while True:
        asked, found = np.empty(size, np.int64), np.empty((size, 2), np.int64)
        used = int(kernels.search_blocks(*views, blocks, firsts, wanted, asked, found))
        if used >= 0:
            found = found[:used]
            found[:, 0] = rows[found[:, 0]]
            return asked[:used], found
        size = -1 - used


def _lengths(data: Sequence[bytes]) -> NDArray[np.int64]:
    return np.fromiter(map(len, data), np.int64, len(data))


def _views(data: bytes) -> tuple[NDArray[np.uint16], NDArray[np.uint32], NDArray[np.uint64]]:
    return np.frombuffer(data, "<u2"), np.frombuffer(data, "<u4"), np.frombuffer(data, "<u8")


def _key_table(rows: NDArray[np.void], of_blob: NDArray[np.int64], sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return where in blobs, one after the other, the keys of blocks begin, how many there are, and their widths."""
    starts, counts = rows["start"].astype(np.int64), rows["count"].astype(np.int64)
    widths = rows["key_width"].astype(np.int64)
    # The kernels that read them look at no bounds.
    fits = (starts >= 0) & (counts >= 0) & (starts + counts * widths <= sizes[of_blob]) & (starts % ALIGNED == 0)
    if not fits.all() or (sizes % ALIGNED).any():
        raise sqlite3.DatabaseError("postings are not as long as they should be")
    return np.column_stack([starts + (np.cumsum(sizes) - sizes)[of_blob], counts, widths])


def blobs_of_values(rows: NDArray[np.void]) -> NDArray[np.int64]:
    """Return the blobs in which the values of blocks (`ROW`) are, one block after the other."""
    counts = -(-rows["count"].astype(np.int64) // VALUE_ROWS)
    firsts = np.cumsum(counts) - counts
    return np.repeat(rows["values"] - firsts, counts) + np.arange(int(counts.sum()))


def _spread(asked: NDArray[np.int64], values: NDArray[np.int64], of_key: NDArray[np.int64]) -> _Found:
    """Return what was found for each distinct key for each of the keys that are equal to it."""
    order = np.argsort(asked, kind="stable")
    asked, values = asked[order], values[order]
    low, high = np.searchsorted(asked, of_key, "left"), np.searchsorted(asked, of_key, "right")
    counts = high - low
    at = np.repeat(low - (np.cumsum(counts) - counts), counts) + np.arange(int(counts.sum()))
    return np.repeat(np.arange(len(of_key)), counts), values[at]
