"""A file or pipe -> chunks of UTF-8 bytes, decompressed; and chunks -> blocks of whole lines."""

from __future__ import annotations

import codecs
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import BinaryIO

_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
#: The format of a file is told, and front matter and the heading of a Markdown file looked for, in so much of it.
HEAD_BYTES = 1 << 16
#: How much is decompressed at once: little goes in, since much may come out.
_STEP = 1 << 16
_OUT = 1 << 20

# The longer marks first: that of UTF-32 begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, None),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(slots=True)
class ByteStream:
    """The content of a file in chunks: gzip and Zstandard (by their first bytes) undone, UTF-16 made UTF-8.

    Attributes
    ----------
    raw : binary file
    chunk_bytes : int
        How much of the file is read at once.
    read_bytes : int
        How much of the file has been read.
    losses : list of str
        What could not be read, a reason each; complete when the chunks have been.
    """

    raw: BinaryIO
    chunk_bytes: int
    read_bytes: int = 0
    losses: list[str] = field(default_factory=list)

    def chunks(self) -> Iterator[bytes]:
        """Yield the content; no chunk is empty, and a byte order mark is not part of it."""
        raw = self._read()
        head, raw = peek(raw, 4)
        if head.startswith(_GZIP):
            raw = self._gunzip(raw)
        elif head.startswith(_ZSTD):
            raw = self._unzstd(raw)
        head, raw = peek(raw, 4)
        for mark, encoding in _MARKS:
            if head.startswith(mark):
                return self._decode(raw, encoding) if encoding else _without(raw, len(mark))
        return raw

    def _read(self) -> Iterator[bytes]:
        while chunk := self.raw.read(self.chunk_bytes):
            self.read_bytes += len(chunk)
            yield chunk

    def _gunzip(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        member = zlib.decompressobj(31)
        for data in _small(chunks):
            while data:
                if member.eof:
                    data = data.lstrip(b"\0")  # padding between members and after the last (RFC 1952, 2.2)
                    if not data:
                        break
                    member = zlib.decompressobj(31)
                try:
                    out = member.decompress(data, _OUT)
                except zlib.error:
                    self.losses.append("damaged gzip data, read up to there")
                    return
                if out:
                    yield out
                data = member.unused_data if member.eof else member.unconsumed_tail
        if not member.eof:
            rest = member.flush()
            if rest:
                yield rest
        if not member.eof:
            self.losses.append("gzip data end too early, read up to there")

    def _unzstd(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        import zstandard

        # A window of 2 GB is what `zstd --long=31` needs; memory is taken only if the frame asks for it.
        context = zstandard.ZstdDecompressor(max_window_size=1 << 31)
        frame = context.decompressobj()
        for data in _small(chunks):
            while data:
                if frame.eof:
                    frame = context.decompressobj()
                try:
                    out = frame.decompress(data)
                except zstandard.ZstdError:
                    self.losses.append("damaged zstd data, read up to there")
                    return
                if out:
                    yield out
                data = frame.unused_data if frame.eof else b""
        if not frame.eof:
            self.losses.append("zstd data end too early, read up to there")

    def _decode(self, chunks: Iterator[bytes], encoding: str) -> Iterator[bytes]:
        decoder = codecs.getincrementaldecoder(encoding)("replace")
        replaced = False
        for chunk in chain(chunks, [b""]):
            text = decoder.decode(chunk, final=not chunk)
            replaced |= "\ufffd" in text
            if text:
                yield text.encode()
        if replaced:
            self.losses.append(f"invalid {encoding.upper()} read as U+FFFD")


def _small(chunks: Iterator[bytes]) -> Iterator[bytes]:
    return (chunk[low : low + _STEP] for chunk in chunks for low in range(0, len(chunk), _STEP))


def peek(chunks: Iterator[bytes], size: int) -> tuple[bytes, Iterator[bytes]]:
    """Return the first ``size`` bytes or more, if there are as many, and all chunks again."""
    head = b""
    for chunk in chunks:
        head += chunk
        if len(head) >= size:
            break
    return head, chain([head] if head else [], chunks)


def _without(chunks: Iterator[bytes], size: int) -> Iterator[bytes]:
    head, chunks = peek(chunks, size + 1)
    next(chunks, b"")
    return chain([head[size:]] if head[size:] else [], chunks)


def line_blocks(chunks: Iterator[bytes], block_bytes: int) -> Iterator[bytes]:
    r"""Yield the chunks as blocks of whole lines, at least ``block_bytes`` each but the last.

    Examples
    --------
    >>> list(line_blocks(iter([b"a", b"b\nc", b"d\n\n", b"e"]), 2))
    [b'ab\n', b'cd\n', b'\ne']
    """
    pieces: list[bytes | memoryview] = []
    size = 0
    # A chunk may be longer: what was read to see the format, or came out of a packed file.
    for chunk in (part[low : low + block_bytes] for part in chunks for low in range(0, len(part), block_bytes)):
        cut = chunk.rfind(b"\n") + 1 if size + len(chunk) >= block_bytes else 0
        if cut:
            view = memoryview(chunk)
            yield b"".join([*pieces, view[:cut]])
            pieces, size = [view[cut:]], len(chunk) - cut
        else:
            pieces.append(chunk)
            size += len(chunk)
    if size:
        yield b"".join(pieces)
