"""A large block of records -> rows: what a compiled scan found, the records that it leaves patched in one by one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from dedup.kernels.gather import ESCAPED, EXTRA, NUMBER, write_values
from dedup.kernels.jsonlines import DATE, ID, LANGUAGE, SOURCE, TAGS, TEXT, TITLE, URL
from dedup.model import NO_DATE, Skip, Strings
from dedup.readers.buffer import Rows, default_id
from dedup.readers.dates import parse_date
from dedup.readers.fields import DATE_NOTE, FieldTable, Record


def parse_number(raw: bytes) -> int | float:
    """Return the number that JSON writes so, as the line reader has it: without fraction and exponent, an integer."""
    return int(raw) if raw.removeprefix(b"-").isdigit() else float(raw)


@lru_cache(maxsize=1 << 14)  # many articles are of one day
def _moment(raw: bytes, is_number: bool) -> int | None:
    """Return the time that the bytes of a number or string of JSON say."""
    return parse_date(parse_number(raw) if is_number else raw.decode())


class Scan:
    """What a scan of a block found; a subclass makes it and reads single records again.

    Parameters
    ----------
    block : bytes
    path : str
    numbers : int64[n]
        Of the records, as in `Articles.records`.
    plain : bool[n]
    kinds, spans : uint8[n, 8], int64[n, 8, 3]
        As the kernels fill them; may be longer. Taken over.
    table : FieldTable
    """

    def __init__(
        self,
        block: bytes,
        path: str,
        numbers: NDArray[np.int64],
        plain: NDArray[np.bool_],
        kinds: NDArray[np.uint8],
        spans: NDArray[np.int64],
        table: FieldTable,
    ) -> None:
        n = len(numbers)
        self._table = table
        self._bytes, self._path, self._numbers = block, path, numbers
        self._plain, self._kinds, self._spans = plain[:n], kinds[:n], spans[:n]
        self._dates = np.full(n, NO_DATE, np.int64)
        self._kept = np.ones(n, np.bool_)
        self._extra = bytearray()
        self._skips: list[Skip] = []

    def _read_again(self, row: int) -> Record | str:
        """Return the record of a row that is not plain, or why it is none."""
        raise NotImplementedError

    def _tags_at(self, row: int, start: int, end: int) -> bytes:
        """Return the tags of a plain row; nothing if the record is to be read again."""
        raise NotImplementedError

    def rows(self, file_row: int, read_bytes: int) -> Rows:
        """Return the rows of the block."""
        self._plain &= ~self._are_html()
        self._date_plain()
        self._tag_plain()
        for row in np.flatnonzero(~self._plain).tolist():
            self._patch(row)
        for row in np.flatnonzero(self._kinds[:, ID] == 0).tolist():
            self._put(row, ID, default_id(self._path, int(self._numbers[row])))
        self._skips.sort(key=lambda skip: skip.record)
        kept = np.flatnonzero(self._kept)
        sizes = self._spans[kept, :, 2] * (self._kinds[kept] != 0)
        extra = np.frombuffer(bytes(self._extra), np.uint8)
        block, kinds, spans = np.frombuffer(self._bytes, np.uint8), self._kinds, self._spans

        def write(roles: Sequence[int], out: NDArray[np.uint8]) -> None:
            write_values(block, extra, kept, np.array(roles, np.int64), kinds, spans, out)

        def column(role: int) -> Strings:
            offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes[:, role])])
            values = np.empty(int(offsets[-1]), np.uint8)
            write([role], values)
            return Strings(values, offsets)

        return Rows(
            np.ascontiguousarray(sizes[:, TITLE]),
            np.ascontiguousarray(sizes[:, TEXT]),
            lambda out: write([TITLE, TEXT], out),
            column(ID),
            column(SOURCE),
            column(URL),
            column(LANGUAGE),
            column(TAGS),
            self._dates[kept],
            self._numbers[kept],
            np.zeros(len(kept), np.int64),
            np.full(len(kept), file_row, np.int64),
            self._skips,
            read_bytes,
        )

    def _are_html(self) -> NDArray[np.bool_]:
        """Tell which rows have HTML for a title or text: bool[n]."""
        mode, block = self._table.html, self._bytes
        found = np.full(len(self._plain), mode == "always")
        is_escaped = b"\\u003" in block  # "<" has been written as \u003c
        if mode != "auto" or not (is_escaped or b"<" in block):
            return found
        from dedup.readers.markup import is_html

        tags = np.flatnonzero(np.frombuffer(block, np.uint8) == ord("<"))
        for role in (TITLE, TEXT):
            starts, ends = self._spans[:, role, 0], self._spans[:, role, 1]
            has_tag = np.searchsorted(tags, starts) < np.searchsorted(tags, ends)
            escaped = self._kinds[:, role] == ESCAPED
            rows = np.flatnonzero(self._plain & (self._kinds[:, role] != 0) & (has_tag | (escaped & is_escaped)))
            # What has escapes may have them in its tags: whoever undoes them decides.
            for row in rows.tolist():
                found[row] |= escaped[row] or is_html(block[starts[row] : ends[row]].decode())
        return found

    def _date_plain(self) -> None:
        dated = np.flatnonzero(self._plain & (self._kinds[:, DATE] != 0))
        spans = self._spans[dated, DATE, :2].tolist()
        are_numbers = (self._kinds[dated, DATE] == NUMBER).tolist()
        for row, (start, end), is_number in zip(dated.tolist(), spans, are_numbers, strict=True):
            moment = _moment(self._bytes[start:end], is_number)
            if moment is None:
                self._skips.append(Skip(self._path, int(self._numbers[row]), DATE_NOTE))
            else:
                self._dates[row] = moment

    def _tag_plain(self) -> None:
        tagged = np.flatnonzero(self._plain & (self._kinds[:, TAGS] != 0))
        spans = self._spans[tagged, TAGS, :2].tolist()
        for row, (start, end) in zip(tagged.tolist(), spans, strict=True):
            tags = self._tags_at(row, start, end)
            if tags:
                self._put(row, TAGS, tags)
            else:  # no tag, though something stands there: the slower reader looks at the other names too
                self._plain[row] = False
                self._dates[row] = NO_DATE
                self._skips = [skip for skip in self._skips if skip.record != self._numbers[row]]

    def _patch(self, row: int) -> None:
        record = self._read_again(row)
        number = int(self._numbers[row])
        self._kinds[row] = 0
        if isinstance(record, str):
            self._skips.append(Skip(self._path, number, record))
            self._kept[row] = False
            return
        self._skips += [Skip(self._path, number, note) for note in record.notes]
        self._dates[row] = record.date
        for role, value in (
            (ID, record.id),
            (TITLE, record.title),
            (TEXT, record.text),
            (SOURCE, record.source),
            (URL, record.url),
            (LANGUAGE, record.language),
            (TAGS, record.tags),
        ):
            if value:
                self._put(row, role, value)

    def _put(self, row: int, role: int, value: bytes) -> None:
        self._kinds[row, role] = EXTRA
        self._spans[row, role] = len(self._extra), len(self._extra) + len(value), len(value)
        self._extra += value
