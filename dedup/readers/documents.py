"""A file that is read as a whole -> its bytes."""

from __future__ import annotations

from dedup.readers.formats import OpenFile


def read_whole(file: OpenFile) -> tuple[bytes, list[str]]:
    """Return the content of a file up to ``max_document_bytes``, and what of it could not be read."""
    limit = file.params.max_document_bytes
    pieces, size = [], 0
    for chunk in file.chunks:
        pieces.append(chunk[: limit - size])
        size += len(chunk)
        if size > limit:
            return b"".join(pieces), [f"longer than {limit:,} bytes, read up to there; raise max_document_bytes"]
    return b"".join(pieces), list(file.stream.losses)
