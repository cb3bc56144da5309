"""A column of Arrow -> whether it may have texts or dates, and the dates that it has."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dedup.model import NO_DATE
from dedup.readers.dates import FIRST, LAST, parse_date


def is_text(kind: Any) -> bool:
    """Tell whether a column has strings, or bytes, which may be some."""
    if str(kind).startswith("dictionary"):
        kind = kind.value_type
    return str(kind) in ("string", "large_string", "string_view", "binary", "large_binary", "binary_view")


def is_list(kind: Any) -> bool:
    """Tell whether a column has lists."""
    import pyarrow as pa

    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind))


def may_be_text(kind: Any) -> bool:
    """Tell whether a column may have texts, or lists of paragraphs."""
    return kind is not None and (is_text(kind) or (is_list(kind) and is_text(kind.value_type)))


def text_of(value: object) -> object:
    """Return bytes as the text that they are, and any other value as it is."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def may_be_date(kind: Any) -> bool:
    """Tell whether a column may have dates, or what is read as one."""
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    numbers = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    return bool(numbers or pa.types.is_date(kind) or pa.types.is_timestamp(kind) or is_text(kind))


def column_dates(column: Any) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.bool_]]:
    """Return the dates of a column, where it has one, and where that was not understood."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    kind = column.type
    n = len(column)
    given = ~np.asarray(column.is_null().to_numpy(zero_copy_only=False), np.bool_)
    wrong = np.zeros(n, np.bool_)
    if pa.types.is_date(kind):
        column, kind = column.cast(pa.timestamp("ms")), pa.timestamp("ms")
    if pa.types.is_timestamp(kind):  # UTC, with a time zone or without
        scale = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[kind.unit]
        values = pc.fill_null(column.cast(pa.int64()), 0).to_numpy(zero_copy_only=False)
        seconds = values // scale
        wrong = given & ((seconds < FIRST) | (seconds > LAST))
        return np.where(given & ~wrong, seconds, NO_DATE), given, wrong
    if pa.types.is_boolean(kind):  # "published: true" is no date that was not understood
        return np.full(n, NO_DATE, np.int64), wrong, wrong
    if not may_be_date(kind):
        return np.full(n, NO_DATE, np.int64), given, given
    if pa.types.is_decimal(kind):
        column = column.cast(pa.float64())
    values = pc.unique(column)  # articles of a day are many, and its text is read once
    moments = np.full(len(values), NO_DATE, np.int64)
    no_date, is_wrong = np.zeros(len(values), np.bool_), np.zeros(len(values), np.bool_)
    for row, value in enumerate(map(text_of, values.to_pylist())):
        if value is None or value == "" or value != value:
            no_date[row] = True
            continue
        moment = parse_date(value)
        is_wrong[row] = moment is None
        moments[row] = NO_DATE if moment is None else moment
    rows = pc.index_in(column, values).to_numpy(zero_copy_only=False)
    return moments[rows], given & ~no_date[rows], is_wrong[rows]
