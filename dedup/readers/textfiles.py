"""Text and Markdown files -> rows, one article a file."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from dedup.model import NO_DATE, Skip
from dedup.readers.buffer import RowBuilder, Rows
from dedup.readers.encodings import BINARY, decode_text, is_binary
from dedup.readers.fields import FieldTable, Record
from dedup.readers.streams import HEAD_BYTES

_FENCED = re.compile(
    rb"(?P<fence>---|\+\+\+)[ \t]*\r?\n(?P<matter>.*?)^(?:(?P=fence)|\.\.\.)[ \t]*(?:\r?\n|\Z)",
    re.DOTALL | re.MULTILINE,
)
_HEADING = re.compile(r" {0,3}#[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*")
_CODE_FENCE = re.compile(r" {0,3}(```|~~~)")
_UNDERLINE = re.compile(r" {0,3}=+[ \t]*")
_NO_VALUES = Record(b"", b"", b"", NO_DATE, b"", b"", ())


@dataclass(frozen=True, slots=True)
class TextFile:
    """A file that has been read: its chunks as they were given, and what of it could not be read."""

    path: str
    file_row: int
    chunks: list[bytes]
    losses: list[str]
    is_markdown: bool
    read_bytes: int


def text_rows(files: Iterable[TextFile], table: FieldTable) -> Rows:
    """Return one row for each file, but for those that are empty or binary."""
    builder = RowBuilder()
    for file in files:
        builder.read_bytes += file.read_bytes
        builder.skips += [Skip(file.path, 0, loss) for loss in file.losses]
        head = file.chunks[0] if file.chunks else b""
        if all(chunk.isspace() for chunk in file.chunks):
            builder.skips += [] if file.losses else [Skip(file.path, 0, "empty")]
        elif is_binary(head):
            builder.skips.append(Skip(file.path, 0, BINARY))
        else:
            _add_file(builder, file, table)
    return builder.rows()


def _add_file(builder: RowBuilder, file: TextFile, table: FieldTable) -> None:
    record, start = _NO_VALUES, 0
    chunks = file.chunks
    if not _are_utf8(chunks):
        decoded = decode_text(b"".join(chunks), table.encoding)
        chunks = [decoded.text.encode()]
        builder.skips += [Skip(file.path, 1, decoded.note)] if decoded.note else []
    head = chunks[0]
    if file.is_markdown:
        record, start, reason = _front_matter(head[:HEAD_BYTES], table)
        if reason:
            builder.skips.append(Skip(file.path, 1, reason))
    body: list[bytes | memoryview] = [memoryview(head)[start:], *chunks[1:]]
    builder.add(file.path, file.file_row, 1, record, body=body, body_line=1 + head.count(b"\n", 0, start))


def _front_matter(head: bytes, table: FieldTable) -> tuple[Record, int, str]:
    """Return the values of front matter, where the body starts, and why front matter was not understood."""
    found = _FENCED.match(head)
    values: object = {}
    start, reason = 0, ""
    if found:
        try:
            text = found["matter"].decode("utf-8", "replace")
            values = _parse_yaml(text) if found["fence"] == b"---" else _parse_toml(text)
        except ValueError as error:
            values, reason = {}, f"front matter is not {error}, read as part of the body"
        # Two rules with prose between them are no front matter: that is a mapping, or nothing.
        if values is None or (isinstance(values, dict) and not reason):
            start = found.end()
    named = values if isinstance(values, dict) else {}
    record = table.resolve(table.values_of(named), need_text=False)
    assert isinstance(record, Record)  # what is not one lacks a text, and none is needed
    if not record.title:
        record = replace(record, title=_first_heading(head[start:].decode("utf-8", "replace")).encode())
    return record, start, reason


def _parse_yaml(text: str) -> object:
    import yaml

    try:
        # The base loader makes no guesses: an id 007, a title No and a date stay the strings that were written.
        return yaml.load(text, getattr(yaml, "CBaseLoader", yaml.BaseLoader))  # a loader that only makes strings
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError("YAML") from error


def _parse_toml(text: str) -> object:
    import tomllib

    try:
        return tomllib.loads(text.replace("\r\n", "\n"))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ValueError("TOML") from error


def _first_heading(text: str) -> str:
    """Return the first heading of level 1 outside code fences, or an empty string."""
    fence = before = ""
    for line in text.splitlines():
        marker = _CODE_FENCE.match(line)
        if fence:
            fence = "" if marker and marker[1] == fence else fence
        elif marker:
            fence = marker[1]
        elif heading := _HEADING.fullmatch(line):
            return heading[1].strip()
        elif before and _UNDERLINE.fullmatch(line):
            return before
        before = line.strip()
    return ""


def _are_utf8(chunks: list[bytes]) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for chunk in chunks:
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True
