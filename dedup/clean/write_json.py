"""JSON Lines, arrays and objects, written again with some texts shorter and some records left out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from itertools import chain
from json.decoder import scanstring  # type: ignore[attr-defined]  # what `json` itself reads strings with
from pathlib import Path
from typing import Any, BinaryIO

from dedup.clean.edits import MARKS, Edit, Edits, RemovedWriter
from dedup.clean.packing import content_of, packed_output
from dedup.errors import FeedError
from dedup.readers.fields import FieldTable, Record
from dedup.readers.jsonlines import array_elements, is_record_line, may_be_one_object
from dedup.readers.jsonrecords import INNER, parse_line, wrapped_array
from dedup.readers.jsonvalues import are_values, split_values
from dedup.readers.params import ReadParams
from dedup.readers.streams import HEAD_BYTES, line_blocks, peek

_JSON_SPACE = b" \t\r\n"
_SPACE = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder(strict=False)


def write(path: str, out: Path, name: str, edits: Edits, params: ReadParams, removed: RemovedWriter) -> None:
    """Write a file again: the lines of records that stay, byte for byte but for their texts."""
    table = FieldTable(params)
    with content_of(path, params) as (mark, chunks), packed_output(out, name) as stream:
        stream.write(mark)
        blocks = line_blocks(chunks, params.block_bytes)
        first = next(blocks, b"")
        start = first.lstrip(_JSON_SPACE)
        line_end = start.find(b"\n") + 1
        if start.startswith(b"{") and not is_record_line(start, line_end, table):
            head, blocks = peek(chain([first], blocks), HEAD_BYTES)
            if are_values(head, table):
                values = split_values(blocks, params.max_document_bytes)
                _write_values(path, values, stream, edits, table, removed)
                return
            first = next(blocks, b"")
            start = first.lstrip(_JSON_SPACE)
            line_end = start.find(b"\n") + 1
        if start.startswith(b"[") or (start.startswith(b"{") and may_be_one_object(start, line_end, table)):
            whole = b"".join([first, *blocks])
            if _write_whole(path, whole, stream, edits, table, removed):
                return
            blocks, first = iter([]), whole
        number = 1
        for block in chain([first], blocks):
            for line in block.splitlines(keepends=True) if b"\r" not in block else _lines(block):
                stream.write(_edited_line(path, number, line, edits, table, removed))
                number += line.endswith(b"\n")


def _write_values(
    path: str,
    values: Iterator[tuple[bytes, bytes]],
    stream: BinaryIO,
    edits: Edits,
    table: FieldTable,
    removed: RemovedWriter,
) -> None:
    """Write objects that stand one after the other; with one that goes, goes what stands before it."""
    for number, (before, value) in enumerate(values, 1):
        if before.strip() if value else before.strip(_JSON_SPACE):
            raise FeedError(path, number, "not JSON; mend it first, or add --format jsonl")
        edit = edits.get(number) if value else None
        if edit is not None:
            removed.write(edit, _embedded(value) if edit.drop else None)
        if edit is None or not edit.drop:
            stream.write(before)
            stream.write(value if edit is None else _edited_record(path, number, value, edit, edits, table))


def _lines(block: bytes) -> Iterator[bytes]:
    """Yield lines that end with a line feed: a return by itself is white space to JSON."""
    start = 0
    while start < len(block):
        end = block.find(b"\n", start) + 1 or len(block)
        yield block[start:end]
        start = end


def _edited_line(path: str, number: int, line: bytes, edits: Edits, table: FieldTable, removed: RemovedWriter) -> bytes:
    edit = edits.get(number)
    if edit is None:
        return line
    record = line.strip(_JSON_SPACE)
    removed.write(edit, _embedded(record) if edit.drop else None)
    return b"" if edit.drop else line.replace(record, _edited_record(path, number, record, edit, edits, table), 1)


def _embedded(record: bytes) -> object:
    text = record.decode("utf-8", "backslashreplace")
    try:
        return json.loads(text, strict=False)
    except ValueError:
        return text


def _write_whole(
    path: str, content: bytes, stream: BinaryIO, edits: Edits, table: FieldTable, removed: RemovedWriter
) -> bool:
    """Write an array, an object around one, or a single object; return False if it is none of these but lines."""
    span: slice | None = slice(None)
    if not content.lstrip(_JSON_SPACE).startswith(b"["):
        if isinstance(parse_line(content, table), Record):
            stream.write(_edited_line(path, 1, content, edits, table, removed))
            return True
        span = wrapped_array(content, table)
    array = None if span is None else array_elements(content[span], table)
    if span is None or array is None:
        return False
    at = content.index(b"[", span.start) + 1
    stream.write(content[:at])
    written = False
    for number, element in enumerate(array, 1):
        if isinstance(element, str):
            raise FeedError(path, number, f"{element.partition(';')[0]}; mend it first, or add --format jsonl")
        raw = bytes(element)
        start = content.index(raw, at)  # between elements stand a comma and white space
        edit = edits.get(number)
        if edit is not None:
            removed.write(edit, _embedded(raw) if edit.drop else None)
        if edit is None or not edit.drop:
            between = content[at:start]
            stream.write(between if written else between.replace(b",", b"", 1))
            stream.write(raw if edit is None else _edited_record(path, number, raw, edit, edits, table))
            written = True
        at = start + len(raw)
    stream.write(content[at:])
    return True


def _edited_record(path: str, number: int, record: bytes, edit: Edit, edits: Edits, table: FieldTable) -> bytes:
    edited = edited_record(record, edit, table)
    if edited is None:
        edits.refuse(path, number, edit)
    return edited or record


def edited_record(record: bytes, edit: Edit, table: FieldTable) -> bytes | None:
    r"""Return a JSON object with another text, and with marks, all else as it was.

    Returns
    -------
    bytes or None
        None if the text of the article is not that of the record: it was HTML.

    Examples
    --------
    >>> table = FieldTable(ReadParams())
    >>> record = b'{"n": 1.50, "text" : "A.\\u0020B.", "text_2": ""}'
    >>> edited_record(record, Edit(0, False, b"A. B.", b"A."), table)
    b'{"n": 1.50, "text" : "A.", "text_2": ""}'
    """
    source = record.decode("utf-8", "surrogateescape")
    if edit.new != edit.old:
        start, end, value = _text_span(source, table)
        if value.encode("utf-8", "replace").replace(b"?", b"") != edit.old.replace("\ufffd".encode(), b"").replace(
            b"?", b""
        ):
            return None
        source = source[:start] + _encoded(edit.new.decode("utf-8", "replace"), source[start:end]) + source[end:]
    if edit.marks:
        source = _with_marks(source, json.dumps(edit.marks, ensure_ascii=False))
    return source.encode("utf-8", "surrogateescape")


def _encoded(text: str, old: str) -> str:
    """Return a string of JSON, with escapes where the old one had them."""
    encoded = json.dumps(text, ensure_ascii=old.isascii())
    return encoded.replace("/", "\\/") if "\\/" in old else encoded


def _members(source: str, at: int) -> Iterator[tuple[str, int, int, Any]]:
    """Yield name, start, end and value of each member of the object that begins at ``at``."""
    i = _SPACE.match(source, at + 1).end()  # type: ignore[union-attr]  # it matches nothing as well
    while source[i] != "}":
        if source[i] == ",":
            i = _SPACE.match(source, i + 1).end()  # type: ignore[union-attr]
        name, i = scanstring(source, i + 1, False)
        start = _SPACE.match(source, _SPACE.match(source, i).end() + 1).end()  # type: ignore[union-attr]
        value, end = _DECODER.raw_decode(source, start)
        yield name, start, end, value
        i = _SPACE.match(source, end).end()  # type: ignore[union-attr]


def _text_span(source: str, table: FieldTable) -> tuple[int, int, str]:
    """Return where the text of a record stands, quotes included, and what it is."""
    at = _SPACE.match(source).end()  # type: ignore[union-attr]
    inner = {name: start for name, start, _, value in _members(source, at) if isinstance(value, Mapping)}
    spans = (_text_member(source, start, table) for start in (at, *(inner[name] for name in INNER if name in inner)))
    return next((span for span in spans if span[2]), (0, 0, ""))


def _text_member(source: str, at: int, table: FieldTable) -> tuple[int, int, str]:
    """Return where the text stands in the object that begins at ``at``, and what it is."""
    members = {name: (start, end, value) for name, start, end, value in _members(source, at)}  # of equal ones the last
    for name in table.roles["text"]:
        start, end, value = members.get(name, (0, 0, None))
        outer, dot, inner = name.partition(".")
        if value is None and dot and outer in members:
            start, end, value = members[outer]
            for part in inner.split("."):
                nested = {n: (s, e, v) for n, s, e, v in _members(source, start)} if isinstance(value, Mapping) else {}
                start, end, value = nested.get(part, (0, 0, None))
        if isinstance(value, str) and value:
            return start, end, value
    return 0, 0, ""


def _with_marks(source: str, marks: str) -> str:
    at = _SPACE.match(source).end()  # type: ignore[union-attr]
    last = at + 1
    for name, start, end, _ in _members(source, at):
        if name == MARKS:
            return source[:start] + marks + source[end:]
        last = end
    return f'{source[:last]}, "{MARKS}": {marks}{source[last:]}'
