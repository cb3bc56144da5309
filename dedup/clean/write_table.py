"""CSV and its like, written again with some texts shorter and some records left out."""

from __future__ import annotations

import json
import re
from pathlib import Path

from dedup.clean.edits import MARKS, Edit, Edits, RemovedWriter
from dedup.clean.packing import content_of, packed_output
from dedup.errors import FeedError
from dedup.readers.fields import FieldTable
from dedup.readers.formats import name_format
from dedup.readers.layout import QUOTE, Layout, find_layout, split_record
from dedup.readers.params import FIELDS, ReadParams
from dedup.readers.streams import HEAD_BYTES

_TEXT = list(FIELDS).index("text")


def write(path: str, out: Path, name: str, edits: Edits, params: ReadParams, removed: RemovedWriter) -> None:
    """Write a table again: records that stay byte for byte, but for the fields with their texts."""
    with content_of(path, params) as (mark, chunks):
        content = b"".join(chunks)
    is_tsv = name_format(path) == "csv" and ".tsv" in path.lower()
    fields_of = FieldTable(params)
    layout = find_layout(content[:HEAD_BYTES], fields_of, is_tsv=is_tsv)
    if isinstance(layout, str):
        raise FeedError(path, 0, layout)
    table = _Table(
        path, content.decode("latin-1"), layout, fields_of.encoding or "cp1252"
    )  # a character a byte: quotes and ends are ASCII
    with packed_output(out, name) as stream:
        stream.write(mark)
        head = content[: layout.start]
        if edits.has_marks:
            head = table.marked_header(head)
        stream.write(head)
        at, line = layout.start, layout.first_line
        while at < len(content):
            if table.text[at] in "\r\n":
                line += table.text[at] == "\n" or table.text[at + 1 : at + 2] not in ("\n", "")
                stream.write(content[at : at + 1])
                at += 1
                continue
            fields, end = table.fields(at, line)
            edit = edits.get(line)
            record = content[at:end]
            if edit is not None:
                removed.write(edit, record.decode("utf-8", "backslashreplace") if edit.drop else None)
            if edit is not None and edit.drop:
                end = table.line_end(end)
                line += table.text.count("\n", at, end)
            else:
                edited = record if edit is None else table.edited(line, at, end, fields, edit, edits)
                stream.write(table.with_marks(edited, edit, len(fields)) if edits.has_marks else edited)
                line += table.text.count("\n", at, end)
            at = end


class _Table:
    """The text of a table, and how it is written."""

    def __init__(self, path: str, text: str, layout: Layout, encoding: str) -> None:
        self.path, self.text, self.layout = path, text, layout
        self.encoding = encoding  # of records that are not UTF-8
        self._ends = re.compile(f"[{re.escape(layout.delimiter)}\r\n]")

    def fields(self, at: int, line: int) -> tuple[list[tuple[int, int]], int]:
        """Return where the fields of the record at ``at`` stand, quotes included, and where the record ends."""
        spans, text = [], self.text
        while True:
            start = at
            if text.startswith(QUOTE, at):
                at += 1
                while True:
                    at = text.find(QUOTE, at) + 1
                    if not at:
                        raise FeedError(self.path, line, "a quote is not closed; mend it first, or add --format jsonl")
                    if not text.startswith(QUOTE, at):
                        break
                    at += 1
            found = self._ends.search(text, at)
            at = found.start() if found else len(text)
            spans.append((start, at))
            if at == len(text) or text[at] != self.layout.delimiter:
                return spans, at
            at += 1

    def line_end(self, at: int) -> int:
        """Return the end of the line whose record ends at ``at``."""
        at += self.text.startswith("\r", at)
        return at + self.text.startswith("\n", at)

    def edited(self, line: int, start: int, end: int, fields: list[tuple[int, int]], edit: Edit, edits: Edits) -> bytes:
        """Return a record with another text."""
        record = self.text[start:end].encode("latin-1")
        if edit.new == edit.old:
            return record
        try:
            record.decode()
            encoding = "utf-8"
        except UnicodeDecodeError:
            encoding = self.encoding
        ranked = sorted((rank, column) for column, role, rank in self.layout.entries if role == _TEXT)
        for _, column in ranked:
            if column >= len(fields):
                continue
            first, last = fields[column]
            raw = self.text[first:last].encode("latin-1")
            (value,), _ = split_record(raw.decode(encoding, "replace"), 0, self.layout.delimiter)
            if not value:
                continue
            if value.encode() != edit.old:
                break
            new = _quoted(edit.new.decode(), self.layout.delimiter, always=raw.startswith(b'"'))
            return record[: first - start] + new.encode(encoding, "replace") + record[last - start :]
        edits.refuse(self.path, line, edit)
        return record

    def marked_header(self, head: bytes) -> bytes:
        """Return the header with a column for marks."""
        if not self.layout.columns:
            raise FeedError(self.path, 0, "has no header to name a column of marks in; use drop, or --format jsonl")
        return head if MARKS in self.layout.columns else head + f"{self.layout.delimiter}{MARKS}".encode()

    def with_marks(self, record: bytes, edit: Edit | None, n_fields: int) -> bytes:
        """Return a record with its marks in their column."""
        marks = json.dumps(edit.marks, ensure_ascii=False) if edit and edit.marks else ""
        new = _quoted(marks, self.layout.delimiter, always=False).encode()
        columns = self.layout.columns
        delimiter = self.layout.delimiter.encode()
        if MARKS not in columns:
            return record + delimiter * (1 + len(columns) - n_fields) + new
        fields, _ = _Table(self.path, record.decode("latin-1"), self.layout, self.encoding).fields(0, 0)
        column = columns.index(MARKS)
        if column >= len(fields):
            return record + delimiter * (1 + column - len(fields)) + new
        return record[: fields[column][0]] + new + record[fields[column][1] :]


def _quoted(value: str, delimiter: str, *, always: bool) -> str:
    if always or any(c in value for c in (delimiter, QUOTE, "\r", "\n")):
        return QUOTE + value.replace(QUOTE, QUOTE * 2) + QUOTE
    return value
