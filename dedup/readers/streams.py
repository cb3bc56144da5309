"""A file or pipe -> chunks of UTF-8 bytes, decompressed; and chunks -> blocks of whole lines."""

from __future__ import annotations

import codecs
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from bz2 import BZ2Decompressor
    from lzma import LZMADecompressor

_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_BZIP2 = b"BZh"
_XZ = b"\xfd7zXZ\0"
_MAGIC_BYTES = 6
#: The format of a file is told, and front matter and the heading of a Markdown file looked for, in so much of it.
HEAD_BYTES = 1 << 16
#: How much is decompressed at once: little goes in, since much may come out.
_STEP = 1 << 16
_OUT = 1 << 20
#: No limit can be set on what comes out of Zstandard at once: at most 128 KB for every four bytes (RFC 8878, 3.1.1.2).
_ZSTD_STEP = 1 << 12
#: What an xz file may make us take for its dictionary; `xz -9` needs 65 MiB.
_XZ_MEMORY = 1 << 29
#: So much may come out of however small a file.
FREE_BYTES = 1 << 26

# The longer marks first: that of UTF-32 begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, None),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

#: UTF-16 without a mark is told by so much.
_WIDE_BYTES = 64


@dataclass(slots=True)
class ByteStream:
    """The content of a file in chunks: gzip, bzip2, xz and Zstandard (by their first bytes) undone, UTF-16 made UTF-8.

    Attributes
    ----------
    raw : binary file
    chunk_bytes : int
        How much of the file is read at once.
    read_bytes : int
        How much of the file has been read.
    losses : list of str
        What could not be read, a reason each; complete when the chunks have been.
    max_unpacked : int
        The content may be so many times as large as the file, or `FREE_BYTES`; what is beyond is not read.
    is_changed : bool
        The chunks are not the file as it is.
    mark : bytes
        The byte order mark that the content began with, known when the first chunk is.
    """

    raw: BinaryIO
    chunk_bytes: int
    max_unpacked: int = 200
    read_bytes: int = 0
    losses: list[str] = field(default_factory=list)
    is_changed: bool = False
    mark: bytes = b""

    def chunks(self) -> Iterator[bytes]:
        """Yield the content; no chunk is empty, and a byte order mark is not part of it."""
        raw = self._read()
        head, raw = peek(raw, _MAGIC_BYTES)
        for magic, unpack in (
            (_GZIP, self._gunzip),
            (_ZSTD, self._unzstd),
            (_BZIP2, self._unbzip2),
            (_XZ, self._unxz),
        ):
            if head.startswith(magic):
                self.is_changed = True
                raw = self._limited(unpack(raw))
                break
        head, raw = peek(raw, _WIDE_BYTES)
        for mark, encoding in _MARKS:
            if head.startswith(mark):
                self.is_changed, self.mark = True, mark
                return self._decode(raw, encoding) if encoding else _without(raw, len(mark))
        if wide := _wide_encoding(head[:_WIDE_BYTES]):
            self.is_changed = True
            return self._decode(raw, wide)
        return raw

    def largest(self, packed_bytes: int) -> int:
        """Return how much what is packed in so many bytes may unpack to."""
        return max(FREE_BYTES, self.max_unpacked * packed_bytes)

    def _read(self) -> Iterator[bytes]:
        while chunk := self.raw.read(self.chunk_bytes):
            self.read_bytes += len(chunk)
            yield chunk

    def _limited(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        size = 0
        for chunk in chunks:
            room = self.largest(self.read_bytes) - size
            size += len(chunk)
            if len(chunk) > room:
                if room > 0:
                    yield chunk[:room]
                times = f"{self.max_unpacked:,} times its size"
                self.losses.append(f"unpacks to more than {times}, read up to there; raise --max-unpacked")
                return
            yield chunk

    def _gunzip(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        member = zlib.decompressobj(31)
        for data in _small(chunks, _STEP):
            while data:
                if member.eof:
                    data = data.lstrip(b"\0")  # padding between members and after the last (RFC 1952, 2.2)
                    if not data:
                        break
                    member = zlib.decompressobj(31)
                before = member.copy()
                try:
                    out = member.decompress(data, _OUT)
                except zlib.error as error:
                    yield from _before_damage(before, data)
                    is_sum = any(f"incorrect {one} check" in str(error) for one in ("data", "length"))
                    sums = "the checksum of the gzip data is wrong, what was read may be damaged"
                    self.losses.append(sums if is_sum else "damaged gzip data, read up to there")
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

    def _unbzip2(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        import bz2

        return self._unpack(chunks, bz2.BZ2Decompressor, "bzip2")

    def _unxz(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        import lzma

        return self._unpack(chunks, lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, _XZ_MEMORY), "xz")

    def _unpack(
        self, chunks: Iterator[bytes], new: Callable[[], BZ2Decompressor | LZMADecompressor], name: str
    ) -> Iterator[bytes]:
        from lzma import LZMAError

        member = new()
        for data in _small(chunks, _STEP):
            while data or not (member.eof or member.needs_input):
                if member.eof:
                    data = data.lstrip(b"\0")  # padding between streams and after the last (xz format, 2.2)
                    if not data:
                        break
                    member = new()
                try:
                    out = member.decompress(data, _STEP)  # what comes out of a call that fails is lost
                except (OSError, LZMAError, EOFError, ValueError):
                    self.losses.append(f"damaged {name} data, read up to there")
                    return
                if out:
                    yield out
                data = member.unused_data if member.eof else b""
        if not member.eof:
            self.losses.append(f"{name} data end too early, read up to there")

    def _unzstd(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        import zstandard

        # A window of 2 GB is what `zstd --long=31` needs; memory is taken only if the frame asks for it.
        context = zstandard.ZstdDecompressor(max_window_size=1 << 31)
        frame = context.decompressobj()
        for data in _small(chunks, _ZSTD_STEP):
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


def _before_damage(member: zlib._Decompress, data: bytes) -> Iterator[bytes]:
    """Yield what unpacks before the damage in ``data``: of the call that meets it, zlib gives nothing."""
    for i in range(len(data)):
        try:
            out = member.decompress(data[i : i + 1])
        except zlib.error:
            return
        if out:
            yield out


def _wide_encoding(head: bytes) -> str:
    r"""Return which UTF-16 a file without a mark is in: it begins with two ASCII characters, and most are Latin.

    Examples
    --------
    >>> _wide_encoding("De déjà “vu”".encode("utf-16-le")), _wide_encoding("<a/>".encode("utf-16-be"))
    ('utf-16-le', 'utf-16-be')
    """
    for encoding, low, high in (("utf-16-le", head[::2], head[1::2]), ("utf-16-be", head[1::2], head[::2])):
        begins = len(low) > 1 and high[:2] == b"\0\0" and all(32 <= byte < 127 or byte in b"\t\r\n" for byte in low[:2])
        if begins and 0 not in low and 4 * high.count(0) >= 3 * len(high):
            return encoding
    return ""


def _small(chunks: Iterator[bytes], step: int) -> Iterator[bytes]:
    return (chunk[low : low + step] for chunk in chunks for low in range(0, len(chunk), step))


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


def take(chunks: Iterator[bytes], limit_bytes: int) -> tuple[list[bytes], bool]:
    """Return the chunks up to the one that goes beyond a limit, and whether there is none."""
    pieces, size = [], 0
    for chunk in chunks:
        pieces.append(chunk)
        size += len(chunk)
        if size > limit_bytes:
            return pieces, False
    return pieces, True


def too_long(limit_bytes: int) -> str:
    """Return what is said of what is longer than it may be."""
    return f"longer than {limit_bytes:,} bytes, read up to there; raise max_document_bytes"


def line_blocks(
    chunks: Iterator[bytes], block_bytes: int, max_line_bytes: int = 1 << 62, losses: list[str] | None = None
) -> Iterator[bytes]:
    r"""Yield the chunks as blocks of whole lines, at least ``block_bytes`` each but the last.

    What is beyond ``max_line_bytes`` in a line is left out, and ``losses`` told so.

    Examples
    --------
    >>> list(line_blocks(iter([b"a", b"b\nc", b"d\n\n", b"e"]), 2))
    [b'ab\n', b'cd\n', b'\ne']
    >>> losses = []
    >>> list(line_blocks(iter([b"abcdefgh", b"ijk\nl\n"]), 2, 4, losses)), losses
    ([b'abcdef', b'\nl\n'], ['a line is longer than 4 bytes, read up to there; raise max_document_bytes'])
    """
    pieces: list[bytes | memoryview] = []
    size, cutting = 0, False
    # A chunk may be longer: what was read to see the format, or came out of a packed file.
    for chunk in (part[low : low + block_bytes] for part in chunks for low in range(0, len(part), block_bytes)):
        if cutting:
            end = chunk.find(b"\n")
            if end < 0:
                continue
            chunk, cutting = chunk[end:], False
        cut = chunk.rfind(b"\n") + 1 if size + len(chunk) >= block_bytes else 0
        if cut:
            view = memoryview(chunk)
            yield b"".join([*pieces, view[:cut]])
            pieces, size = [view[cut:]], len(chunk) - cut
        else:
            pieces.append(chunk)
            size += len(chunk)
            if size > max_line_bytes:
                yield b"".join(pieces)
                pieces, size, cutting = [], 0, True
                if losses is not None:
                    losses.append(f"a line is {too_long(max_line_bytes)}")
    if size:
        yield b"".join(pieces)
