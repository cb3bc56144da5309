"""Sorted numbers and what they stand for <-> blobs: how an archive keeps millions of postings in an embedded database.

A row of a database for each posting costs 40 to 100 bytes and a descent of its tree; a blob for each few thousand
costs five bytes a posting and is read as fast as the disk gives it (benchmark ``archive-stores``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Values in a blob, which is part of the format: of three bytes each, four blobs fill a page of the file. A key is
#: found in one, and the others of its block are not read.
VALUE_ROWS = 672
#: Postings in a block, whose keys fill a page where each is of two bytes: fewer are more reads for a feed, more are
#: longer ones for an article.
BLOCK_ROWS = 6 * VALUE_ROWS
#: So many, in the mean, are worth a block of their own.
_LEAST_ROWS = 1 << 9
#: Keys of blocks are of so many bytes that several can be read as one array of numbers.
ALIGNED = 8
_MAX_16 = 1 << 16
_MAX_24 = 1 << 24
_MAX_32 = 1 << 32


@dataclass(frozen=True, slots=True)
class Block:
    """Some postings as bytes.

    Attributes
    ----------
    first, last : int
        Keys, unsigned.
    count : int
    key_width, value_width : int
        Bytes of each difference of keys, and of each value.
    keys, values : bytes
        The differences of keys with zeros up to a multiple of 8, and the values. They are kept apart: most keys that
        are looked for are not there, and of those that are, few have values in one block.
    """

    first: int
    last: int
    count: int
    key_width: int
    value_width: int
    keys: bytes
    values: bytes


def to_blocks(keys: NDArray[Any], values: NDArray[Any]) -> Iterator[Block]:
    """Yield postings in blocks.

    Parameters
    ----------
    keys : uint32[n] or uint64[n]
        Ascending, equal ones allowed.
    values : int64[n] or uint32[n]
        0 to 2**32 - 1.

    Examples
    --------
    >>> keys, values = np.array([7, 7, 70_000], np.uint64), np.array([1, 2, 3])
    >>> [block] = to_blocks(keys, values)
    >>> block.key_width, block.value_width, len(block.keys), len(block.values)
    (4, 3, 16, 9)
    >>> [column.tolist() for column in entries_of(block)]
    [[7, 7, 70000], [1, 2, 3]]
    """
    # A wide step in a block makes all of its steps wide; where they are few, a block ends before each.
    wide = np.flatnonzero(np.diff(keys) >= _MAX_16) + 1
    if len(wide) * _LEAST_ROWS > len(keys):
        wide = wide[:0]
    bounds = np.concatenate([[0], wide, [len(keys)]])
    for first, last in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        yield from _cut(keys[first:last], values[first:last])


def _cut(keys: NDArray[Any], values: NDArray[Any]) -> Iterator[Block]:
    for start in range(0, len(keys), BLOCK_ROWS):
        part = keys[start : start + BLOCK_ROWS]
        steps = np.diff(part, prepend=part[:1])
        most = int(steps.max())
        width = 2 if most < _MAX_16 else 4 if most < _MAX_32 else 8
        numbers = values[start : start + BLOCK_ROWS]
        value_width = 3 if int(numbers.max()) < _MAX_24 else 4
        packed = numbers.astype("<u4", copy=False).view(np.uint8).reshape(-1, 4)[:, :value_width]
        gaps = steps.astype(f"<u{width}").tobytes()
        gaps += bytes(-len(gaps) % ALIGNED)
        yield Block(int(part[0]), int(part[-1]), len(part), width, value_width, gaps, packed.tobytes())


def entries_of(block: Block) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Return keys (uint64[n]) and values (int64[n]) of a block."""
    steps = np.frombuffer(block.keys, f"<u{block.key_width}", block.count)
    keys: NDArray[np.uint64] = np.cumsum(steps, dtype=np.uint64)
    keys += np.uint64(block.first)
    packed = np.frombuffer(block.values, np.uint8).reshape(-1, block.value_width)
    out = np.zeros((block.count, 4), np.uint8)
    out[:, : block.value_width] = packed
    return keys, out.view("<u4").ravel().astype(np.int64)
