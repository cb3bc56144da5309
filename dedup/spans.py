"""Spans of a text -> their bytes, read from the scratch file and not through its mapping if the text lies there.

One byte that is read of a mapping brings all around it that the system holds in its cache, 64 KB up to 2 MB. Texts of a
few thousand segments from all over a feed would be more memory than the limit, sooner than anybody could let go of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dedup.errors import DedupError
from dedup.scratch import current

#: ``read(start, end)``: the bytes of a span.
Reader = Callable[[int, int], bytes]


def is_apart(text: NDArray[np.uint8]) -> bool:
    """Tell whether a text lies in the scratch."""
    scratch = current()
    return scratch is not None and scratch.place(text) is not None


def compact(
    text: NDArray[np.uint8], starts: NDArray[np.int64], ends: NDArray[np.int64]
) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64]]:
    """Return a text and spans in it that have the same bytes: of a text in the scratch, these spans alone.

    Parameters
    ----------
    text : uint8[total]
    starts, ends : int64[m]
        Half-open, inside the text.

    Raises
    ------
    DedupError
        The scratch cannot be read.
    """
    scratch = current()
    place = None if scratch is None else scratch.place(text)
    if scratch is None or place is None:
        return text, starts, ends
    from dedup.kernels.scratch import read_spans

    lasts = np.cumsum(ends - starts)
    read = np.empty(int(lasts[-1]) if len(lasts) else 0, np.uint8)
    if not read_spans(scratch.file, place, starts, ends, read):
        raise DedupError(f"scratch: {scratch.folder} cannot be read; give another folder")
    return read, lasts - (ends - starts), lasts


def reader(text: NDArray[np.uint8]) -> Reader:
    """Return what reads spans of a text one by one.

    Examples
    --------
    >>> reader(np.frombuffer(b"a word", np.uint8))(2, 6)
    b'word'
    """
    scratch = current()
    place = None if scratch is None else scratch.place(text)
    if scratch is not None and place is not None:
        return _file_reader(scratch.file, place)
    data: Any = text.data  # slices of a memory view cost half of what slices of an array do
    return lambda start, end: bytes(data[start:end])


def _file_reader(file: int, place: int) -> Reader:
    from os import pread

    def read(start: int, end: int) -> bytes:
        found = pread(file, max(0, end - start), place + start)
        if len(found) < end - start:
            raise DedupError("scratch: its file cannot be read; give another folder")
        return found

    return read
