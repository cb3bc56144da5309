"""The first bytes of a table -> how it is written, and what its columns are wanted for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dedup.readers.encodings import decode_text
from dedup.readers.fields import FieldTable
from dedup.readers.params import FIELDS

#: In the order in which they win where nothing else decides.
DELIMITERS = (",", "\t", ";", "|")
QUOTE = '"'
_ENDS = {delimiter: re.compile(f"[{re.escape(delimiter)}\r\n]") for delimiter in DELIMITERS}
#: Names of columns are shorter than this; a first record with a longer field is an article.
_MAX_NAME = 64
#: So many columns are named in a message.
_NAMED_COLUMNS = 12
#: The role of the text by number, as the kernels have it.
_TEXT = list(FIELDS).index("text")


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
        if text.startswith(QUOTE, i):
            i += 1
            while True:
                closing = text.find(QUOTE, i)
                closing = len(text) if closing < 0 else closing
                parts.append(text[i:closing])
                i = closing + 1
                if not text.startswith(QUOTE, i):
                    break
                parts.append(QUOTE)
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
    records = {delimiter: _first_record(text, start, delimiter, table) for delimiter in delimiters}
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


def _first_record(text: str, start: int, delimiter: str, table: FieldTable) -> tuple[list[str], int]:
    """Return what `split_record` does, fields that are not UTF-8 as what they are in."""
    fields, end = split_record(text, start, delimiter)
    raw = [field.encode("utf-8", "surrogateescape") for field in fields]
    return [decode_text(one, table.encoding).text for one in raw], end


def plain_name(name: str) -> str:
    """Return the name of a column as it is compared: case, spaces and hyphens do not matter."""
    return re.sub(r"[\s_-]+", "_", name.strip().casefold())


def _entries(fields: Sequence[str], table: FieldTable) -> list[tuple[int, int, int]]:
    """Return which columns of a header are wanted for what; empty if it is none."""
    if any(len(field) > _MAX_NAME for field in fields):
        return []
    exact = {field.strip(): column for column, field in reversed(list(enumerate(fields)))}
    alike = {plain_name(field): column for column, field in reversed(list(enumerate(fields)))}
    entries = []
    for role, names in enumerate(table.roles.values()):
        columns = [exact.get(name, alike.get(plain_name(name))) for name in names]
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
