"""Memory that the passes use again, and give back."""

from __future__ import annotations

import mmap
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from dedup.scratch import current, pinned_zeros
from dedup.tokens import TokenSpace

#: A table of counters of shingles takes at most this share of the text's bytes.
_COUNTER_SHARE = 0.3
#: A sixth of the first pass is counting: up to four threads seldom wait for one table; two would be the peak of a run.
_MAX_TABLES = 1 if (os.cpu_count() or 1) <= 4 else 2

_T = TypeVar("_T", bound=np.generic)


class Growing(Generic[_T]):
    """A column that parts are appended to.

    Parameters
    ----------
    kind : type
    room : int
        Rows that are reserved; the system gives memory as they fill.
    """

    def __init__(self, kind: type[_T], room: int = 1 << 16) -> None:
        self._data: NDArray[_T] = np.empty(max(room, 1 << 10), kind)
        self._used = 0

    def add(self, part: NDArray[Any]) -> None:
        """Append a part."""
        end = self._used + len(part)
        if end > len(self._data):
            grown = np.empty(max(end, len(self._data) * 3 // 2), self._data.dtype)
            grown[: self._used] = self._data[: self._used]
            self._data = grown
        self._data[self._used : end] = part
        self._used = end

    def array(self) -> NDArray[_T]:
        """Return what was appended, not copied."""
        return self._data[: self._used]


class HashStore:
    """Memory for the shingles of all shards, one after the other as they come.

    The system gives it out in large pages as it fills, and gets it back part by part. Arrays of their own would be made
    of small pages, which cost more than the shingles, and would stay with the heap when they are gone.
    """

    def __init__(self, text_bytes: int) -> None:
        # A token has a byte, and another one up to the next; a short segment has one shingle more.
        size = 4 * text_bytes + (1 << 16)
        self._lock = threading.Lock()
        self._used = 0
        self._memory: mmap.mmap | None = None
        if current() is not None:
            self._hashes = np.empty(size // 4, np.uint32)  # out of the scratch, which needs no help
            return
        if hasattr(mmap, "MAP_PRIVATE"):
            self._memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        else:
            self._memory = mmap.mmap(-1, size)
        if hasattr(mmap, "MADV_HUGEPAGE"):
            with suppress(OSError):  # a kernel without them
                self._memory.madvise(mmap.MADV_HUGEPAGE)
        self._hashes = np.frombuffer(self._memory, np.uint32)

    def keep(self, hashes: NDArray[np.uint32]) -> slice:
        """Copy hashes in, and return where they are."""
        with self._lock:
            start, self._used = self._used, self._used + len(hashes)
        self._hashes[start : start + len(hashes)] = hashes
        return slice(start, start + len(hashes))

    def get(self, kept: slice) -> NDArray[np.uint32]:
        """Return what was kept."""
        return self._hashes[kept]

    def drop(self, kept: slice) -> None:
        """Give the memory back; what was kept there is gone."""
        if self._memory is not None and hasattr(mmap, "MADV_DONTNEED"):
            # Pages at both ends are shared with the neighbours.
            start, end = -(-4 * kept.start // mmap.PAGESIZE), 4 * kept.stop // mmap.PAGESIZE
            if start < end:
                self._memory.madvise(mmap.MADV_DONTNEED, start * mmap.PAGESIZE, (end - start) * mmap.PAGESIZE)


def count_counters(text_bytes: int) -> int:
    """Return how many counters of shingles there are for so much text, a power of two.

    No more than there are shingles: their hashes have 32 bits.
    """
    return 1 << min(32, max(16, int(_COUNTER_SHARE * text_bytes).bit_length() - 1))


class Workers:
    """What the threads of the first pass work with: space for tokens, one each, and tables of shingle counters.

    How large a table is decides which shingles share a counter, and so must not depend on the number of threads, nor of
    tables: whoever counts has one for itself as long, and what they counted is added up.
    """

    def __init__(self, text_bytes: int) -> None:
        self._size = count_counters(text_bytes)
        self._local = threading.local()
        self._free = threading.Semaphore(_MAX_TABLES if current() is None else 1)
        self._tables: list[NDArray[np.uint8]] = []

    def space(self) -> TokenSpace:
        """Return the space of the thread that calls."""
        if not hasattr(self._local, "space"):
            self._local.space = TokenSpace()
        space: TokenSpace = self._local.space
        return space

    @contextmanager
    def counting(self) -> Iterator[NDArray[np.uint8]]:
        """Lend a table of counters: uint8[2**p]."""
        with self._free:
            try:
                table = self._tables.pop()  # of one thread at a time, as the list sees to
            except IndexError:
                table = pinned_zeros(self._size)
            try:
                yield table
            finally:
                self._tables.append(table)

    def counters(self) -> NDArray[np.uint8]:
        """Return the sum of all tables; they are gone afterwards."""
        from dedup.kernels import shingle as kernels

        self._local = threading.local()
        if not self._tables:
            return np.zeros(self._size, np.uint8)
        total = self._tables.pop()
        while self._tables:
            kernels.add_counters(total, self._tables.pop(), total)
        return total
