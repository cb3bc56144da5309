"""Parquet and Arrow IPC -> rows: only the columns that are needed, some records at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from tempfile import NamedTemporaryFile
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dedup.model import NO_DATE, Skip, Strings
from dedup.readers.arrowfiles import Group, Plan, ipc_batches, open_parquet, parquet_batches
from dedup.readers.buffer import RowBuilder, Rows, default_id, strings_of
from dedup.readers.columntypes import column_dates, is_list, is_text, may_be_date, text_of
from dedup.readers.encodings import decode_text
from dedup.readers.fields import DATE_NOTE, FieldTable, tags_of, unwrapped
from dedup.readers.tasks import OpenFile, Task

INSTALL = "reading {} needs pyarrow; install it: pip install 'saidtwice[arrow]'"


def tasks(file: OpenFile) -> Iterator[Task]:
    """Yield what reads a Parquet or Arrow file; but for small row groups, its columns are decoded here, in order."""
    try:
        import pyarrow as pa
    except ImportError:
        reason = INSTALL.format("Parquet" if file.format == "parquet" else "Arrow")
        yield RowBuilder([Skip(file.path, 0, reason)]).rows
        return
    first, counted = 1, 0
    ends: list[str] = []
    try:
        with _on_disk(file) as path:
            batches = parquet_batches if file.format == "parquet" else ipc_batches
            for part, plan in batches(path, file):
                if isinstance(part, str):
                    ends.append(part)
                    continue
                read_bytes, counted = file.stream.read_bytes - counted, file.stream.read_bytes
                if isinstance(part, Group):
                    yield partial(_group_rows, part, plan, file, first, read_bytes)
                else:
                    yield partial(_rows, _checked(part), plan, file, first, read_bytes)
                first += part.num_rows
    except (pa.ArrowException, OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # of the system, which the caller names
        ends.append(_damage(error, "read up to there" if first > 1 else "nothing read; is the file whole?"))
    ends += file.stream.losses
    if ends:
        yield RowBuilder([Skip(file.path, 0, end) for end in ends]).rows


def _checked(batch: Any) -> Any:
    """Return a batch with its strings as bytes, which need not be UTF-8, when its offsets are seen to be right."""
    import pyarrow as pa

    views = {pa.string(): pa.binary(), pa.large_string(): pa.large_binary()}
    columns = [column.view(views[column.type]) if column.type in views else column for column in batch.columns]
    out = pa.RecordBatch.from_arrays(columns, names=batch.schema.names)
    out.validate(full=True)
    return out


def _damage(error: Exception, loss: str) -> str:
    first_line = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")[:160]
    return f"damaged: {first_line}; {loss}"


@contextmanager
def _on_disk(file: OpenFile) -> Iterator[str]:
    """Yield the path of a file that can be read anywhere in it: the file itself, or a copy of what was packed."""
    if not file.stream.is_changed and os.path.isfile(file.path):  # noqa: PTH113  # the name as it was written
        file.stream.read_bytes = os.path.getsize(file.path)  # noqa: PTH202
        yield file.path
        return
    with NamedTemporaryFile(prefix="dedup-", suffix=f".{file.format}") as copy:
        for chunk in file.chunks:
            copy.write(chunk)
        copy.flush()
        yield copy.name


def _group_rows(group: Group, plan: Plan, file: OpenFile, first: int, read_bytes: int) -> Rows:
    """Return the rows of a row group, or that it is damaged; those behind it may be whole."""
    import pyarrow as pa

    try:
        with open_parquet(group.path) as parquet:
            batches = list(parquet.iter_batches(group.num_rows, [group.row], group.columns, use_threads=False))
        if [batch.num_rows for batch in batches] != [group.num_rows]:
            raise ValueError(f"row group {group.row} is cut short")
        return _rows(_checked(batches[0]), plan, file, first, read_bytes)
    except (pa.ArrowException, OSError, ValueError) as error:
        loss = f"records {first:,} to {first + group.num_rows - 1:,} are not read"
        return RowBuilder([Skip(file.path, first, _damage(error, loss))]).rows()


def _rows(batch: Any, plan: Plan, file: OpenFile, first: int, read_bytes: int) -> Rows:
    """Return the rows of a batch of records, those without text and title left out."""
    n = batch.num_rows
    skips: list[Skip] = []
    numbers = np.arange(first, first + n)
    notes: dict[int, str] = {}
    columns = {
        role: _strings(batch, plan.roles[role], role, file.table, notes) for role in plan.roles if role != "date"
    }
    dates, unread = _dates(batch, plan.roles["date"])
    for role in ("title", "text"):
        columns[role] = _without_tags(columns[role], role, file.table)
    sizes = {role: np.diff(column.offsets) for role, column in columns.items()}
    full = (sizes["text"] > 0) | (sizes["title"] > 0)
    skips += [Skip(file.path, int(number), "empty") for number in numbers[~full]]
    skips += [Skip(file.path, int(number), DATE_NOTE) for number in numbers[unread & full]]
    skips += [Skip(file.path, first + row, note) for row, note in notes.items() if full[row]]
    skips.sort(key=lambda skip: skip.record)
    kept = np.flatnonzero(full)
    ids = columns["id"]
    unnamed = sizes["id"] == 0
    if unnamed.any():
        texts = [default_id(file.path, first + i) if unnamed[i] else _bytes_at(ids, i) for i in range(n)]
        columns["id"] = strings_of(texts)
    return Rows(
        title_sizes=sizes["title"][kept],
        body_sizes=sizes["text"][kept],
        write=partial(_write, columns["title"], columns["text"], kept),
        ids=_take(columns["id"], kept),
        sources=_take(columns["source"], kept),
        urls=_take(columns["url"], kept),
        languages=_take(columns["language"], kept),
        tags=_take(columns["tags"], kept),
        dates=dates[kept],
        records=numbers[kept],
        body_lines=np.zeros(len(kept), np.int64),
        file_rows=np.full(len(kept), file.file_row, np.int64),
        skips=skips,
        read_bytes=read_bytes,
    )


def _without_tags(column: Strings, role: str, table: FieldTable) -> Strings:
    tags = np.flatnonzero(column.values == ord("<"))
    if table.html == "never" or (table.html == "auto" and not len(tags)):
        return column
    offsets = column.offsets
    has_tag = np.searchsorted(tags, offsets[:-1]) < np.searchsorted(tags, offsets[1:])
    sizes = np.diff(offsets)
    pieces, end = [], 0  # what stands between rows with tags stays in one piece
    for row in np.flatnonzero(has_tag | (table.html == "always")).tolist():
        text = table.without_tags(role, _bytes_at(column, row).decode()).encode("utf-8", "replace")
        pieces += [column.values[end : offsets[row]], np.frombuffer(text, np.uint8)]
        sizes[row], end = len(text), offsets[row + 1]
    return Strings(np.concatenate([*pieces, column.values[end:]]), np.append(0, np.cumsum(sizes)))


def _all_bytes(column: Strings) -> Iterator[bytes]:
    return (_bytes_at(column, row) for row in range(len(column)))


def _write(title: Strings, text: Strings, kept: NDArray[np.int64], out: NDArray[np.uint8]) -> None:
    from dedup.kernels.gather import EXTRA, PLAIN, write_values

    spans = np.zeros((len(title), 2, 3), np.int64)
    for role, column in enumerate((title, text)):
        spans[:, role, 0], spans[:, role, 1] = column.offsets[:-1], column.offsets[1:]
    kinds = np.tile(np.array([PLAIN, EXTRA], np.uint8), (len(title), 1))
    write_values(title.values, text.values, kept, np.arange(2), kinds, spans, out)


def _take(column: Strings, rows: NDArray[np.int64]) -> Strings:
    if len(rows) == len(column):
        return column
    return strings_of([_bytes_at(column, row) for row in rows.tolist()])


def _bytes_at(column: Strings, row: int) -> bytes:
    return column.values[column.offsets[row] : column.offsets[row + 1]].tobytes()


def _column(batch: Any, name: str) -> Any:
    """Return a column, or the column inside columns that ``a.b`` means."""
    import pyarrow.compute as pc

    if name in batch.schema.names:
        return batch.column(name)
    outer, _, inner = name.partition(".")
    return pc.struct_field(batch.column(outer), inner.split("."))


def _strings(batch: Any, names: Sequence[str], role: str, table: FieldTable, notes: dict[int, str]) -> Strings:
    """Return the strings of a role, in each row of the first column that has one; rows that are not UTF-8 are noted."""
    import pyarrow as pa
    import pyarrow.compute as pc

    found = None
    for name in names:
        column = _texts(_column(batch, name), role)
        if column is None:
            continue
        found = column if found is None else pc.if_else(pc.equal(pc.binary_length(found), 0), column, found)
    if found is None:
        return Strings(np.empty(0, np.uint8), np.zeros(batch.num_rows + 1, np.int64))
    if isinstance(found, pa.ChunkedArray):
        found = found.combine_chunks()
    buffers = found.buffers()
    offsets = np.frombuffer(buffers[1], np.int64, len(found) + 1, found.offset * 8)
    data = np.frombuffer(buffers[2] or b"", np.uint8)[offsets[0] : offsets[-1]]
    column = Strings(data, offsets - offsets[0])
    try:
        found.cast(pa.large_string())  # which looks whether each is UTF-8
    except pa.ArrowInvalid:
        return _mended(column, table, notes)
    return column


def _mended(column: Strings, table: FieldTable, notes: dict[int, str]) -> Strings:
    texts = []
    for row, raw in enumerate(_all_bytes(column)):
        decoded = decode_text(raw, table.encoding)
        if decoded.note:
            notes[row] = decoded.note
        texts.append(decoded.text.encode())
    return strings_of(texts)


def _texts(column: Any, role: str) -> Any:
    """Return a column as large binary without nulls, or None if it has nothing that the role can be."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.dictionary_decode()
        kind = column.type
    if pa.types.is_struct(kind) and role == "source" and kind.get_field_index("name") >= 0:
        column = pc.struct_field(column, "name")
        kind = column.type
    listed = is_list(kind)
    if role == "text" and listed:
        texts = [unwrapped(list(map(text_of, value or ())), role) for value in column.to_pylist()]
        return pa.array([text.encode() if isinstance(text, str) else b"" for text in texts], pa.large_binary())
    if role == "tags":
        if not listed and not is_text(kind):
            return None
        tags = [tags_of(text_of(value)) for value in column.to_pylist()]
        return pa.array([tag.encode("utf-8", "replace") for tag in tags], pa.large_binary())
    if role == "id" and (pa.types.is_integer(kind) or pa.types.is_decimal(kind)):
        column = column.cast(pa.string())
    elif role == "id" and pa.types.is_floating(kind):
        column = pa.array([_number_text(value) for value in column.to_pylist()], pa.string())
    elif not is_text(kind):
        return None
    return pc.fill_null(column.cast(pa.large_binary()), b"")


def _number_text(value: float | None) -> str | None:
    if value is None or value != value:
        return None
    return str(int(value)) if value.is_integer() else str(value)


def _dates(batch: Any, names: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return seconds since 1970, `NO_DATE` where there is none, and in which rows a date was not understood."""
    seconds = np.full(batch.num_rows, NO_DATE, np.int64)
    unread = np.zeros(batch.num_rows, np.bool_)
    # What is of a type that dates are not, such as times of day, is only asked where no other column has one.
    columns = sorted((_column(batch, name) for name in reversed(names)), key=lambda column: may_be_date(column.type))
    for column in columns:
        found, given, wrong = column_dates(column)
        seconds[given], unread[given] = found[given], wrong[given]
    return seconds, unread
