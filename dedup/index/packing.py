"""Texts, or what is kept instead of them, <-> bytes of an archive: an article at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import zstandard
from numpy.typing import NDArray

from dedup.errors import IndexFormatError
from dedup.hashed import join_hashed, no_hashed, row_edges
from dedup.model import Articles, Hashed, Segments

#: What an archive keeps of articles, beside identifiers, dates, sources and links: titles and texts, or hashes of
#: their words and where they stood.
Keeps = Literal["text", "hashes"]
KEEPS: tuple[Keeps, ...] = ("text", "hashes")

_LEVEL = 3
#: Of columns that are counted from one row to the next, and of all others, by name; words are kept once each.
_SEGMENTS = ("segment_steps", "segment_lengths", "levels", "is_child")
_TOKENS = ("gaps", "lengths", "numbers", "words")
_JOINED = ("joined_starts", "joined_lengths")
_WIDTHS = (1, 2, 4)


def pack_texts(articles: Articles, rows: slice) -> Iterator[bytes]:
    """Yield what is kept of the title and body of each of some articles: packed text, or packed hashes."""
    # Of hashes nothing tells that they are damaged but a sum.
    packer = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=articles.hashed is not None)
    data, offsets, hashed = articles.text.data, articles.offsets[rows.start : rows.stop + 1].tolist(), articles.hashed
    edges = [0] * len(offsets) if hashed is None else row_edges(hashed.segments, rows.start, rows.stop).tolist()
    for (start, end), own in zip(pairwise(offsets), pairwise(edges), strict=True):
        hashes = b"" if hashed is None else _pack(hashed, slice(*own), start, end)
        yield packer.compress(hashes + data[start:end])


def unpack_texts(
    packed: Sequence[bytes], sizes: Sequence[int], keeps: Keeps, name: str
) -> tuple[NDArray[np.uint8], Hashed | None]:
    """Return texts one after the other, and for an archive of hashes what there is instead of them.

    Parameters
    ----------
    packed : sequence of bytes
        As of `pack_texts`.
    sizes : sequence of int
        Bytes of each text.
    keeps : {"text", "hashes"}
    name : str
        Of the archive, for messages.

    Raises
    ------
    IndexFormatError
        A text has another size, or hashes do not fit each other.
    """
    unpacker = zstandard.ZstdDecompressor()
    if keeps == "text":
        texts = [unpacker.decompress(one, max_output_size=size) for one, size in zip(packed, sizes, strict=True)]
        parts: list[Hashed] = []
    else:
        texts, parts, at = [], [no_hashed(0)], 0
        for row, (one, size) in enumerate(zip(packed, sizes, strict=True)):
            data = unpacker.decompress(one)
            try:
                parts.append(_unpack(data[: len(data) - size], row, at))
            except (ValueError, IndexError):
                raise IndexFormatError(f"index {name}: hashes are damaged; `dedup index verify`") from None
            texts.append(data[len(data) - size :])
            at += size
    if any(len(text) != size for text, size in zip(texts, sizes, strict=True)):
        raise IndexFormatError(f"index {name}: a text is not as long as it should be; `dedup index verify`")
    return np.frombuffer(b"".join(texts), np.uint8), None if keeps == "text" else join_hashed(parts)


def _pack(hashed: Hashed, rows: slice, start: int, end: int) -> bytes:
    """Return the hashes of an article, which has these segments, and the text of which was ``start`` to ``end``."""
    own = hashed.segments
    tokens = slice(*np.searchsorted(hashed.starts, [start, end]).tolist())
    joined = slice(*np.searchsorted(hashed.joined_starts, [start, end]).tolist())
    starts, token_starts, token_ends = own.starts[rows], hashed.starts[tokens], hashed.ends[tokens]
    words, first, which = np.unique(hashed.values[tokens], return_index=True, return_inverse=True)
    # By where they first stand, so that the numbers of words are small for long.
    order = np.argsort(first)
    numbers = np.empty(len(words), np.int64)
    numbers[order] = np.arange(len(words))
    columns: dict[str, NDArray[Any]] = {
        "segment_steps": np.diff(starts, prepend=start),
        "segment_lengths": own.ends[rows] - starts,
        "levels": own.levels[rows],
        "is_child": own.parents[rows] >= 0,
        "gaps": token_starts - np.append(start, token_ends)[: len(token_starts)],
        "lengths": token_ends - token_starts,
        "numbers": hashed.numbers[tokens],
        "words": numbers[which],
        "joined_starts": hashed.joined_starts[joined] - start,
        "joined_lengths": hashed.joined_ends[joined] - hashed.joined_starts[joined],
    }
    counts = [len(starts), len(token_starts), len(words), joined.stop - joined.start]
    head = np.array(counts, "<u4").tobytes()
    body = b"".join(_narrow(columns[name]) for name in (*_SEGMENTS, *_TOKENS, *_JOINED))
    hashes = np.append(words[order], hashed.joined_values[joined])
    return head + body + hashes.astype("<u8").tobytes()


def _narrow(column: NDArray[Any]) -> bytes:
    """Return a column as the narrowest signed numbers that hold it, their width first."""
    most = int(np.abs(column.astype(np.int64)).max(initial=0))
    width = next(width for width in _WIDTHS if most < 1 << (8 * width - 1))
    return bytes([width]) + column.astype(f"<i{width}").tobytes()


class _Bytes:
    """Bytes that are read one column after the other."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def column(self, kind: str, n: int) -> NDArray[Any]:
        found = np.frombuffer(self._data, kind, n, self._at)
        self._at += found.nbytes
        return found

    def narrow(self, n: int) -> NDArray[np.int64]:
        width = int(self.column("u1", 1)[0])
        if width not in _WIDTHS:
            raise ValueError(f"numbers of {width} bytes")
        return self.column(f"<i{width}", n).astype(np.int64)

    def is_read(self) -> bool:
        return self._at == len(self._data)


def _unpack(data: bytes, row: int, start: int) -> Hashed:
    """Return the hashes of an article that is row ``row`` of a table, and begins at ``start``."""
    stream = _Bytes(data)
    n_segments, n_tokens, n_words, n_joined = stream.column("<u4", 4).tolist()
    sizes = dict.fromkeys(_SEGMENTS, n_segments) | dict.fromkeys(_TOKENS, n_tokens) | dict.fromkeys(_JOINED, n_joined)
    columns = {name: stream.narrow(n) for name, n in sizes.items()}
    words, joined = stream.column("<u8", n_words), stream.column("<u8", n_joined)
    if not stream.is_read():
        raise ValueError("bytes that belong to nothing")
    starts = start + np.cumsum(columns["segment_steps"])
    # A paragraph stands before its sentences.
    above = np.maximum.accumulate(np.where(columns["is_child"] > 0, -1, np.arange(n_segments)))
    token_ends = start + np.cumsum(columns["gaps"] + columns["lengths"])
    joined_starts = start + columns["joined_starts"]
    segments = Segments(
        starts,
        starts + columns["segment_lengths"],
        np.full(n_segments, row, np.int32),
        columns["levels"].astype(np.uint8),
        np.where(columns["is_child"] > 0, above, -1).astype(np.int32),
    )
    return Hashed(
        np.ones(1, np.bool_),
        segments,
        words[columns["words"]],
        token_ends - columns["lengths"],
        token_ends,
        columns["numbers"] > 0,
        joined,
        joined_starts,
        joined_starts + columns["joined_lengths"],
    )
