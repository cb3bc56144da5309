"""Tokens -> hashed shingles of each segment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from dedup.model import Segments, Tokens


@dataclass(frozen=True, slots=True)
class ShingleParams:
    """What a shingle is, and which segments have enough of them.

    Attributes
    ----------
    unit : {"word", "char"}
        ``word`` makes shingles of tokens; ``char`` of folded characters, for noisy text such as OCR.
    size : int
        Units in a shingle; ``None`` stands for 3 words or 5 characters.
    min_tokens : int
        Shorter segments are not searched.
    """

    unit: Literal["word", "char"] = "word"
    size: int | None = None
    min_tokens: int = 8

    def __post_init__(self) -> None:
        if self.unit not in ("word", "char"):
            raise ValueError(f"shingle: unit is {self.unit!r}; allowed: word, char")
        if self.size is not None and self.size < 1:
            raise ValueError(f"shingle: size is {self.size}; at least 1 is needed")
        if self.min_tokens < 1:
            raise ValueError(f"shingle: min_tokens is {self.min_tokens}; at least 1 is needed")

    @property
    def k(self) -> int:
        """Units in a shingle, the default filled in."""
        if self.size is not None:
            return self.size
        return 3 if self.unit == "word" else 5


@dataclass(frozen=True, slots=True, eq=False)
class Shingles:
    """The set of hashed shingles of each segment.

    Attributes
    ----------
    values : uint32[nnz]
        Sorted and distinct within a row; bits well mixed (`dedup.kernels.hashing.shingle_hash`).
    offsets : int64[n + 1]
        Row ``r`` is ``values[offsets[r]:offsets[r + 1]]``; it may be empty.
    """

    values: NDArray[np.uint32]
    offsets: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.offsets) - 1


@dataclass(frozen=True, slots=True, eq=False)
class Ranges:
    """Which tokens each segment has.

    Attributes
    ----------
    values : uint64[t]
        Token (or character) hashes of many segments, in text order.
    firsts, lasts : int64[m]
        Segment ``r`` has ``values[firsts[r]:lasts[r]]``; a paragraph shares those of its sentences.
    """

    values: NDArray[np.uint64]
    firsts: NDArray[np.int64]
    lasts: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class ShingleRuns:
    """The shingles of each segment one after the other as they stand in it, repeats included.

    Attributes
    ----------
    hashes : uint32[t]
        As in `Shingles`.
    firsts, lasts : int64[m]
        Segment ``r`` has ``hashes[firsts[r]:lasts[r]]``; a paragraph shares those of its sentences.
    """

    hashes: NDArray[np.uint32]
    firsts: NDArray[np.int64]
    lasts: NDArray[np.int64]


def leaves(segments: Segments) -> NDArray[np.bool_]:
    """Tell which segments have no sentences of their own: bool[m]. Together they cover the text once."""
    has_children = np.zeros(len(segments), np.bool_)
    has_children[segments.parents[segments.parents >= 0]] = True
    return ~has_children


def token_ranges(segments: Segments, tokens: Tokens) -> Ranges:
    """Return the token range of every segment, from the tokens of the `leaves`."""
    from dedup.kernels import shingle as kernels

    firsts = np.empty(len(segments), np.int64)
    lasts = np.empty(len(segments), np.int64)
    kernels.token_ranges(segments.parents, tokens.offsets, firsts, lasts)
    return Ranges(tokens.values, firsts, lasts)


def shingle_runs(ranges: Ranges, k: int) -> ShingleRuns:
    """Return the shingles of each token range in their order.

    Examples
    --------
    >>> runs = shingle_runs(Ranges(np.array([7, 8, 9, 7, 8], np.uint64), np.array([0, 4, 0]), np.array([4, 5, 0])), 2)
    >>> runs.firsts.tolist(), runs.lasts.tolist(), bool(runs.hashes[0] == runs.hashes[3])
    ([0, 5, 0], [3, 6, 0], True)
    """
    from dedup.kernels import shingle as kernels

    n_tokens = ranges.lasts - ranges.firsts
    short = (n_tokens > 0) & (n_tokens < k)
    hashes = np.empty(len(ranges.values) + int(short.sum()), np.uint32)
    kernels.hash_positions(ranges.values, k, hashes[: len(ranges.values)])
    kernels.hash_whole(ranges.values, ranges.firsts[short], ranges.lasts[short], hashes[len(ranges.values) :])
    return ShingleRuns(hashes, *run_bounds(ranges.firsts, n_tokens, len(ranges.values), k))


def run_bounds(
    firsts: NDArray[np.int64], n_tokens: NDArray[np.int64], n_positions: int, k: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where the shingles of token ranges stand in the hashes of `shingle_runs`.

    Those of ``k`` tokens stand where their first token does. The one shingle of each range that is shorter follows
    behind the ``n_positions`` of all tokens, in the order of the ranges.
    """
    short = np.flatnonzero((n_tokens > 0) & (n_tokens < k))
    first, last = firsts.copy(), firsts + np.maximum(n_tokens - (k - 1), 0)
    first[short] = np.arange(n_positions, n_positions + len(short))
    last[short] = first[short] + 1
    return first, last


def shingle(ranges: Ranges, params: ShingleParams) -> Shingles:
    """Return the shingle set of each token range.

    A range shorter than ``params.k`` has one shingle, all of it; an empty range has none.

    Examples
    --------
    >>> tokens = np.array([7, 8, 9, 7, 8, 9], np.uint64)
    >>> ranges = Ranges(tokens, np.array([0, 3, 0, 0]), np.array([3, 6, 6, 0]))
    >>> sets = shingle(ranges, ShingleParams(size=3))
    >>> np.diff(sets.offsets).tolist(), bool(sets.values[0] == sets.values[1])
    ([1, 1, 3, 0], True)
    """
    from dedup.kernels import shingle as kernels

    n_tokens = ranges.lasts - ranges.firsts
    out = np.empty(int(np.sum(np.maximum(n_tokens - params.k + 1, n_tokens > 0))), np.uint32)
    offsets = np.empty(len(n_tokens) + 1, np.int64)
    used = kernels.shingle_rows(ranges.values, ranges.firsts, ranges.lasts, params.k, out, offsets)
    return Shingles(out[:used], offsets)
