"""JSON entries -> blocks of a page: gzipped, in base64, each in an element of its own."""

from __future__ import annotations

import base64
import zlib
from typing import NamedTuple

from dedup.reports.json import Sink

#: Bytes of JSON in a block: large enough to pack well, small enough to unpack in a few milliseconds.
BLOCK_BYTES = 128 * 1024
#: Deflate level 6 of zlib; with 31 for ``wbits`` it writes a gzip header without a time (RFC 1952, 2.3.1).
_LEVEL, _GZIP = 6, 31
#: Packed to unpacked, before anything is known: text in small blocks; in large ones it is about .5.
_USUAL_RATIO = 0.6


class Counted:
    """A sink that knows how much went through it."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self.written = 0

    def write(self, data: bytes, /) -> None:
        """Pass the bytes on."""
        self.written += len(data)
        self._sink.write(data)


class Address(NamedTuple):
    """Where an entry is: the number of its block, and its place in it."""

    block: int
    at: int


def pack(data: bytes) -> bytes:
    """Return data gzipped, in base64.

    Examples
    --------
    >>> import gzip
    >>> gzip.decompress(base64.b64decode(pack(b"said twice")))
    b'said twice'
    """
    compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
    return base64.b64encode(compressor.compress(data) + compressor.flush())


class Blocks:
    """Packs entries of one kind into numbered blocks, each a JSON array.

    Parameters
    ----------
    sink : Sink
    kind : str
        Block ``i`` is the element with the id ``kind-i``.
    block_bytes : int
        A block is written when it has so much.
    """

    def __init__(self, sink: Sink, kind: str, block_bytes: int = BLOCK_BYTES) -> None:
        self._sink, self._kind, self._block_bytes = sink, kind, block_bytes
        self._entries: list[bytes] = []
        self._size = 0
        self._block = 0
        self._ratio = _USUAL_RATIO

    def add(self, entry: bytes) -> Address:
        """Take an entry, encoded as JSON, and return where it will be."""
        if self._size and self._size + len(entry) > self._block_bytes:
            self.flush()
        self._entries.append(entry)
        self._size += len(entry)
        return Address(self._block, len(self._entries) - 1)

    @property
    def waiting(self) -> int:
        """About how many bytes of the page what is not written yet will take, by what came before."""
        return int(self._size * self._ratio)

    def flush(self) -> None:
        """Write what is left."""
        if not self._entries:
            return
        # Nothing of what was read is in this markup: base64 has no character that ends an element.
        head = f'<script type="application/octet-stream" id="{self._kind}-{self._block}">'
        packed = pack(b"[" + b",".join(self._entries) + b"]")
        self._sink.write(head.encode() + packed + b"</script>\n")
        self._ratio = len(packed) / self._size
        self._entries, self._size = [], 0
        self._block += 1
