"""CSV, TSV and tables with other delimiters -> rows, one article a record."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from dedup.model import Skip
from dedup.readers.buffer import RowBuilder, Rows
from dedup.readers.encodings import BINARY, is_binary
from dedup.readers.fields import Record
from dedup.readers.layout import QUOTE, Layout, find_layout, split_record
from dedup.readers.tasks import OpenFile, Task

if TYPE_CHECKING:
    from dedup.readers.scan import Scan

#: A record is searched for its end so far, and its line passed over if there is none: an open quote, mostly.
_MAX_RECORD = 1 << 26
#: So often in a file; then quotes mean nothing in the rest of it.
_MAX_OPEN_QUOTES = 16
#: Most records of one scan: its tables take some 200 bytes a record.
_MAX_ROWS = 1 << 16

#: Of these records behind an open quote, most have as many fields as the header: then it is the quote that is wrong.
_TRIED_RECORDS = 8


def tasks(file: OpenFile) -> Iterator[Task]:
    """Yield what reads a table; where its records end is found here, in order."""
    reason = ""
    layout = find_layout(file.head, file.table, is_tsv=file.named == "csv" and ".tsv" in file.path.lower())
    if not isinstance(layout, str):
        yield from _scans(file, layout)
    elif not file.head.strip():
        reason = "" if file.stream.losses else "empty"
    else:
        reason = BINARY if is_binary(file.head) else layout
    ends = ([reason] if reason else []) + file.stream.losses
    if ends:
        yield RowBuilder([Skip(file.path, 0, end) for end in ends]).rows


def _scans(file: OpenFile, layout: Layout) -> Iterator[Task]:
    chunks, stream = file.chunks, file.stream
    rest, line, skipping = b"", layout.first_line, layout.start
    wanted, open_quotes, counted, at_end = file.params.block_bytes, 0, 0, False
    while True:
        pieces, size = [rest], len(rest)
        while not at_end and size < wanted + skipping:
            chunk = next(chunks, b"")
            at_end = not chunk
            pieces.append(chunk)
            size += len(chunk)
        block = b"".join(pieces)[skipping:]
        skipping = 0
        if not block:
            return
        found = _scan(block, line, at_end, file, layout, quoting=open_quotes < _MAX_OPEN_QUOTES)
        read_bytes, counted = stream.read_bytes - counted, stream.read_bytes
        yield partial(found.scan.rows, file.file_row, read_bytes)
        rest, line = block[found.end :], line + found.n_lines
        wanted = file.params.block_bytes
        if found.is_full or not rest:
            continue
        if at_end or len(rest) > _MAX_RECORD:
            open_quotes += 1
            if not _are_records(rest, layout):
                is_long = len(rest) > _MAX_RECORD
                behind = _behind_record(rest, chunks) if is_long else None
                yield partial(_broken_rows, rest[:_MAX_RECORD], line, is_long, behind is not None, file, layout)
                if behind is None:
                    return
                rest, line = behind.rest, line + behind.n_lines
                continue
            note = "a quote is not closed, line not read"
            if open_quotes == _MAX_OPEN_QUOTES:
                note += "; quotes mean nothing from here on"
            yield RowBuilder([Skip(file.path, line, note)]).rows
            rest = rest[rest.find(b"\n") + 1 or len(rest) :]
            line += 1
        elif not found.end:
            wanted = 2 * len(rest)


def _are_records(rest: bytes, layout: Layout) -> bool:
    """Tell whether the lines behind the first one, which has a quote that is not closed, are records of the table."""
    text = rest[: 1 << 16].decode("utf-8", "replace")
    end = text.find("\n")
    tried = good = 0
    while 0 <= end < len(text) and tried < _TRIED_RECORDS:
        start = end + len(text[end:]) - len(text[end:].lstrip("\r\n"))
        if start == len(text):
            break
        fields, end = split_record(text, start, layout.delimiter)
        tried += 1
        good += len(fields) == max(len(layout.columns), layout.text_column + 1)
    return tried > 1 and 2 * good > tried


@dataclass(frozen=True, slots=True)
class _Behind:
    """What has been read of what follows a record, and the lines of the record."""

    rest: bytes
    n_lines: int


def _behind_record(rest: bytes, chunks: Iterator[bytes]) -> _Behind | None:
    """Read on, and keep nothing, to the first line end that no quotes are around; None if there is none."""
    n_quotes = n_lines = 0
    for chunk in chain([rest], chunks):
        block = np.frombuffer(chunk, np.uint8)
        quotes, ends = np.flatnonzero(block == ord(QUOTE)), np.flatnonzero(block == ord("\n"))
        outside = np.flatnonzero((n_quotes + np.searchsorted(quotes, ends)) % 2 == 0)
        if len(outside):
            return _Behind(chunk[ends[outside[0]] + 1 :], n_lines + int(outside[0]) + 1)
        n_quotes, n_lines = n_quotes + len(quotes), n_lines + len(ends)
    return None


def _broken_rows(rest: bytes, line: int, is_long: bool, is_closed: bool, file: OpenFile, layout: Layout) -> Rows:
    """Return the row of a record that is too long or has no end, as far as it was kept."""
    from dedup.readers.tablescan import read_record

    builder = RowBuilder()
    record = read_record(rest, layout, file.table)
    if isinstance(record, Record):
        builder.add(file.path, file.file_row, line, record)
    reasons = [f"a record of over {_MAX_RECORD >> 20} MB"] * is_long + ["a quote is not closed"] * (not is_closed)
    builder.skips.append(Skip(file.path, line, f"{': '.join(reasons)}, read up to there"))
    return builder.rows()


@dataclass(frozen=True, slots=True)
class _Found:
    """A scan, where it ended, the lines up to there, and whether it ended only because it was full."""

    scan: Scan
    end: int
    n_lines: int
    is_full: bool


def _scan(block: bytes, line: int, at_end: bool, file: OpenFile, layout: Layout, *, quoting: bool) -> _Found:
    from dedup.kernels.delimited import scan_delimited
    from dedup.kernels.jsonlines import N_ROLES
    from dedup.readers.tablescan import TableScan

    size = min(_MAX_ROWS, block.count(b"\n") + block.count(b"\r") + 1)
    lines, plain = np.empty((size, 4), np.int64), np.empty(size, np.bool_)
    kinds, spans = np.zeros((size, N_ROLES), np.uint8), np.zeros((size, N_ROLES, 3), np.int64)
    state = np.empty(3, np.int64)
    n = scan_delimited(
        np.frombuffer(block, np.uint8),
        at_end,
        ord(layout.delimiter),
        ord(QUOTE) if quoting else -1,
        *layout.arrays(),
        lines,
        plain,
        kinds,
        spans,
        state,
    )
    scan = TableScan(block, file.path, lines[:n], line, plain, kinds, spans, layout, file.table)
    return _Found(scan, int(state[0]), int(state[1]), n == size)
