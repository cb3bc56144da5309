"""Parquet, written again with some texts shorter and some rows left out; schema, metadata, row groups as they were."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from dedup.clean.edits import MARKS, Edit, Edits, RemovedWriter
from dedup.readers.arrowfiles import columns_named
from dedup.readers.fields import FieldTable
from dedup.readers.params import ReadParams


def write(path: str, out: Path, name: str, edits: Edits, params: ReadParams, removed: RemovedWriter) -> None:
    """Write a file again, a row group at a time."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as source:
        schema = source.schema_arrow
        named = columns_named(schema.names, FieldTable(params).roles["text"])
        texts = [column for column in named if column in schema.names]
        if edits.has_marks and MARKS not in schema.names:
            schema = schema.append(pa.field(MARKS, pa.string()))
        first = 1
        with pq.ParquetWriter(out, schema, compression=_compression(source.metadata)) as writer:
            for number in range(source.metadata.num_row_groups):
                group = source.read_row_group(number)
                rows = {row: edit for row in range(group.num_rows) if (edit := edits.get(first + row))}
                for row, edit in rows.items():
                    if edit.drop:
                        removed.write(edit, _plain(group.slice(row, 1).to_pylist()[0]))
                    else:
                        removed.write(edit, None)
                changed = {row: edit for row, edit in rows.items() if not edit.drop and edit.new != edit.old}
                edited = _with_texts(path, first, group, texts, changed, edits)
                if edits.has_marks:
                    edited = _with_marks(edited, rows, schema)
                kept = [row for row in range(group.num_rows) if not (row in rows and rows[row].drop)]
                edited = edited if len(kept) == group.num_rows else edited.take(pa.array(kept, pa.int64()))
                if edited.num_rows:
                    writer.write_table(edited.cast(schema), row_group_size=edited.num_rows)
                first += group.num_rows


def _compression(metadata: Any) -> dict[str, str] | str:
    if not metadata.num_row_groups:
        return "snappy"
    group = metadata.row_group(0)
    columns = [group.column(i) for i in range(group.num_columns)]
    return {
        column.path_in_schema: "none" if column.compression == "UNCOMPRESSED" else column.compression
        for column in columns
    }


def _with_texts(path: str, first: int, group: Any, texts: list[str], changed: dict[int, Edit], edits: Edits) -> Any:
    import pyarrow as pa

    by_column: dict[str, dict[int, str]] = {}
    for row, edit in changed.items():
        for column in texts:
            value = group.column(column)[row].as_py()
            value = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
            if not isinstance(value, str) or not value:
                continue
            if value.encode("utf-8", "replace") == edit.old:
                by_column.setdefault(column, {})[row] = edit.new.decode()
                break
        else:
            edits.refuse(path, first + row, edit)
    for column, values in by_column.items():
        index = group.schema.get_field_index(column)
        field = group.schema.field(index)
        old = group.column(index).to_pylist()
        is_bytes = any(isinstance(value, bytes) for value in old)
        new = [values.get(row, value) for row, value in enumerate(old)]
        new = [value.encode() if is_bytes and isinstance(value, str) else value for value in new]
        kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
        array = pa.array(new, kind)
        array = array.dictionary_encode().cast(field.type) if pa.types.is_dictionary(field.type) else array
        group = group.set_column(index, field, array)
    return group


def _with_marks(group: Any, rows: dict[int, Edit], schema: Any) -> Any:
    import pyarrow as pa

    marks = [
        json.dumps(edit.marks, ensure_ascii=False) if (edit := rows.get(row)) and edit.marks else None
        for row in range(group.num_rows)
    ]
    field = schema.field(MARKS)
    index = group.schema.get_field_index(MARKS)
    column = pa.array(marks, field.type)
    return group.append_column(field, column) if index < 0 else group.set_column(index, field, column)


def _plain(value: Any) -> Any:
    """Return a row as JSON can hold it."""
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)
