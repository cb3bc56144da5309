"""Entries of maps -> runs of blocks in tables of SQLite, and several runs -> one."""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor, Future

import numpy as np
from numpy.typing import NDArray

from dedup.index.blocks import BLOCK_ROWS, VALUE_ROWS, Block, to_blocks
from dedup.index.database import WORDS
from dedup.index.postings import ROW, Entries, PostingFile, blobs_of_values

#: Keys of short blocks are read together, up to what fills a page.
_KEY_BYTES = 2 * BLOCK_ROWS
#: Maps that are sorted while another one is read or written.
_AHEAD = 1

#: Entries of a map: sorted where several runs are to be one.
Make = Callable[[], Entries]
Change = Callable[[int, Entries], Entries]


class RunWriter:
    """A run that is being written, and takes in some that are there already.

    A map at a time is read, sorted and written: what the old runs had of it goes before the new blocks come, so that
    these take its pages and the file does not grow by what is written twice.

    Parameters
    ----------
    db : sqlite3.Connection
    postings : PostingFile
        Told of each block that comes and goes.
    segments : int
        New ones of the run.
    absorbed : sequence of int
        Runs that become part of it.
    executor : concurrent.futures.Executor
    change : callable, optional
        Kind and entries of a map in the absorbed runs -> what becomes of them.
    """

    def __init__(
        self,
        db: sqlite3.Connection,
        postings: PostingFile,
        segments: int,
        absorbed: Sequence[int],
        executor: Executor,
        change: Change | None = None,
    ) -> None:
        self._db, self._postings, self._absorbed, self._executor = db, postings, absorbed, executor
        self._change = change
        self._ahead: deque[tuple[int, int, Future[list[Block]]]] = deque()
        self._written: set[tuple[int, int]] = set()
        self.run = db.execute("INSERT INTO runs (segments) VALUES (?)", (segments,)).lastrowid or 0

    def write(self, kind: int, part: int, make: Make) -> None:
        """Write a map: what ``make`` returns, which a thread calls, sorted by keys."""
        old = self._postings.entries(kind, part, self._absorbed)
        self._written.add((kind, part))
        self._ahead.append((kind, part, self._executor.submit(self._blocks, kind, old, make)))
        if len(self._ahead) > _AHEAD:
            self._put()

    def end(self) -> None:
        """Write what the absorbed runs have of other maps, and let go of them."""
        for kind, part in self._postings.maps() if self._absorbed else []:
            if (kind, part) not in self._written:
                self.write(kind, part, _nothing)
        while self._ahead:
            self._put()
        marks = ",".join("?" * len(self._absorbed))
        self._db.execute(
            f"UPDATE runs SET segments = segments + (SELECT coalesce(sum(segments), 0) FROM runs WHERE id IN ({marks}))"
            "WHERE id = ?",
            (*self._absorbed, self.run),
        )
        self._db.execute(f"DELETE FROM runs WHERE id IN ({marks})", self._absorbed)

    def _blocks(self, kind: int, old: Entries, make: Make) -> list[Block]:
        if self._change:
            old = self._change(kind, old)
        new = make()
        if len(old[0]):
            keys, values = np.concatenate([old[0], new[0]]), np.concatenate([old[1], new[1]])
            # Of sorted runs one after the other, a stable sort finds out itself.
            order = np.argsort(keys, kind="stable")
            new = keys[order], values[order]
            if kind == WORDS:
                new = added(*new)
        return list(to_blocks(*new))

    def _put(self) -> None:
        kind, part, blocks = self._ahead.popleft()
        made = blocks.result()
        self._delete(kind, part)
        rows = write_blocks(self._db, made)
        if len(rows):
            self._db.execute("INSERT INTO blocks VALUES (?, ?, ?, ?)", (kind, part, self.run, rows.tobytes()))
            self._postings.put(kind, part, self.run, rows)

    def _delete(self, kind: int, part: int) -> None:
        """Let go of a map of the absorbed runs."""
        old = self._postings.drop(kind, part, self._absorbed)
        if not len(old):
            return
        # From the last to the first: SQLite gives pages out again from the last that it was given, and what comes
        # into them is to be read in the order of the file.
        numbers = np.unique(np.concatenate([old["keys"], blobs_of_values(old)]))[::-1]
        self._db.executemany("DELETE FROM blobs WHERE id = ?", ((number,) for number in numbers.tolist()))
        marks = ",".join("?" * len(self._absorbed))
        self._db.execute(
            f"DELETE FROM blocks WHERE run IN ({marks}) AND kind = ? AND part = ?", (*self._absorbed, kind, part)
        )


def write_blocks(db: sqlite3.Connection, blocks: Iterable[Block]) -> NDArray[np.void]:
    """Write blocks of a map; returns where they are (`dedup.index.postings.ROW`)."""
    blocks = list(blocks)
    rows = np.zeros(len(blocks), ROW)
    # All keys before all values: who looks for keys reads them in one go.
    first, size = 0, 0
    for at, block in enumerate(blocks):
        if size + len(block.keys) > _KEY_BYTES and at > first:
            rows["keys"][first:at] = _insert(db, b"".join(one.keys for one in blocks[first:at]))
            first, size = at, 0
        rows[at] = (block.first, block.last, 0, size, block.count, 0, block.key_width, block.value_width)
        size += len(block.keys)
    if blocks:
        rows["keys"][first:] = _insert(db, b"".join(one.keys for one in blocks[first:]))
        rows["values"] = [_insert_values(db, block) for block in blocks]
    return rows


def _insert(db: sqlite3.Connection, data: bytes) -> int:
    return db.execute("INSERT INTO blobs (data) VALUES (?)", (data,)).lastrowid or 0


def _insert_values(db: sqlite3.Connection, block: Block) -> int:
    """Write the values of a block; returns the first blob, which the others follow."""
    size = VALUE_ROWS * block.value_width
    first, *_ = [_insert(db, block.values[at : at + size]) for at in range(0, len(block.values), size)]
    return first


def sorted_entries(keys: NDArray[np.uint64], values: NDArray[np.int64]) -> Entries:
    """Return entries in the order of keys and values."""
    order = np.lexsort((values, keys))
    return keys[order], values[order]


def added(keys: NDArray[np.uint64], values: NDArray[np.int64]) -> Entries:
    """Return each key once, with the sum of its changes, which are kept with the sign in the lowest bit."""
    distinct, at = np.unique(keys, return_inverse=True)
    changes = np.where(values & 1, -(values + 1 >> 1), values >> 1)
    sums = np.bincount(at, changes, len(distinct)).astype(np.int64)
    kept = sums != 0
    return distinct[kept], np.where(sums[kept] < 0, (-sums[kept] << 1) - 1, sums[kept] << 1)


def _nothing() -> Entries:
    return np.empty(0, np.uint64), np.empty(0, np.int64)
