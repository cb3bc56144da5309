"""Parquet and Arrow IPC -> rows: only the columns that are needed, some records at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from tempfile import NamedTemporaryFile
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dedup.model import NO_DATE, Skip, Strings
from dedup.readers.buffer import RowBuilder, Rows, default_id, strings_of
from dedup.readers.columntypes import column_dates, is_list, is_text, may_be_date, may_be_text, text_of
from dedup.readers.encodings import decode_text
from dedup.readers.fields import DATE_NOTE, FieldTable, tags_of, unwrapped
from dedup.readers.tasks import OpenFile, Task

#: So many columns are named in a message.
_NAMED_COLUMNS = 12
_MAX_NAME = 64
_LEAST_ROWS, _MOST_ROWS = 64, 1 << 15
#: So much of a column of a Parquet file is read at once.
_READ_BYTES = 1 << 20
INSTALL = "reading {} needs pyarrow; install it: pip install 'saidtwice[arrow]'"


@dataclass(frozen=True, slots=True)
class _Plan:
    """Which columns are read, and what for: by role, the columns in the order in which they are asked."""

    roles: dict[str, tuple[str, ...]]

    @property
    def columns(self) -> list[str]:
        return list(dict.fromkeys(name for names in self.roles.values() for name in names))


def tasks(file: OpenFile) -> Iterator[Task]:
    """Yield what reads a Parquet or Arrow file; its columns are decoded here, in order, by pyarrow's threads."""
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
            batches = _parquet_batches if file.format == "parquet" else _ipc_batches
            for part, plan in batches(path, file):
                if isinstance(part, str):
                    ends.append(part)
                    continue
                read_bytes, counted = file.stream.read_bytes - counted, file.stream.read_bytes
                yield partial(_rows, _checked(part), plan, file, first, read_bytes)
                first += part.num_rows
    except (pa.ArrowException, OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # of the system, which the caller names
        loss = "read up to there" if first > 1 else "nothing read; is the file whole?"
        ends.append(f"damaged: {_first_line(error)}; {loss}")
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


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")[:160]


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


def _plan(schema: Any, table: FieldTable) -> _Plan | str:
    """Return the columns to read, or that there is none for the text."""
    roles = {role: tuple(n for n in names if _type_of(schema, n) is not None) for role, names in table.roles.items()}
    present = roles["text"]
    roles["text"] = tuple(name for name in present if may_be_text(_type_of(schema, name)))
    if roles["text"]:
        return _Plan(roles)
    why = ""
    if present:
        why = f' ("{present[0]}" is of type {str(_type_of(schema, present[0]))[:_MAX_NAME]})'
    elif repeated := [name for name in table.roles["text"] if schema.names.count(name) > 1]:
        why = f' ({schema.names.count(repeated[0])} are called "{repeated[0]}")'
    shown = ", ".join(" ".join(name.split())[:_MAX_NAME] for name in schema.names[:_NAMED_COLUMNS])
    more = len(schema.names) - _NAMED_COLUMNS
    return (
        f"no column for the text{why}; it has {shown}{f' and {more} more' if more > 0 else ''}, looked for "
        f"{', '.join(table.roles['text'])}; give --field text=NAME"
    )


def _type_of(schema: Any, name: str) -> Any:
    """Return the type of a column, ``a.b`` being ``b`` inside ``a`` unless a column is called so; or None."""
    if schema.get_field_index(name) >= 0:
        return schema.field(name).type
    outer, dot, inner = name.partition(".")
    if dot and schema.get_field_index(outer) >= 0:
        kind = schema.field(outer).type
        for part in inner.split("."):
            if not str(kind).startswith("struct") or kind.get_field_index(part) < 0:
                return None
            kind = kind.field(part).type
        return kind
    return None


def _parquet_batches(path: str, file: OpenFile) -> Iterator[tuple[Any, _Plan]]:
    import pyarrow.parquet as pq

    # Not mapped: a mapped file that somebody cuts while it is read kills the process. Nor buffered before: the columns
    # of all row groups would be in memory at once.
    with pq.ParquetFile(path, pre_buffer=False, buffer_size=_READ_BYTES) as parquet:
        plan = _plan(parquet.schema_arrow, file.table)
        if isinstance(plan, str):
            yield plan, _Plan({})
            return
        metadata = parquet.metadata
        columns = [name for name in plan.columns if name in parquet.schema_arrow.names]
        nested = [name for name in plan.columns if name not in columns]
        sizes = [_group_bytes(metadata.row_group(i), plan) for i in range(metadata.num_row_groups)]
        limit = file.stream.largest(os.path.getsize(path))  # noqa: PTH202
        groups = list(range(int(np.searchsorted(np.cumsum(sizes), limit, "right"))))
        if len(groups) < len(sizes):
            times = f"{file.params.max_unpacked:,} times its size"
            yield f"unpacks to more than {times}, read up to there; raise --max-unpacked", plan
        n_rows = sum(metadata.row_group(i).num_rows for i in groups)
        each = max(1, sum(sizes[: len(groups)]) // max(1, n_rows))
        rows = min(max(file.params.block_bytes // each, _LEAST_ROWS), _MOST_ROWS)
        n_read = 0
        for batch in parquet.iter_batches(rows, groups, columns + nested) if groups else ():
            n_read += batch.num_rows
            yield batch, plan
        if n_read < n_rows:  # of a file that is cut meanwhile pyarrow ends the batches without an error
            yield f"damaged: {n_read:,} of {n_rows:,} records could be read", plan


def _group_bytes(group: Any, plan: _Plan) -> int:
    columns = (group.column(i) for i in range(group.num_columns))
    roots = tuple(plan.columns)
    return sum(
        column.total_uncompressed_size
        for column in columns
        if any(column.path_in_schema == root or column.path_in_schema.startswith(root + ".") for root in roots)
    )


def _ipc_batches(path: str, file: OpenFile) -> Iterator[tuple[Any, _Plan]]:
    import pyarrow as pa

    is_file = file.head.startswith(b"ARROW1")
    with pa.OSFile(path) as source:  # not mapped, as above
        opened = pa.ipc.open_file(source) if is_file else pa.ipc.open_stream(source)
        plan = _plan(opened.schema, file.table)
        if isinstance(plan, str):
            yield plan, _Plan({})
            return
        names = opened.schema.names
        roots = {name if name in names else name.partition(".")[0] for name in plan.columns}
        options = pa.ipc.IpcReadOptions(included_fields=[i for i, name in enumerate(names) if name in roots])
        source.seek(0)
        opened = pa.ipc.open_file(source, options=options) if is_file else pa.ipc.open_stream(source, options=options)
        batches = (opened.get_batch(i) for i in range(opened.num_record_batches)) if is_file else opened
        for batch in batches:
            each = max(1, batch.nbytes // max(1, batch.num_rows))
            rows = min(max(file.params.block_bytes // each, _LEAST_ROWS), _MOST_ROWS)
            for start in range(0, batch.num_rows, rows):
                yield batch.slice(start, rows), plan


def _rows(batch: Any, plan: _Plan, file: OpenFile, first: int, read_bytes: int) -> Rows:
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
    has_tag = np.searchsorted(tags, column.offsets[:-1]) < np.searchsorted(tags, column.offsets[1:])
    return strings_of(
        [
            table.without_tags(role, raw.decode()).encode("utf-8", "replace") if is_marked else raw
            for raw, is_marked in zip(_all_bytes(column), has_tag | (table.html == "always"), strict=True)
        ]
    )


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
        str(data.data, "utf-8")
    except UnicodeDecodeError:
        return _mended(column, table, notes)
    # A character may be cut in two by the edge of a row.
    cut = (data[column.offsets[1:-1][column.offsets[1:-1] < len(data)]] & 0xC0) == 0x80
    return _mended(column, table, notes) if cut.any() else column


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
