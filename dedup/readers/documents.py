"""A file that is read as a whole -> its bytes."""

from __future__ import annotations

import json

from dedup.readers.tasks import OpenFile


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


def elements_before_break(text: str, start: int) -> tuple[list[object], str]:
    """Return the elements of a broken JSON array up to where it breaks, and what is wrong there.

    Parameters
    ----------
    text : str
    start : int
        After the bracket that opens the array.

    Examples
    --------
    >>> elements_before_break('{"items": [{"id": 1}, {"id"', 11)
    ([{'id': 1}], "line 1, column 28: Expecting ':' delimiter; 1 found before it")
    """
    elements: list[object] = []
    decoder = json.JSONDecoder(strict=False)
    while True:
        while text[start : start + 1] in (" ", "\t", "\r", "\n", ","):
            start += 1
        try:
            element, start = decoder.raw_decode(text, start)
        except json.JSONDecodeError as error:
            return elements, f"line {error.lineno}, column {error.colno}: {error.msg}; {len(elements)} found before it"
        except (RecursionError, ValueError):
            return elements, f"nested too deeply, or a number too long; {len(elements)} found before it"
        elements.append(element)
