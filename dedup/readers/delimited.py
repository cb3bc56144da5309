"""CSV, TSV and tables with other delimiters -> rows, one article a record."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dedup.model import Skip
from dedup.readers.buffer import RowBuilder, Rows
from dedup.readers.fields import FIELDS, FieldTable, Record
from dedup.readers.formats import OpenFile, Task
from dedup.readers.textfiles import is_binary

if TYPE_CHECKING:
    from dedup.readers.scan import Scan

#: In the order in which they win where nothing else decides.
DELIMITERS = (",", "\t", ";", "|")
_QUOTE = '"'
_ENDS = {delimiter: re.compile(f"[{re.escape(delimiter)}\r\n]") for delimiter in DELIMITERS}
#: Names of columns are shorter than this; a first record with a longer field is an article.
_MAX_NAME = 64
#: So many columns are named in a message.
_NAMED_COLUMNS = 12
#: A record is searched for its end so far, and its line passed over if there is none: an open quote, mostly.
_MAX_RECORD = 1 << 26
#: So often in a file; then quotes mean nothing in the rest of it.
_MAX_OPEN_QUOTES = 16
#: Most records of one scan: its tables take some 200 bytes a record.
_MAX_ROWS = 1 << 16

#: Of these records behind an open quote, most have as many fields as the header: then it is the quote that is wrong.
_TRIED_RECORDS = 8
#: The roles by number, as the kernels have them.
_TEXT = list(FIELDS).index("text")

ENCODING_NOTE = "not UTF-8, read as Windows-1252"


@dataclass(frozen=True, slots=True)
class Layout:
    """How a table is written, and what its columns are wanted for.

    Attributes
    ----------
    delimiter : str
    columns : tuple of str
        The names of its header; empty if it has none.
    start : int
        Where the first record after the header begins, in bytes.
    first_line : int
        Its line.
    entries : tuple of (int, int, int)
        Column, role (`dedup.kernels.jsonlines`) and rank, sorted.
    """

    delimiter: str
    columns: tuple[str, ...]
    start: int
    first_line: int
    entries: tuple[tuple[int, int, int], ...]

    @property
    def text_column(self) -> int:
        """The first column that may have the text: a record that ends before it is broken."""
        return min(column for column, role, _ in self.entries if role == _TEXT)

    def arrays(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Return the entries as `scan_delimited` takes them: offsets by column, roles, ranks."""
        columns, roles, ranks = np.array(self.entries, np.int64).reshape(-1, 3).T
        offsets = np.searchsorted(columns, np.arange(int(columns.max(initial=-1)) + 2))
        return offsets.astype(np.int64), roles.copy(), ranks.copy()


def split_record(text: str, start: int, delimiter: str) -> tuple[list[str], int]:
    r"""Return the fields of the record that begins at ``start``, and where it ends: at a line break or the end.

    A quote opens a field only where the field begins; behind its closing quote text may follow.

    Examples
    --------
    >>> split_record('a,"b ""c""\nd",5" screen\ne', 0, ",")
    (['a', 'b "c"\nd', '5" screen'], 23)
    """
    fields, i = [], start
    while True:
        parts = []
        if text.startswith(_QUOTE, i):
            i += 1
            while True:
                closing = text.find(_QUOTE, i)
                closing = len(text) if closing < 0 else closing
                parts.append(text[i:closing])
                i = closing + 1
                if not text.startswith(_QUOTE, i):
                    break
                parts.append(_QUOTE)
                i += 1
        found = _ENDS[delimiter].search(text, i)
        end = found.start() if found else len(text)
        parts.append(text[i:end])
        fields.append("".join(parts))
        if end == len(text) or text[end] != delimiter:
            return fields, end
        i = end + 1


def find_layout(head: bytes, table: FieldTable, *, is_tsv: bool = False) -> Layout | str:
    """Return how a table is written, or what is missing in it.

    Parameters
    ----------
    head : bytes
        The beginning of the file.
    table : FieldTable
        Which columns are wanted. A name that is a number, and no column's name, is the number of a column, from 1.
    is_tsv : bool
        A tab wins where several delimiters would do.
    """
    text, start = head.decode("utf-8", "surrogateescape"), 0
    delimiters: Sequence[str] = ("\t", ",", ";", "|") if is_tsv else DELIMITERS
    if text.startswith("sep=") and text[4:5] in DELIMITERS:  # spreadsheets write, and hide, such a line
        delimiters, start = text[4], text.find("\n") + 1
    start += len(text[start:]) - len(text[start:].lstrip("\r\n"))
    records = {delimiter: split_record(text, start, delimiter) for delimiter in delimiters}
    found = {delimiter: _entries(fields, table) for delimiter, (fields, _) in records.items()}

    def rank(delimiter: str) -> tuple[bool, int, int]:
        return any(e[1] == _TEXT for e in found[delimiter]), len(found[delimiter]), len(records[delimiter][0])

    delimiter = max(delimiters, key=rank)
    (fields, end), entries = records[delimiter], found[delimiter]
    if entries:
        names = tuple(field.strip() for field in fields)
    else:
        names, end = (), start
    entries += _numbered(table, names, len(fields))
    if not any(role == _TEXT for _, role, _ in entries):
        shown = ", ".join(" ".join(field.split())[:_MAX_NAME] or '""' for field in fields[:_NAMED_COLUMNS])
        more = f" and {len(fields) - _NAMED_COLUMNS} more" if len(fields) > _NAMED_COLUMNS else ""
        return (
            f"no column for the text in the first record ({shown}{more}), looked for {', '.join(table.roles['text'])}; "
            "give --field text=NAME, or text=3 for the third column"
        )
    start_bytes = len(text[:end].encode("utf-8", "surrogateescape"))
    return Layout(delimiter, names, start_bytes, 1 + text.count("\n", 0, end), tuple(sorted(entries)))


