"""Verdict -> Parquet, a violation a row, all its other copies in a nested column."""

from __future__ import annotations

from typing import TextIO

from dedup.errors import ConfigError
from dedup.gate.model import Location, Verdict
from dedup.reports.verdict.rows import COLUMNS, row
from dedup.reports.view import clean


def write(verdict: Verdict, stream: TextIO) -> None:
    """Write the columns of `rows.COLUMNS`, and ``others``: a list of all that is known of each other copy.

    Raises
    ------
    ConfigError
        PyArrow is not installed, or the stream is a terminal or has no bytes below it.
    """
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as error:
        raise ConfigError("format parquet: needs PyArrow: pip install 'saidtwice[arrow]'") from error
    buffer = getattr(stream, "buffer", None)
    if buffer is None or stream.isatty():
        raise ConfigError("format parquet: it is not text for a terminal; name a file: --format parquet:FILE")
    types = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}
    rows = [[clean(value) if isinstance(value, str) else value for value in row(one)] for one in verdict.violations]
    columns = list(zip(*rows, strict=True)) or [()] * len(COLUMNS)
    arrays = [pa.array(values, types[kind]) for values, kind in zip(columns, COLUMNS.values(), strict=True)]
    location = pa.struct([(name, types[_KINDS.get(name, str)]) for name in Location._fields])
    others = [[_location(other) for other in one.others] for one in verdict.violations]
    arrays.append(pa.array(others, pa.list_(location)))
    stream.flush()
    parquet.write_table(pa.table(arrays, names=[*COLUMNS, "others"]), buffer)


_KINDS: dict[str, type] = dict.fromkeys(("line", "column", "end_line", "end_column", "record"), int) | {"in_file": bool}


def _location(location: Location) -> dict[str, object]:
    return {name: clean(value) if isinstance(value, str) else value for name, value in location._asdict().items()}
