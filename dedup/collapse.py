"""Segment keys -> distinct segments: equal token sequences become one row with its members."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Distinct:
    """The distinct token sequences, in the order of their keys.

    That order depends on the texts alone: whatever is computed over these rows is the same in whatever order the
    articles arrive.

    Attributes
    ----------
    members : int32[total]
        Rows of `Segments`, ascending within a distinct row.
    offsets : int64[d + 1]
    of_segment : int32[m]
        The distinct row of each segment; -1 for a segment without a token.
    levels : uint8[d]
        Bits of all members.
    """

    members: NDArray[np.int32]
    offsets: NDArray[np.int64]
    of_segment: NDArray[np.int32]
    levels: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def firsts(self) -> NDArray[np.int32]:
        """First member of each distinct row: int32[d]."""
        return self.members[self.offsets[:-1]]

    @property
    def counts(self) -> NDArray[np.int64]:
        """Number of members of each distinct row: int64[d]."""
        return np.diff(self.offsets)


def collapse(keys: NDArray[np.uint64], n_tokens: NDArray[np.int32], levels: NDArray[np.uint8]) -> Distinct:
    """Return the distinct segments.

    Parameters
    ----------
    keys : uint64[m]
        `dedup.kernels.shingle.sequence_keys`. Two different sequences share one with probability ``m**2 / 2**65``.
    n_tokens : int32[m]
    levels : uint8[m]

    Examples
    --------
    >>> distinct = collapse(np.array([5, 3, 5, 9], np.uint64), np.array([1, 1, 1, 0]), np.array([2, 2, 4, 2], np.uint8))
    >>> distinct.members.tolist(), distinct.offsets.tolist(), distinct.of_segment.tolist(), distinct.levels.tolist()
    ([1, 0, 2], [0, 1, 3], [1, 0, 1, -1], [2, 6])
    """
    from dedup.kernels.sort import radix_argsort

    members = np.flatnonzero(n_tokens > 0).astype(np.int32)
    keys = keys[members]
    order = members.view(np.uint32)  # numbers of one type everywhere: it is compiled for each
    radix_argsort(keys, 64, order, np.empty_like(keys), np.empty_like(order))
    is_first = np.empty(len(keys), np.bool_)
    is_first[:1] = True
    np.not_equal(keys[1:], keys[:-1], out=is_first[1:])
    offsets = np.append(np.flatnonzero(is_first), len(keys)).astype(np.int64)
    of_segment = np.full(len(n_tokens), -1, np.int32)
    of_segment[members] = np.cumsum(is_first, dtype=np.int32) - 1
    merged = np.bitwise_or.reduceat(levels[members], offsets[:-1]) if len(members) else np.empty(0, np.uint8)
    return Distinct(members, offsets, of_segment, merged.astype(np.uint8))