def _plain_name(name: str) -> str:
    return re.sub(r"[\s_-]+", "_", name.strip().casefold())


def _entries(fields: Sequence[str], table: FieldTable) -> list[tuple[int, int, int]]:
    """Return which columns of a header are wanted for what; empty if it is none."""
    if any(len(field) > _MAX_NAME for field in fields):
        return []
    exact = {field.strip(): column for column, field in reversed(list(enumerate(fields)))}
    alike = {_plain_name(field): column for column, field in reversed(list(enumerate(fields)))}
    entries = []
    for role, names in enumerate(table.roles.values()):
        columns = [exact.get(name, alike.get(_plain_name(name))) for name in names]
        entries += [(column, role, rank) for rank, column in enumerate(columns) if column is not None]
    if all(list(table.roles.values())[role][rank].isdecimal() for _, role, rank in entries):
        return []  # a 3 in the first record is no name, though the third column was asked for
    return list({entry[:2]: entry for entry in reversed(entries)}.values())


def _numbered(table: FieldTable, names: Sequence[str], n_columns: int) -> list[tuple[int, int, int]]:
    return [
        (int(name) - 1, role, rank)
        for role, wanted in enumerate(table.roles.values())
        for rank, name in enumerate(wanted)
        if name.isdecimal() and len(name) < 5 and 0 < int(name) <= n_columns and name not in names
    ]


def is_table(head: bytes, table: FieldTable) -> bool:
    r"""Tell by its first line whether a file without a telling name is a table: a header that names a text column.

    Examples
    --------
    >>> from dedup.readers import ReadParams
    >>> [is_table(head, FieldTable(ReadParams())) for head in (b"id;text\n1;a", b"Text, in short:\n", b"text\n")]
    [True, False, False]
    """
    line = head.lstrip(b"\r\n").split(b"\n", 1)[0]
    if len(line) > _MAX_NAME * 64 or not any(d.encode() in line for d in DELIMITERS):
        return False
    layout = find_layout(head, table)
    if isinstance(layout, str) or len(layout.columns) < 2:
        return False
    # Prose has a comma too; in a header every column has a name of a word or three, and two are known or none is odd.
    return all(re.fullmatch(r"[\w .:/()-]{1,40}", name) and name.count(" ") < 3 for name in layout.columns) and (
        len({column for column, _, _ in layout.entries}) > 1 or not any(" " in name for name in layout.columns)
    )


def tasks(file: OpenFile) -> Iterator[Task]:
    """Yield what reads a table; where its records end is found here, in order."""
    reason = ""
    if not file.head.strip():
        reason = "empty"
    elif is_binary(file.head):
        reason = "binary file"
    else:
        layout = find_layout(file.head, file.table, is_tsv=file.named == "csv" and ".tsv" in file.path.lower())
        if isinstance(layout, str):
            reason = layout
        else:
            yield from _scans(file, layout)
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
                yield partial(_last_rows, rest[:_MAX_RECORD], line, at_end, file, layout)
                return
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


def _last_rows(rest: bytes, line: int, at_end: bool, file: OpenFile, layout: Layout) -> Rows:
    """Return the row of a record whose end is missing, as far as it goes."""
    from dedup.readers.tablescan import read_record

    builder = RowBuilder()
    record = read_record(rest, layout, file.table)
    if isinstance(record, Record):
        builder.add(file.path, file.file_row, line, record)
    much = "" if at_end else f"a record of over {_MAX_RECORD >> 20} MB: "
    builder.skips.append(Skip(file.path, line, f"{much}a quote is not closed, read up to there"))
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
        ord(_QUOTE) if quoting else -1,
        *layout.arrays(),
        lines,
        plain,
        kinds,
        spans,
        state,
    )
    scan = TableScan(block, file.path, lines[:n], line, plain, kinds, spans, layout, file.table)
    return _Found(scan, int(state[0]), int(state[1]), n == size)
