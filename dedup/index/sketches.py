"""What is kept of each segment beside its postings: key, size and bitmap, by number, in blobs of SQLite."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dedup.index.contents import Described

#: Segments in a blob, of 26 bytes each: two blobs fill a page of the file.
_CHUNK = 156
#: Blobs that stand in memory at once.
_READ_CHUNKS = 1024
_TITLE = 0x8000
_MOST = 0x7FFF
ROW = np.dtype([("key", "<u8"), ("bitmap", "<u8", 2), ("size", "<u2")])


@dataclass(frozen=True, slots=True, eq=False)
class Sketches:
    """Keys (uint64[n]), bitmaps (uint64[n, 2]), numbers of shingles up to 32,767 (int64[n]), and what are titles."""

    keys: NDArray[np.uint64]
    bitmaps: NDArray[np.uint64]
    sizes: NDArray[np.int64]
    titles: NDArray[np.bool_]


def pack(keys: NDArray[np.uint64], described: Described) -> NDArray[np.void]:
    """Return the sketches of segments as they are kept."""
    rows = np.empty(len(keys), ROW)
    rows["key"], rows["bitmap"] = keys, described.bitmaps
    rows["size"] = np.minimum(described.sizes, _MOST) | np.where(described.titles, _TITLE, 0)
    return rows


def unpack(rows: NDArray[np.void]) -> Sketches:
    """Return sketches from what is kept."""
    sizes = rows["size"].astype(np.int64)
    return Sketches(rows["key"].astype(np.uint64), rows["bitmap"].astype(np.uint64), sizes & _MOST, sizes >= _TITLE)


def write(db: sqlite3.Connection, first: int, keys: NDArray[np.uint64], described: Described) -> None:
    """Keep the segments that have the numbers from ``first`` on."""
    _insert(db, first, pack(keys, described))


def _insert(db: sqlite3.Connection, first: int, rows: NDArray[np.void]) -> None:
    chunks = ((first + i, rows[i : i + _CHUNK]) for i in range(0, len(rows), _CHUNK))
    db.executemany("INSERT INTO sketches VALUES (?, ?, ?)", ((at, len(part), part.tobytes()) for at, part in chunks))


def bounds_of(db: sqlite3.Connection) -> NDArray[np.int64]:
    """Return the first segment of each blob, and how many it has: int64[c, 2]."""
    rows = db.execute("SELECT first, n FROM sketches INDEXED BY sketches_n ORDER BY first").fetchall()
    return np.array(rows, np.int64).reshape(-1, 2)


def read(db: sqlite3.Connection, bounds: NDArray[np.int64], numbers: NDArray[np.int64]) -> Sketches:
    """Return the sketches of segments."""
    ends = bounds.sum(axis=1)
    of_number = np.searchsorted(ends, numbers, "right")
    rows = np.zeros(len(numbers), ROW)
    there = np.flatnonzero((numbers >= 0) & (of_number < len(ends)))
    order = there[np.argsort(of_number[there], kind="stable")]
    chunks, firsts = np.unique(of_number[order], return_index=True)
    for first in range(0, len(chunks), _READ_CHUNKS):
        part = chunks[first : first + _READ_CHUNKS]
        found = db.execute(
            "SELECT data FROM sketches WHERE first IN (SELECT value FROM json_each(?)) ORDER BY first",
            (json.dumps(bounds[part, 0].tolist()),),
        )
        data = [one for (one,) in found]
        if [len(one) for one in data] != (bounds[part, 1] * ROW.itemsize).tolist():
            raise sqlite3.DatabaseError("sketches are not as long as they should be")
        here = order[firsts[first] : firsts[first + len(part)] if first + len(part) < len(chunks) else None]
        starts = np.zeros(len(bounds), np.int64)
        starts[part] = np.cumsum(bounds[part, 1]) - bounds[part, 1] - bounds[part, 0]
        rows[here] = np.frombuffer(b"".join(data), ROW)[numbers[here] + starts[of_number[here]]]
    return unpack(rows)


def may_match(
    described: Described, rows: NDArray[np.int64], found: Sketches, at: NDArray[np.int64], min_jaccard: float
) -> NDArray[np.bool_]:
    """Tell which pairs of a row and a sketch may reach a Jaccard similarity: bool[q]. It loses none that does.

    Sets of ``a`` and ``b`` shingles whose bitmaps differ in ``x`` bits share at most ``(a + b - x) / 2`` (Sandes,
    Teodoro, Melo: Bitmap Filter, arXiv:1711.07295, 3.2).
    """
    a, b = described.sizes[rows], found.sizes[at]
    differing = np.bitwise_count(described.bitmaps[rows] ^ found.bitmaps[at]).sum(axis=1, dtype=np.int64)
    most_shared = np.minimum((a + b - differing) // 2, np.minimum(a, b))
    enough = most_shared * (1 + min_jaccard) >= min_jaccard * (a + b) - 1e-9
    kept: NDArray[np.bool_] = (enough | (b == _MOST)) & (described.titles[rows] == found.titles[at])
    return kept


def renumber(db: sqlite3.Connection, live: NDArray[np.bool_]) -> None:
    """Let go of the segments that are not live; the others move together."""
    parts = [np.frombuffer(data, ROW) for (data,) in db.execute("SELECT data FROM sketches ORDER BY first")]
    rows = np.concatenate([np.empty(0, ROW), *parts])[live]
    db.execute("DELETE FROM sketches")
    _insert(db, 0, rows)
