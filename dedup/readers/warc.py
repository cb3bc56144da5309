"""Web archives -> rows: an article for each page or text that was captured."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from dedup.model import NO_DATE, Skip
from dedup.readers.buffer import RowBuilder, Rows, strings_of
from dedup.readers.dates import parse_date
from dedup.readers.documents import Document
from dedup.readers.encodings import find_encoding
from dedup.readers.pages import page_rows
from dedup.readers.params import ReadParams
from dedup.readers.streams import too_long
from dedup.readers.tasks import OpenFile, Task

INSTALL = "reading WARC needs warcio; install it: pip install 'saidtwice[warc]'"
#: What holds a capture (WARC 1.1, section 6); the others are about captures.
_CAPTURES = ("response", "resource", "conversion")
_PAGES = ("text/html", "application/xhtml+xml")
_CHARSET = re.compile(r"""charset\s*=\s*["']?([\w.:-]+)""", re.IGNORECASE)
#: The heads of a record, and the lines between two records, are shorter; a line without an end is not read to find one.
_MAX_HEAD_BYTES, _MAX_LINE_BYTES = 1 << 20, 1 << 16


class _Chunks:
    """Chunks as the file that warcio reads from."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks, self._chunk, self._start, self._told = chunks, b"", 0, 0

    def read(self, size: int = -1) -> bytes:
        if self._start == len(self._chunk):
            self._chunk, self._start = next(self._chunks, b""), 0
        out = self._chunk[self._start : None if size < 0 else self._start + size]
        self._start += len(out)
        self._told += len(out)
        return out

    def tell(self) -> int:
        return self._told


def tasks(file: OpenFile) -> Iterator[Task]:
    """Yield what reads an archive; its records are found here, in order, and each page is read as a task."""
    try:
        records = _open_archive(file.chunks)
    except ImportError:
        yield RowBuilder([Skip(file.path, 0, INSTALL)]).rows
        return
    counted = number = 0
    ends: list[str] = []
    try:
        for number, record in enumerate(records, 1):
            task = _task(record, number, file)
            records.reader.head_bytes = 0
            if task:
                read_bytes, counted = file.stream.read_bytes - counted, file.stream.read_bytes
                yield partial(_counting, task, read_bytes)
        if not number:
            ends.append("no record of a web archive in it")
        if records.err_count:
            ends.append(f"{records.err_count} records have a wrong length; pages may be cut")
    except OSError:
        raise  # of the system, which the caller names
    except Exception as error:  # it has no base of its own errors, and passes on those of what it uses
        reason = (str(error).splitlines() or [type(error).__name__])[0][:80]
        ends.append(f"damaged after record {number} ({reason}), read up to there")
    ends += file.stream.losses
    if ends:
        yield RowBuilder([Skip(file.path, 0, end) for end in ends]).rows


def _open_archive(chunks: Iterator[bytes]) -> Any:
    """Return the iterator of warcio over the records of an archive."""
    from warcio.archiveiterator import ArchiveIterator
    from warcio.bufferedreaders import DecompressingBufferedReader

    logging.getLogger("warcio").setLevel(logging.ERROR)  # it warns of addresses with spaces

    class Reader(DecompressingBufferedReader):  # type: ignore[misc]  # it is untyped
        head_bytes = 0  # of lines since the last record

        def readline(self, length: int | None = None) -> bytes:
            line: bytes = super().readline(length or _MAX_HEAD_BYTES)  # which may stop far before that
            self.head_bytes += len(line)
            if self.head_bytes > _MAX_HEAD_BYTES or (len(line) > _MAX_LINE_BYTES and not line.endswith(b"\n")):
                raise ValueError("the head of a record has no end")
            return line

    class Records(ArchiveIterator):  # type: ignore[misc]
        INC_RECORD = ""  # it would write of a wrong length to standard error

    records = Records(_Chunks(chunks))
    records.reader = Reader(records.fh, block_size=1 << 14)
    return records


def _counting(task: Task, read_bytes: int) -> Rows:
    rows = task()
    rows.read_bytes = read_bytes
    return rows


def _task(record: Any, number: int, file: OpenFile) -> Task | None:
    """Return what reads a record, None if it is no capture."""
    if record.rec_type not in _CAPTURES:
        return None
    http = record.http_headers
    status = http.get_statuscode() if http else ""
    kind = (http or record.rec_headers).get_header("Content-Type") or ""
    media = kind.partition(";")[0].strip().lower()
    reason = ""
    if status and not status.startswith("2"):
        reason = f"HTTP status {status[:3]}, not read"
    elif media not in (*_PAGES, "text/plain"):
        reason = f"{media[:40] or 'no media type'}: neither a page nor text, not read"
    if reason:
        return RowBuilder([Skip(file.path, number, reason)]).rows
    content, losses = _content_of(record, file)
    url = record.rec_headers.get_header("WARC-Target-URI") or ""
    date = parse_date(record.rec_headers.get_header("WARC-Date") or "")
    charset = _CHARSET.search(kind)
    encoding = find_encoding(charset[1]) if charset else ""
    document = Document(content, file.path, file.file_row, file.table, losses, encoding)
    captured = _Capture(document, media in _PAGES, url.strip("<> "), NO_DATE if date is None else date, number)
    return partial(_rows, captured, file.params)


def _content_of(record: Any, file: OpenFile) -> tuple[bytes, list[str]]:
    """Return what was captured, unpacked, and what of it is not there."""
    limit = file.params.max_document_bytes
    # What a server has packed is no larger than what may be packed in an archive.
    unpacked = min(limit, file.stream.largest(record.length or 0))
    stream = record.content_stream()
    pieces, size = [], 0
    while size <= unpacked and (piece := stream.read(1 << 16)):
        pieces.append(piece)
        size += len(piece)
    losses = []
    if size > unpacked:
        times = f"{file.params.max_unpacked:,} times its size"
        packed = f"unpacks to more than {times}, read up to there; raise --max-unpacked"
        losses.append(too_long(limit) if unpacked == limit else packed)
    else:
        while record.raw_stream.read(1 << 16):  # behind the end of a page in chunks, or of packed data
            pass
        missing = getattr(record.raw_stream, "limit", 0)
        if missing and not file.stream.losses:  # those of a packed archive say it
            losses.append(f"the archive ends {missing:,} bytes before the record does, read up to there")
    return b"".join(pieces)[:unpacked], losses


@dataclass(frozen=True, slots=True, eq=False)
class _Capture:
    """What was captured, from where and when; ``number`` is that of its record."""

    document: Document
    is_page: bool
    url: str
    date: int
    number: int


def _rows(captured: _Capture, params: ReadParams) -> Rows:
    path = captured.document.path
    rows = page_rows(captured.document, params) if captured.is_page else _text_rows(captured.document)
    rows.skips = [Skip(skip.path, captured.number, skip.reason) for skip in rows.skips]
    if len(rows.dates):
        url = captured.url.encode("utf-8", "replace")
        name = url or f"{path}:{captured.number}".encode("utf-8", "replace")
        # Two captures of one address are two versions; an address of its own that a page names may be wrong.
        rows.ids, rows.urls = strings_of([name]), strings_of([url or rows.urls[0].encode()])
        rows.records = np.array([captured.number], np.int64)
        # Its lines are those of the page, and not of the archive.
        rows.body_lines, rows.line_marks = np.zeros(1, np.int64), np.empty((0, 2), np.int64)
        rows.dates = np.where(rows.dates == NO_DATE, captured.date, rows.dates)
    return rows


def _text_rows(document: Document) -> Rows:
    text, notes = document.decode()
    record = document.table.resolve(document.table.values_by_role({"text": text}), is_text=True)
    return document.rows([record] if text else [], notes)
