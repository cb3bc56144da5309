"""Rows -> the same rows, titles and texts that no article has cut to a length that the engine can take."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dedup.model import Skip
from dedup.readers.buffer import Rows


def shorten(rows: Rows, limit_bytes: int, files: Sequence[str], file_bytes: Sequence[int]) -> Rows:
    """Cut titles and texts that are longer than a limit, between two characters, and say so of each record.

    Parameters
    ----------
    rows : Rows
        Changed in place if there are any.
    limit_bytes : int
        Where the file itself is larger, so is the limit.
    files, file_bytes : sequence of str, sequence of int
        The paths that ``rows.file_rows`` counts in, and their sizes on the disk; 0 of a pipe.

    Returns
    -------
    Rows
        The same.

    Notes
    -----
    A packed file of 1 MB may unpack to one text of 128 MB, and one text is not worked on in parts: each of its tokens
    takes about 100 bytes. Who has a text of 100 MB that is not packed knows how large it is.
    """
    sizes = np.column_stack([rows.title_sizes, rows.body_sizes])
    if sizes.max(initial=0) <= limit_bytes:
        return rows
    limits = np.array([max(limit_bytes, file_bytes[row] or rows.read_bytes) for row in rows.file_rows], np.int64)
    is_long = sizes > limits[:, None]
    if not is_long.any():
        return rows
    flat = sizes.ravel()
    starts = np.cumsum(flat) - flat
    content = np.empty(int(flat.sum()), np.uint8)
    rows.write(content)
    ends = starts + flat
    for piece in np.flatnonzero(is_long.ravel()).tolist():
        ends[piece] = _character_end(content, int(starts[piece] + limits[piece // 2]))
    kept = ends - starts
    new_starts = np.cumsum(kept) - kept

    def write(out: NDArray[np.uint8]) -> None:
        for start, end, new in zip(starts.tolist(), ends.tolist(), new_starts.tolist(), strict=True):
            out[new : new + end - start] = content[start:end]

    pieces = np.searchsorted(starts, rows.line_marks[:, 0], side="right") - 1
    is_there = rows.line_marks[:, 0] < ends[pieces]
    rows.line_marks = rows.line_marks[is_there]
    rows.line_marks[:, 0] += (new_starts - starts)[pieces[is_there]]
    rows.title_sizes, rows.body_sizes = kept.reshape(-1, 2).T.copy()
    rows.write = write
    for row in np.flatnonzero(is_long.any(axis=1)).tolist():
        note = f"unpacks to a text longer than {limits[row]:,} bytes, read up to there; raise max_document_bytes"
        rows.skips.append(Skip(files[rows.file_rows[row]], int(rows.records[row]), note))
    return rows


def _character_end(content: NDArray[np.uint8], end: int) -> int:
    """Return the last end of a character of UTF-8 up to ``end``, or ``end`` where the bytes are none."""
    for back in range(4):
        if content[end - back] & 0xC0 != 0x80:
            return end - back
    return end
