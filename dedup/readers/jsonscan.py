"""A block of JSON Lines -> rows: the compiled scan, what it leaves read again line by line."""

from __future__ import annotations

import json
from functools import lru_cache

import numpy as np

from dedup.kernels.jsonlines import N_ROLES, scan_lines
from dedup.readers.fields import FieldTable, Record, tags_of
from dedup.readers.jsonrecords import parse_line
from dedup.readers.scan import Scan


class JsonScan(Scan):
    """The compiled scan of a block of JSON Lines, which has at most ``n_lines`` lines."""

    def __init__(self, block: bytes, first_line: int, n_lines: int, path: str, table: FieldTable) -> None:
        assert table.scanned_keys is not None  # the caller has looked
        self._lines = np.empty((n_lines, 3), np.int64)
        plain = np.empty(n_lines, np.bool_)
        kinds = np.zeros((n_lines, N_ROLES), np.uint8)
        spans = np.zeros((n_lines, N_ROLES, 3), np.int64)
        n = scan_lines(np.frombuffer(block, np.uint8), *table.scanned_keys, self._lines, plain, kinds, spans)
        super().__init__(block, path, self._lines[:n, 0] + first_line, plain, kinds, spans, table)

    def _read_again(self, row: int) -> Record | str:
        start, end = self._lines[row, 1:].tolist()
        return parse_line(memoryview(self._bytes)[start:end], self._table)

    def _tags_at(self, row: int, start: int, end: int) -> bytes:
        is_string = self._bytes[start - 1 : start] == b'"'  # a span of a string lies between its quotes
        return _json_tags(self._bytes[start - 1 : end + 1] if is_string else self._bytes[start:end])


@lru_cache(maxsize=1 << 14)  # a feed has far fewer sets of tags than records
def _json_tags(raw: bytes) -> bytes:
    """Return the tags of a string or array of JSON."""
    try:
        return tags_of(json.loads(raw)).encode()
    except (ValueError, RecursionError):  # not UTF-8, or half a surrogate pair, or a number too long
        return b""
