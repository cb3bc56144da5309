"""A file that is read as a whole -> its text, and the rows of what was found in it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dedup.model import Skip
from dedup.readers.buffer import RowBuilder, Rows
from dedup.readers.encodings import BINARY, decode_markup, is_binary
from dedup.readers.fields import FieldTable, Record
from dedup.readers.streams import take, too_long
from dedup.readers.tasks import OpenFile
from dedup.readers.xmlguard import refuse_entities


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """A file that was read as a whole, or a page out of an archive.

    Attributes
    ----------
    content : bytes
    path : str
    file_row : int
        As in `OpenFile`.
    table : FieldTable
    losses : sequence of str
        What of the file could not be read.
    encoding : str
        What it came with says that it is in, as `find_encoding` names it; its own word goes before.
    """

    content: bytes
    path: str
    file_row: int
    table: FieldTable
    losses: Sequence[str] = ()
    encoding: str = ""

    def decode(self) -> tuple[str, list[str]]:
        """Return the text, whatever it says of its encoding, or nothing if it is none, and what is wrong with it."""
        if is_binary(self.content):
            return "", [*self.losses, BINARY]
        decoded = decode_markup(self.content, self.encoding or self.table.encoding)
        if not decoded.text.strip():
            return "", list(self.losses) or ["empty"]
        return decoded.text, [*self.losses, *([decoded.note] if decoded.note else [])]

    def decode_xml(self) -> tuple[str, list[str]]:
        """Return what `decode` does, or no text and why an XML document is refused."""
        text, notes = self.decode()
        refusal = refuse_entities(text)
        return ("", [refusal]) if refusal else (text, notes)

    def builder(self, notes: Iterable[str]) -> RowBuilder:
        """Return what collects the rows; all that is wrong with the file as a whole is one line, however much it is."""
        line = "; ".join(notes)
        return RowBuilder([Skip(self.path, 0, line)] if line else [], len(self.content))

    def rows(self, records: Iterable[Record | str], notes: Iterable[str]) -> Rows:
        """Return the rows of records, numbered from 1; of those that are none, why."""
        builder = self.builder(notes)
        for number, record in enumerate(records, 1):
            builder.take(self.path, self.file_row, number, record)
        return builder.rows()


def read_document(file: OpenFile) -> Document:
    """Return a file up to ``max_document_bytes``."""
    limit = file.params.max_document_bytes
    pieces, is_whole = take(file.chunks, limit)
    losses = file.stream.losses if is_whole else [*file.stream.losses, too_long(limit)]
    return Document(b"".join(pieces)[:limit], file.path, file.file_row, file.table, losses)


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
