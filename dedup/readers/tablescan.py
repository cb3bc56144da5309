"""A block of a table -> rows: the compiled scan, what it leaves read again field by field."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from dedup.kernels.jsonlines import TEXT, TITLE
from dedup.model import Skip
from dedup.readers.buffer import Rows
from dedup.readers.encodings import decode_text
from dedup.readers.fields import FieldTable, Record, tags_of
from dedup.readers.layout import Layout, split_record
from dedup.readers.scan import Scan

_FEWER = "fewer fields than the header"
_MORE = "more fields than the header; what is beyond it is not read"


def read_record(raw: bytes, layout: Layout, table: FieldTable) -> Record | str:
    """Return the record that stands in some bytes, or why it is none; an open quote ends where they end."""
    decoded = decode_text(raw, table.encoding)
    notes = [decoded.note] if decoded.note else []
    fields, _ = split_record(decoded.text, 0, layout.delimiter)
    if len(fields) <= layout.text_column:
        return _FEWER
    names = list(table.roles.values())
    values = {names[role][rank]: fields[column] for column, role, rank in layout.entries if column < len(fields)}
    record = table.resolve(table.values_of(values))
    if isinstance(record, str):
        return record
    if layout.columns and len(fields) != len(layout.columns):
        notes.append(_FEWER if len(fields) < len(layout.columns) else _MORE)
    return replace(record, notes=(*notes, *record.notes))


class TableScan(Scan):
    """The compiled scan of a block of a table.

    Parameters
    ----------
    lines : int64[n, 4]
        As `scan_delimited` fills it.
    first_line : int
        The line of the file in which the block begins.
    """

    def __init__(
        self,
        block: bytes,
        path: str,
        lines: NDArray[np.int64],
        first_line: int,
        plain: NDArray[np.bool_],
        kinds: NDArray[np.uint8],
        spans: NDArray[np.int64],
        layout: Layout,
        table: FieldTable,
    ) -> None:
        super().__init__(block, path, lines[:, 0] + first_line, plain, kinds, spans, table)
        self._lines, self._layout = lines, layout

    def rows(self, file_row: int, read_bytes: int) -> Rows:
        """Return the rows of the block."""
        # A record that ends before its text, or has neither text nor title, is read again, for the reason.
        self._plain &= (self._kinds[:, TEXT] != 0) | (self._kinds[:, TITLE] != 0)
        self._plain &= self._lines[:, 3] > self._layout.text_column
        if self._layout.columns:
            n_columns = len(self._layout.columns)
            for row in np.flatnonzero(self._plain & (self._lines[:, 3] != n_columns)).tolist():
                note = _FEWER if self._lines[row, 3] < n_columns else _MORE
                self._skips.append(Skip(self._path, int(self._numbers[row]), note))
        return super().rows(file_row, read_bytes)

    def _read_again(self, row: int) -> Record | str:
        start, end = self._lines[row, 1:3].tolist()
        return read_record(self._bytes[start:end], self._layout, self._table)

    def _tags_at(self, row: int, start: int, end: int) -> bytes:
        return _table_tags(self._bytes[start:end])


@lru_cache(maxsize=1 << 14)  # a table has far fewer sets of tags than records
def _table_tags(raw: bytes) -> bytes:
    return tags_of(raw.decode()).encode()
