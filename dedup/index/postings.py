"""Maps from sorted keys to numbers, in runs of blocks, in tables of SQLite."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup.index.blocks import Block, keys_of, to_blocks, values_of

_SIGN = 1 << 63
_ALL = (1 << 64) - 1

_Entries = tuple[NDArray[np.uint64], NDArray[np.int64]]


class _Block(NamedTuple):
    """Where a block is: keys from ``first`` to ``last``."""

    first: int
    last: int
    run: int
    key_width: int
    value_width: int
    keys: int
    numbers: int


class PostingFile:
    """The maps of an archive in a file; a map has a kind and a part."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._blocks: dict[tuple[int, int], list[_Block]] = {}

    def load(self) -> None:
        """Read where the blocks are."""
        found: dict[tuple[int, int], list[_Block]] = defaultdict(list)
        for kind, part, run, first, last, key_width, value_width, keys, numbers in self._db.execute(
            "SELECT kind, part, run, first, last, key_width, value_width, keys, numbers FROM blocks"
        ):
            found[kind, part].append(_Block(first & _ALL, last & _ALL, run, key_width, value_width, keys, numbers))
        self._blocks = found

    def write(self, kind: int, part: int, run: int, keys: NDArray[np.uint64], values: NDArray[np.int64]) -> None:
        """Append sorted entries to a run."""
        self.write_blocks(kind, part, run, to_blocks(keys, values))

    def write_blocks(self, kind: int, part: int, run: int, blocks: Iterable[Block]) -> None:
        """Append blocks to a run."""
        for block in blocks:
            ids = [self._db.execute("INSERT INTO blobs (data) VALUES (?)", (data,)).lastrowid or 0
                   for data in (block.keys, block.values)]  # fmt: skip
            self._db.execute(
                "INSERT INTO blocks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (kind, part, run, _signed(block.first), _signed(block.last), block.count, block.key_width,
                 block.value_width, *ids),
            )  # fmt: skip
            self._blocks.setdefault((kind, part), []).append(
                _Block(block.first, block.last, run, block.key_width, block.value_width, ids[0], ids[1])
            )

    def write_unsorted(
        self, kind: int, part: int, run: int, keys: NDArray[np.uint64], values: NDArray[np.int64]
    ) -> None:
        """Append entries to a run."""
        order = np.lexsort((values, keys))
        self.write(kind, part, run, keys[order], values[order])

    def find(self, kind: int, part: int, keys: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return pairs of an index into ``keys`` and a number that is kept for it, in no order."""
        wanted, of_key = np.unique(keys, return_inverse=True)
        asked, found = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
        bounds = np.array([(one.first, one.last) for one in self._blocks.get((kind, part), ())], np.uint64)
        lows = np.searchsorted(wanted, bounds.reshape(-1, 2)[:, 0], "left").tolist()
        highs = np.searchsorted(wanted, bounds.reshape(-1, 2)[:, 1], "right").tolist()
        for block, low, high in zip(self._blocks.get((kind, part), ()), lows, highs, strict=True):
            if low < high:
                at, values = self._search(block, wanted[low:high])
                asked.append(at + low)
                found.append(values)
        return _spread(np.concatenate(asked), np.concatenate(found), of_key)

    def _search(self, block: _Block, wanted: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        from dedup.kernels import index as kernels

        steps = np.frombuffer(self._blob(block.keys), f"<u{block.key_width}")
        packed = np.frombuffer(self._blob(block.numbers), np.uint8).reshape(-1, block.value_width)
        size = 4 * len(wanted) + 16
        while True:
            asked, found = np.empty(size, np.int64), np.empty(size, np.int64)
            used = kernels.search_block(steps, np.uint64(block.first), packed, wanted, asked, found)
            if used >= 0:
                return asked[:used], found[:used]
            size = -1 - used

    def _blob(self, number: int) -> bytes:
        (data,) = self._db.execute("SELECT data FROM blobs WHERE id = ?", (number,)).fetchone()
        assert isinstance(data, bytes)
        return data

    def all_entries(self, kind: int, part: int, runs: Sequence[int] | None = None) -> _Entries:
        """Return all entries of a map, or those of some runs, in no order."""
        keys, values = [np.empty(0, np.uint64)], [np.empty(0, np.int64)]
        for block in self._blocks.get((kind, part), ()):
            if runs is None or block.run in runs:
                keys.append(keys_of(block.first, block.key_width, self._blob(block.keys)))
                values.append(values_of(block.value_width, self._blob(block.numbers)))
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
            gone = [block for block in self._blocks[kind, part] if block.run in chosen]
            self._db.executemany("DELETE FROM blobs WHERE id IN (?, ?)", [(one.keys, one.numbers) for one in gone])
            self._blocks[kind, part] = [one for one in self._blocks[kind, part] if one.run not in chosen]
            self._db.execute(
                f"DELETE FROM blocks WHERE run IN ({marks}) AND kind = ? AND part = ?", (*runs, kind, part)
            )
            self.write_unsorted(kind, part, run, keys, values)
        self._db.execute(f"DELETE FROM runs WHERE id IN ({marks})", runs)


def _spread(
    asked: NDArray[np.int64], values: NDArray[np.int64], of_key: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
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


def _signed(key: int) -> int:
    return key - (1 << 64) if key >= _SIGN else key
