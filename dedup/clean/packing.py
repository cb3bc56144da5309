"""Files as they were packed: their content in, and content out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from dedup.errors import FeedError
from dedup.readers.params import ReadParams
from dedup.readers.streams import ByteStream

_UTF8_MARK = b"\xef\xbb\xbf"


@contextmanager
def content_of(path: str, params: ReadParams) -> Iterator[tuple[bytes, Iterator[bytes]]]:
    """Yield the byte order mark of a file, if it has one, and its content behind it in chunks, unpacked.

    Raises
    ------
    FeedError
        It cannot be written again as it is: it is UTF-16, or damaged.
    """
    with Path(path).open("rb") as raw:
        stream = ByteStream(raw, params.block_bytes, params.max_unpacked)
        chunks = stream.chunks()
        first = next(chunks, b"")
        if stream.mark not in (b"", _UTF8_MARK):
            raise FeedError(path, 0, "is UTF-16 and cannot be cleaned as it is; make it UTF-8, or add --format jsonl")

        def content() -> Iterator[bytes]:
            if first:
                yield first
            yield from chunks
            if stream.losses:
                raise FeedError(path, 0, f"cannot be written again: {stream.losses[0]}; mend it first")

        yield stream.mark, content()


@contextmanager
def packed_output(path: Path, name: str) -> Iterator[BinaryIO]:
    """Open a file to write to, packed as its final name says."""
    suffix = Path(name).suffix.lower()
    with path.open("wb") as raw:
        if suffix in (".gz", ".gzip"):
            import gzip

            # No time and no name inside: equal content, equal bytes.
            with gzip.GzipFile("", "wb", 6, raw, mtime=0) as packed:
                yield packed  # type: ignore[misc]  # a binary file in all but name
        elif suffix in (".zst", ".zstd"):
            import zstandard

            with zstandard.ZstdCompressor(level=3).stream_writer(raw, closefd=False) as packed_zstd:
                yield packed_zstd
        elif suffix == ".bz2":
            import bz2

            with bz2.BZ2File(raw, "wb") as packed_bz2:
                yield packed_bz2  # type: ignore[misc]
        elif suffix == ".xz":
            import lzma

            with lzma.LZMAFile(raw, "wb") as packed_xz:
                yield packed_xz  # type: ignore[misc]
        else:
            yield raw
