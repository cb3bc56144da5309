"""A Parquet or Arrow IPC file -> which of its columns are read, and its records some at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dedup.readers.columntypes import may_be_text
from dedup.readers.fields import FieldTable
from dedup.readers.layout import plain_name
from dedup.readers.own import TITLE, is_own_table
from dedup.readers.tasks import OpenFile

#: So many columns are named in a message.
_NAMED_COLUMNS = 12
_MAX_NAME = 64
_LEAST_ROWS, _MOST_ROWS = 64, 1 << 15
#: Row groups up to this size, unpacked, are decoded side by side, each as a whole.
_GROUP_BYTES = 1 << 25
#: So much of a column of a Parquet file is read at once.
_READ_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Plan:
    """Which columns are read, and what for: by role, the columns in the order in which they are asked."""

    roles: dict[str, tuple[str, ...]]

    @property
    def columns(self) -> list[str]:
        """Each once."""
        return list(dict.fromkeys(name for names in self.roles.values() for name in names))


@dataclass(frozen=True, slots=True)
class Group:
    """A row group of a Parquet file that can be read anywhere in it, to be decoded by whoever has time."""

    path: str
    row: int
    num_rows: int
    columns: list[str]


def _plan(schema: Any, table: FieldTable) -> Plan | str:
    """Return the columns to read, or that there is none for the text."""
    if is_own_table(schema.names):
        return f"{TITLE}, which is not read; leave it out with --exclude"
    roles = {
        role: tuple(name for name in columns_named(schema.names, names) if _type_of(schema, name) is not None)
        for role, names in table.roles.items()
    }
    present = roles["text"]
    roles["text"] = tuple(name for name in present if may_be_text(_type_of(schema, name)))
    if roles["text"]:
        return Plan(roles)
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


def columns_named(columns: Sequence[str], names: Sequence[str]) -> list[str]:
    """Return which columns are meant by some names, each once: those that are called so, else as a table's are found.

    A name that is no column's stays, for it may be one inside a column.

    Examples
    --------
    >>> columns_named(["ID", "Full Text", "text"], ["text", "full_text", "article.body"])
    ['text', 'Full Text', 'article.body']
    """
    alike = {plain_name(column): column for column in reversed(columns)}
    return list(dict.fromkeys(name if name in columns else alike.get(plain_name(name), name) for name in names))


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


def open_parquet(path: str) -> Any:
    """Return a Parquet file.

    Not mapped: a mapped file that somebody cuts while it is read kills the process. Nor buffered before: the columns of
    all row groups would be in memory at once.
    """
    import pyarrow.parquet as pq

    return pq.ParquetFile(path, pre_buffer=False, buffer_size=_READ_BYTES)


def parquet_batches(path: str, file: OpenFile) -> Iterator[tuple[Any, Plan]]:
    """Yield the record batches or row groups of a Parquet file; a string says why there are no more."""
    with open_parquet(path) as parquet:
        plan = _plan(parquet.schema_arrow, file.table)
        if isinstance(plan, str):
            yield plan, Plan({})
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
        if len(groups) > 1 and max(sizes[: len(groups)]) <= _GROUP_BYTES and path == file.path:
            for i in groups:
                if n := metadata.row_group(i).num_rows:
                    yield Group(path, i, n, columns + nested), plan
            return
        n_rows = sum(metadata.row_group(i).num_rows for i in groups)
        each = max(1, sum(sizes[: len(groups)]) // max(1, n_rows))
        rows = min(max(file.params.block_bytes // each, _LEAST_ROWS), _MOST_ROWS)
        n_read = 0
        for batch in parquet.iter_batches(rows, groups, columns + nested) if groups else ():
            n_read += batch.num_rows
            yield batch, plan
        if n_read < n_rows:  # of a file that is cut meanwhile pyarrow ends the batches without an error
            yield f"damaged: {n_read:,} of {n_rows:,} records could be read", plan


def _group_bytes(group: Any, plan: Plan) -> int:
    columns = (group.column(i) for i in range(group.num_columns))
    roots = tuple(plan.columns)
    return sum(
        column.total_uncompressed_size
        for column in columns
        if any(column.path_in_schema == root or column.path_in_schema.startswith(root + ".") for root in roots)
    )


def ipc_batches(path: str, file: OpenFile) -> Iterator[tuple[Any, Plan]]:
    """Yield the record batches of an Arrow IPC file or stream, those that are large in parts."""
    import pyarrow as pa

    is_file = file.head.startswith(b"ARROW1")
    with pa.OSFile(path) as source:  # not mapped, as above
        opened = pa.ipc.open_file(source) if is_file else pa.ipc.open_stream(source)
        plan = _plan(opened.schema, file.table)
        if isinstance(plan, str):
            yield plan, Plan({})
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
